//! The one thread that writes: takes what is queued, commits it as one batch, tells the feed, wakes
//! the waiters.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::batch::{Record, Seq};
use crate::journal::apply::Position;
use crate::journal::local::LogClock;
use crate::journal::queue::{Pending, Queue, Woken};
use crate::journal::tail::Kept;
use crate::journal::{Answer, AppendError, CommitObserver, Feed};
use crate::store::{Durability, Store};

/// The committer gathers writers for at most this part of the time that a batch takes.
const GATHER_PART: u64 = 16;

pub(crate) struct Committer {
    pub(crate) store: Arc<Store>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) position: Position,
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) observer: Arc<dyn CommitObserver>,
    pub(crate) clock: Arc<dyn LogClock>,
    /// How long written bytes may stay unsynced, where commits are not synced one by one.
    pub(crate) sync_interval: Duration,
    /// When the oldest unsynced write was made, in the clock's nanoseconds.
    pub(crate) unsynced_since: Option<u64>,
    /// The last batch: its records, and the nanoseconds it took.
    pub(crate) last: (usize, u64),
}

/// However the committer ends, nobody waits for it in vain.
impl Drop for Committer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.store.fail();
        }
        self.queue.abandon();
        self.kept.close();
    }
}

/// A record with its place in the log.
struct Ordered {
    seq: Seq,
    record: Arc<Record>,
    answer: oneshot::Sender<Answer>,
}

impl Committer {
    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let mut taken = Vec::new();
        loop {
            match self.queue.take(&mut taken, self.patience()) {
                Woken::Records => {
                    self.commit(&mut taken);
                    self.gather();
                }
                Woken::Timeout => {}
                Woken::Closed => break,
            }
            if self.patience() == Some(Duration::ZERO) {
                self.sync();
            }
        }
        self.sync();
    }

    /// Lets those who were just answered write again, so that they share the next batch: without
    /// it, the first of them gets a sync of its own and the others wait for it. Bounded by a small
    /// part of what a batch takes, and nothing for a lone writer.
    fn gather(&self) {
        let (records, nanos) = self.last;
        if records < 2 {
            return;
        }
        let begun = self.clock.nanos();
        while self.queue.len() < records
            && self.clock.nanos().saturating_sub(begun) < nanos / GATHER_PART
        {
            std::thread::yield_now();
        }
    }

    /// How long to wait for records before unsynced bytes are due; for ever when there are none.
    fn patience(&self) -> Option<Duration> {
        let since = self.unsynced_since?;
        let waited = Duration::from_nanos(self.clock.nanos().saturating_sub(since));
        Some(self.sync_interval.saturating_sub(waited))
    }

    fn sync(&mut self) {
        // A sync that fails has failed the store, which every later append is told.
        if self.unsynced_since.take().is_some() && !self.store.is_failed() {
            drop(self.store.sync());
        }
    }

    fn commit(&mut self, taken: &mut Vec<Pending>) {
        if self.store.is_failed() {
            return taken
                .drain(..)
                .for_each(|pending| reply(pending.answer, Err(AppendError::ReadOnly)));
        }
        let mut group = self.position.group();
        let mut ordered = Vec::with_capacity(taken.len());
        for Pending { record, answer, .. } in taken.drain(..) {
            match self.position.add(&mut group, &record) {
                Ok(seq) => ordered.push(Ordered { seq, record, answer }),
                Err(refused) => reply(answer, Err(refused)),
            }
        }
        if group.records() == 0 {
            return;
        }
        let (records, bytes) = (ordered.len(), group.bytes);
        let started = self.clock.nanos();
        let sync = self.store.durability() == Durability::Synced;
        if self.position.commit(group, sync).is_err() {
            return ordered.into_iter().for_each(Ordered::unknown);
        }
        if !sync {
            self.unsynced_since.get_or_insert(started);
        }
        let nanos = self.clock.nanos().saturating_sub(started);
        self.last = (records, nanos);
        self.observer.committed(records, bytes, nanos);
        self.acknowledge(ordered);
    }

    /// The caches hear of all records before anybody is answered.
    fn acknowledge(&self, ordered: Vec<Ordered>) {
        for Ordered { seq, record, .. } in &ordered {
            self.feed.applied(*seq, record);
        }
        self.kept.extend(ordered.iter().map(|ordered| &ordered.record));
        for Ordered { seq, answer, .. } in ordered {
            reply(answer, Ok(seq));
        }
    }
}

impl Ordered {
    fn unknown(self) {
        reply(self.answer, Err(AppendError::OutcomeUnknown(self.record.transaction)));
    }
}

/// Whoever asked may have gone away.
fn reply(to: oneshot::Sender<Answer>, answer: Answer) {
    let _ = to.send(answer);
}

//! The log of a single machine: a bounded queue, one committer, `RocksDB`'s write-ahead log.

use std::ops::Range;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::batch::{Record, Seq};
use crate::error::StoreError;
use crate::journal::apply::Position;
use crate::journal::committer::Committer;
use crate::journal::queue::{Limits, Pending, Queue, Refusal};
use crate::journal::tail::{Kept, Tail};
use crate::journal::{AppendError, Appended, CommitLog, CommitObserver, Feed, LogError};
use crate::store::Store;

/// The limits of a local log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// Records that may wait; further ones are refused.
    pub queue_records_max: usize,
    /// Bytes that may wait; further records are refused.
    pub queue_bytes_max: usize,
    /// Bytes that one batch takes; a single larger record is a batch of its own.
    pub group_bytes_max: usize,
    pub record_bytes_max: usize,
    /// Past records kept for those that follow the log.
    pub tail_records_max: usize,
    pub tail_bytes_max: usize,
    /// Tenants whose versions are kept in memory.
    pub versions_max: usize,
    /// With [`Durability::Buffered`](crate::Durability): how long written bytes may stay unsynced.
    pub sync_interval: Duration,
}

impl Default for LogOptions {
    fn default() -> LogOptions {
        LogOptions {
            queue_records_max: 8192,
            queue_bytes_max: 32 << 20,
            group_bytes_max: 4 << 20,
            record_bytes_max: 1 << 20,
            tail_records_max: 1024,
            tail_bytes_max: 4 << 20,
            versions_max: 65_536,
            sync_interval: Duration::from_millis(100),
        }
    }
}

/// Time that only goes forward, for intervals.
pub trait LogClock: Send + Sync {
    /// Nanoseconds since some fixed moment.
    fn nanos(&self) -> u64;
}

impl<F: Fn() -> u64 + Send + Sync> LogClock for F {
    fn nanos(&self) -> u64 {
        self()
    }
}

/// The commit log of a store on this machine. The only writer of its store.
pub struct LocalLog {
    store: Arc<Store>,
    queue: Arc<Queue>,
    kept: Arc<Kept>,
    record_bytes_max: usize,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl LocalLog {
    /// Starts the committer of a store. A store has one log for as long as it is open.
    pub fn start(
        store: Arc<Store>,
        feed: Arc<dyn Feed>,
        options: LogOptions,
        observer: Arc<dyn CommitObserver>,
        clock: Arc<dyn LogClock>,
    ) -> Result<Arc<LocalLog>, StoreError> {
        let applied = store.take_applied().ok_or_else(|| StoreError::Io {
            doing: "starting the commit log",
            detail: "the store has one already".into(),
        })?;
        let queue = Arc::new(Queue::new(Limits {
            records_max: options.queue_records_max,
            bytes_max: options.queue_bytes_max,
            group_bytes_max: options.group_bytes_max,
        }));
        let kept = Kept::new(applied.seq, options.tail_records_max, options.tail_bytes_max);
        let kept = Arc::new(kept);
        let committer = Committer {
            store: Arc::clone(&store),
            queue: Arc::clone(&queue),
            kept: Arc::clone(&kept),
            position: Position::new(Arc::clone(&store), applied, options.versions_max),
            feed,
            observer,
            clock,
            sync_interval: options.sync_interval,
            unsynced_since: None,
            last: (0, 0),
        };
        let thread = thread::Builder::new().name("latchkey-commit".into());
        let thread = thread.spawn(move || committer.run()).map_err(|error| StoreError::Io {
            doing: "starting the commit log",
            detail: error.to_string(),
        })?;
        let record_bytes_max = options.record_bytes_max;
        let committer = Mutex::new(Some(thread));
        Ok(Arc::new(LocalLog { store, queue, kept, record_bytes_max, committer }))
    }

    /// Takes no more records, commits what is queued, syncs, and waits for the committer to end.
    /// It blocks; a second call returns at once.
    pub fn close(&self) {
        self.queue.close();
        let committer = self.committer.lock().take();
        // The committer's own thread may be the last to let go of the log.
        if let Some(committer) = committer.filter(|it| it.thread().id() != thread::current().id()) {
            drop(committer.join());
        }
    }
}

impl CommitLog for LocalLog {
    fn append(&self, record: Record) -> Appended {
        if self.store.is_failed() {
            return Appended::refused(AppendError::ReadOnly);
        }
        let (bytes, bytes_max) = (record.bytes(), self.record_bytes_max);
        if bytes > bytes_max {
            return Appended::refused(AppendError::TooLarge { bytes, bytes_max });
        }
        let transaction = record.transaction;
        let (answer, answered) = oneshot::channel();
        match self.queue.push(Pending { record: Arc::new(record), bytes, answer }) {
            Ok(()) => Appended::waiting(transaction, answered),
            Err(Refusal::Full) => Appended::refused(AppendError::Full),
            Err(Refusal::Closed) => Appended::refused(AppendError::ReadOnly),
        }
    }

    fn tail(&self, from: Seq) -> Result<Tail, LogError> {
        Tail::new(Arc::clone(&self.kept), from)
    }

    /// Does nothing: `RocksDB` drops its log files once the tables hold their content.
    fn trim(&self, _: Seq) -> Result<(), LogError> {
        Ok(())
    }

    fn bounds(&self) -> Range<Seq> {
        self.kept.bounds()
    }
}

impl Drop for LocalLog {
    fn drop(&mut self) {
        self.close();
    }
}

//! The applied records of late, kept for whoever follows the log.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::batch::{Record, Seq};
use crate::journal::LogError;

/// The last records, bounded in number and bytes.
pub(crate) struct Kept {
    records_max: usize,
    bytes_max: usize,
    state: Mutex<State>,
    arrived: Notify,
}

struct State {
    /// Dense: the first one is `next - records.len()`.
    records: VecDeque<Arc<Record>>,
    bytes: usize,
    next: Seq,
    closed: bool,
}

impl Kept {
    pub(crate) fn new(last_applied: Seq, records_max: usize, bytes_max: usize) -> Kept {
        let state =
            State { records: VecDeque::new(), bytes: 0, next: last_applied.next(), closed: false };
        Kept { records_max, bytes_max, state: Mutex::new(state), arrived: Notify::new() }
    }

    /// Adds the records of a batch in order and wakes the followers.
    pub(crate) fn extend<'r>(&self, records: impl Iterator<Item = &'r Arc<Record>>) {
        let mut state = self.state.lock();
        for record in records {
            state.bytes += record.bytes();
            state.records.push_back(Arc::clone(record));
            state.next = state.next.next();
        }
        while state.records.len() > self.records_max || state.bytes > self.bytes_max {
            let Some(oldest) = state.records.pop_front() else { break };
            state.bytes -= oldest.bytes();
        }
        drop(state);
        self.arrived.notify_waiters();
    }

    pub(crate) fn bounds(&self) -> Range<Seq> {
        self.state.lock().bounds()
    }

    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.arrived.notify_waiters();
    }

    /// The record of this place; `None` when it is the next one to come.
    fn get(&self, seq: Seq) -> Result<Option<Arc<Record>>, LogError> {
        let state = self.state.lock();
        let Range { start: first, end: next } = state.bounds();
        if seq < first {
            return Err(LogError::Trimmed { from: seq, first });
        }
        if seq > next {
            return Err(LogError::Ahead { from: seq, next });
        }
        let place = usize::try_from(seq.0 - first.0).unwrap_or(usize::MAX);
        match state.records.get(place) {
            None if state.closed => Err(LogError::Closed),
            record => Ok(record.cloned()),
        }
    }
}

impl State {
    fn bounds(&self) -> Range<Seq> {
        Seq(self.next.0 - self.records.len() as u64)..self.next
    }
}

/// Follows the log from a record on.
pub struct Tail {
    kept: Arc<Kept>,
    next: Seq,
}

impl Tail {
    pub(crate) fn new(kept: Arc<Kept>, from: Seq) -> Result<Tail, LogError> {
        match kept.get(from) {
            Ok(_) | Err(LogError::Closed) => Ok(Tail { kept, next: from }),
            Err(error) => Err(error),
        }
    }

    /// The next record, once it is applied.
    ///
    /// # Errors
    /// `Trimmed` when the follower fell so far behind that the record is gone; `Closed` after the
    /// last record of a closed log. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<(Seq, Arc<Record>), LogError> {
        loop {
            // INVARIANT: enabled before the look, so that a record applied in between wakes it.
            let mut arrived = std::pin::pin!(self.kept.arrived.notified());
            arrived.as_mut().enable();
            if let Some(record) = self.kept.get(self.next)? {
                let seq = self.next;
                self.next = seq.next();
                return Ok((seq, record));
            }
            arrived.await;
        }
    }
}

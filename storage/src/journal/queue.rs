//! Records that wait for the committer: bounded in number and bytes, many in, one out.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::batch::Record;
use crate::journal::Answer;

/// A record and whoever waits for it.
pub(crate) struct Pending {
    pub(crate) record: Arc<Record>,
    pub(crate) bytes: usize,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What the queue may hold, and how much of it one batch takes.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "every limit says that it is one")]
pub(crate) struct Limits {
    pub(crate) records_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) group_bytes_max: usize,
}

/// What the committer woke up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    Records,
    Timeout,
    Closed,
}

pub(crate) struct Queue {
    limits: Limits,
    state: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    records: std::collections::VecDeque<Pending>,
    bytes: usize,
    closed: bool,
    /// Only a committer that sleeps needs to be woken.
    committer_sleeps: bool,
}

/// Why a record was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    Closed,
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Queue {
        Queue { limits, state: Mutex::default(), arrived: Condvar::new() }
    }

    /// Queues a record, or refuses it at once.
    pub(crate) fn push(&self, pending: Pending) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refusal::Closed);
        }
        let fits = state.bytes + pending.bytes <= self.limits.bytes_max || state.records.is_empty();
        if state.records.len() >= self.limits.records_max || !fits {
            return Err(Refusal::Full);
        }
        state.bytes += pending.bytes;
        state.records.push_back(pending);
        let wake = std::mem::take(&mut state.committer_sleeps);
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Records that wait.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().records.len()
    }

    /// Takes what makes up the next batch, and waits while there is nothing: for ever, or as long
    /// as given.
    pub(crate) fn take(&self, group: &mut Vec<Pending>, patience: Option<Duration>) -> Woken {
        let mut state = self.state.lock();
        while state.records.is_empty() {
            if state.closed {
                return Woken::Closed;
            }
            state.committer_sleeps = true;
            match patience {
                None => self.arrived.wait(&mut state),
                Some(patience) => {
                    let waited = self.arrived.wait_for(&mut state, patience);
                    state.committer_sleeps = false;
                    if waited.timed_out() && state.records.is_empty() && !state.closed {
                        return Woken::Timeout;
                    }
                }
            }
        }
        state.take_group(group, self.limits.group_bytes_max);
        Woken::Records
    }

    /// Refuses everything from now on; what is queued is still taken.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Drops what is queued, unanswered.
    pub(crate) fn abandon(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.bytes = 0;
        let abandoned = std::mem::take(&mut state.records);
        drop(state);
        drop(abandoned);
    }
}

impl Waiting {
    /// Moves the oldest records to the group: at least one, together at most so many bytes.
    fn take_group(&mut self, group: &mut Vec<Pending>, bytes_max: usize) {
        let mut bytes = 0;
        while let Some(next) = self.records.front() {
            bytes += next.bytes;
            if bytes > bytes_max && !group.is_empty() {
                return;
            }
            self.bytes -= next.bytes;
            group.extend(self.records.pop_front());
        }
    }
}

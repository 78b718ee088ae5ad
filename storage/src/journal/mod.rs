//! The commit path: a record is ordered by the log, applied in one batch, told to the caches, and
//! only then acknowledged.
//!
//! [`CommitLog`] is what the code above knows. [`LocalLog`] is the log of a single machine: `RocksDB`'s
//! own write-ahead log, where ordering and applying are one write. What a damaged log can and cannot
//! hide is said in [`wal`].

mod apply;
mod committer;
mod local;
mod queue;
mod tail;
pub mod wal;

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

pub use local::{LocalLog, LogClock, LogOptions};
pub use tail::Tail;

use crate::batch::{Record, Seq, Version};
use crate::id::TransactionId;

/// Orders records and makes them durable.
pub trait CommitLog: Send + Sync + 'static {
    /// Orders a record. The answer comes when it is durable, applied and told to the feed.
    fn append(&self, record: Record) -> Appended;

    /// Applied records in order from `from` on, live after the last one. The log keeps a bounded
    /// number of past records, none from before its start.
    fn tail(&self, from: Seq) -> Result<Tail, LogError>;

    /// Allows the log to forget the records before `to`.
    fn trim(&self, to: Seq) -> Result<(), LogError>;

    /// The records that `tail` can begin with, and the one after the last.
    fn bounds(&self) -> Range<Seq>;
}

/// Why a record was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Nothing was written: compute the record again.
    #[error("the tenant has moved on to version {current}")]
    Conflict { current: Version },
    /// Nothing was written, now or later.
    #[error("the store takes no writes since one failed, until it is restarted")]
    ReadOnly,
    /// Nothing was written: try again.
    #[error("the commit log has more records waiting than it may queue")]
    Full,
    /// Nobody knows: the record may be there after a restart.
    #[error("it is unknown whether transaction {0} was committed: the write failed")]
    OutcomeUnknown(TransactionId),
    #[error("the record has {bytes} bytes, more than the {bytes_max} that the log takes")]
    TooLarge { bytes: usize, bytes_max: usize },
    /// Nothing was written.
    #[error("the tenant's version could not be read: look for damage with `latchkey check`")]
    Unreadable,
    /// The record contradicts itself: a wrong checksum, or another tenant's row.
    #[error("the record is not well-formed: {0}")]
    Malformed(crate::batch::RecordError),
}

/// Why the log did not hand out its records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    #[error("record {from} is not kept any more: the log begins with {first}")]
    Trimmed { from: Seq, first: Seq },
    #[error("record {from} is past the end of the log: the next one is {next}")]
    Ahead { from: Seq, next: Seq },
    #[error("the log is closed")]
    Closed,
}

/// Hears of every applied record.
///
/// The apply loop calls it in the order of the log, before any waiter of the same batch wakes. It
/// must not block and must not append.
pub trait Feed: Send + Sync {
    fn applied(&self, seq: Seq, record: &Arc<Record>);
}

/// Hears of every batch that reached the store, for metrics.
pub trait CommitObserver: Send + Sync {
    /// `nanos_write_and_sync`: from before the write until it was durable.
    fn committed(&self, records: usize, bytes: usize, nanos_write_and_sync: u64);
}

/// The answer to an append.
#[must_use = "an append that nobody waits for may fail unseen"]
pub struct Appended(State);

enum State {
    Waiting(TransactionId, oneshot::Receiver<Answer>),
    /// Refused before it was queued.
    Refused(AppendError),
}

pub(crate) type Answer = Result<Seq, AppendError>;

impl Appended {
    pub(crate) const fn refused(error: AppendError) -> Appended {
        Appended(State::Refused(error))
    }

    pub(crate) const fn waiting(id: TransactionId, answer: oneshot::Receiver<Answer>) -> Appended {
        Appended(State::Waiting(id, answer))
    }

    /// Waits on a thread of one's own. Never on a worker of a runtime.
    pub fn wait(self) -> Result<Seq, AppendError> {
        match self.0 {
            State::Refused(error) => Err(error),
            State::Waiting(id, answer) => {
                answer.blocking_recv().unwrap_or(Err(AppendError::OutcomeUnknown(id)))
            }
        }
    }
}

impl Future for Appended {
    type Output = Result<Seq, AppendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Refused(error) => Poll::Ready(Err(*error)),
            State::Waiting(id, answer) => {
                let id = *id;
                // A log that ended without an answer may have written the record.
                Pin::new(answer)
                    .poll(cx)
                    .map(|answer| answer.unwrap_or(Err(AppendError::OutcomeUnknown(id))))
            }
        }
    }
}

//! One coarse deadline a connection: what it waits for, since when, and what is late.
//!
//! No request registers a timer. The task that drives a connection notes one tick a poll, a request
//! marks its own stage in a slot, and one sleeping alarm a connection is set anew only when it has
//! rung or when something is due before it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use self::slots::Slots;
pub(crate) use self::slots::{Mark, Stage};

mod slots;

/// How long each stage of a connection may last, in milliseconds.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "a limit carries its unit")]
pub(crate) struct Waits {
    pub(crate) header_ms: u64,
    pub(crate) body_ms: u64,
    pub(crate) handler_ms: u64,
    pub(crate) idle_ms: u64,
}

/// Milliseconds of the runtime's own clock, so that a tick and a timer never disagree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticks(Instant);

impl Ticks {
    /// Begins now, at 1: a tick of 0 means "not noted".
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now_ms(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).map_or(u64::MAX, |ms| ms.saturating_add(1))
    }

    /// The instant of a tick, for a timer.
    pub(crate) fn instant(self, tick_ms: u64) -> Instant {
        self.0 + Duration::from_millis(tick_ms.saturating_sub(1))
    }
}

/// What a look at the stages found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Nothing closes the connection; requests that were late have been told. Look again then.
    Next { due_ms: u64 },
    /// The head of a request did not arrive in time.
    HeaderLate,
    /// Nothing was asked for too long, or nothing taken of an answer.
    Idle,
}

/// The stages of one connection, shared by the task that drives it and by its requests.
#[derive(Debug)]
pub(crate) struct Watch {
    waits: Waits,
    ticks: Ticks,
    /// Several requests at a time, each in a task of its own (HTTP/2).
    multiplexed: bool,
    /// The tick of the driver's last poll.
    now_ms: AtomicU64,
    /// Requests between their head and their answer.
    active: AtomicUsize,
    /// What is waited for while no request is active: `FRESH`, or a tick and [`HEADER`] or not.
    rest: AtomicU64,
    /// The tick at which the wire last took bytes.
    sent_ms: AtomicU64,
    slots: Slots,
}

/// The connection has just come to rest; the driver notes the tick in its next poll, because the
/// tick that a request's own task sees may be an old one.
const FRESH: u64 = 0;
/// Part of a request's head has come.
const HEADER: u64 = 1;

impl Watch {
    /// A connection with one request at a time, or with at most `streams_max` at once.
    pub(crate) fn new(waits: Waits, ticks: Ticks, streams_max: Option<usize>) -> Self {
        Self {
            waits,
            ticks,
            multiplexed: streams_max.is_some(),
            now_ms: AtomicU64::new(ticks.now_ms()),
            active: AtomicUsize::new(0),
            rest: AtomicU64::new(FRESH),
            sent_ms: AtomicU64::new(0),
            slots: Slots::new(streams_max.unwrap_or(1)),
        }
    }

    pub(crate) fn ticks(&self) -> Ticks {
        self.ticks
    }

    /// The driver begins a poll.
    pub(crate) fn tick(&self) -> u64 {
        let now_ms = self.ticks.now_ms();
        self.now_ms.store(now_ms, Relaxed);
        now_ms
    }

    /// The wire gave bytes.
    pub(crate) fn received(&self) {
        let resting = !self.multiplexed && self.active.load(Relaxed) == 0;
        if resting && self.rest.load(Relaxed) & HEADER == 0 {
            self.rest.store(self.now_ms.load(Relaxed) << 1 | HEADER, Relaxed);
        }
    }

    /// The wire took bytes.
    pub(crate) fn sent(&self) {
        self.sent_ms.store(self.now_ms.load(Relaxed), Relaxed);
        if self.rest.load(Relaxed) != FRESH {
            self.rest.store(FRESH, Relaxed);
        }
    }

    /// A request's head is complete: its handler's time begins. None when no slot is free, which
    /// happens only while streams that the peer has reset are still being cleared away.
    pub(crate) fn claim(&self) -> Option<Mark> {
        let mark = self.slots.claim(self.now_ms.load(Relaxed))?;
        self.active.fetch_add(1, Relaxed);
        Some(mark)
    }

    /// A request is answered or gone.
    pub(crate) fn release(&self, mark: Mark) {
        self.slots.release(mark);
        self.rest.store(FRESH, Relaxed);
        self.active.fetch_sub(1, Relaxed);
    }

    /// The request enters a stage now. False when its last stage had run out.
    pub(crate) fn enter(&self, mark: &mut Mark, stage: Stage) -> bool {
        self.slots.enter(mark, stage, self.ticks.now_ms())
    }

    /// Whether the request is late; if not, `waker` is woken when it becomes so.
    pub(crate) fn is_late(&self, mark: Mark, waker: &Waker) -> bool {
        // With one request at a time the driver's own task polls it again.
        if self.multiplexed {
            self.slots.wake_when_late(mark, waker);
        }
        self.slots.is_late(mark)
    }

    /// Whether the stage that the mark last entered is over without the request's doing.
    pub(crate) fn has_run_out(&self, mark: Mark) -> bool {
        self.slots.has_run_out(mark)
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.active.load(Relaxed) == 0
    }

    /// The earliest tick at which something that began in this poll can be due.
    pub(crate) fn due_ms(&self, now_ms: u64) -> u64 {
        if !self.is_resting() {
            return now_ms + self.waits.handler_ms.min(self.waits.body_ms);
        }
        self.rest_due_ms(now_ms).0
    }

    /// Tells the requests that are late, and finds what is due next.
    pub(crate) fn review(&self, now_ms: u64) -> Finding {
        if !self.is_resting() {
            return self.review_requests(now_ms);
        }
        match self.rest_due_ms(now_ms) {
            (due_ms, _) if due_ms > now_ms => Finding::Next { due_ms },
            (_, HEADER) => Finding::HeaderLate,
            _ => Finding::Idle,
        }
    }

    /// A late request answers at once, unless it is behind an answer that the peer does not take.
    fn review_requests(&self, now_ms: u64) -> Finding {
        let review = self.slots.review(now_ms, &self.waits);
        let taken_until_ms = self.sent_ms.load(Relaxed) + self.waits.header_ms;
        if review.overdue && taken_until_ms <= now_ms {
            return Finding::Idle;
        }
        Finding::Next { due_ms: review.due_ms }
    }

    /// When what is waited for at rest is due, and what that is.
    fn rest_due_ms(&self, now_ms: u64) -> (u64, u64) {
        let rest = self.rest.load(Relaxed);
        if rest == FRESH {
            self.rest.store(now_ms << 1, Relaxed);
            return (now_ms + self.waits.idle_ms, 0);
        }
        let limit_ms = if rest & HEADER == 0 { self.waits.idle_ms } else { self.waits.header_ms };
        ((rest >> 1) + limit_ms, rest & HEADER)
    }
}

#[cfg(test)]
mod tests;

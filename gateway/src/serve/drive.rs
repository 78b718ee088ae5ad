//! Polls a connection to its end, and is its one alarm.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::task::unconstrained;
use tokio::time::{Sleep, sleep_until};

use super::{Front, Shutdown};
use crate::deadline::{Finding, Watch};

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Either side closed it, or the transport failed.
    Closed,
    /// The peer spoke no valid HTTP.
    Malformed,
    HeaderLate,
    Idle,
}

/// Polls `connection` until it ends, is late, or has been idle for too long. `graceful` asks it to
/// finish what is in progress and close.
pub(super) async fn drive<C>(
    connection: C,
    graceful: impl Fn(Pin<&mut C>),
    watch: &Watch,
    front: &Front,
) -> Ending
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut told = pin!(front.shutdown.triggered());
    let alarm = pin!(sleep_until(watch.ticks().instant(u64::MAX >> 20)));
    let mut driver = Driver {
        connection: pin!(connection),
        graceful,
        watch,
        shutdown: &front.shutdown,
        alarm,
        header_ms: front.limits.header_ms,
        armed_ms: u64::MAX,
        draining: false,
        idle: false,
    };
    let mut first = true;
    poll_fn(move |cx| {
        if std::mem::take(&mut first) {
            // One poll leaves this task's waker there; from then on the flag is enough.
            let _ = pin!(unconstrained(told.as_mut())).poll(cx);
        }
        driver.poll(cx)
    })
    .await
}

struct Driver<'a, C, G> {
    connection: Pin<&'a mut C>,
    graceful: G,
    watch: &'a Watch,
    shutdown: &'a Shutdown,
    alarm: Pin<&'a mut Sleep>,
    header_ms: u64,
    /// The tick for which the alarm is set.
    /// INVARIANT: while a request is active, nothing is due before it.
    armed_ms: u64,
    draining: bool,
    /// Idle for too long and asked to close.
    idle: bool,
}

impl<C, G> Driver<'_, C, G>
where
    C: Future<Output = hyper::Result<()>>,
    G: Fn(Pin<&mut C>),
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let now_ms = self.watch.tick();
            if let Poll::Ready(end) = self.connection.as_mut().poll(cx) {
                return Poll::Ready(self.ending(end));
            }
            if self.shutdown.is_draining() && !self.draining {
                self.draining = true;
                (self.graceful)(self.connection.as_mut());
            } else if self.alarm.is_elapsed() {
                if let Some(ending) = self.rung(now_ms) {
                    return Poll::Ready(ending);
                }
            } else {
                // One that was told to close keeps the time it was given for that.
                let due_ms = if self.idle { u64::MAX } else { self.watch.due_ms(now_ms) };
                if due_ms >= self.armed_ms {
                    return Poll::Pending;
                }
                self.arm(due_ms);
            }
            // Leaves the waker there, whatever is left of the task's budget; an alarm that has rung
            // by now is looked at in the next round.
            let _ = pin!(unconstrained(self.alarm.as_mut())).poll(cx);
        }
    }

    /// The alarm has rung: acts on what is late, and sets it anew.
    fn rung(&mut self, now_ms: u64) -> Option<Ending> {
        match self.watch.review(now_ms) {
            Finding::Next { due_ms } => self.arm(due_ms),
            Finding::HeaderLate => return Some(Ending::HeaderLate),
            Finding::Idle if self.idle => return Some(Ending::Idle),
            Finding::Idle => {
                self.idle = true;
                (self.graceful)(self.connection.as_mut());
                self.arm(now_ms + self.header_ms);
            }
        }
        None
    }

    fn arm(&mut self, due_ms: u64) {
        self.armed_ms = due_ms;
        self.alarm.as_mut().reset(self.watch.ticks().instant(due_ms));
    }

    fn ending(&self, end: hyper::Result<()>) -> Ending {
        match end {
            Err(error) if error.is_parse() => Ending::Malformed,
            _ if self.idle => Ending::Idle,
            _ => Ending::Closed,
        }
    }
}

//! The one place that reads the clock.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "a measurement is about real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

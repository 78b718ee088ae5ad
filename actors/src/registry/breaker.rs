//! A tenant whose actor fails again and again rests for a while; the others do not notice.

/// Failures within [`WINDOW_MS`] after which the tenant rests.
const FAILURES_MAX: usize = 5;
const WINDOW_MS: i64 = 60_000;
/// How long it rests, in seconds.
pub(crate) const REST_S: u32 = 30;

/// The latest failures of one tenant.
#[derive(Default)]
pub(crate) struct Breaker {
    failures_ms: Vec<i64>,
    open_until_ms: i64,
}

impl Breaker {
    /// Remembers a failure.
    pub(crate) fn failed(&mut self, now_ms: i64) {
        self.failures_ms.retain(|at| *at > now_ms - WINDOW_MS);
        self.failures_ms.push(now_ms);
        if self.failures_ms.len() >= FAILURES_MAX {
            self.open_until_ms = now_ms + i64::from(REST_S) * 1000;
            self.failures_ms.clear();
        }
    }

    /// May the tenant be started?
    pub(crate) fn lets_through(&self, now_ms: i64) -> bool {
        self.open_until_ms <= now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_at_the_fifth_failure_in_a_minute_and_closes_after_its_rest() {
        let mut breaker = Breaker::default();
        (0..4).for_each(|n| breaker.failed(n * 20_000));
        assert!(breaker.lets_through(60_000), "the first of them is a minute ago");
        (0..5).for_each(|n| breaker.failed(100_000 + n));
        assert!(!breaker.lets_through(100_005));
        assert!(breaker.lets_through(130_004));
    }
}

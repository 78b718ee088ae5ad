//! The access log: one structured line for a write, a refusal by policy, an error and a slow
//! request; successful reads are sampled. Lines of a kind are limited in rate.
//!
//! A line names the route and never the path or the query: those may hold what a client should
//! not have sent.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use latchkey_actors::error::Error;

use super::record::Record;
use crate::config::Log;
use crate::endpoint::Audit;

/// Lines of one kind in a second; the next line tells how many were left out.
const LINES_MAX: u64 = 100;

/// What deserves a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Write,
    Refusal,
    Failure,
    Slow,
    Read,
}

/// Counts the lines of each kind.
#[derive(Default)]
pub(crate) struct AccessLog {
    kinds: [Rate; 5],
    reads: AtomicU64,
}

/// Lines of a kind in the running second.
#[derive(Default)]
struct Rate {
    second: AtomicI64,
    lines: AtomicU64,
}

impl AccessLog {
    /// Writes the line of a request, if it deserves one.
    pub(super) fn answered(
        &self,
        config: &Log,
        record: &Record,
        status: u16,
        took: Duration,
        error: Option<&Error>,
    ) {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let Some(kind) = self.kind(config, record, status, took_ms) else { return };
        let Some(left_out) = self.rate(kind).admits(record.now_ms) else { return };
        line(kind, record, status, took_ms, error, left_out);
    }

    fn kind(&self, config: &Log, record: &Record, status: u16, took_ms: u64) -> Option<Kind> {
        let writes = record.endpoint.is_some_and(|endpoint| endpoint.audit == Audit::Committed);
        match status {
            500.. => Some(Kind::Failure),
            401 | 403 | 429 => Some(Kind::Refusal),
            _ if took_ms >= config.slow_ms => Some(Kind::Slow),
            ..=399 if writes => Some(Kind::Write),
            ..=399 if self.is_sampled(config.sample_reads) => Some(Kind::Read),
            _ => None,
        }
    }

    fn is_sampled(&self, one_of: u64) -> bool {
        one_of > 0 && self.reads.fetch_add(1, Ordering::Relaxed).is_multiple_of(one_of)
    }

    fn rate(&self, kind: Kind) -> &Rate {
        let [write, refusal, failure, slow, read] = &self.kinds;
        match kind {
            Kind::Write => write,
            Kind::Refusal => refusal,
            Kind::Failure => failure,
            Kind::Slow => slow,
            Kind::Read => read,
        }
    }
}

impl Rate {
    /// Counts a line; none when the second is full, else how many the last second left out.
    fn admits(&self, now_ms: i64) -> Option<u64> {
        let second = now_ms.div_euclid(1000);
        let left_out = match self.second.swap(second, Ordering::Relaxed) {
            before if before == second => 0,
            _ => self.lines.swap(0, Ordering::Relaxed).saturating_sub(LINES_MAX),
        };
        (self.lines.fetch_add(1, Ordering::Relaxed) < LINES_MAX).then_some(left_out)
    }
}

fn line(
    kind: Kind,
    record: &Record,
    status: u16,
    took_ms: u64,
    error: Option<&Error>,
    left_out: u64,
) {
    let (method, route) = record.endpoint.map_or(("", "unknown"), |e| (e.method.word(), e.path));
    let key = record.caller.as_ref().map(|caller| caller.entry.key.id.to_string());
    let tenant = record.tenant.as_ref().map(|tenant| tenant.id().to_string());
    let (key, tenant) = (key.as_deref(), tenant.as_deref());
    let code = error.map(|error| error.code().word());
    let cause = error.and_then(Error::cause_text);
    let request_id = record.id.to_string();
    match kind {
        Kind::Failure => tracing::error!(
            request_id,
            method,
            route,
            status,
            took_ms,
            tenant,
            key,
            code,
            cause,
            left_out,
            "a request failed"
        ),
        Kind::Slow => tracing::warn!(
            request_id,
            method,
            route,
            status,
            took_ms,
            tenant,
            key,
            code,
            left_out,
            "a request was slow"
        ),
        Kind::Refusal => tracing::info!(
            request_id,
            method,
            route,
            status,
            took_ms,
            tenant,
            key,
            code,
            left_out,
            "a request was refused"
        ),
        Kind::Write => tracing::info!(
            request_id, method, route, status, took_ms, tenant, key, left_out, "a write"
        ),
        Kind::Read => tracing::info!(
            request_id, method, route, status, took_ms, tenant, key, left_out, "a read"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_second_is_silent_and_the_next_one_tells() {
        let rate = Rate::default();
        let admitted = (0..150).filter(|_| rate.admits(5_000).is_some()).count();
        assert_eq!(admitted, 100);
        assert_eq!(rate.admits(6_000), Some(50));
        assert_eq!(rate.admits(6_001), Some(0));
    }

    #[test]
    fn one_of_so_many_reads_is_sampled_and_none_by_default() {
        let log = AccessLog::default();
        assert_eq!((0..100).filter(|_| log.is_sampled(0)).count(), 0);
        assert_eq!((0..100).filter(|_| log.is_sampled(10)).count(), 10);
    }
}

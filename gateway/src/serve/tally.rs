//! Counts of what happens to connections, for the metrics to read.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many connections came, and how those ended that did not end well. Nothing here is logged:
/// a peer that misbehaves must not be able to fill the log.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections that are open now.
    pub open: Count,
    /// Connections accepted since the start.
    pub accepted: Count,
    /// Tries to accept that failed, such as for want of descriptors.
    pub accept_failed: Count,
    /// Connections that ended before a protocol was known, failed TLS handshakes included.
    pub preface_failed: Count,
    /// Connections cut because a request's head did not come in time.
    pub header_late: Count,
    /// Connections closed because nothing was asked for too long.
    pub idle: Count,
    /// Connections that spoke no valid HTTP.
    pub malformed: Count,
    /// Connections cut off at the end of a drain.
    pub cut_off: Count,
    /// Requests whose handler took too long.
    pub handler_late: Count,
    /// Requests whose handler panicked.
    pub handler_panicked: Count,
}

/// One figure.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, to: u64) {
        self.0.store(to, Ordering::Relaxed);
    }
}

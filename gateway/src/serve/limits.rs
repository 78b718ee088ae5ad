//! What bounds a connection and the front as a whole.

use std::time::Duration;

use crate::deadline::Waits;

/// The named limits of the front.
#[derive(Clone, Debug)]
pub struct Limits {
    /// A request's head, from its first byte to its last.
    pub header_ms: u64,
    /// The rest of a request's body, from the moment that the handler waits for it.
    pub body_ms: u64,
    /// A handler, but for the time in which it waits for the body.
    pub handler_ms: u64,
    /// A connection between requests, and an answer of which the peer takes nothing.
    pub idle_ms: u64,
    /// From accept to the end of the TLS handshake and the first bytes that tell the protocol.
    pub preface_ms: u64,
    /// Requests in progress, once the front drains.
    pub drain_ms: u64,
    /// A request's line and headers.
    pub headers_bytes_max: u32,
    /// Requests at once on one HTTP/2 connection.
    pub streams_max: u32,
    /// Connections at once; those beyond wait in the kernel's queue.
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_ms: 10_000,
            body_ms: 30_000,
            handler_ms: 30_000,
            idle_ms: 75_000,
            preface_ms: 10_000,
            drain_ms: 30_000,
            headers_bytes_max: 32 * 1024,
            streams_max: 250,
            connections_max: 10_000,
        }
    }
}

impl Limits {
    pub(super) fn preface(&self) -> Duration {
        Duration::from_millis(self.preface_ms)
    }

    pub(super) fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }

    pub(super) fn waits(&self) -> Waits {
        Waits {
            header_ms: self.header_ms,
            body_ms: self.body_ms,
            handler_ms: self.handler_ms,
            idle_ms: self.idle_ms,
        }
    }
}

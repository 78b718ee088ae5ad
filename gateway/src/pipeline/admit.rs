//! The window of the address, for whoever has none of its own; the windows that answers tell of.

use std::net::IpAddr;

use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::rate_limits::{Charge, State};

use super::Known;
use super::record::Record;
use crate::app::Shared;
use crate::endpoint::{Access, Endpoint};

/// The window that an answer tells of.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub(crate) state: State,
    pub(crate) name: &'static str,
}

impl Window {
    pub(crate) fn of_key(state: State) -> Self {
        Self { state, name: "key" }
    }

    fn of_address(state: State) -> Self {
        Self { state, name: "address" }
    }

    /// Seconds until a place is free.
    pub(crate) fn retry_after_s(&self, now_ms: i64) -> u32 {
        let ms = (self.state.free_at_ms - now_ms).max(1);
        u32::try_from((ms + 999) / 1000).unwrap_or(u32::MAX)
    }
}

/// Charges the address where nothing else is charged.
///
/// # Errors
/// 429 when the address is spent; that answer stands before a 401.
pub(super) fn admit(
    shared: &Shared,
    endpoint: &Endpoint,
    known: &Result<Option<Known>>,
    ip: IpAddr,
    record: &mut Record,
) -> Result<Option<Window>> {
    match known {
        _ if endpoint.access == Access::Probe => Ok(None),
        Ok(Some(known)) if exempt(known) => Ok(known.window),
        // The key's own window has refused it, or our own trouble has.
        Err(error) if matches!(error.kind(), Kind::RateLimited | Kind::Unavailable) => {
            Ok(record.window)
        }
        _ => charge(shared, ip, record).map(Some),
    }
}

/// Charges the address.
///
/// # Errors
/// 429 when it is spent.
pub(super) fn charge(shared: &Shared, ip: IpAddr, record: &mut Record) -> Result<Window> {
    match shared.addresses.charge(ip, record.now_ms) {
        Charge::Counted(state) => Ok(Window::of_address(state)),
        Charge::Spent(state) => {
            let window = Window::of_address(state);
            record.window = Some(window);
            metrics::counter!("latchkey_rate_limited_total", "window" => "address").increment(1);
            let message = "The address has made more requests than it may";
            Err(Error::new(Kind::RateLimited, Code::RateLimitExceeded, message)
                .retry_after(window.retry_after_s(record.now_ms)))
        }
    }
}

/// A key with a window of its own, or one that is unlimited.
fn exempt(known: &Known) -> bool {
    known.window.is_some() || known.caller.entry.key.limits.unlimited
}

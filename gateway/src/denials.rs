//! Denials in the audit trail: each one, as far as its minute allows, then one with a count.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use latchkey_actors::audit::Denied;
use latchkey_actors::error::{Error, Kind};
use latchkey_actors::tenant::Who;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::Author;

use crate::app::Shared;
use crate::context::author;
use crate::pipeline::Record;

/// Entries of one known principal in a minute.
const KNOWN_MAX: u32 = 600;
/// Entries of one address and tenant in a minute.
const UNKNOWN_MAX: u32 = 10;
/// Principals and addresses that are counted at once; past it, nothing more is written of others.
const COUNTED_MAX: usize = 10_000;
const MINUTE: Duration = Duration::from_mins(1);

/// Whose denials are counted together: a key, or an address, in a tenant.
type Source = (TenantId, String);

/// Denials of the running minutes.
#[derive(Default)]
pub(crate) struct Denials(DashMap<Source, Tally>);

#[derive(Default)]
struct Tally {
    seen: u32,
    /// The latest one that was not written.
    last: Option<(Who, Denied)>,
}

/// Writes down that something was denied. Nobody waits for it.
pub(crate) fn denied(shared: &Arc<Shared>, record: &Record, error: &Error) {
    let known = record.caller.as_ref();
    let home = known.map(|caller| caller.tenant).or(record.named).unwrap_or(TenantId::MASTER);
    let ip = record.ip.map(|ip| ip.to_string());
    let (source, entries_max) = match known {
        Some(caller) => (caller.entry.key.id.to_string(), KNOWN_MAX),
        None => (ip.clone().unwrap_or_default(), UNKNOWN_MAX),
    };
    let anonymous = || Author { kind: "anonymous".into(), id: [0; 16], name: String::new() };
    let who = Who {
        author: known.map_or_else(anonymous, |caller| author(caller)),
        ip,
        user_agent: None,
        request_id: Some(record.id.to_string()),
        cross_tenant: record.tenant.as_ref().is_some_and(|tenant| tenant.id() != home),
    };
    let status = if error.kind() == Kind::Forbidden { 403 } else { 401 };
    let what = Denied { status, reason: error.code().word().to_owned(), count: 1 };
    let source = (home, source);
    if let Some(number) = shared.denials.admits(&source, entries_max, &who, &what) {
        if number == 1 {
            end_of_minute(shared, source);
        }
        write(Arc::clone(shared), home, who, what);
    }
}

impl Denials {
    /// Counts; its number in the minute when the entry is to be written by itself.
    fn admits(&self, source: &Source, entries_max: u32, who: &Who, what: &Denied) -> Option<u32> {
        if self.0.len() >= COUNTED_MAX && !self.0.contains_key(source) {
            return None;
        }
        let mut tally = self.0.entry(source.clone()).or_default();
        tally.seen += 1;
        if tally.seen > entries_max {
            let count = tally.last.as_ref().map_or(0, |(_, last)| last.count) + 1;
            tally.last = Some((who.clone(), Denied { count, ..what.clone() }));
            return None;
        }
        Some(tally.seen)
    }
}

/// When the minute of a source is over, what was not written becomes one entry with a count.
fn end_of_minute(shared: &Arc<Shared>, source: Source) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::time::sleep(MINUTE).await;
        let left = shared.denials.0.remove(&source).and_then(|(_, tally)| tally.last);
        if let Some((who, what)) = left {
            write(shared, source.0, who, what);
        }
    });
}

fn write(shared: Arc<Shared>, home: TenantId, who: Who, what: Denied) {
    tokio::spawn(async move {
        let written = match shared.registry.tenant(home).await {
            Ok(tenant) => tenant.execute_behind(who, what),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "a denial could not be written to the audit trail");
        }
    });
}

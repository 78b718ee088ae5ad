//! Denials in the audit trail: each one, as far as its minute allows, then one with a count.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use ipnet::IpNet;
use latchkey_actors::audit::Denied;
use latchkey_actors::error::{Error, Kind};
use latchkey_actors::tenant::Who;
use latchkey_storage::id::{ApiKeyId, TenantId};
use latchkey_storage::tables::Author;

use crate::app::Shared;
use crate::context::author;
use crate::pipeline::Record;

/// Entries of one known principal in a minute.
const KNOWN_MAX: u32 = 600;
/// Entries of one address and tenant in a minute.
const UNKNOWN_MAX: u32 = 10;
/// Keys, and addresses, that are counted at once; past it, nothing more is written of others.
const COUNTED_MAX: usize = 10_000;
const MINUTE: Duration = Duration::from_mins(1);

/// Whose denials are counted together, in a tenant.
type Source = (TenantId, Whose);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Key(ApiKeyId),
    /// An IPv4 address, or the /64 of an IPv6 one.
    Address(Option<IpNet>),
}

/// Denials of the running minutes. However many addresses come, there is room for keys.
#[derive(Default)]
pub(crate) struct Denials {
    keys: DashMap<Source, Tally>,
    addresses: DashMap<Source, Tally>,
}

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
    let whose = match known {
        Some(caller) => Whose::Key(caller.entry.key.id),
        None => Whose::Address(record.ip.map(network)),
    };
    let anonymous = || Author { kind: "anonymous".into(), id: [0; 16], name: String::new() };
    let who = Who {
        author: known.map_or_else(anonymous, |caller| author(caller)),
        ip: record.ip.map(|ip| ip.to_string()),
        user_agent: None,
        request_id: Some(record.id.to_string()),
        cross_tenant: record.tenant.as_ref().is_some_and(|tenant| tenant.id() != home),
    };
    let status = if error.kind() == Kind::Forbidden { 403 } else { 401 };
    let what = Denied { status, reason: error.code().word().to_owned(), count: 1 };
    let source = (home, whose);
    if let Some(number) = shared.denials.admits(source, &who, &what) {
        if number == 1 {
            end_of_minute(shared, source);
        }
        write(Arc::clone(shared), home, who, what);
    }
}

fn network(ip: IpAddr) -> IpNet {
    let bits = if ip.is_ipv4() { 32 } else { 64 };
    IpNet::new(ip, bits).map_or_else(|_| IpNet::from(ip), |net| net.trunc())
}

impl Denials {
    fn of(&self, source: Source) -> (&DashMap<Source, Tally>, u32) {
        match source.1 {
            Whose::Key(_) => (&self.keys, KNOWN_MAX),
            Whose::Address(_) => (&self.addresses, UNKNOWN_MAX),
        }
    }

    /// Counts; its number in the minute when the entry is to be written by itself.
    fn admits(&self, source: Source, who: &Who, what: &Denied) -> Option<u32> {
        let (tallies, entries_max) = self.of(source);
        if tallies.len() >= COUNTED_MAX && !tallies.contains_key(&source) {
            return None;
        }
        let mut tally = tallies.entry(source).or_default();
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
        let (tallies, _) = shared.denials.of(source);
        let left = tallies.remove(&source).and_then(|(_, tally)| tally.last);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Whose {
        Whose::Address(Some(network(text.parse().unwrap())))
    }

    #[test]
    fn a_flood_of_addresses_leaves_room_for_keys() {
        let (denials, who) = (Denials::default(), Who::system("test"));
        let what = Denied { status: 401, reason: String::new(), count: 1 };
        let admits = |whose| denials.admits((TenantId::MASTER, whose), &who, &what);
        for number in 0..u32::try_from(COUNTED_MAX).unwrap() {
            let ip = std::net::Ipv4Addr::from(number).to_string();
            assert_eq!(admits(address(&ip)), Some(1));
        }
        assert_eq!(admits(address("192.0.2.1")), None);
        assert_eq!(admits(address("0.0.0.1")), Some(2));
        assert_eq!(admits(Whose::Key(ApiKeyId::new([1; 16]))), Some(1));
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        assert!(address("2001:db8::1") == address("2001:db8::2:1"));
        assert!(address("2001:db8::1") != address("2001:db8:0:1::1"));
        assert!(address("192.0.2.1") != address("192.0.2.2"));
    }
}

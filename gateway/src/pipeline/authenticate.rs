//! Who calls: one credential, checked by its own form first, then by the tenant it names.

use std::sync::Arc;

use http::{HeaderMap, request};
use latchkey_actors::api_keys::{self, Refusal};
use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::tenant::{Caller, Tenant, refused_credential};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::record::Record;
use super::{Known, Window};
use crate::app::Shared;
use crate::endpoint::{Access, Endpoint};
use crate::serve::Connection;

/// What a connection remembers of its last credential: the same bytes under the same epoch need
/// no second look-up.
pub struct Remembered {
    credential: Zeroizing<String>,
    caller: Arc<Caller>,
    tenant: Arc<Tenant>,
    epoch: u64,
}

impl Drop for Remembered {
    fn drop(&mut self) {
        self.tenant.tell_uses(&self.caller);
    }
}

/// Finds the caller; none where the route takes anybody and no credential came.
pub(super) async fn authenticate(
    shared: &Shared,
    endpoint: &Endpoint,
    parts: &request::Parts,
    record: &mut Record,
    connection: &Connection<Remembered>,
) -> Result<Option<Known>> {
    if matches!(endpoint.access, Access::Public | Access::Probe) {
        return Ok(None);
    }
    let Some(credential) = credential(&parts.headers)? else {
        let open = matches!(endpoint.access, Access::Open(_));
        return if open { Ok(None) } else { Err(refused_credential()) };
    };
    known(shared, credential, record, connection).await.map(Some)
}

/// Finds the caller of a probe that shows administrators more. A probe refuses nobody: whoever
/// is not known is anybody.
pub(super) async fn visitor(
    shared: &Shared,
    endpoint: &Endpoint,
    parts: &request::Parts,
    record: &mut Record,
    connection: &Connection<Remembered>,
) -> Option<Known> {
    if endpoint.access != Access::Probe || !endpoint.path.starts_with("/api/v1/admin/") {
        return None;
    }
    let credential = credential(&parts.headers).ok()??;
    known(shared, credential, record, connection).await.ok()
}

async fn known(
    shared: &Shared,
    credential: &str,
    record: &mut Record,
    connection: &Connection<Remembered>,
) -> Result<Known> {
    if let Some(known) = remembered(credential, connection, shared) {
        return Ok(known);
    }
    look_up(shared, credential, record, connection).await
}

/// The one credential of a request, whichever header carries it.
///
/// # Errors
/// 400 when two different ones are sent, 401 for a scheme that is not known here.
fn credential(headers: &HeaderMap) -> Result<Option<&str>> {
    let by_key = headers.get("x-api-key").map(|value| value.to_str().unwrap_or_default());
    let by_scheme = match headers.get("authorization") {
        None => None,
        Some(value) => Some(scheme(value.to_str().unwrap_or_default())?),
    };
    let doubled = headers.get_all("x-api-key").iter().nth(1).is_some()
        || headers.get_all("authorization").iter().nth(1).is_some();
    match (by_key, by_scheme) {
        (Some(a), Some(b)) if a != b => Err(ambiguous()),
        _ if doubled => Err(ambiguous()),
        (a, b) => Ok(a.or(b)),
    }
}

fn scheme(value: &str) -> Result<&str> {
    let (scheme, credential) = value.split_once(' ').ok_or_else(refused_credential)?;
    let known = scheme.eq_ignore_ascii_case("apikey") || scheme.eq_ignore_ascii_case("bearer");
    if known { Ok(credential.trim()) } else { Err(refused_credential()) }
}

#[cold]
fn ambiguous() -> Error {
    let message = "The request carries two credentials; send one";
    Error::new(Kind::Malformed, Code::AmbiguousCredentials, message)
}

fn remembered(
    credential: &str,
    connection: &Connection<Remembered>,
    shared: &Shared,
) -> Option<Known> {
    let memo = connection.memo.load();
    let memo = memo.as_ref()?;
    let same = bool::from(memo.credential.as_bytes().ct_eq(credential.as_bytes()));
    // INVARIANT: the epoch was read before the caller was judged, and moves before a commit that
    // could matter answers.
    if !same || memo.tenant.epoch() != memo.epoch {
        return None;
    }
    let now_ms = shared.registry.shared().clock.now_ms();
    if memo.caller.until_ms <= now_ms {
        return None;
    }
    memo.tenant.used_again(&memo.caller, now_ms);
    Some(Known { caller: Arc::clone(&memo.caller), window: None })
}

async fn look_up(
    shared: &Shared,
    credential: &str,
    record: &mut Record,
    connection: &Connection<Remembered>,
) -> Result<Known> {
    let code = api_keys::presented(credential).ok_or_else(refused_credential)?;
    let (now_ms, ip) = (record.now_ms, record.ip.unwrap_or_else(|| connection.peer.ip()));
    // A spent address causes no read: what is not in memory is told to come back later.
    let spent = shared.addresses.is_spent(ip, now_ms);
    let tenant = tenant_of(shared, code, spent).await?;
    record.named = Some(tenant.id());
    let epoch = tenant.epoch();
    let fingerprint = shared.store.fingerprint(credential.as_bytes());
    let verdict = tenant.authenticate(fingerprint, ip, !spent).await?;
    shared.metrics.validated(verdict.refusal);
    let window = verdict.window.map(Window::of_key);
    if let Some(refusal) = verdict.refusal {
        record.window = window;
        return Err(refused(refusal, window.as_ref(), now_ms));
    }
    let Some(caller) = verdict.caller else { return Err(refused_credential()) };
    remember(connection, credential, &caller, &tenant, epoch);
    Ok(Known { caller, window })
}

async fn tenant_of(shared: &Shared, code: &str, spent: bool) -> Result<Arc<Tenant>> {
    let registry = &shared.registry;
    if spent {
        let awake = registry.by_code_in_memory(code).ok_or_else(come_back)?;
        let id = awake.ok_or_else(refused_credential)?;
        return registry.tenant_awake(id).ok_or_else(come_back);
    }
    let id = registry.by_code(code).await?.ok_or_else(refused_credential)?;
    registry.tenant(id).await.map_err(|error| match error.kind() {
        Kind::NotFound => refused_credential(),
        _ => error,
    })
}

/// What an address without requests left is told when only the store would know.
#[cold]
pub(super) fn come_back() -> Error {
    let message = "The address has made more requests than it may";
    Error::new(Kind::RateLimited, Code::RateLimitExceeded, message).retry_after(1)
}

/// Keys with windows or quotas are charged each time, and address lists are looked at each time.
fn remember(
    connection: &Connection<Remembered>,
    credential: &str,
    caller: &Arc<Caller>,
    tenant: &Arc<Tenant>,
    epoch: u64,
) {
    let key = &caller.entry.key;
    let limits = &key.limits;
    let windowed = limits.per_minute.or(limits.per_hour).or(limits.per_day).is_some();
    if windowed || key.has_quota || !key.allowed_ips.is_empty() {
        return;
    }
    connection.memo.store(Some(Arc::new(Remembered {
        credential: Zeroizing::new(credential.to_owned()),
        caller: Arc::clone(caller),
        tenant: Arc::clone(tenant),
        epoch,
    })));
}

/// A key that may not be used: one message for all but what its holder can do something about.
#[cold]
fn refused(refusal: Refusal, window: Option<&Window>, now_ms: i64) -> Error {
    let spent = |code, text| {
        let wait = window.map_or(1, |window| window.retry_after_s(now_ms));
        Error::new(Kind::RateLimited, code, text).retry_after(wait)
    };
    match refusal {
        Refusal::IpNotAllowed => {
            Error::new(Kind::Forbidden, Code::IpNotAllowed, refusal.sentence())
        }
        Refusal::RateLimitExceeded => spent(Code::RateLimitExceeded, refusal.sentence()),
        Refusal::QuotaExceeded => spent(Code::QuotaExceeded, refusal.sentence()),
        _ => refused_credential(),
    }
}

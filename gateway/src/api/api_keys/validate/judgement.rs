//! The verdict on a key as JSON: what does not change of a key is written once.

use std::net::IpAddr;

use latchkey_actors::api_keys::{KeyEntry, Refusal, Verdict};
use latchkey_actors::error::{Error, Result};
use latchkey_storage::tables::Tenant;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Answers};
use crate::api::api_keys::platform::TenantStub;
use crate::api::api_keys::wire::{EnvironmentWord, OwnerBody};
use crate::context::Face;
use crate::extract::Operation;
use crate::wire::Millis;

/// Pairs of resource and action that an answer shows of a key's scopes, at most.
const PERMISSIONS_SHOWN_MAX: usize = 256;

/// The verdict on one key.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) client_ip: Option<IpAddr>,
}

/// What does not change of a key while it is cached: written once, copied into every answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fixed<'a> {
    id: uuid::Uuid,
    name: &'a str,
    prefix: &'a str,
    status: &'static str,
    #[serde(rename = "type")]
    kind: EnvironmentWord,
    environment: EnvironmentWord,
    scopes: &'a [String],
    permissions: Map<String, Value>,
    ip_restrictions: Restrictions<'a>,
    expires_at: Option<Millis>,
    created_at: Millis,
    owner: OwnerBody,
}

/// What changes with every use.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Moving<'a> {
    rate_limit: LimitView,
    last_used_at: Option<Millis>,
    tenant: &'a TenantStub,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LimitView {
    requests_per_minute: Option<u32>,
    requests_per_hour: Option<u32>,
    requests_per_day: Option<u32>,
    remaining: Option<u32>,
    reset_at: Option<Millis>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restrictions<'a> {
    enabled: bool,
    allowed_ips: &'a [String],
    client_ip_valid: bool,
}

/// The unchanging part of a good key, as JSON.
fn fixed(entry: &KeyEntry, tenant: &Tenant) -> Box<[u8]> {
    let key = &entry.key;
    let fixed = Fixed {
        id: key.id.uuid(),
        name: &key.name,
        prefix: &key.prefix,
        status: "active",
        kind: key.environment.into(),
        environment: key.environment.into(),
        scopes: &key.scopes,
        permissions: permissions(&key.scopes),
        ip_restrictions: Restrictions {
            enabled: !key.allowed_ips.is_empty(),
            allowed_ips: &key.allowed_ips,
            client_ip_valid: true,
        },
        expires_at: key.expires_at.map(Millis),
        created_at: Millis(key.created_at),
        owner: OwnerBody::of(key.owner, tenant.id),
    };
    serde_json::to_vec(&fixed).unwrap_or_default().into()
}

/// The data of a good key: `{"valid":true,"apiKey":{fixed, moving},"tenant":{..}}`.
fn write_valid(entry: &KeyEntry, verdict: &Verdict, out: &mut Vec<u8>) -> Result<()> {
    let tenant = TenantStub::from(&*verdict.tenant);
    let limits = &entry.key.limits;
    let window = verdict.window.as_ref();
    let moving = Moving {
        rate_limit: LimitView {
            requests_per_minute: limits.per_minute,
            requests_per_hour: limits.per_hour,
            requests_per_day: limits.per_day,
            remaining: window.map(|state| state.remaining),
            reset_at: window.map(|state| Millis(state.reset_at_ms)),
        },
        last_used_at: verdict.last_used_at.map(Millis),
        tenant: &tenant,
    };
    out.extend_from_slice(b"{\"valid\":true,\"apiKey\":");
    join(entry.rendered.get_or_init(|| fixed(entry, &verdict.tenant)), &moving, out)?;
    out.extend_from_slice(b",\"tenant\":");
    serde_json::to_writer(&mut *out, &tenant).map_err(Error::internal)?;
    out.push(b'}');
    Ok(())
}

/// Two objects as one.
fn join(fixed: &[u8], moving: &impl Serialize, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(fixed);
    // The closing brace of the first makes room for the members of the second.
    out.pop();
    let at = out.len();
    serde_json::to_writer(&mut *out, moving).map_err(Error::internal)?;
    if let Some(open) = out.get_mut(at) {
        *open = b',';
    }
    Ok(())
}

/// The key's own scopes as `resource -> action -> true`; roles are not expanded.
pub(in crate::api::api_keys) fn permissions(scopes: &[String]) -> Map<String, Value> {
    let mut map = Map::new();
    for scope in scopes.iter().take(PERMISSIONS_SHOWN_MAX) {
        let (resource, action) = scope.split_once(':').unwrap_or(("*", "*"));
        let actions = map.entry(resource).or_insert_with(|| json!({}));
        if let Value::Object(actions) = actions {
            actions.insert(action.to_owned(), true.into());
        }
    }
    map
}

impl Judgement {
    /// What is said of a key that is refused.
    fn refused(&self, refusal: Refusal) -> Value {
        let mut data =
            json!({ "valid": false, "reason": refusal.word(), "details": refusal.sentence() });
        let Some(members) = data.as_object_mut() else { return data };
        if refusal == Refusal::IpNotAllowed
            && let Some(entry) = &self.verdict.entry
        {
            match self.client_ip {
                Some(ip) => drop(members.insert("clientIp".into(), ip.to_string().into())),
                None => {
                    let text = "The API key has an address list: clientIp is required";
                    members.insert("details".into(), text.into());
                }
            }
            members.insert("allowedRanges".into(), json!(entry.key.allowed_ips));
        }
        data
    }
}

impl Answers for Judgement {
    fn answer(self, face: &Face) -> Result<Answer> {
        let verdict = &self.verdict;
        if let (None, Some(entry)) = (verdict.refusal, &verdict.entry) {
            let mut body = Vec::with_capacity(1_536);
            face.dialect.open("API key is valid", &mut body);
            write_valid(entry, verdict, &mut body)?;
            face.dialect.close(face.now_ms, &mut body);
            return Ok(Answer::json(200, body));
        }
        let data = self.refused(verdict.refusal.unwrap_or(Refusal::InvalidKey));
        let timestamp = Millis(face.now_ms);
        let message = "API key validation failed";
        let body = Refused { success: false, message, data, timestamp };
        Ok(Answer::json(200, serde_json::to_vec(&body).map_err(Error::internal)?))
    }

    fn describe(operation: &mut Operation) {
        operation.answers::<JudgementBody>(200);
    }
}

#[derive(Serialize)]
struct Refused {
    success: bool,
    message: &'static str,
    data: Value,
    timestamp: Millis,
}

/// The verdict: with `apiKey` when it is valid, with `reason` and `details` when not.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct JudgementBody {
    valid: bool,
    /// One of `INVALID_KEY`, `KEY_REVOKED`, `TENANT_INACTIVE`, `KEY_EXPIRED`, `KEY_INACTIVE`,
    /// `IP_NOT_ALLOWED`, `SCOPE_INVALID`, `RATE_LIMIT_EXCEEDED`, `QUOTA_EXCEEDED`.
    reason: Option<String>,
    details: Option<String>,
    api_key: Option<Map<String, Value>>,
}

impl Judgement {
    pub(super) fn in_batch(self) -> Result<Value> {
        let verdict = &self.verdict;
        let (None, Some(entry)) = (verdict.refusal, &verdict.entry) else {
            return Ok(self.refused(verdict.refusal.unwrap_or(Refusal::InvalidKey)));
        };
        let mut text = Vec::with_capacity(1_024);
        write_valid(entry, verdict, &mut text)?;
        let mut shown: Value = serde_json::from_slice(&text).map_err(Error::internal)?;
        if let Some(members) = shown.as_object_mut() {
            members.remove("tenant");
        }
        Ok(shown)
    }
}

//! Validation: is a presented key good now? Three doors for one, one for many.

use std::net::IpAddr;
use std::sync::Arc;

use latchkey_actors::api_keys::{self as domain, KeyEntry, Presented, Refusal, Verdict};
use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::permissions::PermissionName;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::Tenant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::platform::TenantStub;
use super::wire::{EnvironmentWord, OwnerBody};
use crate::answer::{Answer, Answers, Found};
use crate::context::{Ctx, Face};
use crate::endpoints;
use crate::extract::{Body, KeyId, MaybeBody, Operation, Path, json as strict};
use crate::wire::Millis;

/// Keys of one batch, at most.
const BATCH_MAX: usize = 1_000;
/// Pairs of resource and action that an answer shows of a key's scopes, at most.
const PERMISSIONS_SHOWN_MAX: usize = 256;

endpoints! { TABLE, "api_keys", Platform;
    /// Validate an API key.
    ///
    /// Always 200 for a well-formed request: `data.valid` is the verdict. A validation counts as
    /// a use of the key (windows, quota, counters) unless `dryRun` is true.
    POST "/api/v1/api-keys/validate" => validate, Can(ApiKeys, Validate), Unaudited;
    /// Validate many API keys.
    ///
    /// 1 to 1,000 keys; the results stand in their order.
    POST "/api/v1/api-keys/validate/batch" => validate_batch, Can(ApiKeys, Validate), Unaudited, Batch;
    /// Validate an API key without a credential.
    ///
    /// The key names its tenant. A credential that is sent must hold.
    POST "/api/v1/api-key/validate" => validate_open, Open(ApiKeys, Validate), Unaudited;
    /// Validate a certain API key.
    ///
    /// The presented key must be a secret of this one. Without a body: the state of the key.
    POST "/api/v1/api-keys/{keyId}/validate" => validate_one, Can(ApiKeys, Validate), Unaudited;
}

/// A key to be judged.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Question {
    #[serde(alias = "key")]
    api_key: String,
    /// The address it is used from.
    #[serde(default)]
    client_ip: Option<String>,
    /// Permissions that the key must hold.
    #[serde(default)]
    required_scopes: Vec<String>,
    /// Judge, and count nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The same, where the key may be left out.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MaybeQuestion {
    #[serde(default, alias = "key")]
    api_key: Option<String>,
    #[serde(default)]
    client_ip: Option<String>,
    #[serde(default)]
    required_scopes: Vec<String>,
    #[serde(default)]
    dry_run: bool,
}

/// Keys to be judged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Questions {
    /// Each `{apiKey, clientIp?, requiredScopes?}`.
    keys: Vec<strict::FreeValue>,
}

/// The verdict on one key.
pub(crate) struct Judgement {
    verdict: Verdict,
    client_ip: Option<IpAddr>,
}

async fn validate(ctx: Ctx, Body(question): Body<Question>) -> Result<Judgement> {
    judge(&ctx, question, None).await
}

async fn validate_one(
    ctx: Ctx,
    Path(KeyId(id)): Path<KeyId>,
    MaybeBody(body): MaybeBody<MaybeQuestion>,
) -> Result<Judgement> {
    let body = body.unwrap_or_default();
    let (client_ip, required_scopes) = (body.client_ip, body.required_scopes);
    let Some(api_key) = body.api_key else {
        return state(&ctx, id, client_ip, &required_scopes).await;
    };
    // The key must be there at all: a path that names nothing is 404.
    ctx.tenant()?.read(move |view| domain::fetch(view, id)).await?;
    let question = Question { api_key, client_ip, required_scopes, dry_run: body.dry_run };
    judge(&ctx, question, Some(id)).await
}

async fn validate_open(ctx: Ctx, Body(question): Body<Question>) -> Result<Judgement> {
    if ctx.tenant.is_some() {
        return judge(&ctx, question, None).await;
    }
    let presented = presented(&ctx, &question, None)?;
    let named = crate::pipeline::header_tenant(&ctx)?;
    let registry = &ctx.shared.registry;
    let code = domain::presented(&question.api_key);
    let id = match code {
        Some(code) => registry.by_code(code).await?,
        None => None,
    };
    let tenant = match id.filter(|id| named.is_none_or(|named| named == *id)) {
        Some(id) => match registry.tenant(id).await {
            Ok(tenant) => Some(tenant),
            Err(error) if error.kind() == Kind::NotFound => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let verdict = match tenant {
        Some(tenant) => tenant.validate(presented).await?,
        None => unknown(Arc::new(nobody())),
    };
    ctx.shared.metrics.validated(verdict.refusal);
    Ok(Judgement { verdict, client_ip: ip(&question)? })
}

async fn judge(ctx: &Ctx, question: Question, only: Option<ApiKeyId>) -> Result<Judgement> {
    let presented = presented(ctx, &question, only)?;
    let client_ip = presented.client_ip;
    let tenant = ctx.tenant()?;
    let verdict = match domain::presented(&question.api_key) {
        // A wrong checksum needs no look-up; a key of another tenant is nobody's here.
        Some(code) if tenant.row_code_is(code) => tenant.validate(presented).await?,
        _ => unknown(tenant.row()),
    };
    ctx.shared.metrics.validated(verdict.refusal);
    Ok(Judgement { verdict, client_ip })
}

fn presented(ctx: &Ctx, question: &Question, only: Option<ApiKeyId>) -> Result<Presented> {
    if question.api_key.is_empty() {
        return Err(Error::invalid("apiKey", "Field is required"));
    }
    Ok(Presented {
        fingerprint: ctx.shared.store.fingerprint(question.api_key.as_bytes()),
        client_ip: ip(question)?,
        required: scopes(&question.required_scopes)?,
        only,
        dry_run: question.dry_run,
    })
}

fn ip(question: &Question) -> Result<Option<IpAddr>> {
    question.client_ip.as_deref().map(parse_ip).transpose()
}

fn parse_ip(text: &str) -> Result<IpAddr> {
    text.parse().map_err(|_| Error::invalid("clientIp", "Must be a valid IP address"))
}

fn scopes(texts: &[String]) -> Result<Vec<PermissionName>> {
    let parse = |text: &String| {
        PermissionName::parse(text)
            .map_err(|error| Error::invalid("requiredScopes", format!("`{text}`: {error}")))
    };
    texts.iter().map(parse).collect()
}

/// The state of a key itself: nobody has shown a secret, and nothing is counted.
async fn state(
    ctx: &Ctx,
    id: ApiKeyId,
    client_ip: Option<String>,
    required: &[String],
) -> Result<Judgement> {
    let tenant = ctx.tenant()?;
    let (key, ..) = tenant.read(move |view| domain::fetch(view, id)).await?;
    let client_ip = client_ip.as_deref().map(parse_ip).transpose()?;
    let presented = Presented {
        fingerprint: key.fingerprint,
        client_ip,
        required: scopes(required)?,
        only: Some(id),
        dry_run: true,
    };
    let verdict = tenant.validate(presented).await?;
    Ok(Judgement { verdict, client_ip })
}

fn unknown(tenant: Arc<Tenant>) -> Verdict {
    Verdict {
        entry: None,
        refusal: Some(Refusal::InvalidKey),
        window: None,
        last_used_at: None,
        tenant,
        caller: None,
    }
}

/// A tenant that nobody is shown: an unknown key names none.
fn nobody() -> Tenant {
    latchkey_actors::tenants::placeholder()
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
pub(super) fn permissions(scopes: &[String]) -> Map<String, Value> {
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

/// Verdicts in the order of the keys.
#[derive(Serialize, JsonSchema)]
struct Results {
    results: Vec<Value>,
    total: usize,
    valid: usize,
    invalid: usize,
}

async fn validate_batch(ctx: Ctx, Body(body): Body<Questions>) -> Result<Found<Results>> {
    let total = body.keys.len();
    if total == 0 {
        return Err(Error::invalid("keys", "needs at least one key"));
    }
    if total > BATCH_MAX {
        let message = format!("A batch takes at most {BATCH_MAX} keys");
        return Err(Error::new(Kind::TooLarge, Code::BatchTooLarge, message));
    }
    let tenant = ctx.tenant()?;
    let mut places: Vec<Result<usize, Value>> = Vec::with_capacity(total);
    let mut asked = Vec::new();
    for item in body.keys {
        match item_of(&ctx, &item, tenant) {
            Ok(Some(presented)) => {
                places.push(Ok(asked.len()));
                asked.push(presented);
            }
            Ok(None) => places.push(Err(invalid(None))),
            Err(error) => places.push(Err(invalid(Some(&error)))),
        }
    }
    let addresses: Vec<_> = asked.iter().map(|presented| presented.client_ip).collect();
    let verdicts = tenant.validate_many(asked).await?;
    let mut shown: Vec<Value> = verdicts
        .into_iter()
        .zip(addresses)
        .map(|(verdict, client_ip)| {
            ctx.shared.metrics.validated(verdict.refusal);
            Judgement { verdict, client_ip }.in_batch()
        })
        .collect::<Result<_>>()?;
    let mut take = |place| match place {
        Ok(at) => shown.get_mut(at).map(Value::take).unwrap_or_default(),
        Err(value) => value,
    };
    let results: Vec<Value> = places.into_iter().map(&mut take).collect();
    let valid = results.iter().filter(|result| result["valid"] == true).count();
    let data = Results { results, total, valid, invalid: total - valid };
    Ok(Found::new("API keys validated", data))
}

/// One item of a batch; none for a key that no tenant of ours has issued, or another one has.
fn item_of(
    ctx: &Ctx,
    item: &strict::FreeValue,
    tenant: &latchkey_actors::tenant::Tenant,
) -> Result<Option<Presented>, String> {
    let text = item.text();
    let question: Question = strict::parse(text.as_bytes()).map_err(|fault| fault.to_string())?;
    let ours = domain::presented(&question.api_key).is_some_and(|code| tenant.row_code_is(code));
    let presented = presented(ctx, &question, None).map_err(|error| {
        let fields = error.fields().iter().map(|(field, problem)| format!("{field}: {problem}"));
        fields.collect::<Vec<_>>().join("; ")
    })?;
    Ok(ours.then_some(presented))
}

fn invalid(error: Option<&str>) -> Value {
    let refusal = Refusal::InvalidKey;
    let mut result =
        json!({ "valid": false, "reason": refusal.word(), "details": refusal.sentence() });
    if let (Some(error), Some(members)) = (error, result.as_object_mut()) {
        members.insert("error".into(), error.into());
    }
    result
}

impl Judgement {
    fn in_batch(self) -> Result<Value> {
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

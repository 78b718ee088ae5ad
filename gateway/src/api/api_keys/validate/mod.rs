//! Validation: is a presented key good now? Three doors for one, one for many.

use std::net::IpAddr;
use std::sync::Arc;

use latchkey_actors::api_keys::{self as domain, Presented, Refusal, Verdict};
use latchkey_actors::error::{Error, Kind, Result};
use latchkey_actors::permissions::PermissionName;
use latchkey_actors::tenants;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::Tenant;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::context::Ctx;
use crate::endpoints;
use crate::extract::{Body, KeyId, MaybeBody, Path};

mod batch;
mod judgement;

pub(super) use judgement::permissions;

use batch::validate_batch;
use judgement::Judgement;

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
        None => unknown(Arc::new(tenants::nobody())),
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
        PermissionName::parse(text).map_err(|error| {
            let shown: String = text.chars().take(64).collect();
            Error::invalid("requiredScopes", format!("`{shown}`: {error}"))
        })
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

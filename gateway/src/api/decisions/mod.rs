//! Decisions: may a user do this? One question, or thousands in one request.

use std::marker::PhantomData;

use latchkey_actors::decisions::Question;
use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::tenant::Judge;
use latchkey_storage::id::UserId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::Found;
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::json::Free;
use crate::extract::{Body, RawBody};
use crate::metrics::CheckMetrics;
use crate::permissions_of_gateway::EXPLAIN;

mod batch;

endpoints! { TABLE, "decisions", Iam;
    /// Check a permission.
    ///
    /// May the user do this? A user that is not in the tenant may nothing.
    POST "/api/v1/tenants/{id}/integration/check-permission" => check, Can(Decisions, Check), Unaudited;
    /// Check many permissions.
    ///
    /// Up to 10,000 questions; the results stand in their order. An invalid item is
    /// `allowed: false` with `error`, never a failed batch.
    POST "/api/v1/tenants/{id}/integration/batch-check-permissions" => check_batch, Can(Decisions, Check), Unaudited, Batch;
}

/// One question.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Check {
    user_id: uuid::Uuid,
    resource: String,
    action: String,
    /// Attributes for policies.
    #[serde(default, rename = "context")]
    _context: Option<Free>,
    /// A version of the decision model that must have been reached.
    #[serde(default)]
    min_version: Option<String>,
    /// Answer with a reason; needs `decisions:explain`.
    #[serde(default)]
    reasons: bool,
}

/// The decision.
#[derive(Serialize, JsonSchema)]
struct Decision {
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    policy_version: String,
}

pub(super) const GRANTED: &str = "a grant covers the action";
pub(super) const NOT_GRANTED: &str = "no grant covers the action";
pub(super) const NO_USER: &str = "the user is not in the tenant";

async fn check(ctx: Ctx, Body(body): Body<Check>) -> Result<Found<Decision>> {
    let question = Question::new(&body.resource, &body.action)
        .map_err(|error| Error::invalid("resource", error.to_string()))?;
    may_explain(&ctx, body.reasons)?;
    reached(&ctx, body.min_version.as_deref())?;
    let tenant = ctx.tenant()?;
    let rights = tenant.rights(Judge::User(UserId::from_uuid(body.user_id))).await?;
    let allowed = rights.as_ref().is_some_and(|rights| rights.allows(&question));
    ctx.shared.checks.check.decided(u64::from(allowed), u64::from(!allowed));
    let reason = match (allowed, &rights) {
        (true, _) => GRANTED,
        (false, Some(_)) => NOT_GRANTED,
        (false, None) => NO_USER,
    };
    let policy_version = tenant.policy_version().to_string();
    Ok(Found::plain(Decision { allowed, reason: body.reasons.then_some(reason), policy_version }))
}

/// Reasons tell of the model: they need a right of their own.
fn may_explain(ctx: &Ctx, reasons: bool) -> Result<()> {
    if !reasons || ctx.caller()?.rights.holds(EXPLAIN) {
        return Ok(());
    }
    Err(Error::forbidden("The credential does not hold the permission that this needs")
        .detail(format!("`reasons` needs: {}", EXPLAIN.name())))
}

/// A version that a caller has seen on a write must be there before it is asked about.
fn reached(ctx: &Ctx, min_version: Option<&str>) -> Result<()> {
    let Some(text) = min_version else { return Ok(()) };
    let version: u64 = text.parse().map_err(|_| {
        Error::invalid("min_version", "is no version that an answer of this API has carried")
    })?;
    if version <= ctx.tenant()?.policy_version() || version <= ctx.shared.store.last_applied().0 {
        return Ok(());
    }
    let message = "The decision model has not reached this version";
    Err(Error::new(Kind::Unavailable, Code::VersionNotReached, message).retry_after(1))
}

async fn check_batch(
    ctx: Ctx,
    RawBody(body, PhantomData): RawBody<batch::Batch<'static>>,
) -> Result<batch::Decisions> {
    batch::decide(&ctx, &body).await
}

/// Where decisions are counted, by door.
pub(crate) struct Checks {
    check: CheckMetrics,
    batch: CheckMetrics,
    pub(crate) authorize: CheckMetrics,
}

impl Checks {
    pub(crate) fn new() -> Self {
        Self {
            check: CheckMetrics::of("check"),
            batch: CheckMetrics::of("batch"),
            authorize: CheckMetrics::of("authorize"),
        }
    }
}

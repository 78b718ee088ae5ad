//! What a key may ask about itself.

use latchkey_actors::decisions::Question;
use latchkey_actors::error::{Error, Result};
use latchkey_storage::tables::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::answer::Found;
use crate::api::api_keys::wire::OwnerBody;
use crate::context::Ctx;
use crate::extract::Body;
use crate::extract::json::Free;

/// The calling key.
#[derive(Serialize, JsonSchema)]
pub(super) struct Me {
    key_id: Uuid,
    tenant_id: Uuid,
    owner_type: String,
    owner_id: Uuid,
    scopes: Vec<String>,
    roles: Vec<String>,
    groups: Vec<String>,
    permissions: Vec<String>,
}

pub(super) async fn me(ctx: Ctx) -> Result<Found<Me>> {
    let caller = ctx.caller()?;
    let key = &caller.entry.key;
    let rights = ctx.holder().await?;
    let home = ctx.shared.registry.tenant(caller.tenant).await?;
    let roles = key.roles.clone();
    let roles = home.read(move |view| latchkey_actors::roles::names(view, &roles)).await?;
    let groups = match key.owner {
        Owner::User(user) => {
            home.read(move |view| latchkey_actors::groups::names_of_user(view, user)).await?
        }
        _ => Vec::new(),
    };
    let owner = OwnerBody::of(key.owner, caller.tenant);
    Ok(Found::plain(Me {
        key_id: key.id.uuid(),
        tenant_id: caller.tenant.uuid(),
        owner_type: owner.kind,
        owner_id: owner.id,
        scopes: key.scopes.clone(),
        roles,
        groups,
        permissions: rights.names().iter().map(ToString::to_string).collect(),
    }))
}

/// A question about the calling key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Authorize {
    resource: String,
    action: String,
    /// Attributes for policies.
    #[serde(default, rename = "context")]
    _context: Option<Free>,
}

/// The decision.
#[derive(Serialize, JsonSchema)]
pub(super) struct Decision {
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

pub(super) async fn authorize(ctx: Ctx, Body(body): Body<Authorize>) -> Result<Found<Decision>> {
    let question = Question::new(&body.resource, &body.action)
        .map_err(|error| Error::invalid("resource", error.to_string()))?;
    let allowed = ctx.holder().await?.allows(&question);
    ctx.shared.checks.authorize.decided(u64::from(allowed), u64::from(!allowed));
    let reason = (!allowed).then_some("no grant covers the action");
    Ok(Found::plain(Decision { allowed, reason }))
}

//! Revoking a key.

use latchkey_actors::api_keys::{self as domain};
use latchkey_actors::error::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::shapes::Person;
use crate::answer::Found;
use crate::context::Ctx;
use crate::extract::{KeyId, Path};
use crate::wire::Millis;

const DAY_MS: i64 = 86_400_000;
/// How long a revoked key stays in lists.
const RETENTION_DAYS: i64 = 90;

/// A key that was revoked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Revoked {
    id: uuid::Uuid,
    name: String,
    prefix: String,
    previous_status: &'static str,
    status: &'static str,
    revoked_at: Option<Millis>,
    revoked_by: Option<Person>,
    retention_days: i64,
    permanent_deletion_date: Option<Millis>,
}

pub(super) async fn revoke(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<Found<Revoked>> {
    let command = domain::Revoke { id, if_match: ctx.if_match()? };
    let revoked = ctx.tenant()?.execute(ctx.who(), command).await?;
    let key = revoked.key;
    if revoked.before {
        return Err(domain::already_revoked(&key));
    }
    let gone = key.revoked_at.map(|at| Millis(at + RETENTION_DAYS * DAY_MS));
    let data = Revoked {
        id: key.id.uuid(),
        name: key.name,
        prefix: key.prefix,
        previous_status: revoked.previous_status,
        status: "revoked",
        revoked_at: key.revoked_at.map(Millis),
        revoked_by: key.updated_by.as_ref().map(Person::from),
        retention_days: RETENTION_DAYS,
        permanent_deletion_date: gone,
    };
    Ok(Found::new("API key revoked successfully", data))
}

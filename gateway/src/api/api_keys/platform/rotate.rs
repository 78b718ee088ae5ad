//! Giving a key a new key string.

use latchkey_actors::api_keys::{self as domain};
use latchkey_actors::error::Result;
use latchkey_storage::tables::Tenant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::{Key, Person};
use crate::answer::Found;
use crate::context::Ctx;
use crate::extract::{KeyId, MaybeBody, Path};
use crate::wire::Millis;

/// How a key is rotated.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rotation {
    /// How long the old key string works on, in minutes.
    #[serde(default)]
    grace_period_minutes: Option<u32>,
    /// A new lifetime, in days.
    #[serde(default)]
    expires_in: Option<u32>,
}

/// A key that was rotated, with its new key string: it is told once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rotated {
    #[serde(flatten)]
    key: Key,
    new_api_key: String,
    new_prefix: String,
    previous_prefix: String,
    rotation: RotationDetails,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RotationDetails {
    rotated_at: Option<Millis>,
    rotated_by: Option<Person>,
    rotation_count: u32,
    previous_key_invalidated_at: Option<Millis>,
    grace_period: Option<Grace>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grace {
    enabled: bool,
    minutes: u32,
    previous_key_valid_until: Millis,
}

pub(super) async fn rotate(
    ctx: Ctx,
    Path(KeyId(id)): Path<KeyId>,
    MaybeBody(body): MaybeBody<Rotation>,
) -> Result<Found<Rotated>> {
    let body = body.unwrap_or_default();
    let tenant = ctx.tenant()?;
    let row = tenant.row();
    let (key, ..) = tenant.read(move |view| domain::fetch(view, id)).await?;
    let shared = ctx.shared.registry.shared();
    let (keyring, entropy) = (shared.store.keyring(), shared.entropy.as_ref());
    let (secret, fingerprint) = domain::draw(key.environment, &row.code, keyring, entropy);
    let grace_minutes = body.grace_period_minutes.unwrap_or(0);
    let command = domain::Rotate {
        id,
        grace_minutes,
        expires_in_days: body.expires_in,
        if_match: ctx.if_match()?,
        secret,
        fingerprint,
    };
    let rotated = tenant.execute(ctx.who(), command).await?;
    let message = match rotated.grace_until {
        Some(_) => "API key rotated successfully with grace period",
        None => "API key rotated successfully",
    };
    let version = rotated.key.version;
    let answer = rotation(&rotated, grace_minutes, &row, ctx.now_ms);
    Ok(Found::new(message, answer).tagged(version))
}

fn rotation(rotated: &domain::Rotated, minutes: u32, tenant: &Tenant, now_ms: i64) -> Rotated {
    let key = &rotated.key;
    let at = key.last_rotated_at.map(Millis);
    Rotated {
        new_api_key: rotated.secret.expose().to_owned(),
        new_prefix: key.prefix.clone(),
        previous_prefix: rotated.previous_prefix.clone(),
        rotation: RotationDetails {
            rotated_at: at,
            rotated_by: key.updated_by.as_ref().map(Person::from),
            rotation_count: key.rotation_count,
            previous_key_invalidated_at: at.filter(|_| rotated.grace_until.is_none()),
            grace_period: rotated.grace_until.map(|until| Grace {
                enabled: true,
                minutes,
                previous_key_valid_until: Millis(until),
            }),
        },
        key: Key::of(key, tenant, now_ms),
    }
}

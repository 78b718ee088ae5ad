//! Passwords are hashed off the workers, few at a time.

use std::sync::Arc;

use latchkey_actors::error::{Error, Result};
use latchkey_actors::users::hash_password;
use tokio::sync::Semaphore;

use super::wire::Password;
use crate::context::Ctx;

/// Hashes at a time; each takes 19 MiB and some 20 ms of a processor.
const HASHES_MAX: usize = 2;
/// Requests that hash or wait for it, at most: those that wait hold a connection each.
const WAITING_MAX: usize = 64;

static PLACES: Semaphore = Semaphore::const_new(WAITING_MAX);
static HASHERS: Semaphore = Semaphore::const_new(HASHES_MAX);

/// The hash of a password that a body brought.
///
/// # Errors
/// 422 for one that is too short or too long, 503 when too many wait.
pub(super) async fn hashed(ctx: &Ctx, password: Option<Password>) -> Result<Option<String>> {
    let Some(password) = password else { return Ok(None) };
    let busy = |_| Error::unavailable("Too many passwords are being set at once");
    let _place = PLACES.try_acquire().map_err(busy)?;
    let turn = HASHERS.acquire().await.map_err(Error::internal)?;
    let entropy = Arc::clone(&ctx.shared.registry.shared().entropy);
    let hash = tokio::task::spawn_blocking(move || {
        // The turn goes with the work: a request that is given up does not end its hash.
        let _turn = turn;
        hash_password(&password.0, entropy.as_ref())
    });
    hash.await.map_err(Error::internal)?.map(Some)
}

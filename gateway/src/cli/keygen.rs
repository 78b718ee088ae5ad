//! `latchkey keygen`: a key string for a store that is to be initialised by its environment.

use clap::Args;
use latchkey_actors::api_keys::Secret;
use latchkey_actors::tenants::code;
use latchkey_storage::OsEntropy;
use latchkey_storage::tables::Environment;

use super::failure::Failure;
use super::out;

/// Print a key string for `BOOTSTRAP_ADMIN_KEY`: `serve` begins an empty store with it.
#[derive(Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments) -> Result<(), Failure> {
    let secret = Secret::generate(Environment::Live, &code(&OsEntropy), &OsEntropy);
    out::line(secret.expose())
}

//! The secrets of the environment: the master key, and the key that an empty store begins with.

use std::fs;
use std::path::Path;

use latchkey_actors::api_keys::Secret;
use latchkey_storage::MasterKey;
use zeroize::Zeroizing;

use super::ConfigError;
use super::variables::Variables;

const MASTER_KEY: &str = "MASTER_KEY";
const MASTER_KEY_FILE: &str = "MASTER_KEY_FILE";
const BOOTSTRAP: &str = "BOOTSTRAP_ADMIN_KEY";
const BOOTSTRAP_FILE: &str = "BOOTSTRAP_ADMIN_KEY_FILE";

/// What is read apart from the configuration, so that it is never printed with it.
pub struct Secrets {
    pub master_key: Option<MasterKey>,
    pub bootstrap: Option<BootstrapKey>,
}

/// The administrator key that an empty store is begun with.
pub struct BootstrapKey(pub Secret);

impl Secrets {
    /// Reads both, from the variables or from the files that they name.
    ///
    /// # Errors
    /// A variable set twice over, a file that cannot be read, or a text that is no such key.
    pub fn read(variables: &Variables) -> Result<Self, ConfigError> {
        Ok(Self { master_key: master_key(variables)?, bootstrap: bootstrap(variables)? })
    }
}

fn master_key(variables: &Variables) -> Result<Option<MasterKey>, ConfigError> {
    let Some((text, from)) = either(variables, MASTER_KEY, MASTER_KEY_FILE)? else {
        return Ok(None);
    };
    MasterKey::from_text(&text).map(Some).map_err(|_| ConfigError::MasterKey(from))
}

fn bootstrap(variables: &Variables) -> Result<Option<BootstrapKey>, ConfigError> {
    let Some((text, from)) = either(variables, BOOTSTRAP, BOOTSTRAP_FILE)? else {
        return Ok(None);
    };
    let secret = Secret::parse(text.trim().to_owned());
    secret.map(|secret| Some(BootstrapKey(secret))).ok_or(ConfigError::BootstrapKey(from))
}

/// The text of a variable, or of the file that its other form names, and which of them it was.
fn either(
    variables: &Variables,
    name: &'static str,
    file: &'static str,
) -> Result<Option<(Zeroizing<String>, String)>, ConfigError> {
    match (variables.get(name), variables.get(file)) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some((Zeroizing::new(text.to_owned()), name.to_owned()))),
        (None, Some(path)) => Ok(Some((content(Path::new(path), file)?, path.to_owned()))),
        (Some(_), Some(_)) => Err(ConfigError::Twice(name)),
    }
}

fn content(path: &Path, variable: &str) -> Result<Zeroizing<String>, ConfigError> {
    let unreadable =
        |cause| ConfigError::unreadable(&format!("the file that `{variable}` names,"), path, cause);
    fs::read_to_string(path).map(Zeroizing::new).map_err(unreadable)
}

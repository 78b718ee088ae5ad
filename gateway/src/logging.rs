//! The log: structured lines on standard error, never a secret.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{ConfigError, LogFormat, Variables};

/// What is logged unless `RUST_LOG` says otherwise: what the gateway does, and what goes wrong in
/// the libraries under it.
const DEFAULT: &str = "warn,latchkey=info,latchkey_gateway=info,latchkey_actors=info,\
                       latchkey_storage=info";
const QUIET: &str = "warn";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(transparent)]
    Filter(#[from] ConfigError),
    #[error("cannot start the log: {0}")]
    Taken(#[from] TryInitError),
}

/// Starts the log of this process; a quiet one carries warnings alone.
///
/// # Errors
/// A `RUST_LOG` that cannot be read, or a log that was started before.
pub fn init(format: LogFormat, quiet: bool, variables: &Variables) -> Result<(), LogError> {
    let filter = filter(variables.get("RUST_LOG"), if quiet { QUIET } else { DEFAULT })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
        LogFormat::Pretty => lines.finish().try_init(),
    }
    .map_err(LogError::from)
}

fn filter(directives: Option<&str>, default: &str) -> Result<EnvFilter, ConfigError> {
    let directives = directives.unwrap_or(default);
    EnvFilter::builder()
        .parse(directives)
        .map_err(|error| ConfigError::LogFilter(format!("`{directives}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_targets_are_filters_and_nothing_else_is() {
        for good in [None, Some("debug"), Some("warn,latchkey_gateway=trace"), Some("off")] {
            assert!(filter(good, DEFAULT).is_ok(), "{good:?}");
        }
        let wrong = filter(Some("latchkey=loud"), DEFAULT).unwrap_err().to_string();
        assert!(wrong.contains("`latchkey=loud`"), "{wrong}");
    }
}

//! How a command fails: a sentence on standard error, and an exit code.

use std::fmt::Display;
use std::process::ExitCode;

use latchkey_actors::error::Error;
use latchkey_storage::StoreError;

use super::out;
use crate::config::ConfigError;
use crate::instance::InstanceError;
use crate::logging::LogError;

const FAILED: u8 = 1;
const UNUSABLE: u8 = 2;

/// Why a command did not do what it was asked.
pub(super) struct Failure {
    code: u8,
    sentence: String,
}

impl Failure {
    /// It was asked rightly and could not.
    pub(super) fn failed(sentence: impl Display) -> Self {
        Self { code: FAILED, sentence: sentence.to_string() }
    }

    /// Arguments or configuration cannot be used.
    pub(super) fn unusable(sentence: impl Display) -> Self {
        Self { code: UNUSABLE, sentence: sentence.to_string() }
    }

    pub(super) fn report(&self) -> ExitCode {
        out::note(format_args!("latchkey: {}", self.sentence));
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::unusable(error)
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::unusable(error)
    }
}

impl From<InstanceError> for Failure {
    fn from(error: InstanceError) -> Self {
        match error {
            InstanceError::Config(error) => error.into(),
            error => Self::failed(error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        InstanceError::from(error).into()
    }
}

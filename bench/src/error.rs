//! What can end a measurement.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot {what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("`{name}` {reason}")]
    Child { name: String, reason: String },
    #[error("wrong answer from {address}: {reason}")]
    Answer { address: SocketAddr, reason: String },
    #[error("data set `{path}` {reason}; name another with --data-set", path = .path.display())]
    DataSet { path: PathBuf, reason: String },
    #[error("interrupted; the servers were ended and the data directory removed")]
    Interrupted,
}

impl Error {
    /// For `map_err`: `what` completes "cannot …".
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(crate) fn child(name: &str, reason: impl Into<String>) -> Self {
        Self::Child { name: name.to_owned(), reason: reason.into() }
    }

    pub(crate) fn data_set(path: &Path, reason: impl Into<String>) -> Self {
        Self::DataSet { path: path.to_owned(), reason: reason.into() }
    }
}

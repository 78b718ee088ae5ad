//! What can go wrong between a store and its disk, worded for whoever runs it.

use std::fmt;
use std::path::{Path, PathBuf};

/// A place in the store that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrupt {
    /// The table, the column family or the file.
    pub place: String,
    /// The key of the row without tenant and tag, in hexadecimal; empty when it is not a row.
    pub key: String,
    pub reason: String,
}

impl Corrupt {
    /// A damaged row, by its table and its own key.
    pub fn row(table: &str, own_key: &[u8], reason: &str) -> Corrupt {
        Corrupt { place: table.to_owned(), key: hex::encode(own_key), reason: reason.to_owned() }
    }

    /// A damaged file, or `RocksDB`'s own complaint.
    pub fn place(place: impl Into<String>, reason: impl Into<String>) -> Corrupt {
        Corrupt { place: place.into(), key: String::new(), reason: reason.into() }
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Corrupt { place, key, reason } = self;
        if key.is_empty() {
            write!(out, "{place}: {reason}")
        } else {
            write!(out, "{place} `{key}`: {reason}")
        }
    }
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("there is no store in `{}`: run `latchkey init` first, or name another folder", .0.display())]
    NotInitialised(PathBuf),
    #[error("there is a store in `{}` already: open it, or name an empty folder", .0.display())]
    AlreadyInitialised(PathBuf),
    #[error("the store in `{}` is in use by another process: stop it first", .0.display())]
    Locked(PathBuf),
    #[error(
        "the store has format {found} and this program reads up to {supported}: use a newer program"
    )]
    Newer { found: u32, supported: u32 },
    #[error("the master key does not open this store: give the key that it was created with")]
    WrongMasterKey,
    #[error("the store is damaged in {0}: restore a backup")]
    Corrupt(Corrupt),
    #[error("the folder `{}` is not empty: name an empty one, or one that does not exist", .0.display())]
    NotEmpty(PathBuf),
    #[error("the store takes no writes since one failed: free the disk or repair it, then restart")]
    ReadOnly,
    #[error("all readers of the store are busy and their queue is full: try again")]
    Busy,
    #[error("a read of the store ended without an answer: its reader failed")]
    Abandoned,
    #[error("the system failed while {doing}: {detail}")]
    Io { doing: &'static str, detail: String },
}

impl StoreError {
    /// Sorts `RocksDB`'s error into damage and everything else.
    pub(crate) fn rocks(doing: &'static str, error: &rocksdb::Error) -> StoreError {
        match error.kind() {
            rocksdb::ErrorKind::Corruption => {
                StoreError::Corrupt(Corrupt::place("RocksDB", error.as_ref()))
            }
            _ => StoreError::Io { doing, detail: error.as_ref().to_owned() },
        }
    }

    pub(crate) fn io(doing: &'static str, path: &Path, error: &std::io::Error) -> StoreError {
        StoreError::Io { doing, detail: format!("`{}`: {error}", path.display()) }
    }
}

impl From<Corrupt> for StoreError {
    fn from(corrupt: Corrupt) -> StoreError {
        StoreError::Corrupt(corrupt)
    }
}

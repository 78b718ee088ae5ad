//! One process at a time: the lock on a store's folder.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::error::StoreError;

/// The file whose lock stands for the folder. `RocksDB` has a lock of its own, but takes it only
/// when it opens, after the log was checked.
pub(crate) const FILE: &str = "latchkey.lock";

/// Locks a folder that exists, for as long as the file lives.
pub(crate) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(FILE);
    let failed = |error: &_| StoreError::io("locking the store", &path, error);
    let mut how = fs::OpenOptions::new();
    let file = how.read(true).write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}

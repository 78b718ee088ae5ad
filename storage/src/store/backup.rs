//! Backups: a checkpoint of a running store, and its way back.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rocksdb::checkpoint::Checkpoint;

use crate::error::StoreError;
use crate::store::{Store, lock};

impl Store {
    /// Writes a consistent copy of the store to a folder that does not exist yet. Writers go on
    /// meanwhile; on the same file system table files are linked, not copied.
    pub fn checkpoint(&self, to: &Path) -> Result<(), StoreError> {
        if to.exists() {
            return Err(StoreError::NotEmpty(to.to_owned()));
        }
        let failed = |error: &_| StoreError::rocks("writing a backup", error);
        let checkpoint = Checkpoint::new(&self.db).map_err(|error| failed(&error))?;
        checkpoint.create_checkpoint(to).map_err(|error| failed(&error))
    }
}

/// Copies a checkpoint into a folder that is empty or does not exist.
pub fn restore(from: &Path, to: &Path) -> Result<(), StoreError> {
    if !from.join("CURRENT").exists() {
        return Err(StoreError::NotInitialised(from.to_owned()));
    }
    // A checkpoint has no lock file; the folder of a running store has one, and it is taken.
    let _lock = from.join(lock::FILE).exists().then(|| lock::lock(from)).transpose()?;
    let failed = |error: &_| StoreError::io("restoring a backup", to, error);
    fs::create_dir_all(to).map_err(|error| failed(&error))?;
    if fs::read_dir(to).map_err(|error| failed(&error))?.next().is_some() {
        return Err(StoreError::NotEmpty(to.to_owned()));
    }
    copy(from, to).map_err(|error| failed(&error))
}

/// Copies the files of a flat folder; `CURRENT`, which makes it a store, comes last.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && name != lock::FILE && name != "CURRENT" {
            copy_file(&entry.path(), &to.join(name))?;
        }
    }
    File::open(to)?.sync_all()?;
    copy_file(&from.join("CURRENT"), &to.join("CURRENT"))?;
    File::open(to)?.sync_all()?;
    sync_parent(to)
}

/// Makes a new folder durable in the one that holds it.
pub(crate) fn sync_parent(folder: &Path) -> io::Result<()> {
    match folder.canonicalize()?.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

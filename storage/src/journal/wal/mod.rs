//! The check of `RocksDB`'s log files before `RocksDB` replays them.
//!
//! Of `RocksDB`'s recovery modes none does what is wanted. The one that tolerates a torn tail takes a
//! flipped byte in a length for the end of the log, and drops every record after it without a word;
//! a flip in a type can end a log early too. The strict one refuses every crash in the middle of an
//! append. So the files are read here first, by the same format (`log_format.h` of `RocksDB`: blocks
//! of 32 KiB, each physical record with CRC-32C, length and type):
//!
//! - A log that ends within a record, as after a crash in the middle of an append, is cut back to
//!   the last whole record. Its writer was never answered.
//! - Damage with a whole record after it refuses the start: in synced mode the log only goes on
//!   after what came before was durable, so this is never a torn tail.
//! - A last record that is there in full length but does not match its checksum refuses the start
//!   too, and so does one that would match it at another length. A single flipped byte is thus seen
//!   wherever it is. Zeros from some point to the end are a torn tail: the file had grown, its bytes
//!   had not arrived.
//! - Records are numbered without gaps, across the files and from the table files on: a missing
//!   file, or records missing between two others, refuse the start.
//!
//! What cannot be told apart: a log whose newest records are missing as a whole, cut exactly between
//! two records, or a lost newest file, look like a crash before they were written. Only a second
//! copy of the log can know better. In buffered mode, a crash of the machine may leave later bytes
//! of the log on the disk and earlier ones not; that is refused as damage, not repaired.
//!
//! Once the check has passed, `RocksDB` replays the log in its strictest mode.

mod file;
mod physical;

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::batch::Seq;
use crate::error::{Corrupt, StoreError};

/// Checks the log files of a folder that are still needed, cuts off torn tails, and gives the last
/// record.
///
/// [`Store::open`](crate::Store::open) does this, under the lock of the store.
///
/// `number_min`: files with a lower number are not needed. `persisted`: the last record that the
/// table files hold.
pub fn check(folder: &Path, number_min: u64, persisted: Seq) -> Result<Seq, StoreError> {
    let files = log_files(folder, number_min)
        .map_err(|error| StoreError::io("listing the commit log", folder, &error))?;
    let mut chain = Chain { last: None, persisted };
    for path in files {
        let bytes = fs::read(&path)
            .map_err(|error| StoreError::io("reading the commit log", &path, &error))?;
        let damaged = |reason: String| Corrupt::place(path.display().to_string(), reason);
        let end = file::read(&bytes, |groups| chain.follow(groups)).map_err(damaged)?;
        if end < bytes.len() {
            cut(&path, end as u64)
                .map_err(|error| StoreError::io("cutting a torn record off", &path, &error))?;
        }
    }
    Ok(chain.last.unwrap_or(persisted).max(persisted))
}

/// The log files in the order of their numbers.
fn log_files(folder: &Path, number_min: u64) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let number = stem.and_then(|stem| stem.parse::<u64>().ok());
        if let Some(number) = number
            && number >= number_min
            && path.extension().is_some_and(|extension| extension == "log")
        {
            files.push((number, path));
        }
    }
    files.sort_unstable();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

fn cut(path: &Path, bytes: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(bytes)?;
    file.sync_all()
}

/// The records that one batch of the log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: Seq,
    pub(crate) last: Seq,
}

/// Records follow each other without gaps, from what the table files hold on.
struct Chain {
    last: Option<Seq>,
    persisted: Seq,
}

impl Chain {
    fn follow(&mut self, next: Span) -> Result<(), String> {
        let joined = match self.last {
            Some(last) => next.first == last.next(),
            // The oldest file that is still there may begin with records that are in the tables.
            None => next.first <= self.persisted.next(),
        };
        if !joined {
            let last = self.last.unwrap_or(self.persisted);
            return Err(format!("record {} follows record {last}: some are missing", next.first));
        }
        self.last = Some(next.last);
        Ok(())
    }
}

//! The rows of the instance itself: format, keyring and the end of the commit log. They live in a
//! column family of their own, under fixed names.

use crate::batch::Seq;
use crate::codec::Row;
use crate::crypto::{KeyringRows, Sealed};
use crate::error::Corrupt;
use crate::key;
use crate::rows;

/// The column family of the rows of the instance.
pub(crate) const FAMILY: &str = "instance";
/// The newest store format that this program reads, and the one it writes.
pub const FORMAT: u32 = 1;

/// The store format, a plain `u32`, so that every version of the program can read it.
pub(crate) const FORMAT_KEY: &[u8] = b"format";
pub(crate) const CHECK_KEY: &[u8] = b"check";
pub(crate) const PEPPER_KEY: &[u8] = b"pepper";
/// The end of the commit log: written last in every batch of records.
pub(crate) const APPLIED_KEY: &[u8] = b"applied";

rows! { Sealed = 1; }

/// How far the commit log was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The last record of the batch.
    pub(crate) seq: Seq,
    /// How many records the batch holds.
    pub(crate) records: u32,
    /// BLAKE3 over the digest before and the encoded record, record after record.
    pub(crate) digest: [u8; 32],
}

impl Applied {
    pub(crate) const BYTES: usize = 8 + 4 + 32;
    /// Before the first record.
    pub(crate) const START: Applied = Applied { seq: Seq(0), records: 0, digest: [0; 32] };

    pub(crate) fn encode(&self) -> Vec<u8> {
        key::encode(&(self.seq.0, self.records, self.digest))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Applied> {
        let (seq, records, digest) = key::decode(bytes)?;
        Some(Applied { seq: Seq(seq), records, digest })
    }
}

/// All rows of an instance.
pub(crate) struct Instance {
    pub(crate) format: u32,
    pub(crate) applied: Applied,
    pub(crate) keyring: KeyringRows,
}

/// Reads one row of the instance by its name.
pub(crate) type ReadRow<'r, E> = &'r dyn Fn(&'static [u8]) -> Result<Option<Vec<u8>>, E>;

impl Instance {
    /// The format alone; `None` when there is no instance yet.
    pub(crate) fn format<E: From<Corrupt>>(read: ReadRow<'_, E>) -> Result<Option<u32>, E> {
        read(FORMAT_KEY)?
            .map(|row| decoded(FORMAT_KEY, key::decode(&row)))
            .transpose()
            .map_err(E::from)
    }

    /// All rows; `None` when there is no instance yet.
    pub(crate) fn read<E: From<Corrupt>>(read: ReadRow<'_, E>) -> Result<Option<Instance>, E> {
        let Some(format) = Instance::format(read)? else { return Ok(None) };
        let required = |name| read(name)?.ok_or_else(|| E::from(damaged(name, "is missing")));
        let applied = decoded(APPLIED_KEY, Applied::decode(&required(APPLIED_KEY)?))?;
        let check = sealed(CHECK_KEY, &required(CHECK_KEY)?)?;
        let pepper = sealed(PEPPER_KEY, &required(PEPPER_KEY)?)?;
        Ok(Some(Instance { format, applied, keyring: KeyringRows { check, pepper } }))
    }

    /// The names and values to write for a new instance.
    pub(crate) fn encode(&self) -> [(&'static [u8], Vec<u8>); 4] {
        [
            (CHECK_KEY, Row::encode(&self.keyring.check)),
            (PEPPER_KEY, Row::encode(&self.keyring.pepper)),
            (APPLIED_KEY, self.applied.encode()),
            (FORMAT_KEY, key::encode(&(self.format,))),
        ]
    }
}

fn sealed(name: &[u8], row: &[u8]) -> Result<Sealed, Corrupt> {
    Sealed::decode(row).map_err(|error| damaged(name, &error.to_string()))
}

fn decoded<T>(name: &[u8], value: Option<T>) -> Result<T, Corrupt> {
    value.ok_or_else(|| damaged(name, "does not decode"))
}

fn damaged(name: &[u8], reason: &str) -> Corrupt {
    let name = String::from_utf8_lossy(name);
    Corrupt::place("the instance", format!("its row `{name}` {reason}"))
}

//! What a command changes: operations on rows, gathered into one record of the commit log.

mod record;

use std::fmt;

pub use record::{Record, RecordError};

use crate::error::{Corrupt, StoreError};
use crate::id::TenantId;
use crate::table::{self, Family, KEY_HEAD_BYTES, Table};

/// The place of a record in the commit log, from 1 on without gaps; 0 stands before the first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    bincode::Encode,
    bincode::Decode,
)]
pub struct Seq(pub u64);

impl Seq {
    #[must_use]
    pub const fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A tenant's version: the [`Seq`] of its last applied record, 0 for none.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    bincode::Encode,
    bincode::Decode,
)]
pub struct Version(pub u64);

impl From<Seq> for Version {
    fn from(seq: Seq) -> Version {
        Version(seq.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// One row put (`value` is there) or deleted.
#[derive(Clone, PartialEq, Eq)]
pub struct Op {
    pub family: Family,
    /// The whole key: tenant, tag, the table's own.
    pub key: Vec<u8>,
    /// The encoded row.
    pub value: Option<Vec<u8>>,
}

impl Op {
    /// The table's tag; 0 when the key is too short to have one.
    pub fn tag(&self) -> u8 {
        self.key.get(KEY_HEAD_BYTES - 1).copied().unwrap_or(0)
    }

    /// The tenant; `None` when the key is too short to have one.
    pub fn tenant(&self) -> Option<TenantId> {
        self.key.first_chunk().copied().map(TenantId::new)
    }

    /// The key without tenant and tag.
    pub fn own_key(&self) -> &[u8] {
        self.key.get(KEY_HEAD_BYTES..).unwrap_or_default()
    }

    /// The key, and the value where one is put, when the row is one of this table.
    #[expect(clippy::type_complexity, reason = "each layer says something else went wrong")]
    pub fn of<T: Table>(&self) -> Option<Result<(T::Key, Option<T::Value>), StoreError>> {
        let mine =
            self.key.len() >= KEY_HEAD_BYTES && self.tag() == T::TAG && self.family == T::FAMILY;
        mine.then(|| self.decode::<T>().map_err(StoreError::from))
    }

    fn decode<T: Table>(&self) -> Result<(T::Key, Option<T::Value>), Corrupt> {
        let own = self.own_key();
        let value = self.value.as_deref().map(|value| table::decode_value::<T>(own, value));
        Ok((table::decode_key::<T>(own)?, value.transpose()?))
    }
}

/// Shows the key and the size of the value: rows may hold what no log should.
impl fmt::Debug for Op {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.value {
            Some(value) => format!("put {} bytes", value.len()),
            None => "delete".to_owned(),
        };
        write!(out, "Op({} {} {what})", self.family.name(), hex::encode(&self.key))
    }
}

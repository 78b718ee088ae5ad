//! Small records that several nouns share.

use bincode::{Decode, Encode};

use crate::crypto::Sealed;
use crate::rows;

/// A link between two objects: a role of a user, a member of a group, a permission of a role.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Assignment {
    /// Unix milliseconds after which the link counts no longer; none: it stays.
    pub expires_at: Option<i64>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Who made it.
    pub created_by: Author,
}

/// Who did something: a key, or the command line.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Author {
    /// `api_key` or `system`.
    pub kind: String,
    /// The UUID of the key, all zeros for the command line.
    pub id: [u8; 16],
    /// The name it had then.
    pub name: String,
}

/// A row whose key says everything.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Present;

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Count(pub u64);

/// A tenant's version: the sequence of its last applied record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Version(pub u64);

/// The kept answer of a create.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Idempotency {
    /// Keyed hash of method, path and body of the request that was answered.
    pub request: [u8; 32],
    /// The answer, sealed under the tenant's data key.
    pub answer: Sealed,
    /// Unix milliseconds; later it is as if it had never been.
    pub expires_at: i64,
}

rows! { Assignment = 1; Present = 1; Count = 1; Version = 1; Idempotency = 1; }

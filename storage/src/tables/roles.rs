//! Records of the roles.

use bincode::{Decode, Encode};

use crate::id::RoleId;
use crate::rows;

/// One role that a tenant made. The built-in ones have no row.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// Roles whose permissions it has too.
    pub parents: Vec<RoleId>,
    /// A JSON object, as text.
    pub metadata: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
    /// Counts the changes of this row; its entity tag.
    pub version: u64,
}

/// Points to a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RoleRef(pub RoleId);

rows! { Role = 1; RoleRef = 1; }

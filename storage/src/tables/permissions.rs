//! Records of the permissions.

use bincode::{Decode, Encode};

use crate::id::PermissionId;
use crate::rows;

/// One permission: a pair of resource and action.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Permission {
    pub id: PermissionId,
    /// `resource:action`, or `*`.
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// A JSON object, as text.
    pub conditions: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
    /// Counts the changes of this row; its entity tag.
    pub version: u64,
}

/// Points to a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PermissionRef(pub PermissionId);

rows! { Permission = 1; PermissionRef = 1; }

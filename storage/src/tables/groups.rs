//! Records of the groups.

use bincode::{Decode, Encode};

use crate::id::GroupId;
use crate::rows;

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Group {
    pub id: GroupId,
    /// Members of this group are members of its parent, too.
    pub parent: Option<GroupId>,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// A JSON object, as text.
    pub metadata: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
    /// Counts the changes of this row; its entity tag.
    pub version: u64,
}

/// Points to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GroupRef(pub GroupId);

rows! { Group = 1; GroupRef = 1; }

//! Committed row changes, as the model takes them.

use latchkey_storage::id::{GroupId, RoleId};

use crate::permissions::name::PermissionName;

/// One row put, or removed where its state is `None` (or `granted` is false).
///
/// Rows stand for themselves: a grant of a role that has no row, or a role given to a group that
/// has none, is remembered and counts once the row is there. So the order of rows of different
/// keys does not matter, and of the same key the last one counts.
#[derive(Clone, Debug)]
pub enum Change {
    /// A role and what it inherits from.
    Role { id: RoleId, state: Option<RoleState> },
    /// A name granted to a role.
    RoleGrant { role: RoleId, name: PermissionName, granted: bool },
    /// A group and the one above it.
    Group { id: GroupId, state: Option<GroupState> },
    /// A role given to a group.
    GroupRole { group: GroupId, role: RoleId, state: Option<Assignment> },
}

/// What a role inherits from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleState {
    pub parents: Vec<RoleId>,
}

/// Where a group stands in the tree: its members are members of all the groups above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    pub parent: Option<GroupId>,
}

/// A role given to a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// Milliseconds since 1970; it counts before that moment only.
    pub expires_at: Option<i64>,
}

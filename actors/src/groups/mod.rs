//! Groups: a tree of them, their members and their roles.

mod commands;
mod links;
#[cfg(test)]
mod tests;
mod tree;

pub use commands::{Create, NewGroup, Remove, Restore, Update, fetch, list, returning};
pub use links::{AssignToGroup, UnassignFromGroup, members_of_group, roles_of_group};
pub use tree::path;

pub(crate) use tree::lineage;

/// The names of the groups that a user is a direct member of.
pub fn names_of_user(
    view: &latchkey_storage::View<'_>,
    user: latchkey_storage::id::UserId,
) -> crate::error::Result<Vec<String>> {
    let (groups, _) = crate::users::groups_of_user(view, user, 0, GROUPS_NAMED_MAX)?;
    Ok(groups.into_iter().map(|linked| linked.object.name).collect())
}

/// Groups of one user that are named, at most.
const GROUPS_NAMED_MAX: usize = 1_000;

//! Users, and what is assigned to them.

mod administrator;
mod assignments;
mod commands;
mod info;
mod password;
mod row;
#[cfg(test)]
mod tests;

pub use administrator::guarded;
pub use assignments::{Assign, Join, Leave, MemberPath, Unassign, groups_of_user, roles_of_user};
pub use commands::{Create, Remove, Restore, Update, fetch, list};
pub use info::{UserInfo, user_info};
pub use password::hash_password;
pub use row::{NewUser, parse_status, status_word};

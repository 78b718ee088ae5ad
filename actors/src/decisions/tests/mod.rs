//! The engine against a slow, obvious reference, by random models and by a real one.

mod dataset;
mod hierarchy;
mod model;
mod parts;
mod random;
mod reference;

use latchkey_storage::id::{GroupId, RoleId};
use uuid::Uuid;

use super::{Assignment, Change, Direct, GroupState, Model, Question, RoleState};
use crate::permissions::name::PermissionName;

fn role(n: u128) -> RoleId {
    RoleId::from_uuid(Uuid::from_u128(n))
}

fn group(n: u128) -> GroupId {
    GroupId::from_uuid(Uuid::from_u128(n))
}

fn name(text: &str) -> PermissionName {
    PermissionName::parse(text).unwrap()
}

fn grant(to: u128, text: &str) -> Change {
    Change::RoleGrant { role: role(to), name: name(text), granted: true }
}

fn revoke(from: u128, text: &str) -> Change {
    Change::RoleGrant { role: role(from), name: name(text), granted: false }
}

fn put_role(n: u128, parents: &[u128]) -> Change {
    let parents = parents.iter().map(|&parent| role(parent)).collect();
    Change::Role { id: role(n), state: Some(RoleState { parents }) }
}

fn put_group(n: u128, parent: Option<u128>) -> Change {
    Change::Group { id: group(n), state: Some(GroupState { parent: parent.map(group) }) }
}

fn give(to: u128, n: u128, expires_at: Option<i64>) -> Change {
    let state = Some(Assignment { expires_at });
    Change::GroupRole { group: group(to), role: role(n), state }
}

fn question<'a>(resource: &'a str, action: &'a str) -> Question<'a> {
    Question::new(resource, action).unwrap()
}

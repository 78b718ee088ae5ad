//! What the demonstration is made of, in the order in which it is imported.

use std::fmt;

use latchkey_storage::id::{GroupId, PermissionId, RoleId, UserId};

use super::dataset::{self, Dataset};
use super::people::{self, Person, Team};
use crate::error::Result;
use crate::permissions::PermissionName;

/// 1 January 2025 in Unix milliseconds: the time in the ids, not of the rows.
const IDS_FROM_MS: u64 = 1_735_689_600_000;

/// One step of the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Permissions,
    Roles,
    Grants,
    Groups,
    GroupRoles,
    Users,
    UserRoles,
    Members,
}

impl Part {
    /// In their order: a link comes after what it links.
    pub const ALL: [Part; 8] = [
        Part::Permissions,
        Part::Roles,
        Part::Grants,
        Part::Groups,
        Part::GroupRoles,
        Part::Users,
        Part::UserRoles,
        Part::Members,
    ];
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Part::Permissions => "permissions",
            Part::Roles => "roles",
            Part::Grants => "permissions of roles",
            Part::Groups => "groups",
            Part::GroupRoles => "roles of groups",
            Part::Users => "users",
            Part::UserRoles => "roles of users",
            Part::Members => "members of groups",
        })
    }
}

/// How far the import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loading {
    pub part: Part,
    /// Of all parts together.
    pub done: usize,
    pub total: usize,
}

/// Everything that the tenant is to hold. Links are pairs of places in the lists.
pub(super) struct Parts {
    pub(super) permissions: Vec<PermissionName>,
    pub(super) roles: Vec<(String, String)>,
    pub(super) groups: Vec<Team>,
    pub(super) users: Vec<Person>,
    /// Role and permission.
    pub(super) grants: Vec<(usize, usize)>,
    /// Group and role.
    pub(super) group_roles: Vec<(usize, usize)>,
    /// User and role.
    pub(super) user_roles: Vec<(usize, usize)>,
    /// User and group.
    pub(super) members: Vec<(usize, usize)>,
}

impl Parts {
    pub(super) fn read() -> Result<Self> {
        let data = Dataset::read()?;
        let groups = people::teams(data.roles.len());
        let users = people::people(data.roles.len(), groups.len());
        Ok(Self {
            permissions: data.permissions.iter().map(|text| name(text)).collect::<Result<_>>()?,
            grants: links(&data.roles, |role| &role.permissions),
            group_roles: links(&groups, |group| &group.roles),
            user_roles: links(&users, |user| &user.roles),
            members: links(&users, |user| &user.groups),
            roles: data.roles.into_iter().map(|role| (role.name, role.title)).collect(),
            groups,
            users,
        })
    }

    /// How many rows a part has, the other sides of links not counted.
    pub(super) fn count(&self, part: Part) -> usize {
        match part {
            Part::Permissions => self.permissions.len(),
            Part::Roles => self.roles.len(),
            Part::Grants => self.grants.len(),
            Part::Groups => self.groups.len(),
            Part::GroupRoles => self.group_roles.len(),
            Part::Users => self.users.len(),
            Part::UserRoles => self.user_roles.len(),
            Part::Members => self.members.len(),
        }
    }
}

fn name(text: &str) -> Result<PermissionName> {
    let (resource, action) = dataset::split(text)?;
    PermissionName::parse(&format!("{resource}:{action}")).map_err(crate::error::Error::internal)
}

fn links<T>(owners: &[T], of: impl Fn(&T) -> &[usize]) -> Vec<(usize, usize)> {
    let owners = owners.iter().enumerate();
    owners.flat_map(|(at, owner)| of(owner).iter().map(move |&to| (at, to))).collect()
}

pub(super) fn permission_id(at: usize) -> PermissionId {
    PermissionId::v7(moment(at), &random(b"permission", at))
}

pub(super) fn role_id(at: usize) -> RoleId {
    RoleId::v7(moment(at), &random(b"role", at))
}

pub(super) fn group_id(at: usize) -> GroupId {
    GroupId::v7(moment(at), &random(b"group", at))
}

pub(super) fn user_id(at: usize) -> UserId {
    UserId::v7(moment(at), &random(b"user", at))
}

/// The ids stand in the order of the data.
fn moment(at: usize) -> u64 {
    IDS_FROM_MS + at as u64
}

fn random(kind: &[u8], at: usize) -> [u8; 10] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"latchkey demo ").update(kind).update(&(at as u64).to_be_bytes());
    let mut random = [0; 10];
    hasher.finalize_xof().fill(&mut random);
    random
}

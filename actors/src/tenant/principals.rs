//! A user as a principal: its assignments, and the rights that follow from them.

use std::sync::Arc;

use latchkey_storage::View;
use latchkey_storage::id::{GroupId, RoleId, UserId};
use latchkey_storage::tables as t;

use crate::decisions::{Effective, Model};
use crate::error::Result;

/// What is assigned to a user directly, as the store has it.
#[derive(Clone)]
pub(crate) struct Direct {
    /// A user that is not active may do nothing.
    pub(crate) active: bool,
    /// Roles, each until a moment in Unix milliseconds.
    pub(crate) roles: Vec<(RoleId, Option<i64>)>,
    pub(crate) groups: Vec<(GroupId, Option<i64>)>,
}

/// A user with its rights, once somebody asked for them.
#[derive(Clone)]
pub(crate) struct Principal {
    pub(crate) direct: Direct,
    pub(crate) effective: Option<Arc<Effective>>,
}

impl Direct {
    /// Reads a user's assignments; none when there is no such user.
    pub(crate) fn load(view: &View<'_>, user: UserId) -> Result<Option<Self>> {
        let Some(row) = view.get::<t::Users>(&(user,))? else { return Ok(None) };
        let mut direct = Self {
            active: row.status == t::UserStatus::Active,
            roles: Vec::new(),
            groups: Vec::new(),
        };
        view.for_each::<t::UserRoles>(&(user,), |(_, role), link| {
            direct.roles.push((role, link.expires_at));
            std::ops::ControlFlow::Continue(())
        })?;
        view.for_each::<t::UserGroups>(&(user,), |(_, group), link| {
            direct.groups.push((group, link.expires_at));
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(Some(direct))
    }
}

impl Principal {
    pub(crate) fn new(direct: Direct) -> Self {
        Self { direct, effective: None }
    }

    /// The rights under a model, if they are known and still hold.
    pub(crate) fn known(&self, model: &Model, now_ms: i64) -> Option<&Arc<Effective>> {
        let holds = |rights: &&Arc<Effective>| model.is_current(rights) && rights.holds_at(now_ms);
        self.effective.as_ref().filter(holds)
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let rights = self.effective.as_ref().map_or(0, |rights| rights.memory_bytes());
        160 + 24 * (self.direct.roles.len() + self.direct.groups.len()) + rights
    }
}

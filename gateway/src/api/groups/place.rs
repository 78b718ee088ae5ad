//! Where a group stands: its path, and the parent that it is given. Whoever puts a group below
//! another gives its members all that the other one gives.

use latchkey_actors::error::Result;
use latchkey_actors::groups as domain;
use latchkey_actors::tenant::{Command, Tx};
use latchkey_storage::id::GroupId;
use latchkey_storage::tables::Group;

use crate::api::guard;
use crate::context::Ctx;

/// A group and its path.
pub(super) type Stands = (Group, String);

/// A command whose answer says where its group stands afterwards.
pub(super) struct Placed<C>(pub(super) C);

impl<C: Command<Answer = Group>> Command for Placed<C> {
    type Answer = Stands;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Stands> {
        let row = self.0.run(tx)?;
        let path = domain::path(tx.view(), &row)?;
        Ok((row, path))
    }
}

/// A parent that the caller may set: one that it may give, or the one that stands.
pub(super) struct Judged {
    before: Option<GroupId>,
    parent: Option<GroupId>,
}

impl Judged {
    /// Judges the new parent of a group.
    ///
    /// # Errors
    /// 403 for what the caller does not hold, 404 when there is no such group.
    pub(super) async fn of(ctx: &Ctx, group: GroupId, parent: Option<GroupId>) -> Result<Self> {
        let before = ctx.tenant()?.read(move |view| domain::fetch(view, group)).await?.parent;
        if parent != before {
            guard::may_give_groups(ctx, parent.as_slice()).await?;
        }
        Ok(Self { before, parent })
    }

    /// Sets it, unless the group has been moved since.
    pub(super) fn set(self, row: &mut Group) -> Result<()> {
        if row.parent != self.before {
            return Err(guard::overtaken());
        }
        row.parent = self.parent;
        Ok(())
    }
}

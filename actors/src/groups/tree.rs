//! The tree of groups: where one stands, and whether it may stand there.

use hashbrown::HashMap;
use latchkey_storage::View;
use latchkey_storage::id::GroupId;
use latchkey_storage::tables::{Group, GroupRef, Groups, GroupsByName};

use crate::decisions::{LEVELS_MAX, hierarchy};
use crate::error::{Error, Result};

/// The names from the top down to the group: `/parent/child`.
pub fn path(view: &View<'_>, group: &Group) -> Result<String> {
    let mut names = vec![group.name.clone()];
    let mut next = group.parent;
    while let Some(above) = next.filter(|_| names.len() < LEVELS_MAX) {
        let Some(row) = view.get::<Groups>(&(above,))? else { break };
        names.push(row.name);
        next = row.parent;
    }
    names.reverse();
    Ok(names.into_iter().fold(String::new(), |path, name| path + "/" + &name))
}

/// The group and those above it, nearest first.
pub(crate) fn lineage(view: &View<'_>, group: GroupId) -> Result<Vec<GroupId>> {
    let (mut groups, mut next) = (Vec::new(), Some(group));
    // One more than may be, so that a chain which is too long is seen as such.
    while let Some(id) = next.filter(|_| groups.len() <= LEVELS_MAX) {
        let Some(row) = view.get::<Groups>(&(id,))? else { break };
        groups.push(id);
        next = row.parent;
    }
    Ok(groups)
}

/// Whether a group may stand below another one: no circle, and not too many levels.
pub(super) fn check(view: &View<'_>, id: GroupId, parent: Option<GroupId>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    let mut above: HashMap<GroupId, GroupId> = below(view, id)?;
    let chain = lineage(view, parent)?;
    above.extend(chain.iter().copied().zip(chain.iter().copied().skip(1)));
    let all = above.keys().copied();
    let parent_of = |group| above.get(&group).map_or(&[][..], std::slice::from_ref);
    hierarchy::check(id, &[parent], &all, parent_of)
        .map_err(|error| Error::invalid("parent_id", error.to_string()))
}

/// Those below a group, each with the one that it stands directly below.
fn below(view: &View<'_>, top: GroupId) -> Result<HashMap<GroupId, GroupId>> {
    let (mut parents, mut tier) = (HashMap::new(), vec![top]);
    for _ in 0..LEVELS_MAX {
        let mut next = Vec::new();
        for group in tier {
            view.for_each::<GroupsByName>(&(group,), |_, GroupRef(child)| {
                parents.insert(child, group);
                next.push(child);
                std::ops::ControlFlow::Continue(())
            })?;
        }
        tier = next;
    }
    Ok(parents)
}

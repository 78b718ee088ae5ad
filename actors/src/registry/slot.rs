//! One tenant's place on the registry, from the moment when somebody wakes it.

use std::sync::Arc;

use latchkey_storage::id::TenantId;
use latchkey_storage::tables::Tenant as Row;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::Awake;
use crate::tenant::Tenant;

/// One tenant's place: empty while it wakes up.
#[derive(Default)]
pub(crate) struct Slot {
    pub(super) tenant: OnceCell<Arc<Tenant>>,
    listens: Mutex<Listens>,
}

/// Who hears of a change of the tenant's row in the directory.
#[derive(Default)]
enum Listens {
    #[default]
    Nobody,
    /// Nobody yet, and the row may be younger than the one that the tenant is woken with.
    Later(Box<Row>),
    Tenant(Arc<Tenant>),
}

impl Slot {
    /// The row has changed: the tenant hears now, or when it is there.
    pub(super) fn changed(&self, row: Row) {
        let mut listens = self.listens.lock();
        match &*listens {
            Listens::Tenant(tenant) => tenant.changed(Arc::new(row)),
            Listens::Nobody | Listens::Later(_) => *listens = Listens::Later(Box::new(row)),
        }
    }

    /// The tenant is there: what has changed since its row was read reaches it before any message.
    pub(super) fn listen(&self, tenant: &Arc<Tenant>) {
        let mut listens = self.listens.lock();
        if let Listens::Later(row) = std::mem::take(&mut *listens) {
            tenant.changed(Arc::new(*row));
        }
        *listens = Listens::Tenant(Arc::clone(tenant));
    }
}

/// A slot, held by somebody who wakes its tenant or waits for that.
///
/// An empty one is taken off the registry by the last who lets go of it. Were it taken off while
/// another one holds it, that one would wake the tenant where nobody finds it, and the next would
/// wake it once more.
pub(super) struct Place<'a> {
    awake: &'a Awake,
    id: TenantId,
    pub(super) slot: Arc<Slot>,
}

impl<'a> Place<'a> {
    pub(super) fn of(awake: &'a Awake, id: TenantId) -> Self {
        let slot = Arc::clone(&awake.slots.entry(id).or_default());
        Self { awake, id, slot }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let held = std::mem::take(&mut self.slot);
        self.awake.slots.remove_if(&self.id, move |_, slot| {
            // INVARIANT: let go of and counted under one lock, so that the last one sees that it is.
            drop(held);
            slot.tenant.get().is_none() && Arc::strong_count(slot) == 1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_slot_stays_until_the_last_lets_go_of_it() {
        let (awake, id) = (Awake::default(), TenantId::new([1; 16]));
        let (first, second) = (Place::of(&awake, id), Place::of(&awake, id));
        drop(first);
        let third = Place::of(&awake, id);
        assert!(Arc::ptr_eq(&second.slot, &third.slot), "nobody wakes it elsewhere");
        drop(second);
        drop(third);
        assert!(awake.slots.is_empty());
    }
}

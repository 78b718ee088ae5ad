//! Waking a tenant while something happens to it, and keeping all within their bytes.

use std::sync::Arc;

use latchkey_storage::id::TenantId;
use latchkey_storage::tables::TenantStatus;

use super::slot::Place;
use super::{WindowTable, directory_row};
use crate::shared::ActorLimits;
use crate::tenant::Who;
use crate::tenants;
use crate::testing::{World, new_key};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_deleted_while_it_wakes_up_wakes_up_deleted() {
    let world = World::new().await;
    let (registry, id) = (&world.registry, world.id);
    let tenant = world.tenant().await;
    tenant.sleep();
    let _ = tenant.ended().wait_for(|ended| *ended).await;
    let master = registry.tenant(TenantId::MASTER).await.unwrap();
    let place = Place::of(&registry.awake, id);
    let row = master.read(move |view| directory_row(view, id)).await.unwrap().unwrap();
    let remove = tenants::Remove { id, if_match: None };
    master.execute(Who::system("test"), remove).await.unwrap();
    assert_eq!(row.status, TenantStatus::Active, "it was read before");
    let woken = registry.start_in(&place.slot, row, WindowTable::default()).await.unwrap();
    assert_eq!(woken.status(), TenantStatus::Deleted);
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_that_hold_too_much_together_are_told_to_shrink() {
    let limits = ActorLimits { cache_bytes_max: 20_000, ..ActorLimits::default() };
    let world = Arc::new(World::with(limits).await);
    for n in 0..200 {
        let (_, key) = world.issue(new_key(&format!("k{n}"), &["a:b"])).await;
        assert!(world.validate(key).await.refusal.is_none());
    }
    // One more message: those that told it to shrink stand before it.
    world.tenant().await.key_states(Vec::new()).await.unwrap();
    assert!(world.registry.cached_bytes() < 40_000, "{}", world.registry.cached_bytes());
}

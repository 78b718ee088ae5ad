//! Tenants that are on their way: not counted, and found by nobody.

use latchkey_storage::id::TenantId;

use super::commands::Announce;
use super::{Remove, fetch, list};
use crate::error::Code;
use crate::tenant::Who;
use crate::testing::{START_MS, World, new_tenant, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_on_its_way_is_in_no_list_and_cannot_be_deleted() {
    let world = World::new().await;
    let master = world.registry.tenant(TenantId::MASTER).await.unwrap();
    let id = TenantId::new([9; 16]);
    let row = new_tenant("late").row(id, "LATELATE".into(), START_MS);
    master.execute(Who::system("test"), Announce(row)).await.unwrap();
    let pages = master.read(|view| Ok((list(view, 0, 10)?, list(view, 1, 1)?))).await.unwrap();
    assert_eq!((pages.0.0.len(), pages.0.1), (2, 2));
    assert_eq!(pages.1.0.first().map(|row| row.id), pages.0.0.get(1).map(|row| row.id));
    assert_eq!(refusal(master.read(move |view| fetch(view, id)).await).0, Code::NotFound);
    let removed = master.execute(Who::system("test"), Remove { id, if_match: None }).await;
    assert_eq!(refusal(removed).0, Code::NotFound);
    assert_eq!(master.read(|view| list(view, 0, 10)).await.unwrap().1, 2);
}

//! A tenant's actor over a real store: what it answers, what it forgets in time, how it rests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{ApiKeyUsage, Limits, Owner, User, UserStatus};

use super::{Judge, Tx};
use crate::api_keys::{self, NewKey, NewQuota, Refusal, Revoke, Rotate};
use crate::error::{Code, Result};
use crate::permissions::PermissionName;
use crate::tenant::Command;
use crate::testing::{World, edit, new_key, new_user, presented, refusal};
use crate::users;

const MINUTE_MS: i64 = 60_000;

async fn refusal_of(world: &World, fingerprint: Fingerprint) -> Option<Refusal> {
    world.validate(fingerprint).await.refusal
}

fn limited(name: &str, per_minute: u32) -> NewKey {
    let limits = Limits { per_minute: Some(per_minute), ..Limits::default() };
    NewKey { limits, ..new_key(name, &["docs:read"]) }
}

async fn rotate(world: &World, id: ApiKeyId, grace_minutes: u32) -> Fingerprint {
    let (secret, fingerprint) = world.draw();
    let rotate =
        Rotate { id, grace_minutes, expires_in_days: None, if_match: None, secret, fingerprint };
    world.run(rotate).await.unwrap();
    fingerprint
}

/// Puts the tenant to sleep and waits until it is.
async fn put_to_sleep(world: &World) {
    let tenant = world.tenant().await;
    tenant.sleep();
    let _ = tenant.ended().wait_for(|ended| *ended).await;
}

/// Validates from many callers at once; how many of the answers are good.
async fn good_of(world: &Arc<World>, fingerprint: Fingerprint, callers: u32, each: u32) -> u32 {
    let good = Arc::new(AtomicU32::new(0));
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (world, good) = (Arc::clone(world), Arc::clone(&good));
            tokio::spawn(async move {
                for _ in 0..each {
                    if refusal_of(&world, fingerprint).await.is_none() {
                        good.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    good.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_until_it_is_revoked_expired_disabled_or_deleted() {
    let world = World::new().await;
    let (_, unknown) = world.draw();
    assert_eq!(refusal_of(&world, unknown).await, Some(Refusal::InvalidKey));
    assert_eq!(refusal_of(&world, unknown).await, Some(Refusal::InvalidKey), "remembered");

    let (issued, revoked) = world.issue(new_key("revoked", &["docs:read"])).await;
    assert_eq!(refusal_of(&world, revoked).await, None);
    world.run(Revoke { id: issued.key.id, if_match: None }).await.unwrap();
    assert_eq!(refusal_of(&world, revoked).await, Some(Refusal::KeyRevoked));
    world.run(api_keys::Remove { id: issued.key.id, if_match: None }).await.unwrap();
    assert_eq!(refusal_of(&world, revoked).await, Some(Refusal::InvalidKey));

    let expires_at = Some(crate::testing::START_MS + 1_000);
    let (_, expiring) = world.issue(NewKey { expires_at, ..new_key("e", &["a:b"]) }).await;
    assert_eq!(refusal_of(&world, expiring).await, None);
    world.clock.advance_ms(1_000);
    assert_eq!(refusal_of(&world, expiring).await, Some(Refusal::KeyExpired));

    let (issued, disabled) = world.issue(new_key("disabled", &["a:b"])).await;
    let change = api_keys::KeyChange { enabled: Some(false), ..Default::default() };
    world.run(api_keys::Update { id: issued.key.id, change, if_match: None }).await.unwrap();
    assert_eq!(refusal_of(&world, disabled).await, Some(Refusal::KeyInactive));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_looked_for_before_it_was_issued_is_good_at_once() {
    let world = World::new().await;
    let (secret, fingerprint) = world.draw();
    assert_eq!(refusal_of(&world, fingerprint).await, Some(Refusal::InvalidKey));
    world.run(api_keys::Issue { new: new_key("k", &["a:b"]), secret, fingerprint }).await.unwrap();
    assert_eq!(refusal_of(&world, fingerprint).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_ends_at_once_or_after_its_grace() {
    let world = World::new().await;
    let (issued, first) = world.issue(new_key("k", &["a:b"])).await;
    assert_eq!(refusal_of(&world, first).await, None);
    let second = rotate(&world, issued.key.id, 0).await;
    assert_eq!(refusal_of(&world, first).await, Some(Refusal::InvalidKey));
    assert_eq!(refusal_of(&world, second).await, None);
    let third = rotate(&world, issued.key.id, 1).await;
    assert_eq!(refusal_of(&world, second).await, None);
    assert_eq!(refusal_of(&world, third).await, None);
    world.clock.advance_ms(MINUTE_MS);
    assert_eq!(refusal_of(&world, second).await, Some(Refusal::InvalidKey));
    assert_eq!(refusal_of(&world, third).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_required_scopes_are_judged() {
    let world = World::new().await;
    let allowed_ips = vec!["10.0.0.0/8".into(), "2001:db8::1".into()];
    let (_, key) = world.issue(NewKey { allowed_ips, ..new_key("k", &["docs/*:read"]) }).await;
    let from = async |ip: Option<&str>, required: &[&str]| {
        let required = required.iter().map(|name| PermissionName::parse(name).unwrap()).collect();
        let client_ip = ip.map(|ip| ip.parse().unwrap());
        let presented = api_keys::Presented { client_ip, required, ..presented(key) };
        world.tenant().await.validate(presented).await.unwrap().refusal
    };
    assert_eq!(from(None, &[]).await, Some(Refusal::IpNotAllowed));
    assert_eq!(from(Some("192.168.0.1"), &[]).await, Some(Refusal::IpNotAllowed));
    for ip in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"] {
        assert_eq!(from(Some(ip), &[]).await, None, "{ip}");
    }
    assert_eq!(from(Some("10.0.0.1"), &["docs/1:read", "docs/a/*:read"]).await, None);
    let missing = from(Some("10.0.0.1"), &["docs/1:read", "docs/1:write"]).await;
    assert_eq!(missing, Some(Refusal::ScopeInvalid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_cut_by_its_owner_as_the_owner_stands() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let (role, _) = world.role_with("reader", "docs:read").await;
    world.run(users::Assign { user, role: role.id, expires_at: None }).await.unwrap();
    let owned = NewKey { owner: Owner::User(user), ..new_key("k", &["*"]) };
    let (_, key) = world.issue(owned).await;
    let holds = async |name: &str| {
        let required = vec![PermissionName::parse(name).unwrap()];
        let presented = api_keys::Presented { required, ..presented(key) };
        world.tenant().await.validate(presented).await.unwrap().refusal
    };
    assert_eq!(holds("docs:read").await, None);
    assert_eq!(holds("docs:write").await, Some(Refusal::ScopeInvalid));
    world.run(users::Unassign { user, role: role.id }).await.unwrap();
    assert_eq!(holds("docs:read").await, Some(Refusal::ScopeInvalid));
    let disable = edit(|row: &mut User| row.status = UserStatus::Disabled);
    world.run(users::Update { id: user, edit: disable, if_match: None }).await.unwrap();
    assert_eq!(holds("docs:read").await, Some(Refusal::KeyInactive));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_never_get_more_than_the_limit() {
    let world = Arc::new(World::new().await);
    let (_, key) = world.issue(limited("k", 50)).await;
    assert_eq!(good_of(&world, key, 64, 4).await, 50);
    assert_eq!(refusal_of(&world, key).await, Some(Refusal::RateLimitExceeded));
    world.clock.advance_ms(MINUTE_MS / 2);
    assert_eq!(good_of(&world, key, 8, 1).await, 0);
    world.clock.advance_ms(MINUTE_MS / 2 + 1_000);
    assert_eq!(good_of(&world, key, 64, 4).await, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quota_is_spent_to_the_last_use_over_a_restart() {
    let world = Arc::new(World::new().await);
    let quota = Some(NewQuota { remaining: 300, refill: None });
    let (issued, key) = world.issue(NewKey { quota, ..new_key("k", &["a:b"]) }).await;
    assert_eq!(good_of(&world, key, 1, 10).await, 10);
    put_to_sleep(&world).await;
    let id = issued.key.id;
    let quota = world.read(move |view| api_keys::quota(view, id)).await.unwrap().unwrap();
    assert_eq!(quota.remaining, 290, "what was leased and not spent came back");
    assert_eq!(good_of(&world, key, 8, 40).await, 290);
    assert_eq!(refusal_of(&world, key).await, Some(Refusal::QuotaExceeded));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_forfeits_a_lease_and_never_grants_more() {
    let world = Arc::new(World::new().await);
    let quota = Some(NewQuota { remaining: 300, refill: None });
    let (_, key) = world.issue(NewKey { quota, ..new_key("k", &["a:b"]) }).await;
    assert_eq!(good_of(&world, key, 1, 4).await, 4);
    let tenant = world.tenant().await;
    tenant.actor.kill();
    let _ = tenant.ended().wait_for(|ended| *ended).await;
    while Arc::ptr_eq(&tenant, &world.tenant().await) {
        tokio::task::yield_now().await;
    }
    // Two leases of three were taken and four uses spent: two are gone.
    assert_eq!(good_of(&world, key, 1, 310).await, 294);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lease_of_a_quota_that_was_set_anew_is_worth_nothing() {
    for _ in 0..20 {
        let world = Arc::new(World::new().await);
        let quota = Some(NewQuota { remaining: 1_000, refill: None });
        let (issued, key) = world.issue(NewKey { quota, ..new_key("k", &["a:b"]) }).await;
        let caller = Arc::clone(&world);
        let asked = tokio::spawn(async move { good_of(&caller, key, 4, 1).await });
        let none = Some(Some(NewQuota { remaining: 0, refill: None }));
        let change = api_keys::KeyChange { quota: none, ..Default::default() };
        let id = issued.key.id;
        world.run(api_keys::Update { id, change, if_match: None }).await.unwrap();
        asked.await.unwrap();
        assert_eq!(refusal_of(&world, key).await, Some(Refusal::QuotaExceeded));
        put_to_sleep(&world).await;
        let quota = world.read(move |view| api_keys::quota(view, id)).await.unwrap().unwrap();
        assert_eq!(quota.remaining, 0, "nothing of the old one was given back to the new one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_of_a_key_that_was_deleted_leave_no_row_and_failures_are_written() {
    let world = World::new().await;
    let (deleted, key) = world.issue(new_key("deleted", &["a:b"])).await;
    let (failing, _) = world.issue(new_key("failing", &["a:b"])).await;
    assert_eq!(refusal_of(&world, key).await, None);
    let (deleted, failing) = (deleted.key.id, failing.key.id);
    world.run(api_keys::Remove { id: deleted, if_match: None }).await.unwrap();
    world.tenant().await.failed(failing);
    put_to_sleep(&world).await;
    let usage = world.read(move |view| Ok(view.get::<ApiKeyUsage>(&(deleted,))?)).await.unwrap();
    assert_eq!(usage, None);
    let usage = world.read(move |view| Ok(view.get::<ApiKeyUsage>(&(failing,))?)).await.unwrap();
    assert_eq!(usage.unwrap().failed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_of_very_many_keys_are_written_in_records_that_the_log_takes() {
    let limits = crate::shared::ActorLimits { uses_max: 50_000, ..Default::default() };
    let (world, many) = (World::with(limits).await, 20_000);
    let ids: Vec<ApiKeyId> = (0_u128..many).map(|n| ApiKeyId::new(n.to_be_bytes())).collect();
    let (template, _) = world.issue(new_key("k", &["a:b"])).await;
    for part in ids.chunks(500).map(<[_]>::to_vec) {
        let key = template.key.clone();
        let put = move |tx: &mut Tx<'_, '_>| -> Result<()> {
            for id in &part {
                tx.put::<latchkey_storage::tables::ApiKeys>(&(*id,), &key);
            }
            Ok(())
        };
        world.run(put).await.unwrap();
    }
    let tenant = world.tenant().await;
    for id in ids {
        tenant.cast(super::Mail::UsedAgain(id, u64::MAX / 2)).unwrap();
    }
    put_to_sleep(&world).await;
    let written = world.read(move |view| Ok(view.count::<ApiKeyUsage>(&(), 50_000)?)).await;
    assert_eq!(written.unwrap(), 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_too_small_for_a_key_still_answers() {
    let limits = crate::shared::ActorLimits { cache_bytes_max: 1, ..Default::default() };
    let world = World::with(limits).await;
    let (_, key) = world.issue(new_key("k", &["a:b"])).await;
    assert_eq!(refusal_of(&world, key).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_and_uses_survive_sleep() {
    let world = World::new().await;
    let (issued, key) = world.issue(limited("k", 3)).await;
    for _ in 0..3 {
        assert_eq!(refusal_of(&world, key).await, None);
    }
    put_to_sleep(&world).await;
    let id = issued.key.id;
    let usage = world.read(move |view| Ok(view.get::<ApiKeyUsage>(&(id,))?)).await.unwrap();
    assert_eq!(usage.unwrap().total, 3);
    assert_eq!(refusal_of(&world, key).await, Some(Refusal::RateLimitExceeded));
    put_to_sleep(&world).await;
    world.clock.advance_ms(MINUTE_MS + 1_000);
    assert_eq!(refusal_of(&world, key).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_come_while_it_falls_asleep_get_no_more_than_the_limit() {
    let world = Arc::new(World::new().await);
    let (_, key) = world.issue(limited("k", 20)).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (restless, stopped) = (Arc::clone(&world), Arc::clone(&stop));
    let sleeper = tokio::spawn(async move {
        let mut naps = 0;
        while !stopped.load(Ordering::SeqCst) {
            put_to_sleep(&restless).await;
            naps += 1;
        }
        naps
    });
    let good = Arc::new(AtomicU32::new(0));
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let (world, good) = (Arc::clone(&world), Arc::clone(&good));
            tokio::spawn(async move {
                for _ in 0..40 {
                    // Who holds the handle of an actor that has ended is told to come again.
                    let answer = world.tenant().await.validate(presented(key)).await;
                    if answer.is_ok_and(|verdict| verdict.refusal.is_none()) {
                        good.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    assert!(sleeper.await.unwrap() > 0);
    let good = good.load(Ordering::SeqCst);
    assert!(good <= 20, "{good} of 20");
    assert_eq!(refusal_of(&world, key).await.is_none(), good < 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_leaves_the_others_of_its_group_unharmed() {
    let world = Arc::new(World::new().await);
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let command = move |tx: &mut Tx<'_, '_>| -> Result<User> {
                    let user = users::Create(new_user(&format!("user{n}"))).run(tx)?;
                    assert!(n % 3 != 0, "this command breaks, as it should");
                    Ok(user)
                };
                (n, world.run(command).await.map(|user| user.id))
            })
        })
        .collect();
    for task in tasks {
        let (n, outcome) = task.await.unwrap();
        if n % 3 == 0 {
            assert_eq!(refusal(outcome).0, Code::InternalError);
        } else {
            let id = outcome.unwrap();
            assert!(world.read(move |view| users::fetch(view, id)).await.is_ok());
        }
    }
    let (page, total) = world.read(|view| users::list(view, 0, 100)).await.unwrap();
    assert_eq!((page.len(), total), (16, 16), "what the others put is whole, and counted");
    assert!(world.run(users::Create(new_user("user0"))).await.is_ok(), "its name is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_validation_that_begins_after_a_revoke_is_good() {
    let world = Arc::new(World::new().await);
    let (issued, key) = world.issue(new_key("k", &["docs:read"])).await;
    let revoked = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(AtomicU32::new(0));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (world, revoked, seen) =
                (Arc::clone(&world), Arc::clone(&revoked), Arc::clone(&seen));
            tokio::spawn(async move {
                let mut after = 0;
                while after < 100 {
                    let before_it_began = revoked.load(Ordering::SeqCst);
                    let good = refusal_of(&world, key).await.is_none();
                    assert!(!(before_it_began && good), "good after it was revoked");
                    after += u32::from(before_it_began);
                    seen.fetch_add(u32::from(good), Ordering::SeqCst);
                }
            })
        })
        .collect();
    while seen.load(Ordering::SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    world.run(Revoke { id: issued.key.id, if_match: None }).await.unwrap();
    revoked.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_waits_for_whoever_still_reads() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    put_to_sleep(&world).await;
    let tenant = world.tenant().await;
    let asked = tokio::spawn(async move { tenant.rights(Judge::User(user)).await });
    tokio::task::yield_now().await;
    world.registry.close().await;
    let answer = asked.await.unwrap();
    assert!(answer.is_err() || answer.is_ok_and(|rights| rights.is_some()));
    assert_eq!(world.registry.awake_count(), 0);
}

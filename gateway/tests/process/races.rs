//! What is taken away is refused from the answer on, however many connections have used it until
//! then and remember it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Gateway, Home, Link, World};

const CONNECTIONS: usize = 32;
/// Asked by the flood before something is taken away.
const ASKED_MIN: usize = 8 * CONNECTIONS;
/// Asked by each connection afterwards.
const ASKED_AFTER: usize = 8;

/// One kind of request of the flood: whether it was let through.
type Question<'q> = &'q (dyn Fn(&mut Link) -> bool + Sync);

/// Floods the gateway with questions, takes something away, and holds every answer against the
/// moment at which that was acknowledged.
fn race(gateway: &Gateway, questions: &[Question<'_>], take_away: impl FnOnce()) {
    let (begun, gone) = (AtomicBool::new(false), AtomicBool::new(false));
    let (asked, start) = (AtomicUsize::new(0), Barrier::new(CONNECTIONS + 1));
    let flood = |question: Question<'_>| {
        let mut link = gateway.link();
        start.wait();
        let mut after = 0;
        while after < ASKED_AFTER {
            // INVARIANT: read before the question is sent, so that it began after the answer.
            let was_gone = gone.load(Ordering::SeqCst);
            let allowed = question(&mut link);
            assert!(!(was_gone && allowed), "let through after it was taken away");
            assert!(allowed || begun.load(Ordering::SeqCst), "refused before it was taken away");
            asked.fetch_add(1, Ordering::SeqCst);
            after += usize::from(was_gone);
        }
    };
    thread::scope(|scope| {
        for number in 0..CONNECTIONS {
            let question = questions[number % questions.len()];
            scope.spawn(move || flood(question));
        }
        start.wait();
        while asked.load(Ordering::SeqCst) < ASKED_MIN {
            thread::yield_now();
        }
        begun.store(true, Ordering::SeqCst);
        take_away();
        gone.store(true, Ordering::SeqCst);
    });
}

/// Asks with a key of its own.
fn by(link: &mut Link, key: &str, path: &str) -> u16 {
    link.send("GET", path, &[("x-api-key", key)], None).unwrap().status
}

/// Whether the key authenticates a request.
fn authenticates(key: &str) -> impl Fn(&mut Link) -> bool + Sync + use<> {
    let key = key.to_owned();
    move |link| match by(link, &key, "/api/v1/api-keys/me") {
        200 => true,
        401 => false,
        status => panic!("{status}"),
    }
}

/// Whether the key is called valid, for a scope where one is named.
fn is_valid(
    home: &Home,
    key: &str,
    scope: Option<&str>,
) -> impl Fn(&mut Link) -> bool + Sync + use<> {
    let (asker, tenant) = (home.key.clone(), home.tenant.clone());
    let mut body = json!({ "apiKey": key });
    if let Some(scope) = scope {
        body["requiredScopes"] = json!([scope]);
    }
    move |link| {
        let headers = [("x-api-key", asker.as_str()), ("x-tenantid", tenant.as_str())];
        let reply = link.send("POST", "/api/v1/api-keys/validate", &headers, Some(&body)).unwrap();
        reply.expect(200)["data"]["valid"] == true
    }
}

fn world(slug: &str) -> (World, Gateway, Home) {
    let world = World::new();
    let gateway = world.serve();
    let home = Home::create(&gateway, &world.master_key, slug);
    (world, gateway, home)
}

fn unlimited(name: &str, owner: Option<&str>) -> Value {
    let mut body = json!({
        "name": name, "scopes": ["users:read"], "environment": "live",
        "rateLimit": { "unlimited": true },
    });
    if let Some(user) = owner {
        body["owner"] = json!({ "type": "user", "id": user });
    }
    body
}

#[test]
fn a_revoked_key() {
    let (_world, gateway, mut home) = world("revoked");
    for round in 0..4 {
        let (id, key) = home.issue(&unlimited(&format!("key {round}"), None));
        let (valid, me) = (is_valid(&home, &key, None), authenticates(&key));
        race(&gateway, &[&valid, &me], || {
            home.ask("DELETE", &format!("/api/v1/api-keys/{id}"), None).expect(200);
        });
    }
    gateway.stop();
}

#[test]
fn a_key_string_that_was_rotated_away_without_grace() {
    let (_world, gateway, mut home) = world("rotated");
    let (id, mut key) = home.issue(&unlimited("key", None));
    for _ in 0..4 {
        let (valid, me) = (is_valid(&home, &key, None), authenticates(&key));
        let mut rotated = Value::Null;
        race(&gateway, &[&valid, &me], || {
            let path = format!("/api/v1/api-keys/{id}/rotate");
            rotated = home.ask("POST", &path, None).expect(200);
        });
        key = rotated["data"]["newApiKey"].as_str().unwrap().to_owned();
        assert_eq!(home.validate(&key)["valid"], true);
    }
    gateway.stop();
}

#[test]
fn the_keys_of_a_deleted_tenant() {
    let (world, gateway, home) = world("deleted");
    let asker = Home::enter(&gateway, crate::harness::MASTER, &world.master_key);
    let open = {
        let body = json!({ "apiKey": home.key });
        move |link: &mut Link| {
            let reply = link.send("POST", "/api/v1/api-key/validate", &[], Some(&body)).unwrap();
            reply.expect(200)["data"]["valid"] == true
        }
    };
    let me = authenticates(&home.key);
    let mut master = asker.again(&gateway);
    race(&gateway, &[&open, &me], || {
        master.ask("DELETE", &format!("/api/v1/tenants/{}", home.tenant), None).expect(204);
    });
    gateway.stop();
}

/// A user who holds `users:read` by a role of their own.
struct Cast {
    user: String,
    role: String,
    permission: String,
}

impl Cast {
    fn make(home: &mut Home) -> Self {
        let found = home.all("permissions").into_iter().find(|it| it["name"] == "users:read");
        let permission = match found {
            Some(row) => row["id"].as_str().unwrap().to_owned(),
            None => home.make(
                "permissions",
                &json!({ "name": "users:read", "resource": "users", "action": "read" }),
            ),
        };
        let user = home.make("users", &json!({ "username": "jo", "email": "jo@example.org" }));
        let role = home.make("roles", &json!({ "name": "reader of users" }));
        home.join(&format!("roles/{role}/permissions"), "permission_id", &permission);
        Self { user, role, permission }
    }
}

/// Whether the key may read users, by its own and by what a validation says.
fn race_for_a_right(gateway: &Gateway, home: &Home, key: &str, take_away: impl FnOnce()) {
    let path = home.path("users");
    let reads = |link: &mut Link| match by(link, key, &path) {
        200 => true,
        403 => false,
        status => panic!("{status}"),
    };
    let valid = is_valid(home, key, Some("users:read"));
    race(gateway, &[&reads, &valid], take_away);
}

#[test]
fn a_role_of_the_owner_of_a_key() {
    let (_world, gateway, mut home) = world("roles");
    let cast = Cast::make(&mut home);
    let (_, key) = home.issue(&unlimited("key", Some(&cast.user)));
    let roles = format!("users/{}/roles", cast.user);
    for _ in 0..3 {
        let apart = home.join(&roles, "role_id", &cast.role);
        let mut other = home.again(&gateway);
        race_for_a_right(&gateway, &home, &key, || {
            drop(other.ask("DELETE", &apart, None).expect(204));
        });
    }
    // The same of what the role holds.
    home.join(&roles, "role_id", &cast.role);
    let apart = home.path(&format!("roles/{}/permissions/{}", cast.role, cast.permission));
    let mut other = home.again(&gateway);
    race_for_a_right(&gateway, &home, &key, || drop(other.ask("DELETE", &apart, None).expect(204)));
    gateway.stop();
}

#[test]
fn a_group_of_the_owner_of_a_key() {
    let (_world, gateway, mut home) = world("groups");
    let cast = Cast::make(&mut home);
    let (_, key) = home.issue(&unlimited("key", Some(&cast.user)));
    let upper = home.make("groups", &json!({ "name": "upper" }));
    let group = home.make("groups", &json!({ "name": "group", "parent_id": upper }));
    let of_upper = home.join(&format!("groups/{upper}/roles"), "role_id", &cast.role);
    let members = format!("groups/{group}/members");
    for round in 0..4 {
        let membership = home.join(&members, "user_id", &cast.user);
        let mut other = home.again(&gateway);
        let moved = home.path(&format!("groups/{group}"));
        race_for_a_right(&gateway, &home, &key, || match round {
            // The user leaves; the group leaves the one above it; that one loses its role.
            0 | 1 => drop(other.ask("DELETE", &membership, None).expect(204)),
            2 => drop(other.ask("PATCH", &moved, Some(&json!({ "parent_id": null }))).expect(200)),
            _ => drop(other.ask("DELETE", &of_upper, None).expect(204)),
        });
        if round == 2 {
            other.ask("PATCH", &moved, Some(&json!({ "parent_id": upper }))).expect(200);
            other.ask("DELETE", &membership, None).expect(204);
        }
    }
    gateway.stop();
}

//! Callers who must not pass: nobody, nobody known, and those without the permission.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::client::{Ask, Reply};
use super::rows::{Row, public_rows};
use super::scene::Scene;

/// Insists on a 401 that says how to do better.
async fn refused(scene: &Scene, row: Row, what: &str, ask: &Ask) {
    let reply = scene.expect(row, what, ask, 401).await;
    if !reply.headers.contains_key("www-authenticate") {
        scene.fault(row, what, &reply, "no `WWW-Authenticate`");
    }
}

#[tokio::test]
async fn without_a_credential_nothing_opens() {
    let scene = Scene::new().await;
    for row in scene.rows() {
        let ask = scene.right(row, &scene.own).without("x-api-key");
        if row.is_open() {
            scene.expect(row, "no credential", &ask, 200).await;
        } else {
            refused(&scene, row, "no credential", &ask).await;
        }
    }
    scene.end();
}

#[tokio::test]
async fn a_credential_that_is_none_opens_nothing() {
    let scene = Scene::new().await;
    let mut changed = scene.own.admin.clone().into_bytes();
    let last = changed.last_mut().unwrap();
    *last = if *last == b'a' { b'b' } else { b'a' };
    let keys: [Vec<u8>; 5] =
        [b"x".to_vec(), Vec::new(), changed, vec![b'k'; 8_000], vec![0xFF, 0xFE]];
    let schemes: [&[u8]; 5] = [b"Basic eDp5", b"Bearer x", b"Bearer", b"ApiKey ", b"Bearer \xFF"];
    for row in scene.rows() {
        let right = scene.right(row, &scene.own);
        for key in &keys {
            let ask = right.clone().with("x-api-key", key.clone());
            refused(&scene, row, "garbage as a key", &ask).await;
        }
        for scheme in schemes {
            let ask = right.clone().without("x-api-key").with("authorization", scheme);
            refused(&scene, row, "garbage as a scheme", &ask).await;
        }
        let ask = right.with("authorization", "Bearer x");
        scene.expect(row, "two credentials", &ask, 400).await;
    }
    scene.end();
}

/// A key that holds these, made with the key of an administrator.
async fn key(scene: &Scene, tenant: &str, admin: &str, scopes: &[String]) -> String {
    let path = format!("/api/v1/tenants/{tenant}/api-keys");
    let body = json!({ "name": scene.name(), "scopes": scopes });
    let made = scene.world.call("POST", &path, Some(admin), None, Some(body)).await.is(201);
    made.data()["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn all_permissions_but_the_one_are_not_enough() {
    let scene = Scene::new().await;
    let all: BTreeSet<String> = scene.rows().filter_map(Row::permission).collect();
    assert!(all.len() > 20, "{all:?}");
    let mut keys = BTreeMap::new();
    for permission in &all {
        let others: Vec<_> = all.iter().filter(|name| *name != permission).cloned().collect();
        let own = key(&scene, &scene.own.tenant, &scene.own.admin, &others).await;
        let master = super::scene::MASTER;
        let masters = key(&scene, master, &scene.world.master_key, &others).await;
        keys.insert(permission.clone(), (own, masters));
    }
    for row in scene.rows() {
        let right = scene.right(row, &scene.own);
        let Some(permission) = row.permission() else { continue };
        let (own, masters) = &keys[&permission];
        let presented = if row.is_masters() { masters } else { own };
        let ask = right.clone().with("x-api-key", presented.clone());
        let reply = scene.expect(row, "without the permission", &ask, 403).await;
        forbidden(&scene, row, &reply);
        if row.is_masters() {
            // Whoever holds everything in a tenant is nobody to the instance.
            let ask = right.with("x-api-key", scene.own.admin.clone());
            scene.expect(row, "not of the master tenant", &ask, 403).await;
        }
    }
    scene.end();
}

fn forbidden(scene: &Scene, row: Row, reply: &Reply) {
    let text = String::from_utf8_lossy(&reply.body).to_ascii_lowercase();
    if !text.contains("forbidden") {
        scene.fault(row, "without the permission", reply, "refused for another reason");
    }
}

#[tokio::test]
async fn what_is_public_asks_nobody_who_they_are() {
    let scene = Scene::new().await;
    for row in public_rows() {
        let path = row.path(|_| "nothing.js".to_owned());
        let method = row.0.method.word();
        let ask = Ask { method, path, headers: Vec::new(), body: Vec::new() };
        let expected = if row.0.path.contains('{') { 404 } else { 200 };
        scene.expect(row, "nobody", &ask, expected).await;
        // Nor is anybody turned away for what they would rather read.
        let ask = ask.with("x-api-key", "x").with("accept", "text/plain");
        scene.expect(row, "somebody", &ask, expected).await;
    }
    scene.end();
}

#[tokio::test]
async fn who_takes_no_json_is_told_so() {
    let scene = Scene::new().await;
    for row in scene.rows() {
        for accept in ["text/html", "application/json;q=0", "image/*, application/xml"] {
            let ask = scene.right(row, &scene.own).with("accept", accept);
            scene.expect(row, accept, &ask, 406).await;
        }
    }
    scene.end();
}

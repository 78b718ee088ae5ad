//! The walls between tenants: another tenant's key, its ids in paths, its ids in bodies.

use serde_json::{Value, json};

use super::rows::Row;
use super::scene::{Home, Scene};

#[tokio::test]
async fn what_belongs_to_the_other_tenant_is_seen_where_it_is_shown() {
    let scene = Scene::new().await;
    let shown = ["users", "roles", "permissions", "groups", "api-keys"];
    for noun in shown {
        let list = format!("/api/v1/tenants/{{id}}/{noun}");
        let wanted = |row: &Row| row.name() == format!("GET {list}");
        let row = scene.rows().find(wanted).unwrap();
        let ask = scene.right(row, &scene.other);
        let reply = scene.expect(row, "its own list", &ask, 200).await;
        let leaks = scene.leaks(&ask, &reply);
        assert!(leaks.len() >= 2, "a name and an id at {noun}: {leaks:?}");
        scene.forgive(leaks.len());
    }
    scene.end();
}

#[tokio::test]
async fn another_tenants_key_finds_no_tenant() {
    let scene = Scene::new().await;
    let (own, other) = (&scene.own, &scene.other);
    for row in scene.rows().filter(|row| !row.is_masters()) {
        for (home, stranger) in [(own, other), (other, own)] {
            let mut ask = scene.right(row, home).with("x-api-key", stranger.admin.clone());
            if !row.is_by_path() {
                ask = ask.with("x-tenantid", home.tenant.clone());
            }
            let expected = if row.is_by_path() { 404 } else { 403 };
            let reply = scene.expect(row, "a stranger", &ask, expected).await;
            let word = if row.is_by_path() { "not_found" } else { "tenant_mismatch" };
            if !String::from_utf8_lossy(&reply.body).to_ascii_lowercase().contains(word) {
                scene.fault(row, "a stranger", &reply, "refused for another reason");
            }
        }
    }
    scene.end();
}

#[tokio::test]
async fn another_tenants_objects_are_not_there() {
    let scene = Scene::new().await;
    for row in scene.rows().filter(|row| !row.is_masters()) {
        let right = scene.right(row, &scene.own);
        for foreign in row.parameters().filter(|parameter| *parameter != "id") {
            let path = row.path(|parameter| {
                let home = if parameter == foreign { &scene.other } else { &scene.own };
                home.id(parameter)
            });
            let ask = right.clone().path(path);
            scene.expect(row, &format!("a foreign `{foreign}`"), &ask, 404).await;
            let ask = ask.body("{}");
            let reply = scene.ask(row, "a foreign id and no body", &ask).await;
            if reply.status < 400 {
                scene.fault(row, "a foreign id and no body", &reply, "passed");
            }
        }
    }
    scene.end();
}

/// How a body may refer to what a home has: members and their values.
fn references(home: &Home, name: &str, member: &str) -> Vec<Vec<(&'static str, Value)>> {
    let one = |member: &'static str, value: Value| vec![(member, value)];
    match member {
        "role_id" => vec![one("role_id", json!(home.role))],
        "group_id" => vec![one("group_id", json!(home.group))],
        "user_id" => vec![one("user_id", json!(home.user))],
        "permission_id" => vec![one("permission_id", json!(home.permission))],
        "parent_id" => vec![one("parent_id", json!(home.group))],
        "roles" => vec![one("roles", json!([home.role])), one("roles", json!([name]))],
        "parents" => vec![one("parents", json!([home.role])), one("parents", json!([name]))],
        "owner_id" => vec![
            vec![("owner_type", json!("user")), ("owner_id", json!(home.user))],
            vec![("owner_type", json!("tenant")), ("owner_id", json!(home.tenant))],
        ],
        "owner" => ["user", "tenant"]
            .map(|kind| (kind, if kind == "user" { &home.user } else { &home.tenant }))
            .map(|(kind, id)| one("owner", json!({ "type": kind, "id": id })))
            .into(),
        _ => Vec::new(),
    }
}

/// Owners stay: what a replacement says of them has no effect. A check about somebody who is not
/// there is a no, not an error.
fn has_no_effect(row: Row, member: &str) -> bool {
    (member == "owner_id" && row.0.method.word() == "PUT") || row.0.noun == "decisions"
}

#[tokio::test]
async fn another_tenants_objects_cannot_be_referred_to() {
    let scene = Scene::new().await;
    let mut swept = 0;
    for row in scene.rows() {
        let Some(body) = scene.document.body(row) else { continue };
        for member in body.members().filter(|member| !has_no_effect(row, member)) {
            for reference in references(&scene.other, "canary", member) {
                let mut body = scene.sample(row, &scene.own).unwrap();
                for (member, value) in reference {
                    body[member] = value;
                }
                let ask = scene.right(row, &scene.own).body(body.to_string());
                let what = format!("a foreign `{member}` in the body");
                scene.expect(row, &what, &ask, row.invalid()).await;
                swept += 1;
            }
        }
    }
    assert!(swept > 20, "{swept}");
    scene.end();
}

#[tokio::test]
async fn nothing_is_decided_about_another_tenants_user() {
    let scene = Scene::new().await;
    let user = &scene.other.user;
    let question = json!({ "user_id": user, "resource": "canary", "action": "go" });
    for row in scene.rows().filter(|row| row.0.path.contains("check-permission")) {
        let body = match row.0.takes_batch {
            true => json!({ "checks": [question] }),
            false => question.clone(),
        };
        let ask = scene.right(row, &scene.own).body(body.to_string());
        let reply = scene.expect(row, "a foreign user", &ask, 200).await;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        let data = &answer["data"];
        let decision = if row.0.takes_batch { &data["results"][0] } else { data };
        assert_eq!(decision["allowed"], false, "{answer}");
    }
    scene.end();
}

#[tokio::test]
async fn another_tenants_key_is_not_a_good_one() {
    let scene = Scene::new().await;
    for row in scene.rows().filter(|row| row.0.path.contains("/validate")) {
        let mut ask = scene.right(row, &scene.own);
        let body = match row.0.takes_batch {
            true => json!({ "keys": [{ "apiKey": scene.other.secret }] }),
            false => json!({ "apiKey": scene.other.secret }),
        };
        ask = ask.with("content-type", "application/json").body(body.to_string());
        let asks = [ask.clone(), ask.without("x-api-key")];
        for ask in asks.iter().take(if row.is_open() { 2 } else { 1 }) {
            let reply = scene.expect(row, "a foreign key", ask, 200).await;
            let answer: Value = serde_json::from_slice(&reply.body).unwrap();
            let data = &answer["data"];
            let verdict = if row.0.takes_batch { &data["results"][0] } else { data };
            assert_eq!(verdict["valid"], false, "{answer}");
            assert_eq!(verdict["reason"], "INVALID_KEY", "{answer}");
        }
    }
    scene.end();
}

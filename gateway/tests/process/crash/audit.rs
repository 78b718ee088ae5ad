//! After a restart: holds what writers know against what the gateway says.

use std::collections::HashMap;

use serde_json::Value;

use super::writer::{Change, Key, Known, Link, Object, Written};
use crate::harness::{Home, key_body, text};

/// Holds everything against what is there; what was unknown is known afterwards.
pub(super) fn all(home: &mut Home, written: &mut [Written]) {
    let keys = by_name(home, "api-keys", "name");
    let listed: HashMap<_, _> = [("users", "username"), ("roles", "name"), ("groups", "name")]
        .map(|(noun, member)| (noun, by_name(home, noun, member)))
        .into();
    for written in written {
        written.keys.iter_mut().for_each(|key| check_key(home, &keys, key));
        written.objects.iter_mut().for_each(|object| check_object(home, &listed, object));
        written.links.iter_mut().for_each(|link| check_link(home, link));
    }
}

/// The rows of a list, each name once.
fn by_name(home: &mut Home, noun: &str, member: &str) -> HashMap<String, Value> {
    let mut rows = HashMap::new();
    for row in home.all(noun) {
        let name = text(&row[member]).to_owned();
        assert!(rows.insert(name, row).is_none(), "two {noun} of one name");
    }
    rows
}

fn check_key(home: &mut Home, listed: &HashMap<String, Value>, key: &mut Key) {
    if key.id.is_none() {
        return check_issue(home, listed, key);
    }
    let id = key.id.clone().unwrap();
    assert_eq!(listed[&key.name]["id"], *id, "the list and the answer agree");
    let path = format!("/api/v1/api-keys/{id}");
    let row = home.ask("GET", &path, None).expect(200)["data"].take();
    let rotations = row["audit"]["rotationCount"].as_u64().unwrap();
    let known = key.past.len() as u64;
    let unknown = |change| key.known == Known::Unknown && key.change == change;
    let rotated = match rotations.checked_sub(known) {
        Some(0) => false,
        Some(1) if unknown(Change::Rotated) => true,
        _ => panic!("{}: {known} rotations are known of {rotations}", key.name),
    };
    let revoked = row["status"] == "revoked";
    match (key.change, key.known) {
        (Change::Revoked, Known::Unknown) => {}
        (change, _) => assert_eq!(revoked, change == Change::Revoked, "{}", key.name),
    }
    // The row by the secret says the same as the row by the id.
    let verdict = home.validate(&key.secret);
    assert_eq!(verdict["valid"], !revoked && !rotated, "{}: {verdict}", key.name);
    let state = home.ask("POST", &format!("{path}/validate"), None).expect(200);
    assert_eq!(state["data"]["valid"], !revoked, "{}: {state}", key.name);
    for past in &key.past {
        assert_eq!(home.validate(past)["valid"], false, "{}: a secret of the past", key.name);
    }
    settle(home, key, revoked, rotated);
}

/// Makes what was unknown known.
fn settle(home: &mut Home, key: &mut Key, revoked: bool, rotated: bool) {
    key.known = Known::Acknowledged;
    key.change = if revoked { Change::Revoked } else { Change::Issued };
    if rotated {
        let path = format!("/api/v1/api-keys/{}/rotate", key.id.as_ref().unwrap());
        let answer = home.ask("POST", &path, None).expect(200);
        let new = text(&answer["data"]["newApiKey"]).to_owned();
        // The one of the rotation without an answer is nobody's; it counts all the same.
        key.past.extend([std::mem::replace(&mut key.secret, new), "lost".into()]);
    }
}

/// A key that may have been issued: with row and name, or with neither.
fn check_issue(home: &mut Home, listed: &HashMap<String, Value>, key: &mut Key) {
    let again = home.ask("POST", "/api/v1/api-keys", Some(&key_body(&key.name)));
    let Some(row) = listed.get(&key.name) else {
        let made = again.expect(201);
        key.id = Some(text(&made["data"]["id"]).into());
        text(&made["data"]["apiKey"]).clone_into(&mut key.secret);
        key.known = Known::Acknowledged;
        return;
    };
    again.expect(409);
    let id = text(&row["id"]).to_owned();
    let state = home.ask("POST", &format!("/api/v1/api-keys/{id}/validate"), None).expect(200);
    assert_eq!(state["data"]["valid"], true, "its row by the secret is there: {state}");
    // A new secret, and it is a key like the others.
    let answer = home.ask("POST", &format!("/api/v1/api-keys/{id}/rotate"), None).expect(200);
    text(&answer["data"]["newApiKey"]).clone_into(&mut key.secret);
    (key.id, key.known, key.past) = (Some(id), Known::Acknowledged, vec!["lost".into()]);
}

fn check_object(
    home: &mut Home,
    listed: &HashMap<&str, HashMap<String, Value>>,
    object: &mut Object,
) {
    let member = if object.noun == "users" { "username" } else { "name" };
    let row = listed[object.noun].get(text(&object.body[member]));
    match (&object.id, row) {
        (Some(id), Some(row)) => assert_eq!(row["id"], **id),
        (Some(id), None) => panic!("{} {id} is lost", object.noun),
        (None, Some(row)) => object.id = Some(text(&row["id"]).into()),
        (None, None) => object.id = Some(home.make(object.noun, &object.body)),
    }
    let path = home.path(object.noun);
    home.ask("POST", &path, Some(&object.body)).expect(409);
    let path = format!("{path}/{}", object.id.as_ref().unwrap());
    let found = home.ask("GET", &path, None).expect(200);
    assert_eq!(found["data"][member], object.body[member]);
}

/// Both directions of a link say the same.
fn check_link(home: &mut Home, link: &mut Link) {
    let has = |rows: Vec<Value>, id: &str| rows.iter().any(|row| row["id"] == *id);
    let is_there = has(home.all(&format!("users/{}/{}", link.user, link.noun)), &link.id);
    if link.noun == "groups" {
        let back = has(home.all(&format!("groups/{}/members", link.id)), &link.user);
        assert_eq!(is_there, back, "a group and its member disagree");
    }
    if link.known == Known::Acknowledged {
        assert_eq!(is_there, link.is_there, "{} of {}", link.noun, link.user);
    }
    let path = home.path(&format!("users/{}/{}/{}", link.user, link.noun, link.id));
    if is_there && link.known == Known::Unknown {
        home.ask("DELETE", &path, None).expect(204);
        (link.is_there, link.known) = (false, Known::Acknowledged);
        return check_link(home, link);
    }
    link.is_there = is_there;
}

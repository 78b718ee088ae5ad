//! Bodies that must not pass.

use serde_json::{Value, json};

use super::client::{Ask, send_raw};
use super::document::{Body, with_raw};
use super::rows::Row;
use super::scene::Scene;

const MIB: usize = 1 << 20;

/// Every row that takes a body, with a right request and its right body.
fn with_bodies(scene: &Scene) -> impl Iterator<Item = (Row, Body<'_>, Ask, Value)> {
    scene.rows().filter_map(|row| {
        let body = scene.document.body(row)?;
        let sample = scene.sample(row, &scene.own)?;
        let right = scene.right(row, &scene.own).with("content-type", "application/json");
        Some((row, body, right, sample))
    })
}

#[tokio::test]
async fn a_malformed_body_is_400() {
    let scene = Scene::new().await;
    let texts: [&[u8]; 14] = [
        b"{",
        b"[",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"{a:1}",
        b"{'a':1}",
        b"nul",
        b"01",
        b"\"\\ud800\"",
        b"{\"a\":\"\\x\"}",
        b"\xFF",
        b"{\"a\":\"\xC3\x28\"}",
        b"{\"a\xFF\":1}",
        b"\0",
    ];
    for (row, body, right, sample) in with_bodies(&scene) {
        for text in texts {
            let what = String::from_utf8_lossy(text).into_owned();
            scene.expect(row, &what, &right.clone().body(text), 400).await;
        }
        let trailing = format!("{sample} x");
        scene.expect(row, "more behind the body", &right.clone().body(trailing), 400).await;
        let deep = [vec![b'['; 100], vec![b']'; 100]].concat();
        let deep = with_raw(&sample, "surprise", &deep);
        scene.expect(row, "too deep", &right.clone().body(deep), 400).await;
        let empty = scene.ask(row, "an empty body", &right.body("")).await;
        if body.required && empty.status != 400 {
            scene.fault(row, "an empty body", &empty, "not 400");
        }
    }
    scene.end();
}

#[tokio::test]
async fn a_member_given_twice_is_400() {
    let scene = Scene::new().await;
    for (row, body, right, sample) in with_bodies(&scene) {
        for member in body.members() {
            let known =
                sample.get(member).map_or_else(|| b"null".to_vec(), |v| v.to_string().into());
            let once = if sample.get(member).is_some() {
                sample.to_string().into_bytes()
            } else {
                with_raw(&sample, member, &known)
            };
            let none = json!({});
            let pair = String::from_utf8(with_raw(&none, member, &known)).unwrap();
            let pair = pair.trim_matches(['{', '}']).to_owned();
            let mut text = once;
            text.pop();
            text.extend_from_slice(format!(",{pair}}}").as_bytes());
            let what = format!("`{member}` twice");
            scene.expect(row, &what, &right.clone().body(text), 400).await;
        }
        for member in body.free_members() {
            let text = with_raw(&sample, member, br#"{"a":{"b":1,"b":2}}"#);
            let what = format!("twice inside `{member}`");
            scene.expect(row, &what, &right.clone().body(text), 400).await;
        }
    }
    scene.end();
}

#[tokio::test]
async fn what_a_schema_does_not_know_is_invalid() {
    let scene = Scene::new().await;
    let mut swept = 0;
    for (row, body, right, _) in with_bodies(&scene) {
        let values = |member: &str| scene.value(row, &scene.own, member);
        for body in body.with_unknown_members(&values) {
            let what = format!("an unknown member in {body}");
            let ask = right.clone().body(body.to_string());
            let reply = scene.expect(row, &what, &ask, row.invalid()).await;
            if !String::from_utf8_lossy(&reply.body).contains("surprise") {
                scene.fault(row, &what, &reply, "does not name the member");
            }
        }
        for body in body.of_wrong_types(&values) {
            let what = format!("a wrong type in {body}");
            let ask = right.clone().body(body.to_string());
            scene.expect(row, &what, &ask, row.invalid()).await;
            swept += 1;
        }
        for text in ["null", "true", "7", "\"text\"", "[]", "[{}]"] {
            let what = format!("{text} in place of the body");
            scene.expect(row, &what, &right.clone().body(text), row.invalid()).await;
        }
    }
    assert!(swept > 500, "{swept}");
    scene.end();
}

#[tokio::test]
async fn a_body_that_is_not_called_json_is_415() {
    let scene = Scene::new().await;
    for (row, _, right, sample) in with_bodies(&scene) {
        let right = right.body(sample.to_string());
        for kind in ["text/plain", "application/x-www-form-urlencoded", "json", "", "\u{e9}"] {
            let ask = right.clone().with("content-type", kind);
            scene.expect(row, &format!("`{kind}`"), &ask, 415).await;
        }
        scene.expect(row, "no type", &right.without("content-type"), 415).await;
    }
    scene.end();
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let scene = Scene::new().await;
    for row in scene.rows().filter(|row| row.0.method.word() != "GET") {
        let right = scene.right(row, &scene.own);
        let bytes_max = if row.0.takes_batch { 8 * MIB } else { MIB };
        // What a client announces is enough to refuse it.
        let headers = right.headers.iter();
        let headers = headers.map(|(n, value)| format!("{n}: {}", String::from_utf8_lossy(value)));
        let headers = headers.collect::<Vec<_>>().join("\r\n");
        let length = bytes_max + 1;
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: x\r\n{headers}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n",
            right.method, right.path
        );
        let reply = send_raw(&scene.world, head.as_bytes()).await;
        scene.judge(row, "too large", &right, &reply, 413);
    }
    scene.end();
}

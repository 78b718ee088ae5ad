//! Secrets stay where they belong: after a life full of them neither the log, nor the metrics, nor
//! the description of the API, nor the files of the store hold one.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

mod life;
mod secrets;

use crate::harness::{Gateway, Home, World};
use life::Life;
use secrets::Secrets;

/// What the gateway tells everybody.
const PUBLISHED: [&str; 6] = [
    "/metrics",
    "/health/detailed",
    "/api/v1/docs/openapi.json",
    "/api/v1/docs/openapi.platform.json",
    "/api/v1/docs/openapi.iam.json",
    "/api-docs/openapi.json",
];

/// Lives through everything with this gateway and searches all that remains.
fn search(world: &World, gateway: Gateway, mut secrets: Secrets) {
    let home = Home::create(&gateway, &world.master_key, "canary");
    secrets.key("the first key of a tenant", &home.key);
    Life { world, gateway: &gateway, home, secrets: &mut secrets }.live();
    for path in PUBLISHED {
        let reply = gateway.link().send("GET", path, &[], None).unwrap();
        assert_eq!(reply.status, 200, "{path}");
        secrets.are_not_in(path, &reply.body);
    }
    // Killed, so that the log of the store still holds every record as it was written.
    gateway.process.signal("-KILL");
    let (_, said) = gateway.process.ended();
    secrets.are_not_in("the log", said.as_bytes());
    for line in ["/api/v1/tenants/{id}/users", "/v1/api-keys", "h2::"] {
        assert!(said.contains(line), "`{line}` is not in the log: is it a trace?");
    }
    let files = secrets.are_not_below(&world.data());
    let name = b"canary.user";
    assert!(files.windows(name.len()).any(|it| it == name), "no user is in the files");

    let gateway = world.serve();
    gateway.process.signal("-TERM");
    let (_, said) = gateway.process.ended();
    secrets.are_not_in("the log of the restart", said.as_bytes());
    secrets.are_not_below(&world.data());
}

#[test]
fn no_secret_is_in_what_remains_of_a_gateway_that_was_given_its_keys() {
    let mut secrets = Secrets::default();
    let master: Vec<u8> = (0..32_u8).map(|at| at.wrapping_mul(151).wrapping_add(77)).collect();
    secrets.master(&master);
    let mut world = World::bare();
    let bootstrap = secrets.key("the bootstrap key", world.succeeds(&["keygen"]).trim());
    world.master_key.clone_from(&bootstrap);
    let world = world
        .set("MASTER_KEY", &STANDARD.encode(&master))
        .set("BOOTSTRAP_ADMIN_KEY", &bootstrap)
        .set("RUST_LOG", "trace")
        .set("LOG_FORMAT", "json");
    let gateway = world.serve();
    search(&world, gateway, secrets);
    assert!(!world.data().join("master.key").exists());
}

#[test]
fn no_secret_is_in_what_remains_of_a_gateway_that_made_its_keys() {
    let mut secrets = Secrets::default();
    let world = World::new().set("RUST_LOG", "trace").set("LOG_FORMAT", "pretty");
    secrets.key("the key of init", &world.master_key);
    let text = fs::read_to_string(world.data().join("master.key")).unwrap();
    secrets.master(&STANDARD.decode(text.trim()).unwrap());
    let gateway = world.serve();
    search(&world, gateway, secrets);
}

#[test]
fn the_search_finds_what_is_there() {
    let world = World::new();
    let mut secrets = Secrets::default();
    secrets.key("a key", &world.master_key);
    let random = &world.master_key.as_bytes()[16..48];
    let found = |bytes: &[u8]| std::panic::catch_unwind(|| secrets.are_not_in("x", bytes)).is_err();
    assert!(found(&[&[0xFF, 0], random, &[0x80]].concat()));
    assert!(!found(&random[1..]));
}

/// An answer's member that is text.
fn member(answer: &Value, name: &str) -> String {
    answer["data"][name].as_str().unwrap_or_else(|| panic!("no `{name}`: {answer}")).to_owned()
}

/// The body of an IAM key.
fn named(name: &str) -> Value {
    json!({ "name": name })
}

//! `serve`: what it refuses, how it begins, how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ChildStderr;

use serde_json::Value;

use crate::harness::{Running, World, ask, text};

const REQUEST: &str = "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

const HELD: &str = "POST /api/v1/api-key/validate HTTP/1.1\r\nHost: localhost\r\n\
                    Content-Type: application/json\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";

/// Starts the gateway on a free port, and waits until it says that it listens.
fn start(world: &World, more: &[&str]) -> (Running, SocketAddr, BufReader<ChildStderr>) {
    let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
    let mut running = Running(world.command(arguments).spawn().unwrap());
    let mut log = BufReader::new(running.0.stderr.take().unwrap());
    let line = until(&mut log, "listening");
    let address = line["url"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap();
    (running, address, log)
}

/// Reads the log up to a message.
fn until(log: &mut impl BufRead, message: &str) -> Value {
    let mut line = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        let entry: Value = serde_json::from_str(&line).unwrap();
        assert!(!line.contains("lk_live_"), "a key is in the log");
        if entry["message"].as_str().is_some_and(|said| said.contains(message)) {
            return entry;
        }
        line.clear();
    }
    panic!("the log ended without `{message}`");
}

#[test]
fn it_serves_drains_and_ends_well() {
    let world = World::new();
    world.json(&["init", "--json"]);
    let (mut running, address, mut log) = start(&world, &[]);
    assert!(ask(address, REQUEST).starts_with("HTTP/1.1 200"));
    running.signal("-HUP");
    until(&mut log, "SIGHUP");
    assert!(ask(address, REQUEST).starts_with("HTTP/1.1 200"));
    running.signal("-TERM");
    until(&mut log, "draining");
    until(&mut log, "ended");
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    assert_eq!(world.run(&["check"]).code, 0);
}

#[test]
fn a_second_signal_does_not_wait_for_the_drain() {
    let world = World::new();
    world.json(&["init", "--json"]);
    let (mut running, address, mut log) = start(&world, &[]);
    // A request whose body never comes holds the drain up; that the gateway asks for the body shows
    // that the request is in progress.
    let mut held = TcpStream::connect(address).unwrap();
    held.write_all(HELD.as_bytes()).unwrap();
    let mut answer = [0; 12];
    held.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    running.signal("-INT");
    until(&mut log, "draining");
    running.signal("-INT");
    assert_eq!(running.0.wait().unwrap().code(), Some(1));
}

#[test]
fn an_empty_store_begins_with_the_key_of_the_environment() {
    let key = World::new().run(&["keygen"]).stdout.trim_end().to_owned();
    let world = World::new().set("BOOTSTRAP_ADMIN_KEY", &key).set("MASTER_KEY", &"66".repeat(32));
    let (running, address, _log) = start(&world, &[]);
    assert!(ask(address, REQUEST).starts_with("HTTP/1.1 200"));
    drop(running);
    let (_running, _, _) = start(&world, &[]);
}

#[test]
fn a_bootstrap_key_changes_nothing_in_a_store_that_stands() {
    let key = World::new().run(&["keygen"]).stdout.trim_end().to_owned();
    let world = World::new().set("BOOTSTRAP_ADMIN_KEY", &key);
    world.json(&["init", "--json"]);
    let before = world.run(&["check"]).stdout;
    let mut running = Running(world.command(["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap());
    let mut log = BufReader::new(running.0.stderr.take().unwrap());
    until(&mut log, "`BOOTSTRAP_ADMIN_KEY` is ignored");
    until(&mut log, "listening");
    running.signal("-TERM");
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    assert_eq!(world.run(&["check"]).stdout, before);
}

#[test]
fn a_malformed_bootstrap_key_is_refused() {
    let world = World::new().set("BOOTSTRAP_ADMIN_KEY", "not a key");
    world.fails(&["serve"], 2, "`BOOTSTRAP_ADMIN_KEY` holds no API key string");
    assert!(!world.data().exists());
}

#[test]
fn production_refuses_an_open_plaintext_port() {
    let world =
        World::new().set("LATCHKEY_ENVIRONMENT", "production").set("MASTER_KEY", &"77".repeat(32));
    world.json(&["init", "--json"]);
    world.fails(&["serve", "--listen", "0.0.0.0:0"], 2, "production serves no plain text");
    let (_running, address, _) = start(&world, &[]);
    assert!(ask(address, REQUEST).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_proxy_in_front_makes_the_open_port_good_in_production() {
    let world = World::new()
        .set("LATCHKEY_ENVIRONMENT", "production")
        .set("TRUSTED_PROXIES", "10.0.0.0/8")
        .set("MASTER_KEY", &"88".repeat(32));
    world.json(&["init", "--json"]);
    let arguments = ["serve", "--listen", "0.0.0.0:0"];
    let mut running = Running(world.command(arguments).spawn().unwrap());
    until(&mut BufReader::new(running.0.stderr.take().unwrap()), "listening");
}

#[test]
fn a_port_that_is_taken_and_a_missing_certificate_are_said_to_be() {
    let world = World::new();
    world.json(&["init", "--json"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    world.fails(&["serve", "--listen", &address], 1, "cannot listen on `");
    let data = world.data();
    let tls = World::new().set("TLS_CERT_FILE", "absent.pem").set("TLS_KEY_FILE", "absent.pem");
    tls.fails(&["serve", "--data", text(&data)], 2, "cannot read `absent.pem`");
}

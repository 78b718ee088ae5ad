//! Signals: SIGTERM finishes what is in progress, SIGHUP loads the certificate again.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::clients::{certificate, curl};
use crate::harness::{Home, Link, MASTER, World, key_body, pause, text};

const IN_FLIGHT: usize = 16;
const WRITERS: usize = 8;
const WRITTEN_MIN: usize = 5;
const STARTS: usize = 8;
const LOOKS_MAX: usize = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

#[test]
fn requests_in_flight_get_their_answers_and_the_port_closes_first() {
    let world = World::new();
    let gateway = world.serve();
    let mut held: Vec<Link> = (0..IN_FLIGHT).map(|_| gateway.link()).collect();
    let body = json!({ "apiKey": world.master_key }).to_string();
    for link in &mut held {
        let asked = format!(
            "POST /api/v1/api-keys/validate HTTP/1.1\r\nHost: localhost\r\nx-api-key: {}\r\n\
             x-tenantid: {MASTER}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Expect: 100-continue\r\n\r\n",
            world.master_key,
            body.len()
        );
        link.write(&asked).unwrap();
        // The gateway asks for the body: the request is in progress.
        link.read().unwrap().expect(100);
    }
    let mut idle = gateway.link();
    idle.send("GET", "/ready", &[], None).unwrap().expect(200);
    let address = gateway.address;
    gateway.process.signal("-TERM");
    gateway.process.until("draining");
    assert!(idle.is_closed(), "an idle connection is closed");
    // The port closes while requests are still held: shortly after the word of it.
    let is_closed = |_| {
        pause(BETWEEN_LOOKS);
        TcpStream::connect(address).is_err()
    };
    assert!((0..LOOKS_MAX).any(is_closed), "the port is open");
    for link in &mut held {
        link.write(&body).unwrap();
        assert_eq!(link.read().unwrap().expect(200)["data"]["valid"], true);
        assert!(link.is_closed(), "the connection is closed after its last answer");
    }
    let (status, log) = gateway.process.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("cut off"), "{log}");
}

#[test]
fn a_signal_that_comes_with_the_word_of_listening_is_heard() {
    let world = World::new();
    for _ in 0..STARTS {
        world.serve().stop();
    }
}

/// Issues keys until the connection ends; what was answered with 201.
fn write_until_closed(mut home: Home, writer: usize, enough: impl Fn()) -> Vec<(String, String)> {
    let mut issued = Vec::new();
    for number in 0.. {
        let body = key_body(&format!("{writer}-{number}"));
        let Ok(reply) = home.try_ask("POST", "/api/v1/api-keys", Some(&body)) else { break };
        let answer = reply.expect(201);
        issued.push((text(&answer["data"]["id"]).into(), text(&answer["data"]["apiKey"]).into()));
        if number == WRITTEN_MIN {
            enough();
        }
    }
    issued
}

#[test]
fn a_drain_under_writes_loses_no_acknowledged_one() {
    let world = World::new();
    let gateway = world.serve();
    let told = AtomicBool::new(false);
    let issued = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let home = Home::enter(&gateway, MASTER, &world.master_key);
                let (told, process) = (&told, &gateway.process);
                let enough = move || {
                    if !told.swap(true, Ordering::SeqCst) {
                        process.signal("-TERM");
                    }
                };
                scope.spawn(move || write_until_closed(home, writer, enough))
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    });
    let (status, log) = gateway.process.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(issued.len() > WRITTEN_MIN);

    let gateway = world.serve();
    let mut home = Home::enter(&gateway, MASTER, &world.master_key);
    for (id, secret) in &issued {
        assert_eq!(home.validate(secret)["apiKey"]["id"], *id);
    }
    gateway.stop();
    world.check();
}

#[test]
fn a_hangup_loads_the_certificate_again() {
    let world = World::new().set("TLS_CERT_FILE", "cert.pem").set("TLS_KEY_FILE", "key.pem");
    let write = |name: &str| {
        let (cert, key) = certificate();
        std::fs::write(world.path(name), &cert).unwrap();
        std::fs::write(world.path("key.pem"), key).unwrap();
        std::fs::write(world.path("cert.pem"), cert).unwrap();
    };
    write("first.pem");
    let gateway = world.serve();
    let port = gateway.address.port();
    let url = format!("https://localhost:{port}/ready");
    let trusts = |name: &str| curl(&world, &["--cacert", name, &url]).is_ok();
    assert!(trusts("first.pem"));
    // Nothing has changed: only the signal can be the reason.
    gateway.process.signal("-HUP");
    gateway.process.until("certificate reloaded");
    assert!(trusts("first.pem"));
    write("second.pem");
    gateway.process.signal("-HUP");
    gateway.process.until("certificate reloaded");
    assert!(trusts("second.pem"));
    assert!(!trusts("first.pem"));
    gateway.stop();
}

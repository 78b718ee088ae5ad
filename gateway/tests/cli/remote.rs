//! `backup --url`: what is sent to a gateway, and what is made of its answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use crate::harness::World;

const KEY: &str = "lk_live_0Ab3Cd9Z00112233445566778899AABBCCDDEEFF2nhFgd";

/// A gateway that answers one request, and gives back what it was asked.
fn gateway(answer: &str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/below/", listener.local_addr().unwrap());
    let answer = answer.to_owned();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut asked = String::new();
        while !asked.ends_with("\r\n\r\n") {
            lines.read_line(&mut asked).unwrap();
        }
        let length = asked.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        lines.read_exact(&mut body).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        asked + &String::from_utf8(body).unwrap()
    });
    (url, asked)
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn the_gateway_is_asked_with_the_key_of_the_environment() {
    let (url, asked) = gateway(&answer(
        "201 Created",
        r#"{"success":true,"data":{"name":"nightly","path":"/srv/backups/nightly"}}"#,
    ));
    let world = World::new().set("LATCHKEY_API_KEY", KEY);
    let ended = world.run(&["backup", "--to", "nightly", "--url", &url]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stdout, "backed up to `/srv/backups/nightly`\n");
    assert!(ended.stderr.contains("The master key is not in a backup"));
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /below/api/v1/admin/backups HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("x-api-key: {KEY}\r\n")), "{asked}");
    assert!(asked.contains("x-tenantid: 00000000-0000-0000-0000-000000000001\r\n"), "{asked}");
    assert!(asked.ends_with(r#"{"name":"nightly"}"#), "{asked}");
}

#[test]
fn a_refusal_is_told_in_the_gateways_own_words() {
    let body = r#"{"success":false,"error":{"code":"ALREADY_EXISTS","message":"A backup with this name already exists"},"timestamp":"2026-01-31T12:00:00.000Z"}"#;
    let (url, asked) = gateway(&answer("409 Conflict", body));
    let arguments = ["backup", "--to", "nightly", "--url", &url, "--api-key", KEY];
    World::new().fails(&arguments, 1, "409 Conflict: A backup with this name already exists");
    asked.join().unwrap();
    World::new().fails(&arguments, 1, "cannot back up the gateway at `127.0.0.1`");
}

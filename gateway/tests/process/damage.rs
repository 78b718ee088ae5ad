//! A damaged log refuses the start; a write that fails makes the gateway read-only.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::harness::{Gateway, Home, MASTER, Reply, World, key_body, text};

const WRITERS: usize = 8;
const WRITES_MAX: usize = 20_000;
/// Answers to look at, of each writer, once the store takes no more writes.
const REFUSED_MIN: usize = 5;

/// The log file that holds most.
fn log_file(world: &World) -> PathBuf {
    let files = fs::read_dir(world.data()).unwrap().map(|entry| entry.unwrap().path());
    let logs = files.filter(|path| path.extension().is_some_and(|it| it == "log"));
    logs.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

/// A store that was left without a clean end, with some hundred records in its log.
fn left_behind() -> World {
    let world = World::new();
    let gateway = world.serve();
    let mut home = Home::enter(&gateway, MASTER, &world.master_key);
    for number in 0..200 {
        home.issue(&key_body(&format!("key {number}")));
    }
    gateway.process.kill();
    world
}

#[test]
fn a_flipped_byte_in_the_middle_of_the_log_refuses_the_start() {
    let world = left_behind();
    let file = log_file(&world);
    let whole = fs::read(&file).unwrap();
    for part in [2, 3, 5] {
        let mut bytes = whole.clone();
        let at = bytes.len() / part;
        bytes[at] ^= 0x10;
        fs::write(&file, &bytes).unwrap();
        for command in [&["serve", "--listen", "127.0.0.1:0", "--data", "data"][..], &["check"]] {
            let output = world.run(command);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{said}");
            let sentence = said.lines().last().unwrap();
            assert!(sentence.starts_with("latchkey: "), "{said}");
            assert!(sentence.contains("log") && sentence.contains("restore"), "{said}");
        }
        assert_eq!(fs::read(&file).unwrap(), bytes, "a damaged log is left as it is");
    }
    fs::write(&file, whole).unwrap();
    world.serve().stop();
    world.check();
}

/// A writer's account.
#[derive(Default)]
struct Account {
    acknowledged: Vec<(String, String)>,
    refused: Vec<Reply>,
    /// The names of keys that may or may not be there.
    unknown: Vec<String>,
}

/// Issues keys until the store has refused some.
fn write_until_refused(
    mut home: Home,
    writer: usize,
    began: &AtomicUsize,
    over: &AtomicBool,
) -> Account {
    let mut account = Account::default();
    for number in 0..WRITES_MAX {
        let refused_before = over.load(Ordering::SeqCst);
        let name = format!("{writer}-{number}");
        let reply = home.ask("POST", "/api/v1/api-keys", Some(&key_body(&name)));
        began.fetch_add(1, Ordering::SeqCst);
        if reply.status == 201 {
            assert!(!refused_before, "a write was acknowledged after one had failed");
            let data = &reply.json()["data"];
            account.acknowledged.push((text(&data["id"]).into(), text(&data["apiKey"]).into()));
            continue;
        }
        over.store(true, Ordering::SeqCst);
        if reply.text().contains("OUTCOME_UNKNOWN") {
            account.unknown.push(name);
        }
        account.refused.push(reply);
        if account.refused.len() == REFUSED_MIN {
            return account;
        }
    }
    panic!("no write failed");
}

/// From now on no file of the process grows.
fn forbid_growth(gateway: &Gateway) {
    let pid = gateway.process.pid();
    let status = Command::new("prlimit").args(["--pid", &pid, "--fsize=1:1"]).status();
    assert!(status.expect("`prlimit` is missing: install util-linux").success());
}

/// Writers at work while the disk gives out.
fn starve(world: &World, gateway: &Gateway) -> Vec<Account> {
    let (written, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let home = Home::enter(gateway, MASTER, &world.master_key);
                let (written, over) = (&written, &over);
                scope.spawn(move || write_until_refused(home, writer, written, over))
            })
            .collect();
        while written.load(Ordering::SeqCst) < 10 * WRITERS {
            thread::yield_now();
        }
        forbid_growth(gateway);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

#[test]
fn a_failed_write_makes_the_gateway_read_only_and_loses_nothing() {
    let world = World::new();
    let gateway = world.serve_without_sigxfsz();
    let accounts = starve(&world, &gateway);
    let (acknowledged, refused): (Vec<_>, Vec<_>) = accounts
        .iter()
        .map(|account| (account.acknowledged.as_slice(), account.refused.as_slice()))
        .unzip();
    let (acknowledged, refused) = (acknowledged.concat(), refused.iter().flat_map(|it| it.iter()));
    let unknown: Vec<_> = accounts.iter().flat_map(|account| &account.unknown).collect();
    assert!(!unknown.is_empty(), "nobody was told that the outcome is unknown");
    for reply in refused {
        let body = reply.text();
        assert_eq!(reply.status, 503, "{body}");
        assert!(body.contains("OUTCOME_UNKNOWN") || body.contains("STORE_READ_ONLY"), "{body}");
    }

    let mut home = Home::enter(&gateway, MASTER, &world.master_key);
    home.ask("GET", "/ready", None).expect(503);
    home.ask("GET", "/live", None).expect(200);
    for (id, secret) in &acknowledged {
        assert_eq!(home.validate(secret)["apiKey"]["id"], *id);
    }
    let (id, _) = &acknowledged[0];
    home.ask("GET", &format!("/api/v1/api-keys/{id}"), None).expect(200);
    home.ask("DELETE", &format!("/api/v1/api-keys/{id}"), None).expect(503);
    gateway.process.signal("-TERM");
    let _ = gateway.process.ended();

    let gateway = world.serve();
    let mut home = Home::enter(&gateway, MASTER, &world.master_key);
    home.ask("GET", "/ready", None).expect(200);
    for (id, secret) in &acknowledged {
        assert_eq!(home.validate(secret)["apiKey"]["id"], *id);
    }
    // What may have happened has happened or not: the name is taken, or free.
    let listed = home.all("api-keys");
    for name in unknown {
        let there = listed.iter().any(|key| key["name"] == **name);
        let again = home.ask("POST", "/api/v1/api-keys", Some(&key_body(name)));
        assert_eq!(again.status, if there { 409 } else { 201 }, "{}", again.text());
    }
    assert!(listed.len() > acknowledged.len());
    gateway.stop();
    world.check();
}

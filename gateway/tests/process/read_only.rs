//! A write or a sync that fails makes the gateway read-only: what was acknowledged stays, and
//! nothing is acknowledged any more.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{env, fs, thread};

use crate::harness::{Gateway, Home, MASTER, Reply, World, key_body, text, tool};

const WRITERS: usize = 8;
const WRITES_MAX: usize = 20_000;
/// Answers to look at, of each writer, once the store takes no more writes.
const REFUSED_MIN: usize = 5;

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
fn fail_under_writers(
    world: &World,
    gateway: &Gateway,
    fault: impl FnOnce(&Gateway),
) -> Vec<Account> {
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
        fault(gateway);
        // INVARIANT: whatever is asked from here on cannot reach the disk.
        over.store(true, Ordering::SeqCst);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

/// The fault makes the gateway read-only, and nothing that was acknowledged is lost.
fn outlives(world: &World, gateway: Gateway, fault: impl FnOnce(&Gateway)) {
    let accounts = fail_under_writers(world, &gateway, fault);
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

#[test]
fn a_failed_write_makes_the_gateway_read_only_and_loses_nothing() {
    let world = World::new();
    let gateway = world.serve_without_sigxfsz();
    outlives(&world, gateway, forbid_growth);
}

/// The library of `shim/failing_sync.c`, built in the world's folder.
fn shim(world: &World) -> PathBuf {
    let library = world.path("failing_sync.so");
    let mut compiler = world.program(tool("cc"));
    compiler.envs(env::var_os("PATH").map(|path| ("PATH", path)));
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library);
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/shim/failing_sync.c");
    let built = compiler.arg(source).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    library
}

#[test]
fn a_failed_sync_makes_the_gateway_read_only_and_loses_nothing() {
    let world = World::new();
    let flag = world.path("syncs-fail");
    let mut command = world.gateway();
    command.env("LD_PRELOAD", shim(&world)).env("FAILING_SYNC", &flag);
    outlives(&world, Gateway::spawn(command), |_| fs::write(&flag, []).unwrap());
}

//! A process killed under load, and a write that fails: what was acknowledged is there.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use latchkey_storage::entropy::bytes;
use latchkey_storage::{AppendError, CommitLog, LogOptions, Options, SeededEntropy, Store};

use crate::harness::{
    Notes, Trail, World, buffered, catalogue, master, note, retired, small, tenant,
};

const FOLDER: &str = "LATCHKEY_TEST_FOLDER";
const BUFFERED: &str = "LATCHKEY_TEST_BUFFERED";
const WRITERS: u64 = 8;

fn options() -> Options {
    if std::env::var_os(BUFFERED).is_some() { buffered() } else { small() }
}

/// Opens the store of the folder in the environment, which a test of this file has set.
fn world() -> Option<World> {
    let folder = std::env::var_os(FOLDER)?;
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let store = Store::open(Path::new(&folder), &options(), &master()).unwrap();
    Some(World::over(dir, store, LogOptions::default()))
}

/// Runs another test of this binary in a process of its own.
fn run(test: &str, folder: &Path, shell: &str) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = Command::new("sh");
    let script = format!("{shell} exec \"$0\" --exact crash::{test} --ignored --nocapture");
    command.args(["-c", &script]).arg(this).env(FOLDER, folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
#[ignore = "a process of its own: run by `killed_under_load`"]
fn writes_until_killed() {
    let Some(world) = world() else { return };
    thread::scope(|scope| {
        for writer in 1..=WRITERS {
            let world = &world;
            scope.spawn(move || {
                let tenant = tenant(u128::from(writer));
                let first =
                    world.store.view(tenant).count::<Notes>(&(), usize::MAX).unwrap() as u64;
                for number in first.. {
                    write(world, writer, number).unwrap();
                    println!("acknowledged {writer} {number}");
                }
            });
        }
    });
}

/// Two rows in two families, sometimes large: both or none are there after a crash.
fn write(world: &World, writer: u64, number: u64) -> Result<(), AppendError> {
    let text = "x".repeat(if number % 10 == writer { 40_000 } else { 30 });
    let commit = world.commit(tenant(u128::from(writer)), |view| {
        view.put::<Notes>(&(number,), &note(&text));
        view.put::<Trail>(&(number,), &note(&text));
    });
    commit.map(drop)
}

fn acknowledged(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split("acknowledged ").nth(1)?.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Opens the folder and finds everything that was acknowledged, whole.
fn check(folder: &Path, acknowledged: &BTreeSet<(u64, u64)>) {
    let store = Store::open(folder, &small(), &master()).unwrap();
    let mut records = 0;
    for writer in 1..=WRITERS {
        let view = store.view(tenant(u128::from(writer)));
        let notes = view.count::<Notes>(&(), usize::MAX).unwrap();
        assert_eq!(view.count::<Trail>(&(), usize::MAX).unwrap(), notes, "no torn record");
        records += notes as u64;
        for (_, number) in acknowledged.iter().filter(|(it, _)| *it == writer) {
            assert!(view.contains::<Notes>(&(*number,)).unwrap(), "{writer} {number} is lost");
        }
    }
    assert_eq!(store.last_applied().0, records);
    assert!(store.verify_against(catalogue(), retired()).unwrap().is_clean());
}

fn lines(child: &mut Child) -> std::io::Lines<BufReader<ChildStdout>> {
    BufReader::new(child.stdout.take().unwrap()).lines()
}

#[test]
fn killed_under_load() {
    // `LATCHKEY_TEST_ROUNDS` makes it run longer.
    let rounds = std::env::var("LATCHKEY_TEST_ROUNDS").ok().and_then(|it| it.parse().ok());
    let chance = SeededEntropy::new(4);
    for durability in ["", "buffered"] {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::create(dir.path(), &small(), &master(), &SeededEntropy::new(1)).unwrap());
        let mut kept = BTreeSet::new();
        for _ in 0..rounds.unwrap_or(4) {
            let mut command = run("writes_until_killed", dir.path(), "");
            if !durability.is_empty() {
                command.env(BUFFERED, "1");
            }
            let mut child = command.spawn().unwrap();
            let enough = 20 + usize::from(bytes::<1>(&chance)[0]);
            let mut lines = lines(&mut child);
            kept.extend((&mut lines).filter_map(|line| acknowledged(&line.unwrap())).take(enough));
            child.kill().unwrap();
            // What was said before the kill counts, but for a line cut in two.
            let rest: Vec<_> = lines.map_while(Result::ok).collect();
            kept.extend(rest.iter().rev().skip(1).filter_map(|line| acknowledged(line)));
            child.wait().unwrap();
            check(dir.path(), &kept);
        }
        assert!(kept.len() > 50);
    }
}

#[test]
#[ignore = "a process of its own: run by `a_failed_write_ends_all_writing`"]
fn writes_until_the_disk_fails() {
    let Some(world) = world() else { return };
    let (failures, after) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for writer in 1..=WRITERS {
            let (world, failures, after) = (&world, &failures, &after);
            scope.spawn(move || {
                for number in 0.. {
                    let late = after.load(Ordering::SeqCst);
                    match write(world, writer, number) {
                        Ok(()) if late => println!("written after the failure"),
                        Ok(()) => println!("acknowledged {writer} {number}"),
                        Err(AppendError::OutcomeUnknown(_)) => {
                            failures.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(AppendError::ReadOnly) => return,
                        Err(error) => panic!("{error}"),
                    }
                    after.fetch_or(world.store.is_failed(), Ordering::SeqCst);
                }
            });
        }
    });
    assert!(failures.load(Ordering::SeqCst) > 0 && world.store.is_failed());
    let record = world.record(tenant(99), latchkey_storage::Version(0), Vec::new());
    assert_eq!(world.log.append(record).wait(), Err(AppendError::ReadOnly));
    assert!(world.store.view(tenant(1)).contains::<Notes>(&(0,)).unwrap(), "reads go on");
    println!("read-only");
}

#[test]
fn a_failed_write_ends_all_writing() {
    for durability in ["", "buffered"] {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::create(dir.path(), &small(), &master(), &SeededEntropy::new(1)).unwrap());
        // Files end at 600 blocks of 512 bytes, and writing past it is an error, no signal.
        let mut command =
            run("writes_until_the_disk_fails", dir.path(), "trap '' XFSZ; ulimit -f 600;");
        if !durability.is_empty() {
            command.env(BUFFERED, "1");
        }
        let output = command.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stdout}\n{stderr}");
        assert!(stdout.contains("read-only"), "{stdout}\n{stderr}");
        assert!(!stdout.contains("written after the failure"), "{stdout}");
        let kept: BTreeSet<_> = stdout.lines().filter_map(acknowledged).collect();
        assert!(kept.len() > 10, "{stdout}");
        check_after_failure(dir.path(), &kept);
    }
}

/// After the failure the process ended in order; what was acknowledged is there.
fn check_after_failure(folder: &Path, kept: &BTreeSet<(u64, u64)>) {
    check(folder, kept);
    // Opened again, it takes writes.
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let store = Store::open(folder, &small(), &master()).unwrap();
    let world = World::over(dir, store, LogOptions::default());
    world.note(tenant(77), 1, "on");
}

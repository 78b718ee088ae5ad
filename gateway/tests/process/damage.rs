//! A damaged log refuses the start.

use std::fs;
use std::path::PathBuf;

use crate::harness::{Home, MASTER, World, key_body};

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

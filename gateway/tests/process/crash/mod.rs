//! `kill -9` under concurrent writes: what was acknowledged is there, the rest wholly or not at all.

mod audit;
mod writer;

use std::env;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::harness::{Dice, Gateway, Home, PATIENCE, World, pause};
use writer::{Writer, Written};

const WRITERS: usize = 12;
const ROUNDS: u64 = 12;
/// Writes that are acknowledged before the process is killed, at most.
const WRITES_MAX: u64 = 400;
/// How long after that the process is killed, at most.
const MICROS_MAX: u64 = 4_000;

/// From the environment, so that it can be run for longer or repeated.
fn number(name: &str, default: u64) -> u64 {
    let given = env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}=`{text}`")))
}

/// Lets writers loose on a tenant and kills the gateway under them; gives what they know.
fn round(gateway: Gateway, home: &Home, dice: &mut Dice) -> Vec<Written> {
    let (acknowledged, heard) = mpsc::channel();
    let (count, micros) = (1 + dice.below(WRITES_MAX), dice.below(MICROS_MAX));
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let seed = Dice(dice.below(u64::MAX));
                let writer = Writer::new(home.again(&gateway), number, seed, acknowledged.clone());
                scope.spawn(move || writer.run())
            })
            .collect();
        drop(acknowledged);
        for _ in 0..count {
            heard.recv_timeout(PATIENCE).expect("the writers do not get on");
        }
        pause(Duration::from_micros(micros));
        gateway.process.kill();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_acknowledged() {
    let rounds = number("LATCHKEY_TEST_ROUNDS", ROUNDS);
    let seed = number("LATCHKEY_TEST_SEED", 0x1a7c);
    let mut dice = Dice(seed);
    let world = World::new();
    let mut gateway = world.serve();
    let mut last: Option<(Home, Vec<Written>)> = None;
    for number in 0..rounds {
        println!("round {number} of seed {seed}");
        let home = Home::create(&gateway, &world.master_key, &format!("round-{number}"));
        let mut written = round(gateway, &home, &mut dice);
        gateway = world.serve();
        let mut home = home.again(&gateway);
        audit::all(&mut home, &mut written);
        // Another crash must not bring back what an earlier one has left.
        if let Some((home, mut written)) = last.replace((home.again(&gateway), written)) {
            audit::all(&mut home.again(&gateway), &mut written);
        }
    }
    gateway.process.kill();
    world.check();
}

//! The tests of the store from outside: one binary, one module for each promise.

#![expect(unreachable_pub, reason = "`tables!` makes public types, and the harness has some too")]

#[cfg(test)]
mod codec;
#[cfg(test)]
mod commit;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod crypto;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod model;
#[cfg(test)]
mod open;
#[cfg(test)]
mod wal;

//! The API over real connections: each test has a gateway, a store and a clock of its own.

#[cfg(test)]
mod directory;
#[cfg(test)]
mod harness;
mod sweep;

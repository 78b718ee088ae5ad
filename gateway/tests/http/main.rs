//! The API over real connections: each test has a gateway, a store and a clock of its own.

mod directory;
mod harness;

//! The sweep alone, while other files of the binary are being written.
#[allow(dead_code, unused_imports)]
#[path = "../http/harness/mod.rs"]
mod harness;
#[path = "../http/sweep/mod.rs"]
mod sweep;

//! What a command tells whoever runs it: results on standard output, everything else beside it.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

use super::failure::Failure;

/// One line of result.
pub(super) fn line(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(unwritable)
}

/// The result as one line of JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(serde_json::to_string(value).map_err(unwritable)?)
}

/// A line on standard error. Nobody is left to be told when that fails.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn unwritable(error: impl Display) -> Failure {
    Failure::failed(format_args!("cannot write to standard output: {error}"))
}

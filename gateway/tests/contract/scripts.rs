//! Scripts that tests run, with the tests' own Python.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of all tests of the gateway.
pub(crate) fn tests() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
}

/// Runs a script with the tests' own Python.
pub(crate) fn python<'a>(script: &str, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    let python = interpreter();
    let mut command = Command::new(&python);
    command.arg(tests().join(script)).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
    command.output().unwrap_or_else(|error| {
        panic!("cannot run `{}`: {error}; `scripts/ensure test` installs it", python.display())
    })
}

/// `TEST_PYTHON`, or where `scripts/ensure test` puts it.
fn interpreter() -> PathBuf {
    if let Some(python) = std::env::var_os("TEST_PYTHON") {
        return python.into();
    }
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    home.join(".cache/latchkey/venv/bin/python")
}

/// Fails with everything that a script said, unless it ended well.
#[track_caller]
pub(crate) fn ended_well(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

//! Programs of other people that the tests run.

use std::env;
use std::path::PathBuf;

const ADVICE: &str = "`make test` installs it (scripts/ensure test)";

/// A program from PATH, or from where `scripts/ensure` unpacks what it does not install.
///
/// # Panics
/// When it is not there.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let unpacked = cache().join("prometheus/usr/bin");
    let mut places = env::split_paths(&path).chain([unpacked]).map(|folder| folder.join(name));
    places.find(|file| file.is_file()).unwrap_or_else(|| panic!("`{name}` is missing: {ADVICE}"))
}

/// The Python that has the packages of `scripts/requirements.txt`.
///
/// # Panics
/// When it is not there.
pub(crate) fn python() -> PathBuf {
    let given = env::var_os("TEST_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| cache().join("venv/bin/python"));
    assert!(python.is_file(), "`{}` is missing: {ADVICE}", python.display());
    python
}

fn cache() -> PathBuf {
    PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/latchkey")
}

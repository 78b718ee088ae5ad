//! What the tests call, written down when somebody asks for it.

use std::fs::File;
use std::io::Write;
use std::sync::{LazyLock, Mutex};

/// Names the file that calls are written to.
pub(crate) const VARIABLE: &str = "LATCHKEY_TEST_CALLS";

static FILE: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
    let path = std::env::var_os(VARIABLE)?;
    Some(Mutex::new(File::options().append(true).create(true).open(path).unwrap()))
});

/// Writes down one call: its method, its path and the status of its answer.
pub(super) fn note(method: &str, path: &str, status: u16) {
    if let Some(file) = &*FILE {
        writeln!(file.lock().unwrap(), "{method} {path} {status}").unwrap();
    }
}

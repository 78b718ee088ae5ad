//! The documentation pages in a browser, against a gateway of their own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::{ended_well, python};

/// A gateway that is killed when the test ends.
struct Gateway {
    child: Child,
    /// Kept open: the gateway goes on logging.
    _log: BufReader<ChildStderr>,
    url: String,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that works in the folder and knows nothing of the machine's environment.
fn latchkey(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Makes a store; gives the administrator's key.
fn init(folder: &Path) -> String {
    let output = latchkey(folder, &["init", "--json"]).output().unwrap();
    ended_well(&output);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    printed["apiKey"].as_str().unwrap().to_owned()
}

/// Serves on a free port, and waits until the log says which.
fn serve(folder: &Path) -> Gateway {
    let mut command = latchkey(folder, &["serve", "--listen", "127.0.0.1:0"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        let entry: Value = serde_json::from_str(&line).unwrap();
        if let Some(url) = entry["url"].as_str() {
            return Gateway { child, _log: log, url: url.to_owned() };
        }
        line.clear();
    }
    panic!("the gateway ended before it listened");
}

#[test]
fn both_pages_load_and_make_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let gateway = serve(folder.path());
    let arguments = [
        gateway.url.as_str(),
        &key,
        "--reference-call",
        "/api/v1/api-keys/me",
        "--explorer-call",
        "/v1/api-keys",
    ];
    ended_well(&python("browser/pages.py", arguments));
}

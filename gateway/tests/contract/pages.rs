//! The documentation pages in a browser, against a gateway of their own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::scripts::{ended_well, python};

/// A gateway that is killed when the test ends.
struct Gateway {
    child: Child,
    /// Kept open: the gateway goes on logging.
    log: BufReader<ChildStderr>,
}

impl Gateway {
    /// Serves on a free port.
    fn start(folder: &Path) -> Self {
        let mut command = latchkey(folder, &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// Waits until the log says where it listens.
    fn url(&mut self) -> String {
        let mut line = String::new();
        while self.log.read_line(&mut line).unwrap() > 0 {
            let entry: Value = serde_json::from_str(&line).unwrap();
            if let Some(url) = entry["url"].as_str() {
                return url.to_owned();
            }
            line.clear();
        }
        panic!("the gateway ended before it listened");
    }
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

#[test]
fn both_pages_load_and_make_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut gateway = Gateway::start(folder.path());
    let url = gateway.url();
    let arguments = [
        url.as_str(),
        &key,
        "--reference-call",
        "/api/v1/api-keys/me",
        "--explorer-call",
        "/v1/api-keys",
    ];
    ended_well(&python("browser/pages.py", arguments));
}

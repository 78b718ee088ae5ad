//! A store in a folder of its own, the gateway over it as a child process, and ways to ask it.

mod link;
mod scene;
mod tools;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use link::{Link, Reply};
pub(crate) use scene::{Home, MASTER, key_body, text};
pub(crate) use tools::{python, tool};

/// Nothing here takes longer; a test that waits for longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a store, and the administrator key of its master tenant.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) master_key: String,
    variables: Vec<(String, String)>,
}

impl World {
    /// An initialised store without a window for addresses that a test could run into.
    pub(crate) fn new() -> Self {
        let mut world = Self::bare();
        let made = world.json(&["init", "--json"]);
        world.master_key = made["apiKey"].as_str().unwrap().to_owned();
        world
    }

    /// The same without a store.
    pub(crate) fn bare() -> Self {
        let variables = vec![("RATE_LIMIT_MAX_REQUESTS".into(), "1000000000".into())];
        Self { folder: TempDir::new().unwrap(), master_key: String::new(), variables }
    }

    /// Sets a variable for every command from here on.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Any program, in the folder and with nothing but the world's variables.
    pub(crate) fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.folder.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command of the gateway to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.program(env!("CARGO_BIN_EXE_latchkey")).args(arguments).output().unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.succeeds(arguments)).unwrap()
    }

    /// Runs a command that has to succeed, and gives what it printed.
    pub(crate) fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Every row of the stopped store decodes.
    pub(crate) fn check(&self) {
        self.succeeds(&["check", "--data", "data"]);
    }

    /// Serves the store on a free port.
    pub(crate) fn serve(&self) -> Gateway {
        Gateway::spawn(self.gateway())
    }

    /// The command that does.
    pub(crate) fn gateway(&self) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_latchkey"));
        command.args(["serve", "--data", "data", "--listen", "127.0.0.1:0"]);
        command
    }

    /// The same, with a write past a limit of the system refused rather than deadly.
    pub(crate) fn serve_without_sigxfsz(&self) -> Gateway {
        let mut command = self.program("/bin/sh");
        let line = "trap '' XFSZ; exec \"$0\" serve --data data --listen 127.0.0.1:0";
        command.args(["-c", line, env!("CARGO_BIN_EXE_latchkey")]);
        Gateway::spawn(command)
    }
}

/// A child process whose output is read to its end, line by line; ended with the test.
pub(crate) struct Process {
    child: Child,
    /// Locked, so that the threads of a test may share the process.
    lines: Mutex<Receiver<String>>,
    seen: Mutex<String>,
}

impl Process {
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (told, lines) = mpsc::channel();
        follow(child.stdout.take().unwrap(), told.clone());
        follow(child.stderr.take().unwrap(), told);
        Self { child, lines: Mutex::new(lines), seen: Mutex::default() }
    }

    /// Reads the log up to a line with `part` in it.
    #[track_caller]
    pub(crate) fn until(&self, part: &str) -> String {
        let mut seen = self.seen.lock();
        loop {
            let line = match self.lines.lock().recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(error) => panic!("`{part}` is not in the log ({error}):\n{seen}"),
            };
            seen.extend([line.as_str(), "\n"]);
            if line.contains(part) {
                return line;
            }
        }
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid()]).status().unwrap();
        assert!(sent.success(), "kill {signal}");
    }

    /// Kills it where it stands: it cleans nothing up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, and gives all it said. The log ends with the process, so that the wait is
    /// bounded.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut seen = std::mem::take(&mut *self.seen.lock());
        loop {
            match self.lines.lock().recv_timeout(PATIENCE) {
                Ok(line) => seen.extend([line.as_str(), "\n"]),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{seen}"),
            }
        }
        (self.child.wait().unwrap(), seen)
    }
}

/// Passes on every line of a pipe, whatever its bytes are.
fn follow(pipe: impl Read + Send + 'static, told: Sender<String>) {
    let lines = BufReader::new(pipe).split(b'\n').map_while(Result::ok);
    let mut lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
    thread::spawn(move || lines.try_for_each(|line| told.send(line)));
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A gateway that answers.
pub(crate) struct Gateway {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
}

impl Gateway {
    /// Starts it and waits until it listens: from then on the system keeps connections for it.
    pub(crate) fn spawn(command: Command) -> Self {
        let process = Process::spawn(command);
        let url = listening(&process);
        let address = url.split_once("://").unwrap().1.parse().unwrap();
        Self { process, address, url }
    }

    pub(crate) fn link(&self) -> Link {
        Link::open(self.address)
    }

    /// Ends it in the regular way.
    pub(crate) fn stop(self) {
        self.process.signal("-TERM");
        let (status, log) = self.process.ended();
        assert_eq!(status.code(), Some(0), "{log}");
    }
}

/// The next URL that the process listens on, whatever the format of its log.
pub(crate) fn listening(process: &Process) -> String {
    let line = process.until("listening");
    let url = &line[line.find("http").unwrap_or_else(|| panic!("no URL: {line}"))..];
    let end = url.find(|c: char| !c.is_ascii_alphanumeric() && !":/.".contains(c));
    url[..end.unwrap_or(url.len())].to_owned()
}

/// Passes a short time, for pacing alone: nothing relies on its length.
pub(crate) fn pause(time: Duration) {
    let (_kept, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(time);
}

/// A small generator of numbers (`SplitMix64`), so that a run can be repeated from its seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

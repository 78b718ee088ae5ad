//! How runs end: with a table, with a refused wrong answer, or interrupted; never with a child left.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A directory of its own, with a data set of 1,000 permissions.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        let names: Vec<_> = (0..1_000).map(|number| format!("a.b{number}.get")).collect();
        let text = serde_json::json!({ "permissions": names }).to_string();
        let file = fs::File::create(world.path("set.json.gz")).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn bench(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey-bench"));
        command.args(arguments).arg("--data-set").arg(self.path("set.json.gz"));
        command.arg("--report-dir").arg(self.path("report")).env("TMPDIR", self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A `latchkey` that is the ceiling: ready, quick, and wrong. It leaves its process id.
    fn fake_latchkey(&self) -> PathBuf {
        let (path, ceiling) = (self.path("latchkey"), env!("CARGO_BIN_EXE_ceiling"));
        let demo = r#"{"tenantId":"t","serviceKey":"s-secret","sampleUserId":"u",
            "samplePermission":{"resource":"a","action":"b"}}"#;
        let pid = self.path("pid");
        let script = format!(
            "#!/bin/sh\nif [ $1 = demo ]; then echo '{demo}'; exit; fi\n\
             echo $$ > {}\nexec {ceiling} --listen $5\n",
            pid.display(),
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Temporary directories that a run made and did not remove.
    fn left_over(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("latchkey-bench-")).collect()
    }
}

fn lives(pid: &str) -> bool {
    Path::new("/proc").join(pid.trim()).exists()
}

#[test]
fn the_ceiling_alone_prints_and_writes_its_table() {
    let world = World::new();
    let json = world.path("run.json");
    let mut command = world.bench(&["ceiling", "--rounds", "1", "--seconds", "0.05"]);
    let output = command.arg("--json").arg(&json).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = fs::read_to_string(world.path("report/table.md")).unwrap();
    assert_eq!(stdout.trim(), table.trim());
    for row in ["| validate an API key ", "| check one ", "| batch of 1,000", "| throughput of "] {
        assert!(table.contains(row), "{row} in {table}");
    }
    let report: serde_json::Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    for row in report["rows"].as_array().unwrap() {
        let sample = &row["samples"][0]["ceiling"];
        assert!(sample["answers"].as_u64().unwrap() >= 64, "{row}");
        assert!(sample["processorS"].as_f64().unwrap() > 0.0, "{row}");
    }
}

#[test]
fn a_wrong_answer_fails_the_run_and_leaves_nothing() {
    let world = World::new();
    let latchkey = world.fake_latchkey();
    let mut command = world.bench(&["compare", "--rounds", "1", "--seconds", "0.05"]);
    let output = command.arg("--latchkey").arg(latchkey).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(r#"`"valid":true` 0 times, not 1"#), "{stderr}");
    assert!(output.stdout.is_empty() && !stderr.contains("s-secret"), "{stderr}");
    assert!(!lives(&fs::read_to_string(world.path("pid")).unwrap()));
    assert_eq!(world.left_over(), Vec::<String>::new());
}

#[test]
fn an_interrupted_run_ends_its_ceiling() {
    let world = World::new();
    let mut bench = world.bench(&["ceiling", "--seconds", "600"]).spawn().unwrap();
    let mut stderr = BufReader::new(bench.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("round 1 of 5"), "{line}");
    let pid = bench.id();
    let ceiling = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    assert!(lives(&ceiling), "{ceiling}");
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(bench.wait().unwrap().code(), Some(1));
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("interrupted"), "{rest}");
    assert!(!lives(&ceiling));
}

#[test]
fn a_missing_binary_is_named() {
    let world = World::new();
    let output = world.bench(&["compare", "--latchkey", "/nowhere/latchkey"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("`latchkey demo` cannot be started"), "{stderr}");
    assert_eq!(world.left_over(), Vec::<String>::new());
}

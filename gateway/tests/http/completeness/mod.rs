//! Every endpoint has tests of its own: one that succeeds with it, and one that it refuses.
//!
//! What counts is what is called. The tests of this binary run once more, in a process that writes
//! their calls down; the sweep, which calls everything, does not count.

pub(crate) mod golden;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use latchkey_gateway::endpoint::{Access, Endpoint};
use latchkey_gateway::pipeline::all_endpoints;

use crate::harness::calls;

/// A call that a test has made.
struct Call {
    method: String,
    path: String,
    status: u16,
}

#[test]
fn every_endpoint_has_tests_of_its_own() {
    let calls = recorded();
    let missing: BTreeSet<String> = all_endpoints().flat_map(|row| lacks(row, &calls)).collect();
    let count = calls.len();
    golden::only_shrinks("untested.txt", &missing, &format!("{count} calls were seen"));
}

/// Runs the tests of this binary and reads what they have called. Whether they pass is seen where
/// they run by themselves.
fn recorded() -> Vec<Call> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls");
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(["--skip", "sweep::", "--skip", "completeness::"]).env(calls::VARIABLE, &file);
    tests.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    text.lines().map(parsed).collect()
}

fn parsed(line: &str) -> Call {
    let (method, rest) = line.split_once(' ').unwrap();
    let (path, status) = rest.rsplit_once(' ').unwrap();
    let path = path.split('?').next().unwrap();
    Call { method: method.into(), path: path.into(), status: status.parse().unwrap() }
}

/// What no test has shown of an endpoint.
fn lacks(row: &Endpoint, calls: &[Call]) -> Vec<String> {
    let own: Vec<_> = calls.iter().filter(|call| is_of(row, call)).collect();
    let succeeds = own.iter().any(|call| call.status < 400);
    let refuses = refuses_nobody(row) || own.iter().any(|call| call.status >= 400);
    let line = |what| format!("{} {} {what}", row.method.word(), row.path);
    let lacks = [(succeeds, "succeeds"), (refuses, "refuses")];
    lacks.into_iter().filter(|(shown, _)| !shown).map(|(_, what)| line(what)).collect()
}

/// Probes and fixed public pages have nothing to refuse.
fn refuses_nobody(row: &Endpoint) -> bool {
    let public = row.access == Access::Public && !row.path.contains('{');
    public || row.access == Access::Probe
}

fn is_of(row: &Endpoint, call: &Call) -> bool {
    row.method.word() == call.method && best(&call.path) == Some(row.path)
}

/// The endpoint's path that fits best: fixed parts win over parameters.
fn best(path: &str) -> Option<&'static str> {
    let fitting = all_endpoints().map(|row| row.path).filter(|known| fits(known, path));
    fitting.min_by_key(|known| known.matches('{').count())
}

fn fits(known: &str, path: &str) -> bool {
    let (mut known, mut parts) = (known.split('/'), path.split('/'));
    loop {
        match (known.next(), parts.next()) {
            (None, None) => return true,
            (Some(rest), Some(_)) if rest.starts_with("{*") => return true,
            (Some(known), Some(part)) if known == part => {}
            (Some(known), Some(part)) if known.starts_with('{') && !part.is_empty() => {}
            _ => return false,
        }
    }
}

#[test]
fn calls_belong_to_the_endpoint_that_answers_them() {
    let check = |path: &str, expected: Option<&str>| assert_eq!(best(path), expected, "{path}");
    check("/api/v1/api-keys/me", Some("/api/v1/api-keys/me"));
    check("/api/v1/api-keys/7", Some("/api/v1/api-keys/{keyId}"));
    check("/api/v1/tenants/7/users/8/roles", Some("/api/v1/tenants/{id}/users/{uid}/roles"));
    check("/api/v1/docs/assets/a/b.js", Some("/api/v1/docs/assets/{*path}"));
    check("/api/v1/tenants/", None);
    check("/nothing", None);
}

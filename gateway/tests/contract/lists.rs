//! The lists of endpoints and of public routes, against files that are edited by hand: nothing
//! appears, disappears or opens without a line that a reviewer sees.

use std::collections::BTreeSet;
use std::fs;

use latchkey_gateway::endpoint::{Access, Audit, Endpoint};
use latchkey_gateway::pipeline::all_endpoints;

use crate::scripts::tests;

#[test]
fn endpoints_are_those_of_the_list() {
    check("endpoints.txt", &all_endpoints().map(line).collect());
}

#[test]
fn public_routes_are_those_of_the_list() {
    let public = all_endpoints().filter(|endpoint| {
        matches!(endpoint.access, Access::Probe | Access::Public | Access::Open(_))
    });
    let lines = public.map(|e| format!("{} {} {}", e.method.word(), e.path, access(e.access)));
    check("public_routes.txt", &lines.collect());
}

/// One endpoint: method, path, dialect, who may call, what the audit trail keeps.
fn line(endpoint: &Endpoint) -> String {
    let audit = match endpoint.audit {
        Audit::Committed => " audited",
        Audit::Unaudited => "",
    };
    let (method, path) = (endpoint.method.word(), endpoint.path);
    format!("{method} {path} {} {}{audit}", endpoint.dialect.word(), access(endpoint.access))
}

fn access(access: Access) -> String {
    match access {
        Access::Probe => "probe".into(),
        Access::Public => "public".into(),
        Access::AnyKey => "any-key".into(),
        Access::Open(right) => format!("open:{}", right.name()),
        Access::Can(right) => format!("can:{}", right.name()),
        Access::Master(right) => format!("master:{}", right.name()),
    }
}

/// Compares lines with those of a file; `#` begins a comment.
#[track_caller]
fn check(file: &str, found: &BTreeSet<String>) {
    let text = fs::read_to_string(tests().join("golden").join(file)).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let listed: BTreeSet<String> = lines.map(str::to_owned).collect();
    let added = found.difference(&listed).map(|line| format!("+{line}\n"));
    let gone = listed.difference(found).map(|line| format!("-{line}\n"));
    let diff: String = added.chain(gone).collect();
    assert!(diff.is_empty(), "`gateway/tests/golden/{file}` must change by hand:\n{diff}");
}

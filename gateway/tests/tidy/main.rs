//! Housekeeping as a test: the rules of the repository that no compiler checks, and the lists
//! they go by. Lists of exceptions only shrink.

mod rules;
mod samples;
mod tree;

use std::fmt::Write as _;

use rules::{dead_links, header, length, outside, sleeps, strangers, targets, unfinished};
use rules::{unmentioned, unreasoned};
use tree::{File, modules, read, root, tree};

/// Every noun of the product; a feature is spelled the same in every layer. In the order of the
/// alphabet, like the folders.
const NOUNS: &[&str] = &[
    "api_keys",
    "applications",
    "audit",
    "backups",
    "clients",
    "clusters",
    "credentials",
    "decisions",
    "devices",
    "docs",
    "groups",
    "health",
    "identity_providers",
    "integration",
    "integrations",
    "intelligence",
    "jobs",
    "metrics",
    "mfa",
    "oauth",
    "permissions",
    "plugins",
    "policies",
    "records",
    "roles",
    "sessions",
    "tenants",
    "users",
    "webhooks",
    "workspaces",
];

/// The folders that are divided by noun, each with the modules in it that are no noun.
const LAYERS: &[(&str, &[&str])] = &[
    ("gateway/src/api", &["guard", "instance", "mod"]),
    (
        "actors/src",
        &[
            "clock",
            "demo",
            "entropy",
            "error",
            "lib",
            "links",
            "mailbox",
            "rate_limits",
            "registry",
            "shared",
            "tenant",
            "testing",
            "text",
        ],
    ),
    ("storage/src/tables", &["common", "instance", "mod"]),
];

const LINES_MAX: usize = 400;

/// Files that were longer when the limit came, with their lines. It may only shrink.
const LONG_FILES: &[(&str, usize)] = &[];

#[test]
fn rust_files_say_what_they_are_for() {
    check(header, |file| file.is("rs"));
}

#[test]
fn files_are_short() {
    check(|file| length(file, LONG_FILES), |file| file.is("rs"));
    let gone = LONG_FILES.iter().filter(|(path, _)| !root().join(path).exists());
    let complaints: Vec<String> =
        gone.map(|(path, _)| format!("{path}: is gone; take it off `LONG_FILES`")).collect();
    fail(&complaints);
}

#[test]
fn layers_are_divided_by_the_same_nouns() {
    assert!(NOUNS.is_sorted(), "`NOUNS` is out of order");
    let mut complaints = Vec::new();
    for (folder, others) in LAYERS {
        let modules = modules(&root().join(folder));
        assert!(!modules.is_empty(), "`{folder}` holds no module");
        complaints.extend(strangers(folder, &modules, others));
    }
    fail(&complaints);
}

#[test]
fn nothing_is_left_unfinished() {
    check(unfinished, |_| true);
}

#[test]
fn tests_do_not_sleep() {
    check(sleeps, |file| file.is("rs"));
}

#[test]
fn expected_lints_have_a_reason() {
    check(unreasoned, |file| file.is("rs"));
}

#[test]
fn readme_names_every_make_target() {
    let (makefile, readme) = (read("Makefile"), read("README.md"));
    let targets = targets(&makefile);
    assert!(targets.len() >= 8, "found only {targets:?} in the Makefile");
    fail(&unmentioned(&targets, &readme));
}

#[test]
fn markdown_links_resolve() {
    check(|file| dead_links(file, |path| root().join(path).exists()), |file| file.is("md"));
}

#[test]
fn nothing_points_outside_the_repository() {
    check(outside, |_| true);
}

/// Holds every file that `applies` to against a rule.
fn check(rule: impl Fn(&File) -> Vec<String>, applies: impl Fn(&File) -> bool) {
    let files = tree();
    let checked: Vec<&File> = files.iter().filter(|file| applies(file)).collect();
    assert!(!checked.is_empty(), "found no file to check under `{}`", root().display());
    fail(&checked.into_iter().flat_map(rule).collect::<Vec<_>>());
}

fn fail(complaints: &[String]) {
    let mut text = String::new();
    for complaint in complaints {
        let _ = writeln!(text, "  {complaint}");
    }
    assert!(complaints.is_empty(), "{} to tidy:\n{text}", complaints.len());
}

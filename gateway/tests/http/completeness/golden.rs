//! Lists of what is missing: they are edited by hand, and may only shrink.

use std::collections::BTreeSet;
use std::fs;

/// Compares what is missing with the lines of a file; `#` begins a comment.
#[track_caller]
pub(crate) fn only_shrinks(file: &str, missing: &BTreeSet<String>, why: &str) {
    let path = format!("{}/tests/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let listed: BTreeSet<String> = lines.map(str::to_owned).collect();
    let added: Vec<_> = missing.difference(&listed).collect();
    assert!(added.is_empty(), "missing, and not in `{file}`: {added:#?}\n{why}");
    let done: Vec<_> = listed.difference(missing).collect();
    assert!(done.is_empty(), "no longer missing: take these out of `{file}`: {done:#?}");
}

//! The rules: each is a function from a file to complaints, which are lines of the shape
//! `path:line: what to do`.

use std::path::Path;

use crate::{LINES_MAX, NOUNS, tree::File};

/// Marks of unfinished work. Split, since this file is read too.
pub(crate) const UNFINISHED: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
pub(crate) const UNFINISHED_MACROS: &[&str] =
    &[concat!("unimple", "mented!"), concat!("to", "do!")];

/// The first line of every Rust file says what the file is for.
pub(crate) fn header(file: &File) -> Vec<String> {
    let first = file.text.lines().next().unwrap_or_default();
    match first.strip_prefix("//! ") {
        Some(purpose) if !purpose.trim().is_empty() => Vec::new(),
        _ => {
            vec![format!("{}:1: open with a `//!` line that says what the file is for", file.path)]
        }
    }
}

/// At most [`LINES_MAX`] lines, or as many as `exceptions` allows and not one less.
pub(crate) fn length(file: &File, exceptions: &[(&str, usize)]) -> Vec<String> {
    let lines = file.text.lines().count();
    let exception = exceptions.iter().find(|(path, _)| *path == file.path);
    let path = &file.path;
    match exception.map(|(_, max)| *max) {
        None if lines > LINES_MAX => {
            vec![format!("{path}: {lines} lines, over {LINES_MAX}; make it a folder")]
        }
        Some(max) if lines > max => vec![format!("{path}: {lines} lines, grown over its {max}")],
        Some(max) if lines < max => {
            vec![format!("{path}: {lines} lines now; write that in `LONG_FILES`, not {max}")]
        }
        _ => Vec::new(),
    }
}

/// Modules that are neither a noun nor one of the `others` of their folder.
pub(crate) fn strangers(folder: &str, modules: &[String], others: &[&str]) -> Vec<String> {
    let known = |name: &str| NOUNS.contains(&name) || others.contains(&name);
    let strange = modules.iter().filter(|name| !known(name));
    strange
        .map(|name| format!("{folder}/{name}: is no noun of `NOUNS`; spell it as elsewhere"))
        .collect()
}

/// Notes to oneself, in any file.
pub(crate) fn unfinished(file: &File) -> Vec<String> {
    let macros = |line: &str| UNFINISHED_MACROS.iter().any(|name| line.contains(name));
    file.complain("finish it, or leave it out", |line| {
        UNFINISHED.iter().any(|mark| has_word(line, mark)) || (file.is("rs") && macros(line))
    })
}

/// Calls of any `sleep` in test code: files of tests, and the test module that ends a file.
pub(crate) fn sleeps(file: &File) -> Vec<String> {
    let all = file.path.split('/').any(|part| part == "tests" || part == "tests.rs");
    let from = if all { Some(0) } else { file.text.find("#[cfg(test)]\nmod tests {") };
    let Some(from) = from else { return Vec::new() };
    let first = file.text[..from].lines().count();
    let found = file.text[from..].lines().enumerate().filter(|(_, line)| {
        let code = line.split("//").next().unwrap_or_default();
        calls(code, "sleep") || calls(code, "sleep_until")
    });
    found
        .map(|(index, _)| {
            let line = first + index + 1;
            format!("{}:{line}: wait for what happens, or move a clock", file.path)
        })
        .collect()
}

/// `#[expect(..)]` attributes without `reason = ".."`, over as many lines as they take.
pub(crate) fn unreasoned(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    for opening in ["#[expect(", "#![expect("] {
        for (at, _) in file.text.match_indices(opening) {
            let quoted = file.text[..at].ends_with(['"', '`']);
            let attribute = file.text[at..].split(")]").next().unwrap_or_default();
            if !quoted && !attribute.contains("reason = \"") {
                let line = file.text[..at].lines().count().max(1);
                complaints.push(format!("{}:{line}: give the reason", file.path));
            }
        }
    }
    complaints
}

/// The targets that a Makefile documents with `##`.
pub(crate) fn targets(makefile: &str) -> Vec<&str> {
    let rules = makefile.lines().filter(|line| line.contains(": ## "));
    rules.filter_map(|line| line.split(':').next()).collect()
}

/// Targets that the README does not mention as `make <target>`.
pub(crate) fn unmentioned(targets: &[&str], readme: &str) -> Vec<String> {
    let mentions = |target: &str| {
        let command = format!("make {target}");
        readme.match_indices(&command).any(|(at, _)| {
            !readme[at + command.len()..]
                .starts_with(|next: char| next.is_alphanumeric() || next == '-')
        })
    };
    let silent = targets.iter().filter(|target| !mentions(target));
    silent.map(|target| format!("README.md: explain `make {target}`")).collect()
}

/// Links of a Markdown file, relative to it, that `exists` knows nothing of.
pub(crate) fn dead_links(file: &File, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(&file.path).parent().unwrap_or_else(|| Path::new(""));
    let mut complaints = Vec::new();
    let mut fenced = false;
    for (number, line) in file.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for link in links(line) {
            if !exists(&folder.join(link)) {
                complaints.push(format!("{}:{number}: `{link}` is not there", file.path));
            }
        }
    }
    complaints
}

/// The targets of `[text](target)` in a line that are files here, without their anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    files.filter_map(|target| target.split('#').next()).filter(|path| !path.is_empty())
}

/// Paths that exist only where the files were written.
pub(crate) fn outside(file: &File) -> Vec<String> {
    let elsewhere = [concat!("..", "/shared"), concat!("/work", "/")];
    file.complain("name nothing outside of this repository", |line| {
        elsewhere.iter().any(|path| line.contains(path))
    })
}

/// Whether `line` holds `word` with neither a letter, a digit nor a `_` on either side.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_word_part) && !line[at + word.len()..].starts_with(is_word_part)
    })
}

/// Whether `line` calls a function named `name`, by whatever path. Methods are other things: a
/// tenant may `.sleep()`.
fn calls(line: &str, name: &str) -> bool {
    let call = format!("{name}(");
    let function = |before: &str| !before.ends_with(is_word_part) && !before.ends_with('.');
    line.match_indices(&call).any(|(at, _)| function(&line[..at]))
}

fn is_word_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

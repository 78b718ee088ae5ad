//! The files of the repository, as text.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What is not ours to tidy: other people's files, data, and what tools write.
const SKIPPED: &[&str] = &[".git", "target", "data", "gateway/assets", "Cargo.lock", "LICENSE"];

/// A file of the repository: its path from the root, with `/`, and its text.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// A complaint for each line that `wrong` holds for.
    pub(crate) fn complain(&self, advice: &str, wrong: impl Fn(&str) -> bool) -> Vec<String> {
        let found = self.lines().filter(|(_, line)| wrong(line));
        found.map(|(number, _)| format!("{}:{number}: {advice}", self.path)).collect()
    }
}

/// The folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of one file; an unreadable one is empty, which no rule is content with.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// All text files of the repository but the [`SKIPPED`], in the order of their paths.
pub(crate) fn tree() -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for (name, is_folder) in entries(&root().join(&folder)) {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if SKIPPED.contains(&path.as_str()) || path.ends_with("__pycache__") {
                continue;
            }
            if is_folder {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(root().join(&path)) {
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

/// The names in a folder and whether each is a folder; links are not followed.
fn entries(folder: &Path) -> Vec<(String, bool)> {
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    found
        .filter_map(|entry| {
            let kind = entry.file_type().ok().filter(|kind| !kind.is_symlink())?;
            Some((entry.file_name().into_string().ok()?, kind.is_dir()))
        })
        .collect()
}

/// The modules in a folder: its Rust files and its folders.
pub(crate) fn modules(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = entries(folder)
        .into_iter()
        .filter_map(|(name, is_folder)| match name.strip_suffix(".rs") {
            Some(module) => Some(module.to_owned()),
            None => is_folder.then_some(name),
        })
        .collect();
    names.sort();
    names
}

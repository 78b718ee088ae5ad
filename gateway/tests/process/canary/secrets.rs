//! What must not be found, and the search for it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The random characters of a key string.
const RANDOM: std::ops::Range<usize> = 16..48;
const KEY_LENGTH: usize = 54;

/// Secrets in every form in which they could have been written down.
#[derive(Default)]
pub(super) struct Secrets {
    /// What it is, and its bytes with a char for each.
    forms: Vec<(String, String)>,
}

/// Bytes as text in which a search for text finds bytes.
fn wide(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

impl Secrets {
    fn add(&mut self, what: &str, bytes: &[u8]) {
        self.forms.push((what.to_owned(), wide(bytes)));
    }

    /// A key string, whole and its random part.
    pub(super) fn key(&mut self, what: &str, key: &str) -> String {
        assert_eq!(key.len(), KEY_LENGTH, "{what}");
        self.add(what, key.as_bytes());
        self.add(&format!("the random characters of {what}"), &key.as_bytes()[RANDOM]);
        key.to_owned()
    }

    pub(super) fn password(&mut self, password: &str) -> String {
        self.add("a password", password.as_bytes());
        password.to_owned()
    }

    /// The master key: its bytes, as text of every kind, and as numbers.
    pub(super) fn master(&mut self, bytes: &[u8]) {
        assert_eq!(bytes.len(), 32);
        self.add("the master key", bytes);
        let mut hex = String::new();
        for byte in bytes {
            let _ = write!(hex, "{byte:02x}");
        }
        let numbers = format!("{:?}", &bytes[..8]);
        let texts = [STANDARD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes), hex.to_uppercase()];
        for text in texts.iter().chain([&hex]) {
            self.add("the master key as text", text.trim_end_matches('=').as_bytes());
        }
        self.add("the master key as numbers", numbers.trim_matches(['[', ']']).as_bytes());
    }

    /// None of them is there.
    pub(super) fn are_not_in(&self, place: &str, bytes: &[u8]) {
        let text = wide(bytes);
        for (what, form) in &self.forms {
            let Some(at) = text.find(form.as_str()) else { continue };
            let around = text.get(at.saturating_sub(200)..at + form.len()).unwrap_or_default();
            panic!("{what} is in {place}: {around:?}");
        }
    }

    /// None is in any file of the folder; what all of them hold.
    pub(super) fn are_not_below(&self, folder: &Path) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.extend(self.are_not_below(&path));
            } else if path.file_name().is_none_or(|name| name != "master.key") {
                let bytes = fs::read(&path).unwrap();
                self.are_not_in(&path.display().to_string(), &bytes);
                all.extend(bytes);
            }
        }
        all
    }
}

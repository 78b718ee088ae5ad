//! What is wrong with the configuration, in one sentence that names the key and where it came from.

use std::io;
use std::path::{Path, PathBuf};

use figment::error::{Actual, Kind};
use figment::value::Dict;

/// Why the gateway does not start with this configuration. A secret is never repeated.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {what} `{}`: {cause}", path.display())]
    Unreadable { what: String, path: PathBuf, cause: io::Error },
    #[error("{from} is not valid TOML: {problem}")]
    Malformed { from: String, problem: String },
    #[error("there is no key `{key}`, given by {from}{hint}")]
    UnknownKey { key: String, from: String, hint: String },
    #[error("`{key}`, given by {from}: {problem}")]
    Value { key: String, from: String, problem: String },
    #[error(
        "`REDIS_URL` is set, and rate limits cannot be shared through Redis yet: unset it, every \
         gateway counts for itself"
    )]
    Redis,
    #[error(
        "`DATABASE_URL` names a database of the kind `{0}`, and the store is embedded: give the \
         path of a folder instead, or unset it and use `DATA_DIR`"
    )]
    OtherDatabase(String),
    #[error("`{0}` and `{0}_FILE` are both set: unset one of them")]
    Twice(&'static str),
    #[error(
        "`{0}` holds no master key: it is 32 bytes in base64 or hexadecimal, such as \
         `openssl rand -base64 32` prints"
    )]
    MasterKey(String),
    #[error("`{0}` holds no API key string: make one with `latchkey keygen`")]
    BootstrapKey(String),
    #[error("`RUST_LOG` does not say what to log: {0}; write a level such as `info`")]
    LogFilter(String),
    #[error(
        "production serves no plain text on `{0}`: set `TLS_CERT_FILE` and `TLS_KEY_FILE`, or name \
         the proxy that speaks TLS in `TRUSTED_PROXIES`, or listen on 127.0.0.1"
    )]
    OpenPlaintext(std::net::SocketAddr),
    #[error(
        "production takes the master key from `MASTER_KEY` or `MASTER_KEY_FILE` alone, and neither \
         is set: make one with `openssl rand -base64 32` and keep it outside of the data folder"
    )]
    NoMasterKeyInProduction,
    #[error(
        "there is no master key for the store in `{}`: set `MASTER_KEY` or `MASTER_KEY_FILE` to the \
         one that it was created with, or put `master.key` back",
        .0.display()
    )]
    NoMasterKey(PathBuf),
}

impl ConfigError {
    pub(super) fn unreadable(what: &str, path: &Path, cause: io::Error) -> Self {
        Self::Unreadable { what: what.to_owned(), path: path.to_owned(), cause }
    }

    pub(super) fn value(key: String, from: &str, problem: String) -> Self {
        Self::Value { key, from: from.to_owned(), problem }
    }

    /// The parser's report is several lines long: the place and the problem are the first and the
    /// last.
    pub(super) fn of_toml(from: &str, error: &impl ToString) -> Self {
        let text = error.to_string();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().unwrap_or_default().trim_start_matches("TOML parse error ");
        let problem = match lines.next_back() {
            Some(last) => format!("{first}: {last}"),
            None => first.to_owned(),
        };
        Self::Malformed { from: from.to_owned(), problem }
    }

    /// A key that the defaults do not have, with the one that may have been meant.
    pub(super) fn unknown(full: String, key: &str, known: &Dict, from: &str) -> Self {
        let distances = known.keys().map(|known| (distance(key, known), known));
        let nearest = distances.min().filter(|(distance, _)| *distance <= 2);
        let hint = match nearest {
            Some((_, nearest)) => format!("; did you mean `{nearest}`?"),
            None => "; `latchkey --help` says where they are listed".to_owned(),
        };
        Self::UnknownKey { key: full, from: from.to_owned(), hint }
    }

    pub(super) fn of_value(error: &figment::Error) -> Self {
        let from = error.metadata.as_ref().map_or("the defaults", |metadata| &metadata.name);
        Self::value(error.path.join("."), from, problem(&error.kind))
    }
}

fn problem(kind: &Kind) -> String {
    match kind {
        Kind::Message(text) => text.clone(),
        Kind::InvalidType(actual, wanted) | Kind::InvalidValue(actual, wanted) => {
            format!("{} is not {}", shown(actual), plain(wanted))
        }
        Kind::UnknownVariant(given, known) => {
            let known: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
            format!("`{given}` is none of {}", known.join(", "))
        }
        other => other.to_string(),
    }
}

fn shown(actual: &Actual) -> String {
    match actual {
        Actual::Str(text) => format!("`{text}`"),
        Actual::Bool(value) => format!("`{value}`"),
        Actual::Signed(number) => format!("`{number}`"),
        Actual::Unsigned(number) => format!("`{number}`"),
        Actual::Float(number) => format!("`{number}`"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

fn plain(wanted: &str) -> &str {
    match wanted {
        "i64" | "u64" => "a whole number",
        "a string" | "string" => "text in quotes",
        "a sequence" => "a list",
        other => other,
    }
}

/// Levenshtein's distance, of two short words.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.bytes().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut next = vec![left];
        for (b, above) in other.bytes().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(a != b)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

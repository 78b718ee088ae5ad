//! What can be wrong with a body, in words that may reach the caller.

use std::fmt;

use thiserror::Error;

/// Characters of the caller's own input that a message repeats at most.
const INPUT_CHARS_MAX: usize = 64;

/// Why a body was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BodyFault {
    /// No bytes, or whitespace only.
    #[error("the request body is empty, send a JSON value")]
    Empty,
    /// Not JSON as RFC 8259 and this door have it.
    #[error("malformed JSON at line {line}, column {column}: {problem}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Well-formed, but not what the operation takes. Never empty.
    #[error("the request body does not fit: {}", join(.0, "; "))]
    Schema(Vec<FieldFault>),
}

/// One place of a well-formed body that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Such as `rateLimit.requestsPerMinute` or `checks[3].action`; empty for the whole body.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

impl fmt::Display for FieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => self.problem.fmt(f),
            path => write!(f, "`{path}`: {}", self.problem),
        }
    }
}

/// How a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A required member is not there.
    Missing,
    /// A member that the operation does not know.
    Unknown {
        /// The members it knows at this place.
        expected: Vec<&'static str>,
    },
    /// A value of another JSON type.
    WrongType {
        /// Such as "an integer".
        expected: String,
        /// Such as "a string" or "null".
        found: &'static str,
    },
    /// The right type, but a value that is refused.
    Invalid(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("this member is required, add it"),
            Self::Unknown { expected } if expected.is_empty() => {
                f.write_str("this member is not known and no other is, remove it")
            }
            Self::Unknown { expected } => {
                write!(f, "this member is not known, expected one of {}", names(expected))
            }
            Self::WrongType { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Invalid(message) => f.write_str(message),
        }
    }
}

/// Names as a caller reads them: in backticks, with commas.
pub(super) fn names(all: &[&str]) -> String {
    join(&all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>(), ", ")
}

/// The caller's input in backticks, cut and without control characters.
pub(super) fn quoted(input: &str) -> String {
    format!("`{}`", cut(input, INPUT_CHARS_MAX))
}

/// The first `chars_max` characters of a text, with an ellipsis for the rest.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    let mut short: String = text.chars().take(chars_max).map(visible).collect();
    if text.chars().nth(chars_max).is_some() {
        short.push('…');
    }
    short
}

/// Member names in paths are cut like all input.
pub(super) fn cut_input(text: &str) -> String {
    cut(text, INPUT_CHARS_MAX)
}

/// Control characters would let a caller write lines of its own into a log.
fn visible(c: char) -> char {
    if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }
}

fn join(all: &[impl fmt::Display], between: &str) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

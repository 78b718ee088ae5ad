//! The error with which a type refuses a value: kind and place by serde's hooks, not by its texts.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::{
    faults::{FieldFault, Problem, cut, names, quoted},
    path::Path,
};

/// Characters of a message that a type wrote itself.
const MESSAGE_CHARS_MAX: usize = 512;

#[derive(Debug)]
pub(super) struct Refusal {
    path: Path,
    problem: Problem,
}

impl Refusal {
    pub(super) fn new(problem: Problem) -> Self {
        Self { path: Path::default(), problem }
    }

    fn at_member(name: &str, problem: Problem) -> Self {
        Self::new(problem).below_member(name)
    }

    pub(super) fn wrong_type(expected: &str, found: &'static str) -> Self {
        Self::new(Problem::WrongType { expected: expected.to_owned(), found })
    }

    pub(super) fn below_member(mut self, name: &str) -> Self {
        self.path.below_member(name);
        self
    }

    pub(super) fn below_item(mut self, index: usize) -> Self {
        self.path.below_item(index);
        self
    }

    /// A refused member name; `unknown_field` has said which one already.
    pub(super) fn of_name(self, name: &str) -> Self {
        if self.path.is_empty() { self.below_member(name) } else { self }
    }
}

impl From<Refusal> for FieldFault {
    fn from(refusal: Refusal) -> Self {
        Self { path: refusal.path.to_string(), problem: refusal.problem }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Problem::Invalid(cut(&message.to_string(), MESSAGE_CHARS_MAX)))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong_type(&expected.to_string(), kind(&found))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("{} is not accepted, expected {expected}", shown(&found)))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("a length of `{length}` is not accepted, expected {expected}"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let known = names(expected);
        Self::custom(format_args!("{} is not known, expected one of {known}", quoted(variant)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::at_member(field, Problem::Unknown { expected: expected.to_vec() })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::at_member(field, Problem::Missing)
    }

    /// The scanner has refused the same name twice, so these are two names of one member.
    fn duplicate_field(field: &'static str) -> Self {
        let problem = "this member is given under two names, keep one";
        Self::at_member(field, Problem::Invalid(problem.to_owned()))
    }
}

fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a decimal number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "a value of another kind",
    }
}

fn shown(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Char(value) => quoted(&value.to_string()),
        Unexpected::Str(value) => quoted(value),
        other => kind(other).to_owned(),
    }
}

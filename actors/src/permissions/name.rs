//! Names of permissions and scopes: what they may look like, and what they match.
//!
//! A name is `resource:action`. Its resource is a text, `prefix/*` (everything below the prefix, at
//! any depth, but not the prefix itself) or `*`; its action is a text or `*`. `*` alone is `*:*`.
//! A question is plain text: a star in it is only a star, and both are compared byte by byte.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// The most characters a name may have, its colon included.
pub(crate) const NAME_CHARS_MAX: usize = 256;
/// The most segments of a resource that a `/*` still looks into.
pub(crate) const PATH_SEGMENTS_MAX: usize = 64;

const EVERYTHING: &str = "*:*";

/// A well-formed permission name. Cloning shares the text.
///
/// Shown, written and compared in its canonical form; `*:*` is shown as `*`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionName {
    // INVARIANT: ASCII, exactly one colon, at byte `colon`; stars only where `shape` says.
    text: Arc<str>,
    colon: u16,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Shape {
    Exactly,
    Below,
    Any,
}

/// What the resource of a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourcePattern<'a> {
    /// This text alone.
    Exactly(&'a str),
    /// Everything below this prefix (written without its `/*`).
    Below(&'a str),
    /// Any resource.
    Any,
}

impl PermissionName {
    /// Reads a name. See the module for its form.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with the text, quoting it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = if text == "*" { EVERYTHING } else { text };
        check_length(text)?;
        check_characters(text)?;
        let (resource, action) = split(text)?;
        let shape = shape_of(resource, text)?;
        check_action(action, text)?;
        let colon = u16::try_from(resource.len()).map_err(|_| too_long(text))?;
        Ok(Self { text: Arc::from(text), colon, shape })
    }

    /// The part before the colon, as it was written.
    pub fn resource(&self) -> &str {
        self.text.get(..usize::from(self.colon)).unwrap_or_default()
    }

    /// The part after the colon, as it was written.
    pub fn action(&self) -> &str {
        self.text.get(usize::from(self.colon) + 1..).unwrap_or_default()
    }

    /// The canonical text, `*:*` for everything.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the name answers a question about `resource` and `action` with yes.
    pub fn matches(&self, resource: &str, action: &str) -> bool {
        self.action_covers(Some(action)) && self.resource_covers(ResourcePattern::Exactly(resource))
    }

    /// Whether everything that `other` matches is matched by this name too: may its holder give
    /// `other` away?
    pub fn covers(&self, other: &Self) -> bool {
        self.action_covers(other.action_pattern()) && self.resource_covers(other.resource_pattern())
    }

    pub(crate) fn resource_pattern(&self) -> ResourcePattern<'_> {
        let resource = self.resource();
        match self.shape {
            Shape::Exactly => ResourcePattern::Exactly(resource),
            Shape::Below => ResourcePattern::Below(resource.strip_suffix("/*").unwrap_or(resource)),
            Shape::Any => ResourcePattern::Any,
        }
    }

    /// The action, `None` for any.
    pub(crate) fn action_pattern(&self) -> Option<&str> {
        let action = self.action();
        (action != "*").then_some(action)
    }

    fn action_covers(&self, other: Option<&str>) -> bool {
        self.action_pattern().is_none_or(|own| other == Some(own))
    }

    fn resource_covers(&self, other: ResourcePattern<'_>) -> bool {
        match (self.resource_pattern(), other) {
            (ResourcePattern::Any, _) => true,
            (ResourcePattern::Exactly(own), ResourcePattern::Exactly(text)) => own == text,
            (ResourcePattern::Below(own), ResourcePattern::Exactly(text)) => {
                is_below(text, own) && is_plain_path(text)
            }
            (ResourcePattern::Below(own), ResourcePattern::Below(prefix)) => {
                own == prefix || is_below(prefix, own)
            }
            (ResourcePattern::Exactly(_) | ResourcePattern::Below(_), _) => false,
        }
    }
}

fn is_below(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a `/*` may look into this resource: at most 64 segments, none of them empty, `.` or
/// `..`, so that no way of writing a path leads out of the place that was granted.
pub(crate) fn is_plain_path(resource: &str) -> bool {
    let mut segments = 0;
    resource.split('/').all(|segment| {
        segments += 1;
        segments <= PATH_SEGMENTS_MAX && !matches!(segment, "" | "." | "..")
    })
}

fn check_length(text: &str) -> Result<(), NameError> {
    let fits = text.len() <= NAME_CHARS_MAX || text.chars().count() <= NAME_CHARS_MAX;
    if fits { Ok(()) } else { Err(too_long(text)) }
}

fn too_long(text: &str) -> NameError {
    NameError::TooLong { chars: text.chars().count() }
}

fn check_characters(text: &str) -> Result<(), NameError> {
    match text.chars().find(|&c| !is_name_char(c)) {
        None => Ok(()),
        Some(character) => Err(NameError::Character { name: quoted(text), character }),
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._~@+=/-:*".contains(c)
}

fn split(text: &str) -> Result<(&str, &str), NameError> {
    match text.split_once(':') {
        Some((resource, action)) if !action.contains(':') => {
            if resource.is_empty() || action.is_empty() {
                return Err(NameError::EmptySide { name: quoted(text) });
            }
            Ok((resource, action))
        }
        _ => Err(NameError::Colon { name: quoted(text) }),
    }
}

fn shape_of(resource: &str, text: &str) -> Result<Shape, NameError> {
    let (shape, rest) = match (resource, resource.strip_suffix("/*")) {
        ("*", _) => (Shape::Any, ""),
        (_, Some(prefix)) => (Shape::Below, prefix),
        (_, None) => (Shape::Exactly, resource),
    };
    if rest.contains('*') { Err(NameError::Star { name: quoted(text) }) } else { Ok(shape) }
}

fn check_action(action: &str, text: &str) -> Result<(), NameError> {
    let stray = action != "*" && action.contains('*');
    if stray { Err(NameError::Star { name: quoted(text) }) } else { Ok(()) }
}

/// What a person typed, safe to put on one line of a log or an answer.
fn quoted(text: &str) -> String {
    text.escape_debug().to_string()
}

/// Why a text is no permission name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Longer than [`NAME_CHARS_MAX`].
    #[error("permission name has {chars} characters; use at most {NAME_CHARS_MAX}")]
    TooLong { chars: usize },
    /// No colon, or more than one.
    #[error("permission name `{name}` needs exactly one `:`; write `resource:action`, or `*`")]
    Colon { name: String },
    /// Nothing before or after the colon.
    #[error("permission name `{name}` has an empty side; write `resource:action`")]
    EmptySide { name: String },
    /// A character that names may not have.
    #[error(
        "permission name `{name}` contains `{}`; use letters, digits and any of \
         `._~@+=/-` on both sides of the `:`",
        character.escape_debug()
    )]
    Character { name: String, character: char },
    /// A star where none may stand.
    #[error(
        "permission name `{name}` has a `*` in the wrong place; a resource may be `*` or end in \
         `/*`, an action may be `*`"
    )]
    Star { name: String },
}

impl fmt::Display for PermissionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if &*self.text == EVERYTHING { "*" } else { &self.text })
    }
}

impl fmt::Debug for PermissionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl FromStr for PermissionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl Serialize for PermissionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PermissionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl de::Visitor<'_> for NameVisitor {
    type Value = PermissionName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a permission name such as `docs:read`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PermissionName, E> {
        PermissionName::parse(text).map_err(E::custom)
    }
}

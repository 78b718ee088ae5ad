//! What is asked: a resource and an action, checked and hashed once.

use thiserror::Error;

use super::hash;
use crate::permissions::name::{PermissionName, ResourcePattern};

/// The most bytes of a question's resource, and of its action.
pub const QUESTION_BYTES_MAX: usize = 1_024;

/// May this be done to that? Borrows its text; any number of models can be asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    resource: &'a str,
    action: &'a str,
    resource_hash: u64,
    action_hash: u64,
}

impl<'a> Question<'a> {
    /// Any text of 1 to [`QUESTION_BYTES_MAX`] bytes without control characters, on both sides.
    ///
    /// # Errors
    /// [`QuestionError`] says which side is wrong, and how.
    pub fn new(resource: &'a str, action: &'a str) -> Result<Self, QuestionError> {
        check(resource, "resource")?;
        check(action, "action")?;
        let resource_hash = hash::exactly(hash::of_text(resource));
        Ok(Self { resource, action, resource_hash, action_hash: hash::of_text(action) })
    }

    pub fn resource(&self) -> &'a str {
        self.resource
    }

    pub fn action(&self) -> &'a str {
        self.action
    }

    pub(super) fn probe(&self) -> Probe<'a> {
        Probe {
            resource: ResourcePattern::Exactly(self.resource),
            action: Some(self.action),
            resource_hash: self.resource_hash,
            action_hash: self.action_hash,
        }
    }
}

/// A question, or a name that something else is to cover: what the interner looks for.
#[derive(Clone, Copy)]
pub(super) struct Probe<'a> {
    pub(super) resource: ResourcePattern<'a>,
    pub(super) action: Option<&'a str>,
    pub(super) resource_hash: u64,
    pub(super) action_hash: u64,
}

impl<'a> Probe<'a> {
    pub(super) fn of_name(name: &'a PermissionName) -> Self {
        let (resource, action) = (name.resource_pattern(), name.action_pattern());
        let (resource_hash, action_hash) = (hash::of_resource(resource), hash::of_action(action));
        Self { resource, action, resource_hash, action_hash }
    }

    pub(super) fn hash(&self) -> u64 {
        hash::pair(self.resource_hash, self.action_hash)
    }

    pub(super) fn any_action(&self) -> Self {
        Self { action: None, action_hash: hash::ANY, ..*self }
    }

    pub(super) fn any_resource(&self) -> Self {
        Self { resource: ResourcePattern::Any, resource_hash: hash::ANY, ..*self }
    }

    pub(super) fn below(&self, prefix: &'a str) -> Self {
        let resource_hash = hash::below(hash::of_text(prefix));
        Self { resource: ResourcePattern::Below(prefix), resource_hash, ..*self }
    }
}

fn check(text: &str, side: &'static str) -> Result<(), QuestionError> {
    if text.is_empty() {
        return Err(QuestionError::Empty { side });
    }
    if text.len() > QUESTION_BYTES_MAX {
        return Err(QuestionError::TooLong { side, bytes: text.len() });
    }
    if has_control(text) { Err(QuestionError::Control { side }) } else { Ok(()) }
}

/// The fold over bytes is one the compiler turns into vector instructions; nearly every text ends
/// there.
fn has_control(text: &str) -> bool {
    let plain = text.bytes().fold(true, |plain, b| plain & (0x20..0x7f).contains(&b));
    !plain && text.chars().any(char::is_control)
}

/// Why a question cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QuestionError {
    /// Nothing there.
    #[error("{side} of the check is empty; name one")]
    Empty { side: &'static str },
    /// Longer than [`QUESTION_BYTES_MAX`].
    #[error("{side} of the check has {bytes} bytes; use at most {QUESTION_BYTES_MAX}")]
    TooLong { side: &'static str, bytes: usize },
    /// A control character.
    #[error("{side} of the check contains a control character; remove it")]
    Control { side: &'static str },
}

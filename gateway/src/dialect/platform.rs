//! `{success, message, data, timestamp}` and `{success, error{code, message, details}, timestamp}`.

use latchkey_actors::error::Error;
use serde::Serialize;

use crate::wire::{Millis, Texts};

pub(super) fn open(message: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"success\":true,\"message\":\"");
    // Messages are ours: none holds a character that JSON escapes.
    out.extend_from_slice(message.as_bytes());
    out.extend_from_slice(b"\",\"data\":");
}

pub(super) fn close(now_ms: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"timestamp\":\"");
    Millis(now_ms).write(out);
    out.extend_from_slice(b"\"}");
}

#[derive(Serialize)]
struct Body<'a> {
    success: bool,
    error: Inner<'a>,
    timestamp: Millis,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Details::is_none")]
    details: Details<'a>,
}

/// A sentence, or a sentence for each member.
#[derive(Serialize)]
#[serde(untagged)]
enum Details<'a> {
    None,
    Text(&'a str),
    Fields(Texts<'a>),
}

impl Details<'_> {
    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

pub(super) fn error(error: &Error, now_ms: i64) -> Vec<u8> {
    let details = match error.detail_text() {
        Some(text) => Details::Text(text),
        None if error.fields().is_empty() => Details::None,
        None => Details::Fields(Texts(error.fields())),
    };
    let inner = Inner { code: error.code().word(), message: error.message(), details };
    let body = Body { success: false, error: inner, timestamp: Millis(now_ms) };
    serde_json::to_vec(&body).unwrap_or_default()
}

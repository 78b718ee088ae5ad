//! `{data}`, `{data, meta}` and `{error, message, status}`.

use latchkey_actors::error::{Error, Kind};
use serde::Serialize;

use crate::wire::Texts;

#[derive(Serialize)]
struct Body<'a> {
    error: String,
    message: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Texts<'a>>,
}

pub(super) fn error(error: &Error, status: u16) -> Vec<u8> {
    let fields = error.fields();
    let details = (!fields.is_empty()).then_some(Texts(fields));
    // Whatever is not there is `not_found` on this surface.
    let word = match error.kind() {
        Kind::NotFound => "not_found".to_owned(),
        _ => error.code().word().to_ascii_lowercase(),
    };
    let message = match error.kind() {
        Kind::NotFound => error.message().to_owned(),
        _ => super::sentence(error),
    };
    let body = Body { error: word, message, status, details };
    serde_json::to_vec(&body).unwrap_or_default()
}

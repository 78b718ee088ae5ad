//! `{status, data}`, `{status, data, pagination}` and `{status, code, message}`.

use latchkey_actors::error::{Code, Error};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    status: &'a str,
    code: &'a str,
    message: String,
}

pub(super) fn error(error: &Error) -> Vec<u8> {
    let (code, message) = match (error.code(), error.fields()) {
        (Code::MissingParameter, [(name, _), ..]) => {
            (error.code(), format!("Required parameter '{name}' is missing from request"))
        }
        (Code::ApiKeyNotFound, _) => (Code::NotFound, super::sentence(error)),
        (code, _) => (code, super::sentence(error)),
    };
    let body = Body { status: "error", code: code.word(), message };
    serde_json::to_vec(&body).unwrap_or_default()
}

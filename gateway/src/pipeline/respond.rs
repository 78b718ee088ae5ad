//! From an outcome to an HTTP answer, with the headers that every answer carries.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use latchkey_actors::error::{Error, Kind, Result};

use super::admit::Window;
use super::ids::RequestId;
use super::record::Record;
use crate::answer::Answer;
use crate::app::Shared;
use crate::dialect::Dialect;
use crate::serve::ResponseBody;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const SCHEMES: HeaderValue =
    HeaderValue::from_static("ApiKey realm=\"latchkey\", Bearer realm=\"latchkey\"");

/// Makes the answer and records it.
pub(super) fn respond(
    shared: &Arc<Shared>,
    outcome: Result<Answer>,
    record: Record,
    head_only: bool,
) -> Response<ResponseBody> {
    let (answer, error) = match outcome {
        Ok(answer) => (answer, None),
        Err(error) => (error_answer(record.dialect, &error, record.now_ms), Some(error)),
    };
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.reserve(8);
    if !answer.body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    }
    common(headers, &record.id, record.window.as_ref(), record.now_ms);
    if let Some(allow) = &record.allow {
        set(headers, http::header::ALLOW, allow);
    }
    for (name, value) in answer.headers {
        headers.insert(name, value);
    }
    record.end(shared, answer.status, error.as_ref());
    *response.body_mut() = match head_only {
        true => {
            set(
                response.headers_mut(),
                http::header::CONTENT_LENGTH,
                &answer.body.len().to_string(),
            );
            ResponseBody::empty()
        }
        false => ResponseBody::full(answer.body),
    };
    response
}

/// The answer of an error, in its dialect.
fn error_answer(dialect: Dialect, error: &Error, now_ms: i64) -> Answer {
    let mut answer = Answer::json(dialect.status(error.kind()), dialect.error(error, now_ms));
    if let Some(seconds) = error.retry_after_s() {
        answer = answer.with(RETRY_AFTER, &seconds.to_string());
    }
    if error.kind() == Kind::Unauthenticated {
        answer.headers.push((WWW_AUTHENTICATE, SCHEMES));
    }
    answer
}

/// An error for a request that is no longer there.
pub(super) fn error_alone(
    shared: &Arc<Shared>,
    dialect: Dialect,
    error: &Error,
) -> Response<ResponseBody> {
    let headers = HeaderMap::new();
    let record = Record::bare(shared, dialect, &headers);
    respond(shared, Err(error.clone()), record, false)
}

fn common(headers: &mut HeaderMap, id: &RequestId, window: Option<&Window>, now_ms: i64) {
    headers.insert(REQUEST_ID, id.header());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(window) = window {
        rate_limits(headers, window, now_ms);
    }
}

/// The window, in the words of the contract and in those of the IETF draft.
fn rate_limits(headers: &mut HeaderMap, window: &Window, now_ms: i64) {
    let state = &window.state;
    let reset_s = (state.reset_at_ms + 999).div_euclid(1000);
    headers.insert(LIMIT, HeaderValue::from(state.limit));
    headers.insert(REMAINING, HeaderValue::from(state.remaining));
    headers.insert(RESET, HeaderValue::from(reset_s));
    let in_s = (state.reset_at_ms - now_ms + 999).div_euclid(1000).max(0);
    let name = window.name;
    set(headers, POLICY, &format!("\"{name}\";q={};w={}", state.limit, state.window_s));
    set(headers, RATE_LIMIT, &format!("\"{name}\";r={};t={in_s}", state.remaining));
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

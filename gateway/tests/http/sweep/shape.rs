//! The dialects, as an answer must show them.

use latchkey_gateway::dialect::Dialect;
use serde_json::{Map, Value};

/// Members whose own members are the caller's words, not ours.
const FREE: [&str; 7] =
    ["metadata", "settings", "password_policy", "conditions", "permissions", "details", "context"];

/// What is wrong with the body of an answer, if anything is.
pub(super) fn fault(dialect: Dialect, status: u16, body: &[u8]) -> Option<String> {
    if status == 204 {
        return (!body.is_empty()).then(|| "204 with a body".to_owned());
    }
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(body) else {
        return Some("not a JSON object".to_owned());
    };
    let fits = match (dialect, status) {
        (Dialect::Platform, 400..) => platform_error(&body),
        (Dialect::Iam | Dialect::Raw, 400..) => iam_error(&body, status),
        (Dialect::Workspace, 400..) => workspace_error(&body),
        (Dialect::Platform, _) => platform_success(&body),
        (Dialect::Iam | Dialect::Raw, _) => iam_success(&body),
        (Dialect::Workspace, _) => workspace_success(&body),
    };
    match fits {
        false => Some(format!("not the envelope of the {} dialect", dialect.word())),
        true => foreign_case(dialect, &body).map(|name| format!("`{name}` is of another dialect")),
    }
}

fn platform_error(body: &Map<String, Value>) -> bool {
    let error = body.get("error").unwrap_or(&Value::Null);
    let details = error.get("details");
    members(body, &["success", "error", "timestamp"], &[])
        && body["success"] == false
        && is_moment(&body["timestamp"])
        && error.as_object().is_some_and(|e| members(e, &["code", "message"], &["details"]))
        && is_word(&error["code"], char::is_ascii_uppercase)
        && is_sentence(&error["message"])
        && details.is_none_or(|details| details.is_string() || details.is_object())
}

fn platform_success(body: &Map<String, Value>) -> bool {
    // A verdict on a key may be no success, and is an answer of 200 all the same.
    members(body, &["success", "message", "data", "timestamp"], &[])
        && (body["success"] == true || body["data"]["valid"] == false)
        && is_sentence(&body["message"])
        && body["data"].is_object()
        && is_moment(&body["timestamp"])
}

fn iam_error(body: &Map<String, Value>, status: u16) -> bool {
    members(body, &["error", "message", "status"], &["details"])
        && is_word(&body["error"], char::is_ascii_lowercase)
        && is_sentence(&body["message"])
        && body["status"] == status
        && body.get("details").is_none_or(Value::is_object)
}

fn iam_success(body: &Map<String, Value>) -> bool {
    let listed = body.get("data").is_some_and(Value::is_array);
    let figures = |meta: &Value| {
        meta.as_object().is_some_and(|meta| members(meta, &["page", "per_page", "total"], &[]))
    };
    members(body, &["data"], &["meta"])
        && body.contains_key("meta") == listed
        && body.get("meta").is_none_or(figures)
}

fn workspace_error(body: &Map<String, Value>) -> bool {
    members(body, &["status", "code", "message"], &[])
        && body["status"] == "error"
        && is_word(&body["code"], char::is_ascii_uppercase)
        && is_sentence(&body["message"])
}

fn workspace_success(body: &Map<String, Value>) -> bool {
    const FIGURES: [&str; 6] =
        ["total", "limit", "offset", "next_cursor", "prev_cursor", "has_more"];
    let listed = body.get("data").is_some_and(Value::is_array);
    members(body, &["status", "data"], &["pagination"])
        && body["status"] == "success"
        && body.contains_key("pagination") == listed
        && body.get("pagination").is_none_or(|figures| {
            figures.as_object().is_some_and(|all| members(all, &FIGURES, &[]))
        })
}

/// All of the first, some of the second, and nothing else.
fn members(object: &Map<String, Value>, needed: &[&str], allowed: &[&str]) -> bool {
    needed.iter().all(|name| object.contains_key(*name))
        && object
            .keys()
            .all(|name| needed.contains(&name.as_str()) || allowed.contains(&name.as_str()))
}

fn is_word(value: &Value, letter: impl Fn(&char) -> bool) -> bool {
    let fits = |c: char| letter(&c) || c == '_' || c.is_ascii_digit();
    value.as_str().is_some_and(|word| !word.is_empty() && word.chars().all(fits))
}

fn is_sentence(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// RFC 3339 in UTC, to the millisecond.
fn is_moment(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 24 && text.ends_with('Z'))
}

/// A member that is spelled as another dialect spells its own.
fn foreign_case(dialect: Dialect, object: &Map<String, Value>) -> Option<String> {
    let foreign = |name: &str| match dialect {
        Dialect::Platform => name.contains('_'),
        _ => name.chars().any(|c| c.is_ascii_uppercase()),
    };
    object.iter().find_map(|(name, value)| {
        if foreign(name) {
            return Some(name.clone());
        }
        if FREE.contains(&name.as_str()) {
            return None;
        }
        let list = std::slice::from_ref(value);
        let values = value.as_array().map_or(list, Vec::as_slice);
        values.iter().filter_map(Value::as_object).find_map(|below| foreign_case(dialect, below))
    })
}

#[test]
fn an_envelope_is_of_one_dialect() {
    use Dialect::{Iam, Platform, Workspace};
    let now = r#""timestamp":"2026-02-02T02:40:00.000Z"}"#;
    let error = r#"{"success":false,"error":{"code":"FORBIDDEN","message":"No"},"#;
    let samples = [
        (Platform, 200, format!(r#"{{"success":true,"message":"Done","data":{{"aB":1}},{now}"#)),
        (Platform, 403, format!("{error}{now}")),
        (Iam, 200, r#"{"data":{"a_b":1}}"#.into()),
        (Iam, 403, r#"{"error":"forbidden","message":"No","status":403}"#.into()),
        (Workspace, 200, r#"{"status":"success","data":{"a_b":1}}"#.into()),
        (Workspace, 403, r#"{"status":"error","code":"FORBIDDEN","message":"No"}"#.into()),
    ];
    for (dialect, status, body) in &samples {
        for other in [Platform, Iam, Workspace] {
            let fault = fault(other, *status, body.as_bytes());
            assert_eq!(fault.is_none(), other == *dialect, "{body}: {fault:?}");
        }
    }
    let snake = format!(r#"{{"success":true,"message":"Done","data":{{"a_b":1}},{now}"#);
    assert!(fault(Platform, 200, snake.as_bytes()).is_some());
    assert!(fault(Iam, 200, br#"{"data":{"aB":1}}"#).is_some());
    assert!(fault(Iam, 200, br#"{"data":[]}"#).is_some(), "a list without its figures");
    assert!(fault(Iam, 404, br#"{"error":"x","message":"No","status":400}"#).is_some());
    assert!(fault(Iam, 204, b"{}").is_some());
    assert!(fault(Iam, 200, b"<html>").is_some());
}

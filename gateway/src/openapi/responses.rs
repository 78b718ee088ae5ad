//! The answers of operations: the success, and every error that applies.

use latchkey_actors::error::{Code, Error, Kind};
use serde_json::{Map, Value, json};

use super::envelopes;
use super::parameters::{has_if_match, has_path};
use super::schemas::{Described, Success, prefix};
use crate::dialect::Dialect;
use crate::endpoint::{Access, Audit, Endpoint, Method};
use crate::pipeline::is_by_path;

/// An error that operations share.
struct Shared {
    name: &'static str,
    kind: Kind,
    code: Code,
    text: &'static str,
}

const fn shared(name: &'static str, kind: Kind, code: Code, text: &'static str) -> Shared {
    Shared { name, kind, code, text }
}

const ERRORS: [Shared; 12] = [
    shared("BadRequest", Kind::Malformed, Code::InvalidParameter, "The request is malformed"),
    shared("Unauthorized", Kind::Unauthenticated, Code::Unauthorized, "No credential that holds"),
    shared("Forbidden", Kind::Forbidden, Code::Forbidden, "The credential may not do this"),
    shared("NotFound", Kind::NotFound, Code::NotFound, "It is not there"),
    shared("Conflict", Kind::Conflict, Code::AlreadyExists, "The state of things forbids it"),
    shared(
        "PreconditionFailed",
        Kind::PreconditionFailed,
        Code::PreconditionFailed,
        "It has changed",
    ),
    shared("TooLarge", Kind::TooLarge, Code::BodyTooLarge, "The body is too large"),
    shared(
        "UnsupportedMediaType",
        Kind::UnsupportedMediaType,
        Code::UnsupportedMediaType,
        "The body must be JSON",
    ),
    shared("Invalid", Kind::Invalid, Code::ValidationError, "The body breaks a rule"),
    shared(
        "RateLimited",
        Kind::RateLimited,
        Code::RateLimitExceeded,
        "A window or a quota is spent",
    ),
    shared("InternalError", Kind::Internal, Code::InternalError, "Something is broken here"),
    shared("Unavailable", Kind::Unavailable, Code::ServiceUnavailable, "Not now; try again later"),
];

/// Every dialect whose errors look their own.
const DIALECTS: [Dialect; 3] = [Dialect::Platform, Dialect::Iam, Dialect::Workspace];

/// The moment in the examples: 2025-07-10T14:00:00Z.
const EXAMPLE_MS: i64 = 1_752_156_000_000;

/// All responses of an operation, by status.
pub(super) fn of(endpoint: &Endpoint, described: &Described) -> Value {
    let mut all = Map::new();
    all.insert(described.status.to_string(), success(endpoint, described));
    if described.parameters.iter().any(|parameter| parameter.name == "If-None-Match") {
        all.insert("304".into(), json!({ "description": "The client has these bytes" }));
    }
    for error in ERRORS.iter().filter(|error| applies(error.kind, endpoint, described)) {
        let status = endpoint.dialect.status(error.kind).to_string();
        let name = format!("{}{}", prefix(envelopes::family(endpoint.dialect)), error.name);
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        all.entry(status).or_insert(reference);
    }
    if endpoint.access == Access::Probe {
        all.insert(
            "503".into(),
            json!({
                "description": "Not well, starting or draining",
                "headers": references(&["X-Request-ID"]),
                "content": { "application/json": { "schema": { "type": "object" } } },
            }),
        );
    }
    Value::Object(all)
}

fn applies(kind: Kind, endpoint: &Endpoint, described: &Described) -> bool {
    let known = !matches!(endpoint.access, Access::Probe | Access::Public);
    let has_body = described.body.is_some();
    match kind {
        Kind::Malformed | Kind::Unauthenticated | Kind::Forbidden => known,
        Kind::NotFound => has_path(endpoint) || is_by_path(endpoint),
        Kind::Conflict => endpoint.audit == Audit::Committed,
        Kind::PreconditionFailed => has_if_match(endpoint),
        // A body that nobody wants is read to its limit all the same.
        Kind::TooLarge => known && endpoint.method != Method::GET,
        Kind::UnsupportedMediaType | Kind::Invalid => has_body,
        Kind::RateLimited => endpoint.access != Access::Probe,
        Kind::Internal | Kind::Unavailable => true,
        Kind::MethodNotAllowed | Kind::NotAcceptable => false,
    }
}

fn success(endpoint: &Endpoint, described: &Described) -> Value {
    let mut names = vec!["X-Request-ID"];
    if described.status == 201 {
        names.extend(["Location", "ETag"]);
    }
    if endpoint.access != Access::Probe {
        names.extend(RATE_LIMITS);
    }
    let (media, schema) = match &described.success {
        Success::Data(schema) => ("application/json", envelopes::data(endpoint.dialect, schema)),
        Success::Page(schema) => ("application/json", envelopes::page(endpoint.dialect, schema)),
        Success::Raw(media) => (*media, json!({})),
        Success::Nothing => {
            return json!({ "description": "Done", "headers": references(&names) });
        }
    };
    let text = if described.status == 201 { "Created" } else { "Success" };
    json!({
        "description": text,
        "headers": references(&names),
        "content": { media: { "schema": schema } },
    })
}

/// The errors of every dialect, by the names of their components. The examples are what the
/// dialect writes.
pub(super) fn all() -> Map<String, Value> {
    let each = DIALECTS.into_iter().flat_map(|dialect| ERRORS.iter().map(move |e| (dialect, e)));
    each.map(|(dialect, error)| {
        (format!("{}{}", prefix(dialect), error.name), response(dialect, error))
    })
    .collect()
}

fn response(dialect: Dialect, error: &Shared) -> Value {
    let raised = Error::new(error.kind, error.code, error.text);
    let example: Value =
        serde_json::from_slice(&dialect.error(&raised, EXAMPLE_MS)).unwrap_or_default();
    let mut names = vec!["X-Request-ID"];
    match error.kind {
        Kind::RateLimited | Kind::Unavailable => names.push("Retry-After"),
        Kind::Unauthenticated => names.push("WWW-Authenticate"),
        _ => {}
    }
    if !matches!(error.kind, Kind::Internal | Kind::Unavailable) {
        names.extend(RATE_LIMITS);
    }
    json!({
        "description": error.text,
        "headers": references(&names),
        "content": {
            "application/json": { "schema": envelopes::error(dialect), "example": example },
        },
    })
}

const RATE_LIMITS: [&str; 5] = [
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "RateLimit-Policy",
    "RateLimit",
];

fn references(names: &[&str]) -> Value {
    let refer = |name: &&str| {
        ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    Value::Object(names.iter().map(refer).collect())
}

/// The headers of answers.
pub(super) fn headers() -> Map<String, Value> {
    let rows = [
        ("X-Request-ID", "string", "The name of the request, as logs and the audit trail have it."),
        ("X-RateLimit-Limit", "integer", "Requests that the tightest window allows."),
        ("X-RateLimit-Remaining", "integer", "Requests that are left in it."),
        ("X-RateLimit-Reset", "integer", "When it is empty again, in Unix seconds."),
        ("RateLimit-Policy", "string", "The window, as the IETF draft writes it."),
        ("RateLimit", "string", "What is left of it, as the IETF draft writes it."),
        ("Retry-After", "integer", "Seconds after which to try again."),
        ("WWW-Authenticate", "string", "The schemes of `Authorization` that are taken."),
        ("Location", "string", "The path of what was created."),
        ("ETag", "string", "The version of what was created, for `If-Match`."),
    ];
    let made = rows.map(|(name, kind, text)| {
        (name.to_owned(), json!({ "description": text, "schema": { "type": kind } }))
    });
    made.into_iter().collect()
}

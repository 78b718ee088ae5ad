//! One endpoint row as an operation.

use serde_json::{Value, json};

use super::schemas::Described;
use super::{Settings, examples, parameters, responses, set};
use crate::endpoint::{Access, Audit, Endpoint};

/// The operation of a row.
pub(super) fn of(endpoint: &Endpoint, described: &Described, settings: Settings<'_>) -> Value {
    let mut operation = json!({
        "operationId": id(endpoint),
        "summary": summary(endpoint),
        "tags": [tag(endpoint.noun)],
        "parameters": parameters::of(endpoint, described, settings),
        "responses": responses::of(endpoint, described),
        "security": security(endpoint.access),
        "x-dialect": endpoint.dialect.word(),
        "x-audit": audit(endpoint.audit),
    });
    let text = description(endpoint);
    if !text.is_empty() {
        set(&mut operation, "description", text.into());
    }
    if let Some(name) = permission(endpoint.access) {
        set(&mut operation, "x-required-permission", name.into());
    }
    if let Some((schema, required)) = &described.body {
        let mut media = json!({ "schema": schema });
        if let Some(example) = examples::of(endpoint) {
            set(&mut media, "example", example);
        }
        let content = json!({ "application/json": media });
        let body = json!({ "required": required, "content": content });
        set(&mut operation, "requestBody", body);
    }
    operation
}

/// Dialect, noun and handler, always all three: an id must not change when another surface gets a
/// handler of the same name.
pub(super) fn id(endpoint: &Endpoint) -> String {
    let handler = endpoint.name.replace(' ', "").replace("::", "_");
    format!("{}_{}_{handler}", endpoint.dialect.word(), endpoint.noun)
}

/// A noun as people write it.
pub(super) fn tag(noun: &str) -> String {
    let words = noun.split('_').enumerate().map(|(at, word)| match word {
        "api" | "mfa" => word.to_ascii_uppercase(),
        "oauth" => "OAuth".to_owned(),
        _ if at == 0 => {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn summary(endpoint: &Endpoint) -> &'static str {
    let first = endpoint.docs.first().copied().unwrap_or_default().trim();
    first.strip_suffix('.').unwrap_or(first)
}

fn description(endpoint: &Endpoint) -> String {
    let lines: Vec<&str> = endpoint.docs.iter().skip(1).map(|line| line.trim()).collect();
    let text = lines.join("\n").trim().to_owned();
    match endpoint.access {
        Access::Master(_) if text.is_empty() => MASTER.to_owned(),
        Access::Master(_) => format!("{text}\n\n{MASTER}"),
        _ => text,
    }
}

const MASTER: &str = "Only keys of the master tenant may do this.";

fn audit(audit: Audit) -> &'static str {
    match audit {
        Audit::Committed => "committed",
        Audit::Unaudited => "none",
    }
}

/// The permission that a call needs.
pub(super) fn permission(access: Access) -> Option<String> {
    match access {
        Access::Can(right) | Access::Master(right) | Access::Open(right) => Some(right.name()),
        Access::Probe | Access::Public | Access::AnyKey => None,
    }
}

fn security(access: Access) -> Value {
    match access {
        Access::Probe | Access::Public => json!([]),
        Access::Open(_) => json!([{}, { "X-API-Key": [] }, { "Authorization": [] }]),
        Access::AnyKey | Access::Can(_) | Access::Master(_) => {
            json!([{ "X-API-Key": [] }, { "Authorization": [] }])
        }
    }
}

//! What operations refer to: of everything there is, as much as a document needs.

use serde_json::{Map, Value, json};

use super::{envelopes, parameters, responses};

/// The components that `paths` refer to, directly or through one another.
pub(super) fn of(paths: &[(String, Value)], definitions: Vec<(String, Value)>) -> Value {
    let schemas = definitions.into_iter().chain(envelopes::schemas()).collect();
    let all = [
        ("schemas", schemas),
        ("responses", responses::all()),
        ("parameters", parameters::all()),
        ("headers", responses::headers()),
    ];
    let mut kept = needed(paths, &all);
    kept.insert("securitySchemes".into(), security_schemes());
    Value::Object(kept)
}

fn needed(paths: &[(String, Value)], all: &[(&str, Map<String, Value>)]) -> Map<String, Value> {
    let mut kept = Map::new();
    let mut open: Vec<&str> = Vec::new();
    for (_, item) in paths {
        references(item, &mut open);
    }
    while let Some(reference) = open.pop() {
        let Some((kind, name)) = place(reference) else { continue };
        let known = all.iter().find(|(known, _)| *known == kind);
        let Some(component) = known.and_then(|(_, named)| named.get(name)) else { continue };
        let group = kept.entry(kind).or_insert_with(|| json!({}));
        if let Value::Object(group) = group
            && !group.contains_key(name)
        {
            group.insert(name.to_owned(), component.clone());
            references(component, &mut open);
        }
    }
    kept
}

/// `#/components/schemas/Name` as `schemas` and `Name`.
fn place(reference: &str) -> Option<(&str, &str)> {
    reference.strip_prefix("#/components/")?.split_once('/')
}

/// Every reference in a value.
pub(super) fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "$ref" => found.push(text),
                    _ => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

fn security_schemes() -> Value {
    json!({
        "X-API-Key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "An API key.",
        },
        "Authorization": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`ApiKey <key>` or `Bearer <key>`. A request carries one credential.",
        },
    })
}

//! What stands around data, pages and errors in each dialect.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::schemas::{PLACE, prefix};
use super::set;
use crate::dialect::Dialect;
use crate::extract::PageMeta;

/// The dialects with an envelope of their own.
const ENVELOPED: [Dialect; 3] = [Dialect::Platform, Dialect::Iam, Dialect::Workspace];

/// One value in its envelope.
pub(super) fn data(dialect: Dialect, schema: &Value) -> Value {
    match dialect {
        Dialect::Raw => schema.clone(),
        _ => object(&around(dialect, schema)),
    }
}

/// A list of values, with its figures beside it.
pub(super) fn page(dialect: Dialect, item: &Value) -> Value {
    let mut whole = around(dialect, &json!({ "type": "array", "items": item }));
    let name = match dialect {
        Dialect::Workspace => "pagination",
        _ => "meta",
    };
    let figures = format!("{PLACE}{}Page", prefix(family(dialect)));
    set(&mut whole, name, json!({ "$ref": figures }));
    object(&whole)
}

/// The members of an answer that holds this.
fn around(dialect: Dialect, schema: &Value) -> Value {
    match dialect {
        Dialect::Platform => json!({
            "success": { "type": "boolean" },
            "message": { "type": "string" },
            "data": schema,
            "timestamp": moment(),
        }),
        Dialect::Iam | Dialect::Raw => json!({ "data": schema }),
        Dialect::Workspace => json!({ "status": { "const": "success" }, "data": schema }),
    }
}

/// The schema of an error.
pub(super) fn error(dialect: Dialect) -> Value {
    json!({ "$ref": format!("{PLACE}{}Error", prefix(family(dialect))) })
}

/// Whose envelope a dialect uses where it has none.
pub(super) const fn family(dialect: Dialect) -> Dialect {
    match dialect {
        Dialect::Raw => Dialect::Iam,
        own => own,
    }
}

/// The figures and errors of every dialect.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let named = ENVELOPED.into_iter().flat_map(|dialect| {
        let name = prefix(dialect);
        [(format!("{name}Error"), error_schema(dialect)), (format!("{name}Page"), figures(dialect))]
    });
    named.collect()
}

/// The figures of a page: those of the two forms that the dialect uses.
fn figures(dialect: Dialect) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with(|settings| settings.inline_subschemas = true);
    let whole = SchemaGenerator::new(settings).subschema_for::<PageMeta>().to_value();
    let member = match dialect {
        Dialect::Workspace => "/properties/offset",
        _ => "/properties/page",
    };
    let forms = whole.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let mut form = forms.filter(|form| form.pointer(member).is_some());
    form.next().cloned().unwrap_or(whole)
}

fn error_schema(dialect: Dialect) -> Value {
    let text = json!({ "type": "string" });
    let by_member = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    match dialect {
        Dialect::Platform => object(&json!({
            "success": { "const": false },
            "error": {
                "type": "object",
                "properties": {
                    "code": text,
                    "message": text,
                    "details": { "oneOf": [text, by_member] },
                },
                "required": ["code", "message"],
            },
            "timestamp": moment(),
        })),
        Dialect::Iam | Dialect::Raw => json!({
            "type": "object",
            "properties": {
                "error": text,
                "message": text,
                "status": { "type": "integer" },
                "details": by_member,
            },
            "required": ["error", "message", "status"],
        }),
        Dialect::Workspace => object(&json!({
            "status": { "const": "error" },
            "code": text,
            "message": text,
        })),
    }
}

/// An object with these members, all of them required.
fn object(properties: &Value) -> Value {
    let names: Vec<&String> =
        properties.as_object().into_iter().flat_map(|all| all.keys()).collect();
    json!({ "type": "object", "properties": properties, "required": names })
}

fn moment() -> Value {
    json!({ "type": "string", "format": "date-time", "examples": ["2025-07-10T14:00:00.000Z"] })
}

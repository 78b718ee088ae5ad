//! The parameters of operations: of the path, of the query, and the headers that routes share.

use serde_json::{Map, Value, json};

use super::Settings;
use super::schemas::Described;
use crate::dialect::Dialect;
use crate::endpoint::{Access, Endpoint, Method};
use crate::extract::{Parameter, Place};
use crate::pipeline::is_by_path;

/// A path as OpenAPI writes it: it has no mark for a parameter that takes the whole rest.
pub(super) fn path(path: &str) -> String {
    path.replace("{*", "{")
}

/// All parameters of an operation.
pub(super) fn of(endpoint: &Endpoint, described: &Described, settings: Settings<'_>) -> Vec<Value> {
    let mut all: Vec<Value> =
        in_path(endpoint).map(|name| path_parameter(endpoint, name)).collect();
    let shared = headers(endpoint, described, settings);
    let named = |name: &str| shared.iter().any(|shared| shared.1.eq_ignore_ascii_case(name));
    let own = described.parameters.iter().filter(|parameter| !named(parameter.name));
    all.extend(own.map(parameter));
    all.extend(shared.iter().map(|(component, _)| reference(component)));
    all
}

fn in_path(endpoint: &Endpoint) -> impl Iterator<Item = &'static str> {
    endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// Whether the path has parameters: what they name may not be there.
pub(super) fn has_path(endpoint: &Endpoint) -> bool {
    in_path(endpoint).next().is_some()
}

fn path_parameter(endpoint: &Endpoint, name: &str) -> Value {
    let is_id = name == "uid" || name == "id" || name.ends_with("_id") || name.ends_with("Id");
    let (schema, text) = match (name.strip_prefix('*'), endpoint.dialect) {
        (Some(_), _) => (json!({ "type": "string" }), "The rest of the path."),
        (None, Dialect::Workspace) if is_id => {
            (json!({ "type": "string" }), "The short form, such as `key_…`, or the UUID.")
        }
        (None, _) if is_id => (json!({ "type": "string", "format": "uuid" }), "A UUID."),
        (None, _) => (json!({ "type": "string" }), "A name."),
    };
    let name = name.trim_start_matches('*');
    json!({ "name": name, "in": "path", "required": true, "description": text, "schema": schema })
}

fn parameter(parameter: &Parameter) -> Value {
    let place = match parameter.place {
        Place::Query => "query",
        Place::Header => "header",
    };
    json!({
        "name": parameter.name,
        "in": place,
        "required": parameter.required,
        "description": parameter.text,
        "schema": parameter.schema,
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// The shared headers of an operation: component and name.
fn headers(
    endpoint: &Endpoint,
    described: &Described,
    settings: Settings<'_>,
) -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    let known = !matches!(endpoint.access, Access::Probe | Access::Public);
    let is_platform = endpoint.dialect == Dialect::Platform;
    let is_open = matches!(endpoint.access, Access::Open(_));
    if known && !is_by_path(endpoint) {
        let required = is_platform && !is_open && settings.needs_tenant;
        all.push((if required { "TenantId" } else { "MaybeTenantId" }, "x-tenantid"));
    }
    if known && is_platform {
        all.push(("Realm", "realmname"));
    }
    if described.status == 201 {
        all.push(("IdempotencyKey", "Idempotency-Key"));
    }
    if has_if_match(endpoint) {
        all.push(("IfMatch", "If-Match"));
    }
    all.push(("RequestId", "X-Request-ID"));
    all
}

/// Whether a write may be made conditional on a version.
pub(super) fn has_if_match(endpoint: &Endpoint) -> bool {
    matches!(endpoint.method, Method::PUT | Method::PATCH | Method::DELETE)
}

/// The shared headers by the names of their components.
pub(super) fn all() -> Map<String, Value> {
    let uuid = json!({ "type": "string", "format": "uuid" });
    let text = json!({ "type": "string" });
    let visible = |max: u32| json!({ "type": "string", "minLength": 1, "maxLength": max });
    let tenant = "The tenant that the request is about.";
    let own = "The tenant that the request is about; the key's own when it is left out.";
    let repeated = "Makes a repetition safe for a day: the same key answers what the first did.";
    let version = "The version that is to be changed, as an answer's `ETag` told it.";
    let rows = [
        ("TenantId", "x-tenantid", true, tenant, uuid.clone()),
        ("MaybeTenantId", "x-tenantid", false, own, uuid),
        (
            "Realm",
            "realmname",
            false,
            "The slug of the tenant; another one is refused.",
            text.clone(),
        ),
        ("IdempotencyKey", "Idempotency-Key", false, repeated, visible(255)),
        ("IfMatch", "If-Match", false, version, text.clone()),
        ("RequestId", "X-Request-ID", false, "A name for this request; answers repeat it.", text),
    ];
    let made = rows.map(|(component, name, required, text, schema)| {
        let header = json!({
            "name": name, "in": "header", "required": required, "description": text, "schema": schema,
        });
        (component.to_owned(), header)
    });
    made.into_iter().collect()
}

//! What the documents promise: every endpoint, each once, under names that nothing else has.

use std::collections::BTreeSet;

use serde_json::Value;

use super::components::references;
use super::schemas::Schemas;
use super::{Scope, Settings, examples, operation, parameters};
use crate::dialect::Dialect;
use crate::endpoint::{Endpoint, Method};
use crate::pipeline::all_endpoints;

const SETTINGS: Settings<'_> = Settings { base_url: None, needs_tenant: true };

fn document(scope: Scope, settings: Settings<'_>) -> Value {
    serde_json::to_value(super::document(scope, settings)).unwrap()
}

fn described<'d>(document: &'d Value, endpoint: &Endpoint) -> &'d Value {
    let method = endpoint.method.word().to_ascii_lowercase();
    &document["paths"][parameters::path(endpoint.path)][method]
}

#[test]
fn every_endpoint_is_in_the_documents_it_belongs_to() {
    for scope in Scope::ALL {
        let document = document(scope, SETTINGS);
        let mut expected = 0;
        for endpoint in all_endpoints() {
            let operation = described(&document, endpoint);
            let name = format!("{scope:?}: {} {}", endpoint.method.word(), endpoint.path);
            assert_eq!(operation.is_object(), scope.holds(endpoint), "{name}");
            if scope.holds(endpoint) {
                expected += 1;
                assert_eq!(operation["operationId"], operation::id(endpoint), "{name}");
                assert_eq!(operation["x-dialect"], endpoint.dialect.word(), "{name}");
            }
        }
        let paths = document["paths"].as_object().unwrap();
        let found: usize = paths.values().map(|item| item.as_object().unwrap().len()).sum();
        assert_eq!(found, expected, "{scope:?}");
    }
}

#[test]
fn an_endpoint_belongs_to_the_merged_document_and_one_other() {
    for endpoint in all_endpoints() {
        let holders = Scope::ALL.into_iter().filter(|scope| scope.holds(endpoint));
        assert_eq!(holders.count(), 2, "{}", endpoint.path);
    }
}

#[test]
fn operations_have_ids_of_their_own() {
    let mut ids = BTreeSet::new();
    for endpoint in all_endpoints() {
        let id = operation::id(endpoint);
        assert!(ids.insert(id.clone()), "`{id}` is the id of two operations");
    }
}

#[test]
fn types_that_share_a_name_do_not_share_a_component() {
    let mut schemas = Schemas::default();
    for endpoint in all_endpoints() {
        schemas.describe(endpoint);
    }
    let definitions = schemas.definitions();
    let mut names = BTreeSet::new();
    for (name, _) in &definitions {
        assert!(names.insert(name.as_str()), "two types are called `{name}`");
        assert!(!name.ends_with("Error") && !name.ends_with("Page"), "`{name}` is an envelope's");
    }
    let schema = |wanted: &str| {
        let found = definitions.iter().find(|(name, _)| name == wanted);
        found.unwrap_or_else(|| panic!("no `{wanted}`")).1.clone()
    };
    let platform = schema("PlatformApiKeysNewKeyInput");
    let (iam, workspace) = (schema("IamApiKeysNewKeyInput"), schema("WorkspaceApiKeysNewKeyInput"));
    assert!(platform["properties"].get("ipWhitelist").is_some(), "{platform}");
    assert!(iam["properties"].get("ip_restrictions").is_some(), "{iam}");
    assert!(workspace["properties"].get("permissions").is_some(), "{workspace}");
}

#[test]
fn references_lead_somewhere() {
    for scope in Scope::ALL {
        let document = document(scope, SETTINGS);
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{scope:?}: `{reference}`");
        }
    }
}

#[test]
fn examples_are_of_endpoints() {
    for (path, _) in examples::EXAMPLES {
        let known = all_endpoints().any(|e| e.path == *path && e.method == Method::POST);
        assert!(known, "no endpoint is `POST {path}`");
    }
}

#[test]
fn the_tenant_is_named_where_the_platform_needs_it() {
    let needs = |settings, path: &str, method: &str| {
        let document = document(Scope::Platform, settings);
        let parameters = document["paths"][path][method]["parameters"].as_array().unwrap().clone();
        parameters.iter().find_map(|parameter| {
            let pointer = parameter["$ref"].as_str()?.strip_prefix('#')?;
            let parameter = document.pointer(pointer)?;
            (parameter["name"] == "x-tenantid").then(|| parameter["required"].as_bool().unwrap())
        })
    };
    let derives = Settings { needs_tenant: false, ..SETTINGS };
    for (settings, path, method, expected) in [
        (SETTINGS, "/api/v1/api-keys", "get", Some(true)),
        (derives, "/api/v1/api-keys", "get", Some(false)),
        (SETTINGS, "/api/v1/api-key/validate", "post", Some(false)),
        (SETTINGS, "/health", "get", None),
    ] {
        assert_eq!(needs(settings, path, method), expected, "{method} {path}");
    }
}

#[test]
fn envelopes_are_those_of_the_dialect() {
    let document = document(Scope::Merged, SETTINGS);
    let members = |path: &str, status: &str| -> BTreeSet<String> {
        let answer = &document["paths"][path]["get"]["responses"][status];
        let schema = &answer["content"]["application/json"]["schema"];
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    for (path, expected) in [
        ("/api/v1/api-keys", &["data", "message", "success", "timestamp"][..]),
        ("/api/v1/tenants/{id}/api-keys", &["data", "meta"]),
        ("/api/v1/api-keys/me", &["data"]),
        ("/v1/api-keys", &["data", "pagination", "status"]),
    ] {
        let found = members(path, "200");
        assert!(found.iter().eq(expected), "{path}: {found:?}");
    }
    let figures = &document["components"]["schemas"];
    assert!(figures["IamPage"]["properties"].get("per_page").is_some());
    assert!(figures["WorkspacePage"]["properties"].get("next_cursor").is_some());
}

#[test]
fn the_workspace_knows_no_422() {
    let document = document(Scope::Workspace, SETTINGS);
    for endpoint in all_endpoints().filter(|e| e.dialect == Dialect::Workspace) {
        assert!(described(&document, endpoint)["responses"].get("422").is_none());
    }
}

#[test]
fn the_server_is_the_public_address() {
    let settings = Settings { base_url: Some("https://keys.example"), ..SETTINGS };
    assert_eq!(document(Scope::Iam, settings)["servers"][0]["url"], "https://keys.example");
    assert_eq!(document(Scope::Iam, SETTINGS)["servers"][0]["url"], "/");
}

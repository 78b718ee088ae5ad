//! OpenAPI 3.1, made from the endpoint rows: one document of everything, one of each surface.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::config::{Config, TenantHeader};
use crate::dialect::Dialect;
use crate::endpoint::Endpoint;
use crate::pipeline::all_endpoints;

mod components;
mod envelopes;
mod examples;
mod operation;
mod parameters;
mod responses;
mod schemas;
#[cfg(test)]
mod tests;

/// Which endpoints a document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    Merged,
    Platform,
    Iam,
    Workspace,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Merged, Self::Platform, Self::Iam, Self::Workspace];

    /// Whether the document describes this endpoint. Bodies that a protocol prescribes stand with
    /// the surface whose address they share: the explorer with the workspace, all others with IAM.
    pub fn holds(self, endpoint: &Endpoint) -> bool {
        let own = match endpoint.dialect {
            Dialect::Platform => Self::Platform,
            Dialect::Workspace => Self::Workspace,
            Dialect::Raw if endpoint.path.starts_with("/api-docs") => Self::Workspace,
            Dialect::Iam | Dialect::Raw => Self::Iam,
        };
        self == Self::Merged || self == own
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Merged => "Latchkey",
            Self::Platform => "Latchkey: platform",
            Self::Iam => "Latchkey: identity and access",
            Self::Workspace => "Latchkey: workspace",
        }
    }
}

/// What of the configuration stands in the documents.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Where clients reach the gateway; none: wherever they got the document.
    pub base_url: Option<&'a str>,
    /// Whether the platform's routes need `x-tenantid`.
    pub needs_tenant: bool,
}

impl<'a> From<&'a Config> for Settings<'a> {
    fn from(config: &'a Config) -> Self {
        Self {
            base_url: config.public_base_url.as_deref(),
            needs_tenant: config.platform_tenant_header == TenantHeader::Required,
        }
    }
}

/// The documents, ready to be sent.
#[derive(Debug)]
pub struct Documents {
    pub merged: Document,
    pub platform: Document,
    pub iam: Document,
    pub workspace: Document,
}

/// One document as JSON, with a strong validator of these bytes, quotes included.
#[derive(Debug)]
pub struct Document {
    pub body: Bytes,
    pub etag: String,
}

impl Documents {
    pub fn new(settings: Settings<'_>) -> Self {
        let made = |scope| Document::of(&document(scope, settings));
        Self {
            merged: made(Scope::Merged),
            platform: made(Scope::Platform),
            iam: made(Scope::Iam),
            workspace: made(Scope::Workspace),
        }
    }
}

impl Document {
    fn of(specification: &Specification) -> Self {
        // Strings, numbers and maps with text keys cannot fail to be written.
        let body = serde_json::to_vec(specification).unwrap_or_default();
        let digest = hex::encode(Sha256::digest(&body));
        let short = digest.get(..16).unwrap_or(&digest);
        Self { etag: format!("\"{short}\""), body: body.into() }
    }
}

/// A document as OpenAPI lays it out.
#[derive(Debug, Serialize)]
pub struct Specification {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Vec<Value>,
    /// In the order of the tables, which people read better than that of the alphabet. The page of
    /// the reference shows where to put the key only if the first of them needs one.
    #[serde(serialize_with = "in_order")]
    paths: Vec<(String, Value)>,
    components: Value,
}

fn in_order<S: Serializer>(paths: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(paths.iter().map(|(path, item)| (path, item)))
}

/// The document of a scope.
pub fn document(scope: Scope, settings: Settings<'_>) -> Specification {
    let endpoints: Vec<_> = all_endpoints().filter(|endpoint| scope.holds(endpoint)).collect();
    let mut schemas = schemas::Schemas::default();
    let mut paths = Vec::new();
    for endpoint in &endpoints {
        let described = schemas.describe(endpoint);
        let made = operation::of(endpoint, &described, settings);
        let method = endpoint.method.word().to_ascii_lowercase();
        add(&mut paths, parameters::path(endpoint.path), &method, made);
    }
    let components = components::of(&paths, schemas.definitions());
    Specification {
        openapi: "3.1.0",
        info: info(scope),
        servers: json!([{ "url": settings.base_url.unwrap_or("/") }]),
        tags: tags(&endpoints),
        paths,
        components,
    }
}

/// Adds an operation to its path, which may be a new one.
fn add(paths: &mut Vec<(String, Value)>, path: String, method: &str, operation: Value) {
    match paths.iter_mut().find(|(known, _)| *known == path) {
        Some((_, item)) => set(item, method, operation),
        None => paths.push((path, json!({ method: operation }))),
    }
}

/// Sets a member of an object.
fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

fn info(scope: Scope) -> Value {
    json!({
        "title": scope.title(),
        "version": env!("CARGO_PKG_VERSION"),
        "description": "API keys, permissions and tenants. `x-required-permission` is the \
                        permission that a call needs, `x-dialect` the shape of its bodies.",
        "license": {
            "name": env!("CARGO_PKG_LICENSE"),
            "identifier": env!("CARGO_PKG_LICENSE"),
        },
    })
}

/// The nouns, each once, in the order of the tables.
fn tags(endpoints: &[&Endpoint]) -> Vec<Value> {
    let mut nouns: Vec<&str> = Vec::new();
    for endpoint in endpoints {
        if !nouns.contains(&endpoint.noun) {
            nouns.push(endpoint.noun);
        }
    }
    nouns.into_iter().map(|noun| json!({ "name": operation::tag(noun) })).collect()
}

//! A tenant and its administrator, and what a test does there.

use std::io;

use serde_json::{Value, json};

use super::{Gateway, Link, Reply};

pub(crate) const MASTER: &str = "00000000-0000-0000-0000-000000000001";

/// A tenant with its first key, and a connection of one's own.
pub(crate) struct Home {
    pub(crate) link: Link,
    pub(crate) tenant: String,
    pub(crate) key: String,
}

impl Home {
    /// Works in a tenant that is there.
    pub(crate) fn enter(gateway: &Gateway, tenant: &str, key: &str) -> Self {
        Self { link: gateway.link(), tenant: tenant.into(), key: key.into() }
    }

    /// A new tenant, made with the key of the master tenant.
    pub(crate) fn create(gateway: &Gateway, master_key: &str, slug: &str) -> Self {
        let mut master = Self::enter(gateway, MASTER, master_key);
        let new = json!({ "name": slug, "slug": slug, "issue_admin_key": true });
        let made = master.ask("POST", "/api/v1/tenants", Some(&new)).expect(201);
        Self::enter(
            gateway,
            text(&made["data"]["id"]),
            text(&made["data"]["admin_api_key"]["secret"]),
        )
    }

    /// The same tenant over a connection of its own.
    pub(crate) fn again(&self, gateway: &Gateway) -> Self {
        Self::enter(gateway, &self.tenant, &self.key)
    }

    /// Asks with the tenant's key.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        self.try_ask(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The same, where the connection may break.
    pub(crate) fn try_ask(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> io::Result<Reply> {
        let headers = [("x-api-key", self.key.as_str()), ("x-tenantid", self.tenant.as_str())];
        self.link.send(method, path, &headers, body)
    }

    /// The path of something of the tenant.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenants/{}/{rest}", self.tenant)
    }

    /// Creates an object of the directory and gives its id.
    #[track_caller]
    pub(crate) fn make(&mut self, noun: &str, body: &Value) -> String {
        let path = self.path(noun);
        let made = self.ask("POST", &path, Some(body)).expect(201);
        text(&made["data"]["id"]).to_owned()
    }

    /// Joins two objects, and gives the path that parts them again.
    #[track_caller]
    pub(crate) fn join(&mut self, to: &str, member: &str, id: &str) -> String {
        let path = self.path(to);
        self.ask("POST", &path, Some(&json!({ member: id }))).expect(204);
        format!("{path}/{id}")
    }

    /// Issues a key, and gives its id and its secret.
    #[track_caller]
    pub(crate) fn issue(&mut self, body: &Value) -> (String, String) {
        let issued = self.ask("POST", "/api/v1/api-keys", Some(body)).expect(201);
        (text(&issued["data"]["id"]).to_owned(), text(&issued["data"]["apiKey"]).to_owned())
    }

    /// The verdict on a key.
    #[track_caller]
    pub(crate) fn validate(&mut self, secret: &str) -> Value {
        let body = json!({ "apiKey": secret });
        let mut verdict = self.ask("POST", "/api/v1/api-keys/validate", Some(&body)).expect(200);
        verdict["data"].take()
    }

    /// Every item of a list of the directory.
    pub(crate) fn all(&mut self, noun: &str) -> Vec<Value> {
        let mut items = Vec::new();
        for page in 1.. {
            let path = self.path(&format!("{noun}?page={page}&per_page=100"));
            let mut listed = self.ask("GET", &path, None).expect(200);
            let Value::Array(more) = listed["data"].take() else { panic!("{listed}") };
            let last = more.len() < 100;
            items.extend(more);
            if last {
                break;
            }
        }
        items
    }
}

/// The body that issues a key of this name.
pub(crate) fn key_body(name: &str) -> Value {
    json!({ "name": name, "scopes": ["users:read"], "environment": "live" })
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

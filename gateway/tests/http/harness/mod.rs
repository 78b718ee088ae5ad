//! One gateway a test, served on loopback inside the test's own process.
//!
//! ```text
//! let world = World::new().await;
//! let user = world.make("/users", json!({ "username": "ada", "email": "a@b.c" })).await;
//! world.delete(&format!("/users/{user}")).await.is(204);
//! world.delete(&format!("/users/{user}")).await.fails(404, "not_found");
//! ```
//!
//! Paths that begin with a noun (`/users`) lie below the world's tenant, and its administrator
//! calls them; [`World::send`] takes any path, key, header and body. Time stands still until
//! [`World::clock`] is moved.

mod answer;
pub(crate) mod calls;
mod start;
mod surfaces;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use latchkey_actors::clock::ManualClock;
use latchkey_actors::registry::Registry;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

pub(crate) use answer::Answer;
pub(crate) use start::START_MS;
pub(crate) use surfaces::{Key, members};

/// A gateway with the master tenant and one tenant, each with its administrator's key.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) clock: ManualClock,
    pub(crate) registry: Arc<Registry>,
    /// A key of the master tenant that holds everything.
    pub(crate) master_key: String,
    /// The tenant that the test is about.
    pub(crate) tenant: String,
    /// Its first key, which holds everything in it.
    pub(crate) admin_key: String,
    /// The id of that key.
    pub(crate) admin_key_id: String,
    _folder: TempDir,
}

/// A request in words.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The value of `X-API-Key`.
    pub(crate) key: Option<&'a str>,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// Sent as it is, as `application/json`.
    pub(crate) body: Option<String>,
}

impl World {
    /// The JSON body and the key of a caller; `tenant` is the value of `x-tenantid`.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        tenant: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let headers: Vec<_> = tenant.map(|tenant| ("x-tenantid", tenant)).into_iter().collect();
        let body = body.map(|body| body.to_string());
        self.send(Call { method, path, key, headers: &headers, body }).await
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(&self, call: Call<'_>) -> Answer {
        let json = call.body.is_some().then_some(("content-type", "application/json"));
        let headers: Vec<_> = json.into_iter().chain(call.headers.iter().copied()).collect();
        let body = call.body.unwrap_or_default().into_bytes();
        self.send_bytes(call.method, call.path, call.key, &headers, body).await
    }

    /// The same with a body of any bytes, and no header that is not named.
    pub(crate) async fn send_bytes(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "x");
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        drop(sender);
        // The gateway may close before it has read what it refuses.
        let _ = connection.await.unwrap();
        calls::note(method, path, parts.status.as_u16());
        Answer::new(format!("{method} {path}"), &parts, &body)
    }

    /// A path below the tenant.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/api/v1/tenants/{}{below}", self.tenant)
    }

    /// Calls below the tenant with any of its keys.
    pub(crate) async fn by(
        &self,
        key: &str,
        method: &str,
        below: &str,
        body: Option<Value>,
    ) -> Answer {
        self.call(method, &self.path(below), Some(key), None, body).await
    }

    /// The same as the administrator.
    async fn admin(&self, method: &str, below: &str, body: Option<Value>) -> Answer {
        self.by(&self.admin_key, method, below, body).await
    }

    pub(crate) async fn get(&self, below: &str) -> Answer {
        self.admin("GET", below, None).await
    }

    pub(crate) async fn post(&self, below: &str, body: Value) -> Answer {
        self.admin("POST", below, Some(body)).await
    }

    pub(crate) async fn put(&self, below: &str, body: Value) -> Answer {
        self.admin("PUT", below, Some(body)).await
    }

    pub(crate) async fn patch(&self, below: &str, body: Value) -> Answer {
        self.admin("PATCH", below, Some(body)).await
    }

    pub(crate) async fn delete(&self, below: &str) -> Answer {
        self.admin("DELETE", below, None).await
    }

    /// Restores what has been deleted.
    pub(crate) async fn restore(&self, below: &str) -> Answer {
        self.admin("POST", &format!("{below}/restore"), None).await
    }

    /// Creates something, and returns its id.
    #[track_caller]
    pub(crate) fn make(&self, below: &str, body: Value) -> impl Future<Output = String> + use<'_> {
        let below = below.to_owned();
        async move {
            let answer = self.post(&below, body).await.is(201);
            answer.data()["id"].as_str().unwrap().to_owned()
        }
    }

    pub(crate) async fn user(&self, name: &str) -> String {
        let email = format!("{name}@example.com");
        self.make("/users", json!({ "username": name, "email": email })).await
    }

    pub(crate) async fn role(&self, name: &str) -> String {
        self.make("/roles", json!({ "name": name })).await
    }

    pub(crate) async fn group(&self, name: &str) -> String {
        self.make("/groups", json!({ "name": name })).await
    }

    /// A permission by its name; `*` is the pair of `*` and `*`.
    pub(crate) async fn permission(&self, name: &str) -> String {
        let (resource, action) = name.split_once(':').unwrap_or((name, name));
        let body = json!({ "name": name, "resource": resource, "action": action });
        self.make("/permissions", body).await
    }

    /// A role that grants one new permission.
    pub(crate) async fn role_with(&self, name: &str, permission: &str) -> (String, String) {
        let (role, permission) = (self.role(name).await, self.permission(permission).await);
        let body = json!({ "permission_id": permission });
        self.post(&format!("/roles/{role}/permissions"), body).await.is(204);
        (role, permission)
    }

    /// The id of a built-in role.
    pub(crate) async fn system_role(&self, name: &str) -> String {
        let list = self.get("/roles").await.is(200);
        let found = list.items().iter().find(|role| role["name"] == name);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Issues a key of the tenant with some scopes, and returns its secret.
    pub(crate) async fn key(&self, scopes: &[&str]) -> String {
        let body = json!({ "name": scopes.join(" "), "scopes": scopes });
        let issued = self.post("/api-keys", body).await.is(201);
        issued.data()["secret"].as_str().unwrap().to_owned()
    }

    /// What check-permission says.
    pub(crate) async fn may(&self, user: &str, permission: &str) -> bool {
        let (resource, action) = permission.split_once(':').unwrap();
        let body = json!({ "user_id": user, "resource": resource, "action": action });
        let answer = self.post("/integration/check-permission", body).await.is(200);
        answer.data()["allowed"].as_bool().unwrap()
    }
}

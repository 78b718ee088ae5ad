//! The platform and workspace surfaces, keys to call them with, and what is said of keys.

use serde_json::{Value, json};

use super::{Answer, World};

/// A key that a test has issued.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl World {
    /// Calls the platform surface with a key of the tenant.
    pub(crate) async fn platform_by(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.call(method, &format!("/api/v1{path}"), Some(key), Some(&self.tenant), body).await
    }

    /// The same as the administrator.
    pub(crate) async fn platform(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.platform_by(&self.admin_key, method, path, body).await
    }

    /// Calls the workspace surface as the administrator.
    pub(crate) async fn workspace(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call(method, &format!("/v1{path}"), Some(&self.admin_key), None, body).await
    }

    /// Issues a key that holds `docs:read`, with more members or others.
    pub(crate) async fn issue(&self, name: &str, more: Value) -> Key {
        let mut body = json!({ "name": name, "scopes": ["docs:read"], "environment": "live" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.platform("POST", "/api-keys", Some(body)).await.is(201);
        let text = |member: &str| made.data()[member].as_str().unwrap().to_owned();
        Key { id: text("id"), secret: text("apiKey") }
    }

    /// What the open door says of a key: `data` of its answer.
    pub(crate) async fn verdict(&self, question: Value) -> Value {
        let answer =
            self.call("POST", "/api/v1/api-key/validate", None, None, Some(question)).await;
        let answer = answer.is(200);
        assert_eq!(answer.json["success"], answer.data()["valid"]);
        answer.data().clone()
    }

    /// Why a key is refused now; `valid` when it is not. Nothing is counted.
    pub(crate) async fn reason(&self, secret: &str) -> String {
        let said = self.verdict(json!({ "apiKey": secret, "dryRun": true })).await;
        said["reason"].as_str().unwrap_or("valid").to_owned()
    }
}

/// The names of an object's members, in alphabetical order.
#[track_caller]
pub(crate) fn members(value: &Value) -> String {
    let mut names: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
    names.sort();
    names.join(" ")
}

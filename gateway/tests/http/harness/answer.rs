//! An answer, and what tests say about it.

use http::HeaderMap;
use http::response::Parts;
use serde_json::Value;

/// An answer that has been read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was asked, for the message of a test that fails.
    asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `null` where there is no body.
    pub(crate) json: Value,
}

impl Answer {
    pub(super) fn new(asked: String, parts: &Parts, body: &[u8]) -> Self {
        let json = match body {
            [] => Value::Null,
            body => serde_json::from_slice(body)
                .unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into()),
        };
        Self { asked, status: parts.status.as_u16(), headers: parts.headers.clone(), json }
    }

    /// Insists on a status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.json);
        if status == 204 {
            assert_eq!(self.json, Value::Null, "{}: a body without need", self.asked);
        }
        self
    }

    /// Insists on an error of the IAM surface.
    #[track_caller]
    pub(crate) fn fails(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.json["error"], code, "{}: {}", answer.asked, answer.json);
        assert_eq!(answer.json["status"], status, "{}: {}", answer.asked, answer.json);
        answer
    }

    /// Insists on an error of the platform surface.
    #[track_caller]
    pub(crate) fn refuses(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.json["success"], false, "{}: {}", answer.asked, answer.json);
        assert_eq!(answer.json["error"]["code"], code, "{}: {}", answer.asked, answer.json);
        assert!(answer.json["timestamp"].is_string(), "{}: {}", answer.asked, answer.json);
        answer
    }

    /// Insists on an error of the workspace surface.
    #[track_caller]
    pub(crate) fn errs(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.json["status"], "error", "{}: {}", answer.asked, answer.json);
        assert_eq!(answer.json["code"], code, "{}: {}", answer.asked, answer.json);
        assert!(answer.json["message"].as_str().is_some_and(|text| !text.is_empty()));
        answer
    }

    /// Insists on a 422 that concerns this member of the body.
    #[track_caller]
    pub(crate) fn concerns(self, member: &str) -> Self {
        let answer = self.fails(422, "validation_error");
        let details = &answer.json["details"];
        assert!(details.get(member).is_some(), "{}: {}", answer.asked, answer.json);
        answer
    }

    /// What the envelope holds.
    pub(crate) fn data(&self) -> &Value {
        &self.json["data"]
    }

    /// The objects of a list.
    #[track_caller]
    pub(crate) fn items(&self) -> &[Value] {
        self.data().as_array().expect("a list")
    }

    /// One member of each object of a list.
    #[track_caller]
    pub(crate) fn each(&self, member: &str) -> Vec<&str> {
        self.items().iter().map(|item| item[member].as_str().unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.unwrap_or_else(|| panic!("{}: no `{name}`", self.asked)).to_str().unwrap()
    }
}

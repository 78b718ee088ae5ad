//! The measured calls: their request bytes, what makes an answer right, and what they may cost.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Expected;
use crate::checks::Question;

/// One call. Its request holds a secret: it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) request: Bytes,
    pub(crate) kind: Kind,
    pub(crate) must: Bound,
    pub(crate) aim: Bound,
}

/// What is asked, and so what the answer must hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Validate,
    Check,
    Batch { checks: u32 },
}

/// What a scenario may cost at most, or must reach at least.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Bound {
    /// Gateway's processor time over the ceiling's, at most.
    CostRatioMax(f64),
    /// Microseconds of processor time a check, at most.
    CheckMicrosMax(f64),
    /// Gateway's answers a second over the ceiling's, at least.
    RateRatioMin(f64),
}

/// What `latchkey demo --json` prints, as far as it is needed here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Demo {
    pub(crate) tenant_id: String,
    pub(crate) service_key: Secret,
    pub(crate) sample_user_id: String,
    pub(crate) sample_permission: Question,
}

/// An API key; it has no `Debug` and no `Display`.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A key presented by its own holder: the cheapest honest validation.
pub(crate) fn validate(demo: &Demo) -> Scenario {
    let body = json!({ "apiKey": demo.service_key.0 });
    Scenario {
        name: "validate an API key",
        request: request(demo, "/api/v1/api-keys/validate", &body),
        kind: Kind::Validate,
        must: Bound::CostRatioMax(2.0),
        aim: Bound::CostRatioMax(1.5),
    }
}

pub(crate) fn check(demo: &Demo) -> Scenario {
    let Question { resource, action } = &demo.sample_permission;
    let body = json!({ "user_id": demo.sample_user_id, "resource": resource, "action": action });
    Scenario {
        name: "check one permission",
        request: request(demo, &integration(demo, "check-permission"), &body),
        kind: Kind::Check,
        must: Bound::CostRatioMax(2.0),
        aim: Bound::CostRatioMax(1.6),
    }
}

pub(crate) fn batch(demo: &Demo, questions: &[Question]) -> Scenario {
    let body = json!({ "user_id": demo.sample_user_id, "checks": questions });
    Scenario {
        name: "batch of 1,000, a check",
        request: request(demo, &integration(demo, "batch-check-permissions"), &body),
        kind: Kind::Batch { checks: u32::try_from(questions.len()).unwrap_or(u32::MAX) },
        must: Bound::CheckMicrosMax(0.5),
        aim: Bound::CheckMicrosMax(0.2),
    }
}

fn integration(demo: &Demo, call: &str) -> String {
    format!("/api/v1/tenants/{}/integration/{call}", demo.tenant_id)
}

fn request(demo: &Demo, path: &str, body: &Value) -> Bytes {
    let body = body.to_string();
    Bytes::from(format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {}\r\nx-tenantid: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        demo.service_key.0,
        demo.tenant_id,
        body.len(),
    ))
}

impl Kind {
    /// How many decisions one request asks for.
    pub(crate) fn units(self) -> u32 {
        match self {
            Self::Validate | Self::Check => 1,
            Self::Batch { checks } => checks,
        }
    }

    /// What every answer must hold, learnt from the first one after reading all of it.
    ///
    /// # Errors
    /// The first answer is itself wrong.
    pub(crate) fn expect(self, first: &[u8]) -> Result<Expected, String> {
        match self {
            Self::Validate => only(first, r#""valid":true"#, 1),
            Self::Check => only(first, r#""allowed":true"#, 1),
            Self::Batch { checks } => batch_marks(first, checks as usize),
        }
    }
}

fn only(first: &[u8], mark: &str, times: usize) -> Result<Expected, String> {
    let expected = Expected::default().with(mark, times);
    expected.verify(200, first).map(|()| expected)
}

/// A result for each check, none of them an error, and later as many allowed as the first time.
fn batch_marks(first: &[u8], checks: usize) -> Result<Expected, String> {
    let answer: Value = serde_json::from_slice(first).map_err(|error| error.to_string())?;
    let results = answer.pointer("/data/results").and_then(Value::as_array);
    let results = results.ok_or("no `data.results` list")?;
    let allowed: Option<Vec<bool>> =
        results.iter().map(|result| result.get("allowed")?.as_bool()).collect();
    let allowed = allowed.ok_or("a result without `allowed`")?;
    if allowed.len() != checks || results.iter().any(|result| result.get("error").is_some()) {
        return Err(format!("{} results, or errors, to {checks} checks", allowed.len()));
    }
    let yes = allowed.iter().filter(|allowed| **allowed).count();
    let expected = Expected::default().with(r#""allowed":"#, checks).with(r#""allowed":true"#, yes);
    expected.verify(200, first).map(|()| expected)
}

#[cfg(test)]
mod tests;

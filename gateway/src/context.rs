//! What a handler knows of the request it answers.

use std::net::IpAddr;
use std::sync::Arc;

use http::request;
use latchkey_actors::api_keys::may_hold_key;
use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::tenant::{Caller, Judge, Rights, Tenant, Who};
use latchkey_storage::tables::Author;
use smallvec::SmallVec;

use crate::app::Shared;
use crate::dialect::Dialect;
use crate::endpoint::Endpoint;
use crate::pipeline::RequestId;

/// Values of path parameters by name, as places in the path.
pub(crate) type Parameters = SmallVec<[(&'static str, std::ops::Range<usize>); 3]>;

/// One request on its way through the pipeline.
pub struct Ctx {
    pub(crate) shared: Arc<Shared>,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) parts: request::Parts,
    pub(crate) parameters: Parameters,
    pub(crate) id: RequestId,
    pub(crate) ip: IpAddr,
    /// Unix milliseconds at which the request was understood.
    pub(crate) now_ms: i64,
    /// Who calls; none at a door that takes anybody.
    pub(crate) caller: Option<Arc<Caller>>,
    /// The tenant that the request is about.
    pub(crate) tenant: Option<Arc<Tenant>>,
    /// What a create asks for, where it carries an `Idempotency-Key`.
    pub(crate) request_hash: [u8; 32],
}

/// What an answer needs to know of its request.
#[derive(Clone, Copy)]
pub struct Face {
    pub dialect: Dialect,
    pub now_ms: i64,
}

impl Ctx {
    /// Remembers what a create asks for: a repetition must ask for the same.
    pub(crate) fn note(&mut self, body: &[u8]) {
        if self.parts.headers.contains_key("idempotency-key") {
            self.request_hash = crate::idempotency::request_hash(self, body);
        }
    }

    pub(crate) fn face(&self) -> Face {
        Face { dialect: self.endpoint.dialect, now_ms: self.now_ms }
    }

    /// The tenant that the request is about.
    ///
    /// # Errors
    /// Only where a route without a tenant asks for one: ours to mend.
    pub fn tenant(&self) -> Result<&Arc<Tenant>> {
        self.tenant.as_ref().ok_or_else(|| Error::internal("the route has no tenant"))
    }

    /// Who calls.
    ///
    /// # Errors
    /// 401 where nobody is known.
    pub fn caller(&self) -> Result<&Arc<Caller>> {
        self.caller.as_ref().ok_or_else(latchkey_actors::tenant::refused_credential)
    }

    /// A header as text; empty when it is no text or is there more than once: no value of ours is
    /// empty, so that whoever reads it refuses it and does not pass over it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.parts.headers.get_all(name).iter();
        let first = values.next()?.to_str().unwrap_or_default();
        Some(if values.next().is_none() { first } else { "" })
    }

    /// A path parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let range = self.parameters.iter().find(|(known, _)| *known == name)?.1.clone();
        self.parts.uri.path().get(range)
    }

    /// The first query parameter of this name, as it was sent.
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.parts.uri.query()?.split('&');
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .find(|(k, _)| *k == name)
            .map(|(_, v)| v)
    }

    /// The version that `If-Match` names.
    ///
    /// # Errors
    /// 412 for a tag that no object of ours has.
    pub fn if_match(&self) -> Result<Option<u64>> {
        let Some(text) = self.header("if-match").filter(|text| *text != "*") else {
            return Ok(None);
        };
        let version = text.trim().trim_matches('"').parse();
        version.map(Some).map_err(|_| {
            let message = "`If-Match` names no version of this object";
            Error::new(Kind::PreconditionFailed, Code::PreconditionFailed, message)
        })
    }

    /// On whose behalf a command runs.
    pub fn who(&self) -> Who {
        let author = self.caller.as_ref().map_or_else(
            || Author { kind: "anonymous".into(), id: [0; 16], name: String::new() },
            |caller| author(caller),
        );
        Who {
            author,
            ip: Some(self.ip.to_string()),
            user_agent: self
                .header("user-agent")
                .filter(|text| !text.is_empty() && !may_hold_key(text))
                .map(|text| text.chars().take(256).collect()),
            request_id: Some(self.id.to_string()),
            cross_tenant: self.is_cross_tenant(),
        }
    }

    /// The caller belongs to another tenant than the one it works in.
    pub fn is_cross_tenant(&self) -> bool {
        match (&self.caller, &self.tenant) {
            (Some(caller), Some(tenant)) => caller.tenant != tenant.id(),
            _ => false,
        }
    }

    /// The rights of the caller, whatever tenant they come from.
    ///
    /// # Errors
    /// 401 when the key is gone meanwhile.
    pub async fn holder(&self) -> Result<Rights> {
        let caller = self.caller()?;
        let home = self.shared.registry.tenant(caller.tenant).await?;
        let rights = home.rights(Judge::Key(caller.entry.key.fingerprint)).await?;
        rights.ok_or_else(latchkey_actors::tenant::refused_credential)
    }
}

/// A key as the author of what it does.
pub(crate) fn author(caller: &Caller) -> Author {
    let key = &caller.entry.key;
    Author { kind: "api_key".into(), id: *key.id.as_bytes(), name: key.name.clone() }
}

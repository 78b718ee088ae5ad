//! One way in: every request passes the same stages in the same order.

use std::sync::Arc;

use http::{HeaderName, Request, Response};
use latchkey_actors::error::{Error, Result};

use crate::answer::Answer;
use crate::app::Shared;
use crate::context::Ctx;
use crate::dialect::Dialect;
use crate::endpoint::{Endpoint, Method};
use crate::serve::{Connection, Failure, RequestBody, ResponseBody};

mod admit;
mod authenticate;
mod authorize;
mod body;
mod ids;
mod log;
mod peer;
mod record;
mod respond;
mod route;

pub use authenticate::Remembered;
pub use ids::{RequestId, RequestIds};
pub use route::{Route, Routes, all_endpoints};

use admit::Window;
pub(crate) use authorize::{header_tenant, is_by_path};
pub(crate) use log::AccessLog;
pub(crate) use record::Record;

/// Answers one request.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    request: Request<RequestBody>,
    connection: &Arc<Connection<Remembered>>,
) -> Response<ResponseBody> {
    let (parts, body) = request.into_parts();
    let mut record = Record::begin(shared, &parts);
    let head_only = parts.method == http::Method::HEAD;
    let outcome = stages(shared, parts, body, connection, &mut record).await;
    respond::respond(shared, outcome, record, head_only)
}

/// The stages. What fails in one is answered at the end, in the dialect of the route.
async fn stages(
    shared: &Arc<Shared>,
    parts: http::request::Parts,
    body: RequestBody,
    connection: &Arc<Connection<Remembered>>,
    record: &mut Record,
) -> Result<Answer> {
    let ip = peer::address(&shared.config.trusted_proxies, &parts.headers, connection.peer.ip());
    record.ip = Some(ip);
    // The route first: the dialect of every error that follows is that of the route.
    let found = shared.routes.find(&parts, record);
    let found = found.and_then(|found| route::negotiable(found.0.endpoint, &parts).map(|()| found));
    let (route, parameters) = match found {
        Ok(found) => found,
        Err(error) => {
            // Who asks for what is not there, or not in JSON, pays, too.
            record.window = Some(admit::charge(shared, ip, record)?);
            return Err(error);
        }
    };
    // Who calls. A failed credential is an answer only after the address has been charged for it.
    let known =
        match authenticate::visitor(shared, route.endpoint, &parts, record, connection).await {
            Some(visitor) => Ok(Some(visitor)),
            None => {
                authenticate::authenticate(shared, route.endpoint, &parts, record, connection).await
            }
        };
    // The address pays for whoever has no window of its own, before anything else is done.
    record.window = admit::admit(shared, route.endpoint, &known, ip, record)?;
    let known = known?;
    record.caller = known.as_ref().map(|known| Arc::clone(&known.caller));
    // Which tenant, and may the caller do this there? Objects are looked for after this.
    let caller = known.map(|known| known.caller);
    let mut ctx = Ctx {
        shared: Arc::clone(shared),
        endpoint: route.endpoint,
        parts,
        parameters,
        id: record.id.clone(),
        ip,
        now_ms: record.now_ms,
        caller,
        tenant: None,
        request_hash: [0; 32],
    };
    let authorized = authorize::authorize(&mut ctx).await;
    record.tenant.clone_from(&ctx.tenant);
    authorized?;
    // Only now is the body worth reading.
    let body = body::read(&ctx, body).await?;
    let answer = (route.endpoint.call)(ctx, body).await?;
    Ok(versioned(route.endpoint, record, answer))
}

/// A write that changes decisions tells their version: a check may ask for at least this one.
fn versioned(endpoint: &Endpoint, record: &Record, answer: Answer) -> Answer {
    let decides = matches!(endpoint.noun, "users" | "roles" | "permissions" | "groups");
    match &record.tenant {
        Some(tenant) if decides && endpoint.method != Method::GET => {
            let version = tenant.policy_version().to_string();
            answer.with(HeaderName::from_static("x-policy-version"), &version)
        }
        _ => answer,
    }
}

/// Answers in place of a call that gave no answer of its own.
pub(crate) fn failed(
    shared: &Arc<Shared>,
    dialect: Dialect,
    failure: Failure,
) -> Response<ResponseBody> {
    use latchkey_actors::error::{Code, Kind};
    let error = match failure {
        Failure::Late => {
            let text = "The request took longer than it may; a write may still happen";
            Error::new(Kind::Unavailable, Code::HandlerTimeout, text).retry_after(1)
        }
        Failure::Panicked => Error::internal("a handler panicked"),
        Failure::Overloaded => Error::unavailable("The connection has too many requests under way"),
    };
    respond::error_alone(shared, dialect, &error)
}

/// What is known of a caller once its credential holds.
pub(crate) struct Known {
    pub(crate) caller: Arc<latchkey_actors::tenant::Caller>,
    /// The tightest window of its key.
    pub(crate) window: Option<Window>,
}

//! From a request to what a handler takes. What fails here never reaches a handler.

use bytes::Bytes;
use latchkey_actors::error::{Code, Error, Kind, Result};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::context::Ctx;
use crate::dialect::Dialect;

pub mod json;
pub mod merge;
mod operation;
mod paging;
mod path;

pub use operation::{Kind as ResponseKind, Operation, Parameter, Place, Response};
pub use paging::{OffsetPage, PageMeta, PageNumbers, PlatformPagination};
pub(crate) use path::malformed;
pub use path::{FromPath, Id, KeyId, Path};

/// Something that is taken out of a request.
pub trait Extract: Sized {
    fn extract(ctx: &Ctx, body: &Bytes) -> Result<Self>;
    fn describe(operation: &mut Operation);
}

/// The body, as strict JSON.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + JsonSchema> Extract for Body<T> {
    fn extract(ctx: &Ctx, body: &Bytes) -> Result<Self> {
        body_type(ctx, body)?;
        json::parse(body).map(Body).map_err(|fault| rejected(fault, ctx.endpoint.dialect))
    }

    fn describe(operation: &mut Operation) {
        operation.takes::<T>(true);
    }
}

/// A body that may be left out.
pub struct MaybeBody<T>(pub Option<T>);

impl<T: DeserializeOwned + JsonSchema> Extract for MaybeBody<T> {
    fn extract(ctx: &Ctx, body: &Bytes) -> Result<Self> {
        if body.is_empty() {
            return Ok(Self(None));
        }
        Body::extract(ctx, body).map(|Body(value)| Self(Some(value)))
    }

    fn describe(operation: &mut Operation) {
        operation.takes::<T>(false);
    }
}

/// The bytes of a body that its handler reads by itself, described as `T`.
pub struct RawBody<T>(pub Bytes, pub std::marker::PhantomData<T>);

impl<T: JsonSchema + Send> Extract for RawBody<T> {
    fn extract(ctx: &Ctx, body: &Bytes) -> Result<Self> {
        body_type(ctx, body)?;
        Ok(Self(body.clone(), std::marker::PhantomData))
    }

    fn describe(operation: &mut Operation) {
        operation.takes::<T>(true);
    }
}

/// A body must say that it is JSON.
fn body_type(ctx: &Ctx, body: &Bytes) -> Result<()> {
    let stated = ctx.header("content-type").unwrap_or_default();
    let kind = stated.split(';').next().unwrap_or_default().trim();
    let json = kind.eq_ignore_ascii_case("application/json")
        || (kind.len() > 5 && kind[kind.len() - 5..].eq_ignore_ascii_case("+json"));
    if body.is_empty() || json {
        return Ok(());
    }
    Err(Error::new(
        Kind::UnsupportedMediaType,
        Code::UnsupportedMediaType,
        "The body must be JSON: send `Content-Type: application/json`",
    ))
}

/// What is wrong with a body, as an error of the dialect.
pub fn rejected(fault: json::BodyFault, dialect: Dialect) -> Error {
    let (kind, code) = (Kind::Malformed, Code::InvalidRequest);
    match fault {
        json::BodyFault::Empty => Error::new(kind, code, "A JSON body is required"),
        json::BodyFault::Syntax { line, column, problem } => {
            Error::new(kind, code, "The body is not well-formed JSON")
                .detail(format!("line {line}, column {column}: {problem}"))
        }
        json::BodyFault::Schema(faults) => {
            let missing =
                matches!(faults.first(), Some(first) if first.problem == json::Problem::Missing);
            let code = match dialect {
                Dialect::Workspace if missing => Code::MissingParameter,
                Dialect::Workspace => Code::InvalidParameter,
                _ => Code::ValidationError,
            };
            let error = Error::new(Kind::Invalid, code, "Invalid request body");
            faults.into_iter().fold(error, |error, fault| {
                let problem = fault.problem.to_string();
                error.field(fault.path, problem)
            })
        }
    }
}

/// A member that may be absent (it stays), `null` (it is cleared) or a value.
pub mod nullable {
    use serde::{Deserialize, Deserializer};

    /// Reads what is there, `null` included.
    pub fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
    where
        D: Deserializer<'de>,
        T: Deserialize<'de>,
    {
        Option::deserialize(deserializer).map(Some)
    }
}

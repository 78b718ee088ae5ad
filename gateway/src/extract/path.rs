//! Path parameters: ids, parsed before anything is looked for.

use bytes::Bytes;
use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_storage::id::{ApiKeyId, GroupId, PermissionId, RoleId, TenantId, UserId};

use super::{Extract, Operation};
use crate::context::Ctx;
use crate::dialect::Dialect;

/// Parameters of the path, `{id}` of a tenant left out: the pipeline has seen to that one.
pub struct Path<T>(pub T);

/// Parameters that one path segment, or several, hold.
pub trait FromPath: Sized {
    fn from_path(ctx: &Ctx) -> Result<Self>;
}

impl<T: FromPath> Extract for Path<T> {
    fn extract(ctx: &Ctx, _: &Bytes) -> Result<Self> {
        T::from_path(ctx).map(Path)
    }

    // The path itself names its parameters: OpenAPI reads them there.
    fn describe(_: &mut Operation) {}
}

/// An identifier as it may stand in a path.
pub trait Id: Sized {
    /// The name of the parameter in paths.
    const PARAMETER: &'static str;
    fn parse(text: &str) -> Option<Self>;
}

macro_rules! ids {
    ($($id:ident = $parameter:literal;)*) => {
        $(impl Id for $id {
            const PARAMETER: &'static str = $parameter;
            fn parse(text: &str) -> Option<Self> { text.parse().ok() }
        })*
    };
}

ids! {
    UserId = "uid";
    RoleId = "role_id";
    PermissionId = "perm_id";
    GroupId = "group_id";
    TenantId = "id";
}

/// A key's id: a UUID, or the workspace form `key_…`.
pub struct KeyId(pub ApiKeyId);

impl KeyId {
    /// Reads either form.
    pub fn parse(text: &str) -> Option<ApiKeyId> {
        match text.strip_prefix("key_") {
            Some(short) => crate::wire_id::from_base62(short).map(ApiKeyId::new),
            None => text.parse().ok(),
        }
    }
}

impl FromPath for KeyId {
    fn from_path(ctx: &Ctx) -> Result<Self> {
        let (name, text) = ctx.parameter("keyId").map_or_else(
            || ("key_id", ctx.parameter("key_id").unwrap_or_default()),
            |text| ("keyId", text),
        );
        Self::parse(text).map(Self).ok_or_else(|| malformed(name, text, ctx.endpoint.dialect))
    }
}

impl<A: Id> FromPath for A {
    fn from_path(ctx: &Ctx) -> Result<Self> {
        let text = ctx.parameter(A::PARAMETER).unwrap_or_default();
        A::parse(text).ok_or_else(|| malformed(A::PARAMETER, text, ctx.endpoint.dialect))
    }
}

impl<A: Id, B: Id> FromPath for (A, B) {
    fn from_path(ctx: &Ctx) -> Result<Self> {
        Ok((A::from_path(ctx)?, B::from_path(ctx)?))
    }
}

pub(crate) fn malformed(name: &'static str, text: &str, dialect: Dialect) -> Error {
    let shown: String = text.chars().take(64).collect();
    let form = match dialect {
        Dialect::Workspace => "a UUID or `key_` and its short form",
        _ => "a UUID",
    };
    let error = Error::new(Kind::Malformed, Code::InvalidParameter, "Invalid path parameter");
    error.field(name, format!("`{shown}` is not {form}"))
}

//! The four dialects: how an answer, a page and an error look on each surface.

use latchkey_actors::error::{Error, Kind};

mod iam;
mod platform;
mod workspace;

/// A dialect belongs to the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// camelCase, `{success,message,data,timestamp}`.
    Platform,
    /// `snake_case`, `{data}` or `{data,meta}`.
    Iam,
    /// `snake_case`, `{status,data}`.
    Workspace,
    /// Bodies that a protocol prescribes; its errors look like those of [`Dialect::Iam`].
    Raw,
}

impl Dialect {
    /// As it stands in metrics and in OpenAPI.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Iam => "iam",
            Self::Workspace => "workspace",
            Self::Raw => "raw",
        }
    }

    /// The dialect of a path that no route has: that of its longest prefix.
    pub fn of_unknown(path: &str) -> Self {
        const PLATFORM: [&str; 9] = [
            "/api/v1/api-keys",
            "/api/v1/api-key",
            "/api/v1/oauth-clients",
            "/api/v1/credentials",
            "/api/v1/health",
            "/api/v1/admin/health",
            "/api/v1/admin/audit-logs",
            "/api/v1/admin",
            "/health",
        ];
        let below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if below("/api/v1/admin/plugins") {
            Self::Iam
        } else if PLATFORM.iter().any(|prefix| below(prefix)) {
            Self::Platform
        } else if workspace_version(path).is_some() {
            Self::Workspace
        } else {
            Self::Iam
        }
    }

    /// What stands before the data of a success.
    pub(crate) fn open(self, message: &str, out: &mut Vec<u8>) {
        match self {
            Self::Platform => platform::open(message, out),
            Self::Iam => out.extend_from_slice(b"{\"data\":"),
            Self::Workspace => out.extend_from_slice(b"{\"status\":\"success\",\"data\":"),
            Self::Raw => {}
        }
    }

    /// What stands behind it.
    pub(crate) fn close(self, now_ms: i64, out: &mut Vec<u8>) {
        match self {
            Self::Platform => platform::close(now_ms, out),
            Self::Iam | Self::Workspace => out.push(b'}'),
            Self::Raw => {}
        }
    }

    /// The status of an error.
    pub const fn status(self, kind: Kind) -> u16 {
        match kind {
            Kind::Invalid => match self {
                Self::Workspace => 400,
                _ => 422,
            },
            Kind::Malformed => 400,
            Kind::Unauthenticated => 401,
            Kind::Forbidden => 403,
            Kind::NotFound => 404,
            Kind::MethodNotAllowed => 405,
            Kind::NotAcceptable => 406,
            Kind::Conflict => 409,
            Kind::PreconditionFailed => 412,
            Kind::TooLarge => 413,
            Kind::UnsupportedMediaType => 415,
            Kind::RateLimited => 429,
            Kind::Internal => 500,
            Kind::Unavailable => 503,
        }
    }

    /// The body of an error.
    pub fn error(self, error: &Error, now_ms: i64) -> Vec<u8> {
        match self {
            Self::Platform => platform::error(error, now_ms),
            Self::Iam | Self::Raw => iam::error(error, self.status(error.kind())),
            Self::Workspace => workspace::error(error),
        }
    }
}

/// `/v{n}` as the first segment of a path: its number.
pub(crate) fn workspace_version(path: &str) -> Option<&str> {
    version(path.strip_prefix("/v")?)
}

/// `/api/v{n}` at the beginning of a path: its number.
pub(crate) fn api_version(path: &str) -> Option<&str> {
    version(path.strip_prefix("/api/v")?)
}

fn version(rest: &str) -> Option<&str> {
    let number = rest.split('/').next()?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// A sentence that names what is wrong, for dialects without a place for details.
fn sentence(error: &Error) -> String {
    let mut text = error.message().to_owned();
    for (field, problem) in error.fields() {
        text.push_str(if text.contains(": ") { "; " } else { ": " });
        if !field.is_empty() {
            text.push('`');
            text.push_str(field);
            text.push_str("` ");
        }
        text.push_str(problem);
    }
    if let Some(detail) = error.detail_text() {
        text.push_str(": ");
        text.push_str(detail);
    }
    text
}

//! The one error of the domain: what kind it is, its word on the wire, what the caller may read.

use std::borrow::Cow;
use std::fmt;

/// Decides the status of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be understood (400).
    Malformed,
    /// No credential, or one that does not hold (401).
    Unauthenticated,
    /// The caller may not do this (403).
    Forbidden,
    /// It is not there, or the caller may not know of it (404).
    NotFound,
    /// The path exists, not for this method (405).
    MethodNotAllowed,
    /// No answer in a media type that the caller accepts (406).
    NotAcceptable,
    /// The state of the object does not allow it (409).
    Conflict,
    /// `If-Match` names another version (412).
    PreconditionFailed,
    /// Too many bytes, or too many items (413).
    TooLarge,
    /// The body is of another media type (415).
    UnsupportedMediaType,
    /// Well formed, and breaks a rule (422; 400 in the workspace dialect).
    Invalid,
    /// A window or a quota is spent (429).
    RateLimited,
    /// Ours to mend (500).
    Internal,
    /// Not now (503).
    Unavailable,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// The word on the wire. Assigned words stand for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)* }
        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];
            /// The word in upper case, as the platform and workspace dialects write it.
            pub const fn word(self) -> &'static str { match self { $(Code::$name => $word,)* } }
        }
    };
}

codes! {
    /// The body is no JSON, repeats a member, or is no UTF-8.
    InvalidRequest = "INVALID_REQUEST";
    /// A path, query or header parameter is malformed.
    InvalidParameter = "INVALID_PARAMETER";
    /// A member or parameter that must be there is not.
    MissingParameter = "MISSING_PARAMETER";
    /// A header that must be there is not.
    MissingHeader = "MISSING_HEADER";
    /// Two credentials that name different principals.
    AmbiguousCredentials = "AMBIGUOUS_CREDENTIALS";
    /// No credential, or one that does not hold.
    Unauthorized = "UNAUTHORIZED";
    /// The permission is missing.
    Forbidden = "FORBIDDEN";
    /// The credential is of another tenant.
    TenantMismatch = "TENANT_MISMATCH";
    /// The key may not be used from this address.
    IpNotAllowed = "IP_NOT_ALLOWED";
    /// Something is not there.
    NotFound = "NOT_FOUND";
    /// A key is not there.
    ApiKeyNotFound = "API_KEY_NOT_FOUND";
    /// A version of the interface that does not exist.
    UnknownVersion = "UNKNOWN_VERSION";
    /// The path exists, not for this method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED";
    /// The answer would be of a media type that is not accepted.
    NotAcceptable = "NOT_ACCEPTABLE";
    /// The body is of another media type.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE";
    /// The name is taken.
    AlreadyExists = "ALREADY_EXISTS";
    /// A group that has groups below it stays.
    HasChildren = "HAS_CHILDREN";
    /// What it stands below has been deleted.
    ParentDeleted = "PARENT_DELETED";
    /// Nobody would be left who may administer the tenant.
    LastAdministrator = "LAST_ADMINISTRATOR";
    /// Built-in roles cannot be changed.
    SystemRole = "SYSTEM_ROLE";
    /// Only an active key can be rotated.
    KeyInactive = "KEY_INACTIVE";
    /// The key has been revoked before.
    ApiKeyAlreadyRevoked = "API_KEY_ALREADY_REVOKED";
    /// The object has changed since.
    PreconditionFailed = "PRECONDITION_FAILED";
    /// The body is larger than the route takes.
    BodyTooLarge = "BODY_TOO_LARGE";
    /// More items than a batch takes.
    BatchTooLarge = "BATCH_TOO_LARGE";
    /// A member breaks a rule.
    ValidationError = "VALIDATION_ERROR";
    /// The `Idempotency-Key` was used for another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED";
    /// A window is spent.
    RateLimitExceeded = "RATE_LIMIT_EXCEEDED";
    /// A quota is spent.
    QuotaExceeded = "QUOTA_EXCEEDED";
    /// Ours to mend.
    InternalError = "INTERNAL_ERROR";
    /// Too much to do, or not ready.
    ServiceUnavailable = "SERVICE_UNAVAILABLE";
    /// The write may or may not have happened.
    OutcomeUnknown = "OUTCOME_UNKNOWN";
    /// The store takes no writes until a restart.
    StoreReadOnly = "STORE_READ_ONLY";
    /// The handler took longer than it may.
    HandlerTimeout = "HANDLER_TIMEOUT";
    /// The decision model has not reached the version that the caller asked for.
    VersionNotReached = "VERSION_NOT_REACHED";
}

/// What went wrong. `detail` and `fields` may reach the caller, `cause` only the log.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    code: Code,
    message: Cow<'static, str>,
    detail: Option<String>,
    fields: Vec<(Cow<'static, str>, String)>,
    cause: Option<String>,
    retry_after_s: Option<u32>,
}

/// What the domain's functions answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with a sentence for the caller.
    #[cold]
    pub fn new(kind: Kind, code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            code,
            message: message.into(),
            detail: None,
            fields: Vec::new(),
            cause: None,
            retry_after_s: None,
        }))
    }

    /// A member of the body that breaks a rule.
    #[cold]
    pub fn invalid(field: impl Into<Cow<'static, str>>, problem: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, Code::ValidationError, "Invalid request body")
            .field(field, problem)
    }

    /// Something that is not there; `noun` as it begins a sentence.
    #[cold]
    pub fn not_found(noun: &str) -> Self {
        Self::new(Kind::NotFound, Code::NotFound, format!("{noun} not found"))
    }

    /// A state that does not allow it.
    #[cold]
    pub fn conflict(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Conflict, code, message)
    }

    /// A name that is taken.
    #[cold]
    pub fn taken(noun: &str, field: &str, value: &str) -> Self {
        Self::conflict(Code::AlreadyExists, format!("A {noun} with this {field} already exists"))
            .detail(format!("{field} `{value}` is taken"))
    }

    /// Not allowed, with the reason.
    #[cold]
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, Code::Forbidden, message)
    }

    /// Something of ours broke; the cause goes to the log alone.
    #[cold]
    pub fn internal(cause: impl fmt::Display) -> Self {
        let mut error =
            Self::new(Kind::Internal, Code::InternalError, "Something broke on our side");
        error.0.cause = Some(cause.to_string());
        error
    }

    /// Too much to do: try again.
    #[cold]
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unavailable, Code::ServiceUnavailable, message).retry_after(1)
    }

    /// Adds what concerns one member or parameter.
    #[must_use]
    pub fn field(mut self, name: impl Into<Cow<'static, str>>, problem: impl Into<String>) -> Self {
        self.0.fields.push((name.into(), problem.into()));
        self
    }

    /// Renames members, for a surface that spells them otherwise.
    #[must_use]
    pub fn rename(mut self, names: &[(&str, &'static str)]) -> Self {
        for (field, _) in &mut self.0.fields {
            if let Some((_, name)) = names.iter().find(|(domain, _)| domain == field) {
                *field = Cow::Borrowed(*name);
            }
        }
        self
    }

    /// Adds a sentence of detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds what only the log may know.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// Adds `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The sentence for the caller.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// More for the caller, where there is more.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// Members and parameters with what is wrong with each.
    pub fn fields(&self) -> &[(Cow<'static, str>, String)] {
        &self.0.fields
    }

    /// What only the log may know.
    pub fn cause_text(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Seconds after which to try again.
    pub fn retry_after_s(&self) -> Option<u32> {
        self.0.retry_after_s
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.word(), self.0.message)?;
        for (field, problem) in &self.0.fields {
            write!(f, "; {field}: {problem}")?;
        }
        self.0.detail.iter().try_for_each(|detail| write!(f, "; {detail}"))
    }
}

impl std::error::Error for Error {}

impl From<latchkey_storage::StoreError> for Error {
    fn from(error: latchkey_storage::StoreError) -> Self {
        match error {
            latchkey_storage::StoreError::Busy => {
                Self::unavailable("The store has more to read than it may queue")
            }
            other => Self::internal(other),
        }
    }
}

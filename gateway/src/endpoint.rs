//! An endpoint is one row: route, documentation, access, audit. The signature of its handler
//! gives extraction, status and schema.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use latchkey_actors::error::Result;
use latchkey_actors::permissions::Right;

use crate::answer::{Answer, Answers};
use crate::context::Ctx;
use crate::dialect::Dialect;
use crate::extract::{Extract, Operation};

/// One row of an endpoint table.
pub struct Endpoint {
    /// The noun that owns it, as the folders spell it.
    pub noun: &'static str,
    pub dialect: Dialect,
    pub method: Method,
    /// The path as the router and OpenAPI both understand it.
    pub path: &'static str,
    /// The name of its handler.
    pub name: &'static str,
    /// Its documentation: a first line that names it, then paragraphs.
    pub docs: &'static [&'static str],
    pub access: Access,
    pub audit: Audit,
    /// Whether its body may be as large as a batch.
    pub takes_batch: bool,
    pub call: Call,
    pub describe: fn(&mut Operation),
}

/// A handler with its extraction and its answer.
pub type Call = fn(Ctx, Bytes) -> Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// The methods of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    GET,
    POST,
    PUT,
    PATCH,
    DELETE,
}

impl Method {
    pub const ALL: [Self; 5] = [Self::GET, Self::POST, Self::PUT, Self::PATCH, Self::DELETE];

    pub const fn word(self) -> &'static str {
        match self {
            Self::GET => "GET",
            Self::POST => "POST",
            Self::PUT => "PUT",
            Self::PATCH => "PATCH",
            Self::DELETE => "DELETE",
        }
    }

    /// `HEAD` is answered as `GET`, without its body.
    pub fn of(method: &http::Method) -> Option<Self> {
        let word = if *method == http::Method::HEAD { "GET" } else { method.as_str() };
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, never charged: health and metrics.
    Probe,
    /// Anybody, charged for the address.
    Public,
    /// Anybody; a credential that is sent must hold and be allowed to.
    Open(Right),
    /// Any valid key, and nothing else.
    AnyKey,
    /// A key that holds this, in the tenant that the request is about.
    Can(Right),
    /// A key of the master tenant that holds this.
    Master(Right),
}

/// What the audit trail keeps of a call that succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audit {
    /// The command that it runs leaves the entry, in the same commit.
    Committed,
    /// Nothing: it changes nothing and shows no secret.
    Unaudited,
}

/// A handler: a plain async function over extracted arguments.
pub trait Handler<Args>: Copy + Send + Sync + 'static {
    fn call(self, ctx: Ctx, body: Bytes) -> impl Future<Output = Result<Answer>> + Send;
    fn describe(operation: &mut Operation);
}

macro_rules! handler {
    ($($kind:ident $arg:ident),*) => {
        impl<F, Fut, A, $($kind),*> Handler<($($kind,)*)> for F
        where
            F: Fn(Ctx $(, $kind)*) -> Fut + Copy + Send + Sync + 'static,
            Fut: Future<Output = Result<A>> + Send,
            A: Answers,
            $($kind: Extract + Send,)*
        {
            async fn call(self, mut ctx: Ctx, body: Bytes) -> Result<Answer> {
                let face = ctx.face();
                ctx.note(&body);
                $(let $arg = $kind::extract(&ctx, &body)?;)*
                drop(body);
                self(ctx $(, $arg)*).await?.answer(&face)
            }

            fn describe(operation: &mut Operation) {
                $($kind::describe(operation);)*
                A::describe(operation);
            }
        }
    };
}

handler!();
handler!(A1 first);
handler!(A1 first, A2 second);
handler!(A1 first, A2 second, A3 third);

/// Declares a table of endpoints.
///
/// A row without documentation, access or audit does not compile:
///
/// ```compile_fail
/// use latchkey_gateway::endpoints;
/// async fn hello(_: latchkey_gateway::context::Ctx) -> latchkey_actors::error::Result<latchkey_gateway::answer::NoContent> {
///     Ok(latchkey_gateway::answer::NoContent)
/// }
/// endpoints! { TABLE, "hello", Iam;
///     /// Says hello.
///     GET "/hello" => hello, Unaudited;
/// }
/// ```
#[macro_export]
macro_rules! endpoints {
    ($table:ident, $noun:literal, $dialect:ident;
     $($(#[doc = $doc:literal])+ $method:ident $path:literal => $handler:path, $access:expr, $audit:ident $(, $batch:ident)?;)*) => {
        /// The endpoints of this file.
        pub static $table: &[$crate::endpoint::Endpoint] = {
            use $crate::endpoint::words::*;
            &[$($crate::endpoint::Endpoint {
                noun: $noun,
                dialect: $crate::dialect::Dialect::$dialect,
                method: $crate::endpoint::Method::$method,
                path: $path,
                name: stringify!($handler),
                docs: &[$($doc),+],
                access: $access,
                audit: $crate::endpoint::Audit::$audit,
                takes_batch: $crate::endpoints!(@batch $($batch)?),
                call: |ctx, body| Box::pin($crate::endpoint::Handler::call($handler, ctx, body)),
                describe: |operation| $crate::endpoint::describe($handler, operation),
            }),*]
        };
    };
    (@batch) => { false };
    (@batch Batch) => { true };
}

/// The words of the access column.
pub mod words {
    pub use super::Access::{AnyKey, Probe, Public};
    use super::{Access, Right};
    pub use latchkey_actors::permissions::Noun::*;
    pub use latchkey_actors::permissions::Verb::*;
    use latchkey_actors::permissions::{Noun, Verb};

    /// A key that holds this, in the tenant that the request is about.
    #[expect(non_snake_case, reason = "it reads as a word of the table")]
    pub const fn Can(noun: Noun, verb: Verb) -> Access {
        Access::Can(Right::of(noun, verb))
    }

    /// A key of the master tenant that holds this.
    #[expect(non_snake_case, reason = "it reads as a word of the table")]
    pub const fn Master(noun: Noun, verb: Verb) -> Access {
        Access::Master(Right::of(noun, verb))
    }

    /// Anybody; a credential that is sent must hold and be allowed to.
    #[expect(non_snake_case, reason = "it reads as a word of the table")]
    pub const fn Open(noun: Noun, verb: Verb) -> Access {
        Access::Open(Right::of(noun, verb))
    }
}

/// Names the handler's arguments for the compiler.
pub fn describe<Args, H: Handler<Args>>(_: H, operation: &mut Operation) {
    H::describe(operation);
}

//! The body, after everything that does not need it.

use bytes::Bytes;
use latchkey_actors::error::{Code, Error, Kind, Result};

use crate::context::Ctx;
use crate::endpoint::Method;
use crate::serve::{BodyError, RequestBody};

/// Reads the body within the limit of its route.
pub(super) async fn read(ctx: &Ctx, body: RequestBody) -> Result<Bytes> {
    if ctx.endpoint.method == Method::GET {
        return Ok(Bytes::new());
    }
    let limits = &ctx.shared.config.limits;
    let bytes_max = match ctx.endpoint.takes_batch {
        true => limits.batch_body_bytes_max,
        false => limits.body_bytes_max,
    };
    body.collect(bytes_max).await.map_err(|error| match &error {
        BodyError::TooLarge { .. } => {
            Error::new(Kind::TooLarge, Code::BodyTooLarge, "The body is too large")
                .detail(error.to_string())
        }
        _ => Error::new(Kind::Malformed, Code::InvalidRequest, "The body could not be read")
            .detail(error.to_string()),
    })
}

//! The one strict door for JSON request bodies: bytes in, a typed value or an exact fault out.

mod access;
mod faults;
mod free;
mod lex;
mod objects;
mod path;
#[cfg(test)]
mod properties;
mod refusal;
mod scan;
#[cfg(test)]
mod tests;
mod value;

pub use faults::{BodyFault, FieldFault, Problem};
pub use free::{Free, FreeValue};
pub(crate) use objects::read;
use serde::de::DeserializeOwned;

/// How deep arrays and objects may nest in one body.
pub(crate) const BODY_LEVELS_MAX: usize = 64;

/// Reads a whole body as `T`.
///
/// A body that fits costs one pass of `serde_json`. Only one that does not is read again, to
/// say what is wrong: malformed JSON before all else, then the first place that does not fit.
///
/// `T` has to refuse unknown and repeated members itself (derive it with `deny_unknown_fields`,
/// use [`Free`] where any member is welcome): plain maps and ignored values would let repeated
/// members pass.
///
/// # Errors
///
/// [`BodyFault::Empty`] for nothing but whitespace, [`BodyFault::Syntax`] for malformed JSON (also
/// invalid UTF-8, repeated members, more than 64 levels), [`BodyFault::Schema`] for the rest.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyFault> {
    match read(bytes) {
        Ok(body) => Ok(body),
        Err(_) => explain(bytes),
    }
}

/// Checks syntax, UTF-8, depth and repeated members of a body that is read by other means.
///
/// # Errors
///
/// [`BodyFault::Empty`] or [`BodyFault::Syntax`].
pub fn check(bytes: &[u8]) -> Result<(), BodyFault> {
    scan::skim(bytes)
}

/// The slow reading: it succeeds only where `serde_json` is stricter than JSON (`-0` as integer).
#[cold]
#[inline(never)]
fn explain<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyFault> {
    let node = scan::read(bytes)?;
    T::deserialize(node).map_err(|refusal| BodyFault::Schema(vec![refusal.into()]))
}

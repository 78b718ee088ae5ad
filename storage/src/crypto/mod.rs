//! Keys and sealed values: the master key opens the keyring, the keyring opens each tenant's data
//! keys, a data key seals values at their place.

mod envelope;
mod fingerprint;
mod keyring;
mod master_key;
mod secret;

pub use envelope::{DataKey, Place, Sealed};
pub use fingerprint::Fingerprint;
pub use keyring::{Keyring, WrappedKey};
pub use master_key::{MasterKey, MasterKeyError};
pub use secret::Secret;

pub(crate) use keyring::KeyringRows;

/// Why a sealed value stays shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    #[error("the sealed value has format {0}, which this program does not know")]
    Format(u8),
    #[error("the value was sealed by version {sealed} of the data key, not by version {given}")]
    KeyVersion { sealed: u32, given: u32 },
    #[error("the sealed value was changed, moved, or sealed by another key")]
    Unauthentic,
}

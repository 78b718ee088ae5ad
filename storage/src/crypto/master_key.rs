//! The key that everything hangs from: given by the operator, never stored in the store.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::crypto::Secret;
use crate::entropy::{self, Entropy};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// 32 secret bytes. They cannot be printed; the text form is for the key file alone.
pub struct MasterKey(Secret<[u8; 32]>);

/// The text is not a master key. It is not repeated, since it may nearly be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the master key is not 32 bytes in base64 or in hexadecimal: make one with `openssl rand -base64 32`"
)]
pub struct MasterKeyError;

impl MasterKey {
    pub const fn new(bytes: [u8; 32]) -> MasterKey {
        MasterKey(Secret::new(bytes))
    }

    /// A new random key.
    pub fn generate(entropy: &dyn Entropy) -> MasterKey {
        MasterKey::new(entropy::bytes(entropy))
    }

    /// Reads base64, standard or for URLs, padded or not, or 64 hexadecimal digits. White space
    /// around the text is ignored.
    pub fn from_text(text: &str) -> Result<MasterKey, MasterKeyError> {
        let text = text.trim();
        let bytes = if text.len() == 64 {
            hex::decode(text).map_err(|_| MasterKeyError)
        } else {
            STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).map_err(|_| MasterKeyError)
        };
        let bytes = Zeroizing::new(bytes?);
        <[u8; 32]>::try_from(bytes.as_slice()).map(MasterKey::new).map_err(|_| MasterKeyError)
    }

    /// Base64 for a key file, with padding.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.expose()))
    }

    pub(crate) const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

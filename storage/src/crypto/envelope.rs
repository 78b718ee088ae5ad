//! Sealed values: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with a random nonce of 192 bits.
//!
//! A sealed value is bound to its place: tenant, table, row, column and version of the data key are
//! authenticated with it, so that a value copied to another row does not open.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};

use crate::crypto::{CryptoError, Secret};
use crate::entropy::{self, Entropy};
use crate::id::TenantId;
use crate::key;
use crate::table::Table;

/// The first byte of every sealed value.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;

/// Where a sealed value lives: one column of one row.
#[derive(Debug, Clone)]
pub struct Place {
    tenant: TenantId,
    tag: u8,
    row: Vec<u8>,
    column: &'static str,
}

impl Place {
    /// The named column of a row.
    pub fn of<T: Table>(tenant: TenantId, row: &T::Key, column: &'static str) -> Place {
        Place { tenant, tag: T::TAG, row: key::encode(row), column }
    }

    /// A place outside the tables.
    pub(crate) fn instance(column: &'static str) -> Place {
        Place { tenant: TenantId::new([0; 16]), tag: 0, row: Vec::new(), column }
    }

    /// Tenant, tag, column, row and key version; lengths keep two places from looking alike.
    fn associated_data(&self, version: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.row.len());
        out.extend_from_slice(self.tenant.as_bytes());
        out.push(self.tag);
        for part in [self.column.as_bytes(), &self.row] {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        }
        out.extend_from_slice(&version.to_be_bytes());
        out
    }
}

/// A value that only its data key opens, and only at its place.
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct Sealed {
    /// The version of the data key that sealed it.
    pub version: u32,
    /// Format (one byte), nonce (24), ciphertext, tag (16).
    bytes: Vec<u8>,
}

/// A key that seals the secrets of one tenant. It cannot be printed.
pub struct DataKey {
    version: u32,
    key: Secret<[u8; 32]>,
}

impl DataKey {
    pub(crate) const fn new(version: u32, key: [u8; 32]) -> DataKey {
        DataKey { version, key: Secret::new(key) }
    }

    /// Counts the rotations of a tenant's key.
    pub const fn version(&self) -> u32 {
        self.version
    }

    pub(crate) const fn expose(&self) -> &[u8; 32] {
        self.key.expose()
    }

    /// Seals a value of a place.
    pub fn seal(&self, place: &Place, plain: &[u8], entropy: &dyn Entropy) -> Sealed {
        let nonce: [u8; NONCE_BYTES] = entropy::bytes(entropy);
        let aad = place.associated_data(self.version);
        let mut bytes = Vec::with_capacity(1 + NONCE_BYTES + plain.len() + 16);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&nonce);
        match self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad }) {
            Ok(sealed) => bytes.extend_from_slice(&sealed),
            // INVARIANT: the cipher refuses only values of more than 256 GiB.
            Err(_) => unreachable!("a value was too long to be sealed"),
        }
        Sealed { version: self.version, bytes }
    }

    /// Opens what was sealed at this place by this key.
    pub fn open(&self, place: &Place, sealed: &Sealed) -> Result<Secret<Vec<u8>>, CryptoError> {
        if sealed.version != self.version {
            return Err(CryptoError::KeyVersion { sealed: sealed.version, given: self.version });
        }
        let (format, rest) = sealed.bytes.split_first().ok_or(CryptoError::Unauthentic)?;
        if *format != FORMAT {
            return Err(CryptoError::Format(*format));
        }
        let (nonce, msg) = rest.split_first_chunk().ok_or(CryptoError::Unauthentic)?;
        let aad = place.associated_data(self.version);
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad: &aad })
            .map(Secret::new)
            .map_err(|_| CryptoError::Unauthentic)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key.expose()))
    }
}

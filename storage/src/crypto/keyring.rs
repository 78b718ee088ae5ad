//! What the master key opens: the pepper of all fingerprints, and the tenants' data keys.
//!
//! The pepper is random and stored sealed; a sealed constant beside it tells a wrong master key
//! from a damaged store.

use crate::crypto::envelope::{DataKey, Place, Sealed};
use crate::crypto::{CryptoError, Fingerprint, MasterKey, Secret};
use crate::entropy::{self, Entropy};
use crate::error::{Corrupt, StoreError};
use crate::id::TenantId;
use crate::rows;
use crate::tables::DataKeys;

/// Separates the key-encryption key from every other use of a master key.
const KEY_ENCRYPTION: &str = "latchkey storage 1 key encryption";
const CHECK: &[u8] = b"latchkey";

/// A tenant's data key, sealed by the keyring. The row of [`DataKeys`].
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct WrappedKey(Sealed);

rows! { WrappedKey = 1; }

/// The rows of an instance that hold its keyring.
pub(crate) struct KeyringRows {
    /// A constant: opens with the right master key only.
    pub(crate) check: Sealed,
    pub(crate) pepper: Sealed,
}

/// The opened keys of an instance. They cannot be printed.
pub struct Keyring {
    key_encryption: DataKey,
    pepper: Secret<[u8; 32]>,
}

impl Keyring {
    /// A new pepper, and the rows that keep it.
    pub(crate) fn create(master: &MasterKey, entropy: &dyn Entropy) -> (Keyring, KeyringRows) {
        let key_encryption = key_encryption(master);
        let pepper = Secret::new(entropy::bytes(entropy));
        let rows = KeyringRows {
            check: key_encryption.seal(&Place::instance("check"), CHECK, entropy),
            pepper: key_encryption.seal(&Place::instance("pepper"), pepper.expose(), entropy),
        };
        (Keyring { key_encryption, pepper }, rows)
    }

    /// Opens the rows of an instance.
    pub(crate) fn open(master: &MasterKey, rows: &KeyringRows) -> Result<Keyring, StoreError> {
        let key_encryption = key_encryption(master);
        key_encryption
            .open(&Place::instance("check"), &rows.check)
            .map_err(|_| StoreError::WrongMasterKey)?;
        let opened = key_encryption.open(&Place::instance("pepper"), &rows.pepper);
        let pepper = opened.ok().and_then(|plain| plain.expose().as_slice().try_into().ok());
        let damaged = || Corrupt::place("the instance", "its pepper does not open");
        let pepper = Secret::new(pepper.ok_or_else(damaged)?);
        Ok(Keyring { key_encryption, pepper })
    }

    /// What to store and to look up of a secret.
    pub fn fingerprint(&self, secret: &[u8]) -> Fingerprint {
        Fingerprint::new(*blake3::keyed_hash(self.pepper.expose(), secret).as_bytes())
    }

    /// A new data key of a tenant, and the row that keeps it.
    pub fn new_data_key(
        &self,
        tenant: TenantId,
        version: u32,
        entropy: &dyn Entropy,
    ) -> (DataKey, WrappedKey) {
        let key = DataKey::new(version, entropy::bytes(entropy));
        let place = Place::of::<DataKeys>(tenant, &(version,), "key");
        let wrapped = WrappedKey(self.key_encryption.seal(&place, key.expose(), entropy));
        (key, wrapped)
    }

    /// Opens a tenant's data key.
    pub fn unwrap(
        &self,
        tenant: TenantId,
        version: u32,
        wrapped: &WrappedKey,
    ) -> Result<DataKey, CryptoError> {
        let place = Place::of::<DataKeys>(tenant, &(version,), "key");
        let plain = self.key_encryption.open(&place, &wrapped.0)?;
        let key = plain.expose().as_slice().try_into().map_err(|_| CryptoError::Unauthentic)?;
        Ok(DataKey::new(version, key))
    }
}

fn key_encryption(master: &MasterKey) -> DataKey {
    DataKey::new(1, blake3::derive_key(KEY_ENCRYPTION, master.expose()))
}

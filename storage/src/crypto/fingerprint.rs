//! What is stored of a secret that is only ever compared: BLAKE3 keyed with the store's pepper.

use std::fmt;
use std::hash::{Hash, Hasher};

use subtle::ConstantTimeEq;

use crate::key::KeyPart;

/// 32 bytes that say nothing of the secret to whoever lacks the pepper. Equality takes the same
/// time wherever two differ.
#[derive(Clone, Copy, PartialOrd, Ord, bincode::Encode, bincode::Decode)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub const fn new(bytes: [u8; 32]) -> Fingerprint {
        Fingerprint(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Fingerprint) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Fingerprint {}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Shows the first four bytes: enough to tell two apart in a log.
impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(out, "Fingerprint({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

impl KeyPart for Fingerprint {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<Fingerprint> {
        <[u8; 32]>::take(bytes).map(Fingerprint)
    }
}

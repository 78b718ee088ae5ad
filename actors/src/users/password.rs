//! Passwords, as they are kept: Argon2id, with the parameters that OWASP names first.

use argon2::password_hash::{PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::entropy::Entropy;
use crate::error::{Error, Result};

const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_CHARS_MAX: usize = 256;
/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A new hash of a password, in PHC form. It takes some 20 ms and 19 MiB: call it off the workers.
///
/// # Errors
/// 422 for fewer than 8 or more than 256 characters.
pub fn hash_password(password: &str, salt: &dyn Entropy) -> Result<String> {
    let length = password.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
        let problem = format!("must have {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters");
        return Err(Error::invalid("password", problem));
    }
    let mut bytes = [0; 16];
    salt.fill(&mut bytes);
    let salt = SaltString::encode_b64(&bytes).map_err(Error::internal)?;
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = hasher.hash_password(password.as_bytes(), &salt).map_err(Error::internal)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHash, PasswordVerifier};
    use latchkey_storage::SeededEntropy;

    use super::*;

    #[test]
    fn a_hash_verifies_its_password_alone() {
        let entropy = SeededEntropy::new(1);
        let text = hash_password("correct horse", &entropy).unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let hash = PasswordHash::new(&text).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &hash).is_ok());
        assert!(Argon2::default().verify_password(b"correct hors", &hash).is_err());
        assert_ne!(text, hash_password("correct horse", &entropy).unwrap(), "salted");
    }

    #[test]
    fn length_is_counted_in_characters() {
        let entropy = SeededEntropy::new(1);
        for bad in ["ääääääÄ".to_owned(), "x".repeat(257)] {
            let error = hash_password(&bad, &entropy).unwrap_err();
            assert_eq!(error.fields()[0].0, "password");
        }
        assert!(hash_password("ääääääää", &entropy).is_ok());
    }
}

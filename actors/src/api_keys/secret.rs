//! The key string: `lk_live_` + 8 characters of the tenant + 32 random ones + 6 of checksum.

use std::fmt;

use latchkey_storage::Entropy;
use latchkey_storage::tables::Environment;
use zeroize::Zeroizing;

use crate::entropy::{BASE62, base62};

/// Length of every key string, in bytes.
pub const LENGTH: usize = 54;
/// How much of a key string may be shown: the rest of it is secret.
pub const PREFIX_LENGTH: usize = 20;
const HEAD: std::ops::Range<usize> = 0..8;
const CODE: std::ops::Range<usize> = 8..16;
const SUM: std::ops::Range<usize> = 48..54;

/// A key string, from its making or from a caller. It cannot be printed.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Makes a key of a tenant.
    pub fn generate(environment: Environment, code: &str, entropy: &dyn Entropy) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(head(environment));
        text.push_str(code);
        text.push_str(&Zeroizing::new(base62(32, entropy)));
        let sum = checksum(text.as_bytes());
        text.extend(sum.iter().copied().map(char::from));
        Self(text)
    }

    /// Takes a key string over; none when it is malformed or its checksum is wrong.
    pub fn parse(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        presented(&text).is_some().then_some(Self(text))
    }

    /// Shows the whole string: for the one answer that carries it, and for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The part that may be shown.
    pub fn prefix(&self) -> &str {
        self.0.get(..PREFIX_LENGTH).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Reads the tenant's code out of a presented key string, when its form and checksum hold.
///
/// Nothing is looked up for a string that fails here: scanners and typing errors end early.
pub fn presented(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let known = matches!(bytes.get(HEAD)?, b"lk_live_" | b"lk_test_");
    if !known || bytes.len() != LENGTH || !bytes.get(8..)?.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    (checksum(bytes.get(..SUM.start)?) == bytes.get(SUM)?).then(|| text.get(CODE))?
}

/// Could this text hold a key string? Such a text is not written into logs and audit entries.
pub fn may_hold_key(text: &str) -> bool {
    text.contains("lk_live_") || text.contains("lk_test_")
}

/// The environment that a key string names.
pub fn environment(text: &str) -> Environment {
    if text.starts_with("lk_test_") { Environment::Test } else { Environment::Live }
}

fn head(environment: Environment) -> &'static str {
    match environment {
        Environment::Live => "lk_live_",
        Environment::Test => "lk_test_",
    }
}

/// CRC-32 (IEEE) in base62, left-padded with `0`.
fn checksum(bytes: &[u8]) -> [u8; 6] {
    let mut rest = crc32fast::hash(bytes);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use latchkey_storage::OsEntropy;
    use proptest::prelude::*;

    use super::*;

    const VECTOR: &str = "lk_live_0Ab3Cd9Z00112233445566778899AABBCCDDEEFF2nhFgd";

    #[test]
    fn the_published_vector_holds() {
        assert_eq!(presented(VECTOR), Some("0Ab3Cd9Z"));
    }

    #[test]
    fn what_is_generated_is_understood_and_shows_only_its_prefix() {
        let secret = Secret::generate(Environment::Test, "ABCDEFGH", &OsEntropy);
        assert_eq!(presented(secret.expose()), Some("ABCDEFGH"));
        assert_eq!(environment(secret.expose()), Environment::Test);
        assert_eq!(secret.prefix(), &secret.expose()[..20]);
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    proptest! {
        #[test]
        fn any_other_character_breaks_the_checksum(at in 0_usize..LENGTH, with in "[0-9A-Za-z_]") {
            let mut text = VECTOR.to_owned();
            text.replace_range(at..=at, &with);
            prop_assert_eq!(presented(&text).is_some(), text == VECTOR);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = presented(&text);
        }
    }
}

//! Randomness as a parameter, and the identifiers made of it.

pub use latchkey_storage::{Entropy, OsEntropy};
use uuid::{Builder, Uuid};

/// A UUIDv7: the time in front, so that rows stand in the order of their making.
pub fn uuid_v7(now_ms: i64, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    Builder::from_unix_timestamp_millis(u64::try_from(now_ms).unwrap_or(0), &random).into_uuid()
}

/// Random base62 text: 32 characters carry 190 bits.
pub fn base62(length: usize, entropy: &dyn Entropy) -> String {
    let mut text = String::with_capacity(length);
    let mut pool = [0_u8; 64];
    while text.len() < length {
        entropy.fill(&mut pool);
        // Bytes of 248 and more are thrown away: each character is equally likely.
        let fair = pool.iter().filter(|&&byte| byte < 248);
        let digits = fair.filter_map(|&byte| BASE62.get(usize::from(byte % 62)));
        text.extend(digits.take(length - text.len()).map(|&digit| char::from(digit)));
    }
    zeroize::Zeroize::zeroize(&mut pool);
    text
}

/// The digits of base62, in order.
pub const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

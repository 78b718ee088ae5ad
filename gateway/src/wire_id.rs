//! The workspace's short form of an id: base62 of its 128 bits, 22 characters.

const DIGITS: &[u8; 62] = latchkey_actors::entropy::BASE62;
const LENGTH: usize = 22;

/// Writes an id.
pub fn base62(bytes: [u8; 16]) -> String {
    let mut rest = u128::from_be_bytes(bytes);
    let mut text = [b'0'; LENGTH];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        *place = DIGITS.get(digit).copied().unwrap_or(b'0');
        rest /= 62;
    }
    text.iter().copied().map(char::from).collect()
}

/// Reads one; none when it is not exactly such a text.
pub fn from_base62(text: &str) -> Option<[u8; 16]> {
    if text.len() != LENGTH {
        return None;
    }
    let digit = |byte: u8| DIGITS.iter().position(|known| *known == byte);
    let value = text
        .bytes()
        .try_fold(0_u128, |value, byte| value.checked_mul(62)?.checked_add(digit(byte)? as u128));
    value.map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_id_is_read_back(bytes: [u8; 16]) {
            prop_assert_eq!(from_base62(&base62(bytes)), Some(bytes));
        }

        #[test]
        fn only_what_is_written_is_read(text in "[0-9A-Za-z_]{20,24}") {
            if let Some(bytes) = from_base62(&text) {
                prop_assert_eq!(base62(bytes), text);
            }
        }
    }
}

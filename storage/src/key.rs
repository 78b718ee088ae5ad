//! Keys as bytes whose order is the order of what they encode.
//!
//! Numbers are big endian. A text escapes its zero bytes (`00` becomes `00 FF`) and ends with
//! `00 00`, so a shorter text sorts before every longer one that begins with it, and a part can be
//! followed by another.

/// A part of a key. `put` keeps the order: `a < b` exactly when the bytes of `a` sort before those
/// of `b`.
pub trait KeyPart: Sized {
    /// Appends the encoded part.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes one part from the front; `None` when the bytes are not one.
    fn take(bytes: &mut &[u8]) -> Option<Self>;
}

/// The bytes of one key or of its leading parts.
pub fn encode(key: &impl KeyPart) -> Vec<u8> {
    let mut out = Vec::with_capacity(48);
    key.put(&mut out);
    out
}

/// The key that these bytes, all of them, encode.
pub fn decode<K: KeyPart>(mut bytes: &[u8]) -> Option<K> {
    let key = K::take(&mut bytes)?;
    bytes.is_empty().then_some(key)
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl KeyPart for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn take(bytes: &mut &[u8]) -> Option<$number> {
                take_array(bytes).map(<$number>::from_be_bytes)
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64);

impl KeyPart for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(bytes: &mut &[u8]) -> Option<bool> {
        match u8::take(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> KeyPart for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn take(bytes: &mut &[u8]) -> Option<[u8; N]> {
        take_array(bytes)
    }
}

impl KeyPart for String {
    fn put(&self, out: &mut Vec<u8>) {
        for &byte in self.as_bytes() {
            out.push(byte);
            if byte == 0 {
                out.push(0xFF);
            }
        }
        out.extend_from_slice(&[0, 0]);
    }

    fn take(bytes: &mut &[u8]) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match u8::take(bytes)? {
                0 => match u8::take(bytes)? {
                    0 => return String::from_utf8(text).ok(),
                    0xFF => text.push(0),
                    _ => return None,
                },
                byte => text.push(byte),
            }
        }
    }
}

macro_rules! tuples {
    ($(($($part:ident),*))*) => {$(
        impl<$($part: KeyPart),*> KeyPart for ($($part,)*) {
            #[expect(non_snake_case, reason = "a part is named after its type parameter")]
            fn put(&self, out: &mut Vec<u8>) {
                let ($($part,)*) = self;
                $($part.put(out);)*
            }

            fn take(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($part::take(bytes)?,)*))
            }
        }
    )*};
}

tuples! { (A) (A, B) (A, B, C) (A, B, C, D) }

impl KeyPart for () {
    fn put(&self, _: &mut Vec<u8>) {}

    fn take(_: &mut &[u8]) -> Option<()> {
        Some(())
    }
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*front)
}

/// The first bytes that sort after every key with this prefix; `None` when there are none.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

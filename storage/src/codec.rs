//! Row values as bytes: one byte of version, then bincode's standard configuration. The one place
//! that knows bincode.

use bincode::config;

/// A row larger than this is not read: it bounds what damaged bytes can make a reader allocate.
pub const ROW_BYTES_MAX: usize = 16 << 20;

/// A value of a table, with the version of its encoding.
///
/// Implement it with [`rows!`](crate::rows): an encoding once released stays readable for ever.
pub trait Row: Sized {
    /// The version that `encode` writes.
    const VERSION: u8;

    /// The version byte and the value.
    fn encode(&self) -> Vec<u8>;

    /// Reads this version and every older one.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
}

/// Why bytes are not a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the value is empty")]
    Empty,
    #[error("the value has version {found}, this program reads up to {supported}")]
    UnknownVersion { found: u8, supported: u8 },
    #[error("the value does not decode: {0}")]
    Malformed(String),
    #[error("{0} bytes follow the value")]
    Trailing(usize),
    #[error("the value has {0} bytes, more than the {ROW_BYTES_MAX} that a row may have")]
    TooLarge(usize),
}

/// Declares the encodings of rows.
///
/// ```
/// #[derive(Debug, PartialEq, bincode::Encode, bincode::Decode)]
/// struct Door { colour: String, open: bool }
///
/// #[derive(bincode::Encode, bincode::Decode)]
/// struct DoorV1 { colour: String }
///
/// impl From<DoorV1> for Door {
///     fn from(old: DoorV1) -> Door {
///         Door { colour: old.colour, open: false }
///     }
/// }
///
/// latchkey_storage::rows! {
///     Door = 2, from 1 => DoorV1;
/// }
///
/// use latchkey_storage::Row;
/// assert_eq!(Door::decode(&[1, 3, b'r', b'e', b'd']).unwrap().encode(), [2, 3, b'r', b'e', b'd', 0]);
/// ```
#[macro_export]
macro_rules! rows {
    ($($row:ty = $version:literal $(, from $old:literal => $old_row:ty)*;)*) => {$(
        impl $crate::codec::Row for $row {
            const VERSION: u8 = $version;

            fn encode(&self) -> Vec<u8> {
                $crate::codec::encode_body($version, self)
            }

            fn decode(bytes: &[u8]) -> Result<Self, $crate::codec::DecodeError> {
                let (version, body) = $crate::codec::split_version(bytes)?;
                match version {
                    $version => $crate::codec::decode_body::<$row>(body),
                    $($old => $crate::codec::decode_body::<$old_row>(body).map(Into::into),)*
                    found => Err($crate::codec::DecodeError::UnknownVersion {
                        found,
                        supported: $version,
                    }),
                }
            }
        }
    )*};
}

#[doc(hidden)]
pub fn encode_body(version: u8, value: &impl bincode::Encode) -> Vec<u8> {
    let mut out = Out(Vec::with_capacity(128));
    out.0.push(version);
    // INVARIANT: the writer takes everything, and rows hold no type whose encoding can fail (a
    // borrowed cell, a time before 1970).
    if let Err(error) = bincode::encode_into_writer(value, &mut out, config::standard()) {
        unreachable!("a row did not encode: {error}");
    }
    out.0
}

#[doc(hidden)]
pub fn split_version(bytes: &[u8]) -> Result<(u8, &[u8]), DecodeError> {
    if bytes.len() > ROW_BYTES_MAX {
        return Err(DecodeError::TooLarge(bytes.len()));
    }
    bytes.split_first().map(|(version, body)| (*version, body)).ok_or(DecodeError::Empty)
}

#[doc(hidden)]
pub fn decode_body<T: bincode::Decode<()>>(body: &[u8]) -> Result<T, DecodeError> {
    let bounded = config::standard().with_limit::<ROW_BYTES_MAX>();
    match bincode::decode_from_slice(body, bounded) {
        Ok((value, read)) if read == body.len() => Ok(value),
        Ok((_, read)) => Err(DecodeError::Trailing(body.len().saturating_sub(read))),
        Err(error) => Err(DecodeError::Malformed(error.to_string())),
    }
}

/// A buffer that takes everything that is written.
struct Out(Vec<u8>);

impl bincode::enc::write::Writer for &mut Out {
    fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

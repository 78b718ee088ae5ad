//! One physical record of a log file: checksum (4 bytes), length (2), type (1), payload.

/// A physical record never crosses a block.
pub(super) const BLOCK_BYTES: usize = 32 * 1024;
pub(super) const HEADER_BYTES: usize = 7;
/// `RocksDB` stores checksums masked, so that a log within a log has other ones.
const MASK_DELTA: u32 = 0xa282_ead8;

/// What part of a logical record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Full,
    First,
    Middle,
    Last,
    /// Notes of `RocksDB` to itself.
    Other,
}

impl Kind {
    /// Types for recycled and compressed logs never occur: neither is used.
    const fn from_byte(byte: u8) -> Option<Kind> {
        match byte {
            1 => Some(Kind::Full),
            2 => Some(Kind::First),
            3 => Some(Kind::Middle),
            4 => Some(Kind::Last),
            10 | 130 => Some(Kind::Other),
            _ => None,
        }
    }
}

/// A whole record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Physical<'f> {
    pub(super) kind: Kind,
    pub(super) payload: &'f [u8],
    /// Where the next one begins.
    pub(super) end: usize,
}

/// Why there is no whole record at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The file ends within the record.
    Short,
    /// The bytes are there and wrong.
    Wrong,
}

/// Reads the record at a place of a file.
pub(super) fn read(file: &[u8], at: usize) -> Result<Physical<'_>, Broken> {
    let header = Header::read(file, at).ok_or(Broken::Short)?;
    let body = at + HEADER_BYTES;
    let end = body + header.length;
    if end > block_end(at) {
        return Err(Broken::Wrong);
    }
    let payload = file.get(body..end).ok_or(Broken::Short)?;
    if header.checksum != checksum(header.kind, payload) {
        return Err(Broken::Wrong);
    }
    let kind = Kind::from_byte(header.kind).ok_or(Broken::Wrong)?;
    Ok(Physical { kind, payload, end })
}

/// Whether the record at a place, which the file seems to end within, is whole up to the end of the
/// file: then its length was changed.
pub(super) fn is_whole_to_the_end(file: &[u8], at: usize) -> bool {
    let payload = file.get(at + HEADER_BYTES..);
    Header::read(file, at)
        .zip(payload)
        .is_some_and(|(header, payload)| header.checksum == checksum(header.kind, payload))
}

/// Where the block of a place ends.
pub(super) const fn block_end(at: usize) -> usize {
    at - at % BLOCK_BYTES + BLOCK_BYTES
}

struct Header {
    checksum: u32,
    length: usize,
    kind: u8,
}

impl Header {
    fn read(file: &[u8], at: usize) -> Option<Header> {
        let (header, _) = file.get(at..)?.split_first_chunk::<HEADER_BYTES>()?;
        let [c0, c1, c2, c3, l0, l1, kind] = *header;
        let checksum = u32::from_le_bytes([c0, c1, c2, c3]);
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        Some(Header { checksum, length, kind })
    }
}

/// The masked CRC-32C of type and payload. The length is not in it.
fn checksum(kind: u8, payload: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&[kind]), payload);
    crc.rotate_right(15).wrapping_add(MASK_DELTA)
}

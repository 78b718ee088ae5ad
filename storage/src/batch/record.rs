//! One transaction of one tenant as the commit log carries it.
//!
//! The bytes, numbers big endian: format (1, u8), transaction (16), tenant (16), previous version
//! (u64), epoch (u32), schema (u16), number of operations (u32); for each operation its family
//! (u8), the key's length (u32) and the key, then 0 for a delete or 1, the value's length (u32) and
//! the value; last the CRC-32C of all that (u32).

use crate::batch::{Op, Version};
use crate::id::{TenantId, TransactionId};
use crate::key::KeyPart;
use crate::table::{Family, KEY_HEAD_BYTES};

/// The first byte of a record.
const FORMAT: u8 = 1;
/// Format, transaction, tenant, previous version, epoch, schema, number of operations.
const HEAD_BYTES: usize = 1 + 16 + 16 + 8 + 4 + 2 + 4;
/// Family, length of the key, put or delete: what an operation takes at least.
const OP_BYTES_MIN: usize = 1 + 4 + 1;

/// Operations that become true together, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub transaction: TransactionId,
    pub tenant: TenantId,
    /// The tenant's version that the operations were computed on.
    pub prev: Version,
    pub epoch: u32,
    pub schema: u16,
    pub ops: Vec<Op>,
    crc: u32,
}

/// Why bytes or a record are not to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("the record ends too early or goes on too long")]
    Length,
    #[error("the record has format {0}, this program reads format {FORMAT}")]
    Format(u8),
    #[error("the record's checksum does not match its content")]
    Checksum,
    #[error("an operation of the record has no known family or kind")]
    Operation,
    #[error("an operation of the record touches a row of another tenant")]
    ForeignRow,
}

impl Record {
    /// A record with its checksum.
    pub fn new(
        transaction: TransactionId,
        tenant: TenantId,
        prev: Version,
        epoch: u32,
        schema: u16,
        ops: Vec<Op>,
    ) -> Record {
        let mut record = Record { transaction, tenant, prev, epoch, schema, ops, crc: 0 };
        record.crc = record.checksum();
        record
    }

    /// The size of the encoded record in bytes.
    pub fn bytes(&self) -> usize {
        let ops = self.ops.iter().map(|op| {
            OP_BYTES_MIN + op.key.len() + op.value.as_ref().map_or(0, |value| 4 + value.len())
        });
        HEAD_BYTES + ops.sum::<usize>() + 4
    }

    /// The encoded record.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes());
        self.encode_into(&mut out);
        out
    }

    /// Appends the encoded record.
    pub(crate) fn encode_into(&self, out: &mut Vec<u8>) {
        self.pieces(&mut |piece| out.extend_from_slice(piece));
        out.extend_from_slice(&self.crc.to_be_bytes());
    }

    /// Reads an encoded record and checks it.
    pub fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
        let (content, crc) = bytes.split_last_chunk().ok_or(RecordError::Length)?;
        if crc32c::crc32c(content) != u32::from_be_bytes(*crc) {
            return Err(RecordError::Checksum);
        }
        let record = decode_content(content)?;
        record.check()?;
        Ok(record)
    }

    /// Whether the checksum holds and every row is the tenant's own.
    pub fn check(&self) -> Result<(), RecordError> {
        let own = self.tenant.as_bytes();
        if !self.ops.iter().all(|op| op.key.len() >= KEY_HEAD_BYTES && op.key.starts_with(own)) {
            return Err(RecordError::ForeignRow);
        }
        if self.checksum() == self.crc { Ok(()) } else { Err(RecordError::Checksum) }
    }

    fn checksum(&self) -> u32 {
        let mut crc = 0;
        self.pieces(&mut |piece| crc = crc32c::crc32c_append(crc, piece));
        crc
    }

    /// Hands out the encoded record in pieces, the checksum left out.
    fn pieces(&self, sink: &mut impl FnMut(&[u8])) {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        (FORMAT, self.transaction, self.tenant).put(&mut head);
        (self.prev.0, self.epoch, self.schema, length(&self.ops)).put(&mut head);
        sink(&head);
        for op in &self.ops {
            sink(&[op.family as u8]);
            sink(&length(&op.key).to_be_bytes());
            sink(&op.key);
            match &op.value {
                None => sink(&[0]),
                Some(value) => {
                    sink(&[1]);
                    sink(&length(value).to_be_bytes());
                    sink(value);
                }
            }
        }
    }
}

/// A length as it is written. Whatever is longer than four gigabytes is refused long before.
fn length<T>(of: &[T]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}

fn decode_content(mut bytes: &[u8]) -> Result<Record, RecordError> {
    let input = &mut bytes;
    let format: u8 = take(input)?;
    if format != FORMAT {
        return Err(RecordError::Format(format));
    }
    let (transaction, tenant, prev): (TransactionId, TenantId, u64) = take(input)?;
    let (epoch, schema, count): (u32, u16, u32) = take(input)?;
    let ops = take_ops(input, count as usize)?;
    if !input.is_empty() {
        return Err(RecordError::Length);
    }
    Ok(Record::new(transaction, tenant, Version(prev), epoch, schema, ops))
}

fn take_ops(input: &mut &[u8], count: usize) -> Result<Vec<Op>, RecordError> {
    if count > input.len() / OP_BYTES_MIN {
        return Err(RecordError::Length);
    }
    (0..count).map(|_| take_op(input)).collect()
}

fn take_op(input: &mut &[u8]) -> Result<Op, RecordError> {
    let family = Family::from_number(take(input)?).ok_or(RecordError::Operation)?;
    let key = take_bytes(input)?;
    let value = match take::<u8>(input)? {
        0 => None,
        1 => Some(take_bytes(input)?),
        _ => return Err(RecordError::Operation),
    };
    Ok(Op { family, key, value })
}

fn take<T: KeyPart>(input: &mut &[u8]) -> Result<T, RecordError> {
    T::take(input).ok_or(RecordError::Length)
}

fn take_bytes(input: &mut &[u8]) -> Result<Vec<u8>, RecordError> {
    let length: u32 = take(input)?;
    let (bytes, rest) = input.split_at_checked(length as usize).ok_or(RecordError::Length)?;
    *input = rest;
    Ok(bytes.to_vec())
}

//! One log file: its logical records in order, and how it ends.

use crate::batch::Seq;
use crate::journal::wal::Span;
use crate::journal::wal::physical::{
    self, BLOCK_BYTES, Broken, HEADER_BYTES, Kind, block_end, is_whole_to_the_end,
};
use crate::tables::instance::{APPLIED_KEY, Applied};

/// Disks write whole sectors.
const SECTOR_BYTES: usize = 512;

/// Reads a file, hands out the records of each batch, and gives the length up to which it is whole:
/// less than all of it after a torn tail.
pub(super) fn read(
    file: &[u8],
    mut found: impl FnMut(Span) -> Result<(), String>,
) -> Result<usize, String> {
    let mut at = 0;
    // Where the last whole batch ends, and the parts of one that is not complete yet.
    let mut whole = 0;
    let mut parts: Option<Vec<u8>> = None;
    while at < file.len() {
        if block_end(at) - at < HEADER_BYTES {
            // The rest of a block is too short for a header: zeros.
            at = trailer(file, at)?;
            continue;
        }
        let record = match physical::read(file, at) {
            Ok(record) => record,
            Err(broken) => return torn(file, at, broken).map(|()| whole),
        };
        at = record.end;
        match (record.kind, parts.take()) {
            (Kind::Full, None) => batch(record.payload).map_or(Ok(()), &mut found)?,
            (Kind::First, None) => parts = Some(record.payload.to_vec()),
            (Kind::Middle, Some(mut begun)) => {
                begun.extend_from_slice(record.payload);
                parts = Some(begun);
            }
            (Kind::Last, Some(begun)) => {
                batch(&[&begun, record.payload].concat()).map_or(Ok(()), &mut found)?;
            }
            (Kind::Other, None) => {}
            _ => return Err(format!("the parts of a record do not belong together at byte {at}")),
        }
        if parts.is_none() {
            whole = at;
        }
    }
    Ok(if parts.is_none() { file.len() } else { whole })
}

/// Passes the zeros at the end of a block.
fn trailer(file: &[u8], at: usize) -> Result<usize, String> {
    let end = block_end(at).min(file.len());
    if file.get(at..end).is_some_and(all_zero) {
        Ok(end)
    } else {
        Err(format!("the end of a block is not empty at byte {at}"))
    }
}

/// Decides whether what is broken at a place is the torn end of the log.
fn torn(file: &[u8], at: usize, broken: Broken) -> Result<(), String> {
    let rest = file.get(at..).unwrap_or_default();
    if all_zero(rest) {
        return Ok(());
    }
    if let Some(later) = begins_again(file, at + 1) {
        return Err(format!("byte {at} is damaged, and the log goes on at byte {later}"));
    }
    let tail = match broken {
        Broken::Short => !is_whole_to_the_end(file, at),
        Broken::Wrong => zero_from_a_sector_on(file, at),
    };
    if tail { Ok(()) } else { Err(format!("the last record, at byte {at}, is damaged")) }
}

/// Where a whole record begins from a place on, at any byte: after damage no length can be trusted.
fn begins_again(file: &[u8], from: usize) -> Option<usize> {
    (from..file.len()).find(|at| {
        physical::read(file, *at).is_ok_and(|record| {
            matches!(record.kind, Kind::Full | Kind::First) && !record.payload.is_empty()
        })
    })
}

/// Whether the bytes after a place stop at a sector's border and are zeros from there to the end.
fn zero_from_a_sector_on(file: &[u8], at: usize) -> bool {
    let border = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
    let mut borders = (border..file.len()).step_by(SECTOR_BYTES);
    borders.any(|border| file.get(border..).is_some_and(all_zero))
}

fn all_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// The records of a batch; `None` for one that was not written by the commit log.
///
/// The batch ends with the row that says how far the log was applied: the length of its name, the
/// name, the length of its value, the value.
fn batch(bytes: &[u8]) -> Option<Span> {
    let (before, value) = bytes.split_at_checked(bytes.len().checked_sub(Applied::BYTES)?)?;
    let (length, before) = before.split_last()?;
    let before = before.strip_suffix(APPLIED_KEY)?;
    let named = before.last().copied().map(usize::from) == Some(APPLIED_KEY.len());
    if usize::from(*length) != Applied::BYTES || !named {
        return None;
    }
    let Applied { seq, records, .. } = Applied::decode(value)?;
    let first = Seq((seq.0 + 1).checked_sub(u64::from(records))?);
    Some(Span { first, last: seq })
}

const _: () = assert!(BLOCK_BYTES.is_multiple_of(SECTOR_BYTES));

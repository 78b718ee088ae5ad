//! Encodings that were once released are read for ever, and the list of tables only grows.
//!
//! `golden/encodings.txt` has one line a sample: its name and its bytes in hexadecimal. A changed
//! encoding gets a new version and a new line; no line is ever changed or taken out.

use std::collections::BTreeMap;
use std::fmt::Debug;

use latchkey_storage::id::{RoleId, TransactionId, UserId};
use latchkey_storage::key::{KeyPart, decode, encode};
use latchkey_storage::tables;
use latchkey_storage::{Family, Fingerprint, Op, Record, Row, Sealed, Version, WrappedKey};

use crate::harness::tenant;

/// Whether bytes are an encoding of the sample.
type Reads = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// A value whose encoding is kept.
pub struct Sample {
    name: &'static str,
    encoded: Vec<u8>,
    reads: Reads,
}

/// A row: every kept line must decode, the newest one to this value.
pub fn row<T: Row + PartialEq + Debug + 'static>(name: &'static str, value: T) -> Sample {
    let encoded = value.encode();
    let newest = encoded.clone();
    let reads = move |bytes: &[u8]| match T::decode(bytes) {
        Ok(read) if read == value || bytes != newest => Ok(()),
        Ok(read) => Err(format!("it reads as {read:?}")),
        Err(error) => Err(error.to_string()),
    };
    Sample { name, encoded, reads: Box::new(reads) }
}

/// A key: it has one encoding.
pub fn key<K: KeyPart + PartialEq + Debug + 'static>(name: &'static str, value: K) -> Sample {
    let encoded = encode(&value);
    let reads = move |bytes: &[u8]| match decode::<K>(bytes) {
        Some(read) if read == value => Ok(()),
        other => Err(format!("it reads as {other:?}")),
    };
    Sample { name, encoded, reads: Box::new(reads) }
}

fn record(name: &'static str, value: Record) -> Sample {
    let encoded = value.encode();
    let reads = move |bytes: &[u8]| match Record::decode(bytes) {
        Ok(read) if read == value => Ok(()),
        other => Err(format!("it reads as {other:?}")),
    };
    Sample { name, encoded, reads: Box::new(reads) }
}

fn samples() -> Vec<Sample> {
    let id = [0x11; 16];
    let put = Op {
        family: Family::Rows,
        key: [tenant(1).as_bytes(), &[2; 4][..]].concat(),
        value: Some(vec![9, 8]),
    };
    let delete = Op { family: Family::Audit, value: None, ..put.clone() };
    let ops = vec![put, delete];
    let log = Record::new(TransactionId::new(id), tenant(1), Version(7), 3, 1, ops);
    vec![
        key("key.u8_u16_u32_u64", (1_u8, 2_u16, 3_u32, 4_u64)),
        key("key.bool", (true, false)),
        key("key.text", ("a\0b".to_owned(), 1_u8)),
        key("key.ids", (UserId::new(id), RoleId::new([0x22; 16]))),
        key("key.fingerprint", (Fingerprint::new([0x33; 32]),)),
        record("record", log),
        row("version", tables::Version(300)),
        row("sealed", sealed()),
        row("wrapped_key", WrappedKey::decode(&sealed().encode()).unwrap()),
    ]
}

/// Version 1 of a data key, three bytes.
fn sealed() -> Sealed {
    Sealed::decode(&[1, 1, 3, 0xA, 0xB, 0xC]).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// Compares samples with a file of kept encodings.
pub fn check(file: &str, samples: &[Sample]) {
    let by_name: BTreeMap<_, _> = samples.iter().map(|sample| (sample.name, sample)).collect();
    assert_eq!(by_name.len(), samples.len(), "two samples have one name");
    let mut newest = BTreeMap::new();
    for line in file.lines().filter(|line| !line.is_empty()) {
        let (name, bytes) = line.split_once(' ').unwrap();
        let sample = by_name.get(name).unwrap_or_else(|| panic!("`{name}` has no sample any more"));
        let read = (sample.reads)(&unhex(bytes));
        assert_eq!(read, Ok(()), "an encoding of `{name}` is not read any more: {bytes}");
        newest.insert(name, bytes);
    }
    let encoded = samples.iter().map(|sample| (sample.name, hex::encode(&sample.encoded)));
    let lacking: Vec<_> = encoded
        .filter(|(name, bytes)| newest.get(name) != Some(&bytes.as_str()))
        .map(|(name, bytes)| format!("{name} {bytes}"))
        .collect();
    assert!(lacking.is_empty(), "append these lines to the file:\n{}", lacking.join("\n"));
}

#[test]
fn kept_encodings() {
    check(include_str!("../golden/encodings.txt"), &samples());
}

#[test]
fn the_list_of_tables() {
    let retired = tables::retired().iter().map(|tag| format!("retired 0x{tag:02x}"));
    let all: Vec<_> = tables::catalogue().iter().map(ToString::to_string).chain(retired).collect();
    let kept: Vec<_> = include_str!("../golden/tables.txt").lines().collect();
    let all = all.join("\n");
    assert!(all == kept.join("\n"), "golden/tables.txt differs from the list of tables:\n{all}");
}

//! Rows and records: what was written is read, and no bytes make a reader panic.

use latchkey_storage::batch::RecordError;
use latchkey_storage::id::TransactionId;
use latchkey_storage::tables::catalogue;
use latchkey_storage::{DecodeError, Family, Op, Record, Row, Version};
use proptest::prelude::*;

use crate::harness::{Note, Notes, Trail, note, tenant};

#[derive(Debug, PartialEq, bincode::Encode, bincode::Decode)]
struct Lamp {
    colour: String,
    watts: u32,
}

#[derive(Debug, PartialEq, bincode::Encode, bincode::Decode)]
struct Numbers(Vec<u64>);

#[derive(bincode::Encode, bincode::Decode)]
struct LampV1(String);

#[derive(bincode::Encode, bincode::Decode)]
struct LampV2(String, u8);

impl From<LampV1> for Lamp {
    fn from(old: LampV1) -> Lamp {
        Lamp { colour: old.0, watts: 60 }
    }
}

impl From<LampV2> for Lamp {
    fn from(old: LampV2) -> Lamp {
        Lamp { colour: old.0, watts: u32::from(old.1) }
    }
}

latchkey_storage::rows! {
    Lamp = 3, from 1 => LampV1, from 2 => LampV2;
    Numbers = 1;
}

#[test]
fn older_versions_are_read_and_newer_ones_refused() {
    let lamp = |watts| Lamp { colour: "red".into(), watts };
    assert_eq!(Lamp::decode(b"\x01\x03red"), Ok(lamp(60)));
    assert_eq!(Lamp::decode(b"\x02\x03red\x28"), Ok(lamp(40)));
    assert_eq!(Lamp::decode(&lamp(25).encode()), Ok(lamp(25)));
    let newer = DecodeError::UnknownVersion { found: 4, supported: 3 };
    assert_eq!(Lamp::decode(b"\x04\x03red"), Err(newer));
    assert_eq!(Lamp::decode(b""), Err(DecodeError::Empty));
    assert_eq!(Lamp::decode(b"\x01\x03red!"), Err(DecodeError::Trailing(1)));
    assert!(matches!(Lamp::decode(b"\x01\x04red"), Err(DecodeError::Malformed(_))));
}

#[test]
fn a_length_that_lies_allocates_nothing() {
    // A list that claims 2^64 - 1 numbers, and one that claims 2^30.
    for claim in [u64::MAX, 1 << 30] {
        let bytes = [&[1, 253][..], &claim.to_le_bytes()].concat();
        assert!(matches!(Numbers::decode(&bytes), Err(DecodeError::Malformed(_))));
    }
}

fn op() -> impl Strategy<Value = Op> {
    let value = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40));
    let family = prop_oneof![Just(Family::Rows), Just(Family::Audit), Just(Family::DataKeys)];
    (family, any::<u8>(), proptest::collection::vec(any::<u8>(), 0..20), value).prop_map(
        |(family, tag, own, value)| {
            let key = [tenant(5).as_bytes().as_slice(), &[tag], &own].concat();
            Op { family, key, value }
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    (
        any::<[u8; 16]>(),
        any::<u64>(),
        any::<u32>(),
        any::<u16>(),
        proptest::collection::vec(op(), 0..5),
    )
        .prop_map(|(id, prev, epoch, schema, ops)| {
            Record::new(TransactionId::new(id), tenant(5), Version(prev), epoch, schema, ops)
        })
}

proptest! {
    #[test]
    fn no_bytes_make_a_table_panic(key: Vec<u8>, value: Vec<u8>) {
        for table in catalogue() {
            let _ = (table.verify)(&key, &value);
        }
    }

    #[test]
    fn no_body_after_a_known_version_makes_a_table_panic(key: [u8; 48], value: Vec<u8>) {
        let value = [&[1], value.as_slice()].concat();
        for table in catalogue() {
            for length in 0..key.len() {
                let _ = (table.verify)(&key[..length], &value);
            }
        }
    }

    #[test]
    fn a_record_is_read_back(record in record()) {
        let bytes = record.encode();
        prop_assert_eq!(bytes.len(), record.bytes());
        prop_assert_eq!(Record::decode(&bytes), Ok(record));
    }

    #[test]
    fn a_changed_record_is_refused(record in record(), at: prop::sample::Index, flip in 1_u8..) {
        let mut bytes = record.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_eq!(Record::decode(&bytes), Err(RecordError::Checksum));
    }

    #[test]
    fn no_bytes_make_a_record_panic(mut bytes: Vec<u8>, sign: bool) {
        if sign {
            bytes.insert(0, 1);
            bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
        }
        if let Ok(record) = Record::decode(&bytes) {
            prop_assert_eq!(record.encode(), bytes);
        }
    }
}

#[test]
fn a_record_keeps_to_its_tenant() {
    let op = Op { family: Family::Rows, key: vec![9; 20], value: None };
    let record = Record::new(TransactionId::new([0; 16]), tenant(5), Version(0), 0, 0, vec![op]);
    assert_eq!(record.check(), Err(RecordError::ForeignRow));
    assert_eq!(Record::decode(&record.encode()), Err(RecordError::ForeignRow));
}

#[test]
fn an_operation_is_read_as_its_own_table_only() {
    let key = latchkey_storage::table::row_key::<Notes>(tenant(5), &(7,));
    let mut op = Op { family: Family::Rows, key, value: Some(note("x").encode()) };
    assert_eq!(op.of::<Notes>(), Some(Ok(((7,), Some(note("x"))))));
    assert_eq!(op.of::<Trail>(), None);
    assert_eq!((op.tag(), op.tenant()), (0xE0, Some(tenant(5))));
    op.value = Some(vec![9]);
    assert!(op.of::<Notes>().is_some_and(|read| read.is_err()));
    op.value = None;
    assert_eq!(op.of::<Notes>(), Some(Ok(((7,), None::<Note>))));
    op.key.truncate(3);
    assert_eq!((op.of::<Notes>(), op.tag(), op.tenant()), (None, 0, None));
}

//! Keys keep the order of what they encode, and decode to it.

use std::fmt::Debug;

use latchkey_storage::Fingerprint;
use latchkey_storage::id::{ApiKeyId, UserId};
use latchkey_storage::key::{KeyPart, decode, encode};
use proptest::prelude::*;

fn check<K: KeyPart + Ord + Debug>(one: &K, other: &K) {
    let (a, b) = (encode(one), encode(other));
    assert_eq!(a.cmp(&b), one.cmp(other), "{one:?} and {other:?}");
    assert_eq!(decode::<K>(&a).as_ref(), Some(one));
    let mut longer = a.clone();
    longer.push(0);
    assert_eq!(decode::<K>(&longer), None, "a byte too many after {one:?}");
    if let Some((_, shorter)) = a.split_last() {
        assert_eq!(decode::<K>(shorter), None, "a byte too few of {one:?}");
    }
}

/// Texts with many zero bytes and common beginnings.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![Just('\0'), Just('a'), Just('\u{1}'), any::<char>()],
        0..6,
    )
    .prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn numbers(a: (u8, u16, u32, u64), b: (u8, u16, u32, u64)) {
        check(&a, &b);
        check(&a.0, &b.0);
        check(&a.1, &b.1);
        check(&a.2, &b.2);
        check(&a.3, &b.3);
    }

    #[test]
    fn flags_and_bytes(a: (bool, [u8; 16]), b: (bool, [u8; 16]), c: [u8; 32], d: [u8; 32]) {
        check(&a, &b);
        check(&(c,), &(d,));
        check(&Fingerprint::new(c), &Fingerprint::new(d));
        check(&(ApiKeyId::new(a.1), UserId::new(b.1)), &(ApiKeyId::new(b.1), UserId::new(a.1)));
    }

    #[test]
    fn texts(a in text(), b in text()) {
        check(&a, &b);
    }

    #[test]
    fn texts_before_other_parts(a in (text(), any::<u16>()), b in (text(), any::<u16>())) {
        check(&a, &b);
        check(&(a.1, a.0), &(b.1, b.0));
    }

    #[test]
    fn texts_before_texts(a in (text(), text(), 0_u8..3), b in (text(), text(), 0_u8..3)) {
        check(&a, &b);
    }

    #[test]
    fn bytes_that_are_no_key_are_refused(bytes: Vec<u8>) {
        if let Some(key) = decode::<(String, bool, u32, String)>(&bytes) {
            prop_assert_eq!(encode(&key), bytes);
        }
    }
}

#[test]
fn the_empty_key_and_prefixes() {
    check(&(), &());
    let row = encode(&("ab".to_owned(), 7_u16));
    assert!(row.starts_with(&encode(&("ab".to_owned(),))));
    assert!(!row.starts_with(&encode(&("a".to_owned(),))), "a text is not its own prefix");
}

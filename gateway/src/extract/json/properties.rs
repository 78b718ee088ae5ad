//! Properties over whole, damaged and random bodies: judged as `serde_json` judges them.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::Value;

use super::{BodyFault, FreeValue, check, explain, parse, tests::Body};

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::Array),
            vec(("[ab\"\\\\é]{0,2}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

const DAMAGE: &[u8] = b"{}[]\",:\\u0019d8eE+-. \n\x00\x1f\x7f\xff\xc3\xa9ntruefals/";

/// Each damage replaces, inserts or removes one byte.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = vec((any::<Index>(), 0..3, any::<Index>()), 0..6);
    (json(), any::<bool>(), damage).prop_map(|(value, pretty, damage)| {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let mut bytes = text.into_bytes();
        for (place, how, what) in damage {
            let at = place.index(bytes.len() + 1);
            let byte = DAMAGE[what.index(DAMAGE.len())];
            match how {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => {}
            }
        }
        bytes
    })
}

/// The scanner takes what `serde_json` takes, without repetitions, and nothing else.
fn agrees(bytes: &[u8]) {
    let scanned = check(bytes);
    let free = serde_json::from_slice::<FreeValue>(bytes);
    let value = serde_json::from_slice::<Value>(bytes);
    match (&scanned, &value) {
        (Ok(()), Ok(value)) => assert_eq!(free.expect("nothing repeated").value(), value),
        (Ok(()), Err(error)) => assert!(error.to_string().contains("out of range"), "{error}"),
        (Err(fault), Ok(_)) => {
            let text = fault.to_string();
            assert!(text.contains("appears twice") || text.contains("deeper than"), "{text}");
            assert!(free.is_err(), "{text}");
        }
        (Err(_), Err(_)) => {}
    }
    if scanned.is_ok() && value.is_ok() {
        explain::<FreeValue>(bytes).expect("the slow reading takes it");
    }
    if let Err(BodyFault::Schema(faults)) = parse::<Body>(bytes) {
        assert!(scanned.is_ok() && !faults.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn damaged_bodies_are_judged_as_by_serde_json(bytes in damaged()) {
        agrees(&bytes);
    }

    #[test]
    fn random_bytes_are_judged_as_by_serde_json(bytes in vec(any::<u8>(), 0..200)) {
        agrees(&bytes);
    }

    #[test]
    fn bytes_of_json_are_judged_as_by_serde_json(
        places in vec(0..DAMAGE.len(), 0..12),
    ) {
        agrees(&places.into_iter().map(|place| DAMAGE[place]).collect::<Vec<_>>());
    }

    #[test]
    fn whole_values_come_back(value in json()) {
        let text = value.to_string();
        prop_assert_eq!(check(text.as_bytes()), Ok(()));
        let slow: FreeValue = explain(text.as_bytes()).expect("well-formed");
        prop_assert_eq!(slow.into_value(), value);
    }
}

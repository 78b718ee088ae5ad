//! The pieces below the model: sets of ids, the persistent map, questions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::decisions::{QUESTION_BYTES_MAX, QuestionError, bits::IdSet, shards::Shards};

fn any_ids() -> impl Strategy<Value = BTreeSet<u32>> {
    let near = proptest::collection::btree_set(0..200_u32, 0..150);
    let far = proptest::collection::btree_set(0..100_000_u32, 0..20);
    prop_oneof![near.clone(), far.clone(), (near, far).prop_map(|(a, b)| &a | &b)]
}

fn set(ids: &BTreeSet<u32>) -> IdSet {
    IdSet::from_sorted(ids.iter().copied().collect())
}

proptest! {
    #[test]
    fn an_id_set_is_a_set(ids in any_ids(), asked in vec(0..300_u32, 50)) {
        let got = set(&ids);
        prop_assert_eq!(got.iter().collect::<Vec<_>>(), ids.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(got.is_empty(), ids.is_empty());
        for id in asked.iter().chain(&ids) {
            prop_assert_eq!(got.contains(*id), ids.contains(id));
        }
    }

    #[test]
    fn unions_are_unions(parts in vec(any_ids(), 0..4)) {
        let expected = parts.iter().fold(BTreeSet::new(), |all, part| &all | part);
        let sets: Vec<IdSet> = parts.iter().map(set).collect();
        let got = IdSet::union(sets.iter());
        prop_assert_eq!(&got, &set(&expected));
        prop_assert_eq!(got.memory_bytes(), set(&expected).memory_bytes());
    }

    #[test]
    fn of_several_edits_of_an_id_the_last_counts(
        ids in any_ids(),
        edits in vec((0..220_u32, any::<bool>()), 0..60),
    ) {
        let got = set(&ids).edited(edits.clone());
        let mut expected = ids;
        for (id, granted) in edits {
            if granted { expected.insert(id) } else { expected.remove(&id) };
        }
        prop_assert_eq!(got.iter().collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_map_leaves_the_old_one_as_it_was(
        edits in vec((0..300_u32, proptest::option::weighted(0.7, any::<u8>())), 0..600),
        split in 0..600_usize,
    ) {
        let (mut map, mut model) = (Shards::default(), BTreeMap::new());
        let mut old = None;
        for (at, (key, value)) in edits.into_iter().enumerate() {
            if at == split {
                old = Some((map.clone(), model.clone()));
            }
            if let Some(value) = value {
                map.insert(key, Arc::new(value));
                model.insert(key, value);
            } else {
                map.remove(&key);
                model.remove(&key);
            }
        }
        for (map, model) in old.into_iter().chain([(map, model)]) {
            let all: BTreeMap<u32, u8> = map.iter().map(|(key, value)| (key, **value)).collect();
            prop_assert_eq!(map.iter().count(), model.len());
            prop_assert_eq!(&all, &model);
            for key in 0..300 {
                prop_assert_eq!(map.get(&key).map(|value| **value), model.get(&key).copied());
            }
        }
    }
}

#[test]
fn a_set_takes_the_smaller_form() {
    let sparse = IdSet::from_sorted(vec![0, 13_789]);
    let dense = IdSet::from_sorted((0..13_790).collect());
    assert!(sparse.memory_bytes() < 64, "{}", sparse.memory_bytes());
    assert!(dense.memory_bytes() < 13_790 / 8 + 64, "{}", dense.memory_bytes());
}

#[test]
fn questions_are_any_text_within_limits() {
    let longest = "x".repeat(QUESTION_BYTES_MAX);
    for text in ["a", "a:b c", "*", "déjà vu", "\u{10ffff}", " ", "~", longest.as_str()] {
        let asked = question(text, text);
        assert_eq!((asked.resource(), asked.action()), (text, text));
    }
    let long = format!("{longest}x");
    let wide = "é".repeat(QUESTION_BYTES_MAX / 2 + 1);
    for (text, expected) in [
        ("", QuestionError::Empty { side: "resource" }),
        (&long, QuestionError::TooLong { side: "resource", bytes: QUESTION_BYTES_MAX + 1 }),
        (&wide, QuestionError::TooLong { side: "resource", bytes: QUESTION_BYTES_MAX + 2 }),
        ("a\0", QuestionError::Control { side: "resource" }),
        ("a\nb", QuestionError::Control { side: "resource" }),
        ("\u{7f}", QuestionError::Control { side: "resource" }),
        ("a\u{85}", QuestionError::Control { side: "resource" }),
    ] {
        assert_eq!(Question::new(text, "read").unwrap_err(), expected, "{text:?}");
    }
    let error = Question::new("a", "\t").unwrap_err();
    assert_eq!(error, QuestionError::Control { side: "action" });
}

//! A view behaves as an ordered map does: overlay, savepoints, ranges, pages.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use latchkey_storage::view::cursor;
use latchkey_storage::{CommitLog, LogOptions, Page, View};
use proptest::prelude::*;

use crate::harness::{Notes, Texts, Trail, World, buffered, note, tenant};

type Model = BTreeMap<(String, u16), String>;

#[derive(Debug, Clone)]
enum Step {
    Put(String, u16, String),
    Delete(String, u16),
    Savepoint,
    Rollback,
    Commit,
    Look { prefix: Option<String>, after: Option<(String, u16)>, skip: usize, limit: usize },
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just(""), Just("a"), Just("a\0"), Just("ab"), Just("b")].prop_map(str::to_owned)
}

fn step() -> impl Strategy<Value = Step> {
    let look = (
        proptest::option::of(name()),
        proptest::option::of((name(), 0_u16..4)),
        0_usize..3,
        0_usize..5,
    );
    prop_oneof![
        6 => (name(), 0_u16..4, "[a-z]{1,3}").prop_map(|(a, b, text)| Step::Put(a, b, text)),
        3 => (name(), 0_u16..4).prop_map(|(a, b)| Step::Delete(a, b)),
        1 => Just(Step::Savepoint),
        1 => Just(Step::Rollback),
        1 => Just(Step::Commit),
        4 => look.prop_map(|(prefix, after, skip, limit)| Step::Look { prefix, after, skip, limit }),
    ]
}

/// The rows of a page by the model.
fn expected(
    model: &Model,
    prefix: Option<&String>,
    after: Option<&(String, u16)>,
    skip: usize,
    limit: usize,
) -> Vec<((String, u16), String)> {
    let rows = model.iter().map(|(key, value)| (key.clone(), value.clone()));
    let rows = rows.filter(|(key, _)| prefix.is_none_or(|prefix| key.0 == *prefix));
    rows.filter(|(key, _)| after.is_none_or(|after| key > after)).skip(skip).take(limit).collect()
}

fn look(
    view: &View<'_>,
    prefix: Option<&String>,
    after: Option<&(String, u16)>,
    skip: usize,
    limit: usize,
) -> Vec<((String, u16), String)> {
    let page = Page { after: after.map(cursor::<Texts>), skip, limit };
    let rows = match prefix {
        Some(prefix) => view.scan::<Texts>(&(prefix.clone(),), page),
        None => view.scan::<Texts>(&(), page),
    };
    rows.unwrap().into_iter().map(|(key, value)| (key, value.0)).collect()
}

/// One world for all cases; each case has a tenant of its own.
static WORLD: LazyLock<World> = LazyLock::new(|| World::with(&buffered(), LogOptions::default()));

fn check_all(view: &View<'_>, model: &Model) {
    let all = |view: &View<'_>| look(view, None, None, 0, usize::MAX);
    assert_eq!(all(view), expected(model, None, None, 0, usize::MAX));
    for name in ["", "a", "a\0", "ab", "b"] {
        for number in 0..4 {
            let key = (name.to_owned(), number);
            let found = view.get::<Texts>(&key).unwrap().map(|note| note.0);
            assert_eq!(found.as_ref(), model.get(&key));
            assert_eq!(view.contains::<Texts>(&key).unwrap(), found.is_some());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_view_is_an_ordered_map(steps in proptest::collection::vec(step(), 1..40), id: u128) {
        let mine = tenant(id | 1 << 64);
        // Neighbours on both sides, and other tables, whose rows must never show up.
        for neighbour in [id.wrapping_sub(1), id.wrapping_add(1)].map(|id| tenant(id | 1 << 64)) {
            if neighbour != mine {
                WORLD.commit(neighbour, |view| {
                    view.put::<Texts>(&("a".into(), 1), &note("foreign"));
                }).unwrap();
            }
        }
        WORLD.commit(mine, |view| {
            view.put::<Notes>(&(1,), &note("another table"));
            view.put::<Trail>(&(1,), &note("another family"));
            let none = Page { after: None, skip: 0, limit: usize::MAX };
            for (key, _) in view.scan::<Texts>(&(), none).unwrap() {
                view.delete::<Texts>(&key);
            }
        }).unwrap();

        let mut committed = Model::new();
        let mut model = committed.clone();
        let mut marks = Vec::new();
        let mut view = WORLD.store.view(mine);
        for step in steps {
            match step {
                Step::Put(a, b, text) => {
                    view.put::<Texts>(&(a.clone(), b), &note(&text));
                    model.insert((a, b), text);
                }
                Step::Delete(a, b) => {
                    view.delete::<Texts>(&(a.clone(), b));
                    model.remove(&(a, b));
                }
                Step::Savepoint => marks.push((view.savepoint(), model.clone())),
                Step::Rollback => if let Some((savepoint, then)) = marks.pop() {
                    view.rollback(savepoint);
                    model = then;
                },
                Step::Commit => {
                    marks.clear();
                    let prev = view.version().unwrap();
                    let ops = view.into_ops();
                    prop_assert!(ops.windows(2).all(|two| two[0].key < two[1].key));
                    WORLD.log.append(WORLD.record(mine, prev, ops)).wait().unwrap();
                    view = WORLD.store.view(mine);
                    committed = model.clone();
                }
                Step::Look { prefix, after, skip, limit } => {
                    let (prefix, after) = (prefix.as_ref(), after.as_ref());
                    prop_assert_eq!(
                        look(&view, prefix, after, skip, limit),
                        expected(&model, prefix, after, skip, limit)
                    );
                }
            }
        }
        check_all(&view, &model);
        prop_assert_eq!(view.count::<Texts>(&(), usize::MAX).unwrap(), model.len());
        prop_assert_eq!(view.count::<Texts>(&(), 2).unwrap(), model.len().min(2));
        drop(view);
        check_all(&WORLD.store.view(mine), &committed);
    }
}

#[test]
fn a_walk_stops_where_it_is_told() {
    let world = World::new();
    let mut view = world.store.view(tenant(1));
    for number in 0..10 {
        view.put::<Notes>(&(number,), &note(number));
    }
    let mut seen = Vec::new();
    let walk = view.for_each::<Notes>(&(), |(number,), value| {
        seen.push((number, value.0));
        if number == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(walk, Ok(()));
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[3], (3, "3".to_owned()));
}

#[test]
fn a_view_sees_one_moment() {
    let world = World::new();
    let one = world.note(tenant(1), 1, "old");
    let view = world.store.view(tenant(1));
    let two = world.note(tenant(1), 1, "new");
    world.note(tenant(1), 2, "later");
    assert_eq!((view.seq(), view.version().unwrap()), (one, one.into()));
    assert_eq!(view.get::<Notes>(&(1,)).unwrap(), Some(note("old")));
    assert!(!view.contains::<Notes>(&(2,)).unwrap());
    assert!(two > one);
}

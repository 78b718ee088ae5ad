//! Circles and depth.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::decisions::{HierarchyError, LEVELS_MAX};

const LEVELS: u128 = LEVELS_MAX as u128;

/// Roles 1 (the top) to `n`, each the parent of the next.
fn chain(n: u128) -> Model {
    Model::compile(
        (1..=n).map(|at| if at == 1 { put_role(1, &[]) } else { put_role(at, &[at - 1]) }),
    )
}

#[test]
fn chains_end_at_the_limit() {
    let model = chain(LEVELS);
    let refused = |id: u128, parents: &[u128]| {
        let parents: Vec<_> = parents.iter().map(|&n| role(n)).collect();
        model.would_cycle_role(role(id), &parents).err()
    };
    for (id, parents, expected) in [
        (50, vec![], None),
        (50, vec![LEVELS - 1], None),
        (50, vec![1, LEVELS], Some(HierarchyError::TooDeep)),
        (1, vec![50], Some(HierarchyError::TooDeep)),
        (2, vec![50], None),
        (1, vec![1], Some(HierarchyError::Cycle)),
        (1, vec![LEVELS], Some(HierarchyError::Cycle)),
        (3, vec![5], Some(HierarchyError::Cycle)),
        (5, vec![3], None),
    ] {
        assert_eq!(refused(id, &parents), expected, "{id} below {parents:?}");
    }
}

#[test]
fn groups_follow_the_same_rule() {
    let rows = (1..=LEVELS).map(|n| put_group(n, (n > 1).then(|| n - 1)));
    let model = Model::compile(rows);
    let refused = |id: u128, parent: Option<u128>| {
        model.would_cycle_group(group(id), parent.map(group)).err()
    };
    assert_eq!(refused(50, None), None);
    assert_eq!(refused(50, Some(LEVELS - 1)), None);
    assert_eq!(refused(50, Some(LEVELS)), Some(HierarchyError::TooDeep));
    assert_eq!(refused(1, Some(LEVELS)), Some(HierarchyError::Cycle));
}

#[test]
fn many_paths_cost_no_more_than_their_edges() {
    let tier = |level: u128| (0..40).map(move |n| level * 100 + n);
    let parents = |level: u128| if level == 0 { vec![] } else { tier(level - 1).collect() };
    let rows = (0..LEVELS).flat_map(|level| tier(level).map(move |n| put_role(n, &parents(level))));
    let model = Model::compile(rows);
    assert_eq!(model.would_cycle_role(role(7_777), &[role(800)]), Ok(()));
    assert_eq!(model.would_cycle_role(role(7), &[role(939)]), Err(HierarchyError::Cycle));
    assert_eq!(model.would_cycle_role(role(7), &[role(1)]), Err(HierarchyError::TooDeep));
    assert_eq!(model.would_cycle_role(role(7_777), &[role(900)]), Err(HierarchyError::TooDeep));
}

type Graph = BTreeMap<u128, Vec<u128>>;

/// The longest way up from a node, by trying all; `None` once it is longer than there are nodes.
fn levels(graph: &Graph, from: u128, left: usize) -> Option<usize> {
    let left = left.checked_sub(1)?;
    let parents = graph.get(&from).into_iter().flatten();
    let ways: Option<Vec<usize>> = parents.map(|&up| levels(graph, up, left)).collect();
    Some(1 + ways?.into_iter().max().unwrap_or(0))
}

fn judge(graph: &Graph) -> Result<(), HierarchyError> {
    let all: Option<Vec<usize>> =
        graph.keys().map(|&node| levels(graph, node, graph.len() + 1)).collect();
    match all {
        None => Err(HierarchyError::Cycle),
        Some(all) if all.iter().any(|&levels| levels > LEVELS_MAX) => Err(HierarchyError::TooDeep),
        Some(_) => Ok(()),
    }
}

proptest! {
    #[test]
    fn parents_are_refused_exactly_when_they_break_a_rule(
        edits in vec((0..14_u128, vec(0..14_u128, 0..3)), 1..60),
    ) {
        let mut graph: Graph = (0..14).map(|n| (n, Vec::new())).collect();
        let mut model = Model::compile((0..14).map(|n| put_role(n, &[])));
        for (id, parents) in edits {
            let mut changed = graph.clone();
            changed.insert(id, parents.clone());
            let ids: Vec<_> = parents.iter().map(|&n| role(n)).collect();
            let expected = judge(&changed);
            prop_assert_eq!(model.would_cycle_role(role(id), &ids), expected);
            if expected.is_ok() {
                model = model.derive(&[put_role(id, &parents)]);
                graph = changed;
            }
        }
    }
}

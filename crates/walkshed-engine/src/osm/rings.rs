//! Joins the member ways of a multipolygon into rings.

use std::collections::HashMap;

/// Maximum number of member ways of a plaza. A plaza with more is skipped.
const MAX_MEMBERS: usize = 10_000;

/// Decodes the delta-encoded references of a way.
pub(super) fn absolute(deltas: &[i64]) -> Vec<i64> {
    let mut id = 0i64;
    let mut refs: Vec<i64> = deltas
        .iter()
        .map(|d| {
            id = id.wrapping_add(*d);
            id
        })
        .collect();
    refs.dedup();
    refs.shrink_to_fit();
    refs
}

/// Joins member ways end to end into rings, exterior ring first. Deducts their nodes from `node_budget`. Returns `None`
/// if a ring stays open, a member is missing, or there are too many members or nodes.
pub(super) fn close_rings<'a>(
    members: &[(i64, bool)],
    way: impl Fn(i64) -> Option<&'a [i64]>,
    node_budget: &mut usize,
) -> Option<Vec<Vec<i64>>> {
    if members.len() > MAX_MEMBERS {
        return None;
    }
    let mut rings = Vec::new();
    for outer in [true, false] {
        let ways: Vec<&[i64]> = members.iter().filter(|m| m.1 == outer).map(|m| way(m.0)).collect::<Option<_>>()?;
        *node_budget = node_budget.checked_sub(ways.iter().map(|w| w.len()).sum())?;
        let mut at_end: HashMap<i64, Vec<usize>> = HashMap::new();
        for (i, way) in ways.iter().enumerate().rev() {
            for end in [way.first(), way.last()].into_iter().flatten() {
                at_end.entry(*end).or_default().push(i);
            }
        }
        let mut used = vec![false; ways.len()];
        for last in (0..ways.len()).rev() {
            if std::mem::replace(&mut used[last], true) {
                continue;
            }
            let mut ring = ways[last].to_vec();
            while ring.first() != ring.last() {
                let end = *ring.last()?;
                let here = at_end.get_mut(&end)?;
                let next = loop {
                    let next = here.pop()?;
                    if !std::mem::replace(&mut used[next], true) {
                        break next;
                    }
                };
                let piece = ways[next].iter();
                if ways[next].first() == Some(&end) {
                    ring.extend(piece.skip(1));
                } else {
                    ring.extend(piece.rev().skip(1));
                }
            }
            ring.pop();
            if ring.len() >= 3 {
                rings.push(ring);
            }
        }
        if outer && rings.len() != 1 {
            // Several exterior rings share one set of holes. Such a plaza gets no lines across it.
            return None;
        }
    }
    Some(rings)
}

//! Marks, for each profile, which edges are disconnected from the main networks and which are fragments.

use super::zones::{independent_networks, weight};
use crate::components::Components;
use crate::edge::Edge;
use crate::profile::{Profile, ProfileSet};
use crate::units::Deciseconds;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Number of vertices tried as members of the strongly connected core of a network.
const CORE_TRIES: usize = 8;

/// The graph in adjacency array form: for every vertex its first arc, and for every arc its head.
#[derive(Clone, Copy)]
pub(crate) struct Arcs<'a> {
    pub first_arc: &'a [u32],
    pub heads: &'a [u32],
}

impl Arcs<'_> {
    const fn vertices(&self) -> usize {
        self.first_arc.len() - 1
    }
}

/// Sets for each edge the profiles that can use it, and those for which it is cut off or a fragment. `costs` holds, by
/// profile, the costs along the arcs and against them.
///
/// An edge is connected if its component counts as a network ([`independent_networks`]). For bicycles it must also reach the
/// core of that network and be reachable from it, because one-way streets may end at the border of the extract. All
/// other edges are separate. A separate edge is cut off if it is also separate on foot, or if the profile is bicycle
/// (bicycles can be pushed along any footway). Otherwise it is a fragment: only a barrier to this profile separates it.
pub(crate) fn mark_disconnected(
    edges: &mut [Edge],
    arcs: Arcs<'_>,
    costs: &[[&[Deciseconds]; 2]],
    own_network_km: f64,
) {
    for edge in edges.iter_mut() {
        let mut usable = ProfileSet::default();
        let can_use = |p: &Profile| edge.arcs.iter().any(|&arc| costs[p.index()][0][arc as usize].is_some());
        Profile::ALL.into_iter().filter(can_use).for_each(|p| usable.insert(p));
        edge.set_usable(usable);
    }
    let separation: Vec<Vec<Separation>> =
        Profile::ALL.into_par_iter().map(|p| separation(edges, arcs, (p, costs[p.index()]), own_network_km)).collect();
    let adult = &separation[Profile::Adult.index()];
    for (n, edge) in edges.iter_mut().enumerate() {
        let (mut cut_off, mut fragment) = (ProfileSet::default(), ProfileSet::default());
        for profile in Profile::ALL {
            match separation[profile.index()][n] {
                Separation::Connected => {}
                Separation::Fragment if profile != Profile::Bicycle && adult[n] == Separation::Connected => {
                    fragment.insert(profile);
                }
                Separation::Fragment | Separation::CutOff => cut_off.insert(profile),
            }
        }
        edge.set_disconnected(cut_off, fragment);
    }
}

/// Whether an edge is connected to a network, for one profile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separation {
    Connected,
    Fragment,
    CutOff,
}

/// Returns for each edge whether it is connected, for one profile with its costs along and against the arcs.
fn separation(
    edges: &[Edge],
    arcs: Arcs<'_>,
    (profile, costs): (Profile, [&[Deciseconds]; 2]),
    own_network_km: f64,
) -> Vec<Separation> {
    let mut components = Components::new(arcs.vertices());
    let is_usable = |edge: &Edge| edge.usable().contains(profile);
    for edge in edges.iter().filter(|e| is_usable(e)) {
        components.union(edge.tail.0, edge.head.0);
    }
    let mut sizes: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for edge in edges.iter().filter(|e| is_usable(e)) {
        let size = sizes.entry(components.find(edge.tail.0)).or_default();
        let length = f64::from(edge.length_m);
        (size.0, size.1) = (size.0 + length, size.1 + weight(edge.kind(), edge.flags(), length));
    }
    let own = independent_networks(&sizes, own_network_km);
    // Collect vertices on open streets of each network, as starting points for finding its core.
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let goes_one_way = profile == Profile::Bicycle;
    for edge in edges.iter().filter(|e| goes_one_way && is_usable(e) && !e.is_restricted()) {
        let root = components.find(edge.tail.0);
        if own.contains(&root) {
            members.entry(root).or_default().push(edge.tail.0);
        }
    }
    let (mut enters, mut leaves) = (vec![false; arcs.vertices()], vec![false; arcs.vertices()]);
    for vertices in members.values() {
        core_of(arcs, costs, vertices, &mut enters, &mut leaves);
    }
    edges
        .iter()
        .map(|edge| {
            if !is_usable(edge) {
                return Separation::Connected;
            }
            let root = components.find(edge.tail.0);
            if own.contains(&root) {
                // Networks of private ways alone have no core. They count as a whole.
                if !members.contains_key(&root) {
                    return Separation::Connected;
                }
                let (tail, head) = (edge.tail.index(), edge.head.index());
                let [ahead, back] = edge.arcs.map(|arc| costs[0][arc as usize].is_some());
                let can_leave = ahead && leaves[head] || back && leaves[tail];
                let can_enter = ahead && enters[tail] || back && enters[head];
                return if can_leave && can_enter { Separation::Connected } else { Separation::CutOff };
            }
            Separation::Fragment
        })
        .collect()
}

/// Marks what the core of a network reaches (`enters`) and what reaches the core (`leaves`). The core is the largest
/// set of mutually reachable vertices around a sample of `vertices`.
fn core_of(arcs: Arcs<'_>, costs: [&[Deciseconds]; 2], vertices: &[u32], enters: &mut [bool], leaves: &mut [bool]) {
    let mut best: Option<(usize, Vec<u32>, Vec<u32>)> = None;
    for n in 0..CORE_TRIES {
        let from = vertices[(vertices.len() / 2 + n * (vertices.len() / CORE_TRIES)) % vertices.len()];
        let (out, incoming) = (reached(arcs, costs[0], from), reached(arcs, costs[1], from));
        let (mut a, mut b) = (out.clone(), incoming.clone());
        a.sort_unstable();
        b.sort_unstable();
        let both = a.iter().filter(|v| b.binary_search(v).is_ok()).count();
        let covers_half = both * 2 >= a.len().max(b.len());
        if best.as_ref().is_none_or(|b| both > b.0) {
            best = Some((both, out, incoming));
        }
        if covers_half {
            break;
        }
    }
    if let Some((_, out, incoming)) = best {
        for v in out {
            enters[v as usize] = true;
        }
        for v in incoming {
            leaves[v as usize] = true;
        }
    }
}

/// Returns the vertices reached along arcs with a cost.
fn reached(arcs: Arcs<'_>, costs: &[Deciseconds], from: u32) -> Vec<u32> {
    let mut seen = vec![false; arcs.vertices()];
    seen[from as usize] = true;
    let mut all = vec![from];
    let mut next = 0;
    while let Some(&v) = all.get(next) {
        next += 1;
        let leaving = arcs.first_arc[v as usize] as usize..arcs.first_arc[v as usize + 1] as usize;
        for (&head, cost) in arcs.heads[leaving.clone()].iter().zip(&costs[leaving]) {
            if cost.is_some() && !std::mem::replace(&mut seen[head as usize], true) {
                all.push(head);
            }
        }
    }
    all
}

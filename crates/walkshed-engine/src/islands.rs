//! Islands: the parts of a network that no mapped street connects to the rest.

use crate::access::{EdgeFlags, Kind};
use crate::components::Components;
use crate::edge::Edge;
use crate::geo::Fixed;
use crate::network::Network;
use crate::units::EdgeId;
use std::collections::BTreeMap;

/// A connected component that is too small to count as a network.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Island {
    /// The position of one of its vertices.
    pub at: Fixed,
    /// Number of street segments.
    pub segments: u64,
    /// Length of its streets in metres.
    pub length_m: f64,
    /// Metres of the shortest off-network leg that connects it to a street; `None` if no street is near enough.
    pub leg_m: Option<f64>,
}

/// All islands of a network, longest first, and the island of every edge.
#[derive(Debug, Clone, Default)]
pub struct Islands {
    /// The islands, longest first.
    pub pieces: Vec<Island>,
    /// By edge: the index of its island, or [`u32::MAX`] if the edge is part of a network.
    of_edge: Vec<u32>,
}

impl Islands {
    /// Finds all islands of a network.
    #[must_use]
    pub fn find(network: &Network) -> Self {
        let mut components = Components::new(network.vertices().len());
        let is_mapped = |edge: &Edge| edge.kind() != Kind::OffNetwork;
        for edge in network.edge_ids().map(|id| network.edge(id)).filter(|e| is_mapped(e)) {
            components.union(edge.tail.0, edge.head.0);
        }
        // A component counts as a network if one of its edges does.
        let mut found: BTreeMap<u32, (Island, bool)> = BTreeMap::new();
        for edge in network.edge_ids().map(|id| network.edge(id)) {
            if !is_mapped(edge) {
                continue;
            }
            let new = Island { at: network.vertices()[edge.tail.index()], segments: 0, length_m: 0.0, leg_m: None };
            let (piece, counts) = found.entry(components.find(edge.tail.0)).or_insert((new, false));
            piece.segments += u64::from(!edge.is_entry());
            piece.length_m += f64::from(edge.length_m);
            let belongs = edge.usable().0 & !edge.cut_off().0 != 0 && !edge.is_entry();
            *counts |= belongs && !edge.flags().has(EdgeFlags::DETACHED);
        }
        for edge in network.edge_ids().map(|id| network.edge(id)).filter(|e| !is_mapped(e)) {
            for end in [edge.tail, edge.head] {
                if let Some((piece, false)) = found.get_mut(&components.find(end.0)) {
                    let metres = f64::from(edge.length_m);
                    piece.leg_m = Some(piece.leg_m.map_or(metres, |m| m.min(metres)));
                }
            }
        }
        let mut roots: Vec<(u32, Island)> =
            found.into_iter().filter(|(_, (_, counts))| !counts).map(|(root, (piece, _))| (root, piece)).collect();
        roots.sort_by(|a, b| b.1.length_m.total_cmp(&a.1.length_m).then(a.0.cmp(&b.0)));
        let numbers: BTreeMap<u32, u32> = roots.iter().map(|r| r.0).zip(0..).collect();
        let mut of_edge = vec![u32::MAX; network.edge_count()];
        for id in network.edge_ids() {
            if let Some(&number) = numbers.get(&components.find(network.edge(id).tail.0)) {
                of_edge[id.index()] = number;
            }
        }
        Self { pieces: roots.into_iter().map(|r| r.1).collect(), of_edge }
    }

    /// Returns the index of the island that contains an edge, or `None` if the edge is part of a network.
    #[must_use]
    pub fn of(&self, edge: EdgeId) -> Option<usize> {
        self.of_edge.get(edge.index()).copied().filter(|&n| n != u32::MAX).map(|n| n as usize)
    }
}

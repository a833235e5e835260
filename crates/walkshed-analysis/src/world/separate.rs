//! Who lives and what stands on streets that are cut off, or behind private gates.

use super::World;
use walkshed_engine::{Network, Profile, SeparatePiece, SeparatePieces, Snap};

/// What is on one piece that is cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct CutOffPiece {
    pub piece: SeparatePiece,
    pub people: f64,
    pub facilities: u64,
}

/// What is on all of them, for people on foot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CutOff {
    /// Those with most people first, then the longest.
    pub pieces: Vec<CutOffPiece>,
    /// People and facilities in restricted zones of the network: gated compounds, private roads.
    pub restricted_people: f64,
    pub restricted_facilities: u64,
}

impl CutOff {
    pub(super) fn find(world: &World, network: &Network) -> Self {
        let separate = SeparatePieces::find(network);
        let mut found = Self::default();
        let none = |&piece: &SeparatePiece| CutOffPiece { piece, people: 0.0, facilities: 0 };
        found.pieces = separate.pieces.iter().map(none).collect();
        let is_restricted = |snap: &Snap| network.edge(snap.edge).is_restricted();
        let people = &world.population_layer.snapped(network, Profile::Adult).snaps;
        for (cell, snap) in world.register.population.iter().zip(people) {
            match snap.as_ref().map(|snap| (separate.of(snap.edge), snap)) {
                Some((Some(n), _)) => found.pieces[n].people += cell.people,
                Some((None, snap)) if is_restricted(snap) => found.restricted_people += cell.people,
                _ => {}
            }
        }
        for snap in world.facility_layer.snapped(network, Profile::Adult).snaps.iter().flatten() {
            match separate.of(snap.edge) {
                Some(n) => found.pieces[n].facilities += 1,
                None => found.restricted_facilities += u64::from(is_restricted(snap)),
            }
        }
        let by_people = |a: &CutOffPiece, b: &CutOffPiece| b.people.total_cmp(&a.people);
        found.pieces.sort_by(|a, b| by_people(a, b).then(b.piece.length_m.total_cmp(&a.piece.length_m)));
        found
    }

    /// People and facilities on all pieces, or on those that no leg joins to a street.
    #[must_use]
    pub fn totals(&self, alone: bool) -> (f64, u64) {
        let counted = self.pieces.iter().filter(|p| !alone || p.piece.leg_m.is_none());
        counted.fold((0.0, 0), |(people, facilities), p| (people + p.people, facilities + p.facilities))
    }
}

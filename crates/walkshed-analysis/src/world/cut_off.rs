//! People and facilities on streets that are cut off from the network or restricted.

use walkshed_engine::{Island, Islands, Network, PointLayer, Profile, Snap};
use walkshed_register::Register;

/// People and facilities on one piece that is cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct CutOffPiece {
    pub piece: Island,
    pub people: f64,
    pub facilities: u64,
}

/// People and facilities on all pieces that are cut off, for pedestrians.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CutOff {
    /// Ordered by number of people, then by length, descending.
    pub pieces: Vec<CutOffPiece>,
    /// People and facilities in restricted zones of the network: gated compounds, private roads.
    pub restricted_people: f64,
    pub restricted_facilities: u64,
}

impl CutOff {
    /// Finds the people and facilities. The layers hold the population cells and the facilities of the register.
    pub(super) fn find(
        network: &Network,
        register: &Register,
        population: &PointLayer,
        facilities: &PointLayer,
    ) -> Self {
        let separate = Islands::find(network);
        let mut found = Self::default();
        let none = |&piece: &Island| CutOffPiece { piece, people: 0.0, facilities: 0 };
        found.pieces = separate.pieces.iter().map(none).collect();
        let is_restricted = |snap: &Snap| network.edge(snap.edge).is_restricted();
        let people = &population.snapped(network, Profile::Adult).snaps;
        for (cell, snap) in register.population.iter().zip(people) {
            match snap.as_ref().map(|snap| (separate.of(snap.edge), snap)) {
                Some((Some(n), _)) => found.pieces[n].people += cell.people,
                Some((None, snap)) if is_restricted(snap) => found.restricted_people += cell.people,
                _ => {}
            }
        }
        for snap in facilities.snapped(network, Profile::Adult).snaps.iter().flatten() {
            match separate.of(snap.edge) {
                Some(n) => found.pieces[n].facilities += 1,
                None => found.restricted_facilities += u64::from(is_restricted(snap)),
            }
        }
        let by_people = |a: &CutOffPiece, b: &CutOffPiece| b.people.total_cmp(&a.people);
        found.pieces.sort_by(|a, b| by_people(a, b).then(b.piece.length_m.total_cmp(&a.piece.length_m)));
        found
    }

    /// Returns people and facilities on all pieces; with `alone`, only on those that no off-network leg connects to a street.
    #[must_use]
    pub fn totals(&self, alone: bool) -> (f64, u64) {
        let counted = self.pieces.iter().filter(|p| !alone || p.piece.leg_m.is_none());
        counted.fold((0.0, 0), |(people, facilities), p| (people + p.people, facilities + p.facilities))
    }
}

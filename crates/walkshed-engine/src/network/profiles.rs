//! How the profiles of a network are replaced after the import.

use super::Network;
use crate::access::Kind;
use crate::build::connectivity::{Arcs, mark_disconnected};
use crate::cost::{self, cost};
use crate::ground::Ground;
use crate::profile::{Profile, Profiles};
use crate::units::{Deciseconds, EdgeId};
use std::sync::Arc;

impl Network {
    /// Replaces the profiles. Recomputes the costs of profiles that differ from those of the import, and the masks that
    /// depend on costs: usable, cut off, fragment.
    #[must_use]
    pub fn with_profiles(mut self, profiles: &Profiles) -> Self {
        (self.recomputed_costs, self.recomputed_edges) = (Arc::new(vec![None; Profile::COUNT]), None);
        let made = Profile::ALL.map(|profile| {
            (profiles.get(profile) != self.meta.profiles.get(profile)).then(|| {
                let params = profiles.get(profile);
                let arcs = self.arc_heads().len();
                let mut table = [vec![Deciseconds::NEVER; arcs], vec![Deciseconds::NEVER; arcs]];
                for id in self.edge_ids() {
                    let (edge, segment) = (self.edge(id), self.cost_segment(id));
                    let both = [cost(&segment, params, true), cost(&segment, params, false)];
                    edge.write_costs(both, &mut table);
                }
                table
            })
        });
        let is_changed = made.iter().any(Option::is_some);
        self.recomputed_costs = Arc::new(made.into());
        self.profiles = profiles.clone();
        if is_changed {
            let mut edges = self.base_edges().to_vec();
            let end = edges.len() - 1;
            let arcs = Arcs { first_arc: self.base_first_arc(), heads: self.base_arc_heads() };
            let costs: Vec<[&[Deciseconds]; 2]> =
                Profile::ALL.iter().map(|&p| [0, 1].map(|way| self.base_times(p, way))).collect();
            mark_disconnected(&mut edges[..end], arcs, &costs, self.meta.own_network_km);
            self.recomputed_edges = Some(Arc::new(edges));
        }
        self
    }

    fn cost_segment(&self, id: EdgeId) -> cost::Segment<'_> {
        let edge = self.edge(id);
        let is_lift = edge.kind() == Kind::Lift;
        cost::Segment {
            length_m: f64::from(edge.length_m),
            kind: edge.kind(),
            access: edge.access,
            ground: Ground::of_segment(edge.kind(), edge.extra),
            duration_s: if is_lift { 0 } else { edge.extra },
            rise_m: if is_lift { f64::from(edge.extra) / 100.0 } else { 0.0 },
            heights: self.heights(id),
        }
    }
}

//! Networks with lengths instead of times as costs.

use super::Network;
use crate::profile::Profile;
use crate::units::Deciseconds;
use std::sync::OnceLock;

/// If costs are lengths, every profile travels at 1 m/s, so that a decisecond is a decimetre.
const ONE_M_S_IN_KMH: f64 = 3.6;

impl Network {
    /// Returns the same network with lengths in place of times: every [`Deciseconds`] value is then a length in
    /// decimetres, off-network legs included. Access rules are unchanged.
    #[must_use]
    pub fn by_length(&self) -> &Self {
        self.by_length.get_or_init(|| {
            let mut profiles = self.profiles.clone();
            for profile in Profile::ALL {
                let params = profiles.get_mut(profile);
                params.level_kmh = ONE_M_S_IN_KMH;
                params.off_network_factor = 1.0;
            }
            Box::new(Self {
                file: self.file.clone(),
                meta: self.meta.clone(),
                profiles,
                recomputed_costs: self.recomputed_costs.clone(),
                recomputed_edges: self.recomputed_edges.clone(),
                lengths: Some(Default::default()),
                by_length: OnceLock::new(),
                overlay: self.overlay.clone(),
            })
        })
    }

    /// Returns whether costs are lengths instead of times (see [`Network::by_length`]).
    #[must_use]
    pub const fn counts_lengths(&self) -> bool {
        self.lengths.is_some()
    }

    /// Returns the lengths of the arcs that a profile can use, along them and against them.
    pub(in crate::network) fn lengths_of(&self, profile: Profile) -> [Vec<Deciseconds>; 2] {
        let (edges, arc_edges) = (self.base_edges(), self.base_arc_edges());
        let base = [0, 1].map(|way| {
            let times = self.base_times(profile, way).iter().zip(arc_edges);
            let length = |(time, &edge): (&Deciseconds, &u32)| {
                if time.is_some() {
                    Deciseconds::from_seconds(f64::from(edges[edge as usize / 2].length_m))
                } else {
                    Deciseconds::NEVER
                }
            };
            times.map(length).collect::<Vec<_>>()
        });
        match &self.overlay {
            Some(overlay) => overlay.lengths(profile, [&base[0], &base[1]]),
            None => base,
        }
    }
}

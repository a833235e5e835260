//! The seeds of a search from a place.

use crate::network::Network;
use crate::profile::Profile;
use crate::start::{Seed, Start};
use crate::units::{Deciseconds, Direction};
use crate::zone::ZoneExit;
use std::ops::Deref;

/// The seeds of a search. On open streets they need no allocation.
#[derive(Debug, Clone)]
pub enum Seeds {
    /// The ends of the edge of the place.
    Ends([Seed; 2]),
    /// The vertices reached within the restricted zone of the place, and those outside its gates.
    Zone(Vec<Seed>),
}

impl Deref for Seeds {
    type Target = [Seed];

    fn deref(&self) -> &[Seed] {
        match self {
            Self::Ends(ends) => ends,
            Self::Zone(all) => all,
        }
    }
}

impl Start {
    /// Returns the seeds of a search from the place: the two ends of its edge, or, in a restricted zone, every vertex that
    /// is reached within `limit` without leaving the zone, and the vertices outside its gates.
    #[must_use]
    pub fn seeds(&self, network: &Network, profile: Profile, direction: Direction, limit: Deciseconds) -> Seeds {
        if network.edge(self.snap.edge).is_restricted() {
            Seeds::Zone(ZoneExit::find(network, profile, direction, self, limit).seeds)
        } else {
            Seeds::Ends(self.ends(network, profile, direction))
        }
    }
}

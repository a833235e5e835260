//! Starts and ends of searches.

use crate::network::Network;
use crate::profile::Profile;
use crate::snap::Snap;
use crate::units::{Deciseconds, Direction, VertexId};

/// A source of a search: a vertex and the time at which the search leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    /// The vertex.
    pub vertex: VertexId,
    /// The time already spent when the search leaves the vertex.
    pub time: Deciseconds,
}

/// The start (or end) of a search: a snapped place and the time of its off-network leg.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// The place on the network.
    pub snap: Snap,
    /// The time of the off-network leg.
    pub off: Deciseconds,
}

impl Start {
    /// Creates a start from a snapped place. The off-network leg is travelled at the off-network speed of the profile.
    #[must_use]
    pub fn new(network: &Network, snap: Snap, profile: Profile) -> Self {
        Self { snap, off: network.profiles().get(profile).off_network_time(snap.off_m) }
    }

    /// Returns the two ends of the edge of the place. An end that cannot be reached has the time [`Deciseconds::NEVER`].
    pub(crate) fn ends(&self, network: &Network, profile: Profile, direction: Direction) -> [Seed; 2] {
        let edge = network.edge(self.snap.edge);
        let [tail, head] = self.snap.to_ends(network, profile, direction);
        [Seed { vertex: edge.tail, time: self.off + tail }, Seed { vertex: edge.head, time: self.off + head }]
    }
}

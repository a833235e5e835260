//! Positions on the network.

use walkshed_engine::geo::{Place, Position, Storey};
use walkshed_engine::{Network, Profile, Snap, Start, Unsnappable};

/// A position snapped to the network.
#[derive(Debug, Clone, Copy)]
pub struct SnappedPoint {
    pub position: Position,
    pub start: Start,
}

impl SnappedPoint {
    /// Snaps a position on the ground to the network for a profile.
    ///
    /// # Errors
    /// [`Unsnappable`] with the distance to the nearest street.
    pub fn new(network: &Network, position: Position, profile: Profile) -> Result<Self, Unsnappable> {
        Self::on(network, position, Storey::Ground, profile)
    }

    /// Snaps a position on a storey to the network for a profile.
    ///
    /// # Errors
    /// [`Unsnappable`] with the distance to the nearest street.
    pub fn on(network: &Network, position: Position, storey: Storey, profile: Profile) -> Result<Self, Unsnappable> {
        let snap = network.snap(Place { at: position.into(), storey }, profile)?;
        Ok(Self { position, start: Start::new(network, snap, profile) })
    }

    /// Returns the snapped position.
    #[must_use]
    pub const fn snap(&self) -> &Snap {
        &self.start.snap
    }
}

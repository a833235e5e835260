//! The input and settings of a build, and its progress.

use crate::osm::StreetRules;
use crate::profile::Profiles;
use std::path::PathBuf;

/// Default length of streets, in kilometres, from which a disconnected component counts as a network of its own: a town
/// of some thousand people.
pub const OWN_NETWORK_KM: f64 = 50.0;

/// The input and the settings of a build.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    pub streets: PathBuf,
    pub elevation: Vec<PathBuf>,
    /// A component that is not connected to the rest counts as a network of its own if it has at least this many
    /// kilometres of streets, or at least half the size of the largest. Off-network legs connect all other components
    /// to nearby streets.
    pub own_network_km: f64,
    pub profiles: Profiles,
    pub rules: StreetRules,
}

impl BuildOptions {
    /// Returns the default options for an extract without elevation files.
    #[must_use]
    pub fn new(streets: PathBuf) -> Self {
        Self {
            streets,
            elevation: Vec::new(),
            own_network_km: OWN_NETWORK_KM,
            profiles: Profiles::default(),
            rules: StreetRules::default(),
        }
    }
}

/// The progress of an import.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Bytes read, and total bytes.
    Reading(u64, u64),
    Linking,
    Heights,
    Costs,
}

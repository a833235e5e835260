//! The input and settings of a build, and its progress.

use crate::osm::StreetRules;
use crate::profile::Profiles;
use std::path::PathBuf;

/// Default length of streets, in kilometres, from which a disconnected component counts as a network of its own: a town
/// of some thousand people.
pub const OWN_NETWORK_KM: f64 = 50.0;

/// The input and the settings of a build.
///
/// ```
/// use walkshed_engine::build::BuildOptions;
/// use walkshed_engine::osm::StreetRules;
///
/// let options = BuildOptions::new("city.osm.pbf".into())
///     .with_elevation(vec!["city.tif".into()])
///     .with_rules(StreetRules { walk_on_trunk: true, ..StreetRules::default() });
/// assert_eq!(options.own_network_km, 50.0);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BuildOptions {
    /// The OpenStreetMap extract (`.osm.pbf`).
    pub streets: PathBuf,
    /// Elevation rasters (`.tif`, `.tiff`, `.hgt`), finest first. Without any, all ground counts as level.
    pub elevation: Vec<PathBuf>,
    /// A component that is not connected to the rest counts as a network of its own if it has at least this many
    /// kilometres of streets, or at least half the size of the largest. Off-network legs connect all other components
    /// to nearby streets.
    pub own_network_km: f64,
    /// The profiles for which costs are computed.
    pub profiles: Profiles,
    /// The access defaults of the country.
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

    /// Sets the elevation rasters, finest first.
    #[must_use]
    pub fn with_elevation(self, elevation: Vec<PathBuf>) -> Self {
        Self { elevation, ..self }
    }

    /// Sets the length of streets from which a disconnected component counts as a network of its own, in kilometres.
    #[must_use]
    pub fn with_own_network_km(self, own_network_km: f64) -> Self {
        Self { own_network_km, ..self }
    }

    /// Sets the profiles.
    #[must_use]
    pub fn with_profiles(self, profiles: Profiles) -> Self {
        Self { profiles, ..self }
    }

    /// Sets the access defaults.
    #[must_use]
    pub fn with_rules(self, rules: StreetRules) -> Self {
        Self { rules, ..self }
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

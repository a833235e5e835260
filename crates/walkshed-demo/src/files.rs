//! The parameters of a city, its files, and what they contain.

use crate::groups::Group;
use crate::landmarks::LandmarkKind;
use std::path::PathBuf;

/// The parameters of a city.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    pub seed: u64,
    /// The size of the city, above 0 and up to [`MAX_SCALE`](crate::MAX_SCALE). Up to 1, the share of each district's towns
    /// to include. Above 1, groups of made-up districts are added, each as large as the city at scale 1.
    pub scale: f64,
    /// The share of the towns of every district to include, in addition to `scale`: 1, or less for a small city with
    /// several groups of districts.
    pub towns: f64,
}

impl Options {
    /// Returns the number of groups of districts.
    pub(crate) fn groups(self) -> usize {
        Group::of_scale(self.scale).count()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, scale: 1.0, towns: 1.0 }
    }
}

/// Counts of what the files contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    pub districts: usize,
    /// How many of the districts are made up.
    pub made_up_districts: usize,
    pub centers: usize,
    pub facilities: usize,
    pub nodes: usize,
    pub ways: usize,
    pub people: u64,
    /// By kind, in the order of [`LandmarkKind::ALL`].
    pub landmarks: [usize; LandmarkKind::ALL.len()],
    pub expressway_km: u32,
    pub viaduct_km: u32,
}

impl Contents {
    /// Describes the made-up districts; `None` if there are none.
    #[must_use]
    pub fn made_up(&self) -> Option<String> {
        (self.made_up_districts > 0).then(|| {
            format!(
                "{} of the districts are made up: their names begin with 虚构, their codes with 501 to 507",
                self.made_up_districts
            )
        })
    }

    /// Describes the special features as a list in words.
    #[must_use]
    pub fn special_features(&self) -> String {
        let of = |kind: LandmarkKind| self.landmarks[kind as usize];
        format!(
            "{} gated compounds and {} with unmapped gates, {} squares without a connection to a street, {} km of expressways, {} km of \
             streets on viaducts with {} open areas below, {} metro stations, {} underground shopping passages",
            of(LandmarkKind::Compound),
            of(LandmarkKind::CompoundWithoutGate),
            of(LandmarkKind::Square),
            self.expressway_km,
            self.viaduct_km,
            of(LandmarkKind::Viaduct),
            of(LandmarkKind::Platform),
            of(LandmarkKind::Passage),
        )
    }
}

/// The files of a city in a folder.
#[derive(Debug, Clone)]
pub struct Files {
    pub folder: PathBuf,
    pub contents: Contents,
}

impl Files {
    /// Returns the path of the street extract.
    #[must_use]
    pub fn streets(&self) -> PathBuf {
        self.folder.join("streets.osm.pbf")
    }

    /// Returns the paths of the elevation models, finest first.
    #[must_use]
    pub fn elevation(&self) -> Vec<PathBuf> {
        ["elevation-core.tif", "elevation.tif"].map(|f| self.folder.join(f)).to_vec()
    }
}

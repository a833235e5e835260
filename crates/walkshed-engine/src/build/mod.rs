//! From an OpenStreetMap extract and heights to the prepared network: cut ways at junctions, number junctions along
//! a Hilbert curve, give every segment its heights and costs, mark islands, index segments for snapping.

mod assemble;
pub(crate) mod connectivity;
mod heights;
mod topology;
mod zones;

use super::antimeridian::{TooFarRound, lay_side_by_side};
use super::elevation::{Elevation, ElevationError, Extent};
use super::file::{FileError, Network};
use super::osm::{Extract, LeftOut, OsmError, ReadCounts, StreetRules, read_pbf};
use super::profile::Profiles;
use heights::VertexHeights;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a separate piece needs to be a network of its own, kilometres of streets: a town of some thousand people.
pub const OWN_NETWORK_KM: f64 = 50.0;

pub use assemble::assemble;
pub use topology::{Link, Topology, link_up};

/// What to build from.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    pub streets: PathBuf,
    pub elevation: Vec<PathBuf>,
    /// A piece without connection to the rest is a network of its own when it has so many kilometres of streets, or is at
    /// least half as large as the largest; all other pieces are cut off, and joined to the streets near them.
    pub own_network_km: f64,
    pub profiles: Profiles,
    pub rules: StreetRules,
}

impl BuildOptions {
    /// What is built from an extract alone, with the defaults.
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

/// Why a network could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("{}: {source}", path.display())]
    Osm { path: PathBuf, source: OsmError },
    #[error("{}: {why}", path.display())]
    TooFarRound { path: PathBuf, why: TooFarRound },
    #[error(transparent)]
    Elevation(#[from] ElevationError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the extract holds {0}, more than one prepared file can number (4 billion); cut it into smaller ones")]
    TooLarge(&'static str),
    #[error("none of the streets can be used: every node they refer to is missing from the extract")]
    Nothing,
}

/// What an import did: shown to the user, stored in the file, answered as `dataset`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StreetsReport {
    /// The file read.
    pub source: String,
    /// When, as RFC 3339 in UTC.
    pub built_at: String,
    pub nodes_read: u64,
    pub ways_read: u64,
    pub street_ways: u64,
    pub kept_ways: u64,
    /// Street ways left out, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// Street ways kept for cyclists and closed to walkers by a default, by reason.
    pub closed_on_foot: BTreeMap<String, u64>,
    /// Street ways kept that are open only at the ends of a trip: for residents, staff and the like.
    pub private_ways: u64,
    /// The defaults in force.
    pub rules: StreetRules,
    /// References to nodes the extract lacks; ways are cut there.
    pub missing_nodes: u64,
    pub barriers: u64,
    /// Of these, open only at the ends of a trip.
    pub private_barriers: u64,
    pub lifts: u64,
    pub plazas: u64,
    pub plaza_lines: u64,
    /// Plazas walked around only: rings not closed, or too many corners.
    pub plazas_not_crossed: u64,
    pub vertices: u64,
    pub edges: u64,
    pub length_km: f64,
    /// Segments by kind.
    pub kinds: BTreeMap<String, u64>,
    pub bridges: u64,
    pub tunnels: u64,
    /// Pieces that are cut off from every network that counts, and the segments in them.
    pub islands: u64,
    pub island_edges: u64,
    /// Of these pieces, those that legs off the network join to the streets near them, and the legs.
    #[serde(default)]
    pub islands_joined: u64,
    #[serde(default)]
    pub off_network_legs: u64,
    /// Segments in restricted zones: passable as the first and the last leg of a trip.
    #[serde(default)]
    pub restricted_edges: u64,
    pub elevation: Vec<String>,
    /// Junctions for which the elevation files hold no height: in their voids, or outside.
    pub vertices_without_height: u64,
    /// Of them those in voids of the files. They take the height of the void's rim, or of a neighbour where it has none.
    #[serde(default)]
    pub vertices_in_voids: u64,
    /// Of them those outside the files. They take the height of a neighbour.
    #[serde(default)]
    pub vertices_outside_elevation: u64,
    pub min_height_m: f64,
    pub max_height_m: f64,
    pub warnings: Vec<String>,
}

impl StreetsReport {
    fn take_counts(&mut self, counts: &ReadCounts) {
        self.nodes_read = counts.nodes;
        self.ways_read = counts.ways;
        self.street_ways = counts.street_ways;
        self.kept_ways = counts.kept_ways;
        self.missing_nodes = counts.missing_nodes;
        self.barriers = counts.barriers;
        self.private_ways = counts.private_ways;
        self.private_barriers = counts.private_barriers;
        self.lifts = counts.lifts;
        self.plazas_not_crossed = counts.broken_areas;
        let by_name = |counts: &BTreeMap<LeftOut, u64>| {
            let name = |reason| serde_json::to_value(reason).ok().and_then(|v| v.as_str().map(str::to_owned));
            counts.iter().map(|(reason, n)| (name(reason).unwrap_or_default(), *n)).collect()
        };
        self.left_out = by_name(&counts.left_out);
        self.closed_on_foot = by_name(&counts.closed_on_foot);
    }
}

impl StreetsReport {
    fn take_heights(&mut self, found: &VertexHeights) {
        if self.elevation.is_empty() {
            return;
        }
        self.vertices_in_voids = found.filled + found.in_voids;
        self.vertices_outside_elevation = found.outside;
        self.vertices_without_height = self.vertices_in_voids + self.vertices_outside_elevation;
        let mut warn = |count: u64, what: &str| {
            if count > 0 {
                self.warnings.push(format!("{count} junctions lie {what}"));
            }
        };
        warn(found.filled, "in voids of the elevation files; their heights are filled from the rims of the voids");
        warn(found.in_voids, "in voids of the elevation files that have no rim and take the height of a neighbour");
        warn(found.outside, "outside the elevation files and take the height of a neighbour");
    }
}

/// Where an import is, for a progress bar.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Bytes read of bytes to read.
    Reading(u64, u64),
    Linking,
    Heights,
    Costs,
}

/// Builds the prepared network in memory.
///
/// # Errors
/// [`BuildError`] naming the file that could not be used.
pub fn build(options: &BuildOptions, progress: &(dyn Fn(Step) + Sync)) -> Result<Network, BuildError> {
    let path = &options.streets;
    let mut extract = read_pbf(path, options.rules, &|done, all| progress(Step::Reading(done, all)))
        .map_err(|source| BuildError::Osm { path: path.clone(), source })?;
    let joined = lay_side_by_side(&mut extract).map_err(|why| BuildError::TooFarRound { path: path.clone(), why })?;
    let extent = extent_of(&extract).ok_or(BuildError::Nothing)?;
    let mut report =
        StreetsReport { source: file_name(path), built_at: now(), rules: options.rules, ..StreetsReport::default() };
    report.take_counts(&extract.counts);
    if joined > 0 {
        report.warnings.push(format!(
            "{joined} pairs of nodes at 180 and -180 degrees of longitude are one junction each: streets go on across the 180th meridian"
        ));
    }
    progress(Step::Linking);
    let topology = link_up(extract, &mut report)?;
    let elevation = Elevation::open(&options.elevation, extent)?;
    report.elevation = options.elevation.iter().map(|p| file_name(p)).collect();
    report.warnings.extend(elevation.warnings.iter().cloned());
    Ok(assemble(topology, &elevation, &options.profiles, options.own_network_km, report, progress)?)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn now() -> String {
    jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

fn extent_of(extract: &Extract) -> Option<Extent> {
    let mut known = extract.nodes.iter().flatten();
    let first = *known.next()?;
    let (mut low, mut high) = (first, first);
    for p in known {
        (low.x, low.y) = (low.x.min(p.x), low.y.min(p.y));
        (high.x, high.y) = (high.x.max(p.x), high.y.max(p.y));
    }
    Some(Extent { west: low.lon(), south: low.lat(), east: high.lon(), north: high.lat() })
}

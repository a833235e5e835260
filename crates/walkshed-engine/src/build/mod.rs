//! Builds the prepared network from an OpenStreetMap extract and elevation files.
//!
//! The steps: cut ways at junctions, number the vertices along a Hilbert curve, compute heights and costs of every
//! segment, mark disconnected components, and index segments for snapping.
//!
//! ```
//! # use walkshed_testing::{at, pbf::Extract};
//! # let folder = tempfile::tempdir()?;
//! # let extract = folder.path().join("city.osm.pbf");
//! # let mut city = Extract::new();
//! # city.node(1, 0.0, 0.0, &[]).node(2, 480.0, 0.0, &[]).way(1, &[1, 2], &[("highway", "residential")]);
//! # std::fs::write(&extract, city.bytes())?;
//! # let (from, to) = (at(0.0, 0.0), at(480.0, 0.0));
//! use walkshed_engine::build::{BuildOptions, build};
//! use walkshed_engine::{Deciseconds, Profile, Start, route};
//!
//! let network = build(&BuildOptions::new(extract), &|_| {})?;
//! let start = |at| network.snap(at, Profile::Adult).map(|snap| Start::new(&network, snap, Profile::Adult));
//! let limit = Deciseconds::from_minutes(15.0);
//! let route = route(&network, Profile::Adult, (from, &start(from)?), (to, &start(to)?), limit);
//! // 480 m at 4.8 km/h.
//! assert_eq!(route.map(|r| r.time.minutes().round()), Some(6.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assemble;
pub(crate) mod connectivity;
mod counts;
mod error;
mod heights;
mod islands;
mod options;
mod topology;
mod zones;

pub use crate::report::StreetsReport;
pub use assemble::assemble;
pub use error::BuildError;
pub use options::{BuildOptions, OWN_NETWORK_KM, Step};
pub use topology::{Link, Topology, build_topology};

use crate::antimeridian::join_across_meridian;
use crate::elevation::{Elevation, Extent};
use crate::network::Network;
use crate::osm::{Extract, read_pbf};
use std::path::Path;

/// Builds the prepared network in memory.
///
/// # Errors
/// Returns a [`BuildError`] that names the file that could not be used.
pub fn build(options: &BuildOptions, progress: &(dyn Fn(Step) + Sync)) -> Result<Network, BuildError> {
    let path = &options.streets;
    let mut extract = read_pbf(path, options.rules, &|done, all| progress(Step::Reading(done, all)))
        .map_err(|source| BuildError::Osm { path: path.clone(), source })?;
    let joined =
        join_across_meridian(&mut extract).map_err(|why| BuildError::ExtractTooWide { path: path.clone(), why })?;
    let extent = extent_of(&extract).ok_or(BuildError::Nothing)?;
    let mut report =
        StreetsReport { source: file_name(path), built_at: now(), rules: options.rules, ..StreetsReport::default() };
    report.take_counts(&extract.counts);
    if joined > 0 {
        report.warnings.push(format!(
            "merged {joined} pairs of nodes at 180 and -180 degrees of longitude, so that streets continue across the 180th meridian"
        ));
    }
    progress(Step::Linking);
    let topology = build_topology(extract, &mut report)?;
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

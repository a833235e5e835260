//! Extracts of OpenStreetMap, elevation models and prepared files.

use std::path::{Path, PathBuf};
use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::geo::{Fixed, Position};
use walkshed_engine::walkshed::Reach;
use walkshed_engine::{Deciseconds, Direction, Elevation, Extent, Network, Profile, Start};
use xxhash_rust::xxh3::xxh3_64;

/// An extract, built into a network that then answers.
pub fn pbf(data: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let streets = folder.path().join("a.osm.pbf");
    std::fs::write(&streets, data).expect("a temporary file");
    let options = BuildOptions::new(streets);
    let Ok(network) = build(&options, &|_| {}) else { return false };
    ask(&network);
    // What was built can be saved, opened and asked again.
    let prepared = folder.path().join("a.walkshed");
    network.save(&prepared).expect("what was built can be saved");
    ask(&Network::open(&prepared).expect("what was saved can be opened"));
    true
}

/// A GeoTIFF, sampled at a grid of places.
pub fn geotiff(data: &[u8]) -> bool {
    elevation(data, "a.tif")
}

/// An SRTM tile: the seven characters of its name, then heights that are repeated up to the size of a tile.
pub fn hgt(data: &[u8]) -> bool {
    const TILE: usize = 2_884_802;
    let Some((name, heights)) = data.split_at_checked(7) else { return false };
    let Ok(name) = std::str::from_utf8(name) else { return false };
    if name.chars().any(|c| !c.is_ascii_alphanumeric()) {
        return false;
    }
    let mut bytes: Vec<u8> = heights.iter().copied().cycle().take(TILE).collect();
    // A few inputs do not have the size of a tile.
    if heights.len() % 64 == 63 || heights.is_empty() {
        bytes = heights.to_vec();
    }
    elevation(&bytes, &format!("{name}.hgt"))
}

fn elevation(data: &[u8], name: &str) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, data).expect("a temporary file");
    let mut is_read = false;
    for extent in [
        Extent { west: 106.0, south: 29.0, east: 107.0, north: 30.0 },
        Extent { west: -180.0, south: -90.0, east: 180.0, north: 90.0 },
    ] {
        let Ok(model) = Elevation::open(std::slice::from_ref(&path), extent) else { continue };
        is_read = true;
        for step in 0..100 {
            let part = |n: u32| f64::from(n) / 9.0;
            let (lon, lat) = (
                extent.west + (extent.east - extent.west) * part(step % 10),
                extent.south + (extent.north - extent.south) * part(step / 10),
            );
            if let Ok(position) = Position::new(lon, lat) {
                let height = model.sample(Fixed::from(position));
                assert!(height.is_none_or(f32::is_finite), "the height at {lon}, {lat} is {height:?}");
            }
        }
    }
    is_read
}

/// A prepared file. Its length and checksum are corrected first. Otherwise every changed input would fail at the checksum, and
/// the checks behind it would never run.
pub fn prepared_file(data: &[u8]) -> bool {
    const HEADER: usize = 32;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path: &Path = &folder.path().join("a.walkshed");
    let mut bytes = data.to_vec();
    if bytes.len() >= HEADER {
        let length = (bytes.len() as u64).to_le_bytes();
        bytes[16..24].copy_from_slice(&length);
        let sum = xxh3_64(&bytes[HEADER..]).to_le_bytes();
        bytes[24..32].copy_from_slice(&sum);
    }
    std::fs::write(path, &bytes).expect("a temporary file");
    let Ok(network) = Network::open(path) else { return false };
    ask(&network);
    true
}

/// Asks a network what a server would: snaps places, and computes walksheds.
fn ask(network: &Network) {
    let [west, south, east, north] = network.meta().bounds;
    for profile in [Profile::Adult, Profile::Wheelchair, Profile::Bicycle] {
        for step in 0..9 {
            let part = |n: u32| f64::from(n) / 2.0;
            let place = Position::new(west + (east - west) * part(step % 3), south + (north - south) * part(step / 3));
            let Some(snap) = place.ok().and_then(|place| network.snap(Fixed::from(place), profile).ok()) else {
                continue;
            };
            let limit = Deciseconds(3000);
            for direction in [Direction::Towards, Direction::From] {
                let reach = Reach::find(network, profile, direction, Start::new(network, snap, profile), limit);
                std::hint::black_box(&reach);
            }
        }
    }
    for edge in network.edge_ids().take(50) {
        std::hint::black_box((network.shape(edge).len(), network.heights(edge).len(), network.name(edge)));
    }
}

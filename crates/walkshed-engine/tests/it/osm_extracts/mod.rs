//! Hand-made extracts that are small enough to know the expected result: barriers, plazas, lifts, escalators, ferries,
//! bridges over valleys, disconnected components, missing nodes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod damaged;
mod slopes;
mod streets;

use std::path::Path;
use walkshed_engine::access::Kind;
use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::geo::Fixed;
use walkshed_engine::osm::StreetRules;
use walkshed_engine::{Deciseconds, EdgeId, Network, Profile, Profiles, Route, Start, route};
use walkshed_testing::at;
use walkshed_testing::pbf::Extract;

const STREET: [(&str, &str); 1] = [("highway", "residential")];
const FOOTWAY: [(&str, &str); 1] = [("highway", "footway")];

fn city_with(extract: &Extract, elevation: Option<&[u8]>) -> Network {
    city_by(extract, elevation, StreetRules::default())
}

fn city_by(extract: &Extract, elevation: Option<&[u8]>, rules: StreetRules) -> Network {
    let folder = tempfile::tempdir().unwrap();
    let streets = folder.path().join("city.osm.pbf");
    extract.write(&streets);
    let elevation = elevation.map(|bytes| {
        let path = folder.path().join("N29E106.hgt");
        std::fs::write(&path, bytes).unwrap();
        path
    });
    let options = BuildOptions::new(streets).with_elevation(elevation.into_iter().collect()).with_rules(rules);
    build(&options, &|_| {}).unwrap()
}

fn city(extract: &Extract) -> Network {
    city_with(extract, None)
}

fn go(network: &Network, profile: Profile, from: (f64, f64), to: (f64, f64)) -> Option<Route> {
    let place = |(x, y)| {
        let p: Fixed = at(x, y);
        (p, Start::new(network, network.snap(p, profile).unwrap(), profile))
    };
    let (a, b) = (place(from), place(to));
    route(network, profile, (a.0, &a.1), (b.0, &b.1), Deciseconds::from_minutes(120.0))
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} differs from {expected} by more than {tolerance}");
}

/// A street of 200 m with a tagged node in its middle.
fn street_with(tags: &[(&str, &str)]) -> Network {
    let mut extract = Extract::new();
    extract.node(1, 0.0, 0.0, &[]).node(2, 100.0, 0.0, tags).node(3, 200.0, 0.0, &[]).way(1, &[1, 2, 3], &STREET);
    city(&extract)
}

/// Streets to two opposite corners of a square of 100 m.
fn square(extract: &mut Extract) -> &mut Extract {
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 100.0, 0.0, &[])
        .node(3, 100.0, 100.0, &[])
        .node(4, 0.0, 100.0, &[])
        .node(5, -100.0, 0.0, &[])
        .node(6, 200.0, 100.0, &[])
        .way(1, &[5, 1], &STREET)
        .way(2, &[3, 6], &STREET)
}

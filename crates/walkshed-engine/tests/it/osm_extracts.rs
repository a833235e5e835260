//! Hand-made extracts that are small enough to know the expected result: barriers, plazas, lifts, escalators, ferries,
//! bridges over valleys, disconnected components, missing nodes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

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

#[test]
fn barriers_stop_the_right_modes() {
    let passes = |network: &Network, profile| go(network, profile, (0.0, 0.0), (200.0, 0.0)).is_some();
    for (tags, adult, wheelchair, bicycle) in [
        (&[][..], true, true, true),
        (&[("barrier", "bollard")], true, true, true),
        // Residents have a key.
        (&[("barrier", "gate"), ("access", "private")], true, true, true),
        (&[("barrier", "gate"), ("locked", "yes")], true, true, true),
        (&[("barrier", "gate"), ("foot", "no")], false, false, true),
        (&[("barrier", "wall")], false, false, false),
        (&[("barrier", "stile")], true, false, false),
        (&[("barrier", "cycle_barrier"), ("bicycle", "no")], true, false, false),
        (&[("barrier", "kerb"), ("kerb", "raised")], true, false, true),
        (&[("barrier", "kerb"), ("kerb", "lowered")], true, true, true),
        (&[("barrier", "bollard"), ("maxwidth:physical", "0.7")], true, false, true),
    ] {
        let network = street_with(tags);
        let found = [Profile::Adult, Profile::Wheelchair, Profile::Bicycle].map(|p| passes(&network, p));
        assert_eq!(found, [adult, wheelchair, bicycle], "{tags:?}");
        // Both sides remain reachable from their own end.
        assert!(go(&network, Profile::Adult, (0.0, 0.0), (90.0, 0.0)).is_some(), "{tags:?}");
        assert!(go(&network, Profile::Adult, (110.0, 0.0), (200.0, 0.0)).is_some(), "{tags:?}");
    }
    assert_eq!(street_with(&[("barrier", "stile")]).meta().report.barriers, 1);
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

#[test]
fn routes_cross_plazas() {
    let mut open = Extract::new();
    square(&mut open).way(3, &[1, 2, 3, 4, 1], &[("highway", "pedestrian"), ("area", "yes")]);
    let network = city(&open);
    assert_eq!(network.meta().report.plazas, 1);
    let across = go(&network, Profile::Adult, (-100.0, 0.0), (200.0, 100.0)).unwrap();
    near(across.stats.metres, 200.0 + 100.0 * 2f64.sqrt(), 1.0);

    // Without area=yes, the same way is a circular street.
    let mut ring = Extract::new();
    square(&mut ring).way(3, &[1, 2, 3, 4, 1], &[("highway", "pedestrian")]);
    let around = go(&city(&ring), Profile::Adult, (-100.0, 0.0), (200.0, 100.0)).unwrap();
    near(around.stats.metres, 400.0, 1.0);
}

#[test]
fn routes_go_around_a_pond_in_a_plaza() {
    let mut extract = Extract::new();
    square(&mut extract)
        .node(11, 20.0, 20.0, &[])
        .node(12, 80.0, 20.0, &[])
        .node(13, 80.0, 80.0, &[])
        .node(14, 20.0, 80.0, &[])
        .way(3, &[1, 2, 3, 4, 1], &[])
        .way(4, &[11, 12, 13, 14, 11], &[])
        .relation(1, &[(3, "outer"), (4, "inner")], &[("type", "multipolygon"), ("highway", "pedestrian")]);
    let found = go(&city(&extract), Profile::Adult, (-100.0, 0.0), (200.0, 100.0)).unwrap();
    // Past a corner of the pond: from (0,0) via (80,20) to (100,100).
    let expected = 200.0 + 80f64.hypot(20.0) * 2.0;
    near(found.stats.metres, expected, 1.0);
}

#[test]
fn lifts_connect_storeys_and_steps_stop_wheelchairs() {
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 100.0, 0.0, &[("highway", "elevator"), ("level", "0;3")])
        .node(3, 200.0, 0.0, &[])
        .node(4, 100.0, 20.0, &[])
        .way(1, &[1, 2], &[("highway", "footway"), ("level", "0")])
        .way(2, &[2, 3], &[("highway", "footway"), ("level", "3")])
        .way(3, &[1, 4, 3], &[("highway", "steps")]);
    let network = city(&extract);
    assert_eq!(network.meta().report.lifts, 1);
    let chair = go(&network, Profile::Wheelchair, (0.0, 0.0), (200.0, 0.0)).unwrap();
    // 200 m at 3 km/h, 30 s of waiting, three storeys of 3 m at 1 m/s.
    near(f64::from(chair.time.0) / 10.0, 240.0 + 30.0 + 9.0, 0.3);
    assert!(chair.pieces.iter().any(|p| network.edge(p.edge).kind() == Kind::Lift));
    assert!(chair.pieces.iter().all(|p| network.edge(p.edge).kind() != Kind::Steps));

    // A lift mapped as a way.
    let mut drawn = Extract::new();
    drawn
        .node(1, 0.0, 0.0, &[])
        .node(2, 100.0, 0.0, &[])
        .node(3, 100.5, 0.0, &[])
        .node(4, 200.0, 0.0, &[])
        .way(1, &[1, 2], &FOOTWAY)
        .way(2, &[2, 3], &[("highway", "elevator"), ("level", "0;1")])
        .way(3, &[3, 4], &FOOTWAY);
    let up = go(&city(&drawn), Profile::Adult, (0.0, 0.0), (200.0, 0.0)).unwrap();
    let walked = 199.5 / (4.8 / 3.6);
    assert!(f64::from(up.time.0) / 10.0 >= walked + 30.0, "{:?} does not include the wait", up.time);
}

#[test]
fn escalators_are_one_way() {
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 50.0, 0.0, &[])
        .node(3, 80.0, 0.0, &[])
        .node(4, 130.0, 0.0, &[])
        .way(1, &[1, 2], &FOOTWAY)
        .way(2, &[2, 3], &[("highway", "steps"), ("conveying", "forward")])
        .way(3, &[3, 4], &FOOTWAY);
    let network = city(&extract);
    let up = go(&network, Profile::Adult, (0.0, 0.0), (130.0, 0.0)).unwrap();
    near(f64::from(up.time.0) / 10.0, 100.0 / (4.8 / 3.6) + 30.0 / 0.5, 0.3);
    assert!(go(&network, Profile::Adult, (130.0, 0.0), (0.0, 0.0)).is_none());
    assert!(go(&network, Profile::Wheelchair, (0.0, 0.0), (130.0, 0.0)).is_none());
}

#[test]
fn ferries_use_their_duration() {
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 100.0, 0.0, &[])
        .node(3, 900.0, 0.0, &[])
        .node(4, 1000.0, 0.0, &[])
        .way(1, &[1, 2], &STREET)
        .way(2, &[2, 3], &[("route", "ferry"), ("foot", "yes"), ("duration", "00:10")])
        .way(3, &[3, 4], &STREET);
    let network = city(&extract);
    let over = go(&network, Profile::Adult, (0.0, 0.0), (1000.0, 0.0)).unwrap();
    let wait = network.profiles().get(Profile::Adult).ferry_wait_s;
    near(f64::from(over.time.0) / 10.0, 200.0 / (4.8 / 3.6) + 600.0 + wait, 0.3);
    // Places are not snapped to a ferry line: this one snaps to the bank.
    let snap = network.snap(at(300.0, 0.0), Profile::Adult).unwrap();
    assert_eq!(network.edge(snap.edge).kind(), Kind::Street);
    near(snap.off_m, 200.0, 1.0);
}

/// One square degree of heights: a valley 100 m deep, from 300 to 700 m east of the centre, running north-south.
fn valley() -> Vec<u8> {
    let side = 1201;
    let centre = (walkshed_testing::CENTRE.lon() - 106.0) * 1200.0;
    let metres = 111_320.0 * walkshed_testing::CENTRE.lat().to_radians().cos() / 1200.0;
    let height = |column: usize| {
        let x = (column as f64 - centre) * metres;
        let depth = (1.0 - (x - 500.0).abs() / 250.0).clamp(0.0, 1.0);
        (300.0 - 100.0 * depth).round() as i16
    };
    (0..side * side).flat_map(|i| height(i % side).to_be_bytes()).collect()
}

#[test]
fn bridge_heights_are_interpolated_between_its_ends() {
    let walk = |tags: &[(&str, &str)]| {
        let mut extract = Extract::new();
        extract
            .node(1, 0.0, 0.0, &[])
            .node(2, 200.0, 0.0, &[])
            .node(3, 800.0, 0.0, &[])
            .node(4, 1000.0, 0.0, &[])
            .way(1, &[1, 2], &FOOTWAY)
            .way(2, &[2, 3], tags)
            .way(3, &[3, 4], &FOOTWAY);
        let network = city_with(&extract, Some(&valley()));
        go(&network, Profile::Adult, (0.0, 0.0), (1000.0, 0.0)).unwrap()
    };
    let through = walk(&FOOTWAY);
    let over = walk(&[("highway", "footway"), ("bridge", "yes")]);
    let under = walk(&[("highway", "footway"), ("tunnel", "yes")]);
    assert!(through.stats.climb_m > 60.0, "the valley is there: {:?}", through.stats);
    near(over.stats.climb_m, 0.0, 1.0);
    near(f64::from(over.time.0) / 10.0, 1000.0 / (4.8 / 3.6), 2.0);
    assert_eq!(over.time, under.time);
    assert!(through.time > over.time);
}

/// Returns the steepest slope between two height samples of a segment, up or down.
fn slope_of(network: &Network, edge: EdgeId) -> f64 {
    let heights = network.heights(edge);
    let piece_m = f64::from(network.edge(edge).length_m) / (heights.len() - 1) as f64;
    heights.windows(2).map(|h| f64::from((h[1] - h[0]).abs()) / piece_m).fold(0.0, f64::max)
}

fn steepest(network: &Network, found: &Route) -> f64 {
    found.pieces.iter().map(|p| slope_of(network, p.edge)).fold(0.0, f64::max)
}

#[test]
fn wheelchairs_avoid_steep_ways() {
    // Pedestrians cross the valley (slopes of 40 %); wheels use the bridge 900 m away.
    let streets = |has_bridge: bool| {
        let mut extract = Extract::new();
        extract
            .node(1, 0.0, 0.0, &[])
            .node(2, 200.0, 0.0, &[])
            .node(3, 800.0, 0.0, &[])
            .node(4, 1000.0, 0.0, &[])
            .node(5, 200.0, 900.0, &[])
            .node(6, 800.0, 900.0, &[])
            .way(1, &[1, 2, 5], &FOOTWAY)
            .way(2, &[2, 3], &FOOTWAY)
            .way(3, &[6, 3, 4], &FOOTWAY);
        if has_bridge {
            extract.way(4, &[5, 6], &[("highway", "footway"), ("bridge", "yes")]);
        }
        extract
    };
    let (from, to) = ((0.0, 0.0), (1000.0, 0.0));
    let network = city_with(&streets(true), Some(&valley()));
    let on_foot = go(&network, Profile::Adult, from, to).unwrap();
    near(on_foot.stats.metres, 1000.0, 2.0);
    assert!(steepest(&network, &on_foot) > 0.3);
    for profile in [Profile::Wheelchair, Profile::Stroller] {
        let found = go(&network, profile, from, to).unwrap();
        near(found.stats.metres, 2800.0, 3.0);
        let limit = network.profiles().get(profile).max_slope;
        assert!(steepest(&network, &found) <= limit + 1e-5, "{profile}: {}", steepest(&network, &found));
    }
    let network = city_with(&streets(false), Some(&valley()));
    assert!(go(&network, Profile::Adult, from, to).is_some());
    assert!(go(&network, Profile::Wheelchair, from, to).is_none());
    // The limit is a setting and needs no new import.
    let set = Profiles::with_overrides(&"[wheelchair]\nmax_slope = 0.6".parse().unwrap()).unwrap();
    let network = network.with_profiles(&set);
    assert!(go(&network, Profile::Wheelchair, from, to).is_some());
}

#[test]
fn wheelchair_routes_in_a_hilly_city_respect_the_slope_limit() {
    let Some(network) = walkshed_testing::porto_alegre_network() else { return };
    let mut random = walkshed_testing::Random(11);
    let (mut found, mut steep_on_foot) = (0, 0);
    for _ in 0..600 {
        let a = walkshed_testing::random_point(&network, &mut random);
        let mut near = |from: i32| from + (random.unit() * 200_000.0 - 100_000.0) as i32;
        let b = Fixed { x: near(a.x), y: near(a.y) };
        let between = |profile| {
            let start = |p| network.snap(p, profile).ok().map(|snap| (p, Start::new(&network, snap, profile)));
            let (a, b) = (start(a)?, start(b)?);
            route(&network, profile, (a.0, &a.1), (b.0, &b.1), Deciseconds::from_minutes(60.0))
        };
        if let Some(walk) = between(Profile::Adult) {
            steep_on_foot += usize::from(steepest(&network, &walk) > 0.083);
        }
        let Some(roll) = between(Profile::Wheelchair) else { continue };
        found += 1;
        let too_steep = roll.pieces.iter().map(|p| p.edge).find(|&e| {
            let limit = if network.edge(e).length_m > 2.4 { 0.083 } else { 0.125 };
            slope_of(&network, e) > limit + 1e-5
        });
        assert_eq!(too_steep, None);
    }
    let usable = |p| network.edge_ids().filter(|&e| network.edge(e).usable().contains(p)).count();
    let open = [Profile::Adult, Profile::Stroller, Profile::Wheelchair].map(usable);
    println!(
        "{open:?} segments open to pedestrians, strollers, wheelchairs; {found} routes, {steep_on_foot} steep on foot"
    );
    assert!(found > 20, "only {found} routes found");
    assert!(steep_on_foot > 50, "only {steep_on_foot} steep routes on foot");
}

#[test]
fn kerbs_at_crossings_stop_only_those_who_cross() {
    let mut extract = Extract::new();
    extract
        .node(1, -100.0, 0.0, &[])
        .node(2, 0.0, 0.0, &[("highway", "crossing"), ("kerb", "raised")])
        .node(3, 100.0, 0.0, &[])
        .node(4, 0.0, -100.0, &[])
        .node(5, 0.0, 100.0, &[])
        .way(1, &[1, 2, 3], &STREET)
        .way(2, &[4, 2, 5], &FOOTWAY);
    let network = city(&extract);
    let wheelchair = |from, to| go(&network, Profile::Wheelchair, from, to).is_some();
    assert!(wheelchair((-100.0, 0.0), (100.0, 0.0)), "along the carriageway");
    assert!(!wheelchair((0.0, -100.0), (0.0, 100.0)) && !wheelchair((-100.0, 0.0), (0.0, 100.0)));
    assert!(go(&network, Profile::Adult, (0.0, -100.0), (0.0, 100.0)).is_some());
}

#[test]
fn ramps_open_steps_to_wheels() {
    let climb = |tags: &[(&str, &str)], profile| {
        let mut extract = Extract::new();
        extract
            .node(1, 0.0, 0.0, &[])
            .node(2, 100.0, 0.0, &[])
            .node(3, 120.0, 0.0, &[])
            .node(4, 220.0, 0.0, &[])
            .way(1, &[1, 2], &STREET)
            .way(2, &[2, 3], tags)
            .way(3, &[3, 4], &STREET);
        go(&city(&extract), profile, (0.0, 0.0), (220.0, 0.0)).map(|r| f64::from(r.time.0) / 10.0)
    };
    let steps = [("highway", "steps"), ("incline", "up")];
    for profile in [Profile::Wheelchair, Profile::Stroller, Profile::Bicycle] {
        assert!(climb(&steps, profile).is_none());
    }
    let with = |key: &'static str| [steps[0], steps[1], (key, "yes")];
    // 20 m of ramp at 0.4 m/s.
    near(climb(&with("ramp:wheelchair"), Profile::Wheelchair).unwrap(), 200.0 / (3.0 / 3.6) + 50.0, 0.3);
    near(climb(&with("ramp:stroller"), Profile::Stroller).unwrap(), 200.0 / (3.2 / 3.6) + 50.0, 0.3);
    near(climb(&with("ramp:bicycle"), Profile::Bicycle).unwrap(), 200.0 / (15.0 / 3.6) + 50.0, 0.3);
    assert!(climb(&with("ramp:bicycle"), Profile::Wheelchair).is_none());
}

#[test]
fn funiculars_and_piers_are_part_of_the_network() {
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 100.0, 0.0, &[])
        .node(3, 400.0, 0.0, &[])
        .node(4, 500.0, 0.0, &[])
        .node(5, 520.0, 0.0, &[])
        .node(6, 520.0, 50.0, &[])
        .node(7, 500.0, 50.0, &[])
        .way(1, &[1, 2], &STREET)
        .way(2, &[2, 3], &[("railway", "funicular")])
        .way(3, &[3, 4], &STREET)
        .way(4, &[4, 5, 6, 7, 4], &[("man_made", "pier")]);
    let network = city(&extract);
    // 300 s of waiting, and 300 m at 2 m/s.
    let up = go(&network, Profile::Adult, (0.0, 0.0), (500.0, 0.0)).unwrap();
    near(f64::from(up.time.0) / 10.0, 200.0 / (4.8 / 3.6) + 300.0 + 150.0, 0.3);
    assert!(up.pieces.iter().any(|p| network.edge(p.edge).kind() == Kind::Funicular));
    assert!(go(&network, Profile::Bicycle, (0.0, 0.0), (500.0, 0.0)).is_none());
    // To the end of the pier, along its edge or a line across.
    let pier = network.snap(at(510.0, 51.0), Profile::Adult).unwrap();
    assert_eq!((network.edge(pier.edge).kind(), network.meta().report.plazas), (Kind::Plaza, 1));
    assert!(go(&network, Profile::Adult, (400.0, 0.0), (510.0, 50.0)).is_some());
}

#[test]
fn trunk_roads_and_road_tunnels_are_left_out_unless_configured() {
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 100.0, 0.0, &[])
        .node(3, 200.0, 0.0, &[])
        .node(4, 300.0, 0.0, &[])
        .way(1, &[1, 2], &STREET)
        .way(2, &[2, 3], &[("highway", "trunk")])
        .way(3, &[3, 4], &[("highway", "secondary"), ("tunnel", "yes")]);
    let network = city(&extract);
    let report = &network.meta().report;
    assert_eq!(report.left_out.get("trunk"), Some(&1));
    assert_eq!(report.closed_on_foot.get("road_tunnel"), Some(&1));
    let rules = StreetRules { walk_on_trunk: true, walk_in_road_tunnels: true };
    let network = city_by(&extract, None, rules);
    let report = &network.meta().report;
    assert_eq!((report.rules, report.left_out.len(), report.closed_on_foot.len()), (rules, 0, 0));
    assert!(go(&network, Profile::Adult, (0.0, 0.0), (200.0, 0.0)).is_some());
}

#[test]
fn distinguishes_voids_from_positions_outside_the_files() {
    // Three junctions on known ground, two in a void of 300 m, one west of 106 E and thus outside the file.
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 0.0, 500.0, &[])
        .node(3, 1000.0, 0.0, &[])
        .node(4, 1050.0, 50.0, &[])
        .node(5, -60_000.0, 0.0, &[])
        .node(6, 2500.0, 0.0, &[])
        .way(1, &[1, 2], &STREET)
        .way(2, &[1, 3], &STREET)
        .way(3, &[3, 4], &FOOTWAY)
        .way(4, &[1, 5], &FOOTWAY)
        .way(5, &[3, 6], &FOOTWAY);
    let side = 1201;
    let column = |x: f64| (at(x, 0.0).lon() - 106.0) * 1200.0;
    let row = |y: f64| (30.0 - at(0.0, y).lat()) * 1200.0;
    // 400 m in the west, 500 m in the east, a void in between.
    let bytes: Vec<u8> = (0..side * side)
        .flat_map(|i| {
            let (x, y) = ((i % side) as f64, (i / side) as f64);
            let in_void = x > column(850.0) && x < column(1150.0) && y > row(300.0) && y < row(-300.0);
            let height: i16 = if in_void {
                -32768
            } else if x < column(1000.0) {
                400
            } else {
                500
            };
            height.to_be_bytes()
        })
        .collect();
    let network = city_with(&extract, Some(&bytes));
    let report = &network.meta().report;
    assert_eq!(
        (report.vertices, report.vertices_without_height, report.vertices_in_voids, report.vertices_outside_elevation),
        (6, 3, 2, 1)
    );
    assert_eq!(
        report.warnings,
        [
            "2 junctions are in voids of the elevation files; their heights are interpolated from the edges of the voids",
            "1 junctions are outside the elevation files; they take the height of a neighbour"
        ]
    );
    assert_eq!((report.min_height_m, report.max_height_m), (400.0, 500.0));
    let way = go(&network, Profile::Adult, (0.0, 0.0), (1000.0, 0.0)).unwrap();
    assert!(way.stats.climb_m > 25.0 && way.stats.climb_m < 75.0, "up to the middle of the void: {:?}", way.stats);
    let report = walkshed_engine::build::StreetsReport::default();
    let old = serde_json::to_value(&report).unwrap();
    let without: serde_json::Map<String, serde_json::Value> = old
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .filter(|(k, _)| !k.starts_with("vertices_in") && !k.starts_with("vertices_out"))
        .collect();
    let read: walkshed_engine::build::StreetsReport = serde_json::from_value(without.into()).unwrap();
    assert_eq!(read.vertices_in_voids, 0, "older prepared files lack these counts");

    // A file that is one void: the ground counts as level, with a warning.
    let network = city_with(&extract, Some(&(-32768i16).to_be_bytes().repeat(side * side)));
    let report = &network.meta().report;
    assert!(!network.meta().has_elevation);
    assert_eq!((report.vertices_in_voids, report.vertices_outside_elevation), (5, 1));
    assert!(
        report.warnings.iter().any(|w| w == "N29E106.hgt has no heights where the streets are"
            || w.ends_with("/N29E106.hgt has no heights where the streets are")),
        "{:?}",
        report.warnings
    );
}

#[test]
fn places_snap_to_islands_only_without_a_street_nearby() {
    let mut extract = Extract::new();
    // A comb of 24 junctions, and beside it a disconnected path.
    let mut spine = Vec::new();
    for i in 0..24 {
        let x = f64::from(i) * 20.0;
        extract.node(i64::from(i) + 1, x, 0.0, &[]).node(i64::from(i) + 101, x, -10.0, &[]);
        spine.push(i64::from(i) + 1);
    }
    extract.way(1, &spine, &STREET);
    for i in 0..24 {
        extract.way(100 + i, &[i + 1, i + 101], &FOOTWAY);
    }
    extract.node(900, 100.0, 30.0, &[]).node(901, 200.0, 30.0, &[]).way(2, &[900, 901], &FOOTWAY);
    // Another one, far from everything.
    extract.node(910, 5000.0, 0.0, &[]).node(911, 5100.0, 0.0, &[]).way(3, &[910, 911], &FOOTWAY);
    let network = city(&extract);
    assert_eq!(network.meta().report.islands, 2);
    let beside = network.snap(at(150.0, 28.0), Profile::Adult).unwrap();
    near(beside.off_m, 28.0, 0.5);
    let far = network.snap(at(5050.0, 10.0), Profile::Adult).unwrap();
    near(far.off_m, 10.0, 0.5);
    // Beyond the snap limit the error reports the distance.
    let error = network.snap(at(5050.0, 1000.0), Profile::Adult).unwrap_err();
    near(error.nearest_m.unwrap(), 1000.0, 2.0);
}

#[test]
fn unusable_input_is_counted() {
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 100.0, 0.0, &[])
        .node(4, 300.0, 0.0, &[])
        .node(5, 400.0, 0.0, &[])
        // Node 3 is missing from the extract: the street is cut there.
        .way(1, &[1, 2, 3, 4, 5], &STREET)
        .way(2, &[1, 2], &[("highway", "service"), ("access", "private")])
        .way(3, &[1, 2], &[("highway", "motorway")])
        .way(4, &[1, 2], &[("highway", "construction")])
        .way(5, &[1, 2], &[("building", "yes")]);
    let network = city(&extract);
    let report = &network.meta().report;
    assert_eq!(report.missing_nodes, 1);
    assert_eq!((report.ways_read, report.street_ways, report.kept_ways, report.private_ways), (5, 4, 2, 1));
    let left_out: Vec<(&str, u64)> = report.left_out.iter().map(|(k, &v)| (k.as_str(), v)).collect();
    assert_eq!(left_out, [("motor_traffic", 1), ("not_built", 1)]);
    near(report.length_km, 0.3, 0.001);
    assert!(go(&network, Profile::Adult, (0.0, 0.0), (400.0, 0.0)).is_none());
}

#[test]
fn rejects_files_that_are_not_extracts() {
    let folder = tempfile::tempdir().unwrap();
    let error_of = |name: &str, bytes: &[u8]| {
        let streets = folder.path().join(name);
        std::fs::write(&streets, bytes).unwrap();
        let options = BuildOptions::new(streets);
        build(&options, &|_| {}).err().unwrap().to_string()
    };
    for bytes in [&b""[..], b"<osm version=\"0.6\">", &[0; 100], &[255; 100], b"\x00\x00\x00\x0d"] {
        let error = error_of("a.osm.pbf", bytes);
        assert!(error.contains("a.osm.pbf"), "{error}");
    }
    let mut no_streets = Extract::new();
    no_streets.node(1, 0.0, 0.0, &[]).node(2, 9.0, 0.0, &[]).way(1, &[1, 2], &[("waterway", "river")]);
    assert!(error_of("b.osm.pbf", &no_streets.bytes()).contains("no street"));
    let missing = BuildOptions::new(Path::new("/nowhere/x.osm.pbf").into());
    assert!(build(&missing, &|_| {}).err().unwrap().to_string().contains("/nowhere/x.osm.pbf"));
}

#[test]
fn rejects_truncated_extracts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.osm.pbf");
    let error_of = |bytes: &[u8], step: usize| {
        for end in (0..bytes.len()).step_by(step) {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let options = BuildOptions::new(path.clone());
            // Truncated after the header, the file has no streets; elsewhere it is damaged (no multiple of 1,000 is the
            // end of a blob in the real file).
            assert!(build(&options, &|_| {}).is_err(), "a file truncated at {end} of {} bytes was read", bytes.len());
        }
    };
    let mut small = Extract::new();
    small.node(1, 0.0, 0.0, &[]).node(2, 100.0, 0.0, &[]).way(1, &[1, 2], &STREET);
    error_of(&small.bytes(), 1);
    if let Some(real) = walkshed_testing::porto_alegre() {
        error_of(&std::fs::read(real.join("poa.osm.pbf")).unwrap(), 1000);
    }
}

#[test]
fn never_panics_on_random_changes() {
    let mut extract = Extract::new();
    square(&mut extract).way(3, &[1, 2, 3, 4, 1], &[("highway", "pedestrian"), ("area", "yes")]);
    let good = extract.bytes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.osm.pbf");
    let mut random = walkshed_testing::Random(7);
    let mut rejected = 0;
    for _ in 0..2000 {
        let mut bytes = good.clone();
        for _ in 0..=random.below(3) {
            let i = random.below(bytes.len());
            bytes[i] = random.next() as u8;
        }
        std::fs::write(&path, &bytes).unwrap();
        let options = BuildOptions::new(path.clone());
        rejected += usize::from(build(&options, &|_| {}).is_err());
    }
    assert!(rejected > 200, "only {rejected} of 2000 changed files were rejected");
}

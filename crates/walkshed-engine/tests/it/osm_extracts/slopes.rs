//! Heights: bridges over valleys, slope limits, voids in elevation files.

use super::*;

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

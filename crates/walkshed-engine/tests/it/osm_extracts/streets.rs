//! Barriers, plazas, lifts, escalators, ferries, disconnected components, missing nodes.

use super::*;

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

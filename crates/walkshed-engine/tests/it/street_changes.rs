//! Streets added and closed by a scenario: the result is equal to a network built with these changes, and impossible changes
//! are rejected.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use walkshed_engine::access::{Access, Kind, Structure};
use walkshed_engine::geo::{Fixed, Position};
use walkshed_engine::osm::WayClass;
use walkshed_engine::{
    Deciseconds, Network, Profile, Start, StreetChange, StreetChangeError, StreetKind, matrix, route,
};
use walkshed_testing::{CENTRE, EVERYONE, Random, at, class, grid, link, network, random_point};

const SIDE: u32 = 8;
const SPACING: f64 = 100.0;

fn position(x: f64, y: f64) -> Position {
    at(x, y).into()
}

fn add(kind: StreetKind, line: &[(f64, f64)]) -> StreetChange {
    StreetChange::Add { kind, line: line.iter().map(|&(x, y)| position(x, y)).collect(), name: None }
}

fn close(x: f64, y: f64, kind: Option<StreetKind>) -> StreetChange {
    StreetChange::Close { at: position(x, y), kind }
}

fn changed(network: &Network, changes: &[StreetChange]) -> Network {
    network.with_changes(changes).unwrap().0
}

/// Builds a grid with additional links, or without one of its links.
fn built(more: &[(u32, u32, WayClass)], without: Option<(u32, u32)>) -> Network {
    let points: Vec<Fixed> =
        (0..SIDE * SIDE).map(|i| at(f64::from(i % SIDE) * SPACING, f64::from(i / SIDE) * SPACING)).collect();
    let (mut classes, mut links) = (vec![class(Kind::Street, EVERYONE)], Vec::new());
    for i in 0..SIDE * SIDE {
        for (there, is_one) in [(i + 1, i % SIDE + 1 < SIDE), (i + SIDE, i / SIDE + 1 < SIDE)] {
            if is_one && without != Some((i, there)) {
                links.push(link(i, there, 0, &points));
            }
        }
    }
    for (from, to, what) in more {
        classes.push(what.clone());
        links.push(link(*from, *to, classes.len() as u32 - 1, &points));
    }
    network(classes, links, points)
}

/// Returns the times between random places of the grid, for every profile.
fn times(network: &Network, seed: u64) -> Vec<Option<u32>> {
    let mut r = Random(seed);
    let model = grid(SIDE, SPACING);
    let places: Vec<Fixed> = (0..40).map(|_| random_point(&model, &mut r)).collect();
    let mut all = Vec::new();
    for profile in Profile::ALL {
        let start = |&p: &Fixed| Some(Start::new(network, network.snap(p, profile).ok()?, profile));
        let starts: Vec<_> = places.iter().map(start).collect();
        let rows = matrix(network, profile, &starts, &starts, Deciseconds(60_000)).unwrap();
        all.extend(rows.into_iter().flatten().map(|t| t.map(|t| t.0)));
    }
    all
}

/// Returns the number of different times and the largest difference. A time that only one side has counts as infinite.
fn differences(a: &[Option<u32>], b: &[Option<u32>]) -> (usize, u32) {
    assert_eq!(a.len(), b.len());
    let gap = |(a, b): (&Option<u32>, &Option<u32>)| match (a, b) {
        (Some(a), Some(b)) => a.abs_diff(*b),
        (None, None) => 0,
        _ => u32::MAX,
    };
    let gaps: Vec<u32> = a.iter().zip(b).map(gap).collect();
    (gaps.iter().filter(|g| **g > 0).count(), gaps.iter().copied().max().unwrap())
}

/// Deciseconds. The time of a piece is rounded at the cut, and the share of a place on it once more.
const ROUNDING: u32 = 2;

#[test]
fn an_added_street_equals_a_built_one() {
    let corner = |x: u32, y: u32| y * SIDE + x;
    let at_corner = |x: u32, y: u32| (f64::from(x) * SPACING, f64::from(y) * SPACING);
    let plain = grid(SIDE, SPACING);
    let bridge = WayClass { structure: Structure::Bridge, ..class(Kind::Path, Access::FOOT) };
    for (kind, what) in [
        (StreetKind::Street, class(Kind::Street, EVERYONE)),
        (StreetKind::Footpath, class(Kind::Path, Access::FOOT)),
        (StreetKind::Cycleway, class(Kind::Path, EVERYONE)),
        (StreetKind::Stairway, class(Kind::Steps, Access::FOOT)),
        (StreetKind::Lift, class(Kind::Lift, EVERYONE)),
        (StreetKind::Escalator, class(Kind::Escalator, Access::FOOT)),
        (StreetKind::Footbridge, bridge),
    ] {
        let added = changed(&plain, &[add(kind, &[at_corner(1, 1), at_corner(6, 5)])]);
        let whole = built(&[(corner(1, 1), corner(6, 5), what)], None);
        for seed in 0..3 {
            let (before, ours, expected) = (times(&plain, seed), times(&added, seed), times(&whole, seed));
            assert!(differences(&ours, &expected).1 <= ROUNDING, "{kind:?}: {:?}", differences(&ours, &expected));
            // A lift or an escalator of 640 m is slower than walking around the blocks.
            let is_slow = matches!(kind, StreetKind::Lift | StreetKind::Escalator);
            // Close it again, selected by its kind.
            let (x, y) = (250.0, 220.0);
            let closed = changed(&whole, &[close(x, y, Some(kind))]);
            assert_eq!(times(&closed, seed), before, "{kind:?}");
            let others = [StreetKind::Stairway, StreetKind::Lift].into_iter().filter(|other| *other != kind);
            for other in others {
                assert!(whole.with_changes(&[close(x, y, Some(other))]).is_err(), "{kind:?} is no {other:?}");
            }
            assert!(is_slow || differences(&ours, &before).0 > 20, "{kind:?}: {:?}", differences(&ours, &before));
        }
    }
}

#[test]
fn a_network_with_a_closed_street_equals_one_built_without_it() {
    let plain = grid(SIDE, SPACING);
    let without = built(&[], Some((3 * SIDE + 3, 3 * SIDE + 4)));
    for kind in [None, Some(StreetKind::Street)] {
        let closed = changed(&plain, &[close(350.0, 305.0, kind)]);
        for seed in 0..5 {
            assert_eq!(times(&closed, seed), times(&without, seed));
        }
        assert!(differences(&times(&closed, 1), &times(&plain, 1)).0 > 10);
        // Close the street and add it again.
        let again = [close(350.0, 305.0, kind), add(StreetKind::Street, &[(300.0, 300.0), (400.0, 300.0)])];
        let again = changed(&plain, &again);
        for seed in 0..5 {
            assert!(differences(&times(&again, seed), &times(&plain, seed)).1 <= ROUNDING);
        }
    }
}

#[test]
fn a_useless_detour_changes_no_other_time() {
    let plain = grid(SIDE, SPACING);
    // Both new streets leave an edge and return to it: they are slower than the edge itself.
    let detour = changed(
        &plain,
        &[
            add(StreetKind::Stairway, &[(250.0, 300.0), (250.0, 340.0), (248.0, 300.0)]),
            add(StreetKind::Footpath, &[(260.0, 300.0), (260.0, 350.0), (262.0, 300.0)]),
        ],
    );
    for seed in 0..5 {
        let mut r = Random(seed);
        let far = |p: &Fixed| {
            let m = walkshed_engine::geo::Metric::at(p.lat());
            m.distance(*p, at(250.0, 300.0)) > 120.0
        };
        let places: Vec<Fixed> =
            std::iter::repeat_with(|| random_point(&plain, &mut r)).filter(|p| far(p)).take(40).collect();
        for profile in Profile::ALL {
            let rows = |network: &Network| {
                let start = |&p: &Fixed| Some(Start::new(network, network.snap(p, profile).ok()?, profile));
                let starts: Vec<_> = places.iter().map(start).collect();
                matrix(network, profile, &starts, &starts, Deciseconds(60_000)).unwrap()
            };
            assert_eq!(rows(&plain), rows(&detour), "{profile}");
        }
    }
}

/// Two streets on both sides of a ravine: steps down on one side, a lift up on the other, a bridge between them.
#[test]
fn new_streets_join_each_other() {
    let points = vec![at(0.0, 0.0), at(300.0, 0.0), at(0.0, 400.0), at(300.0, 400.0), at(2000.0, 200.0)];
    let links = vec![
        link(0, 1, 0, &points),
        link(2, 3, 0, &points),
        // A long way around the end of the ravine.
        link(1, 4, 0, &points),
        link(4, 3, 0, &points),
    ];
    let plain = network(vec![class(Kind::Street, EVERYONE)], links, points);
    let steps = add(StreetKind::Stairway, &[(100.0, 0.0), (100.0, 150.0)]);
    let bridge = StreetChange::Add {
        kind: StreetKind::Footbridge,
        line: vec![position(100.0, 151.0), position(150.0, 200.0), position(200.0, 250.0)],
        name: Some("Ravine Bridge 沟桥".into()),
    };
    let lift = add(StreetKind::Lift, &[(199.0, 251.0), (200.0, 395.0)]);
    let (crossed, results) = plain.with_changes(&[steps.clone(), bridge.clone(), lift.clone()]).unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results[1].name.as_deref(), Some("Ravine Bridge 沟桥"));
    let find = |network: &Network, profile: Profile| {
        let (a, b) = (at(100.0, -10.0), at(200.0, 410.0));
        let start = |p: Fixed| Start::new(network, network.snap(p, profile).unwrap(), profile);
        route(network, profile, (a, &start(a)), (b, &start(b)), Deciseconds(60_000)).unwrap()
    };
    let (before, after) = (find(&plain, Profile::Adult), find(&crossed, Profile::Adult));
    assert!(before.stats.metres > 3000.0 && after.stats.metres < 500.0, "{:?} {:?}", before.stats, after.stats);
    assert!((after.stats.steps_m - 150.0).abs() < 2.0, "{:?}", after.stats);
    assert!(after.pieces.iter().any(|p| crossed.name(p.edge) == Some("Ravine Bridge 沟桥")));
    // A wheelchair cannot use steps and takes the long way as before.
    assert_eq!(find(&plain, Profile::Wheelchair).time, find(&crossed, Profile::Wheelchair).time);
    // Without the bridge the ends of the steps and the lift in the ravine are not connected.
    let (n, why) = plain.with_changes(&[steps, lift]).err().unwrap();
    assert_eq!(n, 0);
    assert!(matches!(why, StreetChangeError::EndNotConnected { end: "end", .. }), "{why}");
    // A path that starts in the middle of new steps.
    let branch = [
        add(StreetKind::Stairway, &[(100.0, 0.0), (100.0, 400.0)]),
        add(StreetKind::Footpath, &[(110.0, 200.0), (290.0, 390.0)]),
    ];
    let branched = changed(&plain, &branch);
    assert!(find(&branched, Profile::Adult).stats.metres < 800.0);
    let (a, b) = (at(100.0, 0.0), at(290.0, 400.0));
    let start = |p: Fixed| Start::new(&branched, branched.snap(p, Profile::Adult).unwrap(), Profile::Adult);
    let way = route(&branched, Profile::Adult, (a, &start(a)), (b, &start(b)), Deciseconds(60_000)).unwrap();
    assert!((way.stats.steps_m - 200.0).abs() < 15.0, "{:?}", way.stats);
}

#[test]
fn rejects_impossible_changes() {
    let plain = grid(SIDE, SPACING);
    let reject = |change: StreetChange| plain.with_changes(&[close(50.0, 0.0, None), change]).err().unwrap();
    let (n, why) = reject(close(350.0, 355.0, Some(StreetKind::Lift)));
    assert_eq!(n, 1);
    insta::assert_snapshot!(why, @"there is no lift within 50 m of (106.5536116, 29.5632028)");
    insta::assert_snapshot!(reject(close(-500.0, 0.0, None)).1, @"there is no street within 50 m of (106.5448406, 29.56); the nearest is 500 m away");
    insta::assert_snapshot!(reject(add(StreetKind::Footpath, &[(100.0, 100.0), (-300.0, -300.0)])).1, @"the end of the line, (106.5469044, 29.5572934), is not within 50 m of a street or another new street; the nearest is 424 m away; move it to a street");
    insta::assert_snapshot!(reject(add(StreetKind::Footpath, &[(100.0, 100.0)])).1, @"the line has 1 positions; at least two are required");
    insta::assert_snapshot!(reject(add(StreetKind::Footpath, &[(150.0, 100.0), (150.0, 100.0)])).1, @"the line has no length: it starts and ends at (106.5515478, 29.5609022)");
    // A ring that joins only itself.
    let ring = [(120.0, 120.0), (180.0, 130.0), (150.0, 180.0)];
    let sides: Vec<_> = (0..3).map(|n| add(StreetKind::Footpath, &[ring[n], ring[(n + 1) % 3]])).collect();
    let (n, why) = plain.with_changes(&sides).err().unwrap();
    insta::assert_snapshot!(format!("{n}: {why}"), @"0: the line and the new streets it meets join no existing street; move one of them to a street");
    let joined = [&sides[..], &[add(StreetKind::Footpath, &[(120.0, 120.0), (120.0, 101.0)])]].concat();
    assert_eq!(plain.with_changes(&joined).unwrap().1.len(), 4);
    // A line with corners that ends short of the streets is extended to them.
    let (_, results) =
        plain.with_changes(&[add(StreetKind::Footpath, &[(150.0, 110.0), (160.0, 150.0), (150.0, 190.0)])]).unwrap();
    assert!((results[0].length_m - (20.0 + 2.0 * 10f64.hypot(40.0))).abs() < 0.5, "{}", results[0].length_m);
    assert_eq!(results[0].line.len(), 5);
    assert_eq!(CENTRE, at(0.0, 0.0));
}

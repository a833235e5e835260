//! Streets added and closed: what comes out is the network that would have been built so; and what cannot be done is told.
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

/// A grid with a link more, or without one of its own.
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

/// Times between random places of the grid, for every profile.
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

/// How many differ, and by how much at most; a time that only one of them has counts as without end.
fn apart(a: &[Option<u32>], b: &[Option<u32>]) -> (usize, u32) {
    assert_eq!(a.len(), b.len());
    let gap = |(a, b): (&Option<u32>, &Option<u32>)| match (a, b) {
        (Some(a), Some(b)) => a.abs_diff(*b),
        (None, None) => 0,
        _ => u32::MAX,
    };
    let gaps: Vec<u32> = a.iter().zip(b).map(gap).collect();
    (gaps.iter().filter(|g| **g > 0).count(), gaps.iter().copied().max().unwrap())
}

/// A piece's time is rounded where it is cut, and what lies on it is rounded once more.
const ROUNDING: u32 = 2;

#[test]
fn an_added_street_is_as_if_it_had_been_built() {
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
        let there = changed(&plain, &[add(kind, &[at_corner(1, 1), at_corner(6, 5)])]);
        let whole = built(&[(corner(1, 1), corner(6, 5), what)], None);
        for seed in 0..3 {
            let (before, ours, wanted) = (times(&plain, seed), times(&there, seed), times(&whole, seed));
            assert!(apart(&ours, &wanted).1 <= ROUNDING, "{kind:?}: {:?}", apart(&ours, &wanted));
            // Over 640 m a lift or an escalator takes longer than walking round the blocks.
            let is_slow = matches!(kind, StreetKind::Lift | StreetKind::Escalator);
            // And closed again, by its kind where a street of another kind is near.
            let (x, y) = (250.0, 220.0);
            let closed = changed(&whole, &[close(x, y, Some(kind))]);
            assert_eq!(times(&closed, seed), before, "{kind:?}");
            let others = [StreetKind::Stairway, StreetKind::Lift].into_iter().filter(|other| *other != kind);
            for other in others {
                assert!(whole.with_changes(&[close(x, y, Some(other))]).is_err(), "{kind:?} is no {other:?}");
            }
            assert!(is_slow || apart(&ours, &before).0 > 20, "{kind:?}: {:?}", apart(&ours, &before));
        }
    }
}

#[test]
fn a_closed_street_is_as_if_it_had_never_been_built() {
    let plain = grid(SIDE, SPACING);
    let without = built(&[], Some((3 * SIDE + 3, 3 * SIDE + 4)));
    for kind in [None, Some(StreetKind::Street)] {
        let closed = changed(&plain, &[close(350.0, 305.0, kind)]);
        for seed in 0..5 {
            assert_eq!(times(&closed, seed), times(&without, seed));
        }
        assert!(apart(&times(&closed, 1), &times(&plain, 1)).0 > 10);
        // The other way round: closed, and built again on the spot.
        let again = [close(350.0, 305.0, kind), add(StreetKind::Street, &[(300.0, 300.0), (400.0, 300.0)])];
        let again = changed(&plain, &again);
        for seed in 0..5 {
            assert!(apart(&times(&again, seed), &times(&plain, seed)).1 <= ROUNDING);
        }
    }
}

#[test]
fn a_street_that_leads_nowhere_changes_no_other_way() {
    let plain = grid(SIDE, SPACING);
    // From the middle of one segment to the middle of the next, slower than going round by nothing: steps.
    let there = changed(
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
            assert_eq!(rows(&plain), rows(&there), "{profile}");
        }
    }
}

/// Two streets a ravine apart: steps down on one side, a lift up on the other, a bridge between them in the open.
#[test]
fn new_streets_meet_each_other() {
    let points = vec![at(0.0, 0.0), at(300.0, 0.0), at(0.0, 400.0), at(300.0, 400.0), at(2000.0, 200.0)];
    let links = vec![
        link(0, 1, 0, &points),
        link(2, 3, 0, &points),
        // Round the head of the ravine, far away.
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
    let (there, told) = plain.with_changes(&[steps.clone(), bridge.clone(), lift.clone()]).unwrap();
    assert_eq!(told.len(), 3);
    assert_eq!(told[1].name.as_deref(), Some("Ravine Bridge 沟桥"));
    let ask = |network: &Network, profile: Profile| {
        let (a, b) = (at(100.0, -10.0), at(200.0, 410.0));
        let start = |p: Fixed| Start::new(network, network.snap(p, profile).unwrap(), profile);
        route(network, profile, (a, &start(a)), (b, &start(b)), Deciseconds(60_000)).unwrap()
    };
    let (before, after) = (ask(&plain, Profile::Adult), ask(&there, Profile::Adult));
    assert!(before.stats.metres > 3000.0 && after.stats.metres < 500.0, "{:?} {:?}", before.stats, after.stats);
    assert!((after.stats.steps_m - 150.0).abs() < 2.0, "{:?}", after.stats);
    assert!(after.pieces.iter().any(|p| there.name(p.edge) == Some("Ravine Bridge 沟桥")));
    // Who cannot take steps goes round as before.
    assert_eq!(ask(&plain, Profile::Wheelchair).time, ask(&there, Profile::Wheelchair).time);
    // Without the bridge the lift's foot hangs in the air.
    let (n, why) = plain.with_changes(&[steps, lift]).err().unwrap();
    assert_eq!(n, 0);
    assert!(matches!(why, StreetChangeError::Loose { end: "end", .. }), "{why}");
    // A path from the middle of new steps.
    let branch = [
        add(StreetKind::Stairway, &[(100.0, 0.0), (100.0, 400.0)]),
        add(StreetKind::Footpath, &[(110.0, 200.0), (290.0, 390.0)]),
    ];
    let there = changed(&plain, &branch);
    assert!(ask(&there, Profile::Adult).stats.metres < 800.0);
    let (a, b) = (at(100.0, 0.0), at(290.0, 400.0));
    let start = |p: Fixed| Start::new(&there, there.snap(p, Profile::Adult).unwrap(), Profile::Adult);
    let way = route(&there, Profile::Adult, (a, &start(a)), (b, &start(b)), Deciseconds(60_000)).unwrap();
    assert!((way.stats.steps_m - 200.0).abs() < 15.0, "{:?}", way.stats);
}

#[test]
fn what_cannot_be_done_is_told() {
    let plain = grid(SIDE, SPACING);
    let told = |change: StreetChange| plain.with_changes(&[close(50.0, 0.0, None), change]).err().unwrap();
    let (n, why) = told(close(350.0, 355.0, Some(StreetKind::Lift)));
    assert_eq!(n, 1);
    insta::assert_snapshot!(why, @"there is no lift within 50 m of (106.5536116, 29.5632028)");
    insta::assert_snapshot!(told(close(-500.0, 0.0, None)).1, @"there is no street within 50 m of (106.5448406, 29.56); the nearest is 500 m away");
    insta::assert_snapshot!(told(add(StreetKind::Footpath, &[(100.0, 100.0), (-300.0, -300.0)])).1, @"the end of the line, (106.5469044, 29.5572934), is not within 50 m of a street or another new one; the nearest is 424 m away; draw it up to a street");
    insta::assert_snapshot!(told(add(StreetKind::Footpath, &[(100.0, 100.0)])).1, @"the line has 1 positions; it needs two at least");
    insta::assert_snapshot!(told(add(StreetKind::Footpath, &[(150.0, 100.0), (150.0, 100.0)])).1, @"the line has no length: it begins and ends at (106.5515478, 29.5609022)");
    // A ring that joins itself and nothing else.
    let ring = [(120.0, 120.0), (180.0, 130.0), (150.0, 180.0)];
    let sides: Vec<_> = (0..3).map(|n| add(StreetKind::Footpath, &[ring[n], ring[(n + 1) % 3]])).collect();
    let (n, why) = plain.with_changes(&sides).err().unwrap();
    insta::assert_snapshot!(format!("{n}: {why}"), @"0: the line and the new ones it meets join no street; draw one of them up to a street");
    let joined = [&sides[..], &[add(StreetKind::Footpath, &[(120.0, 120.0), (120.0, 101.0)])]].concat();
    assert_eq!(plain.with_changes(&joined).unwrap().1.len(), 4);
    // A line with corners, drawn a little short of the street, is carried on to it.
    let (_, told) =
        plain.with_changes(&[add(StreetKind::Footpath, &[(150.0, 110.0), (160.0, 150.0), (150.0, 190.0)])]).unwrap();
    assert!((told[0].length_m - (20.0 + 2.0 * 10f64.hypot(40.0))).abs() < 0.5, "{}", told[0].length_m);
    assert_eq!(told[0].line.len(), 5);
    assert_eq!(CENTRE, at(0.0, 0.0));
}

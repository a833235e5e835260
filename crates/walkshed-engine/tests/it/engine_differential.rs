//! Compares the engine with a textbook Dijkstra, to the decisecond, for random places on random graphs and on Porto Alegre,
//! for every profile and direction. Also checks invariants: symmetry, monotonicity, the triangle inequality.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::sync::Arc;
use walkshed_engine::geo::{Fixed, Position, Storey};
use walkshed_engine::walkshed::Reach;
use walkshed_engine::{
    Deciseconds, Direction, NearestQuery, Network, PointLayer, Profile, Scratch, Start, StreetChange, StreetKind,
    handicap_m, matrix, route, with_scratch,
};
use walkshed_testing::dijkstra::Reference;
use walkshed_testing::{Random, grid, porto_alegre_network, random_network, random_point};

const LIMITS: [u32; 4] = [600, 3000, 9000, 20_000];

fn place(network: &Network, profile: Profile, r: &mut Random) -> Option<(Fixed, Start)> {
    let at = random_point(network, r);
    let snap = network.snap(at, profile).ok()?;
    Some((at, Start::new(network, snap, profile)))
}

/// Compares `count` random places with the reference. Returns the number of compared travel times.
fn compare(network: &Network, seed: u64, count: usize) -> usize {
    let mut r = Random(seed);
    let mut compared = 0;
    for profile in Profile::ALL {
        let ends: Vec<(Fixed, Start)> =
            std::iter::repeat_with(|| place(network, profile, &mut r)).take(60).flatten().collect();
        let layer = PointLayer::new(ends.iter().map(|e| e.0).collect());
        let only_starts: Vec<Start> = ends.iter().map(|e| e.1).collect();
        for direction in Direction::ALL {
            let reference = Reference::new(network, profile, direction);
            for n in 0..count {
                let Some((at, start)) = place(network, profile, &mut r) else { continue };
                // Some places are on the edge of a destination, to test the way along that edge.
                let start = if n % 5 == 0 && !ends.is_empty() {
                    let mut near = ends[r.below(ends.len())].1;
                    near.snap.fraction = r.unit();
                    near
                } else {
                    start
                };
                let limit = LIMITS[n % LIMITS.len()];
                let expected = reference.times(&start, &only_starts, limit);
                let found: Vec<Option<u32>> = with_scratch(|Scratch { search, hits }| {
                    search.run_from(network, profile, direction, &start, Deciseconds(limit));
                    layer.collect(network, &start, search, hits);
                    (0..ends.len() as u32).map(|p| Some(hits.time(p)).filter(|t| t.is_some()).map(|t| t.0)).collect()
                });
                assert_eq!(found, expected, "{profile} {direction:?} from {at:?} within {limit}");
                compare_pages(network, &layer, (profile, direction, limit), &start, &expected, &mut r);
                let reach = Reach::find(network, profile, direction, start, Deciseconds(limit));
                for (end, want) in only_starts.iter().zip(&expected) {
                    assert_eq!(Some(reach.time_to(network, end)).filter(|t| t.is_some()).map(|t| t.0), *want);
                }
                if direction == Direction::From {
                    let row = matrix(
                        network,
                        profile,
                        &[Some(start)],
                        &only_starts.iter().copied().map(Some).collect::<Vec<_>>(),
                        Deciseconds(limit),
                    )
                    .unwrap();
                    assert_eq!(row[0].iter().map(|t| t.map(|t| t.0)).collect::<Vec<_>>(), expected);
                    for (end, want) in ends.iter().zip(&expected).take(8) {
                        let way = route(network, profile, (at, &start), (end.0, &end.1), Deciseconds(limit));
                        assert_eq!(way.as_ref().map(|w| w.time.0), *want);
                        if let Some(way) = way {
                            check_route(network, profile, &way, &start, &end.1);
                        }
                    }
                }
                compared += expected.len();
            }
        }
    }
    compared
}

/// Compares pages of the nearest points with the sorted times of the reference, some points being rejected.
fn compare_pages(
    network: &Network,
    layer: &PointLayer,
    (profile, direction, limit): (Profile, Direction, u32),
    start: &Start,
    expected: &[Option<u32>],
    r: &mut Random,
) {
    let rejected = 1 + r.below(4);
    let accept = |point: u32| !(point as usize).is_multiple_of(rejected + 1);
    let mut keys: Vec<(Deciseconds, u32)> = expected
        .iter()
        .zip(0..)
        .filter(|(_, p)| accept(*p))
        .filter_map(|(t, p)| Some((Deciseconds((*t)?), p)))
        .collect();
    keys.sort_unstable();
    let first = 1 + r.below(8);
    let mut from = None;
    for _ in 0..4 {
        let query = NearestQuery { start, profile, direction, limit: Deciseconds(limit), from, first };
        let page = with_scratch(|scratch| layer.nearest(network, &query, scratch, accept));
        let rest = from.map_or(&keys[..], |from| &keys[keys.partition_point(|key| *key < from)..]);
        assert_eq!(page.points, rest[..first.min(rest.len())], "{profile} {direction:?} within {limit} from {from:?}");
        assert_eq!(page.has_next, rest.len() > first);
        // The next page begins after the last row of this one, or anywhere.
        from = match page.points.last() {
            Some(&(time, point)) if r.below(3) > 0 => Some((time, point + 1)),
            _ => Some((Deciseconds(r.below(limit as usize) as u32), r.below(60) as u32)),
        };
    }
}

/// Checks that the pieces of a route are connected and that their costs add up to its time.
fn check_route(network: &Network, profile: Profile, way: &walkshed_engine::Route, start: &Start, end: &Start) {
    let costs = network.costs(profile, Direction::From);
    let mut sum = start.off.0 + end.off.0;
    for piece in &way.pieces {
        let edge = network.edge(piece.edge);
        let span = piece.to - piece.from;
        if edge.is_entry() {
            continue;
        }
        sum += costs[edge.arcs[usize::from(span < 0.0)] as usize].share(span.abs()).0;
    }
    assert_eq!(sum, way.time.0, "the costs of the pieces add up to the time");
    for pair in way.pieces.windows(2) {
        let end_of = |p: &walkshed_engine::PathPiece, f: f64| {
            let e = network.edge(p.edge);
            if f <= 0.0 { e.tail } else { e.head }
        };
        assert_eq!(end_of(&pair[0], pair[0].to), end_of(&pair[1], pair[1].from), "consecutive pieces share a vertex");
    }
}

#[test]
fn matches_the_reference_on_random_graphs() {
    let mut compared = 0;
    for seed in 0..6 {
        compared += compare(&random_network(seed, 150 + seed as usize * 60), seed + 100, 60);
    }
    assert!(compared > 100_000, "only {compared} times were compared");
}

#[test]
fn matches_the_reference_on_random_graphs_with_changed_streets() {
    let (mut compared, mut joined) = (0, 0);
    for seed in 0..5 {
        let network = Arc::new(random_network(seed + 500, 200 + seed as usize * 40));
        let (changed, changes) = change_at_random(&network, seed);
        joined += changes;
        compared += compare(&changed, seed + 700, 50);
        compared += compare(changed.by_length(), seed + 800, 20);
        compared += compare_layers(&network, &changed, seed);
    }
    assert!(compared > 100_000 && joined > 30, "{compared} times, {joined} changes");
}

#[test]
fn matches_the_reference_on_porto_alegre_with_changed_streets() {
    let Some(network) = porto_alegre_network().map(Arc::new) else { return };
    let (changed, changes) = change_at_random(&network, 9);
    assert!(changes > 5, "only {changes} changes were made");
    assert!(compare(&changed, 6, 60) > 20_000);
    compare_layers(&network, &changed, 3);
}

/// Closes and adds streets at random places. Drops the changes that cannot be made. Returns the number of changes.
fn change_at_random(network: &Network, seed: u64) -> (Network, usize) {
    const KINDS: [StreetKind; 7] = [
        StreetKind::Street,
        StreetKind::Footpath,
        StreetKind::Cycleway,
        StreetKind::Stairway,
        StreetKind::Lift,
        StreetKind::Escalator,
        StreetKind::Footbridge,
    ];
    let mut r = Random(seed + 900);
    let mut changes = Vec::new();
    for n in 0..24 {
        let at = random_point(network, &mut r);
        changes.push(if n % 3 == 0 {
            StreetChange::Close { at: at.into(), kind: None }
        } else {
            // Short lines, some of which start where the previous one ended.
            let from = match changes.last() {
                Some(StreetChange::Add { line, .. }) if n % 2 == 0 => line[line.len() - 1].into(),
                _ => at,
            };
            let middle = from.lerp(random_point(network, &mut r), 0.1);
            let to = middle.lerp(random_point(network, &mut r), 0.2);
            let line = [from, middle, to].map(Position::from).to_vec();
            StreetChange::Add { kind: KINDS[n % KINDS.len()], line, name: Some(format!("new {n}")) }
        });
    }
    loop {
        match network.with_changes(&changes) {
            Ok((changed, results)) => {
                assert_eq!(results.len(), changes.len());
                return (changed, results.len());
            }
            Err((n, _)) => drop(changes.remove(n)),
        }
    }
}

/// Checks that a layer updated for a changed network is equal to a new layer on it. Returns the number of compared points.
fn compare_layers(network: &Arc<Network>, changed: &Network, seed: u64) -> usize {
    let mut r = Random(seed);
    let points: Vec<Fixed> = (0..400).map(|_| random_point(network, &mut r)).collect();
    let fresh = PointLayer::new(points.clone());
    let updated = PointLayer::for_changed_network(&Arc::new(PointLayer::new(points)), network);
    for profile in Profile::ALL {
        assert_eq!(updated.snapped(changed, profile).snaps, fresh.snapped(changed, profile).snaps, "{profile}");
    }
    Profile::COUNT * 400
}

#[test]
fn matches_the_reference_on_porto_alegre() {
    let Some(network) = porto_alegre_network() else { return };
    let compared = compare(&network, 5, 100);
    assert!(compared > 30_000, "only {compared} times were compared");
}

#[test]
fn time_towards_a_place_equals_time_from_the_other() {
    for seed in 0..4 {
        let network = random_network(seed + 40, 200);
        let mut r = Random(seed);
        let limit = Deciseconds(12_000);
        for profile in Profile::ALL {
            for _ in 0..40 {
                let (Some((_, a)), Some((_, b))) = (place(&network, profile, &mut r), place(&network, profile, &mut r))
                else {
                    continue;
                };
                let away = Reach::find(&network, profile, Direction::From, a, limit).time_to(&network, &b);
                let back = Reach::find(&network, profile, Direction::Towards, b, limit).time_to(&network, &a);
                assert_eq!(away, back, "{profile}");
            }
        }
    }
}

#[test]
fn times_on_level_two_way_streets_are_symmetric_and_obey_the_triangle_inequality() {
    let network = grid(12, 100.0);
    let mut r = Random(9);
    let limit = Deciseconds(60_000);
    let profile = Profile::Adult;
    let mut checked = 0;
    for _ in 0..300 {
        let places: Vec<_> = (0..3).filter_map(|_| place(&network, profile, &mut r)).map(|p| Some(p.1)).collect();
        if places.len() < 3 {
            continue;
        }
        let t = matrix(&network, profile, &places, &places, limit).unwrap();
        let time = |a: usize, b: usize| t[a][b].unwrap().0;
        for (a, b, c) in [(0, 1, 2), (1, 2, 0), (2, 0, 1)] {
            assert_eq!(time(a, b), time(b, a));
            // The off-network leg of the middle place counts twice; rounding adds up to a decisecond for each leg.
            assert!(time(a, c) <= time(a, b) + time(b, c) + 4);
            checked += 1;
        }
    }
    assert!(checked > 500);
}

#[test]
fn a_longer_limit_reaches_more_and_the_limit_is_inclusive() {
    let network = random_network(77, 250);
    let mut r = Random(2);
    for profile in Profile::ALL {
        let Some((_, start)) = place(&network, profile, &mut r) else { continue };
        let ends: Vec<Start> = (0..80).filter_map(|_| place(&network, profile, &mut r)).map(|p| p.1).collect();
        let far = Reach::find(&network, profile, Direction::From, start, Deciseconds(15_000));
        for end in &ends {
            let time = far.time_to(&network, end);
            if !time.is_some() {
                continue;
            }
            let exact = Reach::find(&network, profile, Direction::From, start, time);
            assert_eq!(exact.time_to(&network, end), time, "a time equal to the limit is inside");
            if time.0 > 0 {
                let short = Reach::find(&network, profile, Direction::From, start, Deciseconds(time.0 - 1));
                assert!(!short.time_to(&network, end).is_some());
                assert!(short.street_m(&network) <= exact.street_m(&network));
            }
        }
    }
}

#[test]
fn scratch_adapts_to_networks_of_different_sizes() {
    let (small, large) = (grid(3, 100.0), grid(30, 100.0));
    let mut r = Random(4);
    for _ in 0..50 {
        for network in [&small, &large] {
            let (_, start) =
                std::iter::repeat_with(|| place(network, Profile::Adult, &mut r)).flatten().next().unwrap();
            let reach = Reach::find(network, Profile::Adult, Direction::From, start, Deciseconds(2000));
            assert!(reach.vertex_count() <= network.vertices().len());
        }
    }
}

#[test]
fn snapping_matches_an_exhaustive_search() {
    let network = random_network(3, 300);
    let mut r = Random(11);
    let mut found = 0;
    for profile in Profile::ALL {
        for _ in 0..200 {
            let at = random_point(&network, &mut r);
            let metric = walkshed_engine::geo::Metric::at(at.lat());
            let limit = network.profiles().get(profile).snap_limit_m;
            // The minimum of (distance plus handicap, distance).
            let nearest = |want_cut_off: bool, limit: f64| {
                network
                    .edge_ids()
                    .filter(|&id| {
                        let e = network.edge(id);
                        e.kind().can_be_snapped_to()
                            && e.usable().contains(profile)
                            && e.cut_off().contains(profile) == want_cut_off
                    })
                    .filter_map(|id| Some((id, handicap_m(network.edge(id), profile, Storey::Ground)?)))
                    .flat_map(|(id, handicap)| {
                        let shape = network.shape(id);
                        let metres = shape.windows(2).map(|p| metric.project(at, p[0], p[1]).1.sqrt());
                        metres.filter(|m| *m <= limit).map(|m| (m + handicap, m)).collect::<Vec<_>>()
                    })
                    .fold((f64::INFINITY, f64::INFINITY), |best, new| if new.0 < best.0 { new } else { best })
            };
            let (main, cut_off) = (nearest(false, limit), nearest(true, limit));
            match network.snap(at, profile) {
                Ok(snap) => {
                    found += 1;
                    let expected = if main.0.is_finite() { main.1 } else { cut_off.1 };
                    assert!((snap.off_m - expected).abs() < 1e-6, "{} against {expected}", snap.off_m);
                    let distance = metric.distance(at, snap.at);
                    assert!((distance - snap.off_m).abs() < 0.02, "off_m is the distance to the point on the street");
                }
                Err(e) => {
                    assert!(!main.0.is_finite() && !cut_off.0.is_finite());
                    let expected = nearest(false, f64::INFINITY).1.min(nearest(true, f64::INFINITY).1);
                    assert!((e.nearest_m.unwrap() - expected).abs() < 1.0, "{e} against {expected}");
                }
            }
        }
    }
    assert!(found > 500);
}

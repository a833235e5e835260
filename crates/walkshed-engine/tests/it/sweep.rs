//! Compares the sweep with a textbook search from every point, to the decisecond and the decimetre, on random graphs and
//! Porto Alegre, for every profile and direction.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use walkshed_engine::{
    Deciseconds, Direction, EdgeId, Network, PointLayer, Profile, Search, Seed, Snap, Start, Sweep, VertexId,
};
use walkshed_testing::dijkstra::Reference;
use walkshed_testing::{Random, porto_alegre_network, random_network, random_point};

fn places(network: &Network, profile: Profile, count: usize, r: &mut Random) -> Vec<Option<Start>> {
    let place = |_| {
        let snap = network.snap(random_point(network, r), profile).ok()?;
        Some(Start::new(network, snap, profile))
    };
    (0..count).map(place).collect()
}

/// Compares sweeps from `points` random points with searches from each point, for several numbers of nearest points. Returns
/// the number of compared places.
fn compare(network: &Network, seed: u64, points: usize, homes: usize) -> usize {
    let mut r = Random(seed);
    let mut compared = 0;
    for profile in Profile::ALL {
        for direction in Direction::ALL {
            let mut starts = places(network, profile, points, &mut r);
            // Two points at the same place, and one that is not on a street.
            if let [first, .., a, b] = &mut starts[..] {
                *a = *first;
                *b = None;
            }
            let mut ends: Vec<Start> = places(network, profile, homes, &mut r).into_iter().flatten().collect();
            // Some places on the edge of a point.
            for start in starts.iter().flatten().take(10) {
                let mut near = *start;
                near.snap.fraction = r.unit();
                ends.push(near);
            }
            let limit = Deciseconds([1500, 6000, 36_000][r.below(3)]);
            let reference = Reference::new(network, profile, direction);
            let by_point: Vec<Vec<Option<u32>>> = starts
                .iter()
                .map(|s| s.as_ref().map_or(vec![None; ends.len()], |s| reference.times(s, &ends, limit.0)))
                .collect();
            for nearest in [1, 3, 10] {
                let sweep = Sweep::run(network, profile, direction, starts.clone(), nearest, limit).unwrap();
                let mut found = Vec::new();
                for (e, end) in ends.iter().enumerate() {
                    let mut expected: Vec<(Deciseconds, u32)> =
                        (0..starts.len()).filter_map(|p| Some((Deciseconds(by_point[p][e]?), p as u32))).collect();
                    expected.sort_unstable();
                    expected.truncate(nearest);
                    sweep.nearest_to(network, &end.snap, &mut found);
                    assert_eq!(found, expected, "{profile} {direction:?}, {nearest} nearest within {limit:?}");
                    compared += 1;
                }
            }
        }
    }
    compared
}

#[test]
fn matches_the_reference_on_random_graphs() {
    for seed in 0..5 {
        let network = random_network(seed + 300, 120 + seed as usize * 60);
        assert!(compare(&network, seed, 30, 60) > 500);
        assert!(compare(network.by_length(), seed + 50, 30, 60) > 500);
    }
}

#[test]
fn matches_the_reference_on_porto_alegre() {
    let Some(network) = porto_alegre_network() else { return };
    assert!(compare(&network, 7, 25, 150) > 2000);
    assert!(compare(network.by_length(), 8, 25, 150) > 2000);
}

/// Returns the seeds of a search from a vertex. In a restricted zone they include those of places at the vertex on its
/// restricted edges.
fn seeds_at(network: &Network, profile: Profile, direction: Direction, v: usize, limit: Deciseconds) -> Vec<Seed> {
    let vertex = VertexId(v as u32);
    let here = Seed { vertex, time: Deciseconds(0) };
    let arcs = network.first_arc()[v] as usize..network.first_arc()[v + 1] as usize;
    let mut seeds = vec![here];
    for edge in network.arc_edges()[arcs].iter().map(|half| EdgeId(half / 2)) {
        let of = network.edge(edge);
        if !of.is_restricted() || of.is_entry() && of.tail == vertex {
            continue;
        }
        if of.is_entry() {
            seeds.push(Seed { vertex: of.tail, time: Deciseconds(0) });
            continue;
        }
        for fraction in [(of.tail, 0.0), (of.head, 1.0)].into_iter().filter(|end| end.0 == vertex).map(|end| end.1) {
            let snap = Snap { edge, fraction, off_m: 0.0, at: network.vertices()[v] };
            seeds.extend_from_slice(&Start { snap, off: Deciseconds(0) }.seeds(network, profile, direction, limit));
        }
    }
    seeds
}

/// Compares the sums of all vertices, by a search from each point, with a search from each vertex.
#[test]
fn sums_within_matches_a_search_from_each_vertex() {
    for seed in 0..3 {
        let network = random_network(seed + 700, 150);
        let mut r = Random(seed);
        let points: Vec<_> = (0..40).map(|_| random_point(&network, &mut r)).collect();
        let weights: Vec<f64> = (0..40).map(|_| r.below(100) as f64).collect();
        let layer = PointLayer::new(points.clone());
        for profile in [Profile::Adult, Profile::Bicycle] {
            for direction in Direction::ALL {
                let limit = Deciseconds(1200);
                let sums = layer.sums_within(&network, profile, direction, limit, &weights).unwrap();
                for (v, sum) in sums.iter().enumerate() {
                    let mut search = Search::new();
                    search.run(&network, profile, direction, &seeds_at(&network, profile, direction, v, limit), limit);
                    // Computed here from both ends of the edge of each point.
                    let reached = points.iter().zip(&weights).filter(|(point, _)| {
                        let Ok(snap) = network.snap(**point, profile) else { return false };
                        let off = Start::new(&network, snap, profile).off;
                        let (edge, legs) = (network.edge(snap.edge), snap.from_ends(&network, profile, direction));
                        let time = |vertex, leg| search.time(vertex) + leg + off;
                        time(edge.tail, legs[0]).min(time(edge.head, legs[1])) <= limit
                    });
                    let expected: f64 = reached.map(|(_, w)| w).sum();
                    assert!((sum - expected).abs() < 1e-9, "{profile} {direction:?} at {v}: {sum} is not {expected}");
                }
            }
        }
    }
}

#[test]
fn by_length_gives_lengths_of_streets() {
    let network = walkshed_testing::grid(10, 100.0);
    let at = |x: f64, y: f64| network.snap(walkshed_testing::at(x, y), Profile::Adult).unwrap();
    let metres = network.by_length();
    let start = Start::new(metres, at(300.0, 210.0), Profile::Adult);
    for (x, y, expected) in [(300.0, 290.0, 80.0), (500.0, 300.0, 290.0), (100.0, 200.0, 210.0)] {
        let sweep = Sweep::run(
            metres,
            Profile::Adult,
            Direction::Towards,
            vec![Some(start)],
            1,
            Deciseconds::from_seconds(1e4),
        )
        .unwrap();
        let mut found = Vec::new();
        sweep.nearest_to(metres, &at(x, y), &mut found);
        let metres = f64::from(found[0].0.0) / 10.0;
        assert!((metres - expected).abs() < 0.5, "{metres} to {x} {y}");
    }
}

#[test]
fn a_sweep_without_points_finds_nothing_and_the_limit_is_inclusive() {
    let network = walkshed_testing::grid(5, 100.0);
    let snap = network.snap(walkshed_testing::at(200.0, 0.0), Profile::Adult).unwrap();
    let mut found = vec![(Deciseconds(1), 1)];
    for starts in [vec![], vec![None]] {
        let sweep = Sweep::run(&network, Profile::Adult, Direction::Towards, starts, 3, Deciseconds(9000)).unwrap();
        sweep.nearest_to(&network, &snap, &mut found);
        assert_eq!(found, []);
    }
    let start =
        Start::new(&network, network.snap(walkshed_testing::at(0.0, 0.0), Profile::Adult).unwrap(), Profile::Adult);
    let time = |limit: u32| {
        let sweep =
            Sweep::run(&network, Profile::Adult, Direction::Towards, vec![Some(start)], 1, Deciseconds(limit)).unwrap();
        let mut found = Vec::new();
        sweep.nearest_to(&network, &snap, &mut found);
        found.first().map(|f| f.0.0)
    };
    let needed = time(20_000).unwrap();
    assert_eq!(time(needed), Some(needed));
    assert_eq!(time(needed - 1), None);
}

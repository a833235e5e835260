//! Street networks for tests and benchmarks: generated cities, hand-written extracts, a reference search, and the real sample
//! city if its files are available.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::must_use_candidate,
    clippy::should_implement_trait,
    reason = "each binary uses its part; a test that cannot set up should fail"
)]

pub mod dijkstra;
pub mod pbf;
pub mod structure;

use std::path::PathBuf;
use walkshed_engine::access::{Access, EdgeFlags, Kind as StreetKind, Structure};
use walkshed_engine::build::{BuildOptions, Link, OWN_NETWORK_KM, StreetsReport, Topology, assemble, build};
use walkshed_engine::geo::{Fixed, Metric};
use walkshed_engine::ground::Ground;
use walkshed_engine::osm::WayClass;
use walkshed_engine::{Elevation, Network, Profiles};

/// Reports that a test is skipped, and why. Writes to standard error directly, because the test harness hides what passing
/// tests print.
pub fn skip(reason: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

/// Returns the folder of the real sample city, if it is available.
pub fn porto_alegre() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/porto-alegre");
    if folder.join("poa.osm.pbf").exists() {
        return Some(folder);
    }
    skip(&format!("the sample city of Porto Alegre is not at {}", folder.display()));
    None
}

pub fn build_options(folder: &std::path::Path) -> BuildOptions {
    BuildOptions::new(folder.join("poa.osm.pbf")).with_elevation(vec![folder.join("poa_elevation.tif")])
}

/// Builds the network of the sample city, if its files are available.
pub fn porto_alegre_network() -> Option<Network> {
    Some(build(&build_options(&porto_alegre()?), &|_| {}).unwrap())
}

/// The centre of generated cities: Chongqing.
pub const CENTRE: Fixed = Fixed { x: 1_065_500_000, y: 295_600_000 };

/// Returns the point `x` metres east and `y` metres north of the centre.
pub fn at(x: f64, y: f64) -> Fixed {
    let m = Metric::at(CENTRE.lat());
    Fixed { x: CENTRE.x + (x / m.kx).round() as i32, y: CENTRE.y + (y / m.ky).round() as i32 }
}

pub fn class(kind: StreetKind, access: Access) -> WayClass {
    WayClass {
        access,
        kind,
        structure: Structure::Ground,
        flags: EdgeFlags::default(),
        ground: Ground::default(),
        duration_s: None,
        is_area: false,
        levels: None,
        name: None,
    }
}

pub const EVERYONE: Access = Access::FOOT.with(Access::BIKE);

pub fn link(from: u32, to: u32, class: u32, points: &[Fixed]) -> Link {
    Link { from, to, class, shape: vec![points[from as usize], points[to as usize]], rise_m: None }
}

pub fn network(classes: Vec<WayClass>, links: Vec<Link>, points: Vec<Fixed>) -> Network {
    let topology = Topology { classes, links, points };
    assemble(topology, &Elevation::default(), &Profiles::default(), OWN_NETWORK_KM, StreetsReport::default(), &|_| {})
        .unwrap()
}

/// Builds a grid of level streets: `side` by `side` junctions, `spacing` metres apart, the south-western one at the centre.
pub fn grid(side: u32, spacing: f64) -> Network {
    let points: Vec<Fixed> =
        (0..side * side).map(|i| at(f64::from(i % side) * spacing, f64::from(i / side) * spacing)).collect();
    let mut links = Vec::new();
    for i in 0..side * side {
        if i % side + 1 < side {
            links.push(link(i, i + 1, 0, &points));
        }
        if i / side + 1 < side {
            links.push(link(i, i + side, 0, &points));
        }
    }
    network(vec![class(StreetKind::Street, EVERYONE)], links, points)
}

/// Builds a dense, irregular city for benchmarks: `side` by `side` junctions about 60 m apart, with bent streets, some of
/// them missing, and level ground.
pub fn dense_city(side: u32) -> Network {
    let mut r = Random(11);
    let mut points: Vec<Fixed> = Vec::new();
    for i in 0..side * side {
        let mut along = |n: u32| f64::from(n) * 60.0 + (r.unit() - 0.5) * 30.0;
        points.push(at(along(i % side), along(i / side)));
    }
    let mut links = Vec::new();
    for i in 0..side * side {
        let east = (i % side + 1 < side).then_some(i + 1);
        let north = (i / side + 1 < side).then_some(i + side);
        for to in [east, north].into_iter().flatten() {
            if r.below(8) > 0 {
                let mut street = link(i, to, 0, &points);
                let (a, b) = (street.shape[0], street.shape[1]);
                for bend in 1..=r.below(4) {
                    let middle = a.lerp(b, bend as f64 / 4.0);
                    let aside = |v: i32, r: &mut Random| v + (r.unit() * 600.0) as i32 - 300;
                    street.shape.insert(bend, Fixed { x: aside(middle.x, &mut r), y: aside(middle.y, &mut r) });
                }
                links.push(street);
            }
        }
    }
    network(vec![class(StreetKind::Street, EVERYONE)], links, points)
}

/// A deterministic pseudo-random generator (`SplitMix64`).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Builds an irregular city with stairs, one-way cycle streets, escalators, gates, lifts, ferries, loops, private streets and
/// gates, and islands.
pub fn random_network(seed: u64, vertices: usize) -> Network {
    let mut r = Random(seed);
    let size = (vertices as f64).sqrt() * 90.0;
    let points: Vec<Fixed> = (0..vertices).map(|_| at(r.unit() * size, r.unit() * size)).collect();
    let one_way = Access::FOOT.with(Access::BIKE_FORWARD);
    let classes = vec![
        class(StreetKind::Street, EVERYONE),
        class(StreetKind::Street, one_way),
        class(StreetKind::Path, Access::FOOT),
        class(StreetKind::Steps, Access::FOOT.with(Access::STEPS_UP_FORWARD)),
        class(StreetKind::Escalator, Access::FOOT_FORWARD),
        class(StreetKind::Gate, Access::FOOT.with(Access::NO_WHEELCHAIR)),
        class(StreetKind::Lift, EVERYONE),
        class(StreetKind::Ferry, EVERYONE),
        class(StreetKind::Path, EVERYONE.with(Access::DISMOUNT).with(Access::NO_STROLLER)),
        class(StreetKind::Street, one_way.with(Access::PRIVATE)),
        class(StreetKind::Gate, EVERYONE.with(Access::PRIVATE)),
    ];
    let metric = Metric::at(CENTRE.lat());
    let mut links = Vec::new();
    for a in 0..vertices as u32 {
        let mut near: Vec<u32> = (0..vertices as u32).filter(|&b| b != a).collect();
        near.sort_by(|&x, &y| {
            let d = |v: u32| metric.distance(points[a as usize], points[v as usize]);
            d(x).total_cmp(&d(y))
        });
        for &b in near.iter().take(1 + r.below(3)) {
            let kind = [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10][r.below(14)];
            let mut l = link(a, b, kind, &points);
            let bend = at(r.unit() * size, r.unit() * size);
            l.shape.insert(1, l.shape[0].lerp(bend, 0.1));
            links.push(l);
        }
        if r.below(20) == 0 {
            // A loop from a junction to itself.
            let p = points[a as usize];
            let corner = |dx, dy| Fixed { x: p.x + dx, y: p.y + dy };
            let shape = vec![p, corner(4000, 0), corner(4000, 4000), p];
            links.push(Link { from: a, to: a, class: 0, shape, rise_m: None });
        }
    }
    network(classes, links, points)
}

/// Returns a random point in the bounding box of a network.
pub fn random_point(network: &Network, r: &mut Random) -> Fixed {
    let [west, south, east, north] = network.meta().bounds;
    let mix = |low: f64, high: f64, t: f64| ((low + (high - low) * t) * 1e7).round() as i32;
    Fixed { x: mix(west, east, r.unit()), y: mix(south, north, r.unit()) }
}

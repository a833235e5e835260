//! Snapping and connecting: gated compounds, disconnected components, underground ways, viaducts, cycleways. Small
//! extracts whose expected results are computed by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::geo::{Fixed, Place, Storey};
use walkshed_engine::{Deciseconds, Direction, Islands, Network, Profile, Route, Start, Sweep, matrix, route};
use walkshed_testing::at;
use walkshed_testing::pbf::Extract;

type Tags<'a> = &'a [(&'a str, &'a str)];

const STREET: Tags = &[("highway", "residential")];
const FOOTWAY: Tags = &[("highway", "footway")];
const SERVICE: Tags = &[("highway", "service")];
const ADULT_M_S: f64 = 4.8 / 3.6;
const OFF_M_S: f64 = ADULT_M_S * 0.6;

/// An extract under construction: nodes and ways get consecutive ids.
struct City {
    extract: Extract,
    next: i64,
}

impl City {
    /// Streets 100 m apart around an empty square from (0, 0) to (1000, 1000).
    fn with_empty_middle() -> Self {
        let mut city = Self { extract: Extract::new(), next: 1 };
        city.grid((-500.0, -500.0), (21, 21), 100.0, STREET, |x, y| !(x > 0.0 && x < 1000.0 && y > 0.0 && y < 1000.0));
        city
    }

    fn node(&mut self, x: f64, y: f64, tags: Tags) -> i64 {
        self.extract.node(self.next, x, y, tags);
        self.next += 1;
        self.next - 1
    }

    fn way(&mut self, nodes: &[i64], tags: Tags) {
        self.extract.way(self.next, nodes, tags);
        self.next += 1;
    }

    /// Adds a way through new nodes.
    fn line(&mut self, points: &[(f64, f64)], tags: Tags) -> Vec<i64> {
        let nodes: Vec<i64> = points.iter().map(|&(x, y)| self.node(x, y, &[])).collect();
        self.way(&nodes, tags);
        nodes
    }

    /// Adds ways between all neighbours of a grid, using the nodes that `wanted` selects. Returns the nodes by row and
    /// column.
    fn grid(
        &mut self,
        (x0, y0): (f64, f64),
        (columns, rows): (usize, usize),
        spacing: f64,
        tags: Tags,
        wanted: impl Fn(f64, f64) -> bool,
    ) -> Vec<Vec<Option<i64>>> {
        let place = |c: usize, r: usize| (x0 + c as f64 * spacing, y0 + r as f64 * spacing);
        let mut nodes: Vec<Vec<Option<i64>>> = Vec::with_capacity(rows);
        for r in 0..rows {
            let row = (0..columns).map(|c| place(c, r));
            nodes.push(row.map(|(x, y)| wanted(x, y).then(|| self.node(x, y, &[]))).collect());
        }
        for r in 0..rows {
            for c in 0..columns {
                let right = (c + 1 < columns).then(|| nodes[r][c].zip(nodes[r][c + 1])).flatten();
                let up = (r + 1 < rows).then(|| nodes[r][c].zip(nodes[r + 1][c])).flatten();
                for (a, b) in right.into_iter().chain(up) {
                    self.way(&[a, b], tags);
                }
            }
        }
        nodes
    }

    fn network(&self) -> Network {
        let folder = tempfile::tempdir().unwrap();
        let streets = folder.path().join("city.osm.pbf");
        self.extract.write(&streets);
        build(&BuildOptions::new(streets), &|_| {}).unwrap()
    }
}

fn start(network: &Network, profile: Profile, (x, y): (f64, f64)) -> Start {
    Start::new(network, network.snap(at(x, y), profile).unwrap(), profile)
}

fn go(network: &Network, from: (f64, f64), to: (f64, f64)) -> Option<Route> {
    go_as(network, Profile::Adult, from, to)
}

fn go_as(network: &Network, profile: Profile, from: (f64, f64), to: (f64, f64)) -> Option<Route> {
    let limit = Deciseconds::from_minutes(120.0);
    let (a, b): (Fixed, Fixed) = (at(from.0, from.1), at(to.0, to.1));
    route(network, profile, (a, &start(network, profile, from)), (b, &start(network, profile, to)), limit)
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} differs from {expected} by more than {tolerance}");
}

fn seconds(route: &Route) -> f64 {
    f64::from(route.time.0) / 10.0
}

/// A compound of `side` by `side` inner paths 50 m apart. Its south-western corner is 100 m inside the empty square.
/// Its gates are on the streets to the west and east, level with its first row.
fn compound(side: usize, inner: Tags, gate: Tags, gates: usize) -> City {
    let mut city = City::with_empty_middle();
    let nodes = city.grid((100.0, 100.0), (side, side), 50.0, inner, |_, _| true);
    let first = nodes[0][0].unwrap();
    let last = nodes[0][side - 1].unwrap();
    let (street, gate_node) = (city.node(0.0, 150.0, &[]), city.node(10.0, 150.0, gate));
    // The street west of the square is split at the driveway.
    city.way(&[street, gate_node, first], inner);
    city.join_street(street, (0.0, 100.0), (0.0, 200.0));
    if gates > 1 {
        let (street, gate_node) = (city.node(1000.0, 150.0, &[]), city.node(990.0, 150.0, gate));
        city.way(&[last, gate_node, street], inner);
        city.join_street(street, (1000.0, 100.0), (1000.0, 200.0));
    }
    city
}

impl City {
    /// Connects a node to the two street corners beside it, found by their position in the first grid.
    fn join_street(&mut self, node: i64, south: (f64, f64), north: (f64, f64)) {
        let corner = |(x, y): (f64, f64)| {
            let (c, r) = (((x + 500.0) / 100.0).round() as i64, ((y + 500.0) / 100.0).round() as i64);
            // Grid nodes are numbered in order, skipping those inside the square.
            let inside_before = |c: i64, r: i64| (6..=14).contains(&c) && (6..=14).contains(&r);
            let mut number = 0;
            for row in 0..=r {
                for column in 0..21 {
                    if row == r && column > c {
                        break;
                    }
                    number += i64::from(!inside_before(column, row));
                }
            }
            number
        };
        let (a, b) = (corner(south), corner(north));
        self.way(&[a, node, b], STREET);
    }
}

const GATES: [Tags; 7] = [
    &[("barrier", "gate"), ("access", "private")],
    &[("barrier", "gate"), ("access", "residents")],
    &[("barrier", "gate"), ("access", "permit")],
    &[("barrier", "gate"), ("access", "no")],
    &[("barrier", "lift_gate"), ("access", "private")],
    &[("barrier", "swing_gate"), ("access", "no")],
    &[("barrier", "gate"), ("locked", "yes")],
];

#[test]
fn gated_compounds_are_connected_in_both_directions() {
    for gate in GATES {
        for side in [2, 5, 8] {
            let network = compound(side, SERVICE, gate, 1).network();
            assert_eq!(network.meta().report.islands, 0, "{gate:?} {side}: the gate connects the compound");
            let home = (125.0, 103.0);
            let out = go(&network, home, (0.0, 400.0)).unwrap_or_else(|| panic!("{gate:?} {side}: no route out"));
            let back = go(&network, (0.0, 400.0), home).unwrap_or_else(|| panic!("{gate:?} {side}: no route home"));
            assert_eq!(out.time, back.time, "level streets take the same time in both directions");
            // 3 m to the path, 25 m along it, 10 and 103 m to the street, 250 m along the street.
            near(seconds(&out), 3.0 / OFF_M_S + (25.0 + 112.96 + 250.0) / ADULT_M_S, 1.0);
            near(out.stats.off_network_m, 3.0, 0.1);
            // Routes within the compound stay inside.
            let inside = go(&network, home, (100.0, 147.0)).unwrap();
            near(seconds(&inside), 3.0 / OFF_M_S + (25.0 + 47.0) / ADULT_M_S, 1.0);
        }
    }
}

#[test]
fn private_ways_are_used_only_at_the_ends_of_a_trip() {
    for access in ["private", "permit", "residents", "agricultural", "forestry", "delivery"] {
        let network = compound(5, &[("highway", "service"), ("access", access)], &[], 1).network();
        let out = go(&network, (200.0, 203.0), (0.0, 400.0));
        assert!(out.is_some(), "access={access}");
    }
    let network = compound(5, &[("highway", "footway"), ("foot", "use_sidepath")], &[], 1).network();
    assert!(go(&network, (200.0, 203.0), (0.0, 400.0)).is_some(), "foot=use_sidepath");
}

#[test]
fn through_routes_go_around_a_gated_compound() {
    let (west, east) = ((0.0, 150.0), (1000.0, 150.0));
    // 19 paths of 50 m lead straight across.
    let round = 1000.0 + 2.0 * 150.0;
    for (gate, expected) in [(GATES[0], round), (GATES[3], round), (&[][..], 2.0 * 111.8 + 800.0)] {
        let mut city = City::with_empty_middle();
        let nodes = city.grid((100.0, 100.0), (17, 3), 50.0, SERVICE, |_, _| true);
        for (x, end, column) in [(0.0, 100.0, 0), (1000.0, 900.0, 16)] {
            let street = city.node(x, 150.0, &[]);
            let gate_node = city.node(f64::midpoint(x, end), 125.0, gate);
            city.way(&[street, gate_node, nodes[0][column].unwrap()], SERVICE);
            city.join_street(street, (x, 100.0), (x, 200.0));
        }
        let network = city.network();
        let across = go(&network, west, east).unwrap();
        near(seconds(&across), expected / ADULT_M_S, 3.0);
        // Trips from inside use the nearer gate.
        for (home, street) in [((110.0, 100.0), west), ((890.0, 100.0), east)] {
            let out = go(&network, home, street).unwrap();
            near(seconds(&out), (10.0 + 111.8) / ADULT_M_S, 2.0);
        }
        // A trip to the street on the far side uses the shorter path, inside or outside.
        let through = go(&network, (110.0, 100.0), east).unwrap();
        near(seconds(&through), (790.0 + 111.8) / ADULT_M_S, 3.0);
    }
}

/// From one compound to another, through a gate of each.
#[test]
fn routes_lead_from_compound_to_compound() {
    let mut city = City::with_empty_middle();
    for (n, x) in [100.0, 700.0].into_iter().enumerate() {
        let nodes = city.grid((x, 100.0), (5, 5), 50.0, FOOTWAY, |_, _| true);
        let street_x = if n == 0 { 0.0 } else { 1000.0 };
        let corner = if n == 0 { nodes[0][0] } else { nodes[0][4] };
        let (street, gate) = (city.node(street_x, 150.0, &[]), city.node(f64::midpoint(street_x, x), 125.0, GATES[1]));
        city.way(&[street, gate, corner.unwrap()], FOOTWAY);
        city.join_street(street, (street_x, 100.0), (street_x, 200.0));
    }
    let network = city.network();
    for profile in [Profile::Adult, Profile::Senior, Profile::Child, Profile::Wheelchair, Profile::Stroller] {
        let way = go_as(&network, profile, (200.0, 200.0), (800.0, 200.0));
        let way = way.unwrap_or_else(|| panic!("{profile}: no route from compound to compound"));
        assert!(way.stats.metres > 1300.0, "{profile}: {} m", way.stats.metres);
    }
    // Matrices and sweeps agree with routes.
    let places = [(200.0, 200.0), (800.0, 200.0), (0.0, 400.0), (150.0, 100.0)];
    let starts: Vec<Option<Start>> = places.iter().map(|&p| Some(start(&network, Profile::Adult, p))).collect();
    let limit = Deciseconds::from_minutes(120.0);
    let times = matrix(&network, Profile::Adult, &starts, &starts, limit).unwrap();
    for (i, &a) in places.iter().enumerate() {
        let sweep = Sweep::run(&network, Profile::Adult, Direction::From, vec![starts[i]], 1, limit).unwrap();
        for (j, &b) in places.iter().enumerate().filter(|(j, _)| *j != i) {
            let expected = go(&network, a, b).unwrap().time;
            assert_eq!(times[i][j], Some(expected));
            let mut found = Vec::new();
            sweep.nearest_to(&network, &starts[j].unwrap().snap, &mut found);
            assert_eq!(found, [(expected, 0)]);
        }
    }
}

/// A compound without a mapped gate: places near a street snap to the street, those deep inside use an off-network leg.
#[test]
fn a_compound_without_a_mapped_gate_is_connected() {
    let mut city = City::with_empty_middle();
    // 100 m from the streets to the west and south, 250 m from those to the east.
    city.grid((100.0, 100.0), (14, 14), 50.0, FOOTWAY, |_, _| true);
    let network = city.network();
    let report = &network.meta().report;
    assert_eq!((report.islands, report.islands_joined), (1, 1));
    // 20 m from the street, 80 m from the paths: snaps to the street.
    let beside = go(&network, (20.0, 300.0), (0.0, 400.0)).unwrap();
    near(seconds(&beside), 20.0 / OFF_M_S + 100.0 / ADULT_M_S, 1.0);
    // 70 m from the street, 30 m from the path: the street is nearly as close.
    let close = go(&network, (70.0, 300.0), (0.0, 400.0)).unwrap();
    near(seconds(&close), 70.0 / OFF_M_S + 100.0 / ADULT_M_S, 1.0);
    // Deep inside: along paths, then 100 m off-network, then along the street.
    let deep = go(&network, (400.0, 400.0), (0.0, 400.0)).unwrap();
    near(seconds(&deep), 300.0 / ADULT_M_S + 100.0 / OFF_M_S, 30.0);
    near(deep.stats.off_network_m, 100.0, 10.0);
    // Trips between places deep inside stay inside.
    let neighbours = go(&network, (400.0, 400.0), (450.0, 400.0)).unwrap();
    near(seconds(&neighbours), 50.0 / ADULT_M_S, 0.5);
    // No route passes through.
    let across = go(&network, (0.0, 500.0), (1000.0, 500.0)).unwrap();
    near(seconds(&across), 2000.0 / ADULT_M_S, 2.0);
    near(across.stats.off_network_m, 0.0, 0.1);
    let separate = Islands::find(&network);
    assert_eq!(separate.pieces.len(), 1);
    near(separate.pieces[0].leg_m.unwrap(), 100.0, 0.5);
}

/// A market square with many corners that no street touches: places snap to the street 2 m beyond its edge.
#[test]
fn places_do_not_snap_to_an_unconnected_square() {
    for corners in [8, 40, 100] {
        let mut city = City::with_empty_middle();
        // A round square of 60 m radius between two streets that pass 2 m beside it.
        let points: Vec<(f64, f64)> = (0..corners)
            .map(|i| {
                let angle = f64::from(i) * std::f64::consts::TAU / f64::from(corners);
                (-250.0 + 48.0 * angle.cos(), -250.0 + 48.0 * angle.sin())
            })
            .collect();
        let mut nodes: Vec<i64> = points.iter().map(|&(x, y)| city.node(x, y, &[])).collect();
        nodes.push(nodes[0]);
        city.way(&nodes, &[("highway", "pedestrian"), ("area", "yes")]);
        let network = city.network();
        for place in [(-250.0, -203.0), (-250.0, -250.0), (-220.0, -230.0), (-297.0, -250.0)] {
            let way = go(&network, place, (-500.0, -500.0));
            assert!(way.is_some(), "{corners} corners: no route from {place:?}");
        }
        let edge = go(&network, (-250.0, -203.0), (-300.0, -200.0)).unwrap();
        near(seconds(&edge), 3.0 / OFF_M_S + 50.0 / ADULT_M_S, 1.0);
    }
}

/// Two disconnected towns of equal size are two networks. A farm track far from both serves only places beside it.
#[test]
fn disconnected_towns_stay_separate() {
    let mut city = City { extract: Extract::new(), next: 1 };
    city.grid((0.0, 0.0), (10, 10), 100.0, STREET, |_, _| true);
    city.grid((1200.0, 0.0), (10, 10), 100.0, STREET, |_, _| true);
    city.line(&[(5000.0, 0.0), (5200.0, 0.0)], FOOTWAY);
    let network = city.network();
    assert_eq!((network.meta().report.islands, network.meta().report.islands_joined), (1, 0));
    assert!(go(&network, (500.0, 500.0), (1500.0, 500.0)).is_none());
    assert!(go(&network, (5010.0, 5.0), (5100.0, 0.0)).is_some(), "the track serves places far from other streets");
    assert_eq!(Islands::find(&network).pieces.len(), 1);
}

#[test]
fn places_on_the_ground_snap_to_ways_on_the_ground() {
    let underground: [Tags; 7] = [
        &[("highway", "footway"), ("layer", "-1")],
        &[("highway", "footway"), ("level", "-1")],
        &[("highway", "footway"), ("level", "-2;-1")],
        &[("highway", "footway"), ("location", "underground")],
        &[("highway", "corridor"), ("indoor", "yes"), ("level", "-1")],
        &[("railway", "platform"), ("level", "-2"), ("layer", "-2")],
        &[("highway", "footway"), ("tunnel", "yes"), ("layer", "-1")],
    ];
    for tags in underground {
        let mut city = City::with_empty_middle();
        // An underground passage 15 m north of the street y = -300, with steps up to it 350 m away.
        let nodes = city.line(&[(-390.0, -285.0), (-50.0, -285.0)], tags);
        let top = city.node(-50.0, -300.0, &[]);
        city.way(&[nodes[1], top], &[("highway", "steps")]);
        city.join_street(top, (-100.0, -300.0), (0.0, -300.0));
        let network = city.network();
        let place = (-350.0, -286.0);
        let snap = network.snap(at(place.0, place.1), Profile::Adult).unwrap();
        near(snap.off_m, 14.0, 0.5);
        let below = Place { at: at(place.0, place.1), storey: Storey::Below };
        let snap = network.snap(below, Profile::Adult).unwrap();
        near(snap.off_m, 1.0, 0.5);
    }
    // Places on an upper storey snap to indoor ways above the ground.
    let mut city = City::with_empty_middle();
    let corridor: Tags = &[("highway", "corridor"), ("indoor", "yes"), ("level", "2")];
    let nodes = city.line(&[(-390.0, -285.0), (-50.0, -285.0)], corridor);
    let top = city.node(-50.0, -300.0, &[]);
    city.way(&[nodes[1], top], &[("highway", "steps")]);
    city.join_street(top, (-100.0, -300.0), (0.0, -300.0));
    let network = city.network();
    let place = at(-350.0, -286.0);
    near(network.snap(place, Profile::Adult).unwrap().off_m, 14.0, 0.5);
    let above = Place { at: place, storey: Storey::Above };
    near(network.snap(above, Profile::Adult).unwrap().off_m, 1.0, 0.5);
}

#[test]
fn places_snap_to_viaducts_unless_a_ground_street_is_nearly_as_close() {
    let mut city = City::with_empty_middle();
    // A street on a viaduct across the empty square, 500 m from every street on the ground.
    let west = city.node(0.0, 550.0, &[]);
    let east = city.node(1000.0, 550.0, &[]);
    let (a, b) = (city.node(200.0, 550.0, &[]), city.node(800.0, 550.0, &[]));
    city.way(&[west, a], STREET);
    city.way(&[a, b], &[("highway", "tertiary"), ("bridge", "viaduct"), ("layer", "1")]);
    city.way(&[b, east], STREET);
    city.join_street(west, (0.0, 500.0), (0.0, 600.0));
    city.join_street(east, (1000.0, 500.0), (1000.0, 600.0));
    // A footbridge beside it; places do not snap to footbridges.
    city.line(&[(400.0, 530.0), (600.0, 530.0)], &[("highway", "footway"), ("bridge", "yes")]);
    // A lane on the ground under the western part.
    let lane = city.line(&[(210.0, 540.0), (300.0, 540.0)], STREET);
    city.way(&[a, lane[0]], STREET);
    let network = city.network();
    let on = |x: f64, y: f64| network.snap(at(x, y), Profile::Adult).unwrap();
    near(on(500.0, 545.0).off_m, 5.0, 0.2);
    near(on(500.0, 531.0).off_m, 19.0, 0.2);
    // 1 m from the viaduct and 9 m from the lane: snaps to the lane.
    near(on(250.0, 549.0).off_m, 9.0, 0.2);
}

#[test]
fn pedestrians_snap_to_the_street_beside_a_cycleway() {
    let mut city = City::with_empty_middle();
    // Connected to the street y = -300 only at its western end, 10 m north of it.
    let nodes = city.line(&[(-390.0, -290.0), (400.0, -290.0)], &[("highway", "cycleway")]);
    let corner = city.node(-350.0, -300.0, &[]);
    city.way(&[nodes[0], corner], STREET);
    city.join_street(corner, (-400.0, -300.0), (-300.0, -300.0));
    let network = city.network();
    near(network.snap(at(350.0, -292.0), Profile::Adult).unwrap().off_m, 8.0, 0.3);
    near(network.snap(at(350.0, -292.0), Profile::Bicycle).unwrap().off_m, 2.0, 0.3);
    // Without another way nearby, pedestrians snap to the cycleway.
    let mut city = City::with_empty_middle();
    city.line(&[(300.0, 500.0), (700.0, 500.0)], &[("highway", "cycleway")]);
    let network = city.network();
    near(network.snap(at(500.0, 495.0), Profile::Adult).unwrap().off_m, 5.0, 0.3);
    let mut city = City::with_empty_middle();
    city.line(&[(-390.0, -290.0), (400.0, -290.0)], &[("highway", "cycleway"), ("foot", "yes")]);
    let network = city.network();
    // Open to pedestrians by its tags, but disconnected: the street is nearly as close.
    near(network.snap(at(350.0, -292.0), Profile::Adult).unwrap().off_m, 8.0, 0.3);
}

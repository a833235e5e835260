//! Checks the properties of walkshed polygons: they are valid, follow the right-hand rule and nest; they contain every
//! reached street point, and no street point farther than the tolerance from a reached one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use geo::{Area, Contains, CoordsIter, Intersects, LineString, MultiPolygon, Point, Validation, Winding};
use walkshed_engine::geo::{Fixed, Metric, Storey};
use walkshed_engine::walkshed::{Detail, Field, Outline, Reach, contour, outlines, reached_cells};
use walkshed_engine::{Deciseconds, Direction, Edge, EdgeId, Network, Profile, Start, handicap_m};
use walkshed_testing::{CENTRE, Random, at, grid, porto_alegre_network, random_network, random_point};

fn point(p: Fixed) -> Point<f64> {
    Point::new(p.lon(), p.lat())
}

/// Samples an edge at steps of at most 2 m: fraction and point.
fn sample(network: &Network, id: EdgeId) -> Vec<(f64, Fixed)> {
    let shape = network.shape(id);
    let metric = Metric::at(shape[0].lat());
    let total: f64 = shape.windows(2).map(|p| metric.distance(p[0], p[1])).sum();
    let mut out = Vec::new();
    let mut before = 0.0;
    for pair in shape.windows(2) {
        let len = metric.distance(pair[0], pair[1]);
        let n = (len / 2.0).ceil().max(1.0) as usize;
        for i in 0..=n {
            let t = i as f64 / n as f64;
            out.push(((before + len * t) / total.max(1e-9), pair[0].lerp(pair[1], t)));
        }
        before += len;
    }
    out
}

/// Returns the time of a point on an edge, by the engine's rule for places.
fn time_at(network: &Network, reach: &Reach, id: EdgeId, fraction: f64, at: Fixed) -> Deciseconds {
    let snap = walkshed_engine::Snap { edge: id, fraction: fraction.clamp(0.0, 1.0), off_m: 0.0, at };
    reach.time_to(network, &Start { snap, off: Deciseconds(0) })
}

/// Checks all properties for one place, of the contours and of the outlines with fewer points. Returns the number of
/// reached street points.
fn check(
    network: &Network,
    profile: Profile,
    direction: Direction,
    start: Start,
    minutes: &[f64],
    details: &[Detail],
) -> usize {
    let limits: Vec<Deciseconds> = minutes.iter().map(|&m| Deciseconds::from_minutes(m)).collect();
    let most = limits.iter().copied().max().unwrap_or_default();
    let reach = Reach::find(network, profile, direction, start, most);
    // Points of streets with their times, and whether the street is an ordinary one.
    let mut points = Vec::new();
    for id in network.edge_ids().filter(|&id| network.edge(id).usable().contains(profile)) {
        let is_ordinary = is_ordinary_street(network.edge(id), profile);
        let samples = sample(network, id).into_iter();
        points.extend(samples.map(|(f, p)| (p, time_at(network, &reach, id, f, p), is_ordinary)));
    }
    for &detail in details {
        let field = Field::draw_at(network, &reach, detail);
        let contours: Vec<_> = limits.iter().map(|&limit| contour(&field, limit)).collect();
        let drawn = outlines(&field, &limits);
        for (contour, outline) in contours.iter().zip(&drawn) {
            let shape = outline.multi_polygon();
            let square_degrees = shape.unsigned_area();
            assert!((outline.square_degrees() - square_degrees).abs() <= 1e-6 * square_degrees);
            assert!(square_degrees >= contour.unsigned_area() - 1e-12, "the outline contains the contour");
            for p in contour.coords_iter().map(Point::from) {
                let fixed = Fixed { x: (p.x() * 1e7).round() as i32, y: (p.y() * 1e7).round() as i32 };
                assert!(
                    shape.intersects(&p) || metres_to(&shape, fixed) < 1e-6,
                    "{p:?} of the contour is outside the outline"
                );
            }
            let count = |shape: &MultiPolygon<f64>| shape.coords_count();
            assert!(count(&shape) <= count(contour), "{} points of {}", count(&shape), count(contour));
        }
        let drawn: Vec<_> = drawn.iter().map(Outline::multi_polygon).collect();
        for shapes in [contours, drawn] {
            check_shapes(&field, start, &limits, &shapes, &points);
        }
    }
    points.iter().map(|point| limits.iter().filter(|&&limit| point.1 <= limit).count()).sum()
}

/// Checks the polygons of all limits, in ascending order.
fn check_shapes(
    field: &Field,
    start: Start,
    limits: &[Deciseconds],
    shapes: &[MultiPolygon<f64>],
    points: &[(Fixed, Deciseconds, bool)],
) {
    let metric = Metric::at(start.snap.at.lat());
    let tolerance = field.tolerance_m();
    // The size of a bucket is the tolerance.
    let bucket = |p: Fixed| {
        let (x, y) = metric.vector(start.snap.at, p);
        ((x / tolerance).floor() as i32, (y / tolerance).floor() as i32)
    };
    let mut inner: Option<&MultiPolygon<f64>> = None;
    for (&limit, polygon) in limits.iter().zip(shapes) {
        assert!(polygon.is_valid(), "{:?}", polygon.check_validation());
        for part in polygon {
            assert!(part.exterior().is_ccw(), "outer rings are counter-clockwise");
            assert!(part.interiors().iter().all(Winding::is_cw), "holes are clockwise");
        }
        if let Some(inner) = inner {
            assert!(inner.unsigned_area() <= polygon.unsigned_area());
            let rings = |p: &MultiPolygon<f64>| -> Vec<LineString<f64>> {
                p.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())).cloned().collect()
            };
            for p in rings(inner).iter().flat_map(LineString::points) {
                // A common point is on the line of the larger polygon in whole units, but not always in degrees.
                let fixed = Fixed { x: (p.x() * 1e7).round() as i32, y: (p.y() * 1e7).round() as i32 };
                assert!(
                    polygon.intersects(&p) || metres_to(polygon, fixed) < 1e-6,
                    "{limit:?} does not contain {p:?} of the smaller polygon"
                );
            }
            for p in rings(polygon).iter().flat_map(LineString::points) {
                let fixed = Fixed { x: (p.x() * 1e7).round() as i32, y: (p.y() * 1e7).round() as i32 };
                assert!(
                    !inner.contains(&p) || metres_to(inner, fixed) < 1e-6,
                    "{p:?} of {limit:?} is within the smaller polygon"
                );
            }
        }
        let mut reached: std::collections::HashMap<(i32, i32), Vec<Fixed>> = std::collections::HashMap::new();
        for &(p, ..) in points.iter().filter(|point| point.1 <= limit) {
            assert!(polygon.contains(&point(p)), "{limit:?}: reached point {p:?} is outside");
            reached.entry(bucket(p)).or_default().push(p);
        }
        for &(p, time, is_ordinary) in points {
            let (x, y) = bucket(p);
            let is_far = !(-200..200).contains(&x) || !(-200..200).contains(&y);
            if time > limit && is_ordinary && !is_far && polygon.intersects(&point(p)) {
                let near = (-1..=1)
                    .flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)))
                    .filter_map(|b| reached.get(&b))
                    .flatten();
                // Street points are sampled every 2 m.
                let nearest = near.map(|&q| metric.distance(p, q)).fold(f64::INFINITY, f64::min);
                assert!(
                    nearest <= tolerance + 2.0,
                    "{limit:?}: {p:?} is inside, {nearest} m from the nearest reached point"
                );
            }
        }
        inner = Some(polygon);
    }
}

/// Returns whether every place on the edge is snapped to it.
fn is_ordinary_street(edge: &Edge, profile: Profile) -> bool {
    edge.kind().can_be_snapped_to()
        && !edge.cut_off().contains(profile)
        && handicap_m(edge, profile, Storey::Ground) == Some(0.0)
}

/// Returns whether a place is reached, by the rule for places.
fn is_reached(network: &Network, reach: &Reach, place: Fixed, limit: Deciseconds) -> bool {
    let Ok(snap) = network.snap(place, reach.profile) else { return false };
    reach.time_to(network, &Start::new(network, snap, reach.profile)) <= limit
}

/// Returns the distance from a point to the outline of a polygon in metres.
fn metres_to(polygon: &MultiPolygon<f64>, p: Fixed) -> f64 {
    let metric = Metric::at(p.lat());
    let fixed = |c: &geo::Coord<f64>| Fixed { x: (c.x * 1e7).round() as i32, y: (c.y * 1e7).round() as i32 };
    let rings = polygon.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()));
    let segments = rings.flat_map(|ring| ring.0.windows(2));
    segments.map(|s| metric.project(p, fixed(&s[0]), fixed(&s[1])).1.sqrt()).fold(f64::INFINITY, f64::min)
}

/// Checks that reached random places are inside the polygon, or outside by at most the tolerance plus 4.5 % of their
/// off-network leg (the error of the distance transform). Fine outlines do not promise this. Returns the number of reached
/// places.
fn check_places(network: &Network, profile: Profile, start: Start, minutes: f64, r: &mut Random) -> usize {
    let limit = Deciseconds::from_minutes(minutes);
    let reach = Reach::find(network, profile, Direction::From, start, limit);
    let drawn = [Detail::Normal, Detail::Coarse].map(|detail| {
        let field = Field::draw_at(network, &reach, detail);
        (outlines(&field, &[limit])[0].multi_polygon(), field)
    });
    let mut seen = 0;
    for _ in 0..400 {
        let place = random_point(network, r);
        if is_reached(network, &reach, place, limit) {
            seen += 1;
            for (polygon, field) in drawn.iter().filter(|(polygon, _)| !polygon.contains(&point(place))) {
                let metres = metres_to(polygon, place);
                let off_m = network.snap(place, profile).unwrap().off_m;
                assert!(
                    metres <= field.tolerance_m() + 0.045 * off_m,
                    "{profile}: {place:?} is reached and {metres:.1} m outside"
                );
            }
        }
    }
    seen
}

/// Uses cities with private streets, gates and islands.
#[test]
fn polygons_contain_reached_places() {
    let mut r = Random(31);
    let mut seen = 0;
    for seed in 0..10 {
        let network = random_network(seed + 40, 200);
        assert!(network.meta().report.islands > 0, "the city of seed {seed} has no island");
        for profile in Profile::ALL {
            let Ok(snap) = network.snap(random_point(&network, &mut r), profile) else { continue };
            let start = Start::new(&network, snap, profile);
            seen += check_places(&network, profile, start, 12.0, &mut r);
        }
    }
    assert!(seen > 2_000, "{seen}");
}

#[test]
fn polygons_of_porto_alegre_contain_reached_places() {
    let Some(network) = porto_alegre_network() else { return };
    let mut r = Random(32);
    let mut seen = 0;
    for profile in Profile::ALL.into_iter().cycle().take(90) {
        let Ok(snap) = network.snap(random_point(&network, &mut r), profile) else { continue };
        seen += check_places(&network, profile, Start::new(&network, snap, profile), 20.0, &mut r);
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn properties_hold_on_porto_alegre() {
    let Some(network) = porto_alegre_network() else { return };
    let mut r = Random(12);
    let mut seen = 0;
    for n in 0..24 {
        let profile = Profile::ALL[n % Profile::COUNT];
        let Ok(snap) = network.snap(random_point(&network, &mut r), profile) else { continue };
        // Every profile with both directions and, in turn, every level.
        let (direction, level) = (Direction::ALL[n / Profile::COUNT % 2], (n + n / Profile::COUNT) % 3);
        let start = Start::new(&network, snap, profile);
        seen += check(&network, profile, direction, start, &[3.0, 5.0, 10.0, 15.0], &Detail::ALL[level..=level]);
    }
    assert!(seen > 50_000, "{seen}");
}

#[test]
fn properties_hold_on_random_cities() {
    let mut r = Random(5);
    let mut seen = 0;
    for seed in 0..8 {
        let network = random_network(seed, 180);
        for (n, profile) in Profile::ALL.into_iter().enumerate() {
            let Ok(snap) = network.snap(random_point(&network, &mut r), profile) else { continue };
            let start = Start::new(&network, snap, profile);
            let (direction, level) = (Direction::ALL[seed as usize % 2], (n + seed as usize) % 3);
            seen += check(&network, profile, direction, start, &[2.0, 7.5, 15.0, 30.0], &Detail::ALL[level..=level]);
        }
    }
    assert!(seen > 10_000, "{seen}");
}

/// On level streets 100 m apart, a walk of 6 minutes from a junction is 480 m long: the diamond |x| + |y| <= 480.
#[test]
fn the_walkshed_on_a_grid_is_a_diamond() {
    let network = grid(21, 100.0);
    let middle = at(1000.0, 1000.0);
    let profile = Profile::Adult;
    let start = Start::new(&network, network.snap(middle, profile).unwrap(), profile);
    let reach = Reach::find(&network, profile, Direction::From, start, Deciseconds(3600));
    let metric = Metric::at(CENTRE.lat());
    // Vertices within 400 m: 1 + 4 + 8 + 12 + 16.
    assert_eq!(reach.vertex_count(), 41);
    // Edges with both ends within 400 m: 4 + 12 + 20 + 28 = 64. Beyond the outermost vertices, 36 edges are reached for 80 m.
    assert!((reach.street_m(&network) - (64.0 * 100.0 + 36.0 * 80.0)).abs() < 5.0, "{}", reach.street_m(&network));
    let field = Field::draw(&network, &reach);
    let polygon = contour(&field, Deciseconds(3600));
    for dx in (-600..=600).step_by(10) {
        for dy in (-600..=600).step_by(10) {
            let on_street = dx % 100 == 0 || dy % 100 == 0;
            let norm = i32::abs(dx) + i32::abs(dy);
            let p = point(at(1000.0 + f64::from(dx), 1000.0 + f64::from(dy)));
            if on_street && norm <= 479 {
                assert!(polygon.contains(&p), "{dx} {dy}");
            }
            if f64::from(norm) > 481.0 + field.tolerance_m() * std::f64::consts::SQRT_2 {
                assert!(!polygon.contains(&p), "{dx} {dy}");
            }
        }
    }
    // The area of the diamond is 2 x 480^2 m2. The polygon may differ by the tolerance along its outline.
    let m2 = polygon.unsigned_area() * (metric.kx * 1e7) * (metric.ky * 1e7);
    let (ideal, rim) = (2.0 * 480.0_f64.powi(2), 4.0 * 480.0 * std::f64::consts::SQRT_2 * field.tolerance_m());
    assert!((m2 - ideal).abs() < rim, "{m2} against {ideal}");
}

#[test]
fn a_block_that_is_not_reached_becomes_a_hole() {
    let network = grid(4, 600.0);
    let profile = Profile::Adult;
    let start = Start::new(&network, network.snap(at(900.0, 600.0), profile).unwrap(), profile);
    // In 23 minutes all four streets around the block to the north are reached, the northern one only just. The interior
    // next to it is not reached and is surrounded by reached streets.
    let limit = Deciseconds::from_minutes(23.0);
    let reach = Reach::find(&network, profile, Direction::From, start, limit);
    let polygon = contour(&Field::draw(&network, &reach), limit);
    assert!(polygon.is_valid());
    for (x, y) in [(900.0, 1200.0), (600.0, 1500.0), (1200.0, 1500.0), (900.0, 1800.0), (900.0, 1350.0)] {
        assert!(polygon.contains(&point(at(x, y))), "{x}, {y} is reached");
    }
    let middle = point(at(900.0, 1680.0));
    assert!(!polygon.contains(&middle));
    let holes = polygon.iter().flat_map(geo::Polygon::interiors);
    let around = holes.filter(|ring| geo::Polygon::new((*ring).clone(), vec![]).contains(&middle));
    assert_eq!(around.count(), 1);
}

#[test]
fn a_zero_limit_gives_the_place_itself_and_an_unreachable_street_nothing() {
    let network = grid(5, 100.0);
    let profile = Profile::Adult;
    let start = Start::new(&network, network.snap(at(200.0, 200.0), profile).unwrap(), profile);
    let reach = Reach::find(&network, profile, Direction::From, start, Deciseconds(0));
    let polygon = contour(&Field::draw(&network, &reach), Deciseconds(0));
    assert!(polygon.contains(&point(start.snap.at)));
    let far = Start { off: Deciseconds(5000), ..start };
    let nothing = Reach::find(&network, profile, Direction::From, far, Deciseconds(100));
    assert!(nothing.pieces.is_empty());
    assert!(contour(&Field::draw(&network, &nothing), Deciseconds(100)).0.is_empty());
}

#[test]
fn reached_cells_are_those_with_a_reached_centre() {
    let network = grid(21, 100.0);
    let profile = Profile::Adult;
    let start = Start::new(&network, network.snap(at(1000.0, 1000.0), profile).unwrap(), profile);
    let reach = Reach::find(&network, profile, Direction::Towards, start, Deciseconds(6000));
    for resolution in [h3o::Resolution::Eight, h3o::Resolution::Ten, h3o::Resolution::Twelve] {
        let found = reached_cells(&network, &reach, resolution, 100_000).unwrap();
        assert!(!found.cells.is_empty());
        for (cell, time) in found.cells.iter().zip(&found.times) {
            let centre = Fixed::from(walkshed_engine::geo::cell_centre(*cell));
            let end = Start::new(&network, network.snap(centre, profile).unwrap(), profile);
            assert_eq!(reach.time_to(&network, &end), *time);
            assert!(*time <= Deciseconds(6000));
        }
        // No reached cell is missing: check all cells around.
        let middle = walkshed_engine::geo::cell_of(at(1000.0, 1000.0).into(), resolution);
        let around: Vec<h3o::CellIndex> = middle.grid_disk(if resolution == h3o::Resolution::Twelve { 60 } else { 12 });
        let reached = around.iter().filter(|c| {
            let snap = network.snap(Fixed::from(walkshed_engine::geo::cell_centre(**c)), profile);
            snap.is_ok_and(|s| reach.time_to(&network, &Start::new(&network, s, profile)).is_some())
        });
        assert_eq!(reached.count(), found.cells.len(), "{resolution}");
    }
    assert!(reached_cells(&network, &reach, h3o::Resolution::Twelve, 100).is_err());
}

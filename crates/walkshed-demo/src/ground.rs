//! The terrain: parallel ridges from south-west to north-east, two rivers, and hills; 200 to 1,900 m.

use super::groups::{Group, bounds, mirror};
use super::random::noise;

/// A point in the plane: metres east and north of the centre of the region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

impl Point {
    /// Returns the distance to another point in metres.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// Returns the point at fraction `t` of the way to another point.
    #[must_use]
    pub fn towards(self, other: Self, t: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * t, y: self.y + (other.y - self.y) * t }
    }
}

/// The centre of the region, degrees.
const MIDDLE: (f64, f64) = (107.5, 30.0);
/// Metres per degree at the centre. Distances in longitude are off by at most 2 % within the region of the real districts,
/// and by 8 % in that of the northernmost made-up districts. This only changes the generated lengths slightly;
/// everything else is measured from positions.
const PER_DEGREE: (f64, f64) = (96_486.0, 110_852.0);
/// The core, which has a finer elevation model.
pub const CORE: [f64; 4] = [106.34, 29.33, 106.76, 29.83];

/// Lowest and highest ground, metres.
pub const LOWEST: f64 = 200.0;
pub const HIGHEST: f64 = 1900.0;

/// Converts degrees to the plane.
#[must_use]
pub fn on_plane((lon, lat): (f64, f64)) -> Point {
    Point { x: (lon - MIDDLE.0) * PER_DEGREE.0, y: (lat - MIDDLE.1) * PER_DEGREE.1 }
}

/// Converts a point of the plane to degrees.
#[must_use]
pub fn in_degrees(p: Point) -> (f64, f64) {
    (MIDDLE.0 + p.x / PER_DEGREE.0, MIDDLE.1 + p.y / PER_DEGREE.1)
}

/// The direction of the ridges, east of north, radians.
const STRIKE: f64 = 25.0 * std::f64::consts::PI / 180.0;

/// Converts to coordinates along and across the ridges.
#[must_use]
pub fn along_ridges(p: Point) -> (f64, f64) {
    let (sin, cos) = STRIKE.sin_cos();
    (p.x * sin + p.y * cos, p.x * cos - p.y * sin)
}

/// Converts from coordinates along and across the ridges.
#[must_use]
pub fn from_ridges(u: f64, v: f64) -> Point {
    let (sin, cos) = STRIKE.sin_cos();
    Point { x: u * sin + v * cos, y: u * cos - v * sin }
}

/// A river: its course, and half its width in metres.
struct River {
    points: Vec<Point>,
    half_width: f64,
}

/// Courses of the two real rivers, as points a few kilometres apart.
const YANGTZE: &[(f64, f64)] = &[
    (105.30, 28.75),
    (105.85, 28.95),
    (106.10, 29.15),
    (106.20, 29.27),
    (106.33, 29.30),
    (106.46, 29.36),
    (106.512, 29.41),
    (106.528, 29.455),
    (106.532, 29.495),
    (106.540, 29.528),
    (106.566, 29.540),
    (106.590, 29.560),
    (106.605, 29.600),
    (106.68, 29.63),
    (106.85, 29.70),
    (107.00, 29.80),
    (107.10, 29.82),
    (107.25, 29.75),
    (107.38, 29.725),
    (107.55, 29.79),
    (107.72, 29.885),
    (107.90, 30.05),
    (108.03, 30.275),
    (108.20, 30.50),
    (108.385, 30.79),
    (108.55, 30.88),
    (108.70, 30.915),
    (109.00, 30.95),
    (109.25, 31.00),
    (109.46, 31.04),
    (109.70, 31.05),
    (109.88, 31.06),
    (110.10, 31.02),
    (110.40, 31.00),
];
const JIALING: &[(f64, f64)] = &[
    (106.02, 30.45),
    (106.15, 30.25),
    (106.25, 30.08),
    (106.30, 29.97),
    (106.36, 29.89),
    (106.415, 29.82),
    (106.47, 29.75),
    (106.495, 29.67),
    (106.485, 29.61),
    (106.495, 29.578),
    (106.525, 29.568),
    (106.556, 29.571),
    (106.590, 29.566),
];

/// Rivers shape the terrain up to this distance from their middle, metres.
const VALLEY: f64 = 5000.0;
/// Side of a square in the index of rivers, metres.
const SQUARE: f64 = 4000.0;
/// Radius of the basins around seats, metres.
const BASIN: f64 = 8000.0;

/// The terrain of a seed.
pub struct Ground {
    seed: u64,
    rivers: Vec<River>,
    seats: Vec<Point>,
    west: f64,
    south: f64,
    columns: usize,
    rows: usize,
    /// River segments (river, first point) and seats near each square.
    near_rivers: Vec<Vec<(u8, u32)>>,
    near_seats: Vec<Vec<u32>>,
}

impl Ground {
    /// Creates the terrain of the first groups of districts, with basins around the seats. Every group has both rivers.
    #[must_use]
    pub fn new(seed: u64, groups: usize, seats: &[(f64, f64)]) -> Self {
        let both = |group: Group| {
            let through = |points: &[(f64, f64)]| points.iter().map(|&at| group.place(at)).collect::<Vec<_>>();
            [
                River { points: course(seed, &through(YANGTZE)), half_width: 320.0 },
                River { points: course(seed ^ 1, &through(JIALING)), half_width: 170.0 },
            ]
        };
        let rivers: Vec<River> = Group::first(groups).flat_map(both).collect();
        let [west, south, east, north] = bounds(Group::first(groups));
        let low = on_plane((west - 0.1, south - 0.1));
        let high = on_plane((east + 0.1, north + 0.1));
        let columns = ((high.x - low.x) / SQUARE).ceil() as usize;
        let rows = ((high.y - low.y) / SQUARE).ceil() as usize;
        let mut ground = Self {
            seed,
            rivers,
            seats: seats.iter().map(|&s| on_plane(s)).collect(),
            west: low.x,
            south: low.y,
            columns,
            rows,
            near_rivers: vec![Vec::new(); columns * rows],
            near_seats: vec![Vec::new(); columns * rows],
        };
        let mut near_rivers = vec![Vec::new(); columns * rows];
        for (r, river) in (0u8..).zip(&ground.rivers) {
            for (i, segment) in (0u32..).zip(river.points.windows(2)) {
                for square in ground.squares_around(segment[0], VALLEY + 1000.0) {
                    near_rivers[square].push((r, i));
                }
            }
        }
        let mut near_seats = vec![Vec::new(); columns * rows];
        for (i, &seat) in (0u32..).zip(&ground.seats) {
            for square in ground.squares_around(seat, BASIN) {
                near_seats[square].push(i);
            }
        }
        ground.near_rivers = near_rivers;
        ground.near_seats = near_seats;
        ground
    }

    fn squares_around(&self, p: Point, radius: f64) -> Vec<usize> {
        let clamp = |v: f64, n: usize| (v / SQUARE).floor().clamp(0.0, n as f64 - 1.0) as usize;
        let (x0, x1) = (clamp(p.x - radius - self.west, self.columns), clamp(p.x + radius - self.west, self.columns));
        let (y0, y1) = (clamp(p.y - radius - self.south, self.rows), clamp(p.y + radius - self.south, self.rows));
        (y0..=y1).flat_map(|y| (x0..=x1).map(move |x| (x, y))).map(|(x, y)| y * self.columns + x).collect()
    }

    fn square(&self, p: Point) -> usize {
        let clamp = |v: f64, n: usize| (v / SQUARE).floor().clamp(0.0, n as f64 - 1.0) as usize;
        clamp(p.y - self.south, self.rows) * self.columns + clamp(p.x - self.west, self.columns)
    }

    /// Iterates over the courses of the rivers, downstream.
    pub fn courses(&self) -> impl Iterator<Item = &[Point]> {
        self.rivers.iter().map(|r| r.points.as_slice())
    }

    /// Iterates over the courses of the larger river of each group.
    pub fn main_courses(&self) -> impl Iterator<Item = &[Point]> {
        self.courses().step_by(2)
    }

    /// Returns the distance to the bank of the nearest river in metres, negative in the water; at least [`VALLEY`] if
    /// no river is near.
    #[must_use]
    pub fn bank(&self, p: Point) -> f64 {
        let mut best = VALLEY;
        for &(r, i) in &self.near_rivers[self.square(p)] {
            let river = &self.rivers[r as usize];
            let (a, b) = (river.points[i as usize], river.points[i as usize + 1]);
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            let length2 = dx * dx + dy * dy;
            let t = if length2 > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
            best = best.min(p.distance(Point { x: a.x + t * dx, y: a.y + t * dy }) - river.half_width);
        }
        best
    }

    /// Returns whether a point is in the water.
    #[must_use]
    pub fn is_water(&self, p: Point) -> bool {
        self.bank(p) < 0.0
    }

    /// Returns the height in metres above sea level.
    #[must_use]
    pub fn height(&self, p: Point) -> f64 {
        let wave = |n: u64, metres: f64| noise(self.seed.wrapping_mul(31).wrapping_add(n), p.x / metres, p.y / metres);
        let (lon, lat) = mirror(in_degrees(p));
        // The terrain rises towards the mountains in the north-east and the south-east.
        let rise =
            520.0 * smooth(107.2, 109.6, lon) + 420.0 * smooth(31.0, 31.9, lat) + 160.0 * smooth(29.5, 28.6, lat);
        // Winding ridges about 13 km apart, with gaps.
        let (u, v) = along_ridges(p);
        let winding = v + 2600.0 * wave(1, 26_000.0) + 700.0 * wave(2, 7000.0);
        let phase = (winding / 13_000.0).rem_euclid(1.0) - 0.5;
        let crest = (-(phase * 13_000.0 / 1700.0).powi(2)).exp();
        let strength = (0.62 + 0.5 * noise(self.seed.wrapping_add(77), u / 30_000.0, v / 13_000.0)).clamp(0.1, 1.1);
        let near_seat =
            self.near_seats[self.square(p)].iter().map(|&i| self.seats[i as usize].distance(p)).fold(BASIN, f64::min);
        let free = smooth(1500.0, BASIN, near_seat);
        let ridges = (330.0 + 0.45 * rise) * crest * strength * (0.12 + 0.88 * free);
        let wild = 0.45 + 0.55 * free;
        let hills =
            wild * (95.0 * wave(3, 5200.0) + 38.0 * wave(4, 1700.0)) + 58.0 * wave(5, 620.0) + 25.0 * wave(6, 230.0);
        let land = 290.0 + rise + ridges + hills;
        let bank = self.bank(p);
        let shaped = if bank < VALLEY {
            // Banks rise steeply, then the valley widens.
            let floor =
                LOWEST + 4.0 + 46.0 * smooth(0.0, 420.0, bank) + 0.30 * hills.max(-60.0) * smooth(0.0, 900.0, bank);
            let t = smooth(300.0, VALLEY, bank);
            floor + (land - floor) * t
        } else {
            land
        };
        if bank <= 0.0 { LOWEST } else { shaped.clamp(LOWEST + 2.0, HIGHEST) }
    }
}

/// Smoothstep: 0 at `low`, 1 at `high`, a cubic in between. `low` may be greater than `high`.
fn smooth(low: f64, high: f64, x: f64) -> f64 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Returns a slightly winding Catmull-Rom curve through points.
fn course(seed: u64, through: &[(f64, f64)]) -> Vec<Point> {
    let p: Vec<Point> = through.iter().map(|&q| on_plane(q)).collect();
    let mut points = Vec::new();
    for i in 0..p.len() - 1 {
        let (a, b, c, d) = (p[i.saturating_sub(1)], p[i], p[i + 1], p[(i + 2).min(p.len() - 1)]);
        let segments = (b.distance(c) / 400.0).ceil().max(1.0) as usize;
        for k in 0..segments {
            let t = k as f64 / segments as f64;
            let blend = |a: f64, b: f64, c: f64, d: f64| {
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                    + (3.0 * b - a - 3.0 * c + d) * t * t * t)
            };
            let (x, y) = (blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y));
            let sway = |n: u64| 160.0 * noise(seed.wrapping_add(n), x / 2500.0, y / 2500.0);
            points.push(Point { x: x + sway(11), y: y + sway(12) });
        }
    }
    points.extend(p.last());
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::REGION;

    #[test]
    fn plane_coordinates_round_trip() {
        for at in [(106.5, 29.5), (105.2, 32.1), (110.1, 28.2)] {
            let back = in_degrees(on_plane(at));
            assert!((back.0 - at.0).abs() < 1e-9 && (back.1 - at.1).abs() < 1e-9);
            let p = on_plane(at);
            let (u, v) = along_ridges(p);
            assert!(from_ridges(u, v).distance(p) < 1e-6);
        }
    }

    #[test]
    fn terrain_is_within_bounds_and_has_both_rivers() {
        let ground = Ground::new(1, 1, &[(106.569, 29.553)]);
        let (mut low, mut high, mut water) = (f64::MAX, f64::MIN, 0);
        for i in 0..200 {
            for j in 0..200 {
                let at = (REGION[0] + f64::from(i) * 0.026, REGION[1] + f64::from(j) * 0.022);
                let p = on_plane(at);
                let h = ground.height(p);
                (low, high) = (low.min(h), high.max(h));
                water += usize::from(ground.is_water(p));
            }
        }
        assert!((LOWEST..=HIGHEST).contains(&low) && (LOWEST..=HIGHEST).contains(&high));
        assert!(high > 1500.0 && low < 260.0, "{low} to {high}");
        assert!(water > 0);
        for river in ground.courses() {
            let middle = river[river.len() / 2];
            assert!(ground.is_water(middle) && (ground.height(middle) - LOWEST).abs() < 1e-9);
        }
        assert_eq!(ground.courses().count(), 2);
        // The peninsula between the rivers is dry.
        assert!(!ground.is_water(on_plane((106.569, 29.553))));
    }

    #[test]
    fn every_group_of_districts_has_rivers_in_continuous_terrain() {
        let ground = Ground::new(1, 8, &[]);
        assert_eq!((ground.courses().count(), ground.main_courses().count()), (16, 8));
        for (group, course) in Group::first(8).zip(ground.main_courses()) {
            let (lon, lat) = in_degrees(course[course.len() / 2]);
            let [west, south, east, north] = group.region();
            assert!((west..=east).contains(&lon) && (south..=north).contains(&lat), "{lon} {lat}");
            assert!(ground.is_water(course[course.len() / 2]));
        }
        // Across the borders of the areas, heights change as they do inside.
        for lat in (0..40).map(|n| 28.0 + 0.2 * f64::from(n)) {
            let [before, after] = [-1e-5, 1e-5].map(|d| ground.height(on_plane((REGION[2] + d, lat))));
            assert!((before - after).abs() < 5.0, "{before} and {after} at {lat}");
        }
    }
}

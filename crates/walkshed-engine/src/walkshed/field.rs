//! Travel times on a square grid around a walkshed.
//!
//! The four corners of every grid cell that a reached street passes get the time of the street, so that a contour at or
//! above that time contains the whole cell. The corners of cells with unreached streets become unreached. All other nodes
//! get the time of the street that a place there would join, reached or not, plus the time of the off-network leg.
//! Streets with a handicap ([`handicap_m`](crate::handicap_m)) count as farther; edges that are cut off are ignored. Every
//! contour therefore has these properties:
//!
//! - It contains every reached point of a street.
//! - If it contains a point of an ordinary street (without handicap), a reached point of a street is within
//!   [`Field::tolerance_m`] of it, which is twice the diagonal of a cell. Bridges over and tunnels under reached streets
//!   are exceptions: they cannot be distinguished on a map.
//! - It contains every reached place off the streets, except for places that are outside by at most the tolerance plus
//!   4.5 % of their off-network leg, the error of the distance transform. At [`Detail::Fine`] it may be more: there the
//!   error can decide between two streets that are almost equally near.
//!
//! A reached street with `r` metres left for an off-network leg decides for nodes within `r`, together with the streets
//! that are nearer to them: those are within `2 r`. Nodes and streets farther than that from all reached streets are left
//! out, which changes no contour.

use super::detail::{Detail, TOLERANCE_CELLS};
use super::grid::Grid;
use super::lines::{Lines, Octagon, Plane, ground_handicap_m};
use super::pieces::Reach;
use crate::geo::{Fixed, Metric};
use crate::network::Network;
use crate::units::EdgeId;
use std::cell::RefCell;

/// Time of nodes that are not reached.
const UNREACHED: f32 = f32::INFINITY;

/// Travel times in deciseconds at the nodes of a grid, infinite where nothing is reached.
#[derive(Debug, Clone)]
pub struct Field {
    pub(super) grid: Grid,
    pub(super) times: Vec<f32>,
    /// By row: the nodes that may be reached, as the first and the one after the last.
    pub(super) spans: Vec<(usize, usize)>,
}

/// A street as seen from a node, ordered by distance, then by time. From the highest bit: 32 bits of distance, handicap
/// included, in cells / 65,536; 24 bits of time at the street in deciseconds / 16; 8 bits of handicap in metres.
type Key = u64;

const FAR: Key = 1 << 62;
/// The time of streets that are not reached.
const BLOCKED: u32 = (1 << 24) - 1;
const PER_CELL: f64 = 65_536.0;
const PER_DECISECOND: f32 = 16.0;
/// Steps of the distance transform to the four nearest and the four diagonal neighbours, after Borgefors (1986).
const STRAIGHT: Key = ((0.955_09 * PER_CELL) as Key) << 32;
const DIAGONAL: Key = ((1.369_30 * PER_CELL) as Key) << 32;

/// Scratch space of a thread.
#[derive(Default)]
struct Scratch {
    lines: Lines,
    /// One bit per edge: whether it is reached from end to end. All false between uses.
    fully_reached: Vec<u64>,
    /// By cell: the nearest street that passes it.
    cells: Vec<Key>,
    /// By node: the nearest street.
    keys: Vec<Key>,
    /// Cells of reached streets above or below the ground, with their times.
    off_ground: Vec<(usize, f32)>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Field {
    /// Computes the field of a walkshed at [`Detail::Normal`].
    #[must_use]
    pub fn draw(network: &Network, reach: &Reach) -> Self {
        Self::draw_at(network, reach, Detail::Normal)
    }

    /// Computes the field of a walkshed.
    #[must_use]
    pub fn draw_at(network: &Network, reach: &Reach, detail: Detail) -> Self {
        SCRATCH.with(|s| match s.try_borrow_mut() {
            Ok(mut scratch) => Self::draw_with(network, reach, detail, &mut scratch),
            Err(_) => Self::draw_with(network, reach, detail, &mut Scratch::default()),
        })
    }

    fn draw_with(network: &Network, reach: &Reach, detail: Detail, scratch: &mut Scratch) -> Self {
        let params = network.profiles().get(reach.profile);
        let start = reach.start.snap.at;
        let plane = Plane { origin: start, metric: Metric::at(start.lat()) };
        // Deciseconds per metre off the network.
        let pace = 10.0 / params.off_network_m_s();
        // An off-network leg is limited by the snapping limit and by the time limit.
        let off_limit = params.snap_limit_m.min(f64::from(reach.limit.0) / pace);
        scratch.lines.collect(network, reach, &plane);
        let mut extent = Extent::of(&scratch.lines, reach.limit.0 as f32, pace as f32, off_limit as f32);
        let cell_m = detail.cell_m(extent.side_m, off_limit);
        // The limit of a leg has a cell to spare, and the distances an error of 4.5 %. The nodes outside a contour, at most
        // a diagonal away from it, have their exact times, too.
        let spare = (1.05 + std::f64::consts::SQRT_2) * cell_m;
        extent.near.grow(spare as f32);
        extent.far.grow((2.0 * spare) as f32);
        let grid = Grid::over(plane, &extent.far, cell_m);
        let nodes = grid.columns * grid.rows;
        for table in [&mut scratch.cells, &mut scratch.keys] {
            table.clear();
            table.resize(nodes, FAR);
        }
        scratch.add_reached(&grid);
        let legs = Legs { pace: pace as f32, limit_m: (off_limit + cell_m) as f32, unit_m: (cell_m / PER_CELL) as f32 };
        let deciding = scratch.deciding_area(&grid, &extent.near, &legs, reach.limit.0 as f32);
        scratch.block(network, reach, &grid, &deciding);
        let mut times = vec![UNREACHED; nodes];
        let spans = grid.spans(&deciding);
        transform(&grid, &spans, &scratch.cells, &mut scratch.keys, |row, first, keys| {
            let at = row * grid.columns + first;
            for (time, &key) in times[at..at + keys.len()].iter_mut().zip(keys) {
                *time = legs.time(key);
            }
        });
        // Streets above or below the ground count as reached themselves, but hardly affect the ground beside them.
        for &(cell, time) in &scratch.off_ground {
            for node in grid.corners(cell) {
                times[node] = times[node].min(time);
            }
        }
        Self { grid, times, spans }
    }

    /// Returns the number of columns and rows of the grid.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.grid.columns, self.grid.rows)
    }

    /// Returns the size of a cell in metres.
    #[must_use]
    pub const fn cell_m(&self) -> f64 {
        self.grid.cell_m
    }

    /// Returns the longitude and the latitude of a node in degrees.
    #[must_use]
    pub fn degrees(&self, column: usize, row: usize) -> (f64, f64) {
        let (low, step) = self.grid.units();
        let axis = |i: usize, nodes: usize| (low[i] + step[i] * nodes as f64) / Fixed::PER_DEGREE;
        (axis(0, column), axis(1, row))
    }

    /// Returns the travel time at a node in deciseconds, not rounded. `None` if the node is not reached, not part of the
    /// grid, or more than a diagonal of a cell away from all nodes within the time limit.
    #[must_use]
    pub fn time(&self, column: usize, row: usize) -> Option<f32> {
        let time = self.times.get(row * self.grid.columns + column).filter(|_| column < self.grid.columns);
        time.copied().filter(|time| time.is_finite())
    }

    /// Returns the maximum distance in metres from a street point inside a contour to the nearest reached street.
    #[must_use]
    pub fn tolerance_m(&self) -> f64 {
        self.grid.cell_m * TOLERANCE_CELLS
    }
}

/// Where the reached streets are.
struct Extent {
    /// The longer side of their bounding box, metres.
    side_m: f64,
    /// The area of their off-network legs.
    near: Octagon,
    /// The area within twice the length of these legs.
    far: Octagon,
}

impl Extent {
    fn of(lines: &Lines, limit: f32, pace: f32, off_limit: f32) -> Self {
        let (mut near, mut far) = (Octagon::EMPTY, Octagon::EMPTY);
        // The greatest x, y, -x and -y.
        let mut bare = [0.0_f32; 4];
        let mut include = |at @ [x, y]: [f32; 2], leg: f32, handicap: f32| {
            for (most, along) in bare.iter_mut().zip([x, y, -x, -y]) {
                *most = if along > *most { along } else { *most };
            }
            // The error of distances is 4.5 %.
            near.include(at, 1.05 * leg);
            far.include(at, 2.1 * leg + 1.05 * handicap);
        };
        include([0.0; 2], 0.0, 0.0);
        let metres_per_time = 1.0 / pace;
        let mut before = None;
        for line in &lines.lines {
            let handicap = line.handicap.unwrap_or_default();
            let legs = line.times.map(|t| ((limit - t) * metres_per_time).max(0.0));
            // The lines of a street follow each other.
            if before != Some((line.a, line.times[0])) {
                include(line.a, legs[0].min(off_limit), handicap);
            }
            include(line.b, legs[1].min(off_limit), handicap);
            before = Some((line.b, line.times[1]));
            if (legs[0] < off_limit) != (legs[1] < off_limit) {
                // Here the leg reaches its limit.
                let t = ((off_limit - legs[0]) / (legs[1] - legs[0])).clamp(0.0, 1.0);
                include([0, 1].map(|i| line.a[i] + (line.b[i] - line.a[i]) * t), off_limit, handicap);
            }
        }
        let side = (bare[0] + bare[2]).max(bare[1] + bare[3]);
        Self { side_m: f64::from(side), near, far }
    }
}

impl Scratch {
    /// Enters the reached streets into their cells.
    fn add_reached(&mut self, grid: &Grid) {
        self.off_ground.clear();
        let (cells, off_ground) = (&mut self.cells, &mut self.off_ground);
        for line in &self.lines.lines {
            let [time, end] = line.times;
            let slope = end - time;
            let street = line.handicap.map(|m| street_key(m, grid));
            grid.walk(grid.cells(line.a), grid.cells(line.b), |cell, entered, left| {
                let time = time + slope * if slope < 0.0 { left } else { entered };
                if let Some(street) = street {
                    let time = ((time * PER_DECISECOND) as u32).min(BLOCKED - 1);
                    let key = street | Key::from(time) << 8;
                    if let Some(cell) = cells.get_mut(cell) {
                        *cell = key.min(*cell);
                    }
                }
                if street != Some(0) {
                    off_ground.push((cell, time));
                }
            });
        }
    }

    /// Returns the area of all streets that decide about nodes within the time limit, and of the nodes beside these. So far
    /// only the reached streets are entered: a street that is not reached decides about a node if it is nearer.
    fn deciding_area(&mut self, grid: &Grid, near: &Octagon, legs: &Legs, limit: f32) -> Octagon {
        let mut area = Octagon::EMPTY;
        area.include([0.0; 2], 0.0);
        transform(grid, &grid.spans(near), &self.cells, &mut self.keys, |row, first, keys| {
            let is_inside = |key: Key| legs.time(key) <= limit;
            let Some(west) = keys.iter().position(|&key| is_inside(key)) else { return };
            let east = keys.iter().rposition(|&key| is_inside(key)).unwrap_or(west);
            let mut farthest = keys[west];
            for &key in &keys[west..=east] {
                // Most nodes are nearer to a street than the farthest so far.
                if key > farthest && is_inside(key) {
                    farthest = key;
                }
            }
            let radius = legs.distance_m(farthest);
            area.include(grid.metres(first + west, row), radius);
            area.include(grid.metres(first + east, row), radius);
        });
        for line in self.lines.lines.iter().filter(|line| line.handicap != Some(0.0)) {
            area.include(line.a, 0.0);
            area.include(line.b, 0.0);
        }
        area.grow((1.05 * 2.0 * std::f64::consts::SQRT_2 * grid.cell_m) as f32);
        area
    }

    /// Enters the streets that are not reached, or not entirely.
    fn block(&mut self, network: &Network, reach: &Reach, grid: &Grid, area: &Octagon) {
        let Self { fully_reached, cells, .. } = self;
        fully_reached.resize(network.edge_count().div_ceil(64), 0);
        // The pieces of an edge follow each other, and meet if both ends are reached early.
        let mut covered: Option<(EdgeId, f64)> = None;
        for piece in &reach.pieces {
            let before = covered.filter(|&(edge, to)| edge == piece.edge && to >= piece.from);
            covered = (piece.from <= 0.0 || before.is_some()).then_some((piece.edge, piece.to));
            if covered.is_some() && piece.to >= 1.0 {
                fully_reached[piece.edge.index() / 64] |= 1 << (piece.edge.index() % 64);
            }
        }
        let streets = network.street_tables();
        let is_wanted = |id: EdgeId| {
            // Places join edges that are cut off only if nothing else is near, so they block no reached street.
            fully_reached[id.index() / 64] & 1 << (id.index() % 64) == 0 && {
                let edge = streets.edge(id);
                edge.usable().contains(reach.profile) && !edge.cut_off().contains(reach.profile)
            }
        };
        let metres = |x: i32, y: i32| grid.plane.metres(Fixed { x, y });
        let meets = |&[west, south, east, north]: &[i32; 4]| area.may_meet(metres(west, south), metres(east, north));
        network.segments_where(meets, is_wanted, |id, a, b| {
            let Some(handicap) = ground_handicap_m(streets.edge(id), reach.profile) else { return };
            let key = street_key(handicap, grid) | Key::from(BLOCKED) << 8;
            let (a, b) = (grid.plane.metres(a), grid.plane.metres(b));
            grid.walk(grid.cells(a), grid.cells(b), |cell, _, _| {
                if let Some(cell) = cells.get_mut(cell) {
                    *cell = key.min(*cell);
                }
            });
        });
        for piece in &reach.pieces {
            fully_reached[piece.edge.index() / 64] = 0;
        }
    }
}

/// Returns the key of a street with a handicap in metres at time 0, seen from itself.
fn street_key(handicap: f32, grid: &Grid) -> Key {
    if handicap <= 0.0 {
        return 0;
    }
    let metres = Key::from(handicap as u8);
    ((f64::from(handicap) / grid.cell_m * PER_CELL) as Key) << 32 | metres
}

/// What an off-network leg costs.
struct Legs {
    /// Deciseconds per metre.
    pace: f32,
    limit_m: f32,
    /// Metres per unit of distance in a [`Key`].
    unit_m: f32,
}

impl Legs {
    /// Returns the distance of a key in metres, handicap included.
    fn distance_m(&self, key: Key) -> f32 {
        // Signed numbers are converted faster. The distance is less than 2^31.
        (key >> 32) as i32 as f32 * self.unit_m
    }

    /// Returns the travel time to a node in deciseconds.
    fn time(&self, key: Key) -> f32 {
        let (time, handicap) = ((key as u32 >> 8) as i32, (key & 255) as i32);
        let leg = self.distance_m(key) - handicap as f32;
        let total = time as f32 / PER_DECISECOND + leg * self.pace;
        if leg <= self.limit_m && time != BLOCKED as i32 { total } else { UNREACHED }
    }
}

/// Finds the nearest street of every node in `spans`. This is a chamfer distance transform: two passes over the eight
/// neighbours. The error of the distances is at most 4.5 %. Calls `done` with every row: its number, the first node, and
/// the keys of the nodes from there.
fn transform(
    grid: &Grid,
    spans: &[(usize, usize)],
    cells: &[Key],
    keys: &mut [Key],
    mut done: impl FnMut(usize, usize, &[Key]),
) {
    let columns = grid.columns;
    for (row, &(first, end)) in spans.iter().enumerate().take(grid.rows - 1).skip(1) {
        let at = row * columns;
        // With a node more on either side.
        let window = at + first - 1..at + end + 1;
        let (above, rest) = keys.split_at_mut(at);
        let above = &above[window.start - columns..window.end - columns];
        let here = &mut rest[first - 1..=end];
        forward(above, here, &cells[window.start - columns..window.end - columns], &cells[window]);
    }
    for row in (1..grid.rows - 1).rev() {
        let (first, end) = spans[row];
        let at = row * columns;
        let (rest, below) = keys.split_at_mut(at + columns);
        let here = &mut rest[at + first - 1..=at + end];
        backward(&below[first - 1..=end], here);
        done(row, first, &here[1..=end - first]);
    }
}

/// The pass from south-west to north-east. All slices are of equal length; the first and the last element are beside the
/// nodes in question.
fn forward(above: &[Key], here: &mut [Key], cells_above: &[Key], cells_here: &[Key]) {
    let len = here.len();
    let (above, cells_above, cells_here) = (&above[..len], &cells_above[..len], &cells_here[..len]);
    let mut left = FAR;
    let mut before = cells_above[0].min(cells_here[0]);
    for i in 1..len - 1 {
        // A node is a corner of four cells.
        let column = cells_above[i].min(cells_here[i]);
        let street = before.min(column);
        before = column;
        let diagonal = above[i - 1].min(above[i + 1]) + DIAGONAL;
        let near = street.min(diagonal).min(above[i] + STRAIGHT);
        left = near.min(left + STRAIGHT);
        here[i] = left;
    }
}

/// The pass from north-east to south-west.
fn backward(below: &[Key], here: &mut [Key]) {
    let len = here.len();
    let below = &below[..len];
    let mut right = FAR;
    for i in (1..len - 1).rev() {
        let diagonal = below[i - 1].min(below[i + 1]) + DIAGONAL;
        let near = here[i].min(diagonal).min(below[i] + STRAIGHT);
        right = near.min(right + STRAIGHT);
        here[i] = right;
    }
}

//! Travel times on a square grid around a walkshed.
//!
//! The four corners of every grid cell that a reached street passes get the time of the street, so that a contour at or
//! above that time contains the whole cell. The corners of cells with unreached streets become unreached. All other nodes
//! get the time of the street that a place there would join, reached or not, plus the time of the off-network leg.
//! Streets with a handicap ([`handicap_m`]) count as farther; edges that are cut off are ignored. Every contour therefore
//! has these properties:
//!
//! - It contains every reached point of a street.
//! - If it contains a point of an ordinary street (without handicap), a reached point of a street is within
//!   [`Field::tolerance_m`] of it, which is twice the diagonal of a cell. Bridges over and tunnels under reached streets
//!   are exceptions: they cannot be distinguished on a map.
//! - It contains every reached place off the streets, except for places that are outside by at most the tolerance plus
//!   4.5 % of their off-network leg, the error of the distance transform.

use super::pieces::{Piece, Reach};
use crate::edge::Edge;
use crate::geo::{Fixed, Metric, Storey};
use crate::handicap::handicap_m;
use crate::network::Network;
use crate::profile::Profile;
use std::cell::RefCell;

/// The tolerance in cells: two diagonals of a cell.
pub const TOLERANCE_CELLS: f64 = 2.0 * std::f64::consts::SQRT_2;
/// Minimum size of a cell, metres.
const MIN_CELL_M: f64 = 20.0;
/// Maximum number of cells along the longer side. Cells of larger walksheds are larger.
const MAX_CELLS: f64 = 200.0;

/// The geometry of a grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// The south-western node.
    origin: Fixed,
    metric: Metric,
    cell_m: f64,
    pub columns: usize,
    pub rows: usize,
}

/// Times in deciseconds at the nodes of a grid, infinite where nothing is reached.
#[derive(Debug, Clone)]
pub struct Field {
    pub(super) grid: Grid,
    pub(super) times: Vec<f32>,
}

/// Scratch space of a thread.
#[derive(Default)]
struct Scratch {
    /// By edge: whether it is reached from end to end. All false between uses.
    fully_reached: Vec<bool>,
    /// By node: metres to the nearest street.
    distances: Vec<f32>,
    /// Cells of reached streets above or below the ground, with their times.
    off_ground: Vec<(usize, f32)>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Grid {
    /// Creates a grid over a bounding box, extended by `margin` cells on every side.
    fn over(low: Fixed, high: Fixed, metric: Metric, cell_m: f64, margin: f64) -> Self {
        let (shift_x, shift_y) = (margin * cell_m / metric.kx, margin * cell_m / metric.ky);
        let origin = Fixed { x: (f64::from(low.x) - shift_x) as i32, y: (f64::from(low.y) - shift_y) as i32 };
        let (width, height) = metric.vector(origin, high);
        let nodes = |m: f64| (m / cell_m + margin).ceil() as usize + 2;
        Self { origin, metric, cell_m, columns: nodes(width), rows: nodes(height) }
    }

    /// Converts a position to units of cells.
    fn cells(&self, p: Fixed) -> (f64, f64) {
        let (x, y) = self.metric.vector(self.origin, p);
        (x / self.cell_m, y / self.cell_m)
    }

    /// Converts a position in units of cells to degrees.
    pub(super) fn degrees(&self, x: f64, y: f64) -> (f64, f64) {
        (
            (f64::from(self.origin.x) + x * self.cell_m / self.metric.kx) / Fixed::PER_DEGREE,
            (f64::from(self.origin.y) + y * self.cell_m / self.metric.ky) / Fixed::PER_DEGREE,
        )
    }

    /// Visits the cells that a line passes: `visit(lower left node, fraction of the line on entry, on exit)`. Uses the
    /// traversal of Amanatides and Woo (1987). Skips parts outside the grid.
    fn walk(&self, a: (f64, f64), b: (f64, f64), mut visit: impl FnMut(usize, f64, f64)) {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let (mut x, mut y) = (a.0.floor() as i64, a.1.floor() as i64);
        let (end_x, end_y) = (b.0.floor() as i64, b.1.floor() as i64);
        let steps = x.abs_diff(end_x) + y.abs_diff(end_y);
        let next = |from: f64, d: f64, cell: i64| {
            if d > 0.0 {
                ((cell + 1) as f64 - from) / d
            } else if d < 0.0 {
                (cell as f64 - from) / d
            } else {
                f64::INFINITY
            }
        };
        let (mut tx, mut ty) = (next(a.0, dx, x), next(a.1, dy, y));
        let (step_x, step_y) = ((1.0 / dx).abs(), (1.0 / dy).abs());
        let mut entered = 0.0;
        for i in 0..=steps {
            let leaves = if i == steps { 1.0 } else { tx.min(ty).clamp(entered, 1.0) };
            if x >= 0 && y >= 0 && (x as usize) < self.columns - 1 && (y as usize) < self.rows - 1 {
                visit(y as usize * self.columns + x as usize, entered, leaves);
            }
            entered = leaves;
            if tx < ty {
                tx += step_x;
                x += if dx > 0.0 { 1 } else { -1 };
            } else {
                ty += step_y;
                y += if dy > 0.0 { 1 } else { -1 };
            }
        }
    }

    /// Visits the cells of a piece with the minimum time in each.
    fn walk_piece(&self, shape: &[Fixed], piece: &Piece, mut visit: impl FnMut(usize, f32)) {
        let length = |p: &[Fixed]| self.metric.distance(p[0], p[1]);
        let total: f64 = shape.windows(2).map(length).sum();
        if total <= 0.0 {
            let (x, y) = self.cells(shape[0]);
            return self.walk((x, y), (x, y), |cell, _, _| visit(cell, piece.time_from.min(piece.time_to) as f32));
        }
        let span = piece.to - piece.from;
        let slope = if span > 0.0 { (piece.time_to - piece.time_from) / span } else { 0.0 };
        let mut before = 0.0;
        for pair in shape.windows(2) {
            let after = before + length(pair) / total;
            let (low, high) = (before.max(piece.from), after.min(piece.to));
            if low <= high && after > before {
                let (a, b) = (self.cells(pair[0]), self.cells(pair[1]));
                let at = |f: f64| {
                    let t = ((f - before) / (after - before)).clamp(0.0, 1.0);
                    (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t)
                };
                let time = |t: f64| piece.time_from + (low + (high - low) * t - piece.from) * slope;
                self.walk(at(low), at(high), |cell, t0, t1| visit(cell, time(t0).min(time(t1)) as f32));
            }
            before = after;
        }
    }

    /// Returns the south-western and the north-eastern node.
    fn extent(&self) -> (Fixed, Fixed) {
        let far = |start: i32, nodes: usize, k: f64| (f64::from(start) + nodes as f64 * self.cell_m / k) as i32;
        let high = Fixed {
            x: far(self.origin.x, self.columns - 1, self.metric.kx),
            y: far(self.origin.y, self.rows - 1, self.metric.ky),
        };
        (self.origin, high)
    }

    const fn corners(&self, cell: usize) -> [usize; 4] {
        [cell, cell + 1, cell + self.columns, cell + self.columns + 1]
    }
}

impl Field {
    /// Computes the field of a walkshed.
    #[must_use]
    pub fn draw(network: &Network, reach: &Reach) -> Self {
        SCRATCH.with(|s| match s.try_borrow_mut() {
            Ok(mut scratch) => Self::draw_with(network, reach, &mut scratch),
            Err(_) => Self::draw_with(network, reach, &mut Scratch::default()),
        })
    }

    fn draw_with(network: &Network, reach: &Reach, scratch: &mut Scratch) -> Self {
        let params = network.profiles().get(reach.profile);
        let metric = Metric::at(reach.start.snap.at.lat());
        // Deciseconds per metre off the network.
        let pace = 10.0 / params.off_network_m_s();
        // An off-network leg is limited by the snapping limit and by the time limit.
        let off_limit = params.snap_limit_m.min(f64::from(reach.limit.0) / pace);
        let (low, high) = bounds(network, reach);
        let (width, height) = metric.vector(low, high);
        let cell_m = (width.max(height) / MAX_CELLS).max(MIN_CELL_M);
        let grid = Grid::over(low, high, metric, cell_m, (off_limit / cell_m).ceil() + 2.0);
        let mut times = vec![f32::INFINITY; grid.columns * grid.rows];

        let Scratch { fully_reached, distances, off_ground } = scratch;
        fully_reached.resize(network.edge_count(), false);
        distances.clear();
        distances.resize(times.len(), f32::INFINITY);
        off_ground.clear();
        for piece in &reach.pieces {
            let (edge, shape) = (network.edge(piece.edge), network.shape(piece.edge));
            let handicap = handicap_of(edge, reach.profile);
            fully_reached[piece.edge.index()] = piece.from <= 0.0 && piece.to >= 1.0;
            grid.walk_piece(shape, piece, |cell, time| {
                if handicap == Some(0.0) {
                    for node in grid.corners(cell) {
                        times[node] = if distances[node] > 0.0 { time } else { times[node].min(time) };
                        distances[node] = 0.0;
                    }
                    return;
                }
                off_ground.push((cell, time));
                for node in grid.corners(cell).into_iter().filter(|_| handicap.is_some()) {
                    let metres = handicap.unwrap_or_default() as f32;
                    if metres < distances[node] || metres <= distances[node] && time < times[node] {
                        (distances[node], times[node]) = (metres, time);
                    }
                }
            });
        }
        let (grid_low, grid_high) = grid.extent();
        network.segments_in(grid_low, grid_high, |id, a, b| {
            let edge = network.edge(id);
            // Places join edges that are cut off only if nothing else is near, so they block no reached street.
            if fully_reached[id.index()]
                || !edge.usable().contains(reach.profile)
                || edge.cut_off().contains(reach.profile)
            {
                return;
            }
            let Some(metres) = handicap_of(edge, reach.profile).map(|m| m as f32) else { return };
            grid.walk(grid.cells(a), grid.cells(b), |cell, _, _| {
                for node in grid.corners(cell) {
                    if metres < distances[node] {
                        (distances[node], times[node]) = (metres, f32::INFINITY);
                    }
                }
            });
        });
        for piece in &reach.pieces {
            fully_reached[piece.edge.index()] = false;
        }
        distance_transform(&mut times, distances, &grid);
        for (time, &metres) in times.iter_mut().zip(distances.iter()) {
            *time =
                if f64::from(metres) <= off_limit + grid.cell_m { *time + metres * pace as f32 } else { f32::INFINITY };
        }
        // Streets above or below the ground count as reached themselves, but hardly affect the ground beside them.
        for &(cell, time) in off_ground.iter() {
            for node in grid.corners(cell) {
                times[node] = times[node].min(time);
            }
        }
        Self { grid, times }
    }

    /// Returns the maximum distance in metres from a street point inside a contour to the nearest reached street.
    #[must_use]
    pub fn tolerance_m(&self) -> f64 {
        self.grid.cell_m * TOLERANCE_CELLS
    }
}

/// Returns the handicap of an edge for places on the ground in metres, or `None` if they never join it.
fn handicap_of(edge: &Edge, profile: Profile) -> Option<f64> {
    if edge.kind().can_be_snapped_to() { handicap_m(edge, profile, Storey::Ground) } else { None }
}

/// Returns the bounding box of a walkshed.
fn bounds(network: &Network, reach: &Reach) -> (Fixed, Fixed) {
    let (mut low, mut high) = (reach.start.snap.at, reach.start.snap.at);
    let mut take = |p: &Fixed| {
        (low.x, low.y) = (low.x.min(p.x), low.y.min(p.y));
        (high.x, high.y) = (high.x.max(p.x), high.y.max(p.y));
    };
    for piece in &reach.pieces {
        if piece.from <= 0.0 && piece.to >= 1.0 {
            network.shape(piece.edge).iter().for_each(&mut take);
        } else {
            Reach::line_of(network, piece).iter().for_each(&mut take);
        }
    }
    (low, high)
}

/// Gives every node the time of the nearest street and the distance to it in metres. This is a chamfer distance transform:
/// two passes over the eight neighbours, with the steps of Borgefors (1986). The error of the distances is at most 4.5 %.
fn distance_transform(times: &mut [f32], distances: &mut [f32], grid: &Grid) {
    let (columns, rows) = (grid.columns, grid.rows);
    let (straight, diagonal) = (0.955_09 * grid.cell_m as f32, 1.369_30 * grid.cell_m as f32);
    let mut relax = |node: usize, from: usize, step: f32| {
        let d = distances[from] + step;
        if d < distances[node] {
            distances[node] = d;
            times[node] = times[from];
        }
    };
    for y in 0..rows {
        for x in 0..columns {
            let node = y * columns + x;
            if x > 0 {
                relax(node, node - 1, straight);
            }
            if y > 0 {
                relax(node, node - columns, straight);
                if x > 0 {
                    relax(node, node - columns - 1, diagonal);
                }
                if x + 1 < columns {
                    relax(node, node - columns + 1, diagonal);
                }
            }
        }
    }
    for y in (0..rows).rev() {
        for x in (0..columns).rev() {
            let node = y * columns + x;
            if x + 1 < columns {
                relax(node, node + 1, straight);
            }
            if y + 1 < rows {
                relax(node, node + columns, straight);
                if x + 1 < columns {
                    relax(node, node + columns + 1, diagonal);
                }
                if x > 0 {
                    relax(node, node + columns - 1, diagonal);
                }
            }
        }
    }
}

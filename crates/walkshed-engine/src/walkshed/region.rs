//! The nodes of a field within a time limit, and the points at which the contour crosses the edges of the grid.

use super::field::Field;
use crate::geo::Fixed;

/// Minimum distance of a crossing from a node, in cells. It keeps rings from touching at nodes.
const MIN_NODE_DISTANCE: f32 = 0.03;
/// Position of the crossing on an edge to an unreached node, in cells.
const CROSSING_TO_UNREACHED: f32 = 0.5;
/// Units of [`Fixed`] to which crossings are rounded: 10 are a millionth of a degree, some 11 cm. Rounding keeps the order
/// of points on a line of the grid, so it changes neither the validity nor the nesting of contours.
const ROUNDING: f64 = 10.0;
/// Makes positions positive, so that conversion to an integer rounds down. In rounded units.
const SHIFT: f64 = 1_073_741_824.0;

/// The nodes of a field with a time of at most `limit`.
pub(super) struct Region<'a> {
    pub field: &'a Field,
    limit: f32,
    words_per_row: usize,
    /// One bit per node, in words for each row.
    bits: Vec<u64>,
    /// Node (0, 0) and the size of a cell, in rounded units.
    low: [f64; 2],
    step: [f64; 2],
}

impl<'a> Region<'a> {
    pub fn new(field: &'a Field, limit: f32) -> Self {
        let grid = &field.grid;
        let words_per_row = grid.columns / 64 + 1;
        let mut bits = vec![0; words_per_row * grid.rows];
        for (row, &(first, end)) in field.spans.iter().enumerate() {
            let times = &field.times[row * grid.columns..][..grid.columns];
            for word in first / 64..end.div_ceil(64) {
                let nodes = &times[word * 64..grid.columns.min(word * 64 + 64)];
                let inside = nodes.iter().rev().fold(0, |bits, &time| bits << 1 | u64::from(time <= limit));
                bits[row * words_per_row + word] = inside;
            }
        }
        let (low, step) = grid.units();
        Self {
            field,
            limit,
            words_per_row,
            bits,
            low: low.map(|v| v / ROUNDING + SHIFT + 0.5),
            step: step.map(|v| v / ROUNDING),
        }
    }

    /// Returns whether a node is inside.
    pub fn contains(&self, column: usize, row: usize) -> bool {
        self.bits[row * self.words_per_row + column / 64] >> (column % 64) & 1 == 1
    }

    /// Returns which corners of a cell are inside: south-west 1, south-east 2, north-east 4, north-west 8.
    pub fn case(&self, column: usize, row: usize) -> usize {
        let pair = |row: usize| {
            let word = row * self.words_per_row + column / 64;
            let bits = self.bits[word] >> (column % 64);
            let bits = if column % 64 == 63 { bits | self.bits[word + 1] << 1 } else { bits };
            (bits & 3) as usize
        };
        let (south, north) = (pair(row), pair(row + 1));
        south | (north & 1) << 3 | (north & 2) << 1
    }

    /// Returns whether every cell that a line passes has a corner inside.
    pub fn has_corners_along(&self, a: Fixed, b: Fixed) -> bool {
        let cells = |p: Fixed| {
            let along = |units: i32, axis: usize| {
                ((f64::from(units) / ROUNDING + SHIFT + 0.5 - self.low[axis]) / self.step[axis]) as f32
            };
            [along(p.x, 0), along(p.y, 1)]
        };
        let (grid, mut has_corners) = (&self.field.grid, true);
        grid.walk(cells(a), cells(b), |cell, entered, left| {
            // A line that ends on an edge of the grid only touches the cell beyond.
            has_corners &= left <= entered || self.case(cell % grid.columns, cell / grid.columns) != 0;
        });
        has_corners
    }

    /// Calls `found` with every cell that the contour crosses, by column and row.
    pub fn crossed_cells(&self, mut found: impl FnMut(usize, usize)) {
        let words = self.words_per_row;
        for (row, pair) in self.bits.windows(2 * words).step_by(words).enumerate() {
            let (south, north) = pair.split_at(words);
            for word in 0..words {
                let shifted = |row: &[u64]| row[word] >> 1 | row.get(word + 1).map_or(0, |next| next << 63);
                let (sw, nw, se, ne) = (south[word], north[word], shifted(south), shifted(north));
                let mut crossed = (sw | nw | se | ne) & !(sw & nw & se & ne);
                while crossed != 0 {
                    found(word * 64 + crossed.trailing_zeros() as usize, row);
                    crossed &= crossed - 1;
                }
            }
        }
    }

    /// Returns the point at which the contour crosses the edge of the grid from a node to the east or to the north.
    pub fn crossing(&self, column: usize, row: usize, is_north: bool) -> Fixed {
        let columns = self.field.grid.columns;
        let node = row * columns + column;
        let (a, b) = (self.field.times[node], self.field.times[node + if is_north { columns } else { 1 }]);
        let share = |inner: f32, outer: f32| {
            if outer.is_finite() {
                ((self.limit - inner) / (outer - inner)).clamp(MIN_NODE_DISTANCE, 1.0 - MIN_NODE_DISTANCE)
            } else {
                CROSSING_TO_UNREACHED
            }
        };
        let t = f64::from(if a <= self.limit { share(a, b) } else { 1.0 - share(b, a) });
        let (dx, dy) = if is_north { (0.0, t) } else { (t, 0.0) };
        let axis = |i: usize, at: f64| {
            let rounded = (self.low[i] + self.step[i] * at) as i64 - SHIFT as i64;
            (rounded * ROUNDING as i64).clamp(i32::MIN.into(), i32::MAX.into()) as i32
        };
        Fixed { x: axis(0, column as f64 + dx), y: axis(1, row as f64 + dy) }
    }

    /// Returns the cell that contains a position. Positions outside the grid are moved into it.
    pub fn cell_of(&self, at: Fixed) -> (usize, usize) {
        let axis = |i: usize, v: i32, nodes: usize| {
            let cells = (f64::from(v) / ROUNDING + SHIFT + 0.5 - self.low[i]) / self.step[i];
            (cells.max(0.0) as usize).min(nodes - 2)
        };
        (axis(0, at.x, self.field.grid.columns), axis(1, at.y, self.field.grid.rows))
    }
}

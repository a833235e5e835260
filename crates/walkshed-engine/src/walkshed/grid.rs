//! The square grid of a field.

use super::lines::{Octagon, Plane};

/// The geometry of a grid. A cell has the number of its south-western node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub plane: Plane,
    /// The south-western node, metres from the origin of the plane.
    low: [f32; 2],
    pub cell_m: f64,
    cells_per_m: f32,
    pub columns: usize,
    pub rows: usize,
}

impl Grid {
    /// Creates a grid over an octagon, with at least two cells around it.
    pub fn over(plane: Plane, area: &Octagon, cell_m: f64) -> Self {
        let margin = 2.0 * cell_m as f32;
        let nodes = |axis: usize| ((area.high[axis] - area.low[axis]) / cell_m as f32).max(0.0) as usize + 6;
        Self {
            plane,
            low: [area.low[0] - margin, area.low[1] - margin],
            cell_m,
            cells_per_m: (1.0 / cell_m) as f32,
            columns: nodes(0),
            rows: nodes(1),
        }
    }

    /// Converts metres of the plane to units of cells.
    pub fn cells(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [(x - self.low[0]) * self.cells_per_m, (y - self.low[1]) * self.cells_per_m]
    }

    /// Returns the position of node (0, 0) and the size of a cell, in units of [`Fixed`](crate::geo::Fixed).
    pub fn units(&self) -> ([f64; 2], [f64; 2]) {
        let metric = self.plane.metric;
        (self.plane.units(self.low.map(f64::from)), [self.cell_m / metric.kx, self.cell_m / metric.ky])
    }

    /// Returns the position of a node in metres of the plane.
    pub fn metres(&self, column: usize, row: usize) -> [f32; 2] {
        let cell_m = self.cell_m as f32;
        [self.low[0] + column as f32 * cell_m, self.low[1] + row as f32 * cell_m]
    }

    /// Returns [`Grid::span`] for every row.
    pub fn spans(&self, area: &Octagon) -> Vec<(usize, usize)> {
        (0..self.rows).map(|row| self.span(area, row)).collect()
    }

    /// Returns the nodes of a row that are in an octagon: the first, and the one after the last. There is at least one
    /// node of the grid on either side of them.
    fn span(&self, area: &Octagon, row: usize) -> (usize, usize) {
        let y = self.low[1] + row as f32 * self.cell_m as f32;
        let [west, east] = area.columns([y, y]);
        let column = |x: f32| (x - self.low[0]) * self.cells_per_m;
        let first = (column(west) as usize).clamp(1, self.columns - 1);
        (first, (column(east) as usize + 2).min(self.columns - 1).max(first))
    }

    /// Returns the corners of a cell.
    pub const fn corners(&self, cell: usize) -> [usize; 4] {
        [cell, cell + 1, cell + self.columns, cell + self.columns + 1]
    }

    /// Visits the cells that a line passes, in units of cells: `visit(cell, fraction of the line on entry, on exit)`.
    /// Skips parts outside the grid. Cells may be out of range by rounding, if the line ends at the border of the grid.
    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "avoids branches that cannot be predicted")]
    pub fn walk(&self, a: [f32; 2], b: [f32; 2], mut visit: impl FnMut(usize, f32, f32)) {
        // All at once, with vector instructions.
        let [x, y, end_x, end_y] = [a[0], a[1], b[0], b[1]].map(floor);
        // As unsigned numbers, negative ones are too large.
        let (columns, rows) = (self.columns as u32 - 1, self.rows as u32 - 1);
        let is_inside = |x: i32, y: i32| ((x as u32) < columns) & ((y as u32) < rows);
        let index = |x: i32, y: i32| y as usize * self.columns + x as usize;
        let steps = x.abs_diff(end_x) + y.abs_diff(end_y);
        if !(is_inside(x, y) & is_inside(end_x, end_y)) {
            let visit_inside = |x, y, from, to| {
                if is_inside(x, y) {
                    visit(index(x, y), from, to);
                }
            };
            return traverse(a, b, (x, y), steps, visit_inside);
        }
        // Most lines are short.
        match steps {
            0 => visit(index(x, y), 0.0, 1.0),
            1 => {
                let axis = usize::from(x == end_x);
                let border = if axis == 0 { x.max(end_x) } else { y.max(end_y) };
                let t = ((border as f32 - a[axis]) / (b[axis] - a[axis])).clamp(0.0, 1.0);
                visit(index(x, y), 0.0, t);
                visit(index(end_x, end_y), t, 1.0);
            }
            _ => traverse(a, b, (x, y), steps, |x, y, from, to| visit(index(x, y), from, to)),
        }
    }
}

/// Visits the cells from one to another, which is `steps` steps to the sides away, by the traversal of Amanatides and
/// Woo (1987).
#[inline]
fn traverse(
    a: [f32; 2],
    b: [f32; 2],
    (mut x, mut y): (i32, i32),
    steps: u32,
    mut visit: impl FnMut(i32, i32, f32, f32),
) {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (step_tx, step_ty) = ((1.0 / dx).abs(), (1.0 / dy).abs());
    let first = |from: f32, d: f32, cell: i32, step: f32| {
        let here = from - cell as f32;
        // Without movement along this axis the step is infinite.
        let away = if d > 0.0 { 1.0 - here } else { here };
        if d == 0.0 { f32::INFINITY } else { away * step }
    };
    let (mut tx, mut ty) = (first(a[0], dx, x, step_tx), first(a[1], dy, y, step_ty));
    let (step_x, step_y) = (if dx > 0.0 { 1 } else { -1 }, if dy > 0.0 { 1 } else { -1 });
    let mut entered = 0.0;
    for _ in 0..steps {
        // Without branches: the direction of the next step cannot be predicted.
        let is_x = tx < ty;
        let leaves = (if is_x { tx } else { ty }).clamp(entered, 1.0);
        visit(x, y, entered, leaves);
        entered = leaves;
        x += if is_x { step_x } else { 0 };
        y += if is_x { 0 } else { step_y };
        tx += if is_x { step_tx } else { 0.0 };
        ty += if is_x { 0.0 } else { step_ty };
    }
    visit(x, y, entered, 1.0);
}

/// Rounds down.
fn floor(x: f32) -> i32 {
    let whole = x as i32;
    whole - i32::from(x < whole as f32)
}

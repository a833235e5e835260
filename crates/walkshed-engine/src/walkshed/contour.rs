//! Contours of a time field, by marching squares. The polygons are valid (OGC), follow the right-hand rule of RFC 7946
//! (outer rings counter-clockwise, holes clockwise), and the polygon of a time contains those of all smaller times.

use super::field::Field;
use super::outline::Outline;
use super::region::Region;
use crate::geo::Fixed;
use crate::units::Deciseconds;
use geo::MultiPolygon;

/// Returns the area of a field with a time of at most `limit`, in degrees, with every point of its contour.
/// [`outlines`](super::outlines) returns fewer points.
#[must_use]
pub fn contour(field: &Field, limit: Deciseconds) -> MultiPolygon<f64> {
    let mut rings = trace(&Region::new(field, limit.0 as f32));
    rings.iter_mut().for_each(drop_points_on_lines);
    Outline::new(rings).multi_polygon()
}

/// Sides of a cell.
const SOUTH: usize = 0;
const EAST: usize = 1;
const NORTH: usize = 2;
const WEST: usize = 3;
const NO: usize = 4;

/// By corners inside (see [`Region::case`]) and side of entry: the side on which a contour with the inside on its left
/// leaves the cell. If two opposite corners are inside, they are separated: a larger time can then only connect what a
/// smaller one separates, so contours nest.
const EXITS: [[usize; 4]; 16] = [
    [NO, NO, NO, NO],
    [WEST, NO, NO, NO],
    [NO, SOUTH, NO, NO],
    [NO, WEST, NO, NO],
    [NO, NO, EAST, NO],
    [WEST, NO, EAST, NO],
    [NO, NO, SOUTH, NO],
    [NO, NO, WEST, NO],
    [NO, NO, NO, NORTH],
    [NORTH, NO, NO, NO],
    [NO, SOUTH, NO, NORTH],
    [NO, NORTH, NO, NO],
    [NO, NO, NO, EAST],
    [EAST, NO, NO, NO],
    [NO, NO, NO, SOUTH],
    [NO, NO, NO, NO],
];

/// Traces all rings, with the inside on their left. The first point is not repeated at the end.
pub(super) fn trace(region: &Region) -> Vec<Vec<Fixed>> {
    let mut rings = Vec::new();
    let columns = region.field.grid.columns;
    // By cell: the sides on which a ring has entered, as bits.
    let mut entered = vec![0_u8; columns * region.field.grid.rows];
    let mut points: Vec<Fixed> = Vec::new();
    region.crossed_cells(|column, row| {
        for (side, exit) in EXITS[region.case(column, row)].into_iter().enumerate() {
            if exit == NO || entered[row * columns + column] >> side & 1 == 1 {
                continue;
            }
            points.clear();
            let (mut x, mut y, mut entry) = (column, row, side);
            loop {
                let mark = &mut entered[y * columns + x];
                if *mark >> entry & 1 == 1 {
                    break;
                }
                *mark |= 1 << entry;
                let exit = EXITS[region.case(x, y)][entry];
                // Unreached nodes surround the grid, so no ring leaves it.
                match exit {
                    SOUTH => {
                        points.push(region.crossing(x, y, false));
                        (y, entry) = (y - 1, NORTH);
                    }
                    EAST => {
                        points.push(region.crossing(x + 1, y, true));
                        (x, entry) = (x + 1, WEST);
                    }
                    NORTH => {
                        points.push(region.crossing(x, y + 1, false));
                        (y, entry) = (y + 1, SOUTH);
                    }
                    _ => {
                        points.push(region.crossing(x, y, true));
                        (x, entry) = (x - 1, EAST);
                    }
                }
            }
            if points.len() >= 3 {
                rings.push(points.clone());
            }
        }
    });
    rings
}

/// Drops points between two others on the same line of the grid. Collinear points on diagonals remain.
fn drop_points_on_lines(ring: &mut Vec<Fixed>) {
    let mut kept: Vec<Fixed> = Vec::with_capacity(ring.len());
    for &point in &*ring {
        if let [.., a, b] = kept[..]
            && (a.x == b.x && b.x == point.x || a.y == b.y && b.y == point.y)
        {
            kept.pop();
        }
        kept.push(point);
    }
    *ring = kept;
}

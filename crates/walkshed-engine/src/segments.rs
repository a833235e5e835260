//! Finds the street segments in a window.

use crate::geo::Fixed;
use crate::network::Network;
use crate::spatial_index::{LEVEL_FANOUT as FANOUT, SnapTables};
use crate::units::EdgeId;

impl Network {
    /// Calls `found` with every street segment (edge, first point, last point) whose bounding box intersects the window.
    pub fn segments_in(&self, low: Fixed, high: Fixed, found: impl FnMut(EdgeId, Fixed, Fixed)) {
        let meets = |b: &[i32; 4]| b[0] <= high.x && b[2] >= low.x && b[1] <= high.y && b[3] >= low.y;
        self.segments_where(meets, |_| true, found);
    }

    /// Calls `found` with every street segment whose bounding box (west, south, east, north) satisfies `meets` and whose
    /// edge satisfies `is_wanted`. `meets` must hold for every box around one for which it holds. `is_wanted` is called
    /// before the segment is looked up.
    pub(crate) fn segments_where(
        &self,
        meets: impl Fn(&[i32; 4]) -> bool,
        is_wanted: impl Fn(EdgeId) -> bool,
        mut found: impl FnMut(EdgeId, Fixed, Fixed),
    ) {
        for tables in self.snap_tables() {
            let SnapTables { first_edge, shapes, pieces, boxes, levels, removed, .. } = tables;
            let Some(top) = levels.len().checked_sub(2) else { continue };
            // (level, index) still to visit.
            let mut stack: Vec<(usize, usize)> =
                (0..(levels[top + 1] - levels[top]) as usize).map(|i| (top, i)).collect();
            while let Some((level, i)) = stack.pop() {
                if !meets(&boxes[levels[level] as usize + i]) {
                    continue;
                }
                let first = i * FANOUT;
                if level == 0 {
                    for &[number, point] in &pieces[first..(first + FANOUT).min(pieces.len())] {
                        if !is_wanted(EdgeId(first_edge + number)) {
                            continue;
                        }
                        let (a, b) = (shapes[point as usize], shapes[point as usize + 1]);
                        if meets(&[a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)])
                            && removed.binary_search(&number).is_err()
                        {
                            found(EdgeId(first_edge + number), a, b);
                        }
                    }
                } else {
                    let below = (levels[level] - levels[level - 1]) as usize;
                    stack.extend((first..(first + FANOUT).min(below)).map(|c| (level - 1, c)));
                }
            }
        }
    }
}

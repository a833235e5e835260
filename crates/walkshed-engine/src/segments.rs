//! Finds the street segments in a window.

use crate::geo::Fixed;
use crate::network::Network;
use crate::spatial_index::{LEVEL_FANOUT as FANOUT, SnapTables};
use crate::units::EdgeId;

impl Network {
    /// Calls `found` with every street segment (edge, first point, last point) whose bounding box intersects the window.
    pub fn segments_in(&self, low: Fixed, high: Fixed, mut found: impl FnMut(EdgeId, Fixed, Fixed)) {
        for tables in self.snap_tables() {
            let SnapTables { first_edge, shapes, pieces, boxes, levels, removed, .. } = tables;
            let Some(top) = levels.len().checked_sub(2) else { continue };
            let meets = |b: &[i32; 4]| b[0] <= high.x && b[2] >= low.x && b[1] <= high.y && b[3] >= low.y;
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

//! Verifies that all indices in the tables of a prepared file are within bounds. The checksum detects damage; this detects
//! files that were written with invalid indices. Searches rely on it.

use super::tables::section;
use crate::edge::Edge;
use crate::format::Sections;
use crate::geo::Fixed;
use crate::spatial_index::LEVEL_FANOUT;

/// Returns whether all indices in the tables are valid.
pub(crate) fn indices_are_valid(file: &Sections) -> bool {
    let vertices = file.get::<Fixed>(section::VERTICES).len();
    let heads = file.get::<u32>(section::ARC_HEADS);
    let arc_edges = file.get::<u32>(section::ARC_EDGES);
    let edges = file.get::<Edge>(section::EDGES);
    let (shapes, heights) = (file.get::<Fixed>(section::SHAPES).len(), file.get::<f32>(section::HEIGHTS).len());
    let Some((end, real)) = edges.split_last() else { return false };
    let below = |n: u32, len: usize| (n as usize) < len;
    file.get::<u32>(section::FIRST_ARC).is_sorted()
        && heads.iter().all(|head| below(*head, vertices))
        && arc_edges.iter().all(|edge| below(*edge / 2, real.len()))
        && real.iter().all(|edge| {
            below(edge.tail.0, vertices)
                && below(edge.head.0, vertices)
                && edge.arcs.iter().all(|arc| below(*arc, heads.len()))
        })
        // An edge has at least two points and two heights.
        && edges.windows(2).all(|pair| {
            pair[0].shape.checked_add(2).is_some_and(|least| least <= pair[1].shape)
                && pair[0].heights.checked_add(2).is_some_and(|least| least <= pair[1].heights)
        })
        && end.shape as usize <= shapes
        && end.heights as usize <= heights
        && spatial_index_is_valid(file, edges)
}

/// Returns whether the R-tree is valid: segments of edges, boxes around eight segments, boxes around eight boxes, and so
/// on.
fn spatial_index_is_valid(file: &Sections, edges: &[Edge]) -> bool {
    let pieces = file.get::<[u32; 2]>(section::SNAP_PIECES);
    let levels = file.get::<u32>(section::SNAP_LEVELS);
    let boxes = file.get::<[i32; 4]>(section::SNAP_BOXES).len();
    let pieces_fit = pieces.iter().all(|&[edge, point]| {
        let pair = edges.get(edge as usize..).and_then(|from| from.get(..2));
        pair.is_some_and(|pair| pair[0].shape <= point && point < pair[1].shape.saturating_sub(1))
    });
    let [first, .., last] = levels else { return false };
    let mut expected = pieces.len().div_ceil(LEVEL_FANOUT);
    let levels_fit = levels.windows(2).all(|pair| {
        let fits = pair[1].checked_sub(pair[0]) == u32::try_from(expected).ok();
        expected = expected.div_ceil(LEVEL_FANOUT);
        fits
    });
    // The search starts at a level of at most eight boxes.
    pieces_fit && levels_fit && expected <= 1 && *first == 0 && *last as usize == boxes
}

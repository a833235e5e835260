//! The spatial index for snapping: a packed R-tree over street segments. Edges are in Hilbert order, so it is built without
//! sorting and stored in the prepared file in the form in which it is searched.

use crate::access::{Kind, Structure};
use crate::edge::Edge;
use crate::geo::Fixed;

/// Number of children of a box of the R-tree.
pub(crate) const LEVEL_FANOUT: usize = 8;

/// The tables of a spatial index.
pub(crate) struct SnapIndex {
    pub pieces: Vec<[u32; 2]>,
    pub boxes: Vec<[i32; 4]>,
    pub levels: Vec<u32>,
}

impl SnapIndex {
    /// Indexes the edges that places can join. The last of `edges` is the sentinel.
    pub(crate) fn build(edges: &[Edge], shapes: &[Fixed]) -> Self {
        let mut pieces = Vec::new();
        for (n, pair) in edges.windows(2).enumerate() {
            if can_be_joined(&pair[0]) && pair[0].usable().0 != 0 {
                pieces.extend((pair[0].shape..pair[1].shape - 1).map(|s| [n as u32, s]));
            }
        }
        let mut boxes: Vec<[i32; 4]> = pieces
            .chunks(LEVEL_FANOUT)
            .map(|group| {
                group.iter().fold([i32::MAX, i32::MAX, i32::MIN, i32::MIN], |b, piece| {
                    let (p, q) = (shapes[piece[1] as usize], shapes[piece[1] as usize + 1]);
                    join(b, [p.x.min(q.x), p.y.min(q.y), p.x.max(q.x), p.y.max(q.y)])
                })
            })
            .collect();
        let mut levels = vec![0, boxes.len() as u32];
        let mut start = 0;
        while boxes.len() - start > LEVEL_FANOUT {
            let above: Vec<[i32; 4]> = boxes[start..]
                .chunks(LEVEL_FANOUT)
                .map(|g| g.iter().copied().reduce(join).unwrap_or_default())
                .collect();
            start = boxes.len();
            boxes.extend(above);
            levels.push(boxes.len() as u32);
        }
        Self { pieces, boxes, levels }
    }
}

/// A spatial index and the edges it refers to.
#[derive(Clone, Copy)]
pub(crate) struct SnapTables<'a> {
    /// The edge number of the first of `edges`.
    pub first_edge: u32,
    pub edges: &'a [Edge],
    pub shapes: &'a [Fixed],
    pub pieces: &'a [[u32; 2]],
    pub boxes: &'a [[i32; 4]],
    pub levels: &'a [u32],
    /// Sorted numbers of edges that are closed or cut.
    pub removed: &'a [u32],
}

/// Returns whether places on some storey can join the edge.
fn can_be_joined(edge: &Edge) -> bool {
    let is_street = edge.kind() == Kind::Street;
    edge.kind().can_be_snapped_to()
        && match edge.structure() {
            Structure::Ground => true,
            // No addresses are on footbridges or in road tunnels.
            Structure::Bridge => is_street,
            Structure::Tunnel => !is_street,
        }
}

fn join(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

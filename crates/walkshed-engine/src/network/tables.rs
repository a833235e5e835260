//! The tables of a network, and the sections of the prepared file that hold them.

use crate::edge::Edge;
use crate::geo::Fixed;
use crate::profile::Profiles;
use crate::report::StreetsReport;
use crate::units::Deciseconds;
use serde::{Deserialize, Serialize};

/// The metadata of a prepared file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Meta {
    /// What the import read and built.
    pub report: StreetsReport,
    /// The profiles of the cost tables.
    pub profiles: Profiles,
    /// Kilometres of streets from which a connected component counts as a network rather than an island.
    pub own_network_km: f64,
    /// Whether heights come from elevation files. Otherwise all streets are level.
    pub has_elevation: bool,
    /// Bounding box in degrees: west, south, east, north.
    pub bounds: [f64; 4],
}

/// Section numbers of the file. The costs of profile p are in `COSTS + 2 p` (along the arcs) and `COSTS + 2 p + 1`
/// (against them).
pub(crate) mod section {
    pub const META: usize = 0;
    pub const VERTICES: usize = 1;
    pub const FIRST_ARC: usize = 2;
    pub const ARC_HEADS: usize = 3;
    pub const ARC_EDGES: usize = 4;
    pub const EDGES: usize = 5;
    pub const SHAPES: usize = 6;
    pub const HEIGHTS: usize = 7;
    pub const NAME_ENDS: usize = 8;
    pub const NAMES: usize = 9;
    pub const SNAP_PIECES: usize = 10;
    pub const SNAP_BOXES: usize = 11;
    pub const SNAP_LEVELS: usize = 12;
    pub const COSTS: usize = 13;
    pub const COUNT: usize = COSTS + 2 * crate::profile::Profile::COUNT;
}

/// Returns the element size of each section in bytes.
pub(crate) fn element_sizes() -> [usize; section::COUNT] {
    let mut sizes = [4; section::COUNT];
    sizes[section::META] = 1;
    sizes[section::NAMES] = 1;
    sizes[section::VERTICES] = size_of::<Fixed>();
    sizes[section::SHAPES] = size_of::<Fixed>();
    sizes[section::EDGES] = size_of::<Edge>();
    sizes[section::SNAP_PIECES] = size_of::<[u32; 2]>();
    sizes[section::SNAP_BOXES] = size_of::<[i32; 4]>();
    sizes
}

/// The tables of a network, in the order of the file.
#[derive(Default)]
pub struct Tables {
    /// Positions of the vertices.
    pub vertices: Vec<Fixed>,
    /// For every vertex the index of its first outgoing arc, followed by the number of arcs.
    pub first_arc: Vec<u32>,
    /// For every arc the vertex it leads to.
    pub arc_heads: Vec<u32>,
    /// For every arc: twice its edge number, plus one for the arc from head to tail.
    pub arc_edges: Vec<u32>,
    /// The edges, followed by a sentinel that ends the ranges of the last edge.
    pub edges: Vec<Edge>,
    /// Points of the edges, from tail to head; [`Edge::shape`] is the first of an edge.
    pub shapes: Vec<Fixed>,
    /// Heights in metres at equal distances along the edges; [`Edge::heights`] is the first of an edge.
    pub heights: Vec<f32>,
    /// Names of streets; [`Edge::name`] is an index.
    pub names: Vec<String>,
    /// Spatial index: street segments, as edge and index of the first shape point.
    pub snap_pieces: Vec<[u32; 2]>,
    /// Spatial index: bounding boxes (west, south, east, north), level by level from the leaves.
    pub snap_boxes: Vec<[i32; 4]>,
    /// Spatial index: the first box of every level, followed by the number of boxes.
    pub snap_levels: Vec<u32>,
    /// By profile, direction (from, towards) and arc.
    pub costs: Vec<[Vec<Deciseconds>; 2]>,
}

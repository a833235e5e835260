//! Overlays: streets added to and closed in a network without changing its file. [`crate::changes`] builds them.

use crate::edge::Edge;
use crate::geo::{Fixed, Metric};
use crate::profile::Profile;
use crate::spatial_index::{SnapIndex, SnapTables};
use crate::units::{Deciseconds, EdgeId};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Where an edge of the overlay comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    /// Part of an edge of the file.
    Base(EdgeId),
    /// Part of a new line, by index.
    Line(usize),
    /// An entry from a new line into a restricted zone.
    Entry,
}

/// The part of its origin that an edge of the overlay covers, as fractions.
pub(crate) struct Piece {
    pub of: Origin,
    pub from: f64,
    pub to: f64,
}

type Costs = [Vec<Deciseconds>; 2];

/// Streets added to and closed in a network.
pub(crate) struct Overlay {
    /// The tables of the file, extended by the added streets. The same holds for the three tables of arcs.
    pub vertices: Vec<Fixed>,
    pub first_arc: Vec<u32>,
    pub arc_heads: Vec<u32>,
    pub arc_edges: Vec<u32>,
    /// Added edges, followed by a sentinel.
    pub edges: Vec<Edge>,
    pub shapes: Vec<Fixed>,
    pub heights: Vec<f32>,
    pub names: Vec<String>,
    /// Sorted numbers of edges of the file that are closed or cut.
    pub removed: Vec<u32>,
    /// Arcs of closed edges.
    pub closed_arcs: Vec<u32>,
    /// By added edge.
    pub pieces: Vec<Piece>,
    /// The two arcs of each cut edge of the file.
    pub base_arcs: BTreeMap<EdgeId, [u32; 2]>,
    /// Times along the new lines, by profile, forward and backward; then lengths.
    pub line_costs: Vec<[[Deciseconds; 2]; Profile::COUNT]>,
    pub line_lengths: Vec<Deciseconds>,
    pub times: [OnceLock<Costs>; Profile::COUNT],
    pub index: SnapIndex,
    /// Bounding box of each added edge.
    pub bounds: Vec<(Fixed, Fixed)>,
}

impl Overlay {
    /// Returns the spatial index of the added edges. `first_edge` is the number of the first of them.
    pub(crate) fn snap_tables(&self, first_edge: u32) -> SnapTables<'_> {
        SnapTables {
            first_edge,
            edges: &self.edges,
            shapes: &self.shapes,
            pieces: &self.index.pieces,
            boxes: &self.index.boxes,
            levels: &self.index.levels,
            removed: &[],
        }
    }

    /// Returns the times of a profile, computed from those of the file on first use.
    pub(crate) fn times<'a>(&'a self, profile: Profile, base: impl FnOnce() -> [&'a [Deciseconds]; 2]) -> &'a Costs {
        self.times[profile.index()].get_or_init(|| self.apply_to(base(), |line| self.line_costs[line][profile.index()]))
    }

    /// Returns the lengths of a profile, computed from those of the file.
    pub(crate) fn lengths(&self, profile: Profile, base: [&[Deciseconds]; 2]) -> Costs {
        self.apply_to(base, |line| {
            let length = self.line_lengths[line];
            self.line_costs[line][profile.index()].map(|c| if c.is_some() { length } else { Deciseconds::NEVER })
        })
    }

    /// Returns the cost tables with the overlay applied. `of_line` gives the costs of a new line, forward and backward.
    fn apply_to(&self, base: [&[Deciseconds]; 2], of_line: impl Fn(usize) -> [Deciseconds; 2]) -> Costs {
        let mut tables = base.map(|table| {
            let mut table = table.to_vec();
            table.resize(self.arc_heads.len(), Deciseconds::NEVER);
            table
        });
        for &arc in &self.closed_arcs {
            tables[0][arc as usize] = Deciseconds::NEVER;
            tables[1][arc as usize] = Deciseconds::NEVER;
        }
        for (edge, piece) in self.edges.iter().zip(&self.pieces) {
            let whole = match piece.of {
                Origin::Base(id) => self.base_arcs[&id].map(|arc| base[0][arc as usize]),
                Origin::Line(line) => of_line(line),
                Origin::Entry => [Deciseconds(0); 2],
            };
            let part = |whole: Deciseconds| {
                if whole.is_some() {
                    Deciseconds(whole.share(piece.to).0 - whole.share(piece.from).0)
                } else {
                    Deciseconds::NEVER
                }
            };
            edge.write_costs(whole.map(part), &mut tables);
        }
        tables
    }

    /// Returns whether an added edge may be within a distance of a point.
    pub(crate) fn may_be_near(&self, at: Fixed, metres: f64) -> bool {
        let metric = Metric::at(at.lat());
        let gap = |low: i32, p: i32, high: i32| f64::from((low.saturating_sub(p)).max(p.saturating_sub(high)).max(0));
        self.bounds.iter().any(|(low, high)| {
            let (dx, dy) = (gap(low.x, at.x, high.x) * metric.kx, gap(low.y, at.y, high.y) * metric.ky);
            dx.hypot(dy) <= metres
        })
    }

    /// Adds an edge and extends the tables of shapes and heights.
    pub(crate) fn push_edge(&mut self, mut edge: Edge, points: &[Fixed], heights: &[f32], piece: Piece) {
        (edge.shape, edge.heights) = (self.shapes.len() as u32, self.heights.len() as u32);
        let (mut low, mut high) = (points[0], points[0]);
        for p in points {
            (low.x, low.y, high.x, high.y) = (low.x.min(p.x), low.y.min(p.y), high.x.max(p.x), high.y.max(p.y));
        }
        self.bounds.push((low, high));
        self.shapes.extend_from_slice(points);
        self.heights.extend_from_slice(heights);
        self.edges.push(edge);
        self.pieces.push(piece);
    }
}

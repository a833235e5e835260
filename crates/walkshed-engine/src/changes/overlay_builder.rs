//! Builds the overlay of a set of changes.

use super::line::{Joint, Line};
use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::cost::{self, cost};
use crate::edge::Edge;
use crate::geo::{Fixed, Metric};
use crate::ground::Ground;
use crate::network::Network;
use crate::overlay::{Origin, Overlay, Piece};
use crate::polyline::{cut, length_m, resample};
use crate::profile::{Profile, ProfileSet};
use crate::spatial_index::SnapIndex;
use crate::units::{Deciseconds, EdgeId, VertexId};
use std::collections::BTreeMap;

/// Returns the overlay that closes edges of the file and adds new streets.
pub(super) fn build_overlay(network: &Network, closed: &[EdgeId], lines: &[Line<'_>], joints: &[Joint]) -> Overlay {
    let mut builder = OverlayBuilder::new(network, closed, lines, joints);
    builder.cut_edges();
    for index in 0..lines.len() {
        builder.add_line(index);
    }
    builder.add_entries();
    builder.finish(closed)
}

/// An overlay under construction.
struct OverlayBuilder<'a> {
    network: &'a Network,
    lines: &'a [Line<'a>],
    joints: &'a [Joint],
    overlay: Overlay,
    /// By edge of the file: fractions and joints at which it is cut, in order.
    cuts: BTreeMap<EdgeId, Vec<(f64, usize)>>,
    /// By joint where open lines meet a restricted street: the index of the vertex that the open lines get there.
    outside: BTreeMap<usize, usize>,
    /// The outgoing arcs of each new vertex: head, and twice the edge number plus direction.
    leaving: Vec<Vec<(VertexId, u32)>>,
}

impl<'a> OverlayBuilder<'a> {
    /// Adds the new vertices.
    fn new(network: &'a Network, closed: &[EdgeId], lines: &'a [Line<'a>], joints: &'a [Joint]) -> Self {
        let base_edges = network.base_edges();
        let mut vertices = network.base_vertices().to_vec();
        let mut cuts: BTreeMap<EdgeId, Vec<(f64, usize)>> = BTreeMap::new();
        for (n, joint) in joints.iter().enumerate() {
            vertices.push(joint.at);
            if let Some((edge, fraction)) = joint.on {
                cuts.entry(edge).or_default().push((fraction, n));
            }
        }
        for at in cuts.values_mut() {
            at.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        let mut outside: BTreeMap<usize, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| !line.is_restricted) {
            for n in line.all_joints() {
                let is_inside = joints[n].on.is_some_and(|(edge, _)| base_edges[edge.index()].is_restricted());
                if is_inside && !outside.contains_key(&n) {
                    outside.insert(n, joints.len() + outside.len());
                    vertices.push(joints[n].at);
                }
            }
        }
        let overlay = Overlay {
            vertices,
            first_arc: network.base_first_arc().to_vec(),
            arc_heads: network.base_arc_heads().to_vec(),
            arc_edges: network.base_arc_edges().to_vec(),
            edges: Vec::new(),
            shapes: Vec::new(),
            heights: Vec::new(),
            names: Vec::new(),
            removed: Vec::new(),
            closed_arcs: closed.iter().flat_map(|id| base_edges[id.index()].arcs).collect(),
            pieces: Vec::new(),
            base_arcs: BTreeMap::new(),
            line_costs: Vec::new(),
            line_lengths: Vec::new(),
            times: Default::default(),
            index: SnapIndex::build(&[], &[]),
            bounds: Vec::new(),
        };
        let leaving = vec![Vec::new(); joints.len() + outside.len()];
        Self { network, lines, joints, overlay, cuts, outside, leaving }
    }

    /// Returns a new vertex.
    fn vertex(&self, index: usize) -> VertexId {
        VertexId((self.network.base_vertices().len() + index) as u32)
    }

    /// Returns the number of the next edge.
    fn next_edge(&self) -> u32 {
        (self.network.base_edges().len() - 1 + self.overlay.edges.len()) as u32
    }

    /// Replaces the edges of the file that new streets join by pieces.
    fn cut_edges(&mut self) {
        for (&id, cuts) in &std::mem::take(&mut self.cuts) {
            let edge = self.network.base_edges()[id.index()];
            let (shape, heights) = (self.network.shape(id), self.network.heights(id));
            self.overlay.base_arcs.insert(id, edge.arcs);
            self.overlay.removed.push(id.0);
            let mut stops = vec![(0.0, None)];
            stops.extend(cuts.iter().map(|&(fraction, n)| (fraction, Some(n))));
            stops.push((1.0, None));
            for pair in stops.windows(2) {
                let ((from, a), (to, b)) = (pair[0], pair[1]);
                let number = self.next_edge();
                let mut piece = edge;
                piece.tail = a.map_or(edge.tail, |n| self.vertex(n));
                piece.head = b.map_or(edge.head, |n| self.vertex(n));
                piece.length_m = (f64::from(edge.length_m) * (to - from)) as f32;
                match a {
                    None => self.redirect_arc(edge.arcs[0], piece.head, number * 2),
                    Some(a) => self.leaving[a].push((piece.head, number * 2)),
                }
                match b {
                    None => self.redirect_arc(edge.arcs[1], piece.tail, number * 2 + 1),
                    Some(b) => self.leaving[b].push((piece.tail, number * 2 + 1)),
                }
                let heights = resample(heights, from, to);
                self.push_edge(piece, shape, &heights, Piece { of: Origin::Base(id), from, to });
            }
        }
    }

    /// Makes an arc of the file lead along another edge to a new head.
    fn redirect_arc(&mut self, arc: u32, head: VertexId, half_edge: u32) {
        self.overlay.arc_heads[arc as usize] = head.0;
        self.overlay.arc_edges[arc as usize] = half_edge;
    }

    /// Adds an edge that covers a part of a line.
    fn push_edge(&mut self, edge: Edge, line: &[Fixed], heights: &[f32], piece: Piece) {
        let mut points = cut(line, &Metric::at(line[0].lat()), piece.from, piece.to);
        if points.len() < 2 {
            points.push(points[0]);
        }
        self.overlay.push_edge(edge, &points, heights, piece);
    }

    /// Adds the edges of a new street, one for each part between two joints.
    fn add_line(&mut self, index: usize) {
        let (lines, joints) = (self.lines, self.joints);
        let line = &lines[index];
        let (kind, structure, access) = line.kind.parts();
        let length_m = length_m(&line.points);
        let ends = line.ends.map(|n| joints[n].height);
        let segment = cost::Segment {
            length_m,
            kind,
            access,
            ground: Ground::default(),
            duration_s: 0,
            rise_m: if kind == Kind::Lift { f64::from((ends[1] - ends[0]).abs()) } else { 0.0 },
            heights: &ends,
        };
        let costs = Profile::ALL.map(|p| {
            let params = self.network.profiles().get(p);
            [cost(&segment, params, true), cost(&segment, params, false)]
        });
        let mut whole = Edge::new(VertexId(0), VertexId(0), kind, structure, access);
        if line.is_restricted {
            whole = whole.with_flags(EdgeFlags::RESTRICTED);
        }
        if kind == Kind::Lift {
            whole.extra = (segment.rise_m * 100.0).round() as u32;
        }
        if let Some(name) = line.name {
            whole.name = (self.network.name_count() + self.overlay.names.len()) as u32;
            self.overlay.names.push(name.to_owned());
        }
        self.set_masks(&mut whole, line, &costs);
        let mut stops = vec![(0.0, line.ends[0])];
        stops.extend(&line.joints);
        stops.push((1.0, line.ends[1]));
        for pair in stops.windows(2) {
            let ((from, a), (to, b)) = (pair[0], pair[1]);
            let number = self.next_edge();
            let [tail, head] = [a, b].map(|n| self.vertex_of_line(line, n));
            let mut piece = whole;
            (piece.tail, piece.head) = (self.vertex(tail), self.vertex(head));
            piece.length_m = (length_m * (to - from)) as f32;
            self.leaving[tail].push((piece.head, number * 2));
            self.leaving[head].push((piece.tail, number * 2 + 1));
            let heights = [joints[a].height, joints[b].height];
            self.push_edge(piece, &line.points, &heights, Piece { of: Origin::Line(index), from, to });
        }
        self.overlay.line_costs.push(costs);
        self.overlay.line_lengths.push(Deciseconds::from_seconds(length_m));
    }

    /// Returns the vertex that a line has at a joint: open lines are outside restricted zones.
    fn vertex_of_line(&self, line: &Line<'_>, joint: usize) -> usize {
        if line.is_restricted { joint } else { self.outside.get(&joint).copied().unwrap_or(joint) }
    }

    /// Sets the profiles that can use a new street, and those for which it is cut off or a fragment.
    fn set_masks(&self, edge: &mut Edge, line: &Line<'_>, costs: &[[Deciseconds; 2]; Profile::COUNT]) {
        let mut usable = ProfileSet::default();
        let can_use = |p: &Profile| costs[p.index()].iter().any(|c| c.is_some());
        Profile::ALL.into_iter().filter(can_use).for_each(|p| usable.insert(p));
        // If all edges it joins are cut off, or fragments, so is the new street.
        let base_edges = self.network.base_edges();
        let on = line.ends.iter().filter_map(|&n| self.joints[n].on);
        let joined: Vec<&Edge> = on.map(|(edge, _)| &base_edges[edge.index()]).collect();
        let all_are = |mask: fn(&Edge) -> ProfileSet| match &joined[..] {
            [] => ProfileSet::default(),
            some => ProfileSet(some.iter().fold(usable.0, |all, edge| all & mask(edge).0)),
        };
        edge.set_usable(usable);
        edge.set_disconnected(all_are(Edge::cut_off), all_are(Edge::fragment));
    }

    /// Adds the entries from open new streets into restricted zones.
    fn add_entries(&mut self) {
        let mut everyone = ProfileSet::default();
        for profile in Profile::ALL {
            everyone.insert(profile);
        }
        for (inside, outside) in std::mem::take(&mut self.outside) {
            let number = self.next_edge();
            let access = Access::FOOT.with(Access::BIKE);
            let (tail, head) = (self.vertex(outside), self.vertex(inside));
            let mut entry = Edge::new(tail, head, Kind::Gate, Structure::Ground, access)
                .with_flags(EdgeFlags::RESTRICTED.with(EdgeFlags::ENTRY));
            entry.set_usable(everyone);
            self.leaving[outside].push((head, number * 2));
            self.leaving[inside].push((tail, number * 2 + 1));
            let (at, height) = (self.joints[inside].at, self.joints[inside].height);
            let piece = Piece { of: Origin::Entry, from: 0.0, to: 1.0 };
            self.overlay.push_edge(entry, &[at, at], &[height, height], piece);
        }
    }

    /// Adds the arcs of the new vertices, the sentinel and the spatial index.
    fn finish(self, closed: &[EdgeId]) -> Overlay {
        let Self { network, mut overlay, leaving, .. } = self;
        for arcs in leaving {
            for (head, half_edge) in arcs {
                overlay.arc_heads.push(head.0);
                overlay.arc_edges.push(half_edge);
            }
            overlay.first_arc.push(overlay.arc_heads.len() as u32);
        }
        let first_edge = network.base_edges().len() as u32 - 1;
        for (arc, &half_edge) in overlay.arc_edges.iter().enumerate() {
            if half_edge / 2 >= first_edge {
                overlay.edges[(half_edge / 2 - first_edge) as usize].arcs[half_edge as usize % 2] = arc as u32;
            }
        }
        let mut end = Edge::new(VertexId(0), VertexId(0), Kind::Gate, Structure::Ground, Access::default());
        (end.shape, end.heights) = (overlay.shapes.len() as u32, overlay.heights.len() as u32);
        overlay.edges.push(end);
        overlay.index = SnapIndex::build(&overlay.edges, &overlay.shapes);
        overlay.removed.extend(closed.iter().map(|id| id.0));
        overlay.removed.sort_unstable();
        overlay
    }
}

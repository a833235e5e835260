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

/// Builds an overlay.
pub(crate) struct OverlayBuilder {
    vertices: Vec<Fixed>,
    first_new: usize,
    closed: Vec<EdgeId>,
    /// By edge of the file: fractions and joints at which it is cut.
    pub cuts: BTreeMap<EdgeId, Vec<(f64, usize)>>,
}

impl OverlayBuilder {
    /// Starts an overlay that closes edges of the file.
    pub(crate) fn new(network: &Network, closed: &[EdgeId]) -> Self {
        let vertices = network.base_vertices().to_vec();
        Self { first_new: vertices.len(), vertices, closed: closed.to_vec(), cuts: BTreeMap::new() }
    }

    /// Adds a vertex for a joint.
    pub(crate) fn add_vertex(&mut self, at: Fixed) {
        self.vertices.push(at);
    }

    /// Builds the overlay: pieces of cut edges, new streets and entries into restricted zones.
    pub(crate) fn finish(mut self, network: &Network, lines: &[Line<'_>], joints: &[Joint]) -> Overlay {
        let base_edges = network.base_edges();
        let metric = |at: Fixed| Metric::at(at.lat());
        let vertex = |n: usize| VertexId((self.first_new + n) as u32);
        let mut overlay = Overlay {
            vertices: Vec::new(),
            first_arc: Vec::new(),
            arc_heads: network.base_arc_heads().to_vec(),
            arc_edges: network.base_arc_edges().to_vec(),
            edges: Vec::new(),
            shapes: Vec::new(),
            heights: Vec::new(),
            names: Vec::new(),
            removed: Vec::new(),
            closed_arcs: self.closed.iter().flat_map(|id| base_edges[id.index()].arcs).collect(),
            pieces: Vec::new(),
            base_arcs: BTreeMap::new(),
            line_costs: Vec::new(),
            line_lengths: Vec::new(),
            times: Default::default(),
            index: SnapIndex::build(&[], &[]),
            bounds: Vec::new(),
        };
        // Open lines that meet a restricted street get a vertex of their own there.
        let mut outside: BTreeMap<usize, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| !line.is_restricted) {
            for n in line.all_joints() {
                let is_inside = joints[n].on.is_some_and(|(edge, _)| base_edges[edge.index()].is_restricted());
                if is_inside && !outside.contains_key(&n) {
                    outside.insert(n, joints.len() + outside.len());
                    self.vertices.push(joints[n].at);
                }
            }
        }
        // The outgoing arcs of each new vertex: head, and twice the edge number plus direction.
        let mut leaving: Vec<Vec<(VertexId, u32)>> = vec![Vec::new(); joints.len() + outside.len()];
        let first_edge = base_edges.len() as u32 - 1;

        for (&id, cuts) in &mut self.cuts {
            cuts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let (edge, shape, heights) = (base_edges[id.index()], network.shape(id), network.heights(id));
            overlay.base_arcs.insert(id, edge.arcs);
            let mut stops = vec![(0.0, None)];
            stops.extend(cuts.iter().map(|&(fraction, n)| (fraction, Some(n))));
            stops.push((1.0, None));
            for pair in stops.windows(2) {
                let ((from, a), (to, b)) = (pair[0], pair[1]);
                let number = (first_edge as usize + overlay.edges.len()) as u32;
                let mut piece = edge;
                piece.tail = a.map_or(edge.tail, vertex);
                piece.head = b.map_or(edge.head, vertex);
                piece.length_m = (f64::from(edge.length_m) * (to - from)) as f32;
                match a {
                    None => {
                        overlay.arc_heads[edge.arcs[0] as usize] = piece.head.0;
                        overlay.arc_edges[edge.arcs[0] as usize] = number * 2;
                    }
                    Some(a) => leaving[a].push((piece.head, number * 2)),
                }
                match b {
                    None => {
                        overlay.arc_heads[edge.arcs[1] as usize] = piece.tail.0;
                        overlay.arc_edges[edge.arcs[1] as usize] = number * 2 + 1;
                    }
                    Some(b) => leaving[b].push((piece.tail, number * 2 + 1)),
                }
                let mut points = cut(shape, &metric(shape[0]), from, to);
                if points.len() < 2 {
                    points.push(points[0]);
                }
                overlay.push_edge(
                    piece,
                    &points,
                    &resample(heights, from, to),
                    Piece { of: Origin::Base(id), from, to },
                );
            }
        }
        for (l, line) in lines.iter().enumerate() {
            let (kind, structure, access) = line.kind.parts();
            let whole_m = length_m(&line.points);
            let ends = line.ends.map(|n| joints[n].height);
            let segment = cost::Segment {
                length_m: whole_m,
                kind,
                access,
                ground: Ground::default(),
                duration_s: 0,
                rise_m: if kind == Kind::Lift { f64::from((ends[1] - ends[0]).abs()) } else { 0.0 },
                heights: &ends,
            };
            let costs = Profile::ALL.map(|p| {
                let params = network.profiles().get(p);
                [cost(&segment, params, true), cost(&segment, params, false)]
            });
            let mut usable = ProfileSet::default();
            Profile::ALL
                .into_iter()
                .filter(|p| costs[p.index()].iter().any(|c| c.is_some()))
                .for_each(|p| usable.insert(p));
            // If all edges it joins are cut off, or fragments, so is the new street.
            let joined: Vec<&Edge> =
                line.ends.iter().filter_map(|&n| joints[n].on).map(|(edge, _)| &base_edges[edge.index()]).collect();
            let all_are = |mask: fn(&Edge) -> ProfileSet| match &joined[..] {
                [] => ProfileSet::default(),
                some => ProfileSet(some.iter().fold(usable.0, |all, edge| all & mask(edge).0)),
            };
            let (cut_off, fragment) = (all_are(Edge::cut_off), all_are(Edge::fragment));
            let flags = if line.is_restricted { EdgeFlags::RESTRICTED } else { EdgeFlags::default() };
            let of_line = |n: usize| outside.get(&n).copied().filter(|_| !line.is_restricted).unwrap_or(n);
            let name = line.name.map_or(Edge::NO_NAME, |name| {
                overlay.names.push(name.to_owned());
                (network.name_count() + overlay.names.len() - 1) as u32
            });
            let mut stops = vec![(0.0, line.ends[0])];
            stops.extend(&line.joints);
            stops.push((1.0, line.ends[1]));
            for pair in stops.windows(2) {
                let ((from, a), (to, b)) = (pair[0], pair[1]);
                let number = (first_edge as usize + overlay.edges.len()) as u32;
                let (from_vertex, to_vertex) = (of_line(a), of_line(b));
                let mut piece =
                    Edge::new(vertex(from_vertex), vertex(to_vertex), kind, structure, access).with_flags(flags);
                piece.length_m = (whole_m * (to - from)) as f32;
                piece.name = name;
                if kind == Kind::Lift {
                    piece.extra = (segment.rise_m * 100.0).round() as u32;
                }
                piece.set_usable(usable);
                piece.set_separate(cut_off, fragment);
                leaving[from_vertex].push((piece.head, number * 2));
                leaving[to_vertex].push((piece.tail, number * 2 + 1));
                let mut points = cut(&line.points, &metric(line.points[0]), from, to);
                if points.len() < 2 {
                    points.push(points[0]);
                }
                let heights = [joints[a].height, joints[b].height];
                overlay.push_edge(piece, &points, &heights, Piece { of: Origin::Line(l), from, to });
            }
            overlay.line_costs.push(costs);
            overlay.line_lengths.push(Deciseconds::from_seconds(whole_m));
        }

        let mut everyone = ProfileSet::default();
        for profile in Profile::ALL {
            everyone.insert(profile);
        }
        for (&inside, &outside) in &outside {
            let number = (first_edge as usize + overlay.edges.len()) as u32;
            let access = Access::FOOT.with(Access::BIKE);
            let flags = EdgeFlags::RESTRICTED.with(EdgeFlags::ENTRY);
            let mut entry =
                Edge::new(vertex(outside), vertex(inside), Kind::Gate, Structure::Ground, access).with_flags(flags);
            entry.set_usable(everyone);
            leaving[outside].push((entry.head, number * 2));
            leaving[inside].push((entry.tail, number * 2 + 1));
            let (at, height) = (joints[inside].at, joints[inside].height);
            overlay.push_edge(entry, &[at, at], &[height, height], Piece { of: Origin::Entry, from: 0.0, to: 1.0 });
        }

        overlay.first_arc = network.base_first_arc().to_vec();
        for arcs in leaving {
            for (head, half) in arcs {
                overlay.arc_heads.push(head.0);
                overlay.arc_edges.push(half);
            }
            overlay.first_arc.push(overlay.arc_heads.len() as u32);
        }
        for (arc, &half) in overlay.arc_edges.iter().enumerate() {
            if half / 2 >= first_edge {
                overlay.edges[(half / 2 - first_edge) as usize].arcs[half as usize % 2] = arc as u32;
            }
        }
        let mut end = Edge::new(VertexId(0), VertexId(0), Kind::Gate, Structure::Ground, Access::default());
        (end.shape, end.heights) = (overlay.shapes.len() as u32, overlay.heights.len() as u32);
        overlay.edges.push(end);
        overlay.index = SnapIndex::build(&overlay.edges, &overlay.shapes);
        overlay.removed = self.closed.iter().chain(self.cuts.keys()).map(|id| id.0).collect();
        overlay.removed.sort_unstable();
        overlay.vertices = self.vertices;
        overlay
    }
}

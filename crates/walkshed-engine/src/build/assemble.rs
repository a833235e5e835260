//! Assembles the network: numbers the vertices, computes heights and costs, marks disconnected components, and builds
//! the snapping index.

use super::connectivity::{Arcs, mark_disconnected};
use super::heights::{Segment, along, vertex_heights};
use super::options::Step;
use super::topology::{Link, Topology};
use super::zones::mark_zones;
use crate::access::{EdgeFlags, Kind, Structure};
use crate::cost::{self, cost};
use crate::edge::Edge;
use crate::elevation::Elevation;
use crate::format::FileError;
use crate::geo::{Fixed, chord_length_m};
use crate::ground::Ground;
use crate::network::{Meta, Network, Tables};
use crate::profile::{Profile, Profiles};
use crate::report::StreetsReport;
use crate::spatial_index::SnapIndex;
use crate::units::{Deciseconds, VertexId};
use rayon::prelude::*;
use std::collections::HashMap;

/// Converts the street graph to a network.
///
/// # Errors
/// Returns a [`FileError`] if the tables contradict each other. That is a defect of this program, not of the input.
pub fn assemble(
    mut topology: Topology,
    elevation: &Elevation,
    profiles: &Profiles,
    own_network_km: f64,
    mut report: StreetsReport,
    progress: &(dyn Fn(Step) + Sync),
) -> Result<Network, FileError> {
    mark_zones(&mut topology, own_network_km, &mut report);
    let Topology { classes, mut links, points } = topology;
    let vertices = number_vertices(&mut links, &points);
    let mut tables = Tables { vertices, ..Tables::default() };

    progress(Step::Heights);
    let mut names: HashMap<&str, u32> = HashMap::new();
    let mut edges: Vec<Edge> = links
        .iter()
        .map(|link| {
            let class = &classes[link.class as usize];
            let (tail, head) = (VertexId(link.from), VertexId(link.to));
            let mut edge = Edge::new(tail, head, class.kind, class.structure, class.access).with_flags(class.flags);
            edge.length_m = link.shape.windows(2).map(|p| chord_length_m(p[0], p[1])).sum::<f64>() as f32;
            edge.extra = match (class.kind, class.levels) {
                (Kind::Lift, Some((low, high))) if high > low => u32::from(high.abs_diff(low)) * 30,
                (Kind::Lift, _) => link.rise_m.map_or(0, |m| (m * 100.0) as u32),
                _ => class.duration_s.unwrap_or(class.ground.bits()),
            };
            if let Some(name) = &class.name {
                let next = names.len() as u32;
                edge.name = *names.entry(name).or_insert(next);
            }
            edge
        })
        .collect();
    let mut names_by_index: Vec<(&str, u32)> = names.into_iter().collect();
    names_by_index.sort_unstable_by_key(|(_, n)| *n);
    tables.names = names_by_index.into_iter().map(|(name, _)| name.to_owned()).collect();

    let segments: Vec<Segment> = links
        .iter()
        .zip(&edges)
        .map(|(link, edge)| Segment {
            tail: link.from,
            head: link.to,
            length_m: f64::from(edge.length_m),
            kind: edge.kind(),
            is_on_terrain: edge.structure() == Structure::Ground && !edge.flags().has(EdgeFlags::UNDERGROUND),
            shape: &link.shape,
        })
        .collect();
    let found = vertex_heights(&tables.vertices, &segments, elevation);
    report.take_heights(&found);
    let at_vertices = found.metres;
    if !elevation.is_empty() {
        report.min_height_m = f64::from(at_vertices.iter().copied().fold(f32::INFINITY, f32::min));
        report.max_height_m = f64::from(at_vertices.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    }
    let heights: Vec<Vec<f32>> = segments
        .par_iter()
        .map(|s| {
            let mut out = Vec::new();
            along(s, (at_vertices[s.tail as usize], at_vertices[s.head as usize]), elevation, &mut out);
            out
        })
        .collect();
    drop(segments);

    progress(Step::Costs);
    let by_edge: Vec<[[Deciseconds; 2]; Profile::COUNT]> = edges
        .par_iter()
        .zip(&heights)
        .map(|(edge, heights)| {
            let is_lift = edge.kind() == Kind::Lift;
            let segment = cost::Segment {
                length_m: f64::from(edge.length_m),
                kind: edge.kind(),
                access: edge.access,
                ground: Ground::of_segment(edge.kind(), edge.extra),
                duration_s: if is_lift { 0 } else { edge.extra },
                rise_m: if is_lift { f64::from(edge.extra) / 100.0 } else { 0.0 },
                heights,
            };
            Profile::ALL.map(|p| [cost(&segment, profiles.get(p), true), cost(&segment, profiles.get(p), false)])
        })
        .collect();
    for ((edge, link), heights) in edges.iter_mut().zip(&links).zip(&heights) {
        edge.shape = tables.shapes.len() as u32;
        edge.heights = tables.heights.len() as u32;
        tables.shapes.extend_from_slice(&link.shape);
        tables.heights.extend_from_slice(heights);
    }
    create_arcs(&mut tables, &mut edges, &by_edge);
    let arcs = Arcs { first_arc: &tables.first_arc, heads: &tables.arc_heads };
    let costs: Vec<[&[Deciseconds]; 2]> = tables.costs.iter().map(|c| [&c[0][..], &c[1][..]]).collect();
    mark_disconnected(&mut edges, arcs, &costs, own_network_km);
    count_kinds(&edges, &mut report);
    // An entry into a restricted zone and the vertex behind it are one place on the map.
    let entries = edges.iter().filter(|e| e.is_entry()).count() as u64;
    report.vertices = tables.vertices.len() as u64 - entries;
    report.edges = edges.len() as u64 - entries;
    let mut end = Edge::new(VertexId(0), VertexId(0), Kind::Gate, Structure::Ground, crate::access::Access::default());
    (end.shape, end.heights) = (tables.shapes.len() as u32, tables.heights.len() as u32);
    edges.push(end);

    let index = SnapIndex::build(&edges, &tables.shapes);
    (tables.snap_pieces, tables.snap_boxes, tables.snap_levels) = (index.pieces, index.boxes, index.levels);
    tables.edges = edges;

    if elevation.is_empty() {
        report.warnings.push(if report.elevation.is_empty() {
            "no elevation files: all streets count as level; use --elevation to include slopes".to_owned()
        } else {
            "the elevation files have no heights in this area: all streets count as level".to_owned()
        });
    }
    let meta = Meta {
        profiles: profiles.clone(),
        own_network_km,
        has_elevation: !elevation.is_empty(),
        bounds: bounds(&tables.shapes),
        report,
    };
    Network::from_tables(&tables, &meta)
}

/// Numbers the vertices in use along a Hilbert curve and sorts the links by their smaller vertex number, so that nearby
/// vertices are close in memory. Returns the positions by vertex number.
fn number_vertices(links: &mut [Link], points: &[Fixed]) -> Vec<Fixed> {
    let mut used: Vec<u32> = links.iter().flat_map(|l| [l.from, l.to]).collect();
    used.par_sort_unstable();
    used.dedup();
    let key = |v: &u32| {
        let p = points[*v as usize];
        // Shift to unsigned coordinates; the curve covers the whole globe at a resolution of 1 cm.
        let (x, y) = ((i64::from(p.x) + (1 << 31)) as u32, (i64::from(p.y) + (1 << 31)) as u32);
        (fast_hilbert::xy2h(x, y, 32), *v)
    };
    used.par_sort_by_cached_key(key);
    let mut number = vec![u32::MAX; points.len()];
    for (n, v) in used.iter().enumerate() {
        number[*v as usize] = n as u32;
    }
    for link in links.iter_mut() {
        (link.from, link.to) = (number[link.from as usize], number[link.to as usize]);
    }
    links.par_sort_by_key(|l| (l.from.min(l.to), l.from.max(l.to)));
    used.iter().map(|v| points[*v as usize]).collect()
}

/// Creates the two arcs of every edge. The arcs leaving a vertex are consecutive.
fn create_arcs(tables: &mut Tables, edges: &mut [Edge], costs: &[[[Deciseconds; 2]; Profile::COUNT]]) {
    let vertices = tables.vertices.len();
    let mut next = vec![0u32; vertices + 1];
    for edge in edges.iter() {
        next[edge.tail.index() + 1] += 1;
        next[edge.head.index() + 1] += 1;
    }
    for v in 0..vertices {
        next[v + 1] += next[v];
    }
    tables.first_arc.clone_from(&next);
    let arcs = edges.len() * 2;
    tables.arc_heads = vec![0; arcs];
    tables.arc_edges = vec![0; arcs];
    tables.costs = vec![[vec![Deciseconds::NEVER; arcs], vec![Deciseconds::NEVER; arcs]]; Profile::COUNT];
    for (n, edge) in edges.iter_mut().enumerate() {
        for (side, from, to) in [(0, edge.tail, edge.head), (1, edge.head, edge.tail)] {
            let slot = &mut next[from.index()];
            let arc = *slot as usize;
            *slot += 1;
            edge.arcs[side] = arc as u32;
            tables.arc_heads[arc] = to.0;
            tables.arc_edges[arc] = (n * 2 + side) as u32;
        }
        for p in Profile::ALL {
            edge.write_costs(costs[n][p.index()], &mut tables.costs[p.index()]);
        }
    }
}

fn count_kinds(edges: &[Edge], report: &mut StreetsReport) {
    for edge in edges.iter().filter(|e| !e.is_entry()) {
        let name =
            serde_json::to_value(edge.kind()).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        *report.kinds.entry(name).or_default() += 1;
        if edge.kind() != Kind::OffNetwork {
            report.length_km += f64::from(edge.length_m) / 1000.0;
        }
        report.restricted_edges += u64::from(edge.is_restricted() && edge.kind() != Kind::Gate);
        report.bridges += u64::from(edge.structure() == Structure::Bridge);
        report.tunnels += u64::from(edge.structure() == Structure::Tunnel);
    }
    report.length_km = (report.length_km * 10.0).round() / 10.0;
}

fn bounds(shapes: &[Fixed]) -> [f64; 4] {
    let x = |f: fn(i32, i32) -> i32, start| f64::from(shapes.iter().map(|p| p.x).fold(start, f)) / Fixed::PER_DEGREE;
    let y = |f: fn(i32, i32) -> i32, start| f64::from(shapes.iter().map(|p| p.y).fold(start, f)) / Fixed::PER_DEGREE;
    [x(i32::min, i32::MAX), y(i32::min, i32::MAX), x(i32::max, i32::MIN), y(i32::max, i32::MIN)]
}

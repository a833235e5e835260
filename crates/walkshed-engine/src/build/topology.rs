//! Converts ways to links between vertices: cuts them where ways meet, splits them at barriers and lifts, adds lines
//! across plazas, and joins consecutive links of the same street.

use super::error::BuildError;
use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::geo::{Fixed, Metric};
use crate::ground::Ground;
use crate::osm::{Extract, NodeRule, OsmWay, WayClass, cross_plaza};
use crate::report::StreetsReport;
use std::collections::HashMap;

/// Height of a storey in metres, for lifts whose height is not tagged.
const STOREY_M: f64 = 3.0;
/// Maximum number of way ends at a gate or lift that are connected pairwise. Real maps rarely have more than six; the
/// number of pairs is quadratic.
const MAX_PAIRED_ENDS: usize = 24;

/// A street segment between two vertices, before vertices are numbered.
#[derive(Debug, Clone)]
pub struct Link {
    /// The vertex at the first point.
    pub from: u32,
    /// The vertex at the last point.
    pub to: u32,
    /// At least two points, including both ends.
    pub shape: Vec<Fixed>,
    /// Index into [`Topology::classes`].
    pub class: u32,
    /// Rise of a lift in metres, if known.
    pub rise_m: Option<f64>,
}

/// The street graph before vertices are numbered.
#[derive(Debug)]
pub struct Topology {
    /// The classes of links.
    pub classes: Vec<WayClass>,
    /// The street segments.
    pub links: Vec<Link>,
    /// The position of every vertex.
    pub points: Vec<Fixed>,
}

impl Topology {
    /// Returns the index of a class, adding it if it is new.
    pub(super) fn class_of(&mut self, class: WayClass) -> u32 {
        let index = self.classes.iter().position(|c| *c == class);
        index.unwrap_or_else(|| {
            self.classes.push(class);
            self.classes.len() - 1
        }) as u32
    }

    /// Adds a vertex and returns its index.
    pub(super) fn add_point(&mut self, at: Fixed) -> u32 {
        self.points.push(at);
        u32::try_from(self.points.len() - 1).unwrap_or(u32::MAX)
    }
}

/// Converts an extract to the street graph.
///
/// # Errors
/// Returns [`BuildError::TooLarge`] for more than 2 billion nodes, and [`BuildError::Nothing`] if no way can be used.
pub fn build_topology(mut extract: Extract, report: &mut StreetsReport) -> Result<Topology, BuildError> {
    if u32::try_from(extract.nodes.len().saturating_mul(2)).is_err() {
        return Err(BuildError::TooLarge("nodes"));
    }
    add_plazas(&mut extract, report);
    let uses = count_uses(&extract);
    let mut cutter = Cutter {
        points: extract.nodes.iter().map(|p| p.unwrap_or_default()).collect(),
        copies: HashMap::new(),
        links: Vec::with_capacity(extract.ways.len()),
        extract: &extract,
        uses: &uses,
    };
    for way in &extract.ways {
        cutter.cut(way);
    }
    let Cutter { mut points, copies, mut links, .. } = cutter;
    let mut classes = std::mem::take(&mut extract.classes);
    connect_copies(&extract, &copies, &mut points, &mut links, &mut classes);
    if links.is_empty() {
        return Err(BuildError::Nothing);
    }
    let links = join(links, points.len(), &classes);
    Ok(Topology { classes, links, points })
}

/// Adds, as ways, the rings of multipolygon plazas and the lines across all plazas.
fn add_plazas(extract: &mut Extract, report: &mut StreetsReport) {
    let is_ring =
        |w: &OsmWay| extract.classes[w.class as usize].is_area && w.refs.len() > 3 && w.refs.first() == w.refs.last();
    let mut street_touch = vec![false; extract.nodes.len()];
    let mut ring_touch = vec![0u8; extract.nodes.len()];
    for way in extract.ways.iter().filter(|w| !is_ring(w)) {
        way.refs.iter().for_each(|&i| street_touch[i as usize] = true);
    }
    for area in &extract.areas {
        area.rings.iter().flatten().for_each(|&i| ring_touch[i as usize] = ring_touch[i as usize].saturating_add(1));
    }
    let mut new_ways = Vec::new();
    let mut plaza_classes: HashMap<WayClass, usize> = HashMap::new();
    for (i, class) in extract.classes.iter().enumerate().filter(|(_, class)| class.kind == Kind::Plaza) {
        plaza_classes.entry(class.clone()).or_insert(i);
    }
    for area in &extract.areas {
        let class = &extract.classes[area.class as usize];
        report.plazas += 1;
        let plaza_class = WayClass { kind: Kind::Plaza, is_area: false, ..class.clone() };
        let crossing = *plaza_classes.entry(plaza_class).or_insert_with_key(|class| {
            extract.classes.push(class.clone());
            extract.classes.len() - 1
        }) as u32;
        let points: Option<Vec<Vec<Fixed>>> = area
            .rings
            .iter()
            .map(|r| r.iter().map(|&i| extract.nodes.get(i as usize).copied().flatten()).collect())
            .collect();
        let Some(points) = points else {
            report.plazas_not_crossed += 1;
            continue;
        };
        if area.is_relation {
            for ring in &area.rings {
                let mut refs = ring.clone();
                refs.push(ring[0]);
                new_ways.push(OsmWay { class: crossing, refs });
            }
        }
        let origin = points[0][0];
        let metric = Metric::at(origin.lat());
        let rings: Vec<Vec<(f64, f64)>> =
            points.iter().map(|r| r.iter().map(|&p| metric.vector(origin, p)).collect()).collect();
        let is_entry = |r: usize, i: usize| {
            let node = area.rings[r][i] as usize;
            street_touch[node] || ring_touch[node] > 1
        };
        match cross_plaza(&rings, is_entry) {
            Some(lines) => {
                report.plaza_lines += lines.len() as u64;
                new_ways.extend(lines.into_iter().map(|((ra, ia), (rb, ib))| OsmWay {
                    class: crossing,
                    refs: vec![area.rings[ra][ia], area.rings[rb][ib]],
                }));
            }
            None => report.plazas_not_crossed += 1,
        }
    }
    extract.ways.extend(new_ways);
}

/// Counts how many times ways use each node. An end counts twice, so that a count of two or more marks a vertex.
fn count_uses(extract: &Extract) -> Vec<u8> {
    let mut uses = vec![0u8; extract.nodes.len()];
    for way in &extract.ways {
        let mut add = |i: u32| uses[i as usize] = uses[i as usize].saturating_add(1);
        way.refs.iter().for_each(|&i| add(i));
        for end in [way.refs.first(), way.refs.last()].into_iter().flatten() {
            add(*end);
        }
    }
    uses
}

struct Cutter<'a> {
    extract: &'a Extract,
    uses: &'a [u8],
    points: Vec<Fixed>,
    /// The copies of a split node, each with the class of the way that ends there.
    copies: HashMap<u32, Vec<(u32, u32)>>,
    links: Vec<Link>,
}

impl Cutter<'_> {
    fn cut(&mut self, way: &OsmWay) {
        // Missing nodes cut a way into runs.
        for run in way.refs.split(|&i| self.extract.nodes[i as usize].is_none()) {
            let last = run.len().saturating_sub(1);
            let mut start = 0;
            for end in 1..run.len() {
                let node = run[end];
                let is_vertex = end == last || self.uses[node as usize] >= 2 || self.extract.rules.contains_key(&node);
                if is_vertex {
                    let shape = run[start..=end].iter().map(|&i| self.points[i as usize]).collect();
                    let (from, to) = (self.vertex(run[start], way.class), self.vertex(node, way.class));
                    self.links.push(Link { from, to, shape, class: way.class, rise_m: None });
                    start = end;
                }
            }
        }
    }

    /// Returns the vertex of a way's end at a node: the node itself, or a new copy if the node has a barrier or lift.
    fn vertex(&mut self, node: u32, class: u32) -> u32 {
        if !self.extract.rules.contains_key(&node) {
            return node;
        }
        let copy = u32::try_from(self.points.len()).unwrap_or(u32::MAX);
        self.points.push(self.points[node as usize]);
        self.copies.entry(node).or_default().push((copy, class));
        copy
    }
}

/// Connects the copies of a split node by gates or lifts, for those who may pass.
fn connect_copies(
    extract: &Extract,
    copies: &HashMap<u32, Vec<(u32, u32)>>,
    points: &mut [Fixed],
    links: &mut Vec<Link>,
    classes: &mut Vec<WayClass>,
) {
    let mut nodes: Vec<_> = copies.iter().collect();
    nodes.sort_unstable_by_key(|(node, _)| **node);
    for (node, ends) in nodes {
        let (kind, access, ground) = match extract.rules.get(node) {
            Some(NodeRule::Barrier(access, ground) | NodeRule::Crossing(access, ground)) => {
                (Kind::Gate, *access, *ground)
            }
            Some(NodeRule::Lift(access)) => (Kind::Lift, *access, Ground::default()),
            None => continue,
        };
        if !access.any() {
            continue;
        }
        let is_crossing = matches!(extract.rules.get(node), Some(NodeRule::Crossing(..)));
        let class = passage_class(classes, kind, access, ground);
        // Those who stay on the carriageway cross no kerb.
        let carriageway =
            is_crossing.then(|| passage_class(classes, kind, Access::FOOT.with(Access::BIKE), Ground::default()));
        for (i, &(a, class_a)) in ends.iter().enumerate() {
            // Ends beyond the maximum are connected to the first end only, which leads to all others.
            let joined =
                if i == 0 { &ends[1..] } else { ends.get(i + 1..ends.len().min(MAX_PAIRED_ENDS)).unwrap_or(&[]) };
            for &(b, class_b) in joined {
                let at = points[a as usize];
                let level = |c: u32| classes[c as usize].levels;
                let rise_m = match (kind, level(class_a), level(class_b)) {
                    (Kind::Lift, Some(x), Some(y)) => Some(f64::from((x.0 - y.0).abs()) / 10.0 * STOREY_M),
                    (Kind::Lift, ..) => Some(STOREY_M),
                    _ => None,
                };
                let is_street = |c: u32| classes[c as usize].kind == Kind::Street;
                let class = carriageway.filter(|_| is_street(class_a) && is_street(class_b)).unwrap_or(class);
                links.push(Link { from: a, to: b, shape: vec![at, at], class, rise_m });
            }
        }
    }
}

/// Returns the class of a gate or lift on a node.
fn passage_class(classes: &mut Vec<WayClass>, kind: Kind, access: Access, ground: Ground) -> u32 {
    let class = WayClass {
        access,
        kind,
        structure: Structure::Ground,
        flags: EdgeFlags::default(),
        ground,
        duration_s: None,
        is_area: false,
        levels: None,
        name: None,
    };
    let number = classes.iter().position(|c| *c == class).unwrap_or_else(|| {
        classes.push(class);
        classes.len() - 1
    });
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Joins pairs of links that meet with the same class and nothing else there, so that every remaining vertex is a
/// junction.
fn join(links: Vec<Link>, vertex_count: usize, classes: &[WayClass]) -> Vec<Link> {
    const NONE: u32 = u32::MAX;
    let mut degree = vec![0u8; vertex_count];
    let mut at: Vec<[u32; 2]> = vec![[NONE; 2]; vertex_count];
    for (n, link) in links.iter().enumerate() {
        for v in [link.from, link.to] {
            let d = &mut degree[v as usize];
            if *d < 2 {
                at[v as usize][usize::from(*d)] = n as u32;
            }
            *d = d.saturating_add(1);
        }
    }
    let symmetric: Vec<bool> = classes.iter().map(|c| c.access == c.access.reversed()).collect();
    // Returns the link that continues at `v`, coming from `from`, and whether it must be reversed.
    let next = |v: u32, from: u32, forward: bool| -> Option<(u32, bool)> {
        if degree[v as usize] != 2 {
            return None;
        }
        let [x, y] = at[v as usize];
        let other = if x == from { y } else { x };
        if other == from {
            return None;
        }
        let (a, b) = (&links[from as usize], &links[other as usize]);
        let reversed = if forward { b.from != v } else { b.to != v };
        (a.class == b.class && a.rise_m.is_none() && b.rise_m.is_none() && (symmetric[a.class as usize] || !reversed))
            .then_some((other, reversed))
    };
    let mut used = vec![false; links.len()];
    let mut joined = Vec::with_capacity(links.len());
    for first in 0..links.len() {
        if std::mem::replace(&mut used[first], true) {
            continue;
        }
        let mut whole = links[first].clone();
        for forward in [true, false] {
            let mut last = first as u32;
            loop {
                let v = if forward { whole.to } else { whole.from };
                let Some((other, reversed)) = next(v, last, forward).filter(|(o, _)| !used[*o as usize]) else { break };
                used[other as usize] = true;
                let link = &links[other as usize];
                let far = match (forward, reversed) {
                    (true, false) | (false, true) => link.to,
                    (true, true) | (false, false) => link.from,
                };
                let mut shape = link.shape.clone();
                if reversed {
                    shape.reverse();
                }
                if forward {
                    whole.shape.extend_from_slice(&shape[1..]);
                    whole.to = far;
                } else {
                    shape.pop();
                    shape.append(&mut whole.shape);
                    whole.shape = shape;
                    whole.from = far;
                }
                last = other;
            }
        }
        joined.push(whole);
    }
    joined
}

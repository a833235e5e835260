//! Streets that follow the terrain: blocks of contour streets with lanes and stairways in communities, paths in
//! villages, roads between them with bridges and tunnels, and the special structures of a steep river city.

mod components;
pub mod index;
mod lattice;
mod roads;
mod tags;
mod villages;

use super::expressways::Crossings;
use super::ground::{Ground, Point, in_degrees};
use super::landmarks::{Landmark, LandmarkKind};
use super::layout::Layout;
use super::places::District;
use super::plots::Plots;
use std::collections::{BTreeMap, HashMap};
use walkshed_engine::geo::{Fixed, Position};

pub use tags::{Class, Layer, NodeTag, Placement, Storeys};

/// A way through nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    pub nodes: Vec<u32>,
    pub class: Class,
    pub placement: Placement,
    pub is_private: bool,
    pub name: Option<u32>,
}

/// The complete street network.
pub struct Streets {
    pub nodes: Vec<Fixed>,
    pub ways: Vec<Way>,
    pub names: Vec<String>,
    /// Tagged features of nodes.
    pub node_tags: BTreeMap<u32, NodeTag>,
    /// Public street nodes of each site.
    pub nodes_by_site: Vec<Vec<u32>>,
    pub landmarks: Vec<Landmark>,
    /// Length of expressways and of streets on viaducts, kilometres.
    pub expressway_km: f64,
    pub viaduct_km: f64,
}

/// Lanes steeper than this (rise over run) become steps, and so do village paths steeper than `STEEP_PATH`.
pub const STEEP_LANE: f64 = 0.18;
const STEEP_PATH: f64 = 0.28;
/// Anything steeper than this is a cliff.
const CLIFF: f64 = 0.85;

/// A lattice node: the number of the street across, and of the street along.
pub type Key = (i32, i32);

/// A landmark before nodes are numbered: places in the plane, and the nearest street node.
pub struct PendingLandmark {
    pub kind: LandmarkKind,
    pub site: Option<usize>,
    pub name: String,
    pub floor: i8,
    pub places: Vec<Point>,
    pub people: f64,
    pub street: u32,
}

pub struct StreetBuilder<'a> {
    pub ground: &'a Ground,
    pub seed: u64,
    pub plots: &'a Plots,
    pub crossings: &'a Crossings,
    pub points: Vec<Point>,
    pub heights: Vec<f32>,
    pub ways: Vec<Way>,
    names: Vec<String>,
    name_indices: HashMap<String, u32>,
    pub lattice: HashMap<Key, u32>,
    pub node_tags: BTreeMap<u32, NodeTag>,
    pub landmarks: Vec<PendingLandmark>,
}

/// Generates the streets of a layout.
#[must_use]
pub fn draw(seed: u64, districts: &[District], layout: &Layout, ground: &Ground) -> Streets {
    let expressways = super::expressways::plan(seed, districts, layout);
    let crossings = expressways.crossings();
    let viaducts = super::viaducts::plan(seed, districts, layout);
    let plots = super::plots::plan(seed, districts, layout, ground, &viaducts);
    let mut builder = StreetBuilder {
        ground,
        seed,
        plots: &plots,
        crossings: &crossings,
        points: Vec::new(),
        heights: Vec::new(),
        ways: Vec::new(),
        names: Vec::new(),
        name_indices: HashMap::new(),
        lattice: HashMap::new(),
        node_tags: BTreeMap::new(),
        landmarks: Vec::new(),
    };
    let mut nodes_by_site = builder.blocks(districts, layout);
    builder.cross_expressways();
    builder.viaducts(&viaducts);
    builder.villages(layout, &mut nodes_by_site);
    builder.link_villages(districts, layout, &nodes_by_site);
    builder.link_towns(districts, layout, &nodes_by_site);
    builder.link_seats(districts, layout, &nodes_by_site);
    builder.cross_rivers();
    builder.connect_components();
    builder.remove_unused_from_lattice();
    builder.islands();
    builder.compounds(districts, layout);
    builder.squares(districts, layout);
    builder.metro(districts, layout);
    builder.expressways(&expressways);
    builder.finish(nodes_by_site)
}

impl StreetBuilder<'_> {
    pub fn add(&mut self, p: Point) -> u32 {
        self.points.push(p);
        self.heights.push(self.ground.height(p) as f32);
        self.points.len() as u32 - 1
    }

    pub fn name(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        *self.name_indices.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }

    pub fn at(&self, node: u32) -> Point {
        self.points[node as usize]
    }

    pub fn slope(&self, a: u32, b: u32) -> f64 {
        let rise = f64::from(self.heights[a as usize] - self.heights[b as usize]).abs();
        rise / self.at(a).distance(self.at(b)).max(1.0)
    }

    pub fn way(&mut self, nodes: Vec<u32>, class: Class, placement: Placement, name: Option<u32>) {
        if nodes.len() > 1 {
            self.ways.push(Way { nodes, class, placement, is_private: false, name });
        }
    }

    /// Adds a way on the ground. Parts steeper than the limit become steps.
    pub fn stepped(&mut self, nodes: &[u32], (plain, steep): (Class, f64), is_private: bool) {
        let class = |builder: &Self, a, b| if builder.slope(a, b) > steep { Class::Steps } else { plain };
        let mut start = 0;
        for k in 1..nodes.len() {
            let here = class(self, nodes[k - 1], nodes[k]);
            if k + 1 == nodes.len() || class(self, nodes[k], nodes[k + 1]) != here {
                let part = nodes[start..=k].to_vec();
                self.ways.push(Way {
                    nodes: part,
                    class: here,
                    placement: Placement::OnGround,
                    is_private,
                    name: None,
                });
                start = k;
            }
        }
    }

    pub fn nearest(&self, nodes: impl IntoIterator<Item = u32>, p: Point) -> Option<u32> {
        let with_distance = nodes.into_iter().map(|n| (self.at(n).distance(p), n));
        with_distance.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, n)| n)
    }

    /// Removes unused nodes and rounds positions to the resolution of OpenStreetMap.
    fn finish(self, nodes_by_site: Vec<Vec<u32>>) -> Streets {
        let mut is_used = vec![false; self.points.len()];
        self.ways.iter().flat_map(|w| &w.nodes).for_each(|&n| is_used[n as usize] = true);
        let fixed = |p: Point| {
            let (lon, lat) = in_degrees(p);
            let unit = |degrees: f64| (degrees * Fixed::PER_DEGREE).round() as i32;
            Fixed { x: unit(lon), y: unit(lat) }
        };
        let mut new = vec![u32::MAX; self.points.len()];
        let mut nodes = Vec::new();
        for (i, &p) in self.points.iter().enumerate().filter(|(i, _)| is_used[*i]) {
            new[i] = nodes.len() as u32;
            nodes.push(fixed(p));
        }
        let length = |is_it: &dyn Fn(&Way) -> bool| -> f64 {
            let pairs = self.ways.iter().filter(|w| is_it(w)).flat_map(|w| w.nodes.windows(2));
            pairs.map(|pair| self.at(pair[0]).distance(self.at(pair[1]))).sum::<f64>() / 1000.0
        };
        let expressway_km = length(&|w| w.class == Class::Expressway);
        let viaduct_km = length(&|w| w.class == Class::Elevated);
        let mut ways = self.ways;
        ways.iter_mut().flat_map(|w| &mut w.nodes).for_each(|n| *n = new[*n as usize]);
        let nodes_by_site = nodes_by_site
            .into_iter()
            .map(|list| list.into_iter().map(|n| new[n as usize]).filter(|&n| n != u32::MAX).collect())
            .collect();
        let points = &self.points;
        let landmark = |l: PendingLandmark| Landmark {
            kind: l.kind,
            site: l.site,
            name: l.name,
            floor: l.floor,
            places: l.places.into_iter().map(|p| Position::from(fixed(p))).collect(),
            people: l.people,
            street: Position::from(fixed(points[l.street as usize])),
        };
        Streets {
            nodes,
            ways,
            names: self.names,
            node_tags: self.node_tags.into_iter().map(|(n, mark)| (new[n as usize], mark)).collect(),
            nodes_by_site,
            landmarks: self.landmarks.into_iter().map(landmark).collect(),
            expressway_km,
            viaduct_km,
        }
    }
}

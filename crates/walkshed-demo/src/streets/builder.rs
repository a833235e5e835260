//! The street network under construction.

use super::tags::{Class, NodeTag, Placement};
use crate::crossings::Crossings;
use crate::ground::{Ground, Point};
use crate::landmarks::LandmarkKind;
use crate::layout::Key;
use crate::plots::Plots;
use std::collections::{BTreeMap, HashMap};

/// A way through nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    pub nodes: Vec<u32>,
    pub class: Class,
    pub placement: Placement,
    pub is_private: bool,
    pub name: Option<u32>,
}

/// Lanes steeper than this (rise over run) become steps, and so do village paths steeper than `STEEP_PATH`.
pub const STEEP_LANE: f64 = 0.18;
pub const STEEP_PATH: f64 = 0.28;
/// Anything steeper than this is a cliff.
pub const CLIFF: f64 = 0.85;

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

/// The street network under construction.
pub struct StreetBuilder<'a> {
    pub ground: &'a Ground,
    pub seed: u64,
    pub plots: &'a Plots,
    pub crossings: &'a Crossings,
    pub points: Vec<Point>,
    pub heights: Vec<f32>,
    pub ways: Vec<Way>,
    pub names: Vec<String>,
    pub name_indices: HashMap<String, u32>,
    pub lattice: HashMap<Key, u32>,
    pub node_tags: BTreeMap<u32, NodeTag>,
    pub landmarks: Vec<PendingLandmark>,
}

impl StreetBuilder<'_> {
    /// Adds a node and returns its index.
    pub fn add(&mut self, p: Point) -> u32 {
        self.points.push(p);
        self.heights.push(self.ground.height(p) as f32);
        self.points.len() as u32 - 1
    }

    /// Returns the index of a name, adding it if it is new.
    pub fn name(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        *self.name_indices.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }

    /// Returns the position of a node.
    pub fn at(&self, node: u32) -> Point {
        self.points[node as usize]
    }

    /// Returns the slope between two nodes, rise over run.
    pub fn slope(&self, a: u32, b: u32) -> f64 {
        let rise = f64::from(self.heights[a as usize] - self.heights[b as usize]).abs();
        rise / self.at(a).distance(self.at(b)).max(1.0)
    }

    /// Adds a way, unless it has less than two nodes.
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

    /// Returns the node nearest to a point.
    pub fn nearest(&self, nodes: impl IntoIterator<Item = u32>, p: Point) -> Option<u32> {
        let with_distance = nodes.into_iter().map(|n| (self.at(n).distance(p), n));
        with_distance.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, n)| n)
    }
}

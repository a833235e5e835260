//! Connected components of the streets, and the footways that connect them.

use super::builder::{STEEP_LANE, StreetBuilder, Way};
use super::tags::{Class, Placement};
use crate::ground::Point;
use std::collections::{BTreeMap, HashMap};

impl StreetBuilder<'_> {
    /// Removes unused nodes from the lattice, so that nothing is connected to them.
    pub fn remove_unused_from_lattice(&mut self) {
        let mut is_used = vec![false; self.points.len()];
        self.ways.iter().flat_map(|w| &w.nodes).for_each(|&n| is_used[n as usize] = true);
        self.lattice.retain(|_, node| is_used[*node as usize]);
    }

    /// Connects every component to the nearest node of the main network with a footway.
    pub fn connect_components(&mut self) {
        const SQUARE: f64 = 400.0;
        let square = |p: Point| ((p.x / SQUARE).floor() as i32, (p.y / SQUARE).floor() as i32);
        let mut components = Components::of(self.points.len(), &self.ways);
        let mut is_used = vec![false; self.points.len()];
        self.ways.iter().flat_map(|w| &w.nodes).for_each(|&n| is_used[n as usize] = true);
        let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for node in (0..self.points.len() as u32).filter(|&n| is_used[n as usize]) {
            members.entry(components.find(node)).or_default().push(node);
        }
        let Some(main) =
            members.iter().max_by_key(|(root, nodes)| (nodes.len(), std::cmp::Reverse(**root))).map(|(r, _)| *r)
        else {
            return;
        };
        let mut grid: HashMap<(i32, i32), Vec<u32>> = HashMap::new();
        for &node in &members[&main] {
            grid.entry(square(self.at(node))).or_default().push(node);
        }
        for (_, nodes) in members.iter().filter(|(root, _)| **root != main) {
            let mut best: Option<(f64, u32, u32)> = None;
            for ring in 0..60 {
                for &node in nodes {
                    let (x, y) = square(self.at(node));
                    let edge = (x - ring..=x + ring).flat_map(|i| (y - ring..=y + ring).map(move |j| (i, j)));
                    for cell in edge.filter(|(i, j)| (i - x).abs() == ring || (j - y).abs() == ring) {
                        for &other in grid.get(&cell).into_iter().flatten() {
                            let away = self.at(node).distance(self.at(other));
                            if best.is_none_or(|(least, ..)| away < least) {
                                best = Some((away, node, other));
                            }
                        }
                    }
                }
                // Search one more ring after the first find, because corners of squares are farther away than their
                // sides.
                if best.is_some_and(|(away, ..)| away < f64::from(ring) * SQUARE) {
                    break;
                }
            }
            if let Some((away, a, b)) = best {
                if away < 140.0 && self.slope(a, b) > STEEP_LANE {
                    self.way(vec![a, b], Class::Steps, Placement::OnGround, None);
                } else {
                    self.road(a, b, Class::Lane, None);
                }
                for &node in nodes {
                    grid.entry(square(self.at(node))).or_default().push(node);
                }
            }
        }
    }
}

/// Connected components of nodes: a disjoint-set forest with path halving.
pub struct Components(Vec<u32>);

impl Components {
    pub fn of(nodes: usize, ways: &[Way]) -> Self {
        let mut components = Self((0..nodes as u32).collect());
        for pair in ways.iter().filter(|w| w.class.is_walkable()).flat_map(|w| w.nodes.windows(2)) {
            components.join(pair[0], pair[1]);
        }
        components
    }

    pub fn find(&mut self, mut n: u32) -> u32 {
        // Roads have added nodes since this was created.
        while self.0.len() <= n as usize {
            self.0.push(self.0.len() as u32);
        }
        while self.0[n as usize] != n {
            self.0[n as usize] = self.0[self.0[n as usize] as usize];
            n = self.0[n as usize];
        }
        n
    }

    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}

//! Which streets hang together, and how those that do not are joined.

use super::{Class, Draft, Lies, STEEP_LANE, Way};
use crate::ground::Point;
use std::collections::{BTreeMap, HashMap};

impl Draft<'_> {
    /// Takes nodes of no way out of the lattice: nothing can be joined to them.
    pub fn leave_out_unused(&mut self) {
        let mut is_used = vec![false; self.points.len()];
        self.ways.iter().flat_map(|w| &w.nodes).for_each(|&n| is_used[n as usize] = true);
        self.lattice.retain(|_, node| is_used[*node as usize]);
    }

    /// Joins what is not yet one network by footways to the nearest node of what is.
    pub fn join_pieces(&mut self) {
        const SQUARE: f64 = 400.0;
        let square = |p: Point| ((p.x / SQUARE).floor() as i32, (p.y / SQUARE).floor() as i32);
        let mut pieces = Pieces::of(self.points.len(), &self.ways);
        let mut is_used = vec![false; self.points.len()];
        self.ways.iter().flat_map(|w| &w.nodes).for_each(|&n| is_used[n as usize] = true);
        let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for node in (0..self.points.len() as u32).filter(|&n| is_used[n as usize]) {
            members.entry(pieces.find(node)).or_default().push(node);
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
                // One ring more than the first find: corners of squares are farther than their sides.
                if best.is_some_and(|(away, ..)| away < f64::from(ring) * SQUARE) {
                    break;
                }
            }
            if let Some((away, a, b)) = best {
                if away < 140.0 && self.slope(a, b) > STEEP_LANE {
                    self.way(vec![a, b], Class::Steps, Lies::OnGround, None);
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

/// Which nodes hang together: a disjoint-set forest with halving of paths.
pub struct Pieces(Vec<u32>);

impl Pieces {
    pub fn of(nodes: usize, ways: &[Way]) -> Self {
        let mut pieces = Self((0..nodes as u32).collect());
        for pair in ways.iter().filter(|w| w.class.is_walked()).flat_map(|w| w.nodes.windows(2)) {
            pieces.join(pair[0], pair[1]);
        }
        pieces
    }

    pub fn find(&mut self, mut n: u32) -> u32 {
        // Roads have added nodes since.
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

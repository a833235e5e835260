//! Villages: paths from a square, with branches; and islands in the river.

use super::builder::{STEEP_PATH, StreetBuilder};
use super::tags::{Class, Placement};
use crate::ground::{Ground, Point, along_ridges, from_ridges};
use crate::layout::{Layout, is_core};
use crate::random::Random;
use rayon::prelude::*;

impl StreetBuilder<'_> {
    /// Adds the paths of all villages.
    pub fn villages(&mut self, layout: &Layout, nodes_by_site: &mut [Vec<u32>]) {
        let (ground, seed) = (self.ground, self.seed);
        let drawn: Vec<Option<Village>> = layout
            .sites
            .par_iter()
            .enumerate()
            .map(|(s, site)| site.block.is_none().then(|| Village::new(ground, seed, s as u64, site.centre)))
            .collect();
        for (village, nodes) in drawn.into_iter().zip(nodes_by_site) {
            let Some(village) = village else { continue };
            let first = self.points.len() as u32;
            for (p, h) in village.points.into_iter().zip(village.heights) {
                nodes.push(self.points.len() as u32);
                self.points.push(p);
                self.heights.push(h);
            }
            for line in village.lines {
                let nodes: Vec<u32> = line.into_iter().map(|n| n + first).collect();
                self.stepped(&nodes, (Class::Path, STEEP_PATH), false);
            }
        }
    }

    /// Adds a few islands without a bridge in each main river.
    pub fn islands(&mut self) {
        const SIDE: usize = 4;
        let of_course = |course: &[Point]| -> Vec<Point> {
            let places = course.iter().skip(course.len() / 5).step_by((course.len() / 6).max(1));
            places.filter(|p| !is_core(**p)).take(5).copied().collect()
        };
        let places: Vec<Point> = self.ground.main_courses().flat_map(of_course).collect();
        for (n, middle) in places.into_iter().enumerate() {
            let (u, v) = along_ridges(middle);
            let grid: Vec<u32> = (0..SIDE * SIDE)
                .map(|k| {
                    let side = |c: usize| c as f64 * 55.0 - 80.0;
                    let p = from_ridges(u + side(k % SIDE), v + side(k / SIDE));
                    self.add(p)
                })
                .collect();
            let name = self.name(format!("江心{}岛路", n + 1));
            for k in 0..SIDE {
                let row: Vec<u32> = (0..SIDE).map(|i| grid[k * SIDE + i]).collect();
                let column: Vec<u32> = (0..SIDE).map(|i| grid[i * SIDE + k]).collect();
                self.way(row, Class::Residential, Placement::OnGround, Some(name));
                self.way(column, Class::Path, Placement::OnGround, None);
            }
        }
    }
}

/// The paths of a village. Node 0 is its square.
struct Village {
    points: Vec<Point>,
    heights: Vec<f32>,
    lines: Vec<Vec<u32>>,
}

impl Village {
    fn new(ground: &Ground, seed: u64, number: u64, centre: Point) -> Self {
        let mut random = Random::of(seed, 13, number);
        let mut village = Self { points: Vec::new(), heights: Vec::new(), lines: Vec::new() };
        village.add(ground, centre);
        let branches = 3 + random.below(3);
        let turn = random.between(0.0, std::f64::consts::TAU);
        for b in 0..branches {
            let heading = turn + std::f64::consts::TAU * b as f64 / branches as f64 + random.between(-0.3, 0.3);
            let length = 3 + random.below(3);
            let main = village.line(ground, &mut random, 0, heading, length);
            for &node in &main[1..] {
                if random.chance(0.62) {
                    let side = if random.chance(0.5) { 1.35 } else { -1.35 };
                    let length = 1 + random.below(2);
                    village.line(ground, &mut random, node, heading + side, length);
                }
            }
        }
        village
    }

    fn add(&mut self, ground: &Ground, p: Point) -> u32 {
        self.points.push(p);
        self.heights.push(ground.height(p) as f32);
        self.points.len() as u32 - 1
    }

    /// Adds a path of `steps` steps from a node, each in the direction with the least climb.
    fn line(&mut self, ground: &Ground, random: &mut Random, from: u32, heading: f64, steps: usize) -> Vec<u32> {
        let mut nodes = vec![from];
        let mut heading = heading;
        for _ in 0..steps {
            let here = self.points[nodes[nodes.len() - 1] as usize];
            let height = f64::from(self.heights[nodes[nodes.len() - 1] as usize]);
            let length = random.between(70.0, 105.0);
            let ways = [-0.45, -0.15, 0.15, 0.45].map(|turn| {
                let angle = heading + turn + random.between(-0.1, 0.1);
                let p = Point { x: here.x + length * angle.cos(), y: here.y + length * angle.sin() };
                let crowded = self.points.iter().any(|q| q.distance(p) < 45.0);
                let bad = if crowded || ground.bank(p) < 20.0 { 1e6 } else { 0.0 };
                (bad + (ground.height(p) - height).abs() + 6.0 * turn.abs(), angle, p)
            });
            let Some(best) = ways.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
            if best.0 >= 1e6 {
                break;
            }
            heading = best.1;
            let node = self.add(ground, best.2);
            nodes.push(node);
        }
        if nodes.len() > 1 {
            self.lines.push(nodes.clone());
        }
        nodes
    }
}

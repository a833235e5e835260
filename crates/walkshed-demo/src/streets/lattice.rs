//! The street lattice of communities: contour streets along the ridges, lanes and stairways across, and special
//! structures on steep ground.

use super::builder::{CLIFF, STEEP_LANE, StreetBuilder};
use super::tags::{Class, Placement};
use crate::crossings::Axis;
use crate::ground::{Ground, Point, from_ridges};
use crate::layout::Key;
use crate::layout::{ACROSS, ALONG, BLOCK, Layout, is_core};
use crate::places::District;
use crate::random::Random;
use rayon::prelude::*;
use std::collections::HashMap;

impl StreetBuilder<'_> {
    /// Adds the nodes, then the ways, of all blocks. Returns the nodes of each site.
    pub fn blocks(&mut self, districts: &[District], layout: &Layout) -> Vec<Vec<u32>> {
        // Nodes in a fixed order: by block, then row by row.
        let mut keys: Vec<(Key, usize)> = Vec::new();
        for (s, site) in layout.sites.iter().enumerate() {
            let Some((bi, bj)) = site.block else { continue };
            let block = (0..BLOCK).flat_map(|j| (0..BLOCK).map(move |i| (bi * BLOCK + i, bj * BLOCK + j)));
            keys.extend(block.filter(|key| !self.plots.contains(*key)).map(|key| (key, s)));
        }
        let ground = self.ground;
        let ideal = |(i, j): Key| from_ridges(f64::from(i) * ALONG, f64::from(j) * ACROSS);
        let raw: HashMap<Key, f64> = keys
            .par_iter()
            .filter(|(key, _)| ground.bank(ideal(*key)) > 25.0)
            .map(|&(key, _)| (key, ground.height(ideal(key))))
            .collect();
        let (raw, seed) = (&raw, self.seed);
        let placed: Vec<(Key, usize, Point)> = keys
            .into_par_iter()
            .filter_map(|(key, site)| raw.get(&key).map(|&here| (key, site, contour(ground, seed, raw, key, here))))
            .collect();
        let mut nodes_by_site = vec![Vec::new(); layout.sites.len()];
        let mut town_of = HashMap::new();
        for (key, site, p) in placed {
            let node = self.add(p);
            self.lattice.insert(key, node);
            town_of.insert(node, (layout.sites[site].district, layout.sites[site].town));
            nodes_by_site[site].push(node);
        }
        let mut order: Vec<(Key, u32)> = self.lattice.iter().map(|(k, n)| (*k, *n)).collect();
        order.sort_unstable_by_key(|&((i, j), _)| (j, i));
        self.along(districts, &order, &town_of);
        order.sort_unstable();
        self.across(districts, &order, &town_of);
        self.special(&order);
        nodes_by_site
    }

    /// Adds streets along the ridges.
    fn along(&mut self, districts: &[District], order: &[(Key, u32)], town_of: &HashMap<u32, (usize, usize)>) {
        let mut run: (Vec<u32>, Option<(Class, u32)>) = (Vec::new(), None);
        for &((i, j), node) in order {
            let next = self.lattice.get(&(i + 1, j)).copied();
            let next = next.filter(|_| !self.crossings.cuts((i, j), Axis::Along));
            let is_main = j.rem_euclid(BLOCK) == BLOCK / 2;
            let mut random = Random::of(self.seed, 10, key_bits((i, j)));
            let kept = next.filter(|&n| (is_main || random.chance(0.91)) && self.slope(node, n) < CLIFF);
            let kind = kept.map(|n| {
                let steep = self.slope(node, n) > 0.4;
                let class = match (steep, is_main) {
                    (true, _) => Class::Steps,
                    (_, true) => Class::Tertiary,
                    _ => Class::Residential,
                };
                let (d, t) = town_of[&node];
                let stem = districts[d].towns[t].stem();
                let number = j.rem_euclid(97) + 1;
                let name = if is_main { format!("{stem}大道") } else { format!("{stem}{number}路") };
                (class, self.name(name))
            });
            self.extend_run(&mut run, node, kept, kind);
        }
        self.flush(&mut run);
    }

    /// Adds lanes and stairways across the ridges.
    fn across(&mut self, districts: &[District], order: &[(Key, u32)], town_of: &HashMap<u32, (usize, usize)>) {
        let mut run: (Vec<u32>, Option<(Class, u32)>) = (Vec::new(), None);
        for &((i, j), node) in order {
            let next = self.lattice.get(&(i, j + 1)).copied();
            let next = next.filter(|_| !self.crossings.cuts((i, j), Axis::Across));
            let is_main = i.rem_euclid(BLOCK) == BLOCK / 2;
            let mut random = Random::of(self.seed, 11, key_bits((i, j)));
            let kept = next.filter(|&n| (is_main || random.chance(0.76)) && self.slope(node, n) < CLIFF);
            let kind = kept.map(|n| {
                let slope = self.slope(node, n);
                let class = match (slope > STEEP_LANE, is_main && slope < 0.12) {
                    (true, _) => Class::Steps,
                    (_, true) => Class::Residential,
                    _ => Class::Lane,
                };
                let (d, t) = town_of[&node];
                let word = if class == Class::Steps { "梯坎" } else { "巷" };
                let name = format!("{}{}{word}", districts[d].towns[t].stem(), i.rem_euclid(89) + 1);
                (class, self.name(name))
            });
            self.extend_run(&mut run, node, kept, kind);
        }
        self.flush(&mut run);
    }

    /// Extends a way while its class is the same, else starts a new one. A street keeps its name across town borders.
    fn extend_run(
        &mut self,
        run: &mut (Vec<u32>, Option<(Class, u32)>),
        node: u32,
        next: Option<u32>,
        kind: Option<(Class, u32)>,
    ) {
        let continues = run.0.last() == Some(&node) && run.1.map(|k| k.0) == kind.map(|k| k.0);
        if !continues {
            self.flush(run);
        }
        if let (Some(next), Some(kind)) = (next, kind) {
            if run.0.is_empty() {
                *run = (vec![node], Some(kind));
            }
            run.0.push(next);
        }
    }

    fn flush(&mut self, run: &mut (Vec<u32>, Option<(Class, u32)>)) {
        if let (nodes, Some((class, name))) = std::mem::take(run) {
            self.way(nodes, class, Placement::OnGround, Some(name));
        }
    }

    /// Adds lifts and escalators where the core is steep, and footbridges over its main streets.
    fn special(&mut self, order: &[(Key, u32)]) {
        let mut steep = 0;
        for &((i, j), node) in order {
            if !is_core(self.at(node)) {
                continue;
            }
            if let Some(&above) = self.lattice.get(&(i, j + 1))
                && !self.crossings.cuts((i, j), Axis::Across)
            {
                let rise = (self.heights[above as usize] - self.heights[node as usize]).abs();
                if rise > 12.0 {
                    steep += 1;
                    let (low, high) = if self.heights[above as usize] > self.heights[node as usize] {
                        (node, above)
                    } else {
                        (above, node)
                    };
                    match steep % 24 {
                        5 => self.way(vec![low, high], Class::Lift, Placement::OnGround, None),
                        13 => {
                            // Two escalators side by side, one per direction.
                            let (a, b) = (self.at(low), self.at(high));
                            let beside = |side: f64| {
                                let (dx, dy) = (b.x - a.x, b.y - a.y);
                                let l = dx.hypot(dy).max(1.0);
                                let m = a.towards(b, 0.5);
                                Point { x: m.x - side * dy / l, y: m.y + side * dx / l }
                            };
                            let (up, down) = (beside(4.0), beside(-4.0));
                            let (up, down) = (self.add(up), self.add(down));
                            self.way(vec![low, up, high], Class::EscalatorUp, Placement::OnGround, None);
                            self.way(vec![high, down, low], Class::EscalatorDown, Placement::OnGround, None);
                        }
                        _ => {}
                    }
                }
            }
            let over_main = j.rem_euclid(BLOCK) == BLOCK / 2 - 1 && i.rem_euclid(BLOCK) == 1;
            if over_main && let Some(&beyond) = self.lattice.get(&(i, j + 2)) {
                self.way(vec![node, beyond], Class::Footbridge, Placement::OnGround, None);
            }
        }
    }
}

fn key_bits((i, j): Key) -> u64 {
    u64::from(i as u32) << 32 | u64::from(j as u32)
}

/// Returns the position of a lattice node: moved sideways towards the mean height of its street, plus a random offset.
/// This turns rows into contour streets.
fn contour(ground: &Ground, seed: u64, raw: &HashMap<Key, f64>, (i, j): Key, here: f64) -> Point {
    let near = (i - 4..=i + 4).filter_map(|k| raw.get(&(k, j)));
    let (sum, n) = near.fold((0.0, 0.0), |(s, n), h| (s + h, n + 1.0));
    let (u, v) = (f64::from(i) * ALONG, f64::from(j) * ACROSS);
    let rise = (ground.height(from_ridges(u, v + 15.0)) - ground.height(from_ridges(u, v - 15.0))) / 30.0;
    let aside = if rise.abs() > 0.03 { ((sum / n - here) / rise).clamp(-19.0, 19.0) } else { 0.0 };
    let mut random = Random::of(seed, 12, key_bits((i, j)));
    let p = from_ridges(u + random.between(-6.0, 6.0), v + aside + random.between(-4.0, 4.0));
    if ground.is_water(p) { from_ridges(u, v) } else { p }
}

//! Roads between places: from villages to their town, between towns, between seats, and across rivers.

use super::builder::StreetBuilder;
use super::components::Components;
use super::tags::{Class, Layer, Placement};
use crate::ground::{HIGHEST, Point, along_ridges};
use crate::layout::{ACROSS, ALONG, Layout, is_core};
use crate::places::District;
use crate::random::Random;
use rayon::prelude::*;

impl StreetBuilder<'_> {
    /// Adds a slightly winding road between two nodes, with bridges over water and valleys, and tunnels through ridges.
    pub fn road(&mut self, from: u32, to: u32, class: Class, name: Option<u32>) {
        let (a, b) = (self.at(from), self.at(to));
        let length = a.distance(b);
        let segments = (length / 130.0).ceil().max(1.0) as usize;
        let phase = Random::of(self.seed, 20, u64::from(from) << 32 | u64::from(to)).between(0.0, 6.0);
        let (nx, ny) = (-(b.y - a.y) / length.max(1.0), (b.x - a.x) / length.max(1.0));
        let winding: Vec<Point> = (0..=segments)
            .map(|k| {
                let t = k as f64 / segments as f64;
                // Zero at both ends, so that the road meets its end nodes.
                let ease = (t * std::f64::consts::PI).sin();
                let aside =
                    ease * length.min(4000.0) * (0.035 * (9.0 * t + phase).sin() + 0.02 * (23.0 * t - phase).sin());
                let p = a.towards(b, t);
                Point { x: p.x + nx * aside, y: p.y + ny * aside }
            })
            .collect();
        let ground: Vec<f64> = winding.iter().map(|&p| self.ground.height(p)).collect();
        let graded = class <= Class::Secondary;
        let placement: Vec<Placement> = (0..segments)
            .map(|k| {
                let middle = winding[k].towards(winding[k + 1], 0.5);
                if [winding[k], middle, winding[k + 1]].iter().any(|&p| self.ground.is_water(p)) {
                    return Placement::OnBridge(Layer::One);
                }
                if !graded {
                    return Placement::OnGround;
                }
                let (low, high) = (k.saturating_sub(9), (k + 10).min(segments));
                let grade = ground[low..=high].iter().sum::<f64>() / (high - low + 1) as f64;
                let here = f64::midpoint(ground[k], ground[k + 1]);
                if here - grade > 42.0 {
                    Placement::InTunnel
                } else if grade - here > 34.0 {
                    Placement::OnBridge(Layer::One)
                } else {
                    Placement::OnGround
                }
            })
            .collect();
        let mut nodes = vec![from];
        for (&p, &h) in winding[1..segments].iter().zip(&ground[1..segments]) {
            nodes.push(self.points.len() as u32);
            self.points.push(p);
            self.heights.push(h.min(HIGHEST) as f32);
        }
        nodes.push(to);
        let mut start = 0;
        for k in 1..=segments {
            if k == segments || placement[k] != placement[start] {
                self.way(nodes[start..=k].to_vec(), class, placement[start], name);
                start = k;
            }
        }
    }

    /// Connects every village to the nearest connected place of its town, from the centre outwards.
    pub fn link_villages(&mut self, districts: &[District], layout: &Layout, nodes_by_site: &[Vec<u32>]) {
        for (d, district) in districts.iter().enumerate() {
            for (t, town) in district.towns.iter().enumerate() {
                let sites = layout.first_of_town[d][t]..layout.first_of_town[d][t + 1];
                let name = self.name(format!("{}乡村路", town.stem()));
                let mut known: Vec<u32> = sites
                    .clone()
                    .filter(|&s| layout.sites[s].block.is_some())
                    .flat_map(|s| nodes_by_site[s].iter().copied())
                    .collect();
                let hub = layout.sites[sites.start].centre;
                let mut villages: Vec<usize> = sites.filter(|&s| layout.sites[s].block.is_none()).collect();
                let away = |s: &usize| layout.sites[*s].centre.distance(hub);
                villages.sort_by(|a, b| away(a).total_cmp(&away(b)).then(a.cmp(b)));
                for s in villages {
                    let Some(&root) = nodes_by_site[s].first() else { continue };
                    if let Some(target) = self.nearest(known.iter().copied(), self.at(root)) {
                        self.road(root, target, Class::Track, Some(name));
                    }
                    known.push(root);
                }
            }
        }
    }

    fn nodes_of_town<'s>(layout: &Layout, nodes_by_site: &'s [Vec<u32>], (d, t): (usize, usize)) -> Vec<&'s [u32]> {
        let sites = layout.first_of_town[d][t]..layout.first_of_town[d][t + 1];
        sites.map(|s| nodes_by_site[s].as_slice()).filter(|nodes| !nodes.is_empty()).collect()
    }

    /// Returns a pair of (approximately) nearest nodes of two towns.
    fn between(&self, a: &[&[u32]], b: &[&[u32]]) -> Option<(u32, u32)> {
        let middle = |nodes: &[u32]| nodes.get(nodes.len() / 2).map(|&n| self.at(n));
        let mut best: Option<(f64, usize, usize)> = None;
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                if let (Some(p), Some(q)) = (middle(x), middle(y)) {
                    let away = p.distance(q);
                    if best.is_none_or(|(least, ..)| away < least) {
                        best = Some((away, i, j));
                    }
                }
            }
        }
        let (_, i, j) = best?;
        let near_b = self.nearest(b[j].iter().copied(), middle(a[i])?)?;
        let near_a = self.nearest(a[i].iter().copied(), self.at(near_b))?;
        Some((near_a, near_b))
    }

    /// Connects towns by a minimum spanning tree of roads.
    pub fn link_towns(&mut self, districts: &[District], layout: &Layout, nodes_by_site: &[Vec<u32>]) {
        let towns: Vec<(usize, usize)> =
            districts.iter().enumerate().flat_map(|(d, x)| (0..x.towns.len()).map(move |t| (d, t))).collect();
        let hubs: Vec<Point> = towns.iter().map(|&(d, t)| layout.sites[layout.first_of_town[d][t]].centre).collect();
        let mut pairs: Vec<(f64, usize, usize)> = (0..hubs.len())
            .into_par_iter()
            .flat_map_iter(|a| {
                // The tree needs only short pairs. The 24 nearest of each town contain it unless towns form separate
                // clusters.
                let mut near: Vec<(f64, usize, usize)> = (0..hubs.len())
                    .filter(|&b| b != a)
                    .map(|b| (hubs[a].distance(hubs[b]), a.min(b), a.max(b)))
                    .collect();
                near.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)).then(x.2.cmp(&y.2)));
                near.truncate(24);
                near
            })
            .collect();
        pairs.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)).then(x.2.cmp(&y.2)));
        pairs.dedup();
        let mut components = Components::of(self.points.len(), &self.ways);
        for (_, a, b) in pairs {
            let (na, nb) = (
                Self::nodes_of_town(layout, nodes_by_site, towns[a]),
                Self::nodes_of_town(layout, nodes_by_site, towns[b]),
            );
            let (Some(first), Some(second)) = (na.first().map(|n| n[0]), nb.first().map(|n| n[0])) else { continue };
            if components.find(first) == components.find(second) {
                continue;
            }
            if let Some((x, y)) = self.between(&na, &nb) {
                let stem = |(d, t): (usize, usize)| districts[d].towns[t].stem();
                let name = self.name(format!("{}{}公路", stem(towns[a]), stem(towns[b])));
                self.road(x, y, Class::Secondary, Some(name));
                components.join(first, second);
                components.join(x, y);
                components.join(x, first);
                components.join(y, second);
            }
        }
    }

    /// Connects neighbouring seats by trunk roads. Seats are neighbours if no other seat is in the circle between them
    /// (Gabriel and Sokal 1969).
    pub fn link_seats(&mut self, districts: &[District], layout: &Layout, nodes_by_site: &[Vec<u32>]) {
        let seat = |d: usize| layout.sites[layout.first_of_town[d][0]].centre;
        let all: Vec<Point> = (0..districts.len()).map(seat).collect();
        for a in 0..all.len() {
            for b in a + 1..all.len() {
                let (middle, away) = (all[a].towards(all[b], 0.5), all[a].distance(all[b]));
                if away < 14_000.0 || all.iter().any(|p| p.distance(middle) < away / 2.0 - 1.0) {
                    continue;
                }
                let (na, nb) = (
                    Self::nodes_of_town(layout, nodes_by_site, (a, 0)),
                    Self::nodes_of_town(layout, nodes_by_site, (b, 0)),
                );
                if let Some((x, y)) = self.between(&na, &nb) {
                    let name = format!("{}{}快速路", districts[a].short_name(), districts[b].short_name());
                    let name = self.name(name);
                    self.road(x, y, Class::Trunk, Some(name));
                }
            }
        }
    }

    pub fn near_on_lattice(&self, p: Point, radius: f64) -> Option<u32> {
        let (u, v) = along_ridges(p);
        let (i, j) = ((u / ALONG).round() as i32, (v / ACROSS).round() as i32);
        let reach = (radius / ACROSS) as i32;
        let around = (i - reach..=i + reach).flat_map(|i| (j - reach..=j + reach).map(move |j| (i, j)));
        let near =
            around.filter_map(|key| self.lattice.get(&key).copied()).filter(|&n| self.at(n).distance(p) < radius);
        self.nearest(near, p)
    }

    /// Adds bridges and ferries where both banks are built up, at least 1.5 km apart, and one cable car.
    pub fn cross_rivers(&mut self) {
        const EVERY: f64 = 1500.0;
        const REACH: f64 = 900.0;
        let courses: Vec<Vec<Point>> = self.ground.courses().map(<[Point]>::to_vec).collect();
        let mut crossings = 0;
        let mut has_cable_car = false;
        for course in courses {
            let mut since = 0.0;
            for pair in course.windows(2) {
                since += pair[0].distance(pair[1]);
                if since < EVERY {
                    continue;
                }
                let l = pair[0].distance(pair[1]).max(1.0);
                let (nx, ny) = (-(pair[1].y - pair[0].y) / l, (pair[1].x - pair[0].x) / l);
                let bank = |side: f64| Point { x: pair[0].x + side * 450.0 * nx, y: pair[0].y + side * 450.0 * ny };
                let (left, right) = (self.near_on_lattice(bank(1.0), REACH), self.near_on_lattice(bank(-1.0), REACH));
                let (Some(left), Some(right)) = (left, right) else { continue };
                let middle = self.at(left).towards(self.at(right), 0.5);
                if !self.ground.is_water(middle) {
                    continue;
                }
                since = 0.0;
                crossings += 1;
                if !has_cable_car && is_core(middle) && crossings % 3 == 2 {
                    has_cable_car = true;
                    let name = self.name("长江索道".to_owned());
                    self.way(vec![left, right], Class::CableCar, Placement::OnGround, Some(name));
                } else if crossings % 4 == 3 {
                    let name = self.name(format!("{crossings}号轮渡"));
                    self.way(vec![left, right], Class::Ferry, Placement::OnGround, Some(name));
                } else {
                    let name = self.name(format!("{crossings}号大桥"));
                    self.road(left, right, Class::Trunk, Some(name));
                }
            }
        }
    }
}

//! Streets that follow the ground: blocks of contour streets with lanes and stairways in communities, paths in villages,
//! roads between them with bridges and tunnels, and what a steep river city has besides.

use super::ground::{Ground, HIGHEST, Point, along_ridges, from_ridges, in_degrees};
use super::layout::{ACROSS, ALONG, BLOCK, Layout, is_core};
use super::places::District;
use super::random::Random;
use crate::geo::Fixed;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// What a way is; its tags are [`Class::tags`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    Trunk,
    Secondary,
    Tertiary,
    Residential,
    Lane,
    Steps,
    Track,
    Path,
    Footbridge,
    EscalatorUp,
    EscalatorDown,
    Lift,
    CableCar,
    Ferry,
}

/// Whether a way lies on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lies {
    OnGround,
    OnBridge,
    InTunnel,
}

impl Class {
    /// The tags of OpenStreetMap.
    #[must_use]
    pub const fn tags(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Trunk => &[("highway", "trunk"), ("sidewalk", "both")],
            Self::Secondary => &[("highway", "secondary")],
            Self::Tertiary => &[("highway", "tertiary")],
            Self::Residential => &[("highway", "residential")],
            Self::Lane => &[("highway", "footway")],
            Self::Steps => &[("highway", "steps")],
            Self::Track => &[("highway", "track")],
            Self::Path => &[("highway", "path")],
            Self::Footbridge => &[("highway", "footway"), ("bridge", "yes"), ("layer", "1")],
            Self::EscalatorUp => &[("highway", "steps"), ("conveying", "forward"), ("incline", "up")],
            Self::EscalatorDown => &[("highway", "steps"), ("conveying", "forward"), ("incline", "down")],
            Self::Lift => &[("highway", "elevator")],
            Self::CableCar => &[("aerialway", "cable_car"), ("foot", "yes"), ("duration", "00:05")],
            Self::Ferry => &[("route", "ferry"), ("foot", "yes"), ("bicycle", "yes"), ("duration", "00:08")],
        }
    }
}

/// A way through nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    pub nodes: Vec<u32>,
    pub class: Class,
    pub lies: Lies,
    pub name: Option<u32>,
}

/// The whole network.
pub struct Streets {
    pub nodes: Vec<Fixed>,
    pub ways: Vec<Way>,
    pub names: Vec<String>,
    /// Nodes of each site.
    pub of_site: Vec<Vec<u32>>,
}

/// Lanes become stairways from this rise over run on, paths in villages from that.
const STEEP_LANE: f64 = 0.18;
const STEEP_PATH: f64 = 0.28;
/// What is steeper than this is a cliff.
const CLIFF: f64 = 0.85;

type Key = (i32, i32);

struct Draft<'a> {
    ground: &'a Ground,
    seed: u64,
    points: Vec<Point>,
    heights: Vec<f32>,
    ways: Vec<Way>,
    names: Vec<String>,
    known_names: HashMap<String, u32>,
    lattice: HashMap<Key, u32>,
}

/// Draws the streets of a layout.
#[must_use]
pub fn draw(seed: u64, districts: &[District], layout: &Layout, ground: &Ground) -> Streets {
    let mut draft = Draft {
        ground,
        seed,
        points: Vec::new(),
        heights: Vec::new(),
        ways: Vec::new(),
        names: Vec::new(),
        known_names: HashMap::new(),
        lattice: HashMap::new(),
    };
    let mut of_site = draft.blocks(districts, layout);
    draft.villages(layout, &mut of_site);
    draft.link_villages(districts, layout, &of_site);
    draft.link_towns(districts, layout, &of_site);
    draft.link_seats(districts, layout, &of_site);
    draft.cross_rivers();
    draft.join_pieces();
    draft.islands();
    draft.finish(of_site)
}

impl Draft<'_> {
    fn add(&mut self, p: Point) -> u32 {
        self.points.push(p);
        self.heights.push(self.ground.height(p) as f32);
        self.points.len() as u32 - 1
    }

    fn name(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        *self.known_names.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }

    fn at(&self, node: u32) -> Point {
        self.points[node as usize]
    }

    fn slope(&self, a: u32, b: u32) -> f64 {
        let rise = f64::from(self.heights[a as usize] - self.heights[b as usize]).abs();
        rise / self.at(a).distance(self.at(b)).max(1.0)
    }

    fn way(&mut self, nodes: Vec<u32>, class: Class, lies: Lies, name: Option<u32>) {
        if nodes.len() > 1 {
            self.ways.push(Way { nodes, class, lies, name });
        }
    }

    /// The lattice of all blocks: its nodes, then its ways. Returns the nodes of each site.
    fn blocks(&mut self, districts: &[District], layout: &Layout) -> Vec<Vec<u32>> {
        // Nodes in a fixed order: by block, then row by row.
        let mut keys: Vec<(Key, usize)> = Vec::new();
        for (s, site) in layout.sites.iter().enumerate() {
            let Some((bi, bj)) = site.block else { continue };
            keys.extend((0..BLOCK).flat_map(|j| (0..BLOCK).map(move |i| ((bi * BLOCK + i, bj * BLOCK + j), s))));
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
        let mut of_site = vec![Vec::new(); layout.sites.len()];
        let mut town_of = HashMap::new();
        for (key, site, p) in placed {
            let node = self.add(p);
            self.lattice.insert(key, node);
            town_of.insert(node, (layout.sites[site].district, layout.sites[site].town));
            of_site[site].push(node);
        }
        let mut order: Vec<(Key, u32)> = self.lattice.iter().map(|(k, n)| (*k, *n)).collect();
        order.sort_unstable_by_key(|&((i, j), _)| (j, i));
        self.along(districts, &order, &town_of);
        order.sort_unstable();
        self.across(districts, &order, &town_of);
        self.special(&order);
        of_site
    }

    /// Streets along the ridges.
    fn along(&mut self, districts: &[District], order: &[(Key, u32)], town_of: &HashMap<u32, (usize, usize)>) {
        let mut run: (Vec<u32>, Option<(Class, u32)>) = (Vec::new(), None);
        for &((i, j), node) in order {
            let next = self.lattice.get(&(i + 1, j)).copied();
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

    /// Lanes and stairways across.
    fn across(&mut self, districts: &[District], order: &[(Key, u32)], town_of: &HashMap<u32, (usize, usize)>) {
        let mut run: (Vec<u32>, Option<(Class, u32)>) = (Vec::new(), None);
        for &((i, j), node) in order {
            let next = self.lattice.get(&(i, j + 1)).copied();
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

    /// Lengthens a way while its kind stays, else begins another. A street keeps its name, whichever part of town it is in.
    fn extend_run(
        &mut self,
        run: &mut (Vec<u32>, Option<(Class, u32)>),
        node: u32,
        next: Option<u32>,
        kind: Option<(Class, u32)>,
    ) {
        let goes_on = run.0.last() == Some(&node) && run.1.map(|k| k.0) == kind.map(|k| k.0);
        if !goes_on {
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
            self.way(nodes, class, Lies::OnGround, Some(name));
        }
    }

    /// Lifts and escalators where the core is steep, footbridges over its main streets.
    fn special(&mut self, order: &[(Key, u32)]) {
        let mut steep = 0;
        for &((i, j), node) in order {
            if !is_core(self.at(node)) {
                continue;
            }
            if let Some(&above) = self.lattice.get(&(i, j + 1)) {
                let rise = (self.heights[above as usize] - self.heights[node as usize]).abs();
                if rise > 12.0 {
                    steep += 1;
                    let (low, high) = if self.heights[above as usize] > self.heights[node as usize] {
                        (node, above)
                    } else {
                        (above, node)
                    };
                    match steep % 24 {
                        5 => self.way(vec![low, high], Class::Lift, Lies::OnGround, None),
                        13 => {
                            // One up, one down, side by side.
                            let (a, b) = (self.at(low), self.at(high));
                            let beside = |side: f64| {
                                let (dx, dy) = (b.x - a.x, b.y - a.y);
                                let l = dx.hypot(dy).max(1.0);
                                let m = a.towards(b, 0.5);
                                Point { x: m.x - side * dy / l, y: m.y + side * dx / l }
                            };
                            let (up, down) = (beside(4.0), beside(-4.0));
                            let (up, down) = (self.add(up), self.add(down));
                            self.way(vec![low, up, high], Class::EscalatorUp, Lies::OnGround, None);
                            self.way(vec![high, down, low], Class::EscalatorDown, Lies::OnGround, None);
                        }
                        _ => {}
                    }
                }
            }
            let over_main = j.rem_euclid(BLOCK) == BLOCK / 2 - 1 && i.rem_euclid(BLOCK) == 1;
            if over_main && let Some(&beyond) = self.lattice.get(&(i, j + 2)) {
                self.way(vec![node, beyond], Class::Footbridge, Lies::OnGround, None);
            }
        }
    }

    /// Paths of villages: some from the square, with turnings.
    fn villages(&mut self, layout: &Layout, of_site: &mut [Vec<u32>]) {
        let (ground, seed) = (self.ground, self.seed);
        let drawn: Vec<Option<Village>> = layout
            .sites
            .par_iter()
            .enumerate()
            .map(|(s, site)| site.block.is_none().then(|| Village::new(ground, seed, s as u64, site.centre)))
            .collect();
        for (village, nodes) in drawn.into_iter().zip(of_site) {
            let Some(village) = village else { continue };
            let first = self.points.len() as u32;
            for (p, h) in village.points.into_iter().zip(village.heights) {
                nodes.push(self.points.len() as u32);
                self.points.push(p);
                self.heights.push(h);
            }
            for line in village.lines {
                self.stepped(line.into_iter().map(|n| n + first).collect());
            }
        }
    }

    /// A path whose steep parts are steps.
    fn stepped(&mut self, nodes: Vec<u32>) {
        let class = |draft: &Self, a, b| if draft.slope(a, b) > STEEP_PATH { Class::Steps } else { Class::Path };
        let mut part = Vec::new();
        let mut current = None;
        for pair in nodes.windows(2) {
            let here = class(self, pair[0], pair[1]);
            if current != Some(here) {
                if let Some(class) = current {
                    self.way(std::mem::take(&mut part), class, Lies::OnGround, None);
                }
                part.push(pair[0]);
                current = Some(here);
            }
            part.push(pair[1]);
        }
        if let Some(class) = current {
            self.way(part, class, Lies::OnGround, None);
        }
    }

    /// A road between two nodes: it winds a little, bridges water and valleys, and goes through ridges.
    fn road(&mut self, from: u32, to: u32, class: Class, name: Option<u32>) {
        let (a, b) = (self.at(from), self.at(to));
        let length = a.distance(b);
        let pieces = (length / 130.0).ceil().max(1.0) as usize;
        let phase = Random::of(self.seed, 20, u64::from(from) << 32 | u64::from(to)).between(0.0, 6.0);
        let (nx, ny) = (-(b.y - a.y) / length.max(1.0), (b.x - a.x) / length.max(1.0));
        let winding: Vec<Point> = (0..=pieces)
            .map(|k| {
                let t = k as f64 / pieces as f64;
                // Nothing at the ends, so that the road meets them.
                let ease = (t * std::f64::consts::PI).sin();
                let aside =
                    ease * length.min(4000.0) * (0.035 * (9.0 * t + phase).sin() + 0.02 * (23.0 * t - phase).sin());
                let p = a.towards(b, t);
                Point { x: p.x + nx * aside, y: p.y + ny * aside }
            })
            .collect();
        let ground: Vec<f64> = winding.iter().map(|&p| self.ground.height(p)).collect();
        let graded = class <= Class::Secondary;
        let lies: Vec<Lies> = (0..pieces)
            .map(|k| {
                let middle = winding[k].towards(winding[k + 1], 0.5);
                if [winding[k], middle, winding[k + 1]].iter().any(|&p| self.ground.is_water(p)) {
                    return Lies::OnBridge;
                }
                if !graded {
                    return Lies::OnGround;
                }
                let (low, high) = (k.saturating_sub(9), (k + 10).min(pieces));
                let grade = ground[low..=high].iter().sum::<f64>() / (high - low + 1) as f64;
                let here = f64::midpoint(ground[k], ground[k + 1]);
                if here - grade > 42.0 {
                    Lies::InTunnel
                } else if grade - here > 34.0 {
                    Lies::OnBridge
                } else {
                    Lies::OnGround
                }
            })
            .collect();
        let mut nodes = vec![from];
        for (&p, &h) in winding[1..pieces].iter().zip(&ground[1..pieces]) {
            nodes.push(self.points.len() as u32);
            self.points.push(p);
            self.heights.push(h.min(HIGHEST) as f32);
        }
        nodes.push(to);
        let mut start = 0;
        for k in 1..=pieces {
            if k == pieces || lies[k] != lies[start] {
                self.way(nodes[start..=k].to_vec(), class, lies[start], name);
                start = k;
            }
        }
    }

    fn nearest(&self, nodes: impl IntoIterator<Item = u32>, p: Point) -> Option<u32> {
        let with_distance = nodes.into_iter().map(|n| (self.at(n).distance(p), n));
        with_distance.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, n)| n)
    }

    /// Every village to what is nearest of its town, from the middle outwards.
    fn link_villages(&mut self, districts: &[District], layout: &Layout, of_site: &[Vec<u32>]) {
        for (d, district) in districts.iter().enumerate() {
            for (t, town) in district.towns.iter().enumerate() {
                let sites = layout.first_of_town[d][t]..layout.first_of_town[d][t + 1];
                let name = self.name(format!("{}乡村路", town.stem()));
                let mut known: Vec<u32> = sites
                    .clone()
                    .filter(|&s| layout.sites[s].block.is_some())
                    .flat_map(|s| of_site[s].iter().copied())
                    .collect();
                let hub = layout.sites[sites.start].centre;
                let mut villages: Vec<usize> = sites.filter(|&s| layout.sites[s].block.is_none()).collect();
                let away = |s: &usize| layout.sites[*s].centre.distance(hub);
                villages.sort_by(|a, b| away(a).total_cmp(&away(b)).then(a.cmp(b)));
                for s in villages {
                    let Some(&root) = of_site[s].first() else { continue };
                    if let Some(target) = self.nearest(known.iter().copied(), self.at(root)) {
                        self.road(root, target, Class::Track, Some(name));
                    }
                    known.push(root);
                }
            }
        }
    }

    fn nodes_of_town<'s>(layout: &Layout, of_site: &'s [Vec<u32>], (d, t): (usize, usize)) -> Vec<&'s [u32]> {
        let sites = layout.first_of_town[d][t]..layout.first_of_town[d][t + 1];
        sites.map(|s| of_site[s].as_slice()).filter(|nodes| !nodes.is_empty()).collect()
    }

    /// The nearest two nodes of two towns, or nearly so.
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

    /// Towns by the shortest tree of roads between them.
    fn link_towns(&mut self, districts: &[District], layout: &Layout, of_site: &[Vec<u32>]) {
        let towns: Vec<(usize, usize)> =
            districts.iter().enumerate().flat_map(|(d, x)| (0..x.towns.len()).map(move |t| (d, t))).collect();
        let hubs: Vec<Point> = towns.iter().map(|&(d, t)| layout.sites[layout.first_of_town[d][t]].centre).collect();
        let mut pairs: Vec<(f64, usize, usize)> = (0..hubs.len())
            .into_par_iter()
            .flat_map_iter(|a| {
                // The tree needs short pairs only; the nearest two dozen of each always hold it but where towns lie in clumps.
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
        let mut pieces = Pieces::of(self.points.len(), &self.ways);
        for (_, a, b) in pairs {
            let (na, nb) =
                (Self::nodes_of_town(layout, of_site, towns[a]), Self::nodes_of_town(layout, of_site, towns[b]));
            let (Some(first), Some(second)) = (na.first().map(|n| n[0]), nb.first().map(|n| n[0])) else { continue };
            if pieces.find(first) == pieces.find(second) {
                continue;
            }
            if let Some((x, y)) = self.between(&na, &nb) {
                let stem = |(d, t): (usize, usize)| districts[d].towns[t].stem();
                let name = self.name(format!("{}{}公路", stem(towns[a]), stem(towns[b])));
                self.road(x, y, Class::Secondary, Some(name));
                pieces.join(first, second);
                pieces.join(x, y);
                pieces.join(x, first);
                pieces.join(y, second);
            }
        }
    }

    /// Seats that are neighbours (none lies in the circle between them, Gabriel and Sokal 1969), by trunk roads.
    fn link_seats(&mut self, districts: &[District], layout: &Layout, of_site: &[Vec<u32>]) {
        let seat = |d: usize| layout.sites[layout.first_of_town[d][0]].centre;
        let all: Vec<Point> = (0..districts.len()).map(seat).collect();
        for a in 0..all.len() {
            for b in a + 1..all.len() {
                let (middle, away) = (all[a].towards(all[b], 0.5), all[a].distance(all[b]));
                if away < 14_000.0 || all.iter().any(|p| p.distance(middle) < away / 2.0 - 1.0) {
                    continue;
                }
                let (na, nb) =
                    (Self::nodes_of_town(layout, of_site, (a, 0)), Self::nodes_of_town(layout, of_site, (b, 0)));
                if let Some((x, y)) = self.between(&na, &nb) {
                    let short =
                        |d: usize| districts[d].name.trim_end_matches(['区', '县']).chars().take(2).collect::<String>();
                    let name = self.name(format!("{}{}快速路", short(a), short(b)));
                    self.road(x, y, Class::Trunk, Some(name));
                }
            }
        }
    }

    fn near_on_lattice(&self, p: Point, radius: f64) -> Option<u32> {
        let (u, v) = along_ridges(p);
        let (i, j) = ((u / ALONG).round() as i32, (v / ACROSS).round() as i32);
        let reach = (radius / ACROSS) as i32;
        let around = (i - reach..=i + reach).flat_map(|i| (j - reach..=j + reach).map(move |j| (i, j)));
        let near =
            around.filter_map(|key| self.lattice.get(&key).copied()).filter(|&n| self.at(n).distance(p) < radius);
        self.nearest(near, p)
    }

    /// Bridges and ferries where both banks are built upon, every mile or so, and one cable car.
    fn cross_rivers(&mut self) {
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
                    self.way(vec![left, right], Class::CableCar, Lies::OnGround, Some(name));
                } else if crossings % 4 == 3 {
                    let name = self.name(format!("{crossings}号轮渡"));
                    self.way(vec![left, right], Class::Ferry, Lies::OnGround, Some(name));
                } else {
                    let name = self.name(format!("{crossings}号大桥"));
                    self.road(left, right, Class::Trunk, Some(name));
                }
            }
        }
    }

    /// Joins what is not yet one network by footways to the nearest node of what is.
    fn join_pieces(&mut self) {
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

    /// A few islands in the river that no bridge reaches.
    fn islands(&mut self) {
        const SIDE: usize = 4;
        let course: Vec<Point> = self.ground.courses().next().map(<[Point]>::to_vec).unwrap_or_default();
        let places = course.iter().skip(course.len() / 5).step_by((course.len() / 6).max(1));
        let places: Vec<Point> = places.filter(|p| !is_core(**p)).take(5).copied().collect();
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
                self.way(row, Class::Residential, Lies::OnGround, Some(name));
                self.way(column, Class::Path, Lies::OnGround, None);
            }
        }
    }

    /// Leaves out nodes of no way, and puts positions on OpenStreetMap's grid.
    fn finish(self, of_site: Vec<Vec<u32>>) -> Streets {
        let mut is_used = vec![false; self.points.len()];
        self.ways.iter().flat_map(|w| &w.nodes).for_each(|&n| is_used[n as usize] = true);
        let mut new = vec![u32::MAX; self.points.len()];
        let mut nodes = Vec::new();
        for (i, &p) in self.points.iter().enumerate().filter(|(i, _)| is_used[*i]) {
            new[i] = nodes.len() as u32;
            let (lon, lat) = in_degrees(p);
            let unit = |degrees: f64| (degrees * Fixed::PER_DEGREE).round() as i32;
            nodes.push(Fixed { x: unit(lon), y: unit(lat) });
        }
        let mut ways = self.ways;
        ways.iter_mut().flat_map(|w| &mut w.nodes).for_each(|n| *n = new[*n as usize]);
        let of_site = of_site
            .into_iter()
            .map(|list| list.into_iter().map(|n| new[n as usize]).filter(|&n| n != u32::MAX).collect())
            .collect();
        Streets { nodes, ways, names: self.names, of_site }
    }
}

fn key_bits((i, j): Key) -> u64 {
    u64::from(i as u32) << 32 | u64::from(j as u32)
}

/// Where a node of the lattice lies: aside of its ideal place, towards the height of the street it is on, and a little by
/// chance. That is what makes contour streets of rows.
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

/// The paths of a village; node 0 is its square.
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

    /// A path of some steps from a node, each where the ground is easiest.
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

/// Which nodes hang together: a disjoint-set forest with halving of paths.
struct Pieces(Vec<u32>);

impl Pieces {
    fn of(nodes: usize, ways: &[Way]) -> Self {
        let mut pieces = Self((0..nodes as u32).collect());
        for pair in ways.iter().flat_map(|w| w.nodes.windows(2)) {
            pieces.join(pair[0], pair[1]);
        }
        pieces
    }

    fn find(&mut self, mut n: u32) -> u32 {
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

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}

//! The positions of divisions: communities are blocks of one street lattice around seats and towns; villages are
//! scattered around them. All positions are generated.

use super::ground::{CORE, Ground, Point, along_ridges, from_ridges, in_degrees, on_plane};
use super::groups::{Group, fold};
use super::places::{District, REPORTED};
use super::random::Random;
use h3o::{CellIndex, Resolution};
use std::collections::{HashMap, HashSet};
use walkshed_engine::geo::{Position, cell_of};

/// Distance in metres between streets along the ridges, and between lanes across them.
pub const ACROSS: f64 = 60.0;
pub const ALONG: f64 = 70.0;
/// Number of streets, and of lanes, in the block of one community.
pub const BLOCK: i32 = 9;

/// A lattice node: the number of the street across, and of the street along.
pub type Key = (i32, i32);

/// A division and its position.
#[derive(Debug, Clone)]
pub struct Site {
    /// Indices into the lists of districts, towns and divisions.
    pub district: usize,
    pub town: usize,
    pub division: usize,
    pub centre: Point,
    /// The block of the lattice; none for villages.
    pub block: Option<(i32, i32)>,
}

impl Site {
    /// Returns whether this is the division of a center with reported facts.
    #[must_use]
    pub fn is_reported(&self, districts: &[District]) -> bool {
        let division = &districts[self.district].towns[self.town].divisions[self.division];
        REPORTED.contains(&division.code.as_str())
    }
}

/// All divisions in the order of their codes, and the district of each part of the area.
pub struct Layout {
    pub sites: Vec<Site>,
    /// The first site of each town, by district and town; the last entry of each district is the end.
    pub first_of_town: Vec<Vec<usize>>,
    /// The district of each H3 cell of resolution 8. No cell has sites of two districts.
    pub owners: HashMap<CellIndex, usize>,
}

/// Returns the centre of a block.
fn centre_of((i, j): (i32, i32)) -> Point {
    let half = f64::from(BLOCK - 1) / 2.0;
    from_ridges((f64::from(i * BLOCK) + half) * ALONG, (f64::from(j * BLOCK) + half) * ACROSS)
}

/// Returns the block that contains a point.
fn block_at(p: Point) -> (i32, i32) {
    let (u, v) = along_ridges(p);
    let block = |c: f64, step: f64| (c / step / f64::from(BLOCK)).floor() as i32;
    (block(u, ALONG), block(v, ACROSS))
}

fn cell_8(p: Point) -> Option<CellIndex> {
    let (lon, lat) = in_degrees(p);
    Position::new(lon, lat).ok().map(|p| cell_of(p, Resolution::Eight))
}

fn is_in([west, south, east, north]: [f64; 4], (lon, lat): (f64, f64)) -> bool {
    (west..=east).contains(&lon) && (south..=north).contains(&lat)
}

/// Returns whether a point is in the core of its group of districts.
pub fn is_core(p: Point) -> bool {
    is_in(CORE, fold(in_degrees(p)))
}

/// The blocks, cells and places that are already allocated.
struct Allocation<'g> {
    ground: &'g Ground,
    blocks: HashSet<(i32, i32)>,
    owners: HashMap<CellIndex, usize>,
    /// Sites by squares of one kilometre.
    squares: HashMap<(i32, i32), Vec<Point>>,
}

/// Minimum distance between villages, and between villages and communities, metres.
const MIN_VILLAGE_DISTANCE: f64 = 950.0;
const SQUARE: f64 = 1000.0;

impl Allocation<'_> {
    fn owned_by_other(&self, district: usize, p: Point) -> bool {
        cell_8(p).is_none_or(|cell| self.owners.get(&cell).is_some_and(|&owner| owner != district))
    }

    fn take(&mut self, district: usize, p: Point) {
        if let Some(cell) = cell_8(p) {
            self.owners.insert(cell, district);
        }
        self.squares.entry(Self::square(p)).or_default().push(p);
    }

    fn square(p: Point) -> (i32, i32) {
        ((p.x / SQUARE).floor() as i32, (p.y / SQUARE).floor() as i32)
    }

    fn is_crowded(&self, p: Point) -> bool {
        let (x, y) = Self::square(p);
        (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy))).any(|square| {
            self.squares.get(&square).is_some_and(|list| list.iter().any(|q| q.distance(p) < MIN_VILLAGE_DISTANCE))
        })
    }

    fn slope(&self, p: Point) -> f64 {
        let h = |dx: f64, dy: f64| self.ground.height(Point { x: p.x + dx, y: p.y + dy });
        ((h(150.0, 0.0) - h(-150.0, 0.0)) / 300.0).hypot((h(0.0, 150.0) - h(0.0, -150.0)) / 300.0)
    }

    /// Returns free blocks around a point, easiest to reach first. Excludes water, cliffs and the area of other
    /// districts.
    fn candidates(&self, district: usize, around: Point, wanted: usize) -> Vec<(f64, (i32, i32))> {
        let area = f64::from(BLOCK * BLOCK) * ALONG * ACROSS;
        let radius = 2.3 * (wanted as f64 * area / std::f64::consts::PI).sqrt() + 2500.0;
        let (i0, j0) = block_at(around);
        let (di, dj) =
            ((radius / ALONG / f64::from(BLOCK)) as i32 + 1, (radius / ACROSS / f64::from(BLOCK)) as i32 + 1);
        let mut list = Vec::new();
        for i in i0 - di..=i0 + di {
            for j in j0 - dj..=j0 + dj {
                let p = centre_of((i, j));
                let away = p.distance(around);
                if away > radius || self.ground.bank(p) < 230.0 || self.blocks.contains(&(i, j)) {
                    continue;
                }
                let slope = self.slope(p);
                if slope > 0.5 || self.owned_by_other(district, p) {
                    continue;
                }
                // A river in between counts as some additional kilometres.
                let wet = (1..8).any(|k| self.ground.is_water(around.towards(p, f64::from(k) / 8.0)));
                list.push((away * (1.0 + 2.5 * slope) + if wet { 3500.0 } else { 0.0 }, (i, j)));
            }
        }
        list.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        list
    }

    /// Allocates the next free block of a list.
    fn next_block(
        &mut self,
        district: usize,
        list: &mut impl Iterator<Item = (f64, (i32, i32))>,
    ) -> Option<(i32, i32)> {
        let found =
            list.find(|(_, block)| !self.blocks.contains(block) && !self.owned_by_other(district, centre_of(*block)))?;
        self.blocks.insert(found.1);
        self.take(district, centre_of(found.1));
        Some(found.1)
    }
}

/// Computes the positions of all divisions.
#[must_use]
pub fn lay_out(seed: u64, districts: &[District], ground: &Ground) -> Layout {
    let mut allocation = Allocation { ground, blocks: HashSet::new(), owners: HashMap::new(), squares: HashMap::new() };
    let seats: Vec<Point> = districts.iter().map(|d| on_plane(d.seat)).collect();
    let blocks_of_seats = seat_blocks(districts, &seats, &mut allocation);
    let centres = town_centres(seed, districts, &seats, &mut allocation);
    // Communities of sub-districts get the blocks around the seat, grouped by location. Other communities are around
    // their town.
    let mut blocks: HashMap<(usize, usize), Vec<(i32, i32)>> = HashMap::new();
    for (d, district) in districts.iter().enumerate() {
        let mut near = blocks_of_seats[d].clone();
        near.sort_by_key(|&block| hilbert_index(block, block_at(seats[d])));
        let mut near = near.into_iter();
        for (t, town) in district.towns.iter().enumerate() {
            let wanted = town.divisions.iter().filter(|x| !x.is_village).count();
            let found: Vec<(i32, i32)> = match centres[d][t] {
                None => near.by_ref().take(wanted).collect(),
                Some(centre) => {
                    let mut list = allocation.candidates(d, centre, wanted).into_iter();
                    (0..wanted).filter_map(|_| allocation.next_block(d, &mut list)).collect()
                }
            };
            blocks.insert((d, t), found);
        }
    }
    let mut layout = Layout { sites: Vec::new(), first_of_town: Vec::new(), owners: HashMap::new() };
    for (d, district) in districts.iter().enumerate() {
        let mut firsts = Vec::with_capacity(district.towns.len() + 1);
        for (t, town) in district.towns.iter().enumerate() {
            firsts.push(layout.sites.len());
            let own = &blocks[&(d, t)];
            let hub = match (centres[d][t], own.as_slice()) {
                (Some(centre), _) => centre,
                (None, []) => seats[d],
                (None, list) => mean(list.iter().map(|&b| centre_of(b))),
            };
            let mut own = own.iter();
            let mut random = Random::of(seed, 2, town.code.parse().unwrap_or_default());
            let mut spiral = Spiral::new(district.group.region(), hub, &mut random);
            for (n, division) in town.divisions.iter().enumerate() {
                let block = if division.is_village { None } else { own.next().copied() };
                let centre = match block {
                    Some(block) => centre_of(block),
                    // A community without a free block is placed like a village.
                    None => spiral.next_site(d, &mut random, &mut allocation),
                };
                layout.sites.push(Site { district: d, town: t, division: n, centre, block });
            }
        }
        firsts.push(layout.sites.len());
        layout.first_of_town.push(firsts);
    }
    layout.owners = allocation.owners;
    layout
}

/// Allocates the blocks of communities in sub-districts. Districts take turns, so that neighbouring districts share the
/// area.
fn seat_blocks(districts: &[District], seats: &[Point], allocation: &mut Allocation<'_>) -> Vec<Vec<(i32, i32)>> {
    let wanted: Vec<usize> = districts
        .iter()
        .map(|d| {
            let near = d.towns.iter().filter(|t| t.is_subdistrict());
            near.flat_map(|t| &t.divisions).filter(|x| !x.is_village).count()
        })
        .collect();
    let mut lists: Vec<_> =
        (0..districts.len()).map(|d| allocation.candidates(d, seats[d], wanted[d]).into_iter()).collect();
    let mut blocks = vec![Vec::new(); districts.len()];
    let mut open: Vec<usize> = (0..districts.len()).filter(|&d| wanted[d] > 0).collect();
    while !open.is_empty() {
        open.retain(|&d| match allocation.next_block(d, &mut lists[d]) {
            Some(block) => {
                blocks[d].push(block);
                blocks[d].len() < wanted[d]
            }
            None => false,
        });
    }
    blocks
}

/// Chooses the centres of towns and townships: far from each other, and closer to their own seat than to others.
/// Sub-districts have no centre.
fn town_centres(
    seed: u64,
    districts: &[District],
    seats: &[Point],
    allocation: &mut Allocation<'_>,
) -> Vec<Vec<Option<Point>>> {
    /// Approximate area of a town, square metres.
    const LAND: f64 = 65e6;
    // The towns of the current group. Other groups are in other areas.
    let mut all: Vec<Point> = Vec::new();
    let mut group = Group::REAL;
    let mut centres: Vec<Vec<Option<Point>>> = districts.iter().map(|d| vec![None; d.towns.len()]).collect();
    for (d, district) in districts.iter().enumerate() {
        if district.group != group {
            (group, all) = (district.group, Vec::new());
        }
        let mut random = Random::of(seed, 3, d as u64);
        let towns = district.towns.iter().filter(|t| !t.is_subdistrict()).count();
        let radius = 1.2 * (towns as f64 * LAND / std::f64::consts::PI).sqrt() + 7000.0;
        for (t, town) in district.towns.iter().enumerate() {
            if town.is_subdistrict() {
                continue;
            }
            let mut best: Option<(f64, Point)> = None;
            // Districts with seats close together extend into each other's surroundings.
            for slack in [0.0, 6000.0, 15_000.0, 40_000.0] {
                for _ in 0..40 {
                    let (angle, away) =
                        (random.between(0.0, std::f64::consts::TAU), (radius + slack) * random.unit().sqrt());
                    let p = Point { x: seats[d].x + away * angle.cos(), y: seats[d].y + away * angle.sin() };
                    let others = seats.iter().enumerate().filter(|(o, _)| *o != d).map(|(_, s)| s.distance(p));
                    let fits = is_in(district.group.region(), in_degrees(p))
                        && away < others.fold(f64::MAX, f64::min) + slack
                        && allocation.ground.bank(p) > 350.0
                        && !allocation.owned_by_other(d, p);
                    if fits {
                        let alone = all.iter().map(|q| q.distance(p)).fold(away, f64::min);
                        let score = alone.min(9000.0) * (1.0 - 1.5 * allocation.slope(p)).max(0.05);
                        if best.is_none_or(|(s, _)| score > s) {
                            best = Some((score, p));
                        }
                    }
                }
                if best.is_some_and(|(score, _)| score > 1800.0) {
                    break;
                }
            }
            let centre = best.map_or(seats[d], |(_, p)| p);
            all.push(centre);
            if let Some(cell) = cell_8(centre) {
                allocation.owners.entry(cell).or_insert(d);
            }
            centres[d][t] = Some(centre);
        }
    }
    centres
}

fn mean(points: impl Iterator<Item = Point>) -> Point {
    let (mut x, mut y, mut n) = (0.0, 0.0, 0.0);
    for p in points {
        (x, y, n) = (x + p.x, y + p.y, n + 1.0);
    }
    Point { x: x / f64::max(n, 1.0), y: y / f64::max(n, 1.0) }
}

/// Returns the index of a block on a Hilbert curve around `middle`, so that blocks close on the curve are close on the
/// ground.
fn hilbert_index((i, j): (i32, i32), (mi, mj): (i32, i32)) -> u64 {
    let side = |c: i32, middle: i32| (c - middle + (1 << 15)).clamp(0, (1 << 16) - 1) as u16;
    u64::from(fast_hilbert::xy2h(side(i, mi), side(j, mj), 16))
}

/// Places in a region, around a hub, along a golden-angle spiral, with uniform density.
struct Spiral {
    region: [f64; 4],
    hub: Point,
    phase: f64,
    step: u32,
}

impl Spiral {
    /// Approximate distance between turns, metres.
    const SPACING: f64 = 1250.0;
    const GOLDEN_ANGLE: f64 = 2.399_963_229_728_653;

    fn new(region: [f64; 4], hub: Point, random: &mut Random) -> Self {
        Self { region, hub, phase: random.between(0.0, std::f64::consts::TAU), step: 0 }
    }

    fn next_site(&mut self, district: usize, random: &mut Random, allocation: &mut Allocation<'_>) -> Point {
        let mut found = self.hub;
        for _ in 0..2000 {
            let n = f64::from(self.step);
            self.step += 1;
            let (angle, away) = (self.phase + n * Self::GOLDEN_ANGLE, Self::SPACING * (n + 0.35).sqrt());
            let ideal = Point { x: self.hub.x + away * angle.cos(), y: self.hub.y + away * angle.sin() };
            let tries = (0..3).map(|_| Point {
                x: ideal.x + random.between(-260.0, 260.0),
                y: ideal.y + random.between(-260.0, 260.0),
            });
            let best = tries
                .collect::<Vec<_>>()
                .into_iter()
                .filter(|&p| {
                    is_in(self.region, in_degrees(p))
                        && allocation.ground.bank(p) > 150.0
                        && !allocation.is_crowded(p)
                        && !allocation.owned_by_other(district, p)
                })
                .map(|p| (allocation.slope(p), p))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, p)) = best {
                found = p;
                break;
            }
        }
        allocation.take(district, found);
        found
    }
}

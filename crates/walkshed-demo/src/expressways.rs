//! Expressways through the core, closed to pedestrians. On the ground they cut the streets except for a few crossings.
//! Streets pass below their viaducts, and a part of each is in a tunnel.

use super::crossings::{Axis, Crossing, Crossings};
use super::ground::{Point, along_ridges, from_ridges};
use super::groups::Group;
use super::landmarks::LandmarkKind;
use super::layout::{ACROSS, ALONG, BLOCK, Layout, is_core};
use super::places::District;
use super::random::Random;
use super::streets::builder::{PendingLandmark, StreetBuilder, Way};
use super::streets::index::{meet, squares};
use super::streets::tags::{Class, Layer, Placement};
use crate::layout::Key;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The construction of a part of an expressway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Construction {
    OnGround,
    OnViaduct(Layer),
    InTunnel,
}

/// An expressway: between two rows of blocks, from one block to another.
struct Expressway {
    axis: Axis,
    /// The row of blocks before it.
    row: i32,
    first: i32,
    /// By block, starting with the first.
    construction: Vec<Construction>,
    /// Crossing types by street number, counted from the start of block 0.
    crossings: BTreeMap<i32, Crossing>,
    name: String,
}

/// All expressways of a city.
pub struct Expressways(Vec<Expressway>);

/// Maximum number of expressways in each direction, and minimum number of blocks between two.
const MAX_EXPRESSWAYS: [(Axis, usize); 2] = [(Axis::Along, 4), (Axis::Across, 3)];
const MIN_BLOCKS_BETWEEN: i32 = 7;
/// Maximum gap between blocks along an expressway, in blocks.
const GAP: i32 = 14;
const NAMES: [&str; 7] =
    ["内环快速路", "北城快速路", "南城快速路", "东环快速路", "西环快速路", "机场快速路", "滨江快速路"];
/// The construction pattern, repeated along an expressway, with the number of blocks.
const PATTERN: [(Construction, i32); 5] = [
    (Construction::OnGround, 3),
    (Construction::OnViaduct(Layer::Two), 2),
    (Construction::InTunnel, 1),
    (Construction::OnGround, 3),
    (Construction::OnViaduct(Layer::Two), 1),
];

/// Chooses the expressways of every group of districts.
#[must_use]
pub fn plan(seed: u64, districts: &[District], layout: &Layout) -> Expressways {
    let mut blocks: BTreeMap<Group, BTreeSet<(i32, i32)>> = BTreeMap::new();
    for site in layout.sites.iter().filter(|s| is_core(s.centre) && !s.is_reported(districts)) {
        blocks.entry(districts[site.district].group).or_default().extend(site.block);
    }
    let mut list = Vec::new();
    for blocks in blocks.values() {
        choose(seed, blocks, &mut list);
    }
    Expressways(list)
}

/// Adds the expressways of the core with these blocks.
fn choose(seed: u64, blocks: &BTreeSet<(i32, i32)>, list: &mut Vec<Expressway>) {
    for (axis, most) in MAX_EXPRESSWAYS {
        // By row, the blocks that have a neighbour in the next row.
        let mut rows: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for &(i, j) in blocks {
            let (row, step, behind) = match axis {
                Axis::Along => (j, i, (i, j + 1)),
                Axis::Across => (i, j, (i + 1, j)),
            };
            if blocks.contains(&behind) {
                rows.entry(row).or_default().push(step);
            }
        }
        let mut parts: Vec<(i32, Vec<i32>)> = rows.into_iter().map(|(row, steps)| (row, longest(steps))).collect();
        parts.sort_by_key(|(row, steps)| (std::cmp::Reverse(steps.len()), *row));
        let mut chosen: Vec<i32> = Vec::new();
        for (row, steps) in parts {
            if chosen.len() == most || steps.len() < 2 {
                break;
            }
            if chosen.iter().any(|c| (c - row).abs() < MIN_BLOCKS_BETWEEN) {
                continue;
            }
            chosen.push(row);
            let number = list.len();
            list.push(Expressway::new(seed, (axis, row), &steps, number));
        }
    }
}

/// Returns the longest run of a row without a gap longer than [`GAP`].
fn longest(mut steps: Vec<i32>) -> Vec<i32> {
    steps.sort_unstable();
    let parts = steps.chunk_by(|a, b| b - a <= GAP);
    parts.max_by_key(|part| part.len()).map(<[i32]>::to_vec).unwrap_or_default()
}

impl Expressway {
    fn new(seed: u64, (axis, row): (Axis, i32), steps: &[i32], number: usize) -> Self {
        let mut random = Random::of(seed, 104, number as u64);
        let (first, last) = (steps[0], steps[steps.len() - 1]);
        let layer = *random.pick(&[Layer::One, Layer::Two, Layer::Three]);
        let turns = PATTERN
            .iter()
            .cycle()
            .flat_map(|&(construction, blocks)| std::iter::repeat_n(construction, blocks as usize));
        let raised = |construction| {
            if matches!(construction, Construction::OnViaduct(_)) {
                Construction::OnViaduct(layer)
            } else {
                construction
            }
        };
        let construction: Vec<Construction> = turns.map(raised).take((last - first + 1) as usize).collect();
        let mut crossings = BTreeMap::new();
        for (block, _) in (first..).zip(&construction).filter(|(_, b)| **b == Construction::OnGround) {
            for street in 0..BLOCK {
                let crossing = match (street == BLOCK / 2, random.below(100)) {
                    (true, 0..=49) => Crossing::Street,
                    (true, 50..=74) | (false, 0..=4) => Crossing::Underpass,
                    (true, _) | (false, 5..=9) => Crossing::Footbridge,
                    _ => Crossing::Closed,
                };
                crossings.insert(block * BLOCK + street, crossing);
            }
        }
        let name = NAMES[number % NAMES.len()].to_owned();
        Self { axis, row, first, construction, crossings, name }
    }

    /// Returns a place on the lattice: `step` streets along, and `aside` streets to the side of the row before it.
    fn at(&self, step: f64, aside: f64) -> Point {
        let side = f64::from(self.row * BLOCK + BLOCK - 1) + aside;
        match self.axis {
            Axis::Along => from_ridges(step * ALONG, side * ACROSS),
            Axis::Across => from_ridges(side * ALONG, step * ACROSS),
        }
    }

    /// Returns the lattice key before it, at a step.
    fn key_before(&self, step: i32) -> Key {
        let side = self.row * BLOCK + BLOCK - 1;
        match self.axis {
            Axis::Along => (step, side),
            Axis::Across => (side, step),
        }
    }

    /// Returns the axis of the streets that cross it.
    fn crossed_by(&self) -> Axis {
        match self.axis {
            Axis::Along => Axis::Across,
            Axis::Across => Axis::Along,
        }
    }

    fn key_behind(&self, step: i32) -> Key {
        let (i, j) = self.key_before(step);
        match self.axis {
            Axis::Along => (i, j + 1),
            Axis::Across => (i + 1, j),
        }
    }

    /// Returns the construction between a step and the next.
    fn built_at(&self, step: i32) -> Construction {
        let block = (step.div_euclid(BLOCK) - self.first) as usize;
        let under = |s: i32| self.crossings.get(&s) == Some(&Crossing::Street);
        let construction = self.construction.get(block).copied().unwrap_or(Construction::OnGround);
        if construction == Construction::OnGround && (under(step) || under(step + 1)) {
            Construction::OnViaduct(Layer::One)
        } else {
            construction
        }
    }

    /// Returns the first and the last step.
    fn ends(&self) -> (i32, i32) {
        let last = self.first + self.construction.len() as i32 - 1;
        (self.first * BLOCK, last * BLOCK + BLOCK - 1)
    }
}

impl Expressways {
    /// Returns the crossing types of all streets.
    #[must_use]
    pub fn crossings(&self) -> Crossings {
        let of = |e: &Expressway| {
            e.crossings.iter().map(|(&step, &c)| ((e.key_before(step), e.crossed_by()), c)).collect::<Vec<_>>()
        };
        Crossings(self.0.iter().flat_map(of).collect())
    }
}

/// A segment of an expressway before it becomes part of a way.
struct Piece {
    nodes: [u32; 2],
    placement: Placement,
}

impl StreetBuilder<'_> {
    /// Adds underpasses and footbridges.
    pub fn cross_expressways(&mut self) {
        let planned: Vec<_> = self.crossings.0.iter().map(|(at, crossing)| (*at, *crossing)).collect();
        for (((i, j), axis), crossing) in planned {
            let beyond = if axis == Axis::Along { (i + 1, j) } else { (i, j + 1) };
            let (Some(&a), Some(&b)) = (self.lattice.get(&(i, j)), self.lattice.get(&beyond)) else { continue };
            match crossing {
                Crossing::Underpass => self.way(vec![a, b], Class::Lane, Placement::InTunnel, None),
                Crossing::Footbridge => {
                    // Halfway between the rows, wherever the two nodes are.
                    let (p, q) = (self.at(a), self.at(b));
                    let aside = |p: Point| if axis == Axis::Along { along_ridges(p).0 } else { along_ridges(p).1 };
                    let line =
                        if axis == Axis::Along { (f64::from(i) + 0.5) * ALONG } else { (f64::from(j) + 0.5) * ACROSS };
                    let t = ((line - aside(p)) / (aside(q) - aside(p))).clamp(0.15, 0.85);
                    let (up, down) = (f64::max(t - 0.25, t / 2.0), f64::min(t + 0.25, f64::midpoint(t, 1.0)));
                    let (up, down) = (self.add(p.towards(q, up)), self.add(p.towards(q, down)));
                    self.way(vec![a, up], Class::Steps, Placement::OnGround, None);
                    self.way(vec![up, down], Class::Footbridge, Placement::OnGround, None);
                    self.way(vec![down, b], Class::Steps, Placement::OnGround, None);
                }
                Crossing::Closed | Crossing::Street => {}
            }
        }
    }

    /// Adds the expressways. They are added last, and pass over every street in their way.
    pub fn expressways(&mut self, expressways: &Expressways) {
        let mut pieces: Vec<(usize, Piece)> = Vec::new();
        for (number, e) in expressways.0.iter().enumerate() {
            let (first, last) = e.ends();
            let nodes: Vec<u32> = (first..=last).map(|step| self.add(e.at(f64::from(step), 0.5))).collect();
            for (step, pair) in (first..).zip(nodes.windows(2)) {
                let wet = [0.0, 0.5, 1.0]
                    .iter()
                    .any(|t| self.ground.is_water(self.at(pair[0]).towards(self.at(pair[1]), *t)));
                let placement = match e.built_at(step) {
                    _ if wet => Placement::OnBridge(Layer::One),
                    Construction::OnGround => Placement::OnGround,
                    Construction::OnViaduct(layer) => Placement::OnViaduct(layer),
                    Construction::InTunnel => Placement::InTunnel,
                };
                pieces.push((number, Piece { nodes: [pair[0], pair[1]], placement }));
            }
            self.interchanges(e, &nodes);
            self.beside(e, number);
        }
        self.raise_above_streets(&mut pieces);
        for of_one in pieces.chunk_by(|a, b| a.0 == b.0 && a.1.placement == b.1.placement) {
            let mut nodes = vec![of_one[0].1.nodes[0]];
            nodes.extend(of_one.iter().map(|(_, piece)| piece.nodes[1]));
            let name = self.name(expressways.0[of_one[0].0].name.clone());
            self.way(nodes, Class::Expressway, of_one[0].1.placement, Some(name));
        }
    }

    /// Adds slip roads to the streets that pass below, and at both ends.
    fn interchanges(&mut self, e: &Expressway, nodes: &[u32]) {
        let (first, last) = e.ends();
        let mut slip = |street: i32, join: i32| {
            let Some(&from) = self.lattice.get(&e.key_before(street)) else { return };
            let Some(&onto) = nodes.get((join - first) as usize) else { return };
            let via = self.add(e.at(f64::from(street + join) / 2.0, 0.35));
            self.way(vec![from, via, onto], Class::ExpresswayLink, Placement::OnGround, None);
        };
        for (&street, _) in e.crossings.iter().filter(|(_, c)| **c == Crossing::Street) {
            if street.rem_euclid(2 * BLOCK) == BLOCK / 2 {
                slip(street, street + 3);
            }
        }
        slip(first + BLOCK / 2, first);
        slip(last - BLOCK / 2, last);
    }

    /// Adds landmarks where a street ends at the expressway and continues behind it.
    fn beside(&mut self, e: &Expressway, number: usize) {
        let closed = e.crossings.iter().filter(|(_, c)| **c == Crossing::Closed).filter_map(|(&step, _)| {
            Some((*self.lattice.get(&e.key_before(step))?, *self.lattice.get(&e.key_behind(step))?))
        });
        // Every eleventh.
        let places: Vec<(u32, u32)> = closed.step_by(11).collect();
        for (here, there) in places {
            self.landmarks.push(PendingLandmark {
                kind: LandmarkKind::Expressway,
                site: None,
                name: NAMES[number % NAMES.len()].to_owned(),
                floor: 0,
                places: vec![self.at(here)],
                people: 0.0,
                street: there,
            });
        }
    }

    /// Turns segments on the ground that a street crosses into viaducts.
    fn raise_above_streets(&self, pieces: &mut [(usize, Piece)]) {
        let mut grid: HashMap<(i32, i32), Vec<usize>> = HashMap::new();
        for (n, (_, piece)) in
            pieces.iter().enumerate().filter(|(_, (_, piece))| piece.placement == Placement::OnGround)
        {
            let [a, b] = piece.nodes.map(|n| self.at(n));
            squares(a, b).for_each(|square| grid.entry(square).or_default().push(n));
        }
        let is_street =
            |w: &&Way| w.class.is_walkable() && w.placement == Placement::OnGround && w.class != Class::Footbridge;
        let streets =
            self.ways.iter().filter(is_street).flat_map(|w| w.nodes.windows(2)).map(|pair| (pair[0], pair[1]));
        // Of two crossing expressways, the later one passes over.
        let others = pieces.iter().map(|(number, piece)| (piece.nodes.into(), *number)).collect::<Vec<_>>();
        let all = streets.map(|ends| (ends, None)).chain(others.into_iter().map(|(ends, number)| (ends, Some(number))));
        for ((a, b), below) in all {
            let (a, b) = (self.at(a), self.at(b));
            for &n in squares(a, b).filter_map(|square| grid.get(&square)).flatten() {
                let (number, piece) = &mut pieces[n];
                let [c, d] = piece.nodes.map(|n| self.at(n));
                if below.is_none_or(|b| b < *number) && meet((a, b), (c, d)) {
                    piece.placement = Placement::OnViaduct(Layer::One);
                }
            }
        }
    }
}

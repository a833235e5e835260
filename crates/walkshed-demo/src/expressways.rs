//! Expressways through the core, closed to walkers. On the ground they cut the streets except for a few crossings; streets pass
//! below their viaducts; a part of each lies in a tunnel.

use super::ground::{Point, along_ridges, from_ridges};
use super::landmarks::LandmarkKind;
use super::layout::{ACROSS, ALONG, BLOCK, Layout, is_core};
use super::places::District;
use super::random::Random;
use super::streets::index::{meet, squares};
use super::streets::{Class, Draft, DraftLandmark, Key, Layer, Lies, Way};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A direction: along the ridges or across them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    Along,
    Across,
}

/// How one crosses an expressway that lies on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// Not at all.
    Closed,
    /// By the street, over which the expressway passes.
    Street,
    Underpass,
    Footbridge,
}

/// What becomes of the lattice edges that cross an expressway, by their first key and their axis.
pub struct Crossings(BTreeMap<(Key, Axis), Crossing>);

impl Crossings {
    /// Is the street from a node to the next one closed?
    pub fn cuts(&self, key: Key, axis: Axis) -> bool {
        self.0.get(&(key, axis)).is_some_and(|c| *c != Crossing::Street)
    }
}

/// How a part of an expressway is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Built {
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
    /// By block from the first on.
    built: Vec<Built>,
    /// How one crosses it, by the number of the street from the beginning of block 0 on.
    crossings: BTreeMap<i32, Crossing>,
    name: String,
}

/// All expressways of a city.
pub struct Expressways(Vec<Expressway>);

/// The maximum number of expressways in each direction, and the minimum number of blocks between two.
const MOST: [(Axis, usize); 2] = [(Axis::Along, 4), (Axis::Across, 3)];
const APART: i32 = 7;
/// The longest gap without blocks along one expressway, in blocks.
const GAP: i32 = 14;
const NAMES: [&str; 7] =
    ["内环快速路", "北城快速路", "南城快速路", "东环快速路", "西环快速路", "机场快速路", "滨江快速路"];
/// How many blocks are built in which way, repeated along an expressway.
const TURNS: [(Built, i32); 5] = [
    (Built::OnGround, 3),
    (Built::OnViaduct(Layer::Two), 2),
    (Built::InTunnel, 1),
    (Built::OnGround, 3),
    (Built::OnViaduct(Layer::Two), 1),
];

/// Where expressways run.
#[must_use]
pub fn plan(seed: u64, districts: &[District], layout: &Layout) -> Expressways {
    let sites = layout.sites.iter().filter(|s| is_core(s.centre) && !super::is_reported(districts, s));
    let blocks: BTreeSet<(i32, i32)> = sites.filter_map(|s| s.block).collect();
    let mut list: Vec<Expressway> = Vec::new();
    for (axis, most) in MOST {
        // Blocks that have a neighbour in the next row, by row.
        let mut rows: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for &(i, j) in &blocks {
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
            if chosen.iter().any(|c| (c - row).abs() < APART) {
                continue;
            }
            chosen.push(row);
            let number = list.len();
            list.push(Expressway::new(seed, (axis, row), &steps, number));
        }
    }
    Expressways(list)
}

/// The longest run of a row without a gap longer than [`GAP`].
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
        let turns = TURNS.iter().cycle().flat_map(|&(built, blocks)| std::iter::repeat_n(built, blocks as usize));
        let raised = |built| if matches!(built, Built::OnViaduct(_)) { Built::OnViaduct(layer) } else { built };
        let built: Vec<Built> = turns.map(raised).take((last - first + 1) as usize).collect();
        let mut crossings = BTreeMap::new();
        for (block, _) in (first..).zip(&built).filter(|(_, b)| **b == Built::OnGround) {
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
        Self { axis, row, first, built, crossings, name }
    }

    /// A place on the lattice, `step` streets on and `aside` streets to the side of the row before it.
    fn at(&self, step: f64, aside: f64) -> Point {
        let side = f64::from(self.row * BLOCK + BLOCK - 1) + aside;
        match self.axis {
            Axis::Along => from_ridges(step * ALONG, side * ACROSS),
            Axis::Across => from_ridges(side * ALONG, step * ACROSS),
        }
    }

    /// The key of the lattice before it, at a step.
    fn key_before(&self, step: i32) -> Key {
        let side = self.row * BLOCK + BLOCK - 1;
        match self.axis {
            Axis::Along => (step, side),
            Axis::Across => (side, step),
        }
    }

    /// Which way streets go across it.
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

    /// How the piece from a step to the next is built.
    fn built_at(&self, step: i32) -> Built {
        let block = (step.div_euclid(BLOCK) - self.first) as usize;
        let under = |s: i32| self.crossings.get(&s) == Some(&Crossing::Street);
        let built = self.built.get(block).copied().unwrap_or(Built::OnGround);
        if built == Built::OnGround && (under(step) || under(step + 1)) { Built::OnViaduct(Layer::One) } else { built }
    }

    /// The first and the last step.
    fn ends(&self) -> (i32, i32) {
        let last = self.first + self.built.len() as i32 - 1;
        (self.first * BLOCK, last * BLOCK + BLOCK - 1)
    }
}

impl Expressways {
    /// What becomes of the streets that cross.
    #[must_use]
    pub fn crossings(&self) -> Crossings {
        let of = |e: &Expressway| {
            e.crossings.iter().map(|(&step, &c)| ((e.key_before(step), e.crossed_by()), c)).collect::<Vec<_>>()
        };
        Crossings(self.0.iter().flat_map(of).collect())
    }
}

/// A piece of an expressway on its way into the extract.
struct Piece {
    nodes: [u32; 2],
    lies: Lies,
}

impl Draft<'_> {
    /// Underpasses and footbridges.
    pub fn cross_expressways(&mut self) {
        let planned: Vec<_> = self.crossings.0.iter().map(|(at, crossing)| (*at, *crossing)).collect();
        for (((i, j), axis), crossing) in planned {
            let beyond = if axis == Axis::Along { (i + 1, j) } else { (i, j + 1) };
            let (Some(&a), Some(&b)) = (self.lattice.get(&(i, j)), self.lattice.get(&beyond)) else { continue };
            match crossing {
                Crossing::Underpass => self.way(vec![a, b], Class::Lane, Lies::InTunnel, None),
                Crossing::Footbridge => {
                    // Half way between the rows, wherever the two nodes lie.
                    let (p, q) = (self.at(a), self.at(b));
                    let aside = |p: Point| if axis == Axis::Along { along_ridges(p).0 } else { along_ridges(p).1 };
                    let line =
                        if axis == Axis::Along { (f64::from(i) + 0.5) * ALONG } else { (f64::from(j) + 0.5) * ACROSS };
                    let t = ((line - aside(p)) / (aside(q) - aside(p))).clamp(0.15, 0.85);
                    let (up, down) = (f64::max(t - 0.25, t / 2.0), f64::min(t + 0.25, f64::midpoint(t, 1.0)));
                    let (up, down) = (self.add(p.towards(q, up)), self.add(p.towards(q, down)));
                    self.way(vec![a, up], Class::Steps, Lies::OnGround, None);
                    self.way(vec![up, down], Class::Footbridge, Lies::OnGround, None);
                    self.way(vec![down, b], Class::Steps, Lies::OnGround, None);
                }
                Crossing::Closed | Crossing::Street => {}
            }
        }
    }

    /// The expressways themselves. They are drawn last, and pass over every street in their way.
    pub fn expressways(&mut self, expressways: &Expressways) {
        let mut pieces: Vec<(usize, Piece)> = Vec::new();
        for (number, e) in expressways.0.iter().enumerate() {
            let (first, last) = e.ends();
            let nodes: Vec<u32> = (first..=last).map(|step| self.add(e.at(f64::from(step), 0.5))).collect();
            for (step, pair) in (first..).zip(nodes.windows(2)) {
                let wet = [0.0, 0.5, 1.0]
                    .iter()
                    .any(|t| self.ground.is_water(self.at(pair[0]).towards(self.at(pair[1]), *t)));
                let lies = match e.built_at(step) {
                    _ if wet => Lies::OnBridge(Layer::One),
                    Built::OnGround => Lies::OnGround,
                    Built::OnViaduct(layer) => Lies::OnViaduct(layer),
                    Built::InTunnel => Lies::InTunnel,
                };
                pieces.push((number, Piece { nodes: [pair[0], pair[1]], lies }));
            }
            self.interchanges(e, &nodes);
            self.beside(e, number);
        }
        self.raise_over_streets(&mut pieces);
        for of_one in pieces.chunk_by(|a, b| a.0 == b.0 && a.1.lies == b.1.lies) {
            let mut nodes = vec![of_one[0].1.nodes[0]];
            nodes.extend(of_one.iter().map(|(_, piece)| piece.nodes[1]));
            let name = self.name(expressways.0[of_one[0].0].name.clone());
            self.way(nodes, Class::Expressway, of_one[0].1.lies, Some(name));
        }
    }

    /// Slip roads to the streets that pass below, and at both ends.
    fn interchanges(&mut self, e: &Expressway, nodes: &[u32]) {
        let (first, last) = e.ends();
        let mut slip = |street: i32, join: i32| {
            let Some(&from) = self.lattice.get(&e.key_before(street)) else { return };
            let Some(&onto) = nodes.get((join - first) as usize) else { return };
            let via = self.add(e.at(f64::from(street + join) / 2.0, 0.35));
            self.way(vec![from, via, onto], Class::ExpresswayLink, Lies::OnGround, None);
        };
        for (&street, _) in e.crossings.iter().filter(|(_, c)| **c == Crossing::Street) {
            if street.rem_euclid(2 * BLOCK) == BLOCK / 2 {
                slip(street, street + 3);
            }
        }
        slip(first + BLOCK / 2, first);
        slip(last - BLOCK / 2, last);
    }

    /// Where a street ends at the expressway and goes on behind.
    fn beside(&mut self, e: &Expressway, number: usize) {
        let closed = e.crossings.iter().filter(|(_, c)| **c == Crossing::Closed).filter_map(|(&step, _)| {
            Some((*self.lattice.get(&e.key_before(step))?, *self.lattice.get(&e.key_behind(step))?))
        });
        // Every dozen or so.
        let places: Vec<(u32, u32)> = closed.step_by(11).collect();
        for (here, there) in places {
            self.landmarks.push(DraftLandmark {
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

    /// Pieces on the ground that a street crosses become viaducts.
    fn raise_over_streets(&self, pieces: &mut [(usize, Piece)]) {
        let mut grid: HashMap<(i32, i32), Vec<usize>> = HashMap::new();
        for (n, (_, piece)) in pieces.iter().enumerate().filter(|(_, (_, piece))| piece.lies == Lies::OnGround) {
            let [a, b] = piece.nodes.map(|n| self.at(n));
            squares(a, b).for_each(|square| grid.entry(square).or_default().push(n));
        }
        let is_street = |w: &&Way| w.class.is_walked() && w.lies == Lies::OnGround && w.class != Class::Footbridge;
        let streets =
            self.ways.iter().filter(is_street).flat_map(|w| w.nodes.windows(2)).map(|pair| (pair[0], pair[1]));
        // Of two expressways the later one passes over the other.
        let others = pieces.iter().map(|(number, piece)| (piece.nodes.into(), *number)).collect::<Vec<_>>();
        let all = streets.map(|ends| (ends, None)).chain(others.into_iter().map(|(ends, number)| (ends, Some(number))));
        for ((a, b), below) in all {
            let (a, b) = (self.at(a), self.at(b));
            for &n in squares(a, b).filter_map(|square| grid.get(&square)).flatten() {
                let (number, piece) = &mut pieces[n];
                let [c, d] = piece.nodes.map(|n| self.at(n));
                if below.is_none_or(|b| b < *number) && meet((a, b), (c, d)) {
                    piece.lies = Lies::OnViaduct(Layer::One);
                }
            }
        }
    }
}

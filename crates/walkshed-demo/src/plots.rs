//! The parts of blocks without streets: compounds, squares, and open ground below viaducts. A block has four quarters
//! between its main streets and its edges; a plot takes lattice nodes in part of a quarter.

use super::ground::{Ground, from_ridges};
use super::layout::{ACROSS, ALONG, BLOCK, Key, Layout, is_core};
use super::places::District;
use super::random::Random;
use std::collections::HashSet;

/// The use of a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlotUse {
    Compound,
    Square,
    Viaduct,
}

/// Lattice nodes without streets.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    pub site: usize,
    pub usage: PlotUse,
    /// The first and the last street across and along, inclusive.
    pub low: Key,
    pub high: Key,
}

impl Plot {
    /// Returns the number of streets across and along.
    #[must_use]
    pub const fn size(&self) -> (i32, i32) {
        (self.high.0 - self.low.0 + 1, self.high.1 - self.low.1 + 1)
    }

    /// Returns the lowest and the highest corner in lattice coordinates, `margin` streets outside its nodes.
    #[must_use]
    pub fn corners(&self, margin: f64) -> [(f64, f64); 2] {
        let key = |(i, j): Key, m: f64| ((f64::from(i) + m) * ALONG, (f64::from(j) + m) * ACROSS);
        [key(self.low, -margin), key(self.high, margin)]
    }

    fn keys(&self) -> impl Iterator<Item = Key> + use<> {
        let (low, high) = (self.low, self.high);
        (low.1..=high.1).flat_map(move |j| (low.0..=high.0).map(move |i| (i, j)))
    }
}

/// All plots of a city.
pub struct Plots {
    pub list: Vec<Plot>,
    keys: HashSet<Key>,
}

impl Plots {
    /// Returns whether a plot contains a lattice node.
    #[must_use]
    pub fn contains(&self, key: Key) -> bool {
        self.keys.contains(&key)
    }
}

/// Number of streets in a quarter.
const QUARTER: i32 = BLOCK / 2;
/// Percentage of quarters that are compounds: in the core, in other seats, in towns; and percentage with a square.
const COMPOUNDS: [usize; 3] = [68, 46, 18];
const SQUARES: usize = 4;
/// Possible numbers of streets across or along in a compound.
const SIDES: [i32; 8] = [4, 4, 4, 4, 4, 3, 3, 2];
/// Maximum height difference between two corners of a plot, metres.
const MAX_RISE: f64 = 55.0;

/// Chooses the plots, in addition to the open ground below viaducts. `below_viaducts` are the blocks below viaducts. The
/// blocks of centers with reported facts have no plots.
#[must_use]
pub fn plan(
    seed: u64,
    (districts, layout): (&[District], &Layout),
    ground: &Ground,
    open_ground: Vec<Plot>,
    below_viaducts: &HashSet<(i32, i32)>,
) -> Plots {
    let mut list = open_ground;
    for (s, site) in layout.sites.iter().enumerate() {
        let Some((bi, bj)) = site.block.filter(|_| !site.is_reported(districts)) else { continue };
        let zone = match (is_core(site.centre), districts[site.district].towns[site.town].is_subdistrict()) {
            (true, _) => 0,
            (_, true) => 1,
            _ => 2,
        };
        for quarter in 0..4 {
            let mut random = Random::of(seed, 100, (s * 4 + quarter) as u64);
            let (east, north) = (quarter % 2 == 1, quarter / 2 == 1);
            let start = |is_far: bool| if is_far { QUARTER + 1 } else { 0 };
            let (mut sides, usage) = match random.below(100) {
                n if n < COMPOUNDS[zone] => ((*random.pick(&SIDES), *random.pick(&SIDES)), PlotUse::Compound),
                n if n < COMPOUNDS[zone] + SQUARES => ((2, 1 + random.below(2) as i32), PlotUse::Square),
                _ => continue,
            };
            // A viaduct runs above the upper streets of the block.
            if north && below_viaducts.contains(&(bi, bj)) {
                continue;
            }
            sides = (sides.0.min(QUARTER), sides.1.min(QUARTER));
            let mut place = |side: i32| random.below((QUARTER - side + 1) as usize) as i32;
            let low = (bi * BLOCK + start(east) + place(sides.0), bj * BLOCK + start(north) + place(sides.1));
            let plot = Plot { site: s, usage, low, high: (low.0 + sides.0 - 1, low.1 + sides.1 - 1) };
            if is_level_and_dry(ground, &plot) {
                list.push(plot);
            }
        }
    }
    let keys = list.iter().flat_map(Plot::keys).collect();
    Plots { list, keys }
}

fn is_level_and_dry(ground: &Ground, plot: &Plot) -> bool {
    let [(u0, v0), (u1, v1)] = plot.corners(0.6);
    let corners = [(u0, v0), (u1, v0), (u0, v1), (u1, v1)].map(|(u, v)| from_ridges(u, v));
    let heights = corners.map(|p| ground.height(p));
    let rise = heights.iter().copied().fold(f64::MIN, f64::max) - heights.iter().copied().fold(f64::MAX, f64::min);
    rise < MAX_RISE && corners.iter().all(|&p| ground.bank(p) > 30.0)
}

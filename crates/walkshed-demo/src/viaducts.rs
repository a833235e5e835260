//! Streets on viaducts above the lanes of two to four blocks, with open ground below that is far from streets on the
//! ground.

use super::ground::{Point, from_ridges};
use super::landmarks::LandmarkKind;
use super::layout::{ACROSS, ALONG, BLOCK, Layout, is_core};
use super::places::District;
use super::plots::{Plot, PlotUse};
use super::random::Random;
use super::streets::builder::{PendingLandmark, StreetBuilder};
use super::streets::tags::{Class, Layer, Placement};
use crate::layout::Key;
use std::collections::BTreeMap;

/// A viaduct above a row of blocks.
pub struct Viaduct {
    /// The first block below it.
    block: (i32, i32),
    /// The sites of the blocks below it, in order.
    sites: Vec<usize>,
    layer: Layer,
    /// The block borders at which the ground below is open, by the index of the first block.
    open: Vec<usize>,
    name: String,
}

/// The viaduct runs between this street of a block and the next.
const STREET: i32 = 6;
/// Percentage of blocks at which a viaduct starts.
const START_PERCENT: usize = 9;

/// Chooses the viaducts: above rows of two to four blocks in the core.
#[must_use]
pub fn plan(seed: u64, districts: &[District], layout: &Layout) -> Vec<Viaduct> {
    let sites = layout.sites.iter().enumerate();
    let sites = sites.filter(|(_, site)| is_core(site.centre) && !site.is_reported(districts));
    // By row, then by position in the row.
    let blocks: BTreeMap<(i32, i32), usize> =
        sites.filter_map(|(s, site)| site.block.map(|(i, j)| ((j, i), s))).collect();
    let row_from = |(j, i): (i32, i32), most: i32| -> Vec<usize> {
        (0..most).map_while(|k| blocks.get(&(j, i + k)).copied()).collect()
    };
    let start_viaducts = |least: usize| {
        let mut list: Vec<Viaduct> = Vec::new();
        let mut free_from = (i32::MIN, i32::MIN);
        for (&(j, i), &site) in &blocks {
            let mut random = Random::of(seed, 103, site as u64);
            let most = 2 + random.below(3) as i32;
            let below = row_from((j, i), most);
            if (j, i) < free_from || below.len() < 2 || random.below(100) >= least {
                continue;
            }
            free_from = (j, i + below.len() as i32 + 1);
            let layer = *random.pick(&[Layer::One, Layer::Two, Layer::Three]);
            let open = (0..below.len() - 1).filter(|&k| k == 0 || random.chance(0.5)).collect();
            let name =
                format!("{}高架路", districts[layout.sites[site].district].towns[layout.sites[site].town].stem());
            list.push(Viaduct { block: (i, j), sites: below, layer, open, name });
        }
        list
    };
    // Even a small city has at least one.
    let list = start_viaducts(START_PERCENT);
    if list.is_empty() { start_viaducts(100).into_iter().take(1).collect() } else { list }
}

impl Viaduct {
    /// Iterates over the blocks below it, with their sites.
    pub fn blocks(&self) -> impl Iterator<Item = ((i32, i32), usize)> {
        let (i, j) = self.block;
        (i..).map(move |i| (i, j)).zip(self.sites.iter().copied())
    }

    /// Returns the open ground below it.
    pub fn plots(&self) -> impl Iterator<Item = Plot> {
        self.open.iter().flat_map(|&k| {
            let ((i, j), half) = (self.block, BLOCK / 2);
            let (i, low, high) = ((i + k as i32) * BLOCK, j * BLOCK + half + 1, j * BLOCK + BLOCK - 1);
            let west = Plot {
                site: self.sites[k],
                usage: PlotUse::Viaduct,
                low: (i + half + 1, low),
                high: (i + BLOCK - 1, high),
            };
            let east =
                Plot { site: self.sites[k + 1], low: (i + BLOCK, low), high: (i + BLOCK + half - 1, high), ..west };
            [west, east]
        })
    }

    fn place(&self, step: f64, aside: f64) -> Point {
        from_ridges(step * ALONG, (f64::from(self.block.1 * BLOCK + STREET) + 0.5) * ACROSS + aside)
    }

    /// Returns the streets across at which it starts and ends.
    fn ends(&self) -> (i32, i32) {
        (self.block.0 * BLOCK + 1, (self.block.0 + self.sites.len() as i32) * BLOCK - 2)
    }
}

impl StreetBuilder<'_> {
    /// Adds ramps from the streets at both ends, and the deck between them.
    pub fn viaducts(&mut self, viaducts: &[Viaduct]) {
        for viaduct in viaducts {
            let (first, last) = viaduct.ends();
            let row = viaduct.block.1 * BLOCK + STREET;
            let ends = [first, last].map(|i| self.street_near((i, row)));
            let [Some(from), Some(to)] = ends else { continue };
            let name = self.name(viaduct.name.clone());
            let deck: Vec<u32> = (first + 1..last).map(|i| self.add(viaduct.place(f64::from(i), 0.0))).collect();
            self.way(vec![from, deck[0]], Class::Elevated, Placement::OnGround, Some(name));
            self.way(vec![deck[deck.len() - 1], to], Class::Elevated, Placement::OnGround, Some(name));
            self.way(deck, Class::Elevated, Placement::OnBridge(viaduct.layer), Some(name));
            for &k in &viaduct.open {
                let border = f64::from((viaduct.block.0 + k as i32 + 1) * BLOCK) - 0.5;
                let places: Vec<Point> = [(0.0, 18.0), (1.6, -16.0), (-1.7, 20.0)]
                    .map(|(on, aside)| viaduct.place(border + on, aside))
                    .to_vec();
                let Some(street) = self.nearest_street(places[0]) else { continue };
                self.landmarks.push(PendingLandmark {
                    kind: LandmarkKind::Viaduct,
                    site: Some(viaduct.sites[k]),
                    name: viaduct.name.clone(),
                    floor: 0,
                    places,
                    people: 0.0,
                    street,
                });
            }
        }
    }

    /// Returns the lattice node at a key, or the nearest one within two streets.
    fn street_near(&self, key: Key) -> Option<u32> {
        let at = from_ridges(f64::from(key.0) * ALONG, f64::from(key.1) * ACROSS);
        self.lattice.get(&key).copied().or_else(|| self.near_on_lattice(at, 2.0 * ALONG))
    }

    /// Returns the lattice node nearest to a place, within a block.
    pub fn nearest_street(&self, p: Point) -> Option<u32> {
        self.near_on_lattice(p, 150.0).or_else(|| self.near_on_lattice(p, f64::from(BLOCK) * ALONG))
    }
}

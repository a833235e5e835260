//! Squares without a connection to a street: pedestrian areas a few metres from the surrounding streets, with shops.

use super::ground::{Point, from_ridges};
use super::landmarks::LandmarkKind;
use super::layout::{ACROSS, ALONG, Layout};
use super::places::District;
use super::plots::{Plot, PlotUse};
use super::random::Random;
use super::streets::builder::{PendingLandmark, StreetBuilder};
use super::streets::index::SegmentIndex;
use super::streets::tags::{Class, Placement};
use crate::layout::Key;

impl StreetBuilder<'_> {
    /// Adds the squares on their plots.
    pub fn squares(&mut self, districts: &[District], layout: &Layout) {
        let plots = self.plots;
        let streets = SegmentIndex::of(self, |_| true);
        for (n, plot) in plots.list.iter().enumerate().filter(|(_, p)| p.usage == PlotUse::Square) {
            let mut random = Random::of(self.seed, 102, n as u64);
            let site = &layout.sites[plot.site];
            let stem = districts[site.district].towns[site.town].stem();
            let word = *random.pick(&["广场", "市场", "文化广场", "坝子"]);
            self.square(plot, format!("{stem}{word}"), &streets, &mut random);
        }
    }

    fn square(&mut self, plot: &Plot, name: String, streets: &SegmentIndex, random: &mut Random) {
        // The surrounding street nodes, or the places where they would be.
        let (ring, walls): (Vec<Point>, Vec<bool>) = ring(plot)
            .map(|key| match self.lattice.get(&key) {
                Some(&node) => (self.at(node), false),
                None => (from_ridges(f64::from(key.0) * ALONG, f64::from(key.1) * ACROSS), self.plots.contains(key)),
            })
            .unzip();
        let n = ring.len() as f64;
        let middle =
            Point { x: ring.iter().map(|p| p.x).sum::<f64>() / n, y: ring.iter().map(|p| p.y).sum::<f64>() / n };
        let gap = random.between(4.0, 24.0);
        let mut edge = Vec::with_capacity(2 * ring.len() + 1);
        for (k, &p) in ring.iter().enumerate() {
            let inwards = |p: Point, metres: f64| p.towards(middle, (metres / p.distance(middle)).min(0.8));
            let next = (k + 1) % ring.len();
            // Compound walls extend beyond the paths of the compound.
            let wall = |is_walled: bool| if is_walled { 35.0 } else { 0.0 };
            edge.push(inwards(p, gap * 1.15 + wall(walls[k])));
            edge.push(inwards(
                p.towards(ring[next], 0.5),
                gap + random.between(0.0, 6.0) + wall(walls[k] || walls[next]),
            ));
        }
        if !streets.is_clear_of(&edge, 2.5) {
            return;
        }
        let places = [0.0, 0.45, 0.7].map(|t| middle.towards(ring[random.below(ring.len())], t)).to_vec();
        let Some(street) = self.nearest_street(middle) else { return };
        let mut edge: Vec<u32> = edge.into_iter().map(|p| self.add(p)).collect();
        edge.push(edge[0]);
        let name_index = self.name(name.clone());
        self.way(edge, Class::Square, Placement::OnGround, Some(name_index));
        self.landmarks.push(PendingLandmark {
            kind: LandmarkKind::Square,
            site: Some(plot.site),
            name,
            floor: 0,
            places,
            people: 0.0,
            street,
        });
    }
}

/// Returns the lattice nodes around a plot, counter-clockwise.
fn ring(plot: &Plot) -> impl Iterator<Item = Key> {
    let ((west, south), (east, north)) = ((plot.low.0 - 1, plot.low.1 - 1), (plot.high.0 + 1, plot.high.1 + 1));
    let south_side = (west..east).map(move |i| (i, south));
    let east_side = (south..north).map(move |j| (east, j));
    let north_side = (west + 1..=east).rev().map(move |i| (i, north));
    let west_side = (south + 1..=north).rev().map(move |j| (west, j));
    south_side.chain(east_side).chain(north_side).chain(west_side)
}

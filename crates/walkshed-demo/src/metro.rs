//! The metro: halls on the first underground storey and platforms on the second, below main streets of the core, with
//! stairs, escalators and lifts to the street, and a shopping passage from some halls.

use super::ground::{Point, along_ridges, from_ridges};
use super::landmarks::LandmarkKind;
use super::layout::{ALONG, BLOCK, Layout, is_core};
use super::places::District;
use super::random::Random;
use super::streets::builder::{PendingLandmark, StreetBuilder};
use super::streets::tags::{Class, NodeTag, Placement, Storeys};
use crate::layout::Key;

/// Number of core blocks per station, and minimum number of stations.
const BLOCKS_PER_STATION: usize = 14;
const MIN_STATIONS: usize = 3;

const HALL: Placement = Placement::Below(Storeys::First);
const DEEP: Placement = Placement::Below(Storeys::Second);
const ENTRANCE: Placement = Placement::Below(Storeys::GroundToFirst);
const BETWEEN: Placement = Placement::Below(Storeys::FirstToSecond);

/// A station under construction. Offsets are in metres along and across from the middle of its block.
struct Station {
    middle: (f64, f64),
    key: Key,
}

impl Station {
    fn at(&self, along: f64, across: f64) -> Point {
        from_ridges(self.middle.0 + along, self.middle.1 + across)
    }
}

impl StreetBuilder<'_> {
    /// Adds stations at random blocks of the core.
    pub fn metro(&mut self, districts: &[District], layout: &Layout) {
        let sites = layout.sites.iter().enumerate();
        let sites = sites.filter(|(_, site)| is_core(site.centre) && !site.is_reported(districts));
        let mut blocks: Vec<(u64, usize, Key)> = sites
            .filter_map(|(s, site)| {
                let (i, j) = site.block?;
                let key = (i * BLOCK + BLOCK / 2, j * BLOCK + BLOCK / 2);
                self.lattice.contains_key(&key).then(|| (Random::of(self.seed, 105, s as u64).bits(), s, key))
            })
            .collect();
        blocks.sort_unstable();
        blocks.truncate((blocks.len() / BLOCKS_PER_STATION).max(MIN_STATIONS));
        for (_, s, key) in blocks {
            let site = &layout.sites[s];
            let name = format!("{}站", districts[site.district].towns[site.town].divisions[site.division].stem);
            let mut random = Random::of(self.seed, 106, s as u64);
            self.station(s, key, &name, &mut random);
        }
    }

    fn station(&mut self, site: usize, key: Key, name: &str, random: &mut Random) {
        let street = self.lattice[&key];
        let station = Station { middle: along_ridges(self.at(street)), key };
        let named = self.name(name.to_owned());
        // The hall, from west to east, and the platform below it.
        let hall: Vec<u32> = [-60.0, -30.0, 0.0, 30.0, 60.0].map(|along| self.add(station.at(along, -6.0))).to_vec();
        self.way(hall.clone(), Class::Corridor, HALL, Some(named));
        let edge: Vec<u32> = [-65.0, -30.0, 0.0, 30.0, 65.0].map(|along| self.add(station.at(along, 4.0))).to_vec();
        if random.chance(0.6) {
            let far: Vec<u32> = [65.0, 30.0, 0.0, -30.0, -65.0].map(|along| self.add(station.at(along, 13.0))).to_vec();
            let ring = edge.iter().chain(&far).chain(&edge[..1]).copied().collect();
            self.way(ring, Class::Platform, DEEP, Some(named));
        } else {
            self.way(edge.clone(), Class::PlatformEdge, DEEP, Some(named));
        }
        self.way(vec![hall[1], edge[1]], Class::Steps, BETWEEN, None);
        self.escalators(hall[3], edge[3], BETWEEN);
        self.lift(station.at(0.0, -1.0), Storeys::FirstToSecond, [(hall[2], HALL), (edge[2], DEEP)]);
        self.exits(&station, &hall, random);
        let place = |along: f64, across: f64| station.at(along, across);
        let mut landmark = |kind, floor, places: Vec<Point>| {
            self.landmarks.push(PendingLandmark {
                kind,
                site: Some(site),
                name: name.to_owned(),
                floor,
                places,
                people: 0.0,
                street,
            });
        };
        landmark(LandmarkKind::Platform, -2, vec![place(10.0, 8.0), place(-40.0, 8.0)]);
        if random.chance(0.65) {
            landmark(LandmarkKind::Passage, -1, vec![place(120.0, -10.0), place(90.0, -2.0), place(165.0, -9.0)]);
            self.passage(&station, hall[4], random);
        }
    }

    /// Adds exits to the street at two to four corners: stairs, escalators, a lift.
    fn exits(&mut self, station: &Station, hall: &[u32], random: &mut Random) {
        let (i, j) = station.key;
        let corners = [((i - 1, j), 0, -7.0), ((i + 1, j), 4, 7.0), ((i, j + 1), 2, 7.0), ((i, j - 1), 2, -7.0)];
        let wanted = 2 + random.below(3);
        for (n, (key, from, aside)) in corners.into_iter().enumerate().take(wanted) {
            let Some(&street) = self.lattice.get(&key) else { continue };
            let (outside, inside) = (self.at(street), self.at(hall[from]));
            // Stairs of 14 m; their foot is at that distance.
            let away = outside.distance(inside).max(30.0);
            let beside = |p: Point| {
                let (u, v) = along_ridges(p);
                from_ridges(u, v + aside / 2.0)
            };
            let top = self.add(beside(outside.towards(inside, 6.0 / away)));
            let foot = self.add(beside(outside.towards(inside, 20.0 / away)));
            self.way(vec![street, top], Class::Lane, Placement::OnGround, None);
            self.way(vec![foot, hall[from]], Class::Corridor, HALL, None);
            match n {
                1 => {
                    self.escalators(top, foot, ENTRANCE);
                    let at = outside.towards(inside, 12.0 / away);
                    self.lift(at, Storeys::GroundToFirst, [(foot, HALL), (street, Placement::OnGround)]);
                }
                _ => self.way(vec![top, foot], Class::Steps, ENTRANCE, None),
            }
            self.node_tags.insert(top, NodeTag::MetroEntrance);
        }
    }

    /// Adds a shopping passage from the end of a hall, with stairs up at its end.
    fn passage(&mut self, station: &Station, hall: u32, random: &mut Random) {
        let length = random.between(110.0, 150.0);
        let mut nodes = vec![hall];
        for k in 1..=4 {
            nodes.push(self.add(station.at(60.0 + length * f64::from(k) / 4.0, -6.0)));
        }
        let end = nodes[4];
        self.way(nodes, Class::Passage, HALL, None);
        let onto = (station.key.0 + ((60.0 + length) / ALONG).round() as i32, station.key.1);
        if let Some(&street) = self.lattice.get(&onto) {
            let top = self.add(self.at(street).towards(self.at(end), 0.3));
            self.way(vec![street, top], Class::Lane, Placement::OnGround, None);
            self.way(vec![top, end], Class::Steps, ENTRANCE, None);
            self.node_tags.insert(top, NodeTag::MetroEntrance);
        }
    }

    /// Adds two escalators side by side, one per direction. `low` is below `high`.
    fn escalators(&mut self, high: u32, low: u32, placement: Placement) {
        let (u, v) = along_ridges(self.at(high).towards(self.at(low), 0.5));
        let (up, down) = (self.add(from_ridges(u + 1.5, v + 1.5)), self.add(from_ridges(u - 1.5, v - 1.5)));
        self.way(vec![low, up, high], Class::EscalatorUp, placement, None);
        self.way(vec![high, down, low], Class::EscalatorDown, placement, None);
    }

    /// Adds a lift on a node between two ways, each with its storey.
    fn lift(&mut self, at: Point, storeys: Storeys, ways: [(u32, Placement); 2]) {
        let lift = self.add(at);
        self.node_tags.insert(lift, NodeTag::Lift(storeys));
        for (node, placement) in ways {
            let class = if placement == Placement::OnGround { Class::Lane } else { Class::Passage };
            self.way(vec![node, lift], class, placement, None);
        }
    }
}

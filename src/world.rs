//! One immutable snapshot of everything a request may ask about: the street network, the register, who lives where,
//! and the indexes over them. A request takes the current one once and answers all of itself from it.

use crate::geo::{Fixed, Position, cell_centre};
use crate::network::{Direction, Network, PointLayer, Profile, Snap, Start, Unsnappable};
use crate::registry::{Category, Center, Facility, ImportRecord, PopulationCell, RegisterRows};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// A snapshot. Its version changes with every change of anything in it.
pub struct World {
    pub version: String,
    network: Option<Arc<Network>>,
    /// Why there is no network, in a sentence that says what to run.
    network_problem: Option<String>,
    pub centers: Vec<Center>,
    pub facilities: Vec<Facility>,
    pub population: Vec<PopulationCell>,
    pub imports: Vec<ImportRecord>,
    center_by_code: HashMap<String, usize>,
    facility_by_external_id: HashMap<String, u32>,
    /// By code of a center: its facilities, by their place in `facilities`.
    facilities_in: HashMap<String, Vec<u32>>,
    /// Facilities as points on the network, by their place in `facilities`.
    pub facility_layer: PointLayer,
    /// Population cells by their centres, by their place in `population`.
    pub population_layer: PointLayer,
}

/// A place put on the network.
#[derive(Debug, Clone, Copy)]
pub struct PlacedPoint {
    pub position: Position,
    pub start: Start,
}

impl World {
    /// Puts a snapshot together and readies what the commonest queries need.
    #[must_use]
    pub fn new(network: Result<Arc<Network>, String>, rows: RegisterRows) -> Self {
        let (network, network_problem) = match network {
            Ok(network) => (Some(network), None),
            Err(why) => (None, Some(why)),
        };
        let built = network.as_ref().map_or("none", |n| n.meta().report.built_at.as_str());
        let version = format!("{}-{:08x}", rows.version, xxhash_rust::xxh3::xxh3_64(built.as_bytes()) as u32);
        let fixed = |p: &Position| Fixed::from(*p);
        let mut facilities_in: HashMap<String, Vec<u32>> = HashMap::new();
        for (facility, i) in rows.facilities.iter().zip(0..) {
            if let Some(code) = &facility.center {
                facilities_in.entry(code.as_str().to_owned()).or_default().push(i);
            }
        }
        let world = Self {
            version,
            facilities_in,
            network,
            network_problem,
            center_by_code: rows.centers.iter().enumerate().map(|(i, c)| (c.code.as_str().to_owned(), i)).collect(),
            facility_by_external_id: rows.facilities.iter().zip(0..).map(|(f, i)| (f.external_id.clone(), i)).collect(),
            facility_layer: PointLayer::new(rows.facilities.iter().map(|f| fixed(&f.position)).collect()),
            population_layer: PointLayer::new(rows.population.iter().map(|c| cell_centre(c.cell).into()).collect()),
            centers: rows.centers,
            facilities: rows.facilities,
            population: rows.population,
            imports: rows.imports,
        };
        if let Some(network) = &world.network {
            [&world.facility_layer, &world.population_layer].into_par_iter().for_each(|layer| {
                layer.prepare(network, Profile::Adult, Direction::From);
                layer.prepare(network, Profile::Adult, Direction::Towards);
            });
        }
        world
    }

    /// The street network.
    ///
    /// # Errors
    /// A sentence that says why there is none and what to run.
    pub fn network(&self) -> Result<&Network, &str> {
        self.network.as_deref().ok_or_else(|| self.network_problem.as_deref().unwrap_or("no street network is loaded"))
    }

    /// The network to share with the next snapshot.
    #[must_use]
    pub fn shared_network(&self) -> Option<Arc<Network>> {
        self.network.clone()
    }

    /// A center by its division code.
    #[must_use]
    pub fn center(&self, code: &str) -> Option<&Center> {
        self.center_place(code).map(|i| &self.centers[i])
    }

    /// The place of a center in [`World::centers`], by its division code.
    #[must_use]
    pub fn center_place(&self, code: &str) -> Option<usize> {
        self.center_by_code.get(code).copied()
    }

    /// The place of a facility in [`World::facilities`], by its external id.
    #[must_use]
    pub fn facility_place(&self, external_id: &str) -> Option<usize> {
        self.facility_by_external_id.get(external_id).map(|&i| i as usize)
    }

    /// A center by its number.
    #[must_use]
    pub fn center_by_id(&self, id: i64) -> Option<&Center> {
        self.centers.binary_search_by_key(&id, |c| c.id).ok().map(|i| &self.centers[i])
    }

    /// A facility by its number.
    #[must_use]
    pub fn facility_by_id(&self, id: i64) -> Option<&Facility> {
        self.facilities.binary_search_by_key(&id, |f| f.id).ok().map(|i| &self.facilities[i])
    }

    /// The facilities in a center, by their places in [`World::facilities`], ascending.
    #[must_use]
    pub fn facilities_in(&self, code: &str) -> &[u32] {
        self.facilities_in.get(code).map_or(&[], Vec::as_slice)
    }

    /// How many facilities each category has.
    #[must_use]
    pub fn facilities_by_category(&self) -> [u64; Category::ALL.len()] {
        let mut counts = [0; Category::ALL.len()];
        for f in &self.facilities {
            counts[f.category.index()] += 1;
        }
        counts
    }

    /// Facilities too far from any street an adult can use; 0 without a network.
    #[must_use]
    pub fn facilities_off_network(&self) -> u64 {
        let Some(network) = &self.network else { return 0 };
        self.facility_layer.snapped(network, Profile::Adult).snaps.iter().filter(|s| s.is_none()).count() as u64
    }

    /// Population cells, and the people in them, too far from any street an adult can use; 0 without a network.
    #[must_use]
    pub fn population_off_network(&self) -> (u64, f64) {
        let Some(network) = &self.network else { return (0, 0.0) };
        let snaps = &self.population_layer.snapped(network, Profile::Adult).snaps;
        let off = self.population.iter().zip(snaps).filter(|(_, snap)| snap.is_none());
        off.fold((0, 0.0), |(cells, people), (cell, _)| (cells + 1, people + cell.people))
    }

    /// What is missing or wrong, in sentences that say what to run.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut list = Vec::new();
        if let Err(why) = self.network() {
            list.push(why.to_owned());
        } else if self.network().is_ok_and(|n| !n.meta().has_elevation) {
            list.push(
                "The streets have no heights, all ground counts as level: run `walkshed import streets FILE.osm.pbf --elevation DEM.tif`".into(),
            );
        }
        if self.facilities.is_empty() {
            list.push("There are no facilities: run `walkshed import facilities FILE.csv`".into());
        }
        if self.centers.is_empty() {
            list.push("There are no centers: run `walkshed import centers FILE.csv`".into());
        }
        if self.population.is_empty() {
            list.push("It is not known who lives where: run `walkshed import population FILE.csv`".into());
        }
        match self.facilities_off_network() {
            0 => {}
            n => list.push(format!(
                "{n} of {} facilities are too far from any street to be reached: are their positions right (--datum)?",
                self.facilities.len()
            )),
        }
        match self.population_off_network() {
            (0, _) => {}
            (cells, people) => list.push(format!(
                "{cells} of {} population cells ({people:.0} people) are too far from any street: they are in no walkshed",
                self.population.len()
            )),
        }
        list
    }

    /// Everyone.
    #[must_use]
    pub fn total_population(&self) -> f64 {
        self.population.iter().map(|c| c.people).sum()
    }
}

impl PlacedPoint {
    /// Puts a position on the network for a profile.
    ///
    /// # Errors
    /// [`Unsnappable`] with the distance to the nearest street.
    pub fn new(network: &Network, position: Position, profile: Profile) -> Result<Self, Unsnappable> {
        let snap = network.snap(Fixed::from(position), profile)?;
        Ok(Self { position, start: Start::new(network, snap, profile) })
    }

    /// Where it lies on the network.
    #[must_use]
    pub const fn snap(&self) -> &Snap {
        &self.start.snap
    }
}

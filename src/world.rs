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
        let world = Self {
            version,
            network,
            network_problem,
            center_by_code: rows.centers.iter().enumerate().map(|(i, c)| (c.code.as_str().to_owned(), i)).collect(),
            facility_layer: PointLayer::new(rows.facilities.iter().map(|f| fixed(&f.position)).collect()),
            population_layer: PointLayer::new(rows.population.iter().map(|c| cell_centre(c.cell).into()).collect()),
            centers: rows.centers,
            facilities: rows.facilities,
            population: rows.population,
            imports: rows.imports,
        };
        if let Some(network) = &world.network {
            [(&world.facility_layer, Direction::Towards), (&world.population_layer, Direction::Towards)]
                .into_par_iter()
                .for_each(|(layer, direction)| layer.prepare(network, Profile::Adult, direction));
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
        self.center_by_code.get(code).map(|&i| &self.centers[i])
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

    /// How many facilities each category has.
    #[must_use]
    pub fn facilities_by_category(&self) -> [u64; Category::ALL.len()] {
        let mut counts = [0; Category::ALL.len()];
        for f in &self.facilities {
            counts[f.category.index()] += 1;
        }
        counts
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

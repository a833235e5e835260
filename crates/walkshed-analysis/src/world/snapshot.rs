//! An immutable snapshot of all data: the street network, the register, the population, and their indexes. A request takes
//! the current snapshot once and is answered from it entirely.

use super::cut_off::CutOff;
use super::error::NetworkUnavailable;
use crate::memo::{Cacheable, Key, Memo};
use quick_cache::sync::Cache;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};
use walkshed_engine::geo::{Place, cell_centre};
use walkshed_engine::parallel;
use walkshed_engine::{ChangedStreet, Direction, Network, PointLayer, Profile, StreetChange, StreetChangeError};
use walkshed_register::{Category, DEMONSTRATION_NOTICE, Register, RegisterRows, Status};

/// Maximum number of cached networks with changed streets. Each takes 12 bytes per vertex, 8 per arc, and 8 per arc for each
/// profile in use: 14 MB plus 9 MB per profile at the size of Chongqing (404,884 vertices, 1,150,980 arcs).
const CHANGED_NETWORKS: usize = 4;
/// Maximum number of cached scenario worlds per world.
const SCENARIOS: usize = 6;

/// A snapshot of all data. Its version changes whenever anything in it changes.
pub struct World {
    pub version: String,
    network: Result<Arc<Network>, NetworkUnavailable>,
    pub register: Arc<Register>,
    /// Facilities as points on the network, by register index.
    pub facility_layer: Arc<PointLayer>,
    /// Centres of population cells as points on the network, by index in the total population.
    pub population_layer: Arc<PointLayer>,
    /// Cached results for this network and the networks of scenarios.
    pub memo: Arc<Memo>,
    /// Hash of the street changes of a scenario; 0 for the imported streets.
    streets: u128,
    /// The effect of each street change, in order.
    pub changed_streets: Arc<Vec<ChangedStreet>>,
    changed_networks: Arc<Cache<u128, ChangedNetwork>>,
    /// The scenario applied to this world, if any.
    pub scenario: Option<AppliedScenario>,
    /// Worlds with a scenario applied, by id and version of the scenario.
    pub(crate) scenarios: Cache<(i64, i64), Arc<Self>>,
    /// Computed on first use.
    cut_off: OnceLock<CutOff>,
}

type ChangedNetwork = (Arc<Network>, Arc<Vec<ChangedStreet>>);

/// The scenario applied to a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedScenario {
    pub id: i64,
    pub version: i64,
    pub key: String,
    pub name: String,
}

impl World {
    /// Creates a snapshot of a network and register rows, in the time zone of Chongqing.
    #[must_use]
    pub fn new(network: Result<Arc<Network>, String>, rows: RegisterRows) -> Self {
        Self::from_register(network, Register::new(rows, Arc::default()))
    }

    /// Creates a snapshot and prepares the indexes of the most frequent queries.
    #[must_use]
    pub fn from_register(network: Result<Arc<Network>, String>, register: Register) -> Self {
        let layers = [facility_places(&register), cell_places(&register)].map(PointLayer::new);
        let world = Self::with_layers(network, register, layers);
        if let Ok(network) = &world.network {
            for layer in [&world.facility_layer, &world.population_layer] {
                let ready = |direction: Direction| layer.prepare(network, Profile::Adult, direction);
                // Snapping uses all cores; then each direction is prepared on one.
                layer.snapped(network, Profile::Adult);
                parallel::both(|| ready(Direction::From), || ready(Direction::Towards));
            }
        }
        world
    }

    /// Creates a snapshot with the indexes that [`World::layer_bytes`] has returned for the same data.
    ///
    /// # Errors
    /// The register, if the bytes cannot belong to these data.
    pub fn from_prepared(network: Arc<Network>, register: Register, bytes: [&[u8]; 2]) -> Result<Self, Box<Register>> {
        let layer = |places, bytes| PointLayer::new(places).with_bytes(&network, Profile::Adult, bytes);
        let (facilities, people) =
            parallel::both(|| layer(facility_places(&register), bytes[0]), || layer(cell_places(&register), bytes[1]));
        match facilities.zip(people) {
            Some((facilities, people)) => Ok(Self::with_layers(Ok(network), register, [facilities, people])),
            None => Err(Box::new(register)),
        }
    }

    /// Returns the indexes of the most frequent queries as bytes; `None` without a network.
    #[must_use]
    pub fn layer_bytes(&self) -> Option<[Vec<u8>; 2]> {
        let network = self.network.as_ref().ok()?;
        Some([&self.facility_layer, &self.population_layer].map(|layer| layer.to_bytes(network, Profile::Adult)))
    }

    fn with_layers(network: Result<Arc<Network>, String>, register: Register, layers: [PointLayer; 2]) -> Self {
        let network = network.map_err(NetworkUnavailable);
        let [facilities, people] = layers.map(Arc::new);
        Self {
            version: version_of(network.as_deref().ok(), &register),
            network,
            register: Arc::new(register),
            facility_layer: facilities,
            population_layer: people,
            memo: Arc::default(),
            streets: 0,
            changed_streets: Arc::default(),
            changed_networks: Arc::new(Cache::new(CHANGED_NETWORKS)),
            scenario: None,
            scenarios: Cache::new(SCENARIOS),
            cut_off: OnceLock::new(),
        }
    }

    /// Returns the snapshot after a change of the register. Unaffected data is shared with this one.
    #[must_use]
    pub fn next(&self, register: Register) -> Self {
        let points = facility_places(&register);
        let facility_layer = match &self.network {
            _ if points == self.facility_layer.points() => self.facility_layer.clone(),
            Ok(network) => Arc::new(self.facility_layer.with_points(network, points)),
            Err(_) => Arc::new(PointLayer::new(points)),
        };
        let population_layer = if Arc::ptr_eq(&register.population, &self.register.population) {
            self.population_layer.clone()
        } else {
            let points = cell_places(&register);
            match &self.network {
                Ok(network) => Arc::new(self.population_layer.with_points(network, points)),
                Err(_) => Arc::new(PointLayer::new(points)),
            }
        };
        Self {
            version: version_of(self.network.as_deref().ok(), &register),
            network: self.network.clone(),
            register: Arc::new(register),
            facility_layer,
            population_layer,
            memo: self.memo.clone(),
            streets: self.streets,
            changed_streets: self.changed_streets.clone(),
            changed_networks: self.changed_networks.clone(),
            scenario: None,
            scenarios: Cache::new(SCENARIOS),
            cut_off: OnceLock::new(),
        }
    }

    /// Returns the snapshot with a scenario applied: another register (see [`World::next`]), and streets added and closed.
    ///
    /// # Errors
    /// [`StreetChangeError`] with the index of the street change.
    pub fn with_scenario(
        &self,
        scenario: AppliedScenario,
        register: Register,
        streets: &[StreetChange],
    ) -> Result<Self, (usize, StreetChangeError)> {
        let mut next = self.next(register);
        next.version = format!("{}+{}@{}", self.version, scenario.key, scenario.version);
        next.scenario = Some(scenario);
        if let Some(network) = self.network.as_ref().ok().filter(|_| !streets.is_empty()) {
            next.streets = hash_of(streets);
            let (changed, effects) = self.changed_network(network, next.streets, streets)?;
            let over = |layer: &Arc<PointLayer>| Arc::new(PointLayer::for_changed_network(layer, network));
            next.facility_layer = over(&next.facility_layer);
            next.population_layer = over(&next.population_layer);
            (next.network, next.changed_streets) = (Ok(changed), effects);
        }
        Ok(next)
    }

    /// Returns the network with streets added and closed, and caches it.
    fn changed_network(
        &self,
        network: &Network,
        number: u128,
        streets: &[StreetChange],
    ) -> Result<ChangedNetwork, (usize, StreetChangeError)> {
        self.changed_networks.get_or_insert_with(&number, || {
            network.with_changes(streets).map(|(changed, effects)| (Arc::new(changed), Arc::new(effects)))
        })
    }

    /// Checks whether street changes can be applied.
    ///
    /// # Errors
    /// [`StreetChangeError`] with the index of the street change.
    pub fn check_streets(&self, streets: &[StreetChange]) -> Result<(), (usize, StreetChangeError)> {
        match &self.network {
            Ok(network) if !streets.is_empty() => self.changed_network(network, hash_of(streets), streets).map(drop),
            _ => Ok(()),
        }
    }

    /// Starts a key of [`World::memo`] for results of type `T` on this network.
    #[must_use]
    pub fn memo_key<T: Cacheable>(&self, first: impl Hash) -> Key {
        Key::of::<T>().and(self.streets).and(first)
    }

    /// Returns the street network.
    ///
    /// # Errors
    /// [`NetworkUnavailable`].
    pub fn network(&self) -> Result<&Network, &NetworkUnavailable> {
        self.network.as_deref()
    }

    /// Returns the attribution to show with the street data.
    #[must_use]
    pub fn attribution(&self) -> &'static str {
        if self.register.demonstration.is_some() { DEMONSTRATION_NOTICE } else { walkshed_engine::ATTRIBUTION }
    }

    /// Returns the network to share with the next snapshot.
    #[must_use]
    pub fn shared_network(&self) -> Option<Arc<Network>> {
        self.network.clone().ok()
    }

    /// Returns the number of open facilities per category.
    #[must_use]
    pub fn facilities_by_category(&self) -> [u64; Category::ALL.len()] {
        let mut counts = [0; Category::ALL.len()];
        for f in self.register.facilities.iter().filter(|f| f.status == Status::Open) {
            counts[f.category.index()] += 1;
        }
        counts
    }

    /// Returns the number of facilities beyond snapping distance for the adult profile; 0 without a network.
    #[must_use]
    pub fn facilities_off_network(&self) -> u64 {
        let Ok(network) = &self.network else { return 0 };
        self.facility_layer.snapped(network, Profile::Adult).snaps.iter().filter(|s| s.is_none()).count() as u64
    }

    /// Returns the number of population cells beyond snapping distance for the adult profile, and their people; 0 without a
    /// network.
    #[must_use]
    pub fn population_off_network(&self) -> (u64, f64) {
        let Ok(network) = &self.network else { return (0, 0.0) };
        let snaps = &self.population_layer.snapped(network, Profile::Adult).snaps;
        let off = self.register.population.iter().zip(snaps).filter(|(_, snap)| snap.is_none());
        off.fold((0, 0.0), |(cells, people), (cell, _)| (cells + 1, people + cell.people))
    }

    /// Returns the people and facilities on streets that are cut off; empty without a network.
    #[must_use]
    pub fn cut_off(&self) -> &CutOff {
        self.cut_off.get_or_init(|| {
            self.network.as_ref().map_or_else(
                |_| CutOff::default(),
                |n| CutOff::find(n, &self.register, &self.population_layer, &self.facility_layer),
            )
        })
    }

    /// Returns whether [`World::cut_off`] has been computed.
    #[must_use]
    pub fn is_cut_off_computed(&self) -> bool {
        self.cut_off.get().is_some()
    }

    /// Returns the total population.
    #[must_use]
    pub fn total_population(&self) -> f64 {
        self.register.population.iter().fold(0.0, |sum, c| sum + c.people)
    }
}

/// Returns a hash that identifies a list of street changes.
fn hash_of(streets: &[StreetChange]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(&serde_json::to_vec(streets).unwrap_or_default())
}

/// Returns the positions and storeys of facilities.
fn facility_places(register: &Register) -> Vec<Place> {
    register.facilities.iter().map(|f| Place { at: f.position.into(), storey: f.storey() }).collect()
}

/// Returns the centres of population cells.
fn cell_places(register: &Register) -> Vec<Place> {
    register.population.iter().map(|c| cell_centre(c.cell).into()).collect()
}

fn version_of(network: Option<&Network>, register: &Register) -> String {
    let built = network.map_or("none", |n| n.meta().report.built_at.as_str());
    format!("{}-{:08x}", register.version, xxhash_rust::xxh3::xxh3_64(built.as_bytes()) as u32)
}

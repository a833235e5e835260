//! One immutable snapshot of everything a request may ask about: the street network, the register, who lives where,
//! and the indexes over them. A request takes the current one once and answers all of itself from it.

mod separate;

use crate::memo::{Kept, Key, Memo};
use quick_cache::sync::Cache;
pub use separate::{CutOff, CutOffPiece};
use std::hash::Hash;
use std::sync::{Arc, OnceLock};
use walkshed_engine::geo::{Place, Position, Storey, cell_centre};
use walkshed_engine::parallel;
use walkshed_engine::{
    ChangedStreet, Direction, Network, PointLayer, Profile, Snap, Start, StreetChange, StreetChangeError, Unsnappable,
};
use walkshed_register::{Category, DEMONSTRATION_TEXT, Register, RegisterRows, Status};

/// Networks with changed streets that are kept. Each holds 12 bytes a junction and 8 an arc, and 8 an arc for each profile
/// that was asked for: at the size of Chongqing (404,884 junctions, 1,150,980 arcs) 14 MB, and 9 MB a profile.
const CHANGED_NETWORKS: usize = 4;
/// Worlds laid over one world that are kept.
const SCENARIOS: usize = 6;

/// A snapshot. Its version changes with every change of anything in it.
pub struct World {
    pub version: String,
    network: Option<Arc<Network>>,
    /// Why there is no network, in a sentence that says what to run.
    network_problem: Option<String>,
    pub register: Arc<Register>,
    /// Facilities as points on the network, by their place in the register.
    pub facility_layer: Arc<PointLayer>,
    /// Population cells by their centres, by their place in the population of everyone.
    pub population_layer: Arc<PointLayer>,
    /// What has been worked out over these streets, and those of scenarios.
    pub memo: Arc<Memo>,
    /// Tells changed streets from those that were imported, which are 0.
    streets: u128,
    /// What became of each change of the streets, in their order.
    pub changed_streets: Arc<Vec<ChangedStreet>>,
    changed_networks: Arc<Cache<u128, ChangedNetwork>>,
    /// The scenario that is laid over it, where one is.
    pub scenario: Option<Laid>,
    /// Worlds that scenarios make of this one, by the number and version of the scenario.
    pub(crate) scenarios: Cache<(i64, i64), Arc<Self>>,
    /// Found when it is first asked for.
    cut_off: OnceLock<CutOff>,
}

type ChangedNetwork = (Arc<Network>, Arc<Vec<ChangedStreet>>);

/// Which scenario is laid over a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    pub id: i64,
    pub version: i64,
    pub key: String,
    pub name: String,
}

/// A place put on the network.
#[derive(Debug, Clone, Copy)]
pub struct PlacedPoint {
    pub position: Position,
    pub start: Start,
}

impl World {
    /// A snapshot of a network and the rows of a register, in Chongqing's time.
    #[must_use]
    pub fn new(network: Result<Arc<Network>, String>, rows: RegisterRows) -> Self {
        Self::of(network, Register::new(rows, Arc::default()))
    }

    /// Puts a snapshot together and readies what the commonest queries need.
    #[must_use]
    pub fn of(network: Result<Arc<Network>, String>, register: Register) -> Self {
        let (network, network_problem) = match network {
            Ok(network) => (Some(network), None),
            Err(why) => (None, Some(why)),
        };
        let facilities = PointLayer::new(facility_places(&register));
        let people = PointLayer::new(cell_places(&register));
        let world = Self {
            version: version_of(network.as_deref(), &register),
            network,
            network_problem,
            register: Arc::new(register),
            facility_layer: Arc::new(facilities),
            population_layer: Arc::new(people),
            memo: Arc::default(),
            streets: 0,
            changed_streets: Arc::default(),
            changed_networks: Arc::new(Cache::new(CHANGED_NETWORKS)),
            scenario: None,
            scenarios: Cache::new(SCENARIOS),
            cut_off: OnceLock::new(),
        };
        if let Some(network) = &world.network {
            for layer in [&world.facility_layer, &world.population_layer] {
                let ready = |direction: Direction| layer.prepare(network, Profile::Adult, direction);
                // Put on the streets once, by all cores; then each direction by one.
                layer.snapped(network, Profile::Adult);
                parallel::both(|| ready(Direction::From), || ready(Direction::Towards));
            }
        }
        world
    }

    /// The snapshot after a change of the register. What the change does not reach is shared with this one.
    #[must_use]
    pub fn next(&self, register: Register) -> Self {
        let points = facility_places(&register);
        let facility_layer = match &self.network {
            _ if points == self.facility_layer.points() => self.facility_layer.clone(),
            Some(network) => Arc::new(self.facility_layer.with_points(network, points)),
            None => Arc::new(PointLayer::new(points)),
        };
        let population_layer = if Arc::ptr_eq(&register.population, &self.register.population) {
            self.population_layer.clone()
        } else {
            let points = cell_places(&register);
            match &self.network {
                Some(network) => Arc::new(self.population_layer.with_points(network, points)),
                None => Arc::new(PointLayer::new(points)),
            }
        };
        Self {
            version: version_of(self.network.as_deref(), &register),
            network: self.network.clone(),
            network_problem: self.network_problem.clone(),
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

    /// The snapshot as a scenario has it: another register (as [`World::next`]), and streets added and closed.
    ///
    /// # Errors
    /// [`StreetChangeError`] with the place of the change among those of the streets.
    pub fn under(
        &self,
        scenario: Laid,
        register: Register,
        streets: &[StreetChange],
    ) -> Result<Self, (usize, StreetChangeError)> {
        let mut next = self.next(register);
        next.version = format!("{}+{}@{}", self.version, scenario.key, scenario.version);
        next.scenario = Some(scenario);
        if let Some(network) = self.network.as_ref().filter(|_| !streets.is_empty()) {
            next.streets = number_of(streets);
            let (changed, told) = self.changed_network(network, next.streets, streets)?;
            let over = |layer: &Arc<PointLayer>| Arc::new(PointLayer::over_changed(layer, network));
            next.facility_layer = over(&next.facility_layer);
            next.population_layer = over(&next.population_layer);
            (next.network, next.changed_streets) = (Some(changed), told);
        }
        Ok(next)
    }

    /// The network with streets added and closed; kept for the next who asks.
    fn changed_network(
        &self,
        network: &Network,
        number: u128,
        streets: &[StreetChange],
    ) -> Result<ChangedNetwork, (usize, StreetChangeError)> {
        self.changed_networks.get_or_insert_with(&number, || {
            network.with_changes(streets).map(|(changed, told)| (Arc::new(changed), Arc::new(told)))
        })
    }

    /// Asks whether streets can be changed so.
    ///
    /// # Errors
    /// [`StreetChangeError`] with the place of the change among those of the streets.
    pub fn check_streets(&self, streets: &[StreetChange]) -> Result<(), (usize, StreetChangeError)> {
        match &self.network {
            Some(network) if !streets.is_empty() => {
                self.changed_network(network, number_of(streets), streets).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// The beginning of a key of [`World::memo`]: answers are of these streets and no others.
    #[must_use]
    pub fn key<T: Kept>(&self, first: impl Hash) -> Key {
        Key::of::<T>().and(self.streets).and(first)
    }

    /// The street network.
    ///
    /// # Errors
    /// A sentence that says why there is none and what to run.
    pub fn network(&self) -> Result<&Network, &str> {
        self.network.as_deref().ok_or_else(|| self.network_problem.as_deref().unwrap_or("no street network is loaded"))
    }

    /// Who made the streets, to be shown with them.
    #[must_use]
    pub fn attribution(&self) -> &'static str {
        if self.register.demonstration.is_some() { DEMONSTRATION_TEXT } else { walkshed_engine::ATTRIBUTION }
    }

    /// The network to share with the next snapshot.
    #[must_use]
    pub fn shared_network(&self) -> Option<Arc<Network>> {
        self.network.clone()
    }

    /// How many open facilities each category has.
    #[must_use]
    pub fn facilities_by_category(&self) -> [u64; Category::ALL.len()] {
        let mut counts = [0; Category::ALL.len()];
        for f in self.register.facilities.iter().filter(|f| f.status == Status::Open) {
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
        let off = self.register.population.iter().zip(snaps).filter(|(_, snap)| snap.is_none());
        off.fold((0, 0.0), |(cells, people), (cell, _)| (cells + 1, people + cell.people))
    }

    /// Who lives and what stands on streets that are cut off; nothing without a network.
    #[must_use]
    pub fn cut_off(&self) -> &CutOff {
        self.cut_off.get_or_init(|| self.network.as_ref().map_or_else(CutOff::default, |n| CutOff::find(self, n)))
    }

    /// Was [`World::cut_off`] found already?
    #[must_use]
    pub fn knows_cut_off(&self) -> bool {
        self.cut_off.get().is_some()
    }

    /// What is missing or wrong, in sentences that say what to run.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut list = Vec::new();
        if self.register.demonstration.is_some_and(|mark| !mark.is_whole) {
            list.push(
                "The demonstration city is not whole, its making was cut off: run `walkshed demo` to make it again, or `walkshed demo --remove` to take away what there is".into(),
            );
        }
        if let Err(why) = self.network() {
            list.push(why.to_owned());
        } else if self.network().is_ok_and(|n| !n.meta().has_elevation) {
            list.push(
                "The streets have no heights, all ground counts as level: run `walkshed import streets FILE.osm.pbf --elevation DEM.tif`".into(),
            );
        }
        if self.register.facilities.is_empty() {
            list.push("There are no facilities: run `walkshed import facilities FILE.csv`".into());
        }
        if self.register.centers.is_empty() {
            list.push("There are no centers: run `walkshed import centers FILE.csv`".into());
        }
        if self.register.population.is_empty() {
            list.push("It is not known who lives where: run `walkshed import population FILE.csv`".into());
        }
        match self.facilities_off_network() {
            0 => {}
            n => list.push(format!(
                "{n} of {} facilities are too far from any street to be reached: are their positions right (--datum)?",
                self.register.facilities.len()
            )),
        }
        match self.population_off_network() {
            (0, _) => {}
            (cells, people) => list.push(format!(
                "{cells} of {} population cells ({people:.0} people) are too far from any street: they are in no walkshed",
                self.register.population.len()
            )),
        }
        match self.cut_off().totals(true) {
            (people, 0) if people <= 0.0 => {}
            (people, facilities) => list.push(format!(
                "{people:.0} people and {facilities} facilities are on streets that are joined to no network: they reach nothing beyond; `walkshed check` lists the largest pieces"
            )),
        }
        let unread = self.register.unread_hours();
        if let Some((first, text)) = unread.first() {
            let more = if unread.len() > 1 { ", and others" } else { "" };
            list.push(format!(
                "{} opening hours can no longer be read and count as unknown ({first}: \"{text}\"{more}): correct them",
                unread.len()
            ));
        }
        list
    }

    /// Everyone.
    #[must_use]
    pub fn total_population(&self) -> f64 {
        self.register.population.iter().fold(0.0, |sum, c| sum + c.people)
    }
}

/// Tells changes of streets apart.
fn number_of(streets: &[StreetChange]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(&serde_json::to_vec(streets).unwrap_or_default())
}

/// Where facilities are, and on which storey.
fn facility_places(register: &Register) -> Vec<Place> {
    register.facilities.iter().map(|f| Place { at: f.position.into(), storey: f.storey() }).collect()
}

/// The centres of population cells.
fn cell_places(register: &Register) -> Vec<Place> {
    register.population.iter().map(|c| cell_centre(c.cell).into()).collect()
}

fn version_of(network: Option<&Network>, register: &Register) -> String {
    let built = network.map_or("none", |n| n.meta().report.built_at.as_str());
    format!("{}-{:08x}", register.version, xxhash_rust::xxh3::xxh3_64(built.as_bytes()) as u32)
}

impl PlacedPoint {
    /// Puts a position on the network for a profile.
    ///
    /// # Errors
    /// [`Unsnappable`] with the distance to the nearest street.
    pub fn new(network: &Network, position: Position, profile: Profile) -> Result<Self, Unsnappable> {
        Self::on(network, position, Storey::Ground, profile)
    }

    /// Puts a position on some storey on the network.
    ///
    /// # Errors
    /// [`Unsnappable`] with the distance to the nearest street.
    pub fn on(network: &Network, position: Position, storey: Storey, profile: Profile) -> Result<Self, Unsnappable> {
        let snap = network.snap(Place { at: position.into(), storey }, profile)?;
        Ok(Self { position, start: Start::new(network, snap, profile) })
    }

    /// Where it lies on the network.
    #[must_use]
    pub const fn snap(&self) -> &Snap {
        &self.start.snap
    }
}

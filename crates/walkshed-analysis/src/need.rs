//! What people need within reach, and who can be reached by it: the question behind coverage, gaps, standards and sites.

use super::wanted::{Wanted, Wishes};
use crate::memo::{Kept, Key};
use crate::world::World;
use std::sync::Arc;
use walkshed_engine::geo::{Place, Position};
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Deciseconds, Direction, MAX_NEAREST, Network, Profile, Start, Sweep};
use walkshed_register::{Category, EVERYONE, Homes, Register};

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Measure {
    /// Travel time.
    #[default]
    Minutes,
    /// Length of the way over the network.
    Metres,
}

/// How far a sweep looks, beyond every limit that is usual: what is farther counts as not reached at all.
pub const HORIZON_MINUTES: f64 = 120.0;
/// The same for lengths.
pub const HORIZON_METRES: f64 = 10_000.0;

impl Measure {
    /// The network that counts this.
    #[must_use]
    pub fn network(self, network: &Network) -> &Network {
        match self {
            Self::Minutes => network,
            Self::Metres => network.by_length(),
        }
    }

    /// A limit as the network counts it.
    #[must_use]
    pub fn limit(self, value: f64) -> Deciseconds {
        match self {
            Self::Minutes => Deciseconds::from_minutes(value),
            // A decisecond at 1 m/s is a decimetre.
            Self::Metres => Deciseconds::from_seconds(value),
        }
    }

    /// What the network counted, in minutes or metres; `None` for what was not reached.
    #[must_use]
    pub fn value(self, counted: Deciseconds) -> Option<f64> {
        counted.is_some().then(|| match self {
            Self::Minutes => counted.minutes(),
            Self::Metres => f64::from(counted.0) / 10.0,
        })
    }

    /// How far sweeps look.
    #[must_use]
    pub fn horizon(self) -> f64 {
        match self {
            Self::Minutes => HORIZON_MINUTES,
            Self::Metres => HORIZON_METRES,
        }
    }

    /// `minutes` or `metres`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Metres => "metres",
        }
    }
}

/// One kind of thing that must be within reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The category it stands for, where it is one.
    pub category: Option<Category>,
    /// Which facilities count.
    pub wishes: Wishes,
}

/// What people need within reach. Where there are several parts, all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    pub parts: Vec<Part>,
    pub measure: Measure,
    /// Minutes or metres; what is exactly as far is inside.
    pub limit: f64,
    /// So many facilities of each part, 1 to [`MAX_NEAREST`].
    pub min_count: usize,
}

impl Need {
    /// All seven categories.
    #[must_use]
    pub fn circle(minutes: f64) -> Self {
        let part = |category| Part {
            category: Some(category),
            wishes: Wishes { categories: vec![category], ..Wishes::default() },
        };
        Self {
            parts: Category::ALL.into_iter().map(part).collect(),
            measure: Measure::Minutes,
            limit: minutes,
            min_count: 1,
        }
    }

    /// One part.
    #[must_use]
    pub fn one(wishes: Wishes, measure: Measure, limit: f64) -> Self {
        let category = match wishes.categories[..] {
            [category] => Some(category),
            _ => None,
        };
        Self { parts: vec![Part { category, wishes }], measure, limit, min_count: 1 }
    }

    /// The limit as the network counts it.
    #[must_use]
    pub fn counted_limit(&self) -> Deciseconds {
        self.measure.limit(self.limit)
    }

    /// How far the sweeps look for it.
    #[must_use]
    pub fn horizon(&self) -> Deciseconds {
        self.measure.limit(self.measure.horizon().max(self.limit))
    }
}

/// Who travels, which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Travel {
    pub profile: Profile,
    pub direction: Direction,
}

impl Default for Travel {
    fn default() -> Self {
        Self { profile: Profile::Adult, direction: Direction::Towards }
    }
}

/// Places put on the streets that are worth another thread, and homes that read their times.
const PLACES_A_THREAD: usize = 64;
const HOMES_A_THREAD: usize = 2048;

/// Facilities that count, by their places in the register and in that order.
#[must_use]
pub fn wanted_places(register: &Register, wishes: &Wishes) -> Vec<u32> {
    let mut wanted = Wanted::new(register, wishes);
    (0..register.facilities.len()).filter(|&place| wanted.is(place)).map(|place| place as u32).collect()
}

/// Facilities as points of a sweep, known by their numbers in the register, whose order is theirs.
pub struct Supply {
    pub ids: Vec<i64>,
    pub sweep: Sweep,
}

impl Kept for Supply {
    fn bytes(&self) -> usize {
        self.ids.len() * 8 + self.sweep.bytes()
    }
}

/// How far each population cell has it to the facilities of a part.
pub struct Reached {
    pub ids: Vec<i64>,
    /// By cell: to the nearest, and which it is (a place in `ids`); `NEVER` past the horizon.
    pub first: Vec<(Deciseconds, u32)>,
    /// By cell: to the `min_count`-th nearest.
    pub counted: Vec<Deciseconds>,
}

impl Kept for Reached {
    fn bytes(&self) -> usize {
        self.ids.len() * 8 + self.first.len() * 8 + self.counted.len() * 4
    }
}

fn key_of_supply(key: Key, world: &World, places: &[u32], travel: Travel, measure: Measure) -> Key {
    let facilities = &world.register.facilities;
    let points: Vec<(i64, Place)> =
        places.iter().map(|&p| (facilities[p as usize].id, world.facility_layer.points()[p as usize])).collect();
    key.and(points).and(travel).and(measure)
}

fn starts(world: &World, network: &Network, places: &[u32], profile: Profile) -> Vec<Option<Start>> {
    let snaps = &world.facility_layer.snapped(network, profile).snaps;
    places.iter().map(|&p| Some(Start::new(network, snaps[p as usize]?, profile))).collect()
}

/// The sweep from the facilities at some places of the register, each junction knowing its `nearest`.
///
/// # Errors
/// [`Stopped`].
pub fn supply(
    world: &World,
    network: &Network,
    places: &[u32],
    travel: Travel,
    measure: Measure,
    (nearest, horizon): (usize, Deciseconds),
) -> Result<Arc<Supply>, Stopped> {
    let key = key_of_supply(world.key::<Supply>("places"), world, places, travel, measure).and((nearest, horizon));
    world.memo.get(&key, || {
        let network = measure.network(network);
        let starts = starts(world, network, places, travel.profile);
        let sweep = Sweep::run(network, travel.profile, travel.direction, starts, nearest, horizon)?;
        Ok(Supply { ids: places.iter().map(|&p| world.register.facilities[p as usize].id).collect(), sweep })
    })
}

/// The same from any numbered positions, in the order of their numbers.
///
/// # Errors
/// [`Stopped`].
pub fn supply_of(
    world: &World,
    network: &Network,
    points: Vec<(i64, Position)>,
    travel: Travel,
    measure: Measure,
    (nearest, horizon): (usize, Deciseconds),
) -> Result<Arc<Supply>, Stopped> {
    let exact: Vec<(i64, u64, u64)> =
        points.iter().map(|(id, p)| (*id, p.lon().to_bits(), p.lat().to_bits())).collect();
    let key = world.key::<Supply>("points").and(exact).and(travel).and(measure).and((nearest, horizon));
    world.memo.get(&key, || {
        let network = measure.network(network);
        let start = |(_, position): &(i64, Position)| {
            let snap = network.snap(*position, travel.profile).ok();
            Ok::<_, Stopped>(snap.map(|snap| Start::new(network, snap, travel.profile)))
        };
        let starts = parallel::try_map(&points, PLACES_A_THREAD, start)?;
        let sweep = Sweep::run(network, travel.profile, travel.direction, starts, nearest, horizon)?;
        Ok(Supply { ids: points.iter().map(|p| p.0).collect(), sweep })
    })
}

/// How far each population cell has it to the facilities a part wants.
///
/// # Errors
/// [`Stopped`].
pub fn reached(
    world: &World,
    network: &Network,
    wishes: &Wishes,
    need: &Need,
    travel: Travel,
) -> Result<Arc<Reached>, Stopped> {
    let places = wanted_places(&world.register, wishes);
    let (nearest, horizon) = (need.min_count.clamp(1, MAX_NEAREST), need.horizon());
    let cells: Vec<u64> = world.register.population.iter().map(|c| c.cell.into()).collect();
    let key = key_of_supply(world.key::<Reached>(()), world, &places, travel, need.measure)
        .and((nearest, horizon))
        .and(cells);
    world.memo.get(&key, || {
        let supply = supply(world, network, &places, travel, need.measure, (nearest, horizon))?;
        let network = need.measure.network(network);
        let snaps = &world.population_layer.snapped(network, travel.profile).snaps;
        let never = (Deciseconds::NEVER, 0);
        let of_cell = |found: &mut Vec<(Deciseconds, u32)>, snap: &Option<walkshed_engine::Snap>| {
            let Some(snap) = snap else { return (never, Deciseconds::NEVER) };
            supply.sweep.of_place(network, snap, found);
            let counted = found.get(nearest - 1).map_or(Deciseconds::NEVER, |f| f.0);
            (found.first().copied().unwrap_or(never), counted)
        };
        let homes = parallel::map_with(snaps, HOMES_A_THREAD, Vec::new, of_cell);
        task::work(homes.len())?;
        let (first, counted) = homes.into_iter().unzip();
        Ok(Reached { ids: supply.ids.clone(), first, counted })
    })
}

/// People of a group, cell by cell of everyone's.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    pub group: String,
    /// By place of the cell in the population of everyone.
    pub people: Vec<f64>,
    /// People of the group in cells in which everyone's population has none: it is not known where on the network.
    pub elsewhere: f64,
}

impl Demand {
    /// Of a register; `None` where the group is not known.
    #[must_use]
    pub fn of(register: &Register, group: &str) -> Option<Self> {
        let cells = register.people(group)?;
        let everyone = &register.population;
        let mut demand = Self { group: group.to_owned(), people: vec![0.0; everyone.len()], elsewhere: 0.0 };
        if group == EVERYONE {
            demand.people = everyone.iter().map(|c| c.people).collect();
            return Some(demand);
        }
        // Both are in the order of signed numbers where they come from the store; tests and files may differ.
        let place: std::collections::HashMap<u64, usize> =
            everyone.iter().enumerate().map(|(i, c)| (u64::from(c.cell), i)).collect();
        for cell in cells.iter() {
            match place.get(&u64::from(cell.cell)) {
                Some(&i) => demand.people[i] += cell.people,
                None => demand.elsewhere += cell.people,
            }
        }
        Some(demand)
    }
}

/// The places of the cells of a region, or of all.
#[must_use]
pub fn cells_in(register: &Register, homes: Option<(&Homes, &walkshed_register::RegionCode)>) -> Vec<u32> {
    let all = 0..register.population.len() as u32;
    match homes {
        None => all.collect(),
        Some((homes, region)) => {
            let holds: Vec<bool> = (0..homes.codes()).map(|p| region.holds(homes.code_at(p))).collect();
            all.filter(|&c| homes.place(c as usize).is_some_and(|p| holds[p])).collect()
        }
    }
}

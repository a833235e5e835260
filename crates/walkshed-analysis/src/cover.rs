//! Coverage: how many people have what they need within reach, by region and by distance, and where the gaps are.

use super::capacity::{Assigned, assign};
use super::exact::{ExactError, TooLarge};
use super::need::{Demand, Measure, Need, Reached, Travel, cells_in, reached, wanted_places};
use super::pairs::{pairs, sites_of};
use crate::world::World;
use geo::MultiPolygon;
use h3o::geom::SolventBuilder;
use h3o::{CellIndex, Resolution};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use walkshed_engine::geo::continuous;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Deciseconds, Network};
use walkshed_register::{Category, RegionCode, Register, district_of, part_of};

/// Number of histogram bars. The last one is unbounded.
const BARS: usize = 13;
/// Cells to process between two checks for cancellation.
const CELLS_PER_CHECK: usize = 8192;

/// A coverage question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub need: Need,
    pub travel: Travel,
    /// Restricts the people to a region; `None` means the whole city.
    pub region: Option<RegionCode>,
    /// The population group.
    pub group: String,
    /// Respects the capacity of each facility and assigns the nearest people first (see [`assign`](super::assign)). Requires
    /// a need of one part with a `min_count` of 1.
    pub with_capacity: bool,
}

/// How far the capacity of the facilities is used.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CapacityUse {
    /// Facilities with known capacity, and their total capacity.
    pub limited: u64,
    pub room: f64,
    /// Facilities with unknown capacity. They take everyone.
    pub unlimited: u64,
    /// People assigned to facilities with known capacity.
    pub used: f64,
    /// Facilities with no capacity left.
    pub full: u64,
}

/// Coverage of a population cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellCover {
    /// Index in the total population.
    pub place: u32,
    pub cell: CellIndex,
    pub people: f64,
    /// Cost to the `min_count`-th nearest facility of the farthest part; this is compared with the limit. `NEVER` beyond the
    /// horizon.
    pub time: Deciseconds,
    /// Cost to the nearest facility of the farthest part, and the facility's id.
    pub nearest: Option<(Deciseconds, i64)>,
    /// Bit set of the parts that are not within the limit.
    pub missing: u32,
    /// Covered people: all or none, except when capacities are respected.
    pub covered: f64,
    /// Whether the cell is within snapping distance of a street that the profile can use.
    pub on_network: bool,
}

impl CellCover {
    /// Returns whether all people of the cell have everything they need within the limit.
    #[must_use]
    pub const fn is_covered(&self) -> bool {
        self.on_network && self.covered >= self.people
    }
}

/// People, and how many of them are covered. People off the network are neither covered nor uncovered.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    pub people: f64,
    pub covered: f64,
    pub off_network: f64,
}

impl Share {
    /// Returns the people who are neither covered nor off the network.
    #[must_use]
    pub fn uncovered(&self) -> f64 {
        (self.people - self.covered - self.off_network).max(0.0)
    }

    /// Returns covered people divided by all people, or 0 if there are none.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.people > 0.0 { self.covered / self.people } else { 0.0 }
    }

    fn add(&mut self, cell: &CellCover) {
        self.people += cell.people;
        self.covered += cell.covered;
        if !cell.on_network {
            self.off_network += cell.people;
        }
    }
}

/// The answer to a [`Question`].
pub struct Coverage {
    pub question: Question,
    pub total: Share,
    /// Per part of the need, in order.
    pub parts: Vec<Share>,
    /// Number of facilities that count, per part.
    pub facilities: Vec<u64>,
    /// Cells with people of the group, in population order.
    pub cells: Vec<CellCover>,
    /// Set if capacities are respected.
    pub capacity: Option<CapacityUse>,
}

/// A histogram bar: people with a distance above `from` and at most `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    pub from: f64,
    /// `None` for the last bar.
    pub to: Option<f64>,
    pub people: f64,
}

/// Coverage of one region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionShare {
    /// `None` for people in no known region.
    pub code: Option<String>,
    pub name: Option<String>,
    pub share: Share,
}

/// A gap: a group of adjacent uncovered cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Indices into [`Coverage::cells`].
    pub cells: Vec<u32>,
    pub people: f64,
    /// Code of the district with most of these people.
    pub district: Option<String>,
    /// Smallest cost from any of the cells to a facility, and the facility's id.
    pub nearest: Option<(Deciseconds, i64)>,
    /// Index of the part that most people lack, and their number.
    pub missed: (usize, f64),
}

/// Why a question cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    #[error("unknown population group \"{0}\"")]
    UnknownGroup(String),
    #[error("capacities require a need of one category, kinds or one service, with minCount 1")]
    CapacityOfSeveral,
    #[error("access measures require a need of one category, kinds or one service")]
    AccessOfSeveral,
    #[error("site suggestions require a need of one category, kinds or one service, with minCount 1")]
    SitesOfSeveral,
    #[error("a capacity can be combined with the objectives maximum coverage and fewest facilities, not with the mean")]
    CapacityOfMean,
    #[error(
        "sites with a capacity cannot be solved exactly, because the nearest-first assignment of people has no integer-programming formulation here"
    )]
    ExactCapacity,
    #[error("a budget can be combined with the objectives maximum coverage and least mean, not with fewest facilities")]
    BudgetOfFewest,
    #[error("facility {0} is not among the open facilities that meet this need")]
    NotOpenToday(i64),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error("{0}")]
    NoStreets(String),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl From<ExactError> for QuestionError {
    fn from(e: ExactError) -> Self {
        match e {
            ExactError::TooLarge(e) => e.into(),
            ExactError::Stopped(e) => e.into(),
        }
    }
}

/// Computes the coverage of a need.
///
/// # Errors
/// [`QuestionError`].
pub fn coverage(world: &World, network: &Network, question: Question) -> Result<Coverage, QuestionError> {
    let register = &world.register;
    let demand =
        Demand::of(register, &question.group).ok_or_else(|| QuestionError::UnknownGroup(question.group.clone()))?;
    let (need, travel) = (&question.need, question.travel);
    task::expect(need.parts.len());
    let by_part: Vec<Arc<Reached>> = parallel::try_map(&need.parts, 1, |part| {
        let found = reached(world, network, &part.wishes, need, travel)?;
        task::step().map(|()| found)
    })?;
    if question.with_capacity && (need.parts.len() != 1 || need.min_count > 1) {
        return Err(QuestionError::CapacityOfSeveral);
    }
    let assigned = question.with_capacity.then(|| assigned(world, network, &question, &demand)).transpose()?;
    let area = question.region.as_ref().map(|region| (register.homes(), region));
    let snaps = &world.population_layer.snapped(network, travel.profile).snaps;
    let limit = need.counted_limit();
    let mut total = Share::default();
    let mut parts = vec![Share::default(); need.parts.len()];
    let mut cells = Vec::new();
    for (n, place) in cells_in(register, area).into_iter().enumerate() {
        if n % CELLS_PER_CHECK == 0 {
            task::work(CELLS_PER_CHECK)?;
        }
        let i = place as usize;
        let people = demand.people[i];
        if people <= 0.0 {
            continue;
        }
        let mut cell = CellCover {
            place,
            cell: register.population[i].cell,
            people,
            time: Deciseconds(0),
            nearest: None,
            missing: 0,
            covered: 0.0,
            on_network: snaps[i].is_some(),
        };
        for (n, part) in by_part.iter().enumerate() {
            let (time, first) = (part.counted[i], part.first[i]);
            if time > limit {
                cell.missing |= 1 << n;
            }
            let share = &mut parts[n];
            share.people += people;
            if !cell.on_network {
                share.off_network += people;
            } else if time <= limit {
                share.covered += people;
            }
            if n == 0 || time > cell.time {
                cell.time = time;
                cell.nearest = first.0.is_some().then(|| (first.0, part.ids[first.1 as usize]));
            }
        }
        if cell.on_network && cell.missing == 0 {
            cell.covered = assigned.as_ref().map_or(people, |a| a.0.served[i]);
        }
        total.add(&cell);
        cells.push(cell);
    }
    if question.region.is_none() && demand.elsewhere > 0.0 {
        for share in parts.iter_mut().chain([&mut total]) {
            share.people += demand.elsewhere;
            share.off_network += demand.elsewhere;
        }
    }
    let facilities = by_part.iter().map(|p| p.ids.len() as u64).collect();
    if assigned.is_some() {
        parts = vec![total];
    }
    Ok(Coverage { question, total, parts, facilities, cells, capacity: assigned.map(|a| a.1) })
}

/// Assigns people to facilities by capacity over the whole city, because people from outside a region use facilities in
/// it too.
pub(super) fn assigned(
    world: &World,
    network: &Network,
    question: &Question,
    demand: &Demand,
) -> Result<(Assigned, CapacityUse), Stopped> {
    let need = &question.need;
    let places = need.parts.first().map_or_else(Vec::new, |part| wanted_places(&world.register, &part.wishes));
    let sites = sites_of(world, &places);
    let capacity: Vec<Option<f64>> = places.iter().map(|&p| world.register.facilities[p as usize].capacity).collect();
    let pairs = pairs(world, network, sites, question.travel, need.measure, need.counted_limit())?;
    let assigned = assign(&pairs, &demand.people, &capacity)?;
    let mut usage = CapacityUse::default();
    for ((capacity, load), left) in capacity.iter().zip(&assigned.load).zip(&assigned.left) {
        match capacity {
            Some(capacity) => {
                usage.limited += 1;
                usage.room += capacity;
                usage.used += load;
                usage.full += u64::from(left.is_some_and(|l| l <= 0.0));
            }
            None => usage.unlimited += 1,
        }
    }
    Ok((assigned, usage))
}

/// Returns, per division of [`Register::homes`], the code of the region it belongs to one level below `region`.
pub(super) fn regions_below<'r>(register: &'r Register, region: Option<&RegionCode>) -> Vec<&'r str> {
    let homes = register.homes();
    (0..homes.codes()).map(|place| part_of(homes.code_at(place), region)).collect()
}

/// Returns the name of a region, or of the center of a division.
pub(super) fn region_name(register: &Register, code: &str) -> Option<String> {
    let region = register.regions.find(code).map(|r| r.name.clone());
    region.or_else(|| register.centers.find(code).map(|c| c.name.clone()))
}

impl Coverage {
    /// Returns people by distance in bars of 5 minutes or 250 m. The last bar is unbounded.
    #[must_use]
    pub fn histogram(&self) -> Vec<Bar> {
        let measure = self.question.need.measure;
        let width = match measure {
            Measure::Minutes => 5.0,
            Measure::Metres => 250.0,
        };
        let mut bars: Vec<Bar> = (0..BARS)
            .map(|n| {
                let from = n as f64 * width;
                Bar { from, to: (n + 1 < BARS).then_some(from + width), people: 0.0 }
            })
            .collect();
        for (time, people) in self.reached_people() {
            let value = measure.value(time).unwrap_or_default();
            let bar = ((value / width).ceil() as usize).saturating_sub(1).min(BARS - 1);
            bars[bar].people += people;
        }
        bars
    }

    fn reached_people(&self) -> impl Iterator<Item = (Deciseconds, f64)> + '_ {
        self.cells.iter().filter(|c| c.on_network && c.time.is_some()).map(|c| (c.time, c.people))
    }

    /// Returns the people on the network who reach nothing within the horizon.
    #[must_use]
    pub fn not_reached(&self) -> f64 {
        self.cells.iter().filter(|c| c.on_network && !c.time.is_some()).fold(0.0, |sum, c| sum + c.people)
    }

    /// Returns the mean distance of the people who reach something within the horizon, or `None` if nobody does.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let measure = self.question.need.measure;
        let (sum, people) = self.reached_people().fold((0.0, 0.0), |(sum, all), (time, people)| {
            (sum + measure.value(time).unwrap_or_default() * people, all + people)
        });
        (people > 0.0).then(|| sum / people)
    }

    /// Returns, for each share (0 to 1), the distance within which that share of the people on the network is served, or
    /// `None` if it lies beyond the horizon.
    #[must_use]
    pub fn percentiles(&self, shares: &[f64]) -> Vec<Option<f64>> {
        let mut list: Vec<(Deciseconds, f64)> = self.reached_people().collect();
        list.sort_unstable_by_key(|entry| entry.0);
        let all = list.iter().map(|e| e.1).sum::<f64>() + self.not_reached();
        let at = |share: f64| {
            let mut sum = 0.0;
            // The tolerance keeps rounding of the sum from excluding the last person.
            let target = share * all * (1.0 - 1e-12);
            let found = list.iter().find(|(_, people)| {
                sum += people;
                sum >= target
            });
            found.and_then(|(time, _)| self.question.need.measure.value(*time))
        };
        shares.iter().map(|&share| at(share)).collect()
    }

    /// Returns the coverage of each region one level below the region of the question, ordered by code. The rows add up to
    /// the total.
    #[must_use]
    pub fn by_region(&self, register: &Register) -> Vec<RegionShare> {
        let homes = register.homes();
        let codes = regions_below(register, self.question.region.as_ref());
        let mut shares: BTreeMap<Option<&str>, Share> = BTreeMap::new();
        for cell in &self.cells {
            shares.entry(homes.place(cell.place as usize).map(|p| codes[p])).or_default().add(cell);
        }
        let located = shares.values().fold(0.0, |sum, s| sum + s.people);
        let elsewhere = self.total.people - located;
        if elsewhere > located * 1e-9 {
            let share = shares.entry(None).or_default();
            share.people += elsewhere;
            share.off_network += elsewhere;
        }
        let row = |(code, share): (Option<&str>, Share)| RegionShare {
            code: code.map(str::to_owned),
            name: code.and_then(|code| region_name(register, code)),
            share,
        };
        shares.into_iter().map(row).collect()
    }

    /// Aggregates the cells to a coarser resolution: cell, people and coverage, and the mean distance of those served.
    #[must_use]
    pub fn aggregated(&self, resolution: Resolution) -> Vec<(CellIndex, Share, Option<f64>)> {
        let measure = self.question.need.measure;
        let mut parents: BTreeMap<u64, (CellIndex, Share, f64, f64)> = BTreeMap::new();
        for cell in &self.cells {
            let Some(parent) = cell.cell.parent(resolution) else { continue };
            let entry = parents.entry(parent.into()).or_insert((parent, Share::default(), 0.0, 0.0));
            entry.1.add(cell);
            if let Some(value) = measure.value(cell.time).filter(|_| cell.on_network) {
                entry.2 += value * cell.people;
                entry.3 += cell.people;
            }
        }
        let row = |(cell, share, sum, people): (CellIndex, Share, f64, f64)| {
            (cell, share, (people > 0.0).then(|| sum / people))
        };
        parents.into_values().map(row).collect()
    }

    /// Returns the gaps, those with most people first.
    #[must_use]
    pub fn gaps(&self, register: &Register) -> Vec<Gap> {
        let open: HashMap<CellIndex, u32> = self
            .cells
            .iter()
            .enumerate()
            .filter(|(_, c)| c.on_network && !c.is_covered())
            .map(|(i, c)| (c.cell, i as u32))
            .collect();
        let mut seen = vec![false; self.cells.len()];
        let mut gaps = Vec::new();
        for (i, cell) in self.cells.iter().enumerate() {
            if seen[i] || !open.contains_key(&cell.cell) {
                continue;
            }
            seen[i] = true;
            let mut members = vec![i as u32];
            let mut next = 0;
            while let Some(&member) = members.get(next) {
                next += 1;
                for near in self.cells[member as usize].cell.grid_disk::<Vec<CellIndex>>(1) {
                    if let Some(&j) = open.get(&near)
                        && !std::mem::replace(&mut seen[j as usize], true)
                    {
                        members.push(j);
                    }
                }
            }
            members.sort_unstable();
            gaps.push(self.gap(register, members));
        }
        // Ties are broken by the smallest cell number, so that the order of the population does not matter.
        gaps.sort_by(|a, b| b.people.total_cmp(&a.people).then_with(|| self.first_cell(a).cmp(&self.first_cell(b))));
        gaps
    }

    /// Returns the smallest cell number of a gap, which identifies the gap.
    #[must_use]
    pub fn first_cell(&self, gap: &Gap) -> i64 {
        gap.cells.iter().map(|&c| u64::from(self.cells[c as usize].cell) as i64).min().unwrap_or_default()
    }

    fn gap(&self, register: &Register, cells: Vec<u32>) -> Gap {
        let homes = register.homes();
        let mut districts: BTreeMap<&str, f64> = BTreeMap::new();
        let mut missed = vec![0.0; self.question.need.parts.len()];
        let (mut people, mut nearest) = (0.0, None);
        for cell in cells.iter().map(|&c| &self.cells[c as usize]) {
            let uncovered = cell.people - cell.covered;
            people += uncovered;
            if let Some(code) = homes.code(cell.place as usize) {
                *districts.entry(district_of(code)).or_default() += uncovered;
            }
            for (n, missed) in missed.iter_mut().enumerate() {
                // With capacities, a facility within the limit may be full.
                if cell.missing & (1 << n) != 0 || self.capacity.is_some() {
                    *missed += uncovered;
                }
            }
            nearest = [nearest, cell.nearest].into_iter().flatten().min();
        }
        let most = |list: BTreeMap<&str, f64>| {
            list.into_iter().reduce(|a, b| if b.1 > a.1 { b } else { a }).map(|(code, _)| code.to_owned())
        };
        let missed = missed.into_iter().enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a }).unwrap_or_default();
        Gap { cells, people, district: most(districts), nearest, missed }
    }

    /// Returns the outline of some cells, continuous across the 180th meridian.
    #[must_use]
    pub fn outline(&self, cells: &[u32]) -> MultiPolygon<f64> {
        let cells = cells.iter().map(|&c| self.cells[c as usize].cell);
        // The cells of a population are unique and of one resolution, so dissolving them cannot fail.
        continuous(SolventBuilder::new().build().dissolve(cells).unwrap_or_else(|_| MultiPolygon::new(Vec::new())))
    }

    /// Returns the category of a part, if it is exactly one category.
    #[must_use]
    pub fn category_of(&self, part: usize) -> Option<Category> {
        self.question.need.parts.get(part)?.category
    }
}

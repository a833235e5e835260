//! Coverage: who has what they need within reach, who has not, by region and by minutes; and the gaps.

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

/// Bars of a histogram, the last of which has no upper end.
const BARS: usize = 13;
/// Homes looked at between two looks at whether to go on.
const HOMES_BETWEEN_LOOKS: usize = 8192;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub need: Need,
    pub travel: Travel,
    /// Only who lives here; the whole city where left out.
    pub region: Option<RegionCode>,
    /// The group of people.
    pub group: String,
    /// Each facility takes as many as it has room for, the nearest first (see [`assign`](super::assign)). Asked of one
    /// part and one facility only.
    pub with_capacity: bool,
}

/// What the facilities of an answer with capacities take.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CapacityUse {
    /// Facilities whose capacity is known, and their room together.
    pub limited: u64,
    pub room: f64,
    /// Facilities whose capacity is not known: they take everyone.
    pub unlimited: u64,
    /// People who found a place in those whose capacity is known.
    pub used: f64,
    /// Facilities without a place left.
    pub full: u64,
}

/// A population cell and how it is served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellCover {
    /// Its place in the population of everyone.
    pub place: u32,
    pub cell: CellIndex,
    pub people: f64,
    /// To what the need counts: the `min_count`-th nearest facility of the part that is farthest. `NEVER` past the horizon.
    pub time: Deciseconds,
    /// To the nearest facility of the part that is farthest, and its number.
    pub nearest: Option<(Deciseconds, i64)>,
    /// Parts that are not within the limit, as bits.
    pub missing: u32,
    /// Of its people, those who are covered: all or none, but for capacities.
    pub covered: f64,
    /// Lies near enough to a street that the profile can use.
    pub on_network: bool,
}

impl CellCover {
    /// Has everything that is needed within the limit.
    #[must_use]
    pub const fn is_covered(&self) -> bool {
        self.on_network && self.covered >= self.people
    }
}

/// People, and how many of them are covered. Whoever is off the network is neither.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    pub people: f64,
    pub covered: f64,
    pub off_network: f64,
}

impl Share {
    /// Neither covered nor off the network.
    #[must_use]
    pub fn uncovered(&self) -> f64 {
        (self.people - self.covered - self.off_network).max(0.0)
    }

    /// Covered people by all people, 0 where there are none.
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

/// The answer.
pub struct Coverage {
    pub question: Question,
    pub total: Share,
    /// By part of the need, in their order.
    pub parts: Vec<Share>,
    /// Facilities that count, by part.
    pub facilities: Vec<u64>,
    /// Cells with people of the group, in the order of the population.
    pub cells: Vec<CellCover>,
    /// Where capacities were asked for.
    pub capacity: Option<CapacityUse>,
}

/// A bar of a histogram: people whose time lies over `from`, up to and with `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    pub from: f64,
    /// No upper end in the last one.
    pub to: Option<f64>,
    pub people: f64,
}

/// One region of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionShare {
    /// `None` for people of whom it is not known where they belong.
    pub code: Option<String>,
    pub name: Option<String>,
    pub share: Share,
}

/// Uncovered cells that touch each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Places in [`Coverage::cells`].
    pub cells: Vec<u32>,
    pub people: f64,
    /// The district most of them live in.
    pub district: Option<String>,
    /// The facility that is nearest to any of them, and how far it is.
    pub nearest: Option<(Deciseconds, i64)>,
    /// The part that most people miss (a place in the need's parts), and how many do.
    pub missed: (usize, f64),
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    #[error("the population of the group \"{0}\" is not known")]
    UnknownGroup(String),
    #[error("capacities are counted for one category, kinds or service at a time, and one facility each (minCount 1)")]
    CapacityOfSeveral,
    #[error("access is measured to one category, kinds or service at a time")]
    AccessOfSeveral,
    #[error("sites are suggested for one category, kinds or service at a time, and one facility each (minCount 1)")]
    SitesOfSeveral,
    #[error("a capacity is for the most people covered or the fewest facilities: a mean counts everyone")]
    CapacityOfMean,
    #[error(
        "sites with a capacity cannot be found exactly: who goes where is settled nearest first, which no program of integers can say"
    )]
    ExactCapacity,
    #[error("a budget is for the most people covered or the least mean; the fewest facilities are counted, not paid")]
    BudgetOfFewest,
    #[error("the facility with the number {0} is not open today for this need")]
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

/// Answers a question.
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
    let homes = question.region.as_ref().map(|region| (register.homes(), region));
    let snaps = &world.population_layer.snapped(network, travel.profile).snaps;
    let limit = need.counted_limit();
    let mut total = Share::default();
    let mut parts = vec![Share::default(); need.parts.len()];
    let mut cells = Vec::new();
    for (n, place) in cells_in(register, homes).into_iter().enumerate() {
        if n % HOMES_BETWEEN_LOOKS == 0 {
            task::work(HOMES_BETWEEN_LOOKS)?;
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

/// Who finds room, over the whole city: people from beyond a region take places in it too.
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
    let mut told = CapacityUse::default();
    for ((capacity, load), left) in capacity.iter().zip(&assigned.load).zip(&assigned.left) {
        match capacity {
            Some(room) => {
                told.limited += 1;
                told.room += room;
                told.used += load;
                told.full += u64::from(left.is_some_and(|l| l <= 0.0));
            }
            None => told.unlimited += 1,
        }
    }
    Ok((assigned, told))
}

/// By place in [`Register::homes`]: the code of the region it is in, one level below the one asked about.
pub(super) fn regions_below<'r>(register: &'r Register, region: Option<&RegionCode>) -> Vec<&'r str> {
    let homes = register.homes();
    (0..homes.codes()).map(|place| part_of(homes.code_at(place), region)).collect()
}

/// The name of a region, or of the center of a division.
pub(super) fn region_name(register: &Register, code: &str) -> Option<String> {
    let region = register.regions.find(code).map(|r| r.name.clone());
    region.or_else(|| register.centers.find(code).map(|c| c.name.clone()))
}

impl Coverage {
    /// People by how far they have it: 0 to 5, over 5 to 10, ... minutes (or 250 m), and over the last bar's begin.
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

    /// People on the network who have nothing within the horizon.
    #[must_use]
    pub fn not_reached(&self) -> f64 {
        self.cells.iter().filter(|c| c.on_network && !c.time.is_some()).fold(0.0, |sum, c| sum + c.people)
    }

    /// The mean over the people who have it within the horizon; `None` where there are none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let measure = self.question.need.measure;
        let (sum, people) = self.reached_people().fold((0.0, 0.0), |(sum, all), (time, people)| {
            (sum + measure.value(time).unwrap_or_default() * people, all + people)
        });
        (people > 0.0).then(|| sum / people)
    }

    /// For each share (0 to 1) the time within which so many of the people on the network have it; `None` where so many
    /// have it not within the horizon.
    #[must_use]
    pub fn percentiles(&self, shares: &[f64]) -> Vec<Option<f64>> {
        let mut list: Vec<(Deciseconds, f64)> = self.reached_people().collect();
        list.sort_unstable_by_key(|entry| entry.0);
        let all = list.iter().map(|e| e.1).sum::<f64>() + self.not_reached();
        let at = |share: f64| {
            let mut sum = 0.0;
            // Rounding of the sum must not push the last person out.
            let wanted = share * all * (1.0 - 1e-12);
            let found = list.iter().find(|(_, people)| {
                sum += people;
                sum >= wanted
            });
            found.and_then(|(time, _)| self.question.need.measure.value(*time))
        };
        shares.iter().map(|&share| at(share)).collect()
    }

    /// The same by region one level down from the one asked about, in the order of codes. Their sums are the whole.
    #[must_use]
    pub fn by_region(&self, register: &Register) -> Vec<RegionShare> {
        let homes = register.homes();
        let codes = regions_below(register, self.question.region.as_ref());
        let mut shares: BTreeMap<Option<&str>, Share> = BTreeMap::new();
        for cell in &self.cells {
            shares.entry(homes.place(cell.place as usize).map(|p| codes[p])).or_default().add(cell);
        }
        let known = shares.values().fold(0.0, |sum, s| sum + s.people);
        let elsewhere = self.total.people - known;
        if elsewhere > known * 1e-9 {
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

    /// Cells put together to those of a coarser resolution: people, covered people, and the mean time of those reached.
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

    /// Areas of uncovered cells that touch each other, those with most people first.
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
        // Of equals by the first of their cells, whatever the order of the population.
        gaps.sort_by(|a, b| b.people.total_cmp(&a.people).then_with(|| self.first_cell(a).cmp(&self.first_cell(b))));
        gaps
    }

    /// The least number of a gap's cells. No other gap has it.
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
                // With capacities one may be near and full.
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

    /// The outline of some of its cells, continuous where it crosses the 180th meridian.
    #[must_use]
    pub fn outline(&self, cells: &[u32]) -> MultiPolygon<f64> {
        let cells = cells.iter().map(|&c| self.cells[c as usize].cell);
        // Cells of a population are unique and of one resolution, so that they always dissolve.
        continuous(SolventBuilder::new().build().dissolve(cells).unwrap_or_else(|_| MultiPolygon::new(Vec::new())))
    }

    /// The category a part stands for.
    #[must_use]
    pub fn category_of(&self, part: usize) -> Option<Category> {
        self.question.need.parts.get(part)?.category
    }
}

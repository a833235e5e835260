//! The city as a scenario has it, and what becomes of people by it.

use super::cover::{Coverage, Question, QuestionError, Share, coverage, region_name, regions_below};
use super::need::{Need, Part};
use super::tables::{collection, hexagon, rounded};
use crate::world::{Laid, World};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use walkshed_engine::task;
use walkshed_engine::{Deciseconds, StreetChange};
use walkshed_register::{Category, ChangeError, EVERYONE, Register, Scenario};

/// Why there is no city as a scenario has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    #[error("there is no such scenario")]
    Unknown,
    /// What it changes has changed or gone since.
    #[error("the scenario \"{key}\" does not fit the city as it is now: {why}; mend it with updateScenario")]
    Stale { key: String, why: ChangeError },
}

/// The world with a scenario laid over it, where that is kept or the world is it already: at once.
#[must_use]
pub fn known(world: &Arc<World>, scenario: i64) -> Option<Arc<World>> {
    let scenario = world.register.scenarios.get(scenario)?;
    let of = (scenario.id, scenario.version);
    if world.scenario.as_ref().is_some_and(|laid| (laid.id, laid.version) == of) {
        return Some(world.clone());
    }
    world.scenarios.get(&of)
}

/// The world with a scenario laid over it, or itself where it is that already: kept, so that the next question about it is answered at once.
///
/// # Errors
/// [`ScenarioError`].
pub fn under(world: &Arc<World>, scenario: i64) -> Result<Arc<World>, ScenarioError> {
    if let Some(known) = known(world, scenario) {
        return Ok(known);
    }
    let scenario = world.register.scenarios.get(scenario).ok_or(ScenarioError::Unknown)?;
    world.scenarios.get_or_insert_with(&(scenario.id, scenario.version), || {
        let laid = lay(world, scenario);
        laid.map(Arc::new).map_err(|why| ScenarioError::Stale { key: scenario.key.clone(), why })
    })
}

/// Why a scenario cannot be laid over a world, if so; told without making the world it would make.
#[must_use]
pub fn problem(world: &Arc<World>, scenario: i64) -> Option<ScenarioError> {
    if known(world, scenario).is_some() {
        return None;
    }
    let Some(scenario) = world.register.scenarios.get(scenario) else { return Some(ScenarioError::Unknown) };
    let streets = match scenario.lay_over(&world.register) {
        Ok((_, streets)) => streets,
        Err(why) => return Some(ScenarioError::Stale { key: scenario.key.clone(), why }),
    };
    let (places, streets): (Vec<usize>, Vec<StreetChange>) = streets.into_iter().unzip();
    let (n, why) = world.check_streets(&streets).err()?;
    let why = ChangeError { index: places[n], why: why.to_string() };
    Some(ScenarioError::Stale { key: scenario.key.clone(), why })
}

/// Lays a scenario over a world. What it does not reach is shared with the world as it is.
///
/// # Errors
/// [`ChangeError`] for what does not exist (any more), or streets that cannot be changed so.
pub fn lay(world: &World, scenario: &Scenario) -> Result<World, ChangeError> {
    let (done, streets) = scenario.lay_over(&world.register)?;
    let (places, streets): (Vec<usize>, Vec<StreetChange>) = streets.into_iter().unzip();
    let register = world.register.with(world.register.version, &done);
    let laid =
        Laid { id: scenario.id, version: scenario.version, key: scenario.key.clone(), name: scenario.name.clone() };
    world.under(laid, register, &streets).map_err(|(n, why)| ChangeError { index: places[n], why: why.to_string() })
}

/// What became of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Covered, and not before.
    Gained,
    /// Not covered any more.
    Lost,
    /// Nearer than before, whether covered or not.
    Nearer,
    /// Farther than before.
    Farther,
}

/// One question asked of two worlds with the same people.
pub struct Comparison {
    pub before: Arc<Coverage>,
    pub after: Arc<Coverage>,
    /// Each part of the need alone, in their order. Where a need has several, most changes reach one of them and leave the
    /// farthest of all where it was.
    pub parts: Vec<PartChange>,
}

/// What changes in one part of the need.
#[derive(Debug, Clone, PartialEq)]
pub struct PartChange {
    /// The category it stands for, where it is one.
    pub category: Option<Category>,
    pub before: Share,
    pub after: Share,
    pub balance: Balance,
}

/// What changes for some people.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Balance {
    /// Newly covered, and not covered any more.
    pub gained: f64,
    pub lost: f64,
    /// Nearer and farther than before.
    pub nearer: f64,
    pub farther: f64,
}

/// One region of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionChange {
    /// `None` for people of whom it is not known where they belong.
    pub code: Option<String>,
    pub name: Option<String>,
    pub before: Share,
    pub after: Share,
    pub balance: Balance,
}

/// One group of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupChange {
    pub group: String,
    /// Those of the group in the cells that were asked about.
    pub people: f64,
    pub balance: Balance,
}

/// What to write where a scenario must be named: `example` of the key of one there is.
#[must_use]
pub fn name_a_scenario(register: &Register, example: impl Fn(&str) -> String) -> String {
    /// Keys that are listed.
    const LISTED: usize = 10;
    let known = &register.scenarios;
    let Some(first) = known.iter().next() else {
        return "names no scenario, and there is none yet: make one with the mutation createScenario".to_owned();
    };
    let keys: Vec<&str> = known.iter().take(LISTED).map(|s| s.key.as_str()).collect();
    let more = if known.len() > LISTED { format!(" and {} more", known.len() - LISTED) } else { String::new() };
    format!("names no scenario; there are {}{more}. Write {}", keys.join(", "), example(&first.key))
}

/// Asks the same of two worlds, of which one is a scenario of the other, or both of a third.
///
/// # Errors
/// [`QuestionError`]; both worlds must have a network.
pub fn compare(before: &World, after: &World, question: &Question) -> Result<Comparison, QuestionError> {
    let ask = |world: &World, question: &Question| {
        let network = world.network().map_err(|why| QuestionError::NoStreets(why.to_owned()))?;
        let found = coverage(world, network, question.clone())?;
        task::step()?;
        Ok::<_, QuestionError>(Arc::new(found))
    };
    let several = question.need.parts.len() > 1;
    task::expect(if several { 2 + 2 * question.need.parts.len() } else { 2 });
    let mut whole = Comparison { before: ask(before, question)?, after: ask(after, question)?, parts: Vec::new() };
    let of = |part: &Part, comparison: &Comparison| PartChange {
        category: part.category,
        before: comparison.before.total,
        after: comparison.after.total,
        balance: comparison.total(),
    };
    whole.parts = match &question.need.parts[..] {
        [one] => vec![of(one, &whole)],
        // The times were worked out for the whole and are kept.
        parts => parts
            .iter()
            .map(|part| {
                let need = Need { parts: vec![part.clone()], ..question.need.clone() };
                let alone = Question { need, ..question.clone() };
                let asked = Comparison { before: ask(before, &alone)?, after: ask(after, &alone)?, parts: Vec::new() };
                Ok(of(part, &asked))
            })
            .collect::<Result<_, QuestionError>>()?,
    };
    Ok(whole)
}

impl Comparison {
    /// What changes for the people of a cell, by its place in both answers. Of capacities parts of a cell can gain.
    #[must_use]
    pub fn of_cell(&self, index: usize) -> Balance {
        let (before, after) = (&self.before.cells[index], &self.after.cells[index]);
        let mut balance = Balance {
            gained: (after.covered - before.covered).max(0.0),
            lost: (before.covered - after.covered).max(0.0),
            ..Balance::default()
        };
        let time = |cell: &super::CellCover| if cell.on_network { cell.time } else { Deciseconds::NEVER };
        match time(after).cmp(&time(before)) {
            std::cmp::Ordering::Less => balance.nearer = after.people,
            std::cmp::Ordering::Greater => balance.farther = after.people,
            std::cmp::Ordering::Equal => {}
        }
        balance
    }

    /// What changes for all people asked about.
    #[must_use]
    pub fn total(&self) -> Balance {
        (0..self.before.cells.len()).fold(Balance::default(), |sum, i| sum.and(self.of_cell(i), 1.0))
    }

    /// The cells with people for whom something changes so, most people first, and their numbers.
    #[must_use]
    pub fn cells(&self, change: Change) -> Vec<(usize, f64)> {
        let mut list: Vec<(usize, f64)> =
            (0..self.before.cells.len()).map(|i| (i, self.of_cell(i).of(change))).filter(|c| c.1 > 0.0).collect();
        let number = |i: usize| u64::from(self.before.cells[i].cell);
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| number(a.0).cmp(&number(b.0))));
        list
    }

    /// The same by region one level down from the one asked about, in the order of codes.
    #[must_use]
    pub fn by_region(&self, register: &Register) -> Vec<RegionChange> {
        let homes = register.homes();
        let codes = regions_below(register, self.before.question.region.as_ref());
        let mut balances: BTreeMap<Option<&str>, Balance> = BTreeMap::new();
        for (i, cell) in self.before.cells.iter().enumerate() {
            let code = homes.place(cell.place as usize).map(|p| codes[p]);
            let sum = balances.entry(code).or_default();
            *sum = sum.and(self.of_cell(i), 1.0);
        }
        let (before, after) = (self.before.by_region(register), self.after.by_region(register));
        let row = |(before, after): (super::RegionShare, super::RegionShare)| RegionChange {
            balance: balances.get(&before.code.as_deref()).copied().unwrap_or_default(),
            name: before.code.as_deref().and_then(|code| region_name(register, code)),
            code: before.code,
            before: before.share,
            after: after.share,
        };
        // The same cells, and so the same regions in the same order.
        before.into_iter().zip(after).map(row).collect()
    }

    /// The same for every group that is known, everyone first, in the cells that were asked about: a cell's people of
    /// all groups are covered in the same part.
    #[must_use]
    pub fn by_group(&self, register: &Register) -> Vec<GroupChange> {
        let names = std::iter::once(EVERYONE).chain(register.groups.keys().map(String::as_str));
        let place: std::collections::HashMap<u64, usize> =
            self.before.cells.iter().enumerate().map(|(i, c)| (u64::from(c.cell), i)).collect();
        let of_group = |group: &str| {
            let (mut people, mut balance) = (0.0, Balance::default());
            for cell in register.people(group)?.iter() {
                let Some(&i) = place.get(&u64::from(cell.cell)) else { continue };
                people += cell.people;
                balance = balance.and(self.of_cell(i), cell.people / self.before.cells[i].people);
            }
            Some(GroupChange { group: group.to_owned(), people, balance })
        };
        names.filter_map(of_group).collect()
    }

    /// The cells for which anything changes, as CSV.
    #[must_use]
    pub fn csv(&self) -> String {
        let measure = self.before.question.need.measure;
        let unit = measure.name();
        let mut out = format!("cell,people,covered_before,covered_after,{unit}_before,{unit}_after\n");
        for (i, (before, after)) in self.before.cells.iter().zip(&self.after.cells).enumerate() {
            if self.of_cell(i) == Balance::default() {
                continue;
            }
            let value = |time| measure.value(time).map_or_else(String::new, |v| rounded(v, 4).to_string());
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{},{},{},{},{},{}",
                before.cell,
                before.people,
                before.covered,
                after.covered,
                value(before.time),
                value(after.time)
            );
        }
        out
    }

    /// The cells for which anything changes, as a GeoJSON FeatureCollection of hexagons.
    #[must_use]
    pub fn text(&self, notice: &str) -> String {
        let measure = self.before.question.need.measure;
        let features = (0..self.before.cells.len()).filter_map(|i| {
            let (before, after, balance) = (&self.before.cells[i], &self.after.cells[i], self.of_cell(i));
            if balance == Balance::default() {
                return None;
            }
            let value = |time| measure.value(time).map(|v| rounded(v, 4));
            let unit = measure.name();
            let properties = json!({
                "cell": before.cell.to_string(),
                "people": rounded(before.people, 2),
                "covered_before": rounded(before.covered, 2),
                "covered_after": rounded(after.covered, 2),
                "gained": rounded(balance.gained, 2),
                "lost": rounded(balance.lost, 2),
                format!("{unit}_before"): value(before.time),
                format!("{unit}_after"): value(after.time),
            });
            Some((hexagon(before.cell), properties))
        });
        collection(notice, features)
    }
}

impl Balance {
    /// The people of one sort.
    #[must_use]
    pub const fn of(&self, change: Change) -> f64 {
        match change {
            Change::Gained => self.gained,
            Change::Lost => self.lost,
            Change::Nearer => self.nearer,
            Change::Farther => self.farther,
        }
    }

    fn and(self, more: Self, share: f64) -> Self {
        Self {
            gained: more.gained.mul_add(share, self.gained),
            lost: more.lost.mul_add(share, self.lost),
            nearer: more.nearer.mul_add(share, self.nearer),
            farther: more.farther.mul_add(share, self.farther),
        }
    }
}

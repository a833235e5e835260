//! Applies scenarios to a world and compares coverage before and after.

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

/// Why a scenario cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    #[error("unknown scenario")]
    Unknown,
    /// Something that the scenario changes has been changed or deleted since.
    #[error("the scenario \"{key}\" cannot be applied to the current data: {why}; correct it with updateScenario")]
    Stale { key: String, why: ChangeError },
}

/// Returns the world with a scenario applied if it is cached, or if the world is that scenario already.
#[must_use]
pub fn known(world: &Arc<World>, scenario: i64) -> Option<Arc<World>> {
    let scenario = world.register.scenarios.get(scenario)?;
    let of = (scenario.id, scenario.version);
    if world.scenario.as_ref().is_some_and(|laid| (laid.id, laid.version) == of) {
        return Some(world.clone());
    }
    world.scenarios.get(&of)
}

/// Returns the world with a scenario applied, and caches it. Returns the world itself if it is that scenario already.
///
/// # Errors
/// [`ScenarioError`].
pub fn under(world: &Arc<World>, scenario: i64) -> Result<Arc<World>, ScenarioError> {
    if let Some(cached) = known(world, scenario) {
        return Ok(cached);
    }
    let scenario = world.register.scenarios.get(scenario).ok_or(ScenarioError::Unknown)?;
    world.scenarios.get_or_insert_with(&(scenario.id, scenario.version), || {
        let applied = lay(world, scenario);
        applied.map(Arc::new).map_err(|why| ScenarioError::Stale { key: scenario.key.clone(), why })
    })
}

/// Returns why a scenario cannot be applied to a world, if so, without building the changed world.
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
    let (indices, streets): (Vec<usize>, Vec<StreetChange>) = streets.into_iter().unzip();
    let (n, why) = world.check_streets(&streets).err()?;
    let why = ChangeError { index: indices[n], why: why.to_string() };
    Some(ScenarioError::Stale { key: scenario.key.clone(), why })
}

/// Applies a scenario to a world. Data that the scenario does not affect is shared with the original world.
///
/// # Errors
/// [`ChangeError`] if a changed record does not exist or a street change is invalid.
pub fn lay(world: &World, scenario: &Scenario) -> Result<World, ChangeError> {
    let (done, streets) = scenario.lay_over(&world.register)?;
    let (indices, streets): (Vec<usize>, Vec<StreetChange>) = streets.into_iter().unzip();
    let register = world.register.with(world.register.version, &done);
    let applied =
        Laid { id: scenario.id, version: scenario.version, key: scenario.key.clone(), name: scenario.name.clone() };
    world.under(applied, register, &streets).map_err(|(n, why)| ChangeError { index: indices[n], why: why.to_string() })
}

/// A kind of change for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Newly covered.
    Gained,
    /// No longer covered.
    Lost,
    /// Shorter distance than before, whether covered or not.
    Nearer,
    /// Longer distance than before, whether covered or not.
    Farther,
}

/// The coverage of one question in two worlds with the same population.
pub struct Comparison {
    pub before: Arc<Coverage>,
    pub after: Arc<Coverage>,
    /// Each part of the need on its own, in order. With several parts, most changes affect one part and leave the farthest
    /// one unchanged.
    pub parts: Vec<PartChange>,
}

/// The change in one part of the need.
#[derive(Debug, Clone, PartialEq)]
pub struct PartChange {
    /// The category, if the part is exactly one category.
    pub category: Option<Category>,
    pub before: Share,
    pub after: Share,
    pub balance: Balance,
}

/// Numbers of people affected by a change.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Balance {
    /// Newly covered, and no longer covered.
    pub gained: f64,
    pub lost: f64,
    /// With a shorter and a longer distance than before.
    pub nearer: f64,
    pub farther: f64,
}

/// The change in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionChange {
    /// `None` for people in no known region.
    pub code: Option<String>,
    pub name: Option<String>,
    pub before: Share,
    pub after: Share,
    pub balance: Balance,
}

/// The change for one population group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupChange {
    pub group: String,
    /// People of the group in the cells of the question.
    pub people: f64,
    pub balance: Balance,
}

/// Returns the message for a missing scenario argument, which lists the scenarios. `example` formats a correct call with the
/// key of one of them.
#[must_use]
pub fn name_a_scenario(register: &Register, example: impl Fn(&str) -> String) -> String {
    /// Maximum number of keys to list.
    const LISTED: usize = 10;
    let scenarios = &register.scenarios;
    let Some(first) = scenarios.iter().next() else {
        return "names no scenario, and none exists yet. Create one with the mutation createScenario".to_owned();
    };
    let keys: Vec<&str> = scenarios.iter().take(LISTED).map(|s| s.key.as_str()).collect();
    let more = if scenarios.len() > LISTED { format!(" and {} more", scenarios.len() - LISTED) } else { String::new() };
    format!("names no scenario. Available: {}{more}. Example: {}", keys.join(", "), example(&first.key))
}

/// Compares the coverage of a question in two worlds. Both must be scenarios of the same world, or one a scenario of the
/// other.
///
/// # Errors
/// [`QuestionError`]; in particular if one of the worlds has no network.
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
        // The distances of the parts are cached from the whole.
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
    /// Returns the change for the people of a cell, by its index in both answers. With capacities, part of a cell may change.
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

    /// Returns the change for all people of the question.
    #[must_use]
    pub fn total(&self) -> Balance {
        (0..self.before.cells.len()).fold(Balance::default(), |sum, i| sum.and(self.of_cell(i), 1.0))
    }

    /// Returns the indices of the cells with a kind of change and the number of people affected, most people first.
    #[must_use]
    pub fn cells(&self, change: Change) -> Vec<(usize, f64)> {
        let mut list: Vec<(usize, f64)> =
            (0..self.before.cells.len()).map(|i| (i, self.of_cell(i).of(change))).filter(|c| c.1 > 0.0).collect();
        let number = |i: usize| u64::from(self.before.cells[i].cell);
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| number(a.0).cmp(&number(b.0))));
        list
    }

    /// Returns the change in each region one level below the region of the question, ordered by code.
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
        // Both have the same cells, and so the same regions in the same order.
        before.into_iter().zip(after).map(row).collect()
    }

    /// Returns the change for each population group, the total population first. Within a cell all groups are assumed to be
    /// covered in the same proportion.
    #[must_use]
    pub fn by_group(&self, register: &Register) -> Vec<GroupChange> {
        let names = std::iter::once(EVERYONE).chain(register.groups.keys().map(String::as_str));
        let index: std::collections::HashMap<u64, usize> =
            self.before.cells.iter().enumerate().map(|(i, c)| (u64::from(c.cell), i)).collect();
        let of_group = |group: &str| {
            let (mut people, mut balance) = (0.0, Balance::default());
            for cell in register.people(group)?.iter() {
                let Some(&i) = index.get(&u64::from(cell.cell)) else { continue };
                people += cell.people;
                balance = balance.and(self.of_cell(i), cell.people / self.before.cells[i].people);
            }
            Some(GroupChange { group: group.to_owned(), people, balance })
        };
        names.filter_map(of_group).collect()
    }

    /// Returns the cells with any change as CSV.
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

    /// Returns the cells with any change as a GeoJSON FeatureCollection of hexagons.
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
    /// Returns the people with one kind of change.
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

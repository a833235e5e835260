//! Compares coverage in two worlds: who gains and who loses.

use crate::coverage::{CellCover, Coverage, Share, coverage};
use crate::need::{Need, Part};
use crate::question::{Question, QuestionError};
use crate::regions::{RegionShare, Subregions};
use crate::world::World;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use walkshed_engine::Deciseconds;
use walkshed_engine::task;
use walkshed_register::{Category, EVERYONE, Register};

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
    /// Coverage before.
    pub before: Arc<Coverage>,
    /// Coverage after.
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
    /// People newly covered.
    pub gained: f64,
    /// People no longer covered.
    pub lost: f64,
    /// People with a shorter distance than before.
    pub nearer: f64,
    /// People with a longer distance than before.
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

/// Compares the coverage of a question in two worlds. Both must be scenarios of the same world, or one a scenario of the
/// other.
///
/// # Errors
/// [`QuestionError`]; in particular if one of the worlds has no network.
pub fn compare(before: &World, after: &World, question: &Question) -> Result<Comparison, QuestionError> {
    let ask = |world: &World, question: &Question| {
        let network = world.network().map_err(Clone::clone)?;
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
        let time = |cell: &CellCover| if cell.on_network { cell.time } else { Deciseconds::NEVER };
        match time(after).cmp(&time(before)) {
            Ordering::Less => balance.nearer = after.people,
            Ordering::Greater => balance.farther = after.people,
            Ordering::Equal => {}
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

    /// Returns the indices of the cells with any change, in population order.
    #[must_use]
    pub fn changed_cells(&self) -> Vec<usize> {
        (0..self.before.cells.len()).filter(|&i| self.of_cell(i) != Balance::default()).collect()
    }

    /// Returns the change in each region one level below the region of the question, ordered by code.
    #[must_use]
    pub fn by_region(&self, register: &Register) -> Vec<RegionChange> {
        let regions = Subregions::of(register, self.before.question.region.as_ref());
        let mut balances: BTreeMap<Option<&str>, Balance> = BTreeMap::new();
        for (i, cell) in self.before.cells.iter().enumerate() {
            let sum = balances.entry(regions.code_of(cell.index)).or_default();
            *sum = sum.and(self.of_cell(i), 1.0);
        }
        let (before, after) = (self.before.by_region(register), self.after.by_region(register));
        let row = |(before, after): (RegionShare, RegionShare)| RegionChange {
            balance: balances.get(&before.code.as_deref()).copied().unwrap_or_default(),
            name: before.name,
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
        let index: HashMap<u64, usize> =
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

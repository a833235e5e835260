//! Coverage: how many people have what they need within reach.

use crate::capacity::{CapacityUse, assign_demand};
use crate::demand::cells_in;
use crate::distances::{CellDistances, cell_distances};
use crate::need::{Measure, Part};
use crate::question::{Question, QuestionError};
use crate::world::World;
use h3o::{CellIndex, Resolution};
use std::collections::BTreeMap;
use std::sync::Arc;
use walkshed_engine::parallel;
use walkshed_engine::task;
use walkshed_engine::{Deciseconds, Network};
use walkshed_register::Category;

/// Cells to process between two checks for cancellation.
const CELLS_PER_CHECK: usize = 8192;

/// Coverage of a population cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellCover {
    /// Index in the total population.
    pub index: u32,
    /// H3 index.
    pub cell: CellIndex,
    /// People of the group.
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

    /// Returns whether the cell is on the network and not covered.
    #[must_use]
    pub const fn is_uncovered(&self) -> bool {
        self.on_network && !self.is_covered()
    }

    /// Returns the cell number as a signed integer, as in the database.
    #[must_use]
    pub fn number(&self) -> i64 {
        u64::from(self.cell) as i64
    }

    /// Returns the distance that is compared with the limit; `None` off the network and beyond the horizon.
    #[must_use]
    pub fn distance(&self, measure: Measure) -> Option<f64> {
        measure.value(self.time).filter(|_| self.on_network)
    }

    /// Returns whether a part of the need, by index, is not within the limit.
    #[must_use]
    pub const fn misses(&self, part: usize) -> bool {
        self.missing & (1 << part) != 0
    }
}

/// People, and how many of them are covered. People off the network are neither covered nor uncovered.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    /// All people.
    pub people: f64,
    /// People who have everything they need within the limit.
    pub covered: f64,
    /// People beyond snapping distance of any street the profile can use.
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

    pub(super) fn add(&mut self, cell: &CellCover) {
        self.people += cell.people;
        self.covered += cell.covered;
        if !cell.on_network {
            self.off_network += cell.people;
        }
    }
}

/// The answer to a [`Question`].
pub struct Coverage {
    /// The question that was answered.
    pub question: Question,
    /// All people of the question.
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

/// Computes the coverage of a need.
///
/// # Errors
/// [`QuestionError`].
pub fn coverage(world: &World, network: &Network, question: Question) -> Result<Coverage, QuestionError> {
    let register = &world.register;
    let demand = question.demand(register)?;
    let (need, travel) = (&question.need, question.travel);
    task::expect(need.parts.len());
    let by_part: Vec<Arc<CellDistances>> = parallel::try_map(&need.parts, 1, |part| {
        let found = cell_distances(world, network, &part.criteria, need, travel)?;
        task::step().map(|()| found)
    })?;
    if question.with_capacity && (need.parts.len() != 1 || need.min_count > 1) {
        return Err(QuestionError::CapacityNeedsOnePart);
    }
    let assigned = question.with_capacity.then(|| assign_demand(world, network, &question, &demand)).transpose()?;
    let snaps = &world.population_layer.snapped(network, travel.profile).snaps;
    let limit = need.limit_cost();
    let mut total = Share::default();
    let mut parts = vec![Share::default(); need.parts.len()];
    let mut cells = Vec::new();
    for (n, index) in cells_in(register, question.region.as_ref()).into_iter().enumerate() {
        if n % CELLS_PER_CHECK == 0 {
            task::work(CELLS_PER_CHECK)?;
        }
        let i = index as usize;
        let people = demand.people[i];
        if people <= 0.0 {
            continue;
        }
        let mut cell = CellCover {
            index,
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

impl Coverage {
    /// Returns the category of a part, if it is exactly one category.
    #[must_use]
    pub fn category_of(&self, part: usize) -> Option<Category> {
        self.question.need.parts.get(part)?.category
    }

    /// Returns the parts of the need that a cell lacks.
    pub fn missing_parts(&self, cell: &CellCover) -> impl Iterator<Item = &Part> {
        self.question.need.parts.iter().enumerate().filter(|(n, _)| cell.misses(*n)).map(|(_, part)| part)
    }

    /// Returns the indices of the cells in ascending order of cell number, which is stable when the population changes.
    /// `covered` restricts them to covered cells, or to those not covered.
    #[must_use]
    pub fn cells_by_number(&self, covered: Option<bool>) -> Vec<usize> {
        let is_selected = |&i: &usize| covered.is_none_or(|c| self.cells[i].is_covered() == c);
        let mut indices: Vec<usize> = (0..self.cells.len()).filter(is_selected).collect();
        // A population from the database is in this order already.
        indices.sort_by_key(|&i| self.cells[i].number());
        indices
    }

    /// Returns the number of cells on the network that are not covered.
    #[must_use]
    pub fn uncovered_cells(&self) -> usize {
        self.cells.iter().filter(|c| c.is_uncovered()).count()
    }

    /// Returns the H3 resolution of the cells, or 9 if there are none.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        self.cells.first().map_or(Resolution::Nine, |c| c.cell.resolution())
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
            if let Some(value) = cell.distance(measure) {
                entry.2 += value * cell.people;
                entry.3 += cell.people;
            }
        }
        let row = |(cell, share, sum, people): (CellIndex, Share, f64, f64)| {
            (cell, share, (people > 0.0).then(|| sum / people))
        };
        parents.into_values().map(row).collect()
    }
}

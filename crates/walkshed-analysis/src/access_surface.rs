//! Access measures for all population cells of a city or region.

use crate::access_measures::{Decay, Inequality, gravity, inequality, remaining_share, two_step};
use crate::demand::cells_in;
use crate::distances::cell_distances;
use crate::pairs::{pairs, sites_of};
use crate::question::{Question, QuestionError};
use crate::regions::Subregions;
use crate::statistics::weighted_mean;
use crate::world::World;
use h3o::CellIndex;
use std::collections::BTreeMap;
use walkshed_engine::task;
use walkshed_engine::{Deciseconds, Network};
use walkshed_register::Register;
use walkshed_register::query::matching_facilities;

/// An access measure. `access_measures.rs` has the formulas.
#[derive(Debug, Clone, PartialEq)]
pub enum AccessMeasure {
    /// Supply within the limit.
    Cumulative,
    /// Supply within the limit, weighted by a decay.
    Gravity(Decay),
    /// Supply per person, shared among all who reach it (2SFCA).
    TwoStep,
    /// Supply per person with a decay (E2SFCA).
    EnhancedTwoStep(Decay),
    /// Distance to the k-th nearest facility, where k is the need's `min_count`. Lower is better.
    KthNearest,
}

impl AccessMeasure {
    /// Returns whether lower values are better.
    #[must_use]
    pub fn less_is_better(&self) -> bool {
        match self {
            Self::Cumulative | Self::Gravity(_) | Self::TwoStep | Self::EnhancedTwoStep(_) => false,
            Self::KthNearest => true,
        }
    }
}

/// The supply of a facility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Offered {
    /// 1 per facility.
    #[default]
    Count,
    /// The capacity; 0 if unknown.
    Capacity,
}

/// Access of a population cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellAccess {
    /// Index in the total population.
    pub index: u32,
    /// H3 index.
    pub cell: CellIndex,
    /// People of the group.
    pub people: f64,
    /// `None` off the network, and for [`AccessMeasure::KthNearest`] beyond the horizon.
    pub value: Option<f64>,
    /// The value used for inequality: the value itself, or for [`AccessMeasure::KthNearest`] the remaining share of the limit,
    /// 0 beyond it. `None` off the network.
    pub benefit: Option<f64>,
}

/// Access of a region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionAccess {
    pub code: Option<String>,
    pub name: Option<String>,
    /// All people.
    pub people: f64,
    /// People without a value.
    pub without: f64,
    /// Mean over the people with a value.
    pub mean: Option<f64>,
}

/// Access of all people of a question.
pub struct Surface {
    pub question: Question,
    pub measure: AccessMeasure,
    pub offered: Offered,
    pub cells: Vec<CellAccess>,
    pub people: f64,
    /// People without a value.
    pub without: f64,
    /// Facilities that count, and how many of them have supply 0 because their capacity is unknown.
    pub facilities: u64,
    pub unknown_capacity: u64,
}

/// Measures access to the facilities of a need with one part.
///
/// # Errors
/// [`QuestionError`].
pub fn surface(
    world: &World,
    network: &Network,
    question: Question,
    measure: &AccessMeasure,
    offered: Offered,
) -> Result<Surface, QuestionError> {
    let register = &world.register;
    let demand = question.demand(register)?;
    let need = &question.need;
    let part = question.single_part().ok_or(QuestionError::AccessNeedsOnePart)?;
    task::expect(1);
    let places = matching_facilities(register, &part.criteria);
    let capacity = |&p: &u32| register.facilities[p as usize].capacity;
    let unknown =
        if offered == Offered::Capacity { places.iter().filter(|p| capacity(p).is_none()).count() } else { 0 };
    let snaps = &world.population_layer.snapped(network, question.travel.profile).snaps;
    let unit = |time: Deciseconds| need.measure.value(time).unwrap_or_default();
    let values: Vec<Option<f64>> = if *measure == AccessMeasure::KthNearest {
        let distances = cell_distances(world, network, &part.criteria, need, question.travel)?;
        distances.counted.iter().map(|&time| need.measure.value(time)).collect()
    } else {
        let supply: Vec<f64> = match offered {
            Offered::Count => vec![1.0; places.len()],
            Offered::Capacity => places.iter().map(|p| capacity(p).unwrap_or(0.0)).collect(),
        };
        let sites = sites_of(world, &places);
        let pairs = pairs(world, network, sites, question.travel, need.measure, need.limit_cost())?;
        let (cells, people) = (demand.people.len(), &demand.people);
        let sums = match measure {
            AccessMeasure::Cumulative => gravity(&pairs, cells, &supply, &Decay::None, unit),
            AccessMeasure::Gravity(decay) => gravity(&pairs, cells, &supply, decay, unit),
            AccessMeasure::TwoStep => two_step(&pairs, people, &supply, &Decay::None, unit),
            AccessMeasure::EnhancedTwoStep(decay) => two_step(&pairs, people, &supply, decay, unit),
            AccessMeasure::KthNearest => Ok(Vec::new()),
        }?;
        sums.into_iter().zip(snaps).map(|(value, snap)| snap.is_some().then_some(value)).collect()
    };
    task::work(values.len())?;
    let cells: Vec<CellAccess> = cells_in(register, question.region.as_ref())
        .into_iter()
        .filter(|&index| demand.people[index as usize] > 0.0)
        .map(|index| {
            let i = index as usize;
            let value = values.get(i).copied().flatten();
            let on_network = snaps.get(i).is_some_and(Option::is_some);
            let benefit = match measure {
                AccessMeasure::KthNearest => on_network.then(|| remaining_share(need.limit, value)),
                _ => value,
            };
            CellAccess { index, cell: register.population[i].cell, people: demand.people[i], value, benefit }
        })
        .collect();
    let elsewhere = if question.region.is_none() { demand.elsewhere } else { 0.0 };
    let people = cells.iter().map(|c| c.people).sum::<f64>() + elsewhere;
    let without = cells.iter().filter(|c| c.value.is_none()).map(|c| c.people).sum::<f64>() + elsewhere;
    task::step()?;
    Ok(Surface {
        measure: measure.clone(),
        offered,
        cells,
        people,
        without,
        facilities: places.len() as u64,
        unknown_capacity: unknown as u64,
        question,
    })
}

fn mean<'a>(cells: impl Iterator<Item = &'a CellAccess>) -> Option<f64> {
    weighted_mean(cells.filter_map(|c| Some((c.value?, c.people))))
}

impl Surface {
    /// Returns the mean over the people with a value.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        mean(self.cells.iter())
    }

    /// Returns the inequality of access among the people on the network. People without access count as 0.
    #[must_use]
    pub fn inequality(&self) -> Inequality {
        let values: Vec<(f64, f64)> = self.cells.iter().filter_map(|c| Some((c.benefit?, c.people))).collect();
        inequality(&values)
    }

    /// Describes the value whose inequality is measured.
    #[must_use]
    pub fn shared(&self) -> String {
        let (unit, limit) = (self.question.need.measure.name(), self.question.need.limit);
        let offered = match self.offered {
            Offered::Count => "facilities",
            Offered::Capacity => "capacity of facilities",
        };
        match &self.measure {
            AccessMeasure::Cumulative => format!("{offered} within {limit} {unit}"),
            AccessMeasure::Gravity(_) => format!("{offered} within {limit} {unit}, weighted by the decay"),
            AccessMeasure::TwoStep => format!("{offered} within {limit} {unit}, per person sharing them"),
            AccessMeasure::EnhancedTwoStep(_) => {
                format!("{offered} within {limit} {unit}, per person sharing them, weighted by the decay")
            }
            AccessMeasure::KthNearest => {
                format!("remaining share of the limit, 1 - t / {limit} {unit}; 0 beyond the limit")
            }
        }
    }

    /// Returns the access of each region one level below the region of the question, ordered by code.
    #[must_use]
    pub fn by_region(&self, register: &Register) -> Vec<RegionAccess> {
        let subregions = Subregions::of(register, self.question.region.as_ref());
        let mut regions: BTreeMap<Option<&str>, Vec<&CellAccess>> = BTreeMap::new();
        for cell in &self.cells {
            regions.entry(subregions.code_of(cell.index)).or_default().push(cell);
        }
        let row = |(code, cells): (Option<&str>, Vec<&CellAccess>)| RegionAccess {
            code: code.map(str::to_owned),
            name: code.and_then(|code| subregions.name_of(code)),
            people: cells.iter().map(|c| c.people).sum(),
            without: cells.iter().filter(|c| c.value.is_none()).map(|c| c.people).sum(),
            mean: mean(cells.into_iter()),
        };
        regions.into_iter().map(row).collect()
    }
}

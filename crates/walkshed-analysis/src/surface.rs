//! Measures of access over a city, cell by cell and region by region.

use super::access::{Decay, Inequality, gravity, inequality, left_of, two_step};
use super::cover::{Question, QuestionError};
use super::need::{Demand, cells_in, reached, wanted_places};
use super::pairs::{pairs, sites_of};
use crate::world::World;
use h3o::CellIndex;
use std::collections::BTreeMap;
use walkshed_engine::task;
use walkshed_engine::{Deciseconds, Network};
use walkshed_register::{Register, part_of};

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum AccessMeasure {
    /// All that is offered within the limit.
    Cumulative,
    /// The same, counting for less the farther it is.
    Gravity(Decay),
    /// What is offered for each person, shared among all who reach it.
    TwoStep,
    /// The same, counting for less the farther it is.
    EnhancedTwoStep(Decay),
    /// How far it is to the k-th nearest, k being the need's `min_count`. Of this less is better.
    KthNearest,
}

impl AccessMeasure {
    /// Is a low value a good one?
    #[must_use]
    pub fn less_is_better(&self) -> bool {
        match self {
            Self::Cumulative | Self::Gravity(_) | Self::TwoStep | Self::EnhancedTwoStep(_) => false,
            Self::KthNearest => true,
        }
    }
}

/// What a facility offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Offered {
    /// Itself: 1.
    #[default]
    Count,
    /// Its capacity. Those whose capacity is not known offer nothing.
    Capacity,
}

/// Access of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellAccess {
    /// Its place in the population of everyone.
    pub place: u32,
    pub cell: CellIndex,
    pub people: f64,
    /// `None` off the network, and for [`AccessMeasure::KthNearest`] past the horizon.
    pub value: Option<f64>,
    /// What is shared among people: the value itself, or for [`AccessMeasure::KthNearest`] what is left of the limit, 0 past it.
    /// `None` off the network.
    pub benefit: Option<f64>,
}

/// Access of a region: the mean over its people.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionAccess {
    pub code: Option<String>,
    pub name: Option<String>,
    pub people: f64,
    /// Its people without a value.
    pub without: f64,
    /// Over the people who have a value.
    pub mean: Option<f64>,
}

/// Access of everyone asked about.
pub struct Surface {
    pub question: Question,
    pub measure: AccessMeasure,
    pub offered: Offered,
    pub cells: Vec<CellAccess>,
    pub people: f64,
    /// People without a value.
    pub without: f64,
    /// Facilities that count, and those of them that offer nothing because their capacity is not known.
    pub facilities: u64,
    pub unknown_capacity: u64,
}

/// Measures access to the facilities of a need of one part.
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
    let demand =
        Demand::of(register, &question.group).ok_or_else(|| QuestionError::UnknownGroup(question.group.clone()))?;
    let need = &question.need;
    let [part] = &need.parts[..] else { return Err(QuestionError::AccessOfSeveral) };
    task::expect(1);
    let places = wanted_places(register, &part.wishes);
    let capacity = |&p: &u32| register.facilities[p as usize].capacity;
    let unknown =
        if offered == Offered::Capacity { places.iter().filter(|p| capacity(p).is_none()).count() } else { 0 };
    let snaps = &world.population_layer.snapped(network, question.travel.profile).snaps;
    let unit = |time: Deciseconds| need.measure.value(time).unwrap_or_default();
    let values: Vec<Option<f64>> = if *measure == AccessMeasure::KthNearest {
        let reached = reached(world, network, &part.wishes, need, question.travel)?;
        reached.counted.iter().map(|&time| need.measure.value(time)).collect()
    } else {
        let supply: Vec<f64> = match offered {
            Offered::Count => vec![1.0; places.len()],
            Offered::Capacity => places.iter().map(|p| capacity(p).unwrap_or(0.0)).collect(),
        };
        let sites = sites_of(world, &places);
        let pairs = pairs(world, network, sites, question.travel, need.measure, need.counted_limit())?;
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
    let homes = question.region.as_ref().map(|region| (register.homes(), region));
    let cells: Vec<CellAccess> = cells_in(register, homes)
        .into_iter()
        .filter(|&place| demand.people[place as usize] > 0.0)
        .map(|place| {
            let i = place as usize;
            let value = values.get(i).copied().flatten();
            let on_network = snaps.get(i).is_some_and(Option::is_some);
            let benefit = match measure {
                AccessMeasure::KthNearest => on_network.then(|| left_of(need.limit, value)),
                _ => value,
            };
            CellAccess { place, cell: register.population[i].cell, people: demand.people[i], value, benefit }
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
    let (sum, people) = cells
        .filter_map(|c| Some((c.value?, c.people)))
        .fold((0.0, 0.0), |(sum, all), (value, people)| (sum + value * people, all + people));
    (people > 0.0).then(|| sum / people)
}

impl Surface {
    /// The mean over the people who have a value.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        mean(self.cells.iter())
    }

    /// How unequally it is shared among the people on the network. Who has none of it has 0.
    #[must_use]
    pub fn inequality(&self) -> Inequality {
        let values: Vec<(f64, f64)> = self.cells.iter().filter_map(|c| Some((c.benefit?, c.people))).collect();
        inequality(&values)
    }

    /// What is shared, in words.
    #[must_use]
    pub fn shared(&self) -> String {
        let (unit, limit) = (self.question.need.measure.name(), self.question.need.limit);
        let offered = match self.offered {
            Offered::Count => "facilities",
            Offered::Capacity => "places of facilities",
        };
        match &self.measure {
            AccessMeasure::Cumulative => format!("{offered} within {limit} {unit}"),
            AccessMeasure::Gravity(_) => format!("{offered} within {limit} {unit}, weighted by the decay"),
            AccessMeasure::TwoStep => format!("{offered} within {limit} {unit} for each person who shares them"),
            AccessMeasure::EnhancedTwoStep(_) => {
                format!("{offered} within {limit} {unit} for each person who shares them, weighted by the decay")
            }
            AccessMeasure::KthNearest => {
                format!("what is left of the limit, 1 - t / {limit} {unit}; 0 for those who have it farther")
            }
        }
    }

    /// By region one level down from the one asked about, in the order of codes.
    #[must_use]
    pub fn by_region(&self, register: &Register) -> Vec<RegionAccess> {
        let (homes, region) = (register.homes(), self.question.region.as_ref());
        let mut regions: BTreeMap<Option<&str>, Vec<&CellAccess>> = BTreeMap::new();
        for cell in &self.cells {
            let code = homes.code(cell.place as usize).map(|code| part_of(code, region));
            regions.entry(code).or_default().push(cell);
        }
        let row = |(code, cells): (Option<&str>, Vec<&CellAccess>)| RegionAccess {
            code: code.map(str::to_owned),
            name: code.and_then(|c| super::cover::region_name(register, c)),
            people: cells.iter().map(|c| c.people).sum(),
            without: cells.iter().filter(|c| c.value.is_none()).map(|c| c.people).sum(),
            mean: mean(cells.into_iter()),
        };
        regions.into_iter().map(row).collect()
    }
}

//! The next facilities: candidates of a city, what people have today, and what the best new places would change.

use super::cover::{Question, QuestionError, Share, assigned};
use super::exact::exact;
use super::need::{Demand, cells_in, reached, wanted_places};
use super::pairs::{Site, pairs};
use super::siting::{Objective, Problem, Terms, fewest, greedy};
use crate::world::World;
use h3o::{CellIndex, Resolution};
use std::collections::HashSet;
use walkshed_engine::geo::{Position, cell_centre, cell_of};
use walkshed_engine::task;
use walkshed_engine::{Deciseconds, Network};
use walkshed_register::{Register, Status};

/// Where something may be built.
#[derive(Debug, Clone, PartialEq)]
pub enum Candidates {
    /// At the centre of every cell in which people live.
    Cells,
    /// At these places, each with its cost (more than 0) where costs are given.
    Places { at: Vec<Position>, costs: Option<Vec<f64>> },
    /// Where a facility is planned or has been closed, or one of today's is not kept.
    Vacant,
}

/// One place more.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteSuggestion {
    pub position: Position,
    pub cell: CellIndex,
    /// The name of the nearest street, where it has one.
    pub street: Option<String>,
    /// The facility that stands empty there.
    pub vacant: Option<i64>,
    /// What it costs.
    pub cost: f64,
    /// The place among those that were given.
    pub given: Option<usize>,
    /// People who are covered by it and not before; for the least mean time, people times minutes (or metres) saved.
    pub gained: f64,
    /// People covered with it and all before it.
    pub covered: f64,
    /// The mean, capped at the limit, with it and all before it.
    pub mean: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestions {
    pub list: Vec<SiteSuggestion>,
    pub before: Share,
    pub after: Share,
    /// The mean distance before, whatever is beyond the limit counting as the limit.
    pub mean_before: f64,
    /// No choice of as many gains more than this (see [`super::Choice::bound`]).
    pub bound: f64,
    pub gained: f64,
    /// How far the choice may be from the best, as a share of the bound.
    pub gap: f64,
    /// It is the best choice there is.
    pub is_exact: bool,
    /// No fewer sites can do, where the fewest were asked for.
    pub fewest: Option<usize>,
    /// Candidates that were looked at, and those of them that lie on no street.
    pub candidates: u64,
    pub off_network: u64,
}

/// How sites are looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub objective: Objective,
    /// So many sites at most.
    pub count: usize,
    /// Find the best choice there is, within so many seconds: for small problems (see [`exact`]).
    pub exact_seconds: Option<f64>,
    /// People each new site takes. What is open today takes as many as its own capacity says, and keeps whom it has.
    pub capacity: Option<f64>,
    /// What the sites may cost together.
    pub budget: Option<f64>,
    /// Of today's facilities only these stay, by their numbers; all where left out.
    pub kept: Option<Vec<i64>>,
}

impl Search {
    /// A search without conditions.
    #[must_use]
    pub const fn new(objective: Objective, count: usize) -> Self {
        Self { objective, count, exact_seconds: None, capacity: None, budget: None, kept: None }
    }
}

/// The question with only those of today's facilities that are kept; and whether it can be asked so.
fn kept_alone(register: &Register, question: &Question, search: &Search) -> Result<Question, QuestionError> {
    let need = &question.need;
    let [part] = &need.parts[..] else { return Err(QuestionError::SitesOfSeveral) };
    if need.min_count > 1 {
        return Err(QuestionError::SitesOfSeveral);
    }
    if search.capacity.is_some() && search.objective == Objective::MinMeanTime {
        return Err(QuestionError::CapacityOfMean);
    }
    if search.capacity.is_some() && search.exact_seconds.is_some() {
        return Err(QuestionError::ExactCapacity);
    }
    if search.budget.is_some() && matches!(search.objective, Objective::MinFacilities { .. }) {
        return Err(QuestionError::BudgetOfFewest);
    }
    let mut question = question.clone();
    if let Some(kept) = &search.kept {
        let today = wanted_places(register, &part.wishes);
        let open: HashSet<i64> = today.iter().map(|&p| register.facilities[p as usize].id).collect();
        if let Some(&id) = kept.iter().find(|id| !open.contains(id)) {
            return Err(QuestionError::NotOpenToday(id));
        }
        let mut kept = kept.clone();
        kept.sort_unstable();
        question.need.parts[0].wishes.among = Some(kept);
    }
    Ok(question)
}

/// How many candidates there are, more at most where they are vacant facilities.
#[must_use]
pub fn candidate_count(world: &World, question: &Question, candidates: &Candidates) -> usize {
    let register = &world.register;
    match candidates {
        Candidates::Cells => {
            let homes = question.region.as_ref().map(|region| (register.homes(), region));
            cells_in(register, homes).len()
        }
        Candidates::Places { at, .. } => at.len(),
        Candidates::Vacant => {
            let is_vacant = |f: &&std::sync::Arc<walkshed_register::Facility>| f.status != Status::Open;
            let today = question.need.parts.iter().map(|part| wanted_places(register, &part.wishes).len());
            register.facilities.iter().filter(is_vacant).count() + today.sum::<usize>()
        }
    }
}

/// Suggests new places for a need of one part.
///
/// # Errors
/// [`QuestionError`].
pub fn suggest_sites(
    world: &World,
    network: &Network,
    question: &Question,
    search: &Search,
    candidates: &Candidates,
) -> Result<Suggestions, QuestionError> {
    let register = &world.register;
    let mut demand =
        Demand::of(register, &question.group).ok_or_else(|| QuestionError::UnknownGroup(question.group.clone()))?;
    let asked = question;
    let question = &kept_alone(register, asked, search)?;
    let need = &question.need;
    let [part] = &need.parts[..] else { return Err(QuestionError::SitesOfSeveral) };
    // Who has a place today, people from beyond a region included.
    let assigned = match search.capacity {
        Some(_) => Some(assigned(world, network, question, &demand)?.0.served),
        None => None,
    };
    let homes = question.region.as_ref().map(|region| (register.homes(), region));
    let cells = cells_in(register, homes);
    let mut is_asked = vec![false; demand.people.len()];
    for &cell in &cells {
        is_asked[cell as usize] = true;
    }
    for (people, asked) in demand.people.iter_mut().zip(&is_asked) {
        if !asked {
            *people = 0.0;
        }
    }
    task::expect(2 + search.count + usize::from(search.exact_seconds.is_some()));
    let today = reached(world, network, &part.wishes, need, question.travel)?;
    task::step()?;
    let sites: Vec<Site> = match candidates {
        Candidates::Cells => {
            let with_people = cells.iter().filter(|&&c| demand.people[c as usize] > 0.0);
            with_people
                .map(|&c| Site { id: i64::from(c), position: cell_centre(register.population[c as usize].cell) })
                .collect()
        }
        Candidates::Places { at, .. } => {
            at.iter().enumerate().map(|(n, &position)| Site { id: n as i64, position }).collect()
        }
        Candidates::Vacant => {
            // Open today, and not kept: in the order of their numbers, as the register is.
            let open = wanted_places(register, &asked.need.parts[0].wishes);
            let kept = search.kept.as_deref();
            let ids = open.iter().map(|&p| register.facilities[p as usize].id);
            let kept: Option<HashSet<i64>> = kept.map(|kept| kept.iter().copied().collect());
            let let_go: Vec<i64> = ids.filter(|id| kept.as_ref().is_some_and(|kept| !kept.contains(id))).collect();
            let is_let_go = |id: i64| let_go.binary_search(&id).is_ok();
            let vacant = register.facilities.iter().filter(|f| f.status != Status::Open || is_let_go(f.id));
            let inside = vacant.filter(|f| question.region.as_ref().is_none_or(|r| register.is_in(f, r)));
            inside.map(|f| Site { id: f.id, position: f.position }).collect()
        }
    };
    let limit = need.counted_limit();
    let snaps = &world.population_layer.snapped(network, question.travel.profile).snaps;
    let pairs = pairs(world, network, sites, question.travel, need.measure, limit)?;
    task::step()?;
    let costs = match candidates {
        Candidates::Places { costs, .. } => costs.as_deref(),
        _ => None,
    };
    let terms = Terms { capacity: search.capacity, served: assigned.as_deref(), costs, budget: search.budget };
    let problem = Problem { pairs: &pairs, people: &demand.people, today: &today.counted, limit, terms };
    let Search { objective, count, exact_seconds, .. } = *search;
    let choice = match exact_seconds {
        Some(seconds) => {
            let choice = exact(&problem, objective, count, seconds)?;
            task::step()?;
            choice
        }
        None => greedy(&problem, objective, count)?,
    };
    task::check()?;

    let mut before = Share { people: 0.0, covered: 0.0, off_network: 0.0 };
    let mut best: Vec<Deciseconds> = today.counted.clone();
    for (i, &people) in demand.people.iter().enumerate() {
        before.people += people;
        if snaps[i].is_none() {
            before.off_network += people;
        } else if let Some(served) = &assigned {
            before.covered += served[i].min(people);
        } else if best[i] <= limit {
            before.covered += people;
        }
    }
    let located = before.people - before.off_network;
    let unit = |time: Deciseconds| need.measure.value(time.min(limit)).unwrap_or_default();
    let mean_of = |best: &[Deciseconds]| {
        let on_network = (0..best.len()).filter(|&i| snaps[i].is_some());
        let sum: f64 = on_network.map(|i| unit(best[i]) * demand.people[i]).sum();
        if located > 0.0 { sum / located } else { 0.0 }
    };
    let mean_before = mean_of(&best);
    let mut after = before;
    let is_mean = objective == Objective::MinMeanTime;
    let list: Vec<SiteSuggestion> = choice
        .chosen
        .iter()
        .map(|&(candidate, gain)| {
            task::work(best.len())?;
            let site = pairs.sites[candidate as usize];
            for &(cell, time) in pairs.of(candidate as usize) {
                let (i, time) = (cell as usize, time);
                if assigned.is_none() && best[i] > limit && time <= limit {
                    after.covered += demand.people[i];
                }
                best[i] = best[i].min(time);
            }
            if assigned.is_some() {
                after.covered += gain;
            }
            let street = network
                .snap(site.position, question.travel.profile)
                .ok()
                .and_then(|snap| network.name(snap.edge).map(str::to_owned));
            Ok(SiteSuggestion {
                position: site.position,
                cell: cell_of(site.position, Resolution::Nine),
                street,
                cost: problem.cost(candidate),
                vacant: (*candidates == Candidates::Vacant).then_some(site.id),
                given: matches!(candidates, Candidates::Places { .. }).then_some(site.id as usize),
                gained: if is_mean { gain / need.measure.limit(1.0).0.max(1) as f64 } else { gain },
                covered: after.covered,
                mean: mean_of(&best),
            })
        })
        .collect::<Result<_, QuestionError>>()?;
    let in_unit = |sum: f64| if is_mean { sum / need.measure.limit(1.0).0.max(1) as f64 } else { sum };
    Ok(Suggestions {
        list,
        before,
        after,
        mean_before,
        bound: in_unit(choice.bound),
        gained: in_unit(choice.gained),
        gap: choice.gap(),
        is_exact: choice.is_exact,
        fewest: match objective {
            Objective::MinFacilities { .. } if choice.is_exact => Some(choice.chosen.len()),
            Objective::MinFacilities { share } => Some(fewest(&problem, share)?),
            _ => None,
        },
        candidates: pairs.sites.len() as u64,
        off_network: pairs.on_network.iter().filter(|on| !**on).count() as u64,
    })
}

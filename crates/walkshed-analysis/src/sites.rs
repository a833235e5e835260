//! Site suggestions: sets up a facility location problem from the world, solves it and reports what the sites change.

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

/// The candidate locations.
#[derive(Debug, Clone, PartialEq)]
pub enum Candidates {
    /// The centre of every populated cell.
    Cells,
    /// The given places, optionally with a cost greater than 0 for each.
    Places { at: Vec<Position>, costs: Option<Vec<f64>> },
    /// The locations of facilities that are planned, closed, or open today but not kept.
    Vacant,
}

/// A suggested site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteSuggestion {
    pub position: Position,
    pub cell: CellIndex,
    /// Name of the nearest street, if it has one.
    pub street: Option<String>,
    /// Id of the facility at this location, for [`Candidates::Vacant`].
    pub vacant: Option<i64>,
    /// Its cost; 1 by default.
    pub cost: f64,
    /// Index among the given places, for [`Candidates::Places`].
    pub given: Option<usize>,
    /// People newly covered by it; for the mean objective, people times minutes (or metres) saved.
    pub gained: f64,
    /// People covered with this site and all before it.
    pub covered: f64,
    /// Mean distance, capped at the limit, with this site and all before it.
    pub mean: f64,
}

/// The suggested sites and their effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestions {
    pub list: Vec<SiteSuggestion>,
    pub before: Share,
    pub after: Share,
    /// Mean distance before, with distances capped at the limit.
    pub mean_before: f64,
    /// Upper bound on the gain (see [`super::Choice::bound`]).
    pub bound: f64,
    pub gained: f64,
    /// Optimality gap as a share of the bound.
    pub gap: f64,
    /// Whether the selection is proven optimal.
    pub is_exact: bool,
    /// Lower bound on the number of sites, for [`Objective::MinFacilities`].
    pub fewest: Option<usize>,
    /// Number of candidates, and how many of them are off the network.
    pub candidates: u64,
    pub off_network: u64,
}

/// The objective and constraints of a site search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub objective: Objective,
    /// Maximum number of sites.
    pub count: usize,
    /// Time limit in seconds for exact optimization of small problems (see [`exact`]); greedy if `None`.
    pub exact_seconds: Option<f64>,
    /// Capacity of each new site. Existing facilities have their own capacity and keep the people assigned to them.
    pub capacity: Option<f64>,
    /// Maximum total cost of the sites.
    pub budget: Option<f64>,
    /// Ids of the existing facilities that stay open; `None` keeps all.
    pub kept: Option<Vec<i64>>,
}

impl Search {
    /// Creates a search without constraints.
    #[must_use]
    pub const fn new(objective: Objective, count: usize) -> Self {
        Self { objective, count, exact_seconds: None, capacity: None, budget: None, kept: None }
    }
}

/// Restricts the question to the existing facilities that are kept, and checks that the options can be combined.
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

/// Returns the number of candidates; an upper bound for [`Candidates::Vacant`].
#[must_use]
pub fn candidate_count(world: &World, question: &Question, candidates: &Candidates) -> usize {
    let register = &world.register;
    match candidates {
        Candidates::Cells => {
            let area = question.region.as_ref().map(|region| (register.homes(), region));
            cells_in(register, area).len()
        }
        Candidates::Places { at, .. } => at.len(),
        Candidates::Vacant => {
            let is_vacant = |f: &&std::sync::Arc<walkshed_register::Facility>| f.status != Status::Open;
            let today = question.need.parts.iter().map(|part| wanted_places(register, &part.wishes).len());
            register.facilities.iter().filter(is_vacant).count() + today.sum::<usize>()
        }
    }
}

/// Suggests sites for a need with one part.
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
    // People assigned to existing facilities, including people from outside the region.
    let assigned = match search.capacity {
        Some(_) => Some(assigned(world, network, question, &demand)?.0.served),
        None => None,
    };
    let area = question.region.as_ref().map(|region| (register.homes(), region));
    let cells = cells_in(register, area);
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
            // Open today and not kept, in ascending order of id, like the register.
            let open = wanted_places(register, &asked.need.parts[0].wishes);
            let kept = search.kept.as_deref();
            let ids = open.iter().map(|&p| register.facilities[p as usize].id);
            let kept: Option<HashSet<i64>> = kept.map(|kept| kept.iter().copied().collect());
            let dropped: Vec<i64> = ids.filter(|id| kept.as_ref().is_some_and(|kept| !kept.contains(id))).collect();
            let is_dropped = |id: i64| dropped.binary_search(&id).is_ok();
            let vacant = register.facilities.iter().filter(|f| f.status != Status::Open || is_dropped(f.id));
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

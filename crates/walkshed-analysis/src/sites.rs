//! Site suggestions: sets up a facility location problem from the world, solves it and reports what the sites change.

use crate::capacity::assign_demand;
use crate::coverage::Share;
use crate::demand::cells_in;
use crate::distances::cell_distances;
use crate::exact::exact;
use crate::need::{Measure, Part};
use crate::pairs::{Site, pairs};
use crate::question::{Question, QuestionError};
use crate::siting::{Objective, SitingConstraints, SitingProblem, greedy, min_site_count};
use crate::world::World;
use h3o::{CellIndex, Resolution};
use std::collections::HashSet;
use walkshed_engine::geo::{Position, cell_centre, cell_of};
use walkshed_engine::task;
use walkshed_engine::{Deciseconds, Network, Snap};
use walkshed_register::query::matching_facilities;
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
    /// Location of the site.
    pub position: Position,
    /// H3 cell of resolution 9 that contains it.
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

impl SiteSuggestion {
    /// Returns the share of `people` that is covered with this site and all before it.
    #[must_use]
    pub fn share(&self, people: f64) -> f64 {
        if people > 0.0 { self.covered / people } else { 0.0 }
    }
}

/// The suggested sites and their effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestions {
    /// Sites in order of selection.
    pub list: Vec<SiteSuggestion>,
    /// Coverage by the existing facilities that are kept.
    pub before: Share,
    /// Coverage with all suggested sites.
    pub after: Share,
    /// Mean distance before, with distances capped at the limit.
    pub mean_before: f64,
    /// Upper bound on the gain (see [`crate::SiteSelection::bound`]).
    pub bound: f64,
    /// Total gain: people, or people times minutes (or metres) saved.
    pub gained: f64,
    /// Optimality gap as a share of the bound.
    pub gap: f64,
    /// Whether the selection is proven optimal.
    pub is_exact: bool,
    /// Lower bound on the number of sites, for [`Objective::MinFacilities`].
    pub fewest: Option<usize>,
    /// Number of candidates.
    pub candidates: u64,
    /// Number of candidates off the network.
    pub off_network: u64,
}

/// The objective and constraints of a site search.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteSearch {
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

impl SiteSearch {
    /// Creates a search without constraints.
    #[must_use]
    pub const fn new(objective: Objective, count: usize) -> Self {
        Self { objective, count, exact_seconds: None, capacity: None, budget: None, kept: None }
    }
}

/// Checks that the options of a search can be combined, and restricts the question to the existing facilities that are kept.
fn restrict_to_kept(register: &Register, question: &Question, search: &SiteSearch) -> Result<Question, QuestionError> {
    let part = question.single_part().ok_or(QuestionError::SitesNeedOnePart)?;
    if question.need.min_count > 1 {
        return Err(QuestionError::SitesNeedOnePart);
    }
    if search.capacity.is_some() && search.objective == Objective::MinMeanTime {
        return Err(QuestionError::CapacityWithMeanObjective);
    }
    if search.capacity.is_some() && search.exact_seconds.is_some() {
        return Err(QuestionError::ExactWithCapacity);
    }
    if search.budget.is_some() && matches!(search.objective, Objective::MinFacilities { .. }) {
        return Err(QuestionError::BudgetWithMinFacilities);
    }
    let mut question = question.clone();
    if let Some(kept) = &search.kept {
        let open: HashSet<i64> = open_ids(register, part).collect();
        if let Some(&id) = kept.iter().find(|id| !open.contains(id)) {
            return Err(QuestionError::NotOpenToday(id));
        }
        let mut kept = kept.clone();
        kept.sort_unstable();
        question.need.parts[0].criteria.among = Some(kept);
    }
    Ok(question)
}

/// Returns the ids of the open facilities that meet a part of a need, in ascending order, like the register.
fn open_ids(register: &Register, part: &Part) -> impl Iterator<Item = i64> {
    matching_facilities(register, &part.criteria).into_iter().map(|i| register.facilities[i as usize].id)
}

/// Returns the number of candidates; an upper bound for [`Candidates::Vacant`].
#[must_use]
pub fn candidate_count(world: &World, question: &Question, candidates: &Candidates) -> usize {
    let register = &world.register;
    match candidates {
        Candidates::Cells => cells_in(register, question.region.as_ref()).len(),
        Candidates::Places { at, .. } => at.len(),
        Candidates::Vacant => {
            let not_open = register.facilities.iter().filter(|f| f.status != Status::Open).count();
            let open = question.need.parts.iter().map(|part| matching_facilities(register, &part.criteria).len());
            not_open + open.sum::<usize>()
        }
    }
}

/// Returns the candidate sites. `people` is per cell; cells without people are no candidates.
fn candidate_sites(
    register: &Register,
    question: &Question,
    search: &SiteSearch,
    candidates: &Candidates,
    people: &[f64],
) -> Vec<Site> {
    match candidates {
        Candidates::Cells => {
            let populated = (0..people.len()).filter(|&cell| people[cell] > 0.0);
            populated
                .map(|cell| Site { id: cell as i64, position: cell_centre(register.population[cell].cell) })
                .collect()
        }
        Candidates::Places { at, .. } => {
            at.iter().enumerate().map(|(n, &position)| Site { id: n as i64, position }).collect()
        }
        Candidates::Vacant => {
            let kept: Option<HashSet<i64>> = search.kept.as_ref().map(|kept| kept.iter().copied().collect());
            let is_dropped = |id: &i64| kept.as_ref().is_some_and(|kept| !kept.contains(id));
            let open = question.need.parts.iter().flat_map(|part| open_ids(register, part));
            let dropped: HashSet<i64> = open.filter(is_dropped).collect();
            let vacant = register.facilities.iter().filter(|f| f.status != Status::Open || dropped.contains(&f.id));
            let inside = vacant.filter(|f| question.region.as_ref().is_none_or(|r| register.is_in(f, r)));
            inside.map(|f| Site { id: f.id, position: f.position }).collect()
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
    original: &Question,
    search: &SiteSearch,
    candidates: &Candidates,
) -> Result<Suggestions, QuestionError> {
    let register = &world.register;
    let mut demand = original.demand(register)?;
    let question = &restrict_to_kept(register, original, search)?;
    let (need, travel) = (&question.need, question.travel);
    let part = question.single_part().ok_or(QuestionError::SitesNeedOnePart)?;
    // People assigned to existing facilities, including people from outside the region.
    let assigned = match search.capacity {
        Some(_) => Some(assign_demand(world, network, question, &demand)?.0.served),
        None => None,
    };
    let mut is_inside = vec![false; demand.people.len()];
    for cell in cells_in(register, question.region.as_ref()) {
        is_inside[cell as usize] = true;
    }
    for (people, is_inside) in demand.people.iter_mut().zip(is_inside) {
        if !is_inside {
            *people = 0.0;
        }
    }
    task::expect(2 + search.count + usize::from(search.exact_seconds.is_some()));
    let today = cell_distances(world, network, &part.criteria, need, travel)?;
    task::step()?;
    let sites = candidate_sites(register, original, search, candidates, &demand.people);
    let limit = need.limit_cost();
    let pairs = pairs(world, network, sites, travel, need.measure, limit)?;
    task::step()?;
    let costs = match candidates {
        Candidates::Places { costs, .. } => costs.as_deref(),
        _ => None,
    };
    let terms =
        SitingConstraints { capacity: search.capacity, served: assigned.as_deref(), costs, budget: search.budget };
    let problem = SitingProblem { pairs: &pairs, people: &demand.people, today: &today.counted, limit, terms };
    let choice = match search.exact_seconds {
        Some(seconds) => {
            let choice = exact(&problem, search.objective, search.count, seconds)?;
            task::step()?;
            choice
        }
        None => greedy(&problem, search.objective, search.count)?,
    };
    task::check()?;

    let snaps = &world.population_layer.snapped(network, travel.profile).snaps;
    let mut effect = Effect::of_existing(&problem, need.measure, snaps);
    let (before, mean_before) = (effect.share, effect.mean());
    let is_mean = search.objective == Objective::MinMeanTime;
    let in_unit = |gain: f64| if is_mean { gain / need.measure.to_cost(1.0).0.max(1) as f64 } else { gain };
    let suggestion = |&(candidate, gain): &(u32, f64)| {
        task::work(demand.people.len())?;
        let site = pairs.sites[candidate as usize];
        effect.add(candidate, gain);
        let snap = network.snap(site.position, travel.profile).ok();
        Ok(SiteSuggestion {
            position: site.position,
            cell: cell_of(site.position, Resolution::Nine),
            street: snap.and_then(|snap| network.name(snap.edge).map(str::to_owned)),
            cost: problem.cost(candidate),
            vacant: (*candidates == Candidates::Vacant).then_some(site.id),
            given: matches!(candidates, Candidates::Places { .. }).then_some(site.id as usize),
            gained: in_unit(gain),
            covered: effect.share.covered,
            mean: effect.mean(),
        })
    };
    let list = choice.chosen.iter().map(suggestion).collect::<Result<_, QuestionError>>()?;
    Ok(Suggestions {
        list,
        before,
        after: effect.share,
        mean_before,
        bound: in_unit(choice.bound),
        gained: in_unit(choice.gained),
        gap: choice.gap(),
        is_exact: choice.is_exact,
        fewest: match search.objective {
            Objective::MinFacilities { .. } if choice.is_exact => Some(choice.chosen.len()),
            Objective::MinFacilities { share } => Some(min_site_count(&problem, share)?),
            _ => None,
        },
        candidates: pairs.sites.len() as u64,
        off_network: pairs.on_network.iter().filter(|on| !**on).count() as u64,
    })
}

/// Coverage and mean distance while sites are added one by one.
struct Effect<'a> {
    problem: &'a SitingProblem<'a>,
    measure: Measure,
    snaps: &'a [Option<Snap>],
    /// Per cell: cost to the nearest facility or site.
    best: Vec<Deciseconds>,
    share: Share,
}

impl<'a> Effect<'a> {
    /// The coverage by the existing facilities.
    fn of_existing(problem: &'a SitingProblem<'a>, measure: Measure, snaps: &'a [Option<Snap>]) -> Self {
        let mut share = Share::default();
        for (i, &people) in problem.people.iter().enumerate() {
            share.people += people;
            if snaps[i].is_none() {
                share.off_network += people;
            } else if let Some(served) = problem.terms.served {
                share.covered += served[i].min(people);
            } else if problem.today[i] <= problem.limit {
                share.covered += people;
            }
        }
        Self { problem, measure, snaps, best: problem.today.to_vec(), share }
    }

    /// Adds a site. With capacities, `gain` is the number of people it serves.
    fn add(&mut self, candidate: u32, gain: f64) {
        let is_assigned = self.problem.terms.served.is_some();
        for &(cell, time) in self.problem.pairs.cells_of(candidate as usize) {
            let best = &mut self.best[cell as usize];
            if !is_assigned && *best > self.problem.limit && time <= self.problem.limit {
                self.share.covered += self.problem.people[cell as usize];
            }
            *best = (*best).min(time);
        }
        if is_assigned {
            self.share.covered += gain;
        }
    }

    /// Returns the mean distance of the people on the network, with distances capped at the limit.
    fn mean(&self) -> f64 {
        let located = self.share.people - self.share.off_network;
        let distance = |i: usize| self.measure.value(self.best[i].min(self.problem.limit)).unwrap_or_default();
        let on_network = (0..self.best.len()).filter(|&i| self.snaps[i].is_some());
        let sum: f64 = on_network.map(|i| distance(i) * self.problem.people[i]).sum();
        if located > 0.0 { sum / located } else { 0.0 }
    }
}

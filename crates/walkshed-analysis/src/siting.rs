//! Facility location by a greedy algorithm with lazy evaluation, with an upper bound on the optimum.

use crate::pairs::Pairs;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use walkshed_engine::Deciseconds;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};

/// Minimum number of candidates to evaluate per thread; each has about 300 cells.
const CANDIDATES_PER_THREAD: usize = 64;

/// The objective function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objective {
    /// Maximize the people within the limit for a given number of sites (maximal covering location, Church and ReVelle 1974).
    MaxCover,
    /// Minimize the number of sites that cover a share (0 to 1) of the people that any candidate can cover (location set
    /// covering, Toregas 1971).
    MinFacilities { share: f64 },
    /// Minimize the mean cost to the nearest facility, with costs capped at the limit (p-median, Hakimi 1964).
    MinMeanTime,
}

/// A facility location problem: candidates with the cells they reach, and the existing service of the cells.
pub struct SitingProblem<'a> {
    /// Candidate sites. Ties are broken in favour of the first.
    pub pairs: &'a Pairs,
    /// Per cell.
    pub people: &'a [f64],
    /// Per cell: cost to the nearest existing facility; `NEVER` or beyond the limit if there is none.
    pub today: &'a [Deciseconds],
    /// Cells with a cost up to this limit, inclusive, are covered.
    pub limit: Deciseconds,
    pub terms: SitingConstraints<'a>,
}

/// Optional constraints.
#[derive(Debug, Clone, Copy, Default)]
pub struct SitingConstraints<'a> {
    /// Capacity of each new site. It takes unserved people, the nearest first; ties are broken by cell index. Not used by
    /// [`Objective::MinMeanTime`].
    pub capacity: Option<f64>,
    /// Per cell: people assigned to existing facilities, if capacities are respected. Replaces `today` in deciding who is
    /// covered.
    pub served: Option<&'a [f64]>,
    /// Per candidate: its cost, greater than 0. Default 1.
    pub costs: Option<&'a [f64]>,
    /// Maximum total cost.
    pub budget: Option<f64>,
}

impl SitingProblem<'_> {
    pub(super) fn cost(&self, candidate: u32) -> f64 {
        self.terms.costs.map_or(1.0, |costs| costs[candidate as usize])
    }

    /// Returns the people of a cell that a new site could cover.
    fn waiting(&self, cell: usize) -> f64 {
        match self.terms.served {
            Some(served) => (self.people[cell] - served[cell]).max(0.0),
            None if self.today[cell] > self.limit => self.people[cell],
            None => 0.0,
        }
    }
}

/// A selection of sites.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteSelection {
    /// Candidates in order of selection, each with its gain: people, or people times deciseconds saved.
    pub chosen: Vec<(u32, f64)>,
    /// Total gain.
    pub gained: f64,
    /// Upper bound on the total gain of any selection of the same size.
    pub bound: f64,
    /// Whether the selection is proven optimal.
    pub is_exact: bool,
}

impl SiteSelection {
    /// Returns the optimality gap as a share of the bound: 0 if the selection is optimal.
    #[must_use]
    pub fn gap(&self) -> f64 {
        if self.bound > 0.0 { ((self.bound - self.gained) / self.bound).max(0.0) } else { 0.0 }
    }
}

/// The service of cells while sites are selected one by one.
pub(super) struct State<'a> {
    problem: &'a SitingProblem<'a>,
    is_mean: bool,
    /// Per cell, for the mean objective: cost to the nearest site, capped at the limit.
    best: Vec<Deciseconds>,
    /// Per cell, for the other objectives: unserved people.
    waiting: Vec<f64>,
}

impl<'a> State<'a> {
    /// Creates the state with the existing facilities.
    pub fn new(problem: &'a SitingProblem<'a>, objective: Objective) -> Self {
        let is_mean = matches!(objective, Objective::MinMeanTime);
        let (mut best, mut waiting) = (Vec::new(), Vec::new());
        if is_mean {
            best = problem.today.iter().map(|&t| t.min(problem.limit)).collect();
        } else {
            waiting = (0..problem.people.len()).map(|cell| problem.waiting(cell)).collect();
        }
        Self { problem, is_mean, best, waiting }
    }

    fn gain_of(&self, cell: u32, time: Deciseconds) -> f64 {
        if self.is_mean {
            self.problem.people[cell as usize] * f64::from(self.best[cell as usize].0.saturating_sub(time.0))
        } else if time <= self.problem.limit {
            self.waiting[cell as usize]
        } else {
            0.0
        }
    }

    /// Returns the gain of adding a candidate.
    pub fn gain(&self, candidate: u32) -> f64 {
        let all: f64 =
            self.problem.pairs.cells_of(candidate as usize).iter().map(|&(cell, time)| self.gain_of(cell, time)).sum();
        self.capacity().map_or(all, |capacity| all.min(capacity))
    }

    fn capacity(&self) -> Option<f64> {
        self.problem.terms.capacity.filter(|_| !self.is_mean)
    }

    /// Adds a candidate and updates the service of the cells it reaches.
    pub fn choose(&mut self, candidate: u32) {
        let cells = self.problem.pairs.cells_of(candidate as usize);
        if self.is_mean {
            for &(cell, time) in cells {
                let best = &mut self.best[cell as usize];
                *best = (*best).min(time);
            }
            return;
        }
        let inside = cells.iter().filter(|c| c.1 <= self.problem.limit);
        let Some(mut available) = self.capacity() else {
            inside.for_each(|&(cell, _)| self.waiting[cell as usize] = 0.0);
            return;
        };
        let mut nearest_first: Vec<(Deciseconds, u32)> = inside.map(|&(cell, time)| (time, cell)).collect();
        nearest_first.sort_unstable();
        for (_, cell) in nearest_first {
            let waiting = &mut self.waiting[cell as usize];
            let taken = waiting.min(available);
            // Set to exactly 0 when everyone is served, so that no rounding error remains.
            *waiting = if available >= *waiting { 0.0 } else { *waiting - taken };
            available -= taken;
        }
    }
}

/// A candidate with the gain computed in `round`, which is an upper bound on its current gain.
struct Entry {
    gain: f64,
    cost: f64,
    candidate: u32,
    round: u32,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        // By gain per cost.
        (self.gain / self.cost).total_cmp(&(other.gain / other.cost)).then(other.candidate.cmp(&self.candidate))
    }
}

/// Selects up to `count` sites one by one, each time the one with the largest gain.
///
/// - The total gain is at least 1 - 1/e of the optimum (Nemhauser, Wolsey and Fisher 1978); [`SiteSelection::bound`] is usually much
///   tighter. Gains only shrink as sites are added, so most candidates need no re-evaluation (Minoux 1978).
/// - With costs, selects the affordable site with the largest gain per cost, or the single best site if that gains more. The
///   total gain is at least half of 1 - 1/e of the optimum (Khuller, Moss and Naor 1999).
/// - With capacities, the selection serves at least half of the people that the optimum serves: for each site of the optimal
///   set, the people it serves in addition are no more than those served by the selected site charged with them.
///
/// ```
/// use walkshed_analysis::{Objective, Pairs, Site, SitingProblem, SitingConstraints, greedy};
/// use walkshed_engine::Deciseconds;
/// use walkshed_engine::geo::Position;
///
/// // Candidate 0 reaches cell 0, candidate 1 reaches both cells.
/// let position = Position::new(106.55, 29.56).unwrap();
/// let sites = vec![Site { id: 1, position }, Site { id: 2, position }];
/// let near = Deciseconds(1200);
/// let pairs = Pairs::new(sites, vec![Some(vec![(0, near)]), Some(vec![(0, near), (1, near)])]);
/// let problem = SitingProblem {
///     pairs: &pairs,
///     people: &[100.0, 60.0],
///     today: &[Deciseconds::NEVER; 2],
///     limit: Deciseconds::from_minutes(5.0),
///     terms: SitingConstraints::default(),
/// };
/// let selection = greedy(&problem, Objective::MaxCover, 1).unwrap();
/// assert_eq!((selection.chosen, selection.bound), (vec![(1, 160.0)], 160.0));
/// ```
///
/// # Errors
/// [`Stopped`].
pub fn greedy(problem: &SitingProblem<'_>, objective: Objective, count: usize) -> Result<SiteSelection, Stopped> {
    let mut state = State::new(problem, objective);
    let entry = |state: &State<'_>, candidate| Entry {
        gain: state.gain(candidate),
        cost: problem.cost(candidate),
        candidate,
        round: 0,
    };
    let mut remaining = problem.terms.budget.unwrap_or(f64::INFINITY);
    let all = |state: &State<'_>| {
        let candidates: Vec<u32> = (0..problem.pairs.sites.len() as u32).collect();
        parallel::try_map(&candidates, CANDIDATES_PER_THREAD, |&candidate| {
            task::work(problem.pairs.cells_of(candidate as usize).len())?;
            Ok::<_, Stopped>(entry(state, candidate))
        })
    };
    let mut heap: BinaryHeap<Entry> =
        all(&state)?.into_iter().filter(|e| e.gain > 0.0 && e.cost <= remaining).collect();
    let single = heap
        .iter()
        .map(|e| (e.gain, e.candidate))
        .reduce(|a, b| if b.0 > a.0 || b.0 >= a.0 && b.1 < a.1 { b } else { a });
    let target = match objective {
        Objective::MinFacilities { share } => coverable(problem)? * share.clamp(0.0, 1.0) * (1.0 - 1e-12),
        _ => f64::INFINITY,
    };
    let mut choice = SiteSelection { chosen: Vec::new(), gained: 0.0, bound: f64::INFINITY, is_exact: false };
    // Any other set adds to the sites selected so far at most the largest current gains.
    let mut bound = f64::INFINITY;
    let budget = problem.terms.budget;
    // Exceed the remaining budget, but may be part of another set and so count in the bound.
    let mut unaffordable: Vec<Entry> = Vec::new();
    while choice.chosen.len() < count && choice.gained < target {
        let Some(top) = heap.pop() else { break };
        if top.cost > remaining {
            unaffordable.push(top);
            continue;
        }
        let round = choice.chosen.len() as u32;
        if top.round < round {
            task::work(problem.pairs.cells_of(top.candidate as usize).len())?;
            let gain = state.gain(top.candidate);
            if gain > 0.0 {
                heap.push(Entry { gain, round, ..top });
            }
            continue;
        }
        task::step()?;
        // In another set, a selected site with limited capacity may serve other people and so gain again.
        let chosen = choice.chosen.iter().filter(|_| problem.terms.capacity.is_some());
        let again: Vec<Entry> = chosen.map(|&(c, _)| entry(&state, c)).collect();
        let held = heap.iter().chain(&unaffordable).chain([&top]).chain(&again);
        task::work(heap.len() + unaffordable.len())?;
        bound = bound.min(choice.gained + upper_bound(held, count, budget));
        state.choose(top.candidate);
        remaining -= top.cost;
        choice.chosen.push((top.candidate, top.gain));
        choice.gained += top.gain;
    }
    let left: Vec<Entry> = all(&state)?.into_iter().filter(|e| budget.is_none_or(|b| e.cost <= b)).collect();
    choice.bound = bound.min(choice.gained + upper_bound(left.iter(), count, budget));
    if let Some((gain, candidate)) = single.filter(|s| s.0 > choice.gained && count > 0) {
        choice.chosen = vec![(candidate, gain)];
        choice.gained = gain;
    }
    choice.bound = choice.bound.max(choice.gained);
    Ok(choice)
}

/// Returns a lower bound on the number of sites that cover a share of the coverable people: the number of largest individual
/// gains that add up to it.
///
/// # Errors
/// [`Stopped`].
pub fn min_site_count(problem: &SitingProblem<'_>, share: f64) -> Result<usize, Stopped> {
    let state = State::new(problem, Objective::MaxCover);
    let gain = |candidate: u32| {
        task::work(problem.pairs.cells_of(candidate as usize).len())?;
        Ok(state.gain(candidate))
    };
    let mut gains: Vec<f64> = (0..problem.pairs.sites.len() as u32).map(gain).collect::<Result<_, Stopped>>()?;
    gains.sort_unstable_by(|a, b| b.total_cmp(a));
    let target = coverable(problem)? * share.clamp(0.0, 1.0) * (1.0 - 1e-12);
    let before = gains.iter().scan(0.0, |sum, gain| {
        *sum += gain;
        Some(*sum - gain)
    });
    Ok(before.zip(&gains).take_while(|(sum, gain)| *sum < target && **gain > 0.0).count())
}

/// Returns an upper bound on the gain of any `count` candidates within the budget: the smaller of the sum of the largest gains
/// and the fractional knapsack solution. Outdated gains are valid because gains never grow.
fn upper_bound<'e>(entries: impl Iterator<Item = &'e Entry> + Clone, count: usize, budget: Option<f64>) -> f64 {
    let by_count = largest(entries.clone().map(|e| e.gain).collect(), count);
    let Some(mut remaining) = budget else { return by_count };
    let mut all: Vec<&Entry> = entries.collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    let mut sum = 0.0;
    for entry in all {
        if entry.cost > remaining {
            sum += entry.gain * remaining / entry.cost;
            break;
        }
        sum += entry.gain;
        remaining -= entry.cost;
    }
    by_count.min(sum)
}

fn largest(mut gains: Vec<f64>, count: usize) -> f64 {
    if gains.len() > count {
        gains.select_nth_unstable_by(count, |a, b| b.total_cmp(a));
        gains.truncate(count);
    }
    gains.iter().sum()
}

/// Returns the people who are not covered today and are within reach of a candidate.
fn coverable(problem: &SitingProblem<'_>) -> Result<f64, Stopped> {
    let mut reached = vec![false; problem.people.len()];
    for site in 0..problem.pairs.sites.len() {
        let near = problem.pairs.cells_of(site);
        task::work(near.len())?;
        for &(cell, time) in near {
            reached[cell as usize] |= time <= problem.limit;
        }
    }
    Ok((0..reached.len()).filter(|&cell| reached[cell]).map(|cell| problem.waiting(cell)).sum())
}

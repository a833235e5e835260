//! The best sites there are, of small problems: mixed-integer programs, solved by branch and bound.

use super::siting::{Choice, Objective, Problem, State, greedy};
use good_lp::solvers::{SolutionStatus, WithInitialSolution, WithTimeLimit};
use good_lp::{Expression, Solution, SolverModel, Variable, constraint, microlp, variable, variables};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use walkshed_engine::parallel::cores;
use walkshed_engine::task::{self, Stopped};

/// Candidates that gain anything, and pairs of one of them with a home, that can be weighed exactly.
pub const MAX_CANDIDATES: usize = 400;
pub const MAX_PAIRS: usize = 20_000;
/// How often one looks whether to go on while a problem is solved.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// A problem that is too large to be solved exactly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{candidates} candidates with {pairs} pairs of a home are too many to find the best among them for certain ({MAX_CANDIDATES} with {MAX_PAIRS} at most): ask for a smaller region or fewer places, or leave `exact` out"
)]
pub struct TooLarge {
    pub candidates: usize,
    pub pairs: usize,
}

/// Why the best is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExactError {
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Homes that the same candidates serve alike, as one.
struct Group {
    people: f64,
    /// Candidates with what one person gains by each.
    serves: Vec<(u32, u32)>,
}

/// Homes to gain, by what serves them.
fn groups(problem: &Problem<'_>, objective: Objective) -> Vec<Group> {
    let is_mean = objective == Objective::MinMeanTime;
    let mut serving: Vec<Vec<(u32, u32)>> = vec![Vec::new(); problem.people.len()];
    for candidate in 0..problem.pairs.sites.len() {
        for &(cell, time) in problem.pairs.of(candidate) {
            let today = problem.today[cell as usize];
            let gain = if is_mean {
                today.min(problem.limit).0.saturating_sub(time.0)
            } else {
                u32::from(today > problem.limit && time <= problem.limit)
            };
            let is_too_dear = problem.terms.budget.is_some_and(|budget| problem.cost(candidate as u32) > budget);
            if gain > 0 && problem.people[cell as usize] > 0.0 && !is_too_dear {
                serving[cell as usize].push((candidate as u32, gain));
            }
        }
    }
    let mut alike: BTreeMap<Vec<(u32, u32)>, f64> = BTreeMap::new();
    for (cell, serves) in serving.into_iter().enumerate().filter(|(_, s)| !s.is_empty()) {
        *alike.entry(serves).or_default() += problem.people[cell];
    }
    alike.into_iter().map(|(serves, people)| Group { people, serves }).collect()
}

/// Finds the best choice of up to `count` sites, and says so ([`Choice::is_exact`]); where `seconds` do not suffice, the best that
/// was found, with the bound of the greedy one.
///
/// # Errors
/// [`TooLarge`], [`Stopped`].
pub fn exact(problem: &Problem<'_>, objective: Objective, count: usize, seconds: f64) -> Result<Choice, ExactError> {
    let groups = groups(problem, objective);
    let mut used: Vec<u32> = groups.iter().flat_map(|g| g.serves.iter().map(|s| s.0)).collect();
    used.sort_unstable();
    used.dedup();
    let pairs = groups.iter().map(|g| g.serves.len()).sum();
    if used.len() > MAX_CANDIDATES || pairs > MAX_PAIRS {
        return Err(TooLarge { candidates: used.len(), pairs }.into());
    }
    let first = greedy(problem, objective, count)?;
    if used.is_empty() || first.chosen.is_empty() {
        return Ok(Choice { is_exact: true, ..first });
    }
    let is_fewest = matches!(objective, Objective::MinFacilities { .. });
    let is_mean = objective == Objective::MinMeanTime;
    let mut vars = variables!();
    let build: Vec<Variable> = used.iter().map(|_| vars.add(variable().binary())).collect();
    let of = |candidate: u32| build[used.partition_point(|&u| u < candidate)];
    // Covered, or for a mean: served by which; whole by itself where the sites are.
    let mut served: Vec<(usize, u32, u32, Variable)> = Vec::new();
    for (g, group) in groups.iter().enumerate() {
        if is_mean {
            let each = group.serves.iter().map(|&(c, gain)| (g, c, gain, vars.add(variable().min(0).max(1))));
            served.extend(each);
        } else {
            served.push((g, 0, 1, vars.add(variable().min(0).max(1))));
        }
    }
    let mut gained = Expression::default();
    for &(g, _, gain, x) in &served {
        gained += groups[g].people * f64::from(gain) * x;
    }
    let sites: Expression = build.iter().sum();
    let mut model = if is_fewest {
        vars.minimise(sites.clone()).using(microlp)
    } else {
        vars.maximise(gained.clone()).using(microlp)
    };
    if let Objective::MinFacilities { share } = objective {
        let all: f64 = groups.iter().map(|g| g.people).sum();
        model.add_constraint(constraint!(gained >= all * share.clamp(0.0, 1.0) * (1.0 - 1e-9)));
    }
    model.add_constraint(constraint!(sites <= count as f64));
    if let Some(budget) = problem.terms.budget {
        let spent: Expression = used.iter().zip(&build).map(|(&candidate, &b)| problem.cost(candidate) * b).sum();
        model.add_constraint(constraint!(spent <= budget * (1.0 + 1e-9)));
    }
    if is_mean {
        for (g, _) in groups.iter().enumerate() {
            let all: Expression = served.iter().filter(|s| s.0 == g).map(|s| s.3).sum();
            model.add_constraint(constraint!(all <= 1));
        }
        for &(_, candidate, _, x) in &served {
            model.add_constraint(constraint!(x <= of(candidate)));
        }
    } else {
        for &(g, _, _, x) in &served {
            let near: Expression = groups[g].serves.iter().map(|s| of(s.0)).sum();
            model.add_constraint(constraint!(x <= near));
        }
    }
    let start = greedy_start(&first, &groups, &served, &used, &build, is_mean);
    let model = model.with_initial_solution(start).with_time_limit(seconds);
    let solved = if task::current().is_none() {
        model.solve()
    } else if let Some(solved) = solved_aside(model) {
        solved
    } else {
        task::check()?;
        // The solver has failed: the greedy choice stands.
        return Ok(first);
    };
    // Infeasible only where the share cannot be had with so many sites: the greedy choice tells as much as can be had.
    let Ok(solution) = solved else { return Ok(first) };
    let chosen: Vec<u32> =
        used.iter().zip(&build).filter(|(_, b)| solution.value(**b) > 0.5).map(|(&candidate, _)| candidate).collect();
    let best = in_order(problem, objective, &chosen);
    let is_exact = matches!(solution.status(), SolutionStatus::Optimal);
    if !is_exact && !is_fewest && best.gained < first.gained {
        return Ok(first);
    }
    let bound = if is_exact { best.gained } else { first.bound.max(best.gained) };
    Ok(Choice { bound, is_exact, ..best })
}

/// A solver at work: one a core at most, those counted whose caller has gone and which end with their time.
struct Solving;

static SOLVERS: AtomicUsize = AtomicUsize::new(0);

impl Solving {
    /// Waits for a place; `None` when the task was told to stop meanwhile.
    fn enter() -> Option<Self> {
        let take = |now: usize| (now < cores()).then_some(now + 1);
        while SOLVERS.fetch_update(SeqCst, SeqCst, take).is_err() {
            task::check().ok()?;
            std::thread::sleep(ASK_EVERY);
        }
        Some(Self)
    }
}

impl Drop for Solving {
    fn drop(&mut self) {
        SOLVERS.fetch_sub(1, SeqCst);
    }
}

/// Solves on a thread of its own, so that whoever waits can be told to stop: the solver cannot. `None` when they were; the
/// thread then ends with its time.
fn solved_aside<M>(model: M) -> Option<Result<M::Solution, M::Error>>
where
    M: SolverModel + Send + 'static,
    M::Solution: Send,
    M::Error: Send,
{
    let place = Solving::enter()?;
    let (sender, receiver) = std::sync::mpsc::channel();
    let solve = move || {
        let _place = place;
        // Nobody listens any more when it was cancelled.
        drop(sender.send(model.solve()));
    };
    std::thread::Builder::new().name("solver".into()).spawn(solve).ok()?;
    loop {
        match receiver.recv_timeout(ASK_EVERY) {
            Ok(solved) => return Some(solved),
            Err(RecvTimeoutError::Timeout) if task::check().is_ok() => {}
            Err(_) => return None,
        }
    }
}

/// The greedy choice as values of all variables, from which the search begins.
fn greedy_start(
    first: &Choice,
    groups: &[Group],
    served: &[(usize, u32, u32, Variable)],
    used: &[u32],
    build: &[Variable],
    is_mean: bool,
) -> Vec<(Variable, f64)> {
    let is_built = |candidate: u32| first.chosen.iter().any(|c| c.0 == candidate);
    let mut values: Vec<(Variable, f64)> =
        used.iter().zip(build).map(|(&c, &b)| (b, f64::from(u8::from(is_built(c))))).collect();
    for &(g, candidate, gain, x) in served {
        let near = groups[g].serves.iter().filter(|s| is_built(s.0));
        let is_served = if is_mean {
            near.max_by_key(|s| (s.1, std::cmp::Reverse(s.0))).is_some_and(|s| (s.0, s.1) == (candidate, gain))
        } else {
            near.count() > 0
        };
        values.push((x, f64::from(u8::from(is_served))));
    }
    values
}

/// Chosen sites in the order in which each adds most, with what it adds.
fn in_order(problem: &Problem<'_>, objective: Objective, chosen: &[u32]) -> Choice {
    let mut state = State::new(problem, objective);
    let mut left: Vec<u32> = chosen.to_vec();
    let mut choice = Choice { chosen: Vec::new(), gained: 0.0, bound: 0.0, is_exact: false };
    while let Some((at, gain)) =
        left.iter().enumerate().map(|(at, &c)| (at, state.gain(c))).reduce(|a, b| if b.1 > a.1 { b } else { a })
    {
        let candidate = left.remove(at);
        state.choose(candidate);
        if gain > 0.0 {
            choice.chosen.push((candidate, gain));
            choice.gained += gain;
        }
    }
    choice
}

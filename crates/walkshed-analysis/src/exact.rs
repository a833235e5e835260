//! Optimal sites for small problems: mixed-integer programs, solved by branch and bound.

use crate::siting::{Objective, SiteSelection, SitingProblem, State, greedy};
use crate::solver::solve_on_thread;
use good_lp::solvers::{SolutionStatus, WithInitialSolution, WithTimeLimit};
use good_lp::{
    Expression, ProblemVariables, Solution, SolverModel, Variable, constraint, microlp, variable, variables,
};
use std::collections::BTreeMap;
use walkshed_engine::task::{self, Stopped};

/// Maximum numbers of candidates with a gain, and of pairs of such a candidate and a cell, for exact optimization.
pub const MAX_CANDIDATES: usize = 400;
pub const MAX_PAIRS: usize = 20_000;

/// The problem is too large for exact optimization.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{candidates} candidates with {pairs} candidate-cell pairs are too many for exact optimization (at most {MAX_CANDIDATES} candidates and {MAX_PAIRS} pairs). Use a smaller region or fewer places, or omit `exact`"
)]
pub struct TooLarge {
    /// Candidates with a gain.
    pub candidates: usize,
    /// Pairs of such a candidate and a cell.
    pub pairs: usize,
}

/// Why the exact optimization failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExactError {
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Cells that the same candidates serve with the same gains, merged into one.
struct Group {
    people: f64,
    /// Candidates with the gain per person.
    serves: Vec<(u32, u32)>,
}

/// Groups the cells that can gain by the candidates that serve them.
fn groups(problem: &SitingProblem<'_>, objective: Objective) -> Vec<Group> {
    let is_mean = objective == Objective::MinMeanTime;
    let mut serving: Vec<Vec<(u32, u32)>> = vec![Vec::new(); problem.people.len()];
    for candidate in 0..problem.pairs.sites.len() {
        for &(cell, time) in problem.pairs.cells_of(candidate) {
            let today = problem.today[cell as usize];
            let gain = if is_mean {
                today.min(problem.limit).0.saturating_sub(time.0)
            } else {
                u32::from(today > problem.limit && time <= problem.limit)
            };
            let is_unaffordable = problem.terms.budget.is_some_and(|budget| problem.cost(candidate as u32) > budget);
            if gain > 0 && problem.people[cell as usize] > 0.0 && !is_unaffordable {
                serving[cell as usize].push((candidate as u32, gain));
            }
        }
    }
    let mut merged: BTreeMap<Vec<(u32, u32)>, f64> = BTreeMap::new();
    for (cell, serves) in serving.into_iter().enumerate().filter(|(_, s)| !s.is_empty()) {
        *merged.entry(serves).or_default() += problem.people[cell];
    }
    merged.into_iter().map(|(serves, people)| Group { people, serves }).collect()
}

/// Returns the optimal selection of up to `count` sites ([`SiteSelection::is_exact`]). If the solver does not finish within
/// `seconds`, returns the best selection found, with the bound of the greedy algorithm.
///
/// # Errors
/// [`TooLarge`], [`Stopped`].
pub fn exact(
    problem: &SitingProblem<'_>,
    objective: Objective,
    count: usize,
    seconds: f64,
) -> Result<SiteSelection, ExactError> {
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
        return Ok(SiteSelection { is_exact: true, ..first });
    }
    let is_fewest = matches!(objective, Objective::MinFacilities { .. });
    let mut variables = variables!();
    let program = Program::new(groups, used, objective == Objective::MinMeanTime, &mut variables);
    let sites: Expression = program.build.iter().sum();
    let mut model = if is_fewest {
        variables.minimise(sites.clone()).using(microlp)
    } else {
        variables.maximise(program.gained()).using(microlp)
    };
    if let Objective::MinFacilities { share } = objective {
        let all: f64 = program.groups.iter().map(|g| g.people).sum();
        model.add_constraint(constraint!(program.gained() >= all * share.clamp(0.0, 1.0) * (1.0 - 1e-9)));
    }
    model.add_constraint(constraint!(sites <= count as f64));
    if let Some(budget) = problem.terms.budget {
        model.add_constraint(constraint!(program.cost(problem) <= budget * (1.0 + 1e-9)));
    }
    program.constrain_service(&mut model);
    let model = model.with_initial_solution(program.initial_values(&first)).with_time_limit(seconds);
    let solved = if task::current().is_none() {
        model.solve()
    } else if let Some(solved) = solve_on_thread(model) {
        solved
    } else {
        task::check()?;
        // The solver failed; fall back to the greedy selection.
        return Ok(first);
    };
    // Infeasible only if `count` sites cannot reach the share; the greedy selection then shows what can be reached.
    let Ok(solution) = solved else { return Ok(first) };
    let chosen = program.selected(&solution);
    let best = in_order(problem, objective, &chosen);
    let is_exact = matches!(solution.status(), SolutionStatus::Optimal);
    if !is_exact && !is_fewest && best.gained < first.gained {
        return Ok(first);
    }
    let bound = if is_exact { best.gained } else { first.bound.max(best.gained) };
    Ok(SiteSelection { bound, is_exact, ..best })
}

/// How a group is served: by a candidate for the mean objective, by any candidate otherwise.
struct Service {
    group: usize,
    /// The serving candidate and the gain per person; 0 and 1 for the other objectives.
    candidate: u32,
    gain: u32,
    /// Share of the group that is served. Integral whenever the site variables are.
    share: Variable,
}

/// The variables of the mixed-integer program.
struct Program {
    groups: Vec<Group>,
    /// Candidates with any gain, in ascending order.
    candidates: Vec<u32>,
    /// Per candidate: whether it is selected.
    build: Vec<Variable>,
    service: Vec<Service>,
    is_mean: bool,
}

impl Program {
    fn new(groups: Vec<Group>, candidates: Vec<u32>, is_mean: bool, variables: &mut ProblemVariables) -> Self {
        let build = candidates.iter().map(|_| variables.add(variable().binary())).collect();
        let mut service = Vec::new();
        for (group, g) in groups.iter().enumerate() {
            let mut serve = |candidate: u32, gain: u32| {
                service.push(Service { group, candidate, gain, share: variables.add(variable().min(0).max(1)) });
            };
            if is_mean {
                g.serves.iter().for_each(|&(candidate, gain)| serve(candidate, gain));
            } else {
                serve(0, 1);
            }
        }
        Self { groups, candidates, build, service, is_mean }
    }

    fn site(&self, candidate: u32) -> Variable {
        self.build[self.candidates.partition_point(|&c| c < candidate)]
    }

    /// The total gain.
    fn gained(&self) -> Expression {
        let mut gained = Expression::default();
        for s in &self.service {
            gained += self.groups[s.group].people * f64::from(s.gain) * s.share;
        }
        gained
    }

    /// The total cost of the selected candidates.
    fn cost(&self, problem: &SitingProblem<'_>) -> Expression {
        self.candidates.iter().zip(&self.build).map(|(&candidate, &build)| problem.cost(candidate) * build).sum()
    }

    /// Requires that groups are served only by selected candidates, and at most once.
    fn constrain_service(&self, model: &mut impl SolverModel) {
        if self.is_mean {
            for group in 0..self.groups.len() {
                let all: Expression = self.service.iter().filter(|s| s.group == group).map(|s| s.share).sum();
                model.add_constraint(constraint!(all <= 1));
            }
            for s in &self.service {
                model.add_constraint(constraint!(s.share <= self.site(s.candidate)));
            }
        } else {
            for s in &self.service {
                let near: Expression = self.groups[s.group].serves.iter().map(|c| self.site(c.0)).sum();
                model.add_constraint(constraint!(s.share <= near));
            }
        }
    }

    /// Returns the greedy selection as initial values of all variables.
    fn initial_values(&self, greedy: &SiteSelection) -> Vec<(Variable, f64)> {
        let is_built = |candidate: u32| greedy.chosen.iter().any(|c| c.0 == candidate);
        let value = |is_set: bool| f64::from(u8::from(is_set));
        let sites = self.candidates.iter().zip(&self.build).map(|(&c, &build)| (build, value(is_built(c))));
        let service = self.service.iter().map(|s| {
            let near = self.groups[s.group].serves.iter().filter(|c| is_built(c.0));
            let is_served = if self.is_mean {
                near.max_by_key(|c| (c.1, std::cmp::Reverse(c.0))) == Some(&(s.candidate, s.gain))
            } else {
                near.count() > 0
            };
            (s.share, value(is_served))
        });
        sites.chain(service).collect()
    }

    /// Returns the candidates that a solution selects.
    fn selected(&self, solution: &impl Solution) -> Vec<u32> {
        let built = self.candidates.iter().zip(&self.build).filter(|(_, build)| solution.value(**build) > 0.5);
        built.map(|(&candidate, _)| candidate).collect()
    }
}

/// Orders selected sites by gain, each given those before it.
fn in_order(problem: &SitingProblem<'_>, objective: Objective, chosen: &[u32]) -> SiteSelection {
    let mut state = State::new(problem, objective);
    let mut left: Vec<u32> = chosen.to_vec();
    let mut choice = SiteSelection { chosen: Vec::new(), gained: 0.0, bound: 0.0, is_exact: false };
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

//! Where one more facility helps most: greedy choice with lazy evaluation, with a bound on how far it can be from the best;
//! and the exact best of small problems by mixed-integer programming.

use super::pairs::Pairs;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use walkshed_engine::Deciseconds;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};

/// Candidates whose gain is worth another thread: some 300 homes each.
const CANDIDATES_A_THREAD: usize = 64;

/// What is to be made as large, or as small, as can be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objective {
    /// Most people within the limit, with a number of sites (maximal covering location, Church and ReVelle 1974).
    MaxCover,
    /// Fewest sites for a share (0 to 1) of the people that can be covered at all (location set covering, Toregas 1971).
    MinFacilities { share: f64 },
    /// Least mean time to the nearest, times beyond the limit counting as the limit (p-median, Hakimi 1964).
    MinMeanTime,
}

/// A problem: candidates with the cells they reach, and what cells have today.
pub struct Problem<'a> {
    /// Candidate sites; of equals the one that comes first is chosen.
    pub pairs: &'a Pairs,
    /// By cell.
    pub people: &'a [f64],
    /// By cell: what people have today; `NEVER` or beyond the limit for nothing.
    pub today: &'a [Deciseconds],
    pub limit: Deciseconds,
    pub terms: Terms<'a>,
}

/// What building is bound to, where it is bound to anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// People that a new site takes: of those who have no place, the nearest first, of equals those of the cell that comes
    /// first. Not for a least mean.
    pub capacity: Option<f64>,
    /// By cell: people who have a place today, where places are counted; then `today` says nothing of who is covered.
    pub served: Option<&'a [f64]>,
    /// By candidate: what it costs, more than 0; 1 where left out.
    pub costs: Option<&'a [f64]>,
    /// What all may cost together.
    pub budget: Option<f64>,
}

impl Problem<'_> {
    pub(super) fn cost(&self, candidate: u32) -> f64 {
        self.terms.costs.map_or(1.0, |costs| costs[candidate as usize])
    }

    /// People of a cell whom something new could cover.
    fn waiting(&self, cell: usize) -> f64 {
        match self.terms.served {
            Some(served) => (self.people[cell] - served[cell]).max(0.0),
            None if self.today[cell] > self.limit => self.people[cell],
            None => 0.0,
        }
    }
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Candidates in the order of their choice, each with what it adds: people, or people times deciseconds saved.
    pub chosen: Vec<(u32, f64)>,
    /// What all of them add together.
    pub gained: f64,
    /// No choice of as many can add more than this.
    pub bound: f64,
    /// It is the best there is.
    pub is_exact: bool,
}

impl Choice {
    /// How far it may be from the best, as a share of the bound; 0 when it is the best.
    #[must_use]
    pub fn gap(&self) -> f64 {
        if self.bound > 0.0 { ((self.bound - self.gained) / self.bound).max(0.0) } else { 0.0 }
    }
}

/// What cells have, and what a candidate would make of it.
pub(super) struct State<'a> {
    problem: &'a Problem<'a>,
    is_mean: bool,
    /// By cell, where a mean is asked for: what people have, capped at the limit.
    best: Vec<Deciseconds>,
    /// By cell, elsewhere: people who have nothing.
    waiting: Vec<f64>,
}

impl<'a> State<'a> {
    /// As it is today.
    pub fn new(problem: &'a Problem<'a>, objective: Objective) -> Self {
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

    /// What a candidate would add.
    pub fn gain(&self, candidate: u32) -> f64 {
        let all: f64 =
            self.problem.pairs.of(candidate as usize).iter().map(|&(cell, time)| self.gain_of(cell, time)).sum();
        self.room().map_or(all, |room| all.min(room))
    }

    fn room(&self) -> Option<f64> {
        self.problem.terms.capacity.filter(|_| !self.is_mean)
    }

    /// Builds a candidate; says what became of each cell it reaches: for a mean the time, else the people it takes.
    pub fn choose(&mut self, candidate: u32) {
        let cells = self.problem.pairs.of(candidate as usize);
        if self.is_mean {
            for &(cell, time) in cells {
                let best = &mut self.best[cell as usize];
                *best = (*best).min(time);
            }
            return;
        }
        let inside = cells.iter().filter(|c| c.1 <= self.problem.limit);
        let Some(mut room) = self.room() else {
            inside.for_each(|&(cell, _)| self.waiting[cell as usize] = 0.0);
            return;
        };
        let mut nearest_first: Vec<(Deciseconds, u32)> = inside.map(|&(cell, time)| (time, cell)).collect();
        nearest_first.sort_unstable();
        for (_, cell) in nearest_first {
            let waiting = &mut self.waiting[cell as usize];
            let taken = waiting.min(room);
            // Whoever is left goes whole, so that no crumbs of rounding remain.
            *waiting = if room >= *waiting { 0.0 } else { *waiting - taken };
            room -= taken;
        }
    }
}

/// A candidate with what it added when it was last looked at, which is never less than what it adds now.
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
        // By what it adds for what it costs.
        (self.gain / self.cost).total_cmp(&(other.gain / other.cost)).then(other.candidate.cmp(&self.candidate))
    }
}

/// Chooses up to `count` sites one after the other, each time the one that adds most. What it adds is at least 1 - 1/e of
/// the best (Nemhauser, Wolsey and Fisher 1978), and [`Choice::bound`] is usually far closer. Gains only shrink as more is
/// chosen, so that most need not be looked at again (Minoux 1978).
///
/// Where sites cost differently it is the one that adds most for what it costs, among those there is money left for; or the
/// single best one where that adds more, which makes at least half of 1 - 1/e (Khuller, Moss and Naor 1999).
///
/// Where sites have room for so many it is at least a half of what the best set serves, whoever goes where: of a site of that
/// set, what it serves and greed does not is no more than greed's own sites serve, one for one.
///
/// # Errors
/// [`Stopped`].
pub fn greedy(problem: &Problem<'_>, objective: Objective, count: usize) -> Result<Choice, Stopped> {
    let mut state = State::new(problem, objective);
    let entry = |state: &State<'_>, candidate| Entry {
        gain: state.gain(candidate),
        cost: problem.cost(candidate),
        candidate,
        round: 0,
    };
    let mut money = problem.terms.budget.unwrap_or(f64::INFINITY);
    let all = |state: &State<'_>| {
        let candidates: Vec<u32> = (0..problem.pairs.sites.len() as u32).collect();
        parallel::try_map(&candidates, CANDIDATES_A_THREAD, |&candidate| {
            task::work(problem.pairs.of(candidate as usize).len())?;
            Ok::<_, Stopped>(entry(state, candidate))
        })
    };
    let mut heap: BinaryHeap<Entry> = all(&state)?.into_iter().filter(|e| e.gain > 0.0 && e.cost <= money).collect();
    let single = heap
        .iter()
        .map(|e| (e.gain, e.candidate))
        .reduce(|a, b| if b.0 > a.0 || b.0 >= a.0 && b.1 < a.1 { b } else { a });
    let target = match objective {
        Objective::MinFacilities { share } => coverable(problem)? * share.clamp(0.0, 1.0) * (1.0 - 1e-12),
        _ => f64::INFINITY,
    };
    let mut choice = Choice { chosen: Vec::new(), gained: 0.0, bound: f64::INFINITY, is_exact: false };
    // No other set adds more to what was chosen before than the largest gains there were that it may hold.
    let mut bound = f64::INFINITY;
    let whole_budget = problem.terms.budget;
    // Too dear for what is left, but another set may hold them.
    let mut dear: Vec<Entry> = Vec::new();
    while choice.chosen.len() < count && choice.gained < target {
        let Some(top) = heap.pop() else { break };
        if top.cost > money {
            dear.push(top);
            continue;
        }
        let round = choice.chosen.len() as u32;
        if top.round < round {
            task::work(problem.pairs.of(top.candidate as usize).len())?;
            let gain = state.gain(top.candidate);
            if gain > 0.0 {
                heap.push(Entry { gain, round, ..top });
            }
            continue;
        }
        task::step()?;
        // A site with room for so many may take others in another set than it does here.
        let chosen = choice.chosen.iter().filter(|_| problem.terms.capacity.is_some());
        let again: Vec<Entry> = chosen.map(|&(c, _)| entry(&state, c)).collect();
        let held = heap.iter().chain(&dear).chain([&top]).chain(&again);
        task::work(heap.len() + dear.len())?;
        bound = bound.min(choice.gained + most(held, count, whole_budget));
        state.choose(top.candidate);
        money -= top.cost;
        choice.chosen.push((top.candidate, top.gain));
        choice.gained += top.gain;
    }
    let left: Vec<Entry> = all(&state)?.into_iter().filter(|e| whole_budget.is_none_or(|b| e.cost <= b)).collect();
    choice.bound = bound.min(choice.gained + most(left.iter(), count, whole_budget));
    if let Some((gain, candidate)) = single.filter(|s| s.0 > choice.gained && count > 0) {
        choice.chosen = vec![(candidate, gain)];
        choice.gained = gain;
    }
    choice.bound = choice.bound.max(choice.gained);
    Ok(choice)
}

/// So many sites at least are needed to cover a share of the people that can be covered: as many as the largest gains of
/// single candidates need to add up to it.
///
/// # Errors
/// [`Stopped`].
pub fn fewest(problem: &Problem<'_>, share: f64) -> Result<usize, Stopped> {
    let state = State::new(problem, Objective::MaxCover);
    let gain = |candidate: u32| {
        task::work(problem.pairs.of(candidate as usize).len())?;
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

/// What no set of so many candidates, that cost no more than the budget, adds: the largest gains, or as much of the best for
/// their cost as the budget buys, parts included. (What gains were is never less than what they are.)
fn most<'e>(entries: impl Iterator<Item = &'e Entry> + Clone, count: usize, budget: Option<f64>) -> f64 {
    let by_count = largest(entries.clone().map(|e| e.gain).collect(), count);
    let Some(mut money) = budget else { return by_count };
    let mut all: Vec<&Entry> = entries.collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    let mut sum = 0.0;
    for entry in all {
        if entry.cost > money {
            sum += entry.gain * money / entry.cost;
            break;
        }
        sum += entry.gain;
        money -= entry.cost;
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

/// People who have nothing today and whom some candidate reaches.
fn coverable(problem: &Problem<'_>) -> Result<f64, Stopped> {
    let mut reached = vec![false; problem.people.len()];
    for site in 0..problem.pairs.sites.len() {
        let near = problem.pairs.of(site);
        task::work(near.len())?;
        for &(cell, time) in near {
            reached[cell as usize] |= time <= problem.limit;
        }
    }
    Ok((0..reached.len()).filter(|&cell| reached[cell]).map(|cell| problem.waiting(cell)).sum())
}

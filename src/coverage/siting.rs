//! Where one more facility helps most: greedy choice with lazy evaluation, with a bound on how far it can be from the best;
//! and the exact best of small problems by mixed-integer programming.

use super::pairs::Pairs;
use crate::network::Deciseconds;
use crate::task;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

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
    /// By cell: capped at the limit where a mean is asked for.
    best: Vec<Deciseconds>,
}

impl<'a> State<'a> {
    /// As it is today.
    pub fn new(problem: &'a Problem<'a>, objective: Objective) -> Self {
        let is_mean = matches!(objective, Objective::MinMeanTime);
        let best = problem.today.iter().map(|&t| if is_mean { t.min(problem.limit) } else { t }).collect();
        Self { problem, is_mean, best }
    }

    fn gain_of(&self, cell: u32, time: Deciseconds) -> f64 {
        let (people, best) = (self.problem.people[cell as usize], self.best[cell as usize]);
        if self.is_mean {
            people * f64::from(best.0.saturating_sub(time.0))
        } else if best > self.problem.limit && time <= self.problem.limit {
            people
        } else {
            0.0
        }
    }

    /// What a candidate would add.
    pub fn gain(&self, candidate: u32) -> f64 {
        self.problem.pairs.of(candidate as usize).iter().map(|&(cell, time)| self.gain_of(cell, time)).sum()
    }

    /// Builds a candidate.
    pub fn choose(&mut self, candidate: u32) {
        for &(cell, time) in self.problem.pairs.of(candidate as usize) {
            let best = &mut self.best[cell as usize];
            *best = (*best).min(time);
        }
    }
}

/// A candidate with what it added when it was last looked at, which is never less than what it adds now.
struct Entry {
    gain: f64,
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
        self.gain.total_cmp(&other.gain).then(other.candidate.cmp(&self.candidate))
    }
}

/// Chooses up to `count` sites one after the other, each time the one that adds most. What it adds is at least 1 - 1/e of
/// the best (Nemhauser, Wolsey and Fisher 1978), and [`Choice::bound`] is usually far closer. Gains only shrink as more is
/// chosen, so that most need not be looked at again (Minoux 1978).
#[must_use]
pub fn greedy(problem: &Problem<'_>, objective: Objective, count: usize) -> Choice {
    let mut state = State::new(problem, objective);
    let mut heap: BinaryHeap<Entry> = (0..problem.pairs.sites.len() as u32)
        .map(|candidate| Entry { gain: state.gain(candidate), candidate, round: 0 })
        .filter(|e| e.gain > 0.0)
        .collect();
    let target = match objective {
        Objective::MinFacilities { share } => coverable(problem) * share.clamp(0.0, 1.0) * (1.0 - 1e-12),
        _ => f64::INFINITY,
    };
    let mut choice = Choice { chosen: Vec::new(), gained: 0.0, bound: f64::INFINITY, is_exact: false };
    while choice.chosen.len() < count && choice.gained < target {
        let Some(top) = heap.pop() else { break };
        let round = choice.chosen.len() as u32;
        if top.round < round {
            let gain = state.gain(top.candidate);
            if gain > 0.0 {
                heap.push(Entry { gain, round, ..top });
            }
            continue;
        }
        // Who asked finds out, and drops what there is.
        if task::step().is_err() {
            break;
        }
        state.choose(top.candidate);
        choice.chosen.push((top.candidate, top.gain));
        choice.gained += top.gain;
        // No set of `count` adds more to what was chosen before than the `count` largest gains there were.
        choice.bound = choice.bound.min(choice.gained + most(&heap, count - 1));
    }
    let left: Vec<f64> = heap.iter().map(|e| state.gain(e.candidate)).collect();
    choice.bound = choice.bound.min(choice.gained + largest(left, count));
    choice
}

/// So many sites at least are needed to cover a share of the people that can be covered: as many as the largest gains of
/// single candidates need to add up to it.
#[must_use]
pub fn fewest(problem: &Problem<'_>, share: f64) -> usize {
    let state = State::new(problem, Objective::MaxCover);
    let mut gains: Vec<f64> = (0..problem.pairs.sites.len() as u32).map(|c| state.gain(c)).collect();
    gains.sort_unstable_by(|a, b| b.total_cmp(a));
    let target = coverable(problem) * share.clamp(0.0, 1.0) * (1.0 - 1e-12);
    let before = gains.iter().scan(0.0, |sum, gain| {
        *sum += gain;
        Some(*sum - gain)
    });
    before.zip(&gains).take_while(|(sum, gain)| *sum < target && **gain > 0.0).count()
}

/// The sum of the largest gains in a heap; what they were is never less than what they are.
fn most(heap: &BinaryHeap<Entry>, count: usize) -> f64 {
    largest(heap.iter().map(|e| e.gain).collect(), count)
}

fn largest(mut gains: Vec<f64>, count: usize) -> f64 {
    if gains.len() > count {
        gains.select_nth_unstable_by(count, |a, b| b.total_cmp(a));
        gains.truncate(count);
    }
    gains.iter().sum()
}

/// People who have nothing today and whom some candidate reaches.
fn coverable(problem: &Problem<'_>) -> f64 {
    let mut reached = vec![false; problem.people.len()];
    for site in 0..problem.pairs.sites.len() {
        for &(cell, time) in problem.pairs.of(site) {
            reached[cell as usize] |= time <= problem.limit;
        }
    }
    let open = reached.iter().zip(problem.today).zip(problem.people).filter(|((r, t), _)| **r && **t > problem.limit);
    open.map(|(_, people)| people).sum()
}

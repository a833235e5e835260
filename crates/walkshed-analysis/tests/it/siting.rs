//! Capacities and sites compared with brute force.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]
#![allow(clippy::float_cmp, reason = "people are whole numbers here, whose sums are exact")]

use crate::support::pairs_of;
use proptest::prelude::*;
use walkshed_analysis::{Objective, Pairs, SitingConstraints, SitingProblem, assign, exact, greedy, min_site_count};
use walkshed_engine::Deciseconds;
use walkshed_testing::Random;

/// Assigns pair by pair, each time the nearest remaining pair.
fn brute_force_assign(
    times: &[Vec<u32>],
    people: &[f64],
    capacity: &[Option<f64>],
    limit: u32,
) -> (Vec<f64>, Vec<f64>) {
    let (mut served, mut load) = (vec![0.0; people.len()], vec![0.0; capacity.len()]);
    loop {
        let mut next: Option<(u32, usize, usize)> = None;
        for (cell, row) in times.iter().enumerate() {
            for (site, &time) in row.iter().enumerate() {
                let has_room = capacity[site].is_none_or(|c| load[site] < c);
                if time <= limit && served[cell] < people[cell] && has_room {
                    next = Some(next.map_or((time, site, cell), |n| n.min((time, site, cell))));
                }
            }
        }
        let Some((_, site, cell)) = next else { return (served, load) };
        let taken = (people[cell] - served[cell]).min(capacity[site].map_or(f64::INFINITY, |c| c - load[site]));
        served[cell] += taken;
        load[site] += taken;
    }
}

struct Small {
    times: Vec<Vec<u32>>,
    people: Vec<f64>,
    pairs: Pairs,
    today: Vec<Deciseconds>,
}

const LIMIT: u32 = 100;

fn small(seed: u64, cells: usize, count: usize) -> Small {
    let mut r = Random(seed);
    let times: Vec<Vec<u32>> = (0..cells).map(|_| (0..count).map(|_| r.below(260) as u32).collect()).collect();
    let people = (0..cells).map(|_| r.below(50) as f64).collect();
    let today = (0..cells).map(|_| if r.below(4) == 0 { Deciseconds(r.below(200) as u32) } else { Deciseconds::NEVER });
    Small { pairs: pairs_of(&times, count, LIMIT), people, today: today.collect(), times }
}

/// Computes the gain of a set of sites from scratch.
fn value(s: &Small, chosen: &[usize], objective: Objective) -> f64 {
    let mut sum = 0.0;
    for (cell, row) in s.times.iter().enumerate() {
        let today = s.today[cell].0;
        let near = chosen.iter().map(|&c| row[c]).filter(|&t| t <= LIMIT).min();
        sum += s.people[cell]
            * if objective == Objective::MinMeanTime {
                let before = today.min(LIMIT);
                f64::from(before - near.unwrap_or(LIMIT).min(before))
            } else {
                f64::from(u8::from(today > LIMIT && near.is_some()))
            };
    }
    sum
}

/// Returns all sets of `size` sites.
fn sets(count: usize, size: usize) -> Vec<Vec<usize>> {
    let all = (0u32..1 << count).filter(|bits| bits.count_ones() as usize == size);
    all.map(|bits| (0..count).filter(|n| bits & (1 << n) != 0).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn assignment_matches_brute_force(seed in 0u64..1 << 40, cells in 1usize..14, count in 1usize..7) {
        let s = small(seed, cells, count);
        let mut r = Random(seed ^ 1);
        let capacity: Vec<Option<f64>> = (0..count).map(|_| (r.below(4) > 0).then(|| r.below(120) as f64)).collect();
        let found = assign(&s.pairs, &s.people, &capacity).unwrap();
        let (served, load) = brute_force_assign(&s.times, &s.people, &capacity, LIMIT);
        prop_assert_eq!(&found.served, &served);
        prop_assert_eq!(&found.load, &load);
        prop_assert_eq!(found.served.iter().sum::<f64>(), found.load.iter().sum::<f64>());
        for ((load, capacity), left) in load.iter().zip(&capacity).zip(&found.left) {
            prop_assert_eq!(capacity.map(|c| c - load), *left);
        }
    }

    #[test]
    fn greedy_and_exact_match_brute_force(seed in 0u64..1 << 40, cells in 1usize..30, count in 1usize..9, size in 1usize..5) {
        let s = small(seed, cells, count);
        let size = size.min(count);
        let problem = SitingProblem { pairs: &s.pairs, people: &s.people, today: &s.today, limit: Deciseconds(LIMIT), terms: SitingConstraints::default() };
        for objective in [Objective::MaxCover, Objective::MinMeanTime] {
            let found = greedy(&problem, objective, size).unwrap();
            let chosen: Vec<usize> = found.chosen.iter().map(|c| c.0 as usize).collect();
            prop_assert_eq!(value(&s, &chosen, objective), found.gained);
            // Each step adds the site with the largest gain; ties are broken in favour of the first.
            for n in 0..chosen.len() {
                let base = value(&s, &chosen[..n], objective);
                let adds = |c: usize| value(&s, &[&chosen[..n], &[c]].concat(), objective) - base;
                let best = (0..count).map(adds).fold(0.0, f64::max);
                prop_assert_eq!(found.chosen[n].1, best);
                prop_assert_eq!(chosen[n], (0..count).find(|&c| adds(c) == best).unwrap());
            }
            let best = sets(count, size).iter().map(|set| value(&s, set, objective)).fold(0.0, f64::max);
            prop_assert!(found.gained >= (1.0 - 1.0 / std::f64::consts::E) * best);
            prop_assert!(found.bound >= best, "{} is no bound of {}", found.bound, best);
            let certain = exact(&problem, objective, size, 30.0).unwrap();
            prop_assert!(certain.is_exact);
            prop_assert_eq!((certain.gained, certain.bound), (best, best));
            let chosen: Vec<usize> = certain.chosen.iter().map(|c| c.0 as usize).collect();
            prop_assert!(chosen.len() <= size);
            prop_assert_eq!(value(&s, &chosen, objective), best);
        }
    }

    #[test]
    fn min_facilities_matches_brute_force(seed in 0u64..1 << 40, cells in 1usize..20, count in 1usize..8, percent in 1u32..=100) {
        let s = small(seed, cells, count);
        let problem = SitingProblem { pairs: &s.pairs, people: &s.people, today: &s.today, limit: Deciseconds(LIMIT), terms: SitingConstraints::default() };
        let share = f64::from(percent) / 100.0;
        let all: Vec<usize> = (0..count).collect();
        let target = value(&s, &all, Objective::MaxCover) * share * (1.0 - 1e-12);
        let found = greedy(&problem, Objective::MinFacilities { share }, count).unwrap();
        prop_assert!(found.gained >= target);
        let least = (0..=count).find(|&n| sets(count, n).iter().any(|set| value(&s, set, Objective::MaxCover) >= target)).unwrap();
        prop_assert!(min_site_count(&problem, share).unwrap() <= least && least <= found.chosen.len());
        let certain = exact(&problem, Objective::MinFacilities { share }, count, 30.0).unwrap();
        prop_assert!(certain.is_exact && certain.gained >= target);
        prop_assert_eq!(certain.chosen.len(), least);
    }

    #[test]
    fn budget_matches_brute_force(seed in 0u64..1 << 40, cells in 1usize..25, count in 1usize..9) {
        let s = small(seed, cells, count);
        let mut r = Random(seed ^ 2);
        let costs: Vec<f64> = (0..count).map(|_| 1.0 + r.below(20) as f64).collect();
        let budget = 1.0 + r.below(40) as f64;
        let terms = SitingConstraints { costs: Some(&costs), budget: Some(budget), ..SitingConstraints::default() };
        let problem = SitingProblem { pairs: &s.pairs, people: &s.people, today: &s.today, limit: Deciseconds(LIMIT), terms };
        let cost = |set: &[usize]| set.iter().map(|&c| costs[c]).sum::<f64>();
        for objective in [Objective::MaxCover, Objective::MinMeanTime] {
            for most in [count, 1 + r.below(count)] {
                let found = greedy(&problem, objective, most).unwrap();
                let chosen: Vec<usize> = found.chosen.iter().map(|c| c.0 as usize).collect();
                prop_assert!(cost(&chosen) <= budget && chosen.len() <= most);
                prop_assert_eq!(value(&s, &chosen, objective), found.gained);
                let all = (0..=most).flat_map(|size| sets(count, size)).filter(|set| cost(set) <= budget);
                let best = all.map(|set| value(&s, &set, objective)).fold(0.0, f64::max);
                if most == count {
                    prop_assert!(found.gained >= 0.5 * (1.0 - 1.0 / std::f64::consts::E) * best);
                }
                prop_assert!(found.bound >= best * (1.0 - 1e-12), "{} is no bound of {}", found.bound, best);
                let certain = exact(&problem, objective, most, 30.0).unwrap();
                prop_assert!(certain.is_exact);
                prop_assert_eq!(certain.gained, best);
                let chosen: Vec<usize> = certain.chosen.iter().map(|c| c.0 as usize).collect();
                prop_assert!(cost(&chosen) <= budget);
            }
        }
    }

    #[test]
    fn capacitated_sites_stay_within_the_bound(seed in 0u64..1 << 40, cells in 1usize..12, count in 1usize..7, size in 1usize..4) {
        let s = small(seed, cells, count);
        let mut r = Random(seed ^ 3);
        let served: Vec<f64> = s.people.iter().map(|&p| if r.below(3) == 0 { p } else { r.below(1 + p as usize) as f64 }).collect();
        let capacity = 1.0 + r.below(90) as f64;
        let terms = SitingConstraints { capacity: Some(capacity), served: Some(&served), ..SitingConstraints::default() };
        let problem = SitingProblem { pairs: &s.pairs, people: &s.people, today: &s.today, limit: Deciseconds(LIMIT), terms };
        let size = size.min(count);
        let found = greedy(&problem, Objective::MaxCover, size).unwrap();
        // Each site in turn takes the nearest unserved people.
        let mut left: Vec<f64> = s.people.iter().zip(&served).map(|(p, s)| p - s).collect();
        for &(site, gain) in &found.chosen {
            let mut near: Vec<(u32, usize)> = (0..cells).map(|c| (s.times[c][site as usize], c)).filter(|t| t.0 <= LIMIT).collect();
            near.sort_unstable();
            let mut free = capacity;
            for (_, cell) in near {
                let taken = left[cell].min(free);
                left[cell] -= taken;
                free -= taken;
            }
            prop_assert_eq!(capacity - free, gain);
        }
        // No set of the same size serves more people than the bound, with any assignment.
        let best = sets(count, size).iter().map(|set| flow(&s, &served, set, capacity)).fold(0.0, f64::max);
        prop_assert!(found.bound >= best, "{} is no bound of {}", found.bound, best);
        prop_assert!(found.gained >= 0.5 * best);
        let share = 0.5;
        let all = greedy(&problem, Objective::MinFacilities { share }, count).unwrap();
        let open = |cell: usize| s.times[cell].iter().any(|&t| t <= LIMIT);
        let target = (0..cells).filter(|&c| open(c)).map(|c| s.people[c] - served[c]).sum::<f64>() * share;
        // The capacity may be too small for the share, whatever sites are selected.
        prop_assert!(all.gained < target || min_site_count(&problem, share).unwrap() <= all.chosen.len());
    }
}

/// Assigns a person to a site along an augmenting path, reassigning others if needed.
fn assign_person(
    person: usize,
    seen: &mut [bool],
    at: &mut [Option<usize>],
    can: &dyn Fn(usize, usize) -> bool,
    sites: usize,
    capacity: usize,
) -> bool {
    for site in 0..sites {
        if seen[site] || !can(person, site) {
            continue;
        }
        seen[site] = true;
        let there: Vec<usize> = (0..at.len()).filter(|&p| at[p] == Some(site)).collect();
        if there.len() < capacity {
            at[person] = Some(site);
            return true;
        }
        for other in there {
            if assign_person(other, seen, at, can, sites, capacity) {
                at[person] = Some(site);
                return true;
            }
        }
    }
    false
}

/// Returns the maximum number of people that sites with a given capacity can serve, by augmenting paths.
fn flow(s: &Small, served: &[f64], set: &[usize], capacity: f64) -> f64 {
    let people: Vec<usize> =
        (0..s.people.len()).flat_map(|cell| vec![cell; (s.people[cell] - served[cell]) as usize]).collect();
    let mut at: Vec<Option<usize>> = vec![None; people.len()];
    let can = |person: usize, site: usize| s.times[people[person]][set[site]] <= LIMIT;
    let mut count = 0.0;
    for person in 0..people.len() {
        let mut seen = vec![false; set.len()];
        if assign_person(person, &mut seen, &mut at, &can, set.len(), capacity as usize) {
            count += 1.0;
        }
    }
    count
}

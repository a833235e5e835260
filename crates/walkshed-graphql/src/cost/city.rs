//! Estimates of work that depends on the size of the city.

use super::fields::rows;
use super::meter::UNIT_US;
use crate::types::Profile;
use walkshed_analysis::Measure;
use walkshed_analysis::world::World;

/// The size of the city, for estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct City {
    junctions: f64,
    homes: f64,
    pub centers: usize,
    /// Centers with visit counts.
    counted: usize,
}

/// A set of searches: one from each facility or candidate site.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub sites: usize,
    /// Whether the sites lie where facilities do, in dense areas, or anywhere in the city.
    pub are_facilities: bool,
    pub measure: Measure,
    pub limit: f64,
    pub profile: Profile,
}

// Microseconds of one core, measured on the demonstration city (484,244 junctions, 67,457 homes, 76,477 facilities,
// 11,251 centers) while the machine was under load.

/// For each junction and each of its nearest facilities in a sweep.
const SWEEP_US: f64 = 0.2;
/// For each home that reads the result of a sweep.
const HOME_US: f64 = 0.3;
/// For each snapped position.
const SITE_US: f64 = 3.0;
/// For a search of 15 minutes on foot from a facility, with the homes it finds. The cost grows with the time to the power
/// of [`REACH_EXPONENT`]: 12, 36, 110, 316 us for 15, 30, 60, 120 minutes.
const REACH_US: f64 = 11.0;
const REACH_EXPONENT: f64 = 1.55;
/// The cost of a search from any position in the city, as a share of the cost from a facility.
const ANYWHERE: f64 = 0.4;
/// For each junction and each home of the city, when a search reaches all of them.
const ALL_JUNCTIONS_US: f64 = 0.08;
const ALL_HOMES_US: f64 = 0.1;
/// For each day of a center's hours and visits.
const CENTER_DAY_US: f64 = 0.035;
/// For each junction, when a scenario copies the street tables, and when it only snaps facilities.
const STREETS_US: f64 = 0.2;
const LAYER_US: f64 = 0.05;
/// For each home and each candidate, for every chosen site.
const CHOICE_US: f64 = 0.02;
/// Walking speed.
const METRES_A_MINUTE: f64 = 80.0;

fn units(microseconds: f64) -> usize {
    // The cast saturates, and so large a cost exceeds every limit.
    (microseconds / UNIT_US).ceil().max(1.0) as usize
}

impl City {
    /// Returns the size of a world.
    pub fn of(world: &World) -> Self {
        Self {
            junctions: world.network().map_or(0.0, |network| network.vertices().len() as f64),
            homes: world.register.population.len() as f64,
            centers: world.register.centers.len(),
            counted: world.register.visits.len(),
        }
    }

    /// One sweep from all facilities of a part, which finds the `nearest` facilities of each junction.
    pub fn sweep(&self, nearest: usize) -> usize {
        units(self.junctions * SWEEP_US * nearest.max(1) as f64)
    }

    /// Coverage: for each part one sweep, whose result every home reads.
    pub fn coverage(&self, parts: usize, nearest: usize) -> usize {
        self.sweep(nearest).saturating_add(units(self.homes * HOME_US)).saturating_mul(parts)
    }

    /// One search from a site, with the homes it finds, in microseconds.
    fn search_us(&self, reach: Reach) -> f64 {
        let minutes = match reach.measure {
            Measure::Minutes => reach.limit * speed(reach.profile),
            Measure::Metres => reach.limit / METRES_A_MINUTE,
        };
        let density = if reach.are_facilities { 1.0 } else { ANYWHERE };
        let all = self.junctions * ALL_JUNCTIONS_US + self.homes * ALL_HOMES_US;
        SITE_US + (REACH_US * density * (minutes / 15.0).powf(REACH_EXPONENT)).min(all)
    }

    /// One search from each site. `factor` accounts for the work on the homes that the search finds.
    pub fn pairs(&self, reach: Reach, factor: f64) -> usize {
        units(reach.sites as f64 * self.search_us(reach) * factor)
    }

    /// The usage of centers in a period: hours and visits of each day, and a search for each center with visit counts.
    pub fn usage(&self, centers: usize, days: i32) -> usize {
        let reach = Reach {
            sites: centers.min(self.counted.max(1)),
            are_facilities: true,
            measure: Measure::Minutes,
            limit: 15.0,
            profile: Profile::Adult,
        };
        units(centers as f64 * f64::from(days) * CENTER_DAY_US).saturating_add(self.pairs(reach, 1.0))
    }

    /// The usage of the centers with visit counts among some centers.
    pub fn counted_usage(&self, centers: usize, days: i32) -> usize {
        self.usage(centers.min(self.counted), days).saturating_add(rows(centers))
    }

    /// Applying a scenario to the city; one that changes streets copies the street tables.
    pub fn scenario(&self, changes_streets: bool) -> usize {
        let each = if changes_streets { STREETS_US } else { LAYER_US };
        units(self.homes * HOME_US + self.junctions * each)
    }

    /// Checking the street changes of a scenario.
    pub fn streets(&self) -> usize {
        units(self.junctions * STREETS_US)
    }

    /// Choosing `count` of some candidates, one after the other, over all homes.
    pub fn choice(&self, count: usize, candidates: usize) -> usize {
        units(count as f64 * (self.homes + candidates as f64) * CHOICE_US)
    }
}

/// Snapped centers, each of which reads the sweeps of all requirements.
pub fn rated(centers: usize, requirements: usize) -> usize {
    units(centers as f64 * (SITE_US + requirements as f64 * HOME_US))
}

/// Factors for [`City::pairs`]: summing with weights, sorting for capacity allocation, computing the gain of a candidate.
pub const SUMMED: f64 = 1.05;
pub const SETTLED: f64 = 1.2;
pub const GAINED: f64 = 1.1;

/// The speed of a profile relative to an adult on foot. Fewer streets are open to bicycles, which is included.
const fn speed(profile: Profile) -> f64 {
    match profile {
        Profile::Adult => 1.0,
        Profile::Senior => 0.71,
        Profile::Child => 0.75,
        Profile::Wheelchair => 0.63,
        Profile::Stroller => 0.67,
        Profile::Bicycle => 1.6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_grow_with_the_work() {
        let small = City { junctions: 10_000.0, homes: 1000.0, centers: 10, counted: 5 };
        let large = City { junctions: 484_244.0, homes: 67_457.0, centers: 11_251, counted: 600 };
        assert!(large.sweep(1) > 20 * small.sweep(1) && large.sweep(10) > 5 * large.sweep(1));
        let reach =
            |sites, limit, profile| Reach { sites, are_facilities: true, measure: Measure::Minutes, limit, profile };
        let foot = |sites, limit| large.pairs(reach(sites, limit, Profile::Adult), SUMMED);
        assert!(foot(1000, 120.0) > 10 * foot(1000, 15.0) && foot(2000, 60.0) > 19 * foot(100, 60.0));
        // A search settles at most all junctions.
        assert_eq!(foot(100, 60_000.0), foot(100, 600_000.0));
        assert!(large.pairs(reach(100, 15.0, Profile::Bicycle), SUMMED) > foot(100, 15.0));
        assert!(large.usage(10_000, 3650) > 10 * large.usage(10_000, 30));
        assert_eq!(large.pairs(reach(usize::MAX, f64::MAX, Profile::Adult), SUMMED), usize::MAX);
    }

    /// Queries that took more than two seconds of a core on the demonstration city are refused; everyday queries of planners
    /// are not.
    #[test]
    fn refuses_only_queries_that_were_measured_as_slow() {
        let city = City { junctions: 484_244.0, homes: 67_457.0, centers: 11_251, counted: 600 };
        let reach = |sites, limit| Reach {
            sites,
            are_facilities: true,
            measure: Measure::Minutes,
            limit,
            profile: Profile::Adult,
        };
        let anywhere = |limit| Reach { are_facilities: false, ..reach(67_457, limit) };
        let max = crate::Limits::default().max_work;
        for (what, price) in [
            ("E2SFCA of 24,740 facilities at 120 minutes: 7.8 s", city.pairs(reach(24_740, 120.0), SUMMED)),
            ("2SFCA of 24,740 facilities at 60 minutes: 2.7 s", city.pairs(reach(24_740, 60.0), SUMMED)),
            ("capacities of 12,510 facilities at 120 minutes: 4 s", city.pairs(reach(12_510, 120.0), SETTLED)),
            ("MIN_MEAN_TIME anywhere within 60 minutes: 2 s", city.pairs(anywhere(60.0), GAINED)),
            ("the ten nearest, three times: 4 s", 3 * city.coverage(1, 10)),
            ("eight times the usage of all centers over ten years: 10 s", 8 * city.usage(11_251, 3650)),
        ] {
            assert!(price > max, "{what}: estimated cost {price}");
        }
        for (what, price) in [
            ("coverage of all categories: 0.7 s", city.coverage(7, 1)),
            ("a comparison of all categories: 1.5 s", 2 * city.coverage(7, 1)),
            ("2SFCA of 24,740 facilities at 30 minutes: 0.9 s", city.pairs(reach(24_740, 30.0), SUMMED)),
            ("capacities of 3,883 facilities at 120 minutes: 1.3 s", city.pairs(reach(3883, 120.0), SETTLED)),
            ("MAX_COVER anywhere within 15 minutes: 0.4 s", city.coverage(1, 1) + city.pairs(anywhere(15.0), GAINED)),
            ("a catchment: 1.3 s", city.sweep(10)),
            ("the usage of all centers in a year: 0.1 s", city.usage(11_251, 365)),
            ("14 requirements: 1.3 s", 14 * city.coverage(1, 1)),
        ] {
            assert!(price < max, "{what}: estimated cost {price}");
        }
    }
}

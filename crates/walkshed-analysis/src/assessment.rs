//! Assessment of a region and its sub-regions by a planning standard.

use crate::coverage::{Coverage, Share, coverage};
use crate::need::Travel;
use crate::question::{Question, QuestionError};
use crate::regions::RegionShare;
use crate::standard::{Requirement, Standard};
use crate::world::World;
use h3o::CellIndex;
use std::collections::BTreeMap;
use walkshed_engine::Network;
use walkshed_engine::parallel;
use walkshed_engine::task;
use walkshed_register::RegionCode;
use walkshed_register::query::matching_facilities;

/// Default share of the people (0 to 1) for whom a requirement must be met.
pub const DEFAULT_MET_SHARE: f64 = 0.9;

/// How far a requirement is met in a region.
#[derive(Debug, Clone, PartialEq)]
pub struct RequirementOutcome {
    /// People for whom it is met.
    pub share: Share,
    /// Number of facilities that count, in the whole city.
    pub facilities: u64,
    /// Capacity of the region's facilities per 1,000 of its people, if the standard requires it.
    pub places_per_1000: Option<f64>,
}

/// A region in the ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionRating {
    pub code: Option<String>,
    pub name: Option<String>,
    /// People of the region.
    pub people: f64,
    /// 0 to 100: mean share over all requirements.
    pub score: f64,
    /// Per requirement.
    pub shares: Vec<f64>,
}

/// The least served 10 % of the people.
#[derive(Debug, Clone, PartialEq)]
pub struct LeastServed {
    /// Their cells. With the last cell the total may exceed 10 %.
    pub cells: Vec<CellIndex>,
    /// People in these cells.
    pub people: f64,
    /// Best score among them, 0 to 100.
    pub score: f64,
}

/// The result of an assessment.
pub struct Assessment {
    pub standard: Standard,
    /// The region assessed; `None` means the whole city.
    pub region: Option<RegionCode>,
    pub travel: Travel,
    /// The population group.
    pub group: String,
    /// People of the group in the region.
    pub people: f64,
    /// 0 to 100.
    pub score: f64,
    /// Per requirement of the standard, in order.
    pub requirements: Vec<RequirementOutcome>,
    /// Regions one level below, the best first.
    pub regions: Vec<RegionRating>,
    pub least_served: LeastServed,
}

impl RequirementOutcome {
    /// Returns whether the requirement is met for at least the share `met_share` (0 to 1) of the people, and the required
    /// capacity is available.
    #[must_use]
    pub fn is_met(&self, requirement: &Requirement, met_share: f64) -> bool {
        let has_places = requirement.places_per_1000.is_none_or(|needs| self.places_per_1000.unwrap_or(0.0) >= needs);
        self.share.share() >= met_share && has_places
    }

    /// Returns the contribution to the score, 0 to 1: the covered share, scaled by the available share of the required
    /// capacity.
    #[must_use]
    pub fn score(&self, requirement: &Requirement) -> f64 {
        match (self.places_per_1000, requirement.places_per_1000) {
            (Some(has), Some(needs)) => self.share.share() * (has / needs).min(1.0),
            _ => self.share.share(),
        }
    }
}

/// Assesses the people of a region, or of the whole city, by a standard.
///
/// # Errors
/// [`QuestionError`].
pub fn assess(
    world: &World,
    network: &Network,
    standard: &Standard,
    travel: Travel,
    region: Option<RegionCode>,
    group: &str,
) -> Result<Assessment, QuestionError> {
    let register = &world.register;
    let ask = |requirement: &Requirement| {
        let question = Question {
            need: requirement.need(),
            travel,
            region: region.clone(),
            group: group.to_owned(),
            with_capacity: false,
        };
        let found = coverage(world, network, question)?;
        task::step()?;
        Ok::<_, QuestionError>(found)
    };
    task::expect(standard.requirements.len());
    let _ = register.cell_divisions();
    let all: Vec<Coverage> = parallel::try_map(&standard.requirements, 1, ask)?;
    let places_of = |requirement: &Requirement, region: Option<&RegionCode>, people: f64| {
        requirement.places_per_1000?;
        let indices = matching_facilities(register, &requirement.need().parts[0].criteria);
        let facilities = indices.iter().map(|&p| &register.facilities[p as usize]);
        let inside = facilities.filter(|f| region.is_none_or(|r| register.is_in(f, r)));
        let places: f64 = inside.filter_map(|f| f.capacity).sum();
        Some(if people > 0.0 { places / people * 1000.0 } else { 0.0 })
    };
    let requirements: Vec<RequirementOutcome> = standard
        .requirements
        .iter()
        .zip(&all)
        .map(|(requirement, found)| RequirementOutcome {
            share: found.total,
            facilities: found.facilities[0],
            places_per_1000: places_of(requirement, region.as_ref(), found.total.people),
        })
        .collect();
    let count = standard.requirements.len() as f64;
    let score =
        requirements.iter().zip(&standard.requirements).map(|(met, r)| met.score(r)).sum::<f64>() / count * 100.0;

    let mut table: BTreeMap<Option<String>, RegionRating> = BTreeMap::new();
    for (found, requirement) in all.iter().zip(&standard.requirements) {
        for RegionShare { code, name, share } in found.by_region(register) {
            let region = code.as_deref().and_then(|c| RegionCode::new(c).ok());
            let met = RequirementOutcome {
                share,
                facilities: 0,
                places_per_1000: region.and_then(|r| places_of(requirement, Some(&r), share.people)),
            };
            let new =
                || RegionRating { code: code.clone(), name, people: share.people, score: 0.0, shares: Vec::new() };
            table.entry(code.clone()).or_insert_with(new).shares.push(met.score(requirement));
        }
    }
    let mut regions: Vec<RegionRating> = table.into_values().collect();
    for rated in &mut regions {
        rated.score = rated.shares.iter().sum::<f64>() / count * 100.0;
    }
    // The sort is stable: ties stay ordered by code.
    regions.sort_by(|a, b| b.score.total_cmp(&a.score));
    let people = all.first().map_or(0.0, |c| c.total.people);
    Ok(Assessment {
        standard: standard.clone(),
        people,
        score,
        requirements,
        regions,
        least_served: least_served(&all, people),
        region,
        travel,
        group: group.to_owned(),
    })
}

/// Collects cells by number of unmet requirements, the most first, until they have 10 % of the people.
fn least_served(all: &[Coverage], people: f64) -> LeastServed {
    let cells = all.first().map_or(&[][..], |c| &c.cells);
    let met = |i: usize| all.iter().filter(|c| c.cells[i].is_covered()).count();
    let mut order: Vec<(usize, usize)> = (0..cells.len()).map(|i| (met(i), i)).collect();
    order.sort_unstable();
    let mut found = LeastServed { cells: Vec::new(), people: 0.0, score: 0.0 };
    for (met, i) in order {
        if found.people >= people / 10.0 {
            break;
        }
        found.people += cells[i].people;
        found.score = met as f64 / all.len() as f64 * 100.0;
        found.cells.push(cells[i].cell);
    }
    found
}

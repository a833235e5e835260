//! Assessments of regions and centers against planning standards.

use super::covered_people::CoveredPeople;
use super::explanation::Explanation;
use super::need::{NeedInput, question};
use crate::arguments::{region_code, require_network};
use crate::context::{current, kinds, standards};
use crate::cost::City;
use crate::error::{bad_input, invalid, not_found, stopped};
use crate::paging::{PageArguments, Paged, SortKey, connection, counted, page_by};
use crate::register::{Center, Facility, Region, world_with_scenario};
use crate::scalars::{Cells, Numbers};
use crate::standard::{Requirement, Standard};
use crate::types::{Direction, Profile, round};
use crate::work_pools::analyse;
use crate::{budget, cost};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, DEFAULT_MET_SHARE, Travel};

/// Estimated bytes of a cell, as text and as a list item.
const CELL_BYTES: usize = 80;

/// The result for one requirement.
#[derive(SimpleObject)]
pub struct RequirementResult {
    /// The requirement.
    requirement: Requirement,
    /// The people for whom the requirement is met.
    people: CoveredPeople,
    /// Whether the requirement is met. For a center: at the location of the center. For a region: for at least the
    /// share `metShare` of the people, and with enough capacity if the standard requires capacity.
    met: bool,
    /// The number of matching facilities in the whole city.
    facilities: u64,
    /// The capacity of the region's facilities for each 1,000 of its people, if the standard requires capacity.
    places_per1000: Option<f64>,
    /// For a center: the nearest matching facility.
    nearest: Option<Facility>,
    /// For a center: the distance to the facility that completes the required number, in the unit of the requirement.
    /// Null beyond the horizon of 120 minutes or 10 km.
    distance: Option<f64>,
}

/// A region in a ranking.
pub struct RatedRegion {
    world: Arc<World>,
    rated: analysis::RegionRating,
    rank: u64,
}

/// A region in a ranking.
#[Object]
impl RatedRegion {
    /// The rank, from 1.
    async fn rank(&self) -> u64 {
        self.rank
    }

    /// The code of the region. Null for people whose region is unknown.
    async fn code(&self) -> Option<&str> {
        self.rated.code.as_deref()
    }

    /// The name of the region, if it is registered.
    async fn name(&self) -> Option<&str> {
        self.rated.name.as_deref()
    }

    /// The region, if it is registered.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.index_of_key(self.rated.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }

    /// The number of people in the region.
    async fn people(&self) -> f64 {
        round(self.rated.people, 1)
    }

    /// The score, 0 to 100: the mean share over all requirements.
    async fn score(&self) -> f64 {
        round(self.rated.score, 3)
    }

    /// For each requirement, in the order of the standard, the share of the region's people for whom it is met.
    async fn shares(&self) -> Numbers {
        Numbers(self.rated.shares.iter().map(|s| round(*s, 6)).collect())
    }
}

/// A center in a ranking.
pub struct RatedCenter {
    world: Arc<World>,
    rated: analysis::RatedCenter,
    missing: Vec<String>,
}

/// A center in a ranking.
#[Object]
impl RatedCenter {
    /// The center.
    async fn center(&self) -> Center {
        Center::at(&self.world, self.rated.index as usize)
    }

    /// The score, 0 to 100: the share of requirements that are met at the location of the center.
    async fn score(&self) -> f64 {
        round(self.rated.score, 3)
    }

    /// The keys of the requirements that are not met.
    async fn missing(&self) -> &[String] {
        &self.missing
    }
}

/// The worst served 10 % of the people: those for whom the fewest requirements are met.
#[derive(SimpleObject)]
pub struct LeastServed {
    /// Their H3 cells. With the last cell, the people may exceed 10 %.
    cells: Cells,
    /// The number of people in these cells.
    people: f64,
    /// The best score among them, 0 to 100: 100 times the share of requirements that are met.
    score: f64,
}

/// An assessment against a planning standard.
pub struct Assessment {
    world: Arc<World>,
    found: Arc<analysis::Assessment>,
    center: Option<analysis::RatedCenter>,
    question: analysis::Question,
    met_share: f64,
}

/// An assessment against a planning standard.
#[Object]
impl Assessment {
    /// The standard.
    async fn standard(&self) -> Standard {
        let row = self.world.register.standards.find(&self.found.standard.key).map(|row| (row.id, row.version));
        Standard { standard: self.found.standard.clone(), row }
    }

    /// The number of people in the region and group of the request.
    async fn people(&self) -> f64 {
        round(self.found.people, 1)
    }

    /// The score, 0 to 100: the mean over all requirements of the share of people for whom the requirement is met.
    async fn score(&self) -> f64 {
        round(self.found.score, 3)
    }

    /// The result for each requirement.
    #[graphql(complexity = "20 * child_complexity")]
    async fn requirements(&self, ctx: &Context<'_>) -> Result<Vec<RequirementResult>> {
        cost::charge_rows(ctx, self.found.standard.requirements.len())?;
        let rows = self.found.standard.requirements.iter().zip(&self.found.requirements).enumerate();
        let row = |(n, (requirement, met)): (usize, (&analysis::Requirement, &analysis::RequirementOutcome))| {
            let distance = self.center.as_ref().and_then(|c| c.distances[n]);
            let is_met = match &self.center {
                Some(_) => requirement.is_within(distance),
                None => met.is_met(requirement, self.met_share),
            };
            RequirementResult {
                requirement: Requirement(requirement.clone()),
                people: met.share.into(),
                met: is_met,
                facilities: met.facilities,
                places_per1000: met.places_per_1000.map(|p| round(p, 3)),
                nearest: self.center.as_ref().and_then(|c| Facility::by_id(&self.world, c.nearest[n]?)),
                distance: distance.map(|d| round(d, 4)),
            }
        };
        Ok(rows.map(row).collect())
    }

    /// The regions one level below the region of the request, best score first.
    #[graphql(complexity = "40 * child_complexity")]
    async fn regions(&self, ctx: &Context<'_>) -> Result<Vec<RatedRegion>> {
        cost::charge_rows(ctx, self.found.regions.len())?;
        let ranked = self.found.regions.iter().cloned().zip(1..);
        Ok(ranked.map(|(rated, rank)| RatedRegion { world: self.world.clone(), rated, rank }).collect())
    }

    /// The open centers of the region, assessed at their location, worst score first.
    #[graphql(complexity = "10_000 + counted(first, last) * child_complexity")]
    async fn centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<RatedCenter>> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let city = City::of(&world);
        let price = cost::rated(city.centers, found.standard.requirements.len());
        let rated = cost::charge_and_run(ctx, price, move || {
            let network = require_network(&world)?;
            analysis::rate_centers(&world, network, &found.standard, found.travel, found.region.as_ref())
                .map_err(stopped)
        })
        .await??;
        let rows: Vec<usize> = (0..rated.len()).collect();
        let register = &self.world.register;
        // Centers with equal scores are ordered by code, a number of twelve digits.
        let code = |i: usize| register.centers[rated[i].index as usize].code.as_str().parse().unwrap_or_default();
        let arguments = PageArguments { first, after, last, before };
        let found = page_by(&rows, |i| SortKey::Number(rated[i].score), code, false, &arguments)?;
        Ok(connection(found, |i| {
            let rated = rated[i].clone();
            let missing = rated.missing(&self.found.standard).map(|r| r.key.clone()).collect();
            RatedCenter { world: self.world.clone(), rated, missing }
        }))
    }

    /// The worst served 10 % of the people.
    async fn least_served(&self, ctx: &Context<'_>) -> Result<LeastServed> {
        let least = &self.found.least_served;
        budget::charge(ctx, least.cells.len() * CELL_BYTES)?;
        let cells = Cells(least.cells.clone());
        Ok(LeastServed { cells, people: round(least.people, 1), score: round(least.score, 3) })
    }

    /// Explains how the result was computed, so that it can be reproduced.
    async fn explain(&self) -> Result<Explanation> {
        let (network, standard) = (require_network(&self.world)?, &self.found.standard);
        let explanation =
            analysis::Explanation::of_assessment(&self.world, network, &self.question, standard, self.met_share);
        Ok(explanation.into())
    }
}

#[derive(Default)]
pub struct AssessmentQuery;

/// Queries about planning standards.
#[Object]
impl AssessmentQuery {
    /// The planning standards: built-in and configured ones by key, then added ones by id.
    #[graphql(complexity = "10 + 5 * child_complexity")]
    async fn standards(&self, ctx: &Context<'_>) -> Result<Vec<Standard>> {
        let all = standards(ctx).all().count() + current(ctx).register.standards.len();
        cost::charge_rows(ctx, all)?;
        let built_in = standards(ctx).all().cloned().map(|standard| Standard { standard, row: None });
        let added = current(ctx).register.standards.iter().filter_map(|row| Standard::of_row(row, kinds(ctx)));
        Ok(built_in.chain(added).collect())
    }

    /// Assesses a region, or the division and location of a center, against a planning standard.
    #[graphql(complexity = "30_000 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn assessment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key of a standard, as listed by `standards`.")] standard: String,
        #[graphql(desc = "Count only people who live in the region with this code. If omitted, everyone is counted.")]
        region: Option<String>,
        #[graphql(
            desc = "The code of a center, instead of `region`. The people of its division are assessed, and each requirement is also assessed at the location of the center."
        )]
        center: Option<String>,
        #[graphql(default = "all", desc = "The population group, as listed in `dataset.population.groups`.")]
        group: String,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            default_with = "Direction::Towards",
            desc = "The direction of travel: TOWARDS the facilities or FROM them."
        )]
        direction: Direction,
        #[graphql(
            default_with = "DEFAULT_MET_SHARE",
            desc = "The share of the people, 0 to 1, from which a requirement counts as met."
        )]
        met_share: f64,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Result<Assessment> {
        let world = world_with_scenario(ctx, scenario.as_ref()).await?;
        require_network(&world)?;
        let available = standards(ctx);
        let found = available.of(&standard, &world.register, kinds(ctx)).ok_or_else(|| {
            let keys = available.keys(&world.register);
            bad_input(
                "standard",
                format_args!("\"{standard}\""),
                format_args!("is unknown. Available: {}", keys.join(", ")),
            )
        })?;
        if !(0.0..=1.0).contains(&met_share) {
            return Err(bad_input("metShare", met_share, "is not between 0 and 1"));
        }
        if let (Some(center), Some(_)) = (&center, &region) {
            return Err(bad_input("center", format_args!("\"{center}\""), "cannot be combined with `region`"));
        }
        let place = match &center {
            Some(code) => {
                let place = world.register.centers.index_of_key(code);
                Some(place.ok_or_else(|| not_found("center", code, "center with the code"))? as u32)
            }
            None => None,
        };
        let area = center.as_deref().or(region.as_deref());
        let need = NeedInput { min_count: 1, ..NeedInput::default() };
        let question = question(ctx, &need, (area, &group), (profile, direction))?;
        let code = region_code("region", area)?;
        let travel = Travel { profile: profile.into(), direction: direction.into() };
        let city = City::of(&world);
        let sweeps = found.requirements.iter().map(|r| city.coverage(1, r.min_count));
        let rated = if place.is_some() { cost::rated(city.centers, found.requirements.len()) } else { 0 };
        cost::charge(ctx, sweeps.fold(rated, usize::saturating_add))?;
        let (shared, group) = (world.clone(), question.group.clone());
        let (found, center) = analyse(ctx, move || {
            let network = require_network(&shared)?;
            let rated = match place {
                None => None,
                Some(place) => Some(analysis::rate_center(&shared, network, &found, travel, place).map_err(stopped)?),
            };
            let assessed = analysis::assess(&shared, network, &found, travel, code, &group);
            let assessed = assessed.map_err(|e| match e {
                analysis::QuestionError::Stopped(why) => stopped(why),
                e => invalid("group", e),
            });
            Ok::<_, async_graphql::Error>((assessed?, rated))
        })
        .await??;
        if center.as_ref().is_some_and(Option::is_none) {
            return Err(bad_input("center", area.unwrap_or_default(), "is not open"));
        }
        Ok(Assessment { world, found: Arc::new(found), center: center.flatten(), question, met_share })
    }
}

//! Assessments of regions and centers against planning standards.

use super::budget;
use super::cost::City;
use super::coverage::{CoverageUnit, CoveredPeople, Explanation, NeedInput, question};
use super::error::{bad_input, not_found, stopped};
use super::gate::analyse;
use super::ids::{NodeId, decode, encode};
use super::paging::{PageArguments, SortKey, Total, connection, counted, page_by};
use super::reach::network_of;
use super::register::{Center, Facility, Region, region_code, world_of};
use super::scalars::{Cells, Numbers};
use super::types::{Category, Direction, Profile, round};
use super::{cost, current, kinds, standards};
use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, DEFAULT_MET_SHARE, Standards, Travel};
use walkshed_register::{Kinds, RecordKind};

/// Prefix of the global ids of standards that have a key and no number.
const BY_KEY: &str = "Standard:key:";

/// Estimated bytes of a cell, as text and as a list item.
const CELL_BYTES: usize = 80;

/// A requirement of a planning standard.
pub struct Requirement(analysis::Requirement);

/// A requirement of a planning standard.
#[Object(name = "StandardRequirement")]
impl Requirement {
    /// The key of the requirement within the standard.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// The name in Chinese.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The name in English.
    async fn name_en(&self) -> &str {
        &self.0.name_en
    }

    /// The required category. Null if the requirement names kinds.
    async fn category(&self) -> Option<Category> {
        self.0.category.map(Into::into)
    }

    /// The required kinds, any of which counts. Empty if the requirement names a category.
    async fn kinds(&self) -> &[String] {
        &self.0.kinds
    }

    /// The unit of the limit.
    async fn unit(&self) -> CoverageUnit {
        self.0.measure.into()
    }

    /// The limit, in the unit given by `unit`. A distance equal to the limit is within it.
    async fn limit(&self) -> f64 {
        self.0.limit
    }

    /// The number of facilities that must be within the limit.
    async fn min_count(&self) -> u64 {
        self.0.min_count as u64
    }

    /// The capacity that the facilities of a region must have for each 1,000 of its people. Null if there is no such
    /// requirement.
    async fn places_per1000(&self) -> Option<f64> {
        self.0.places_per_1000
    }

    /// The service circle that the requirement belongs to, in minutes: 5, 10 or 15.
    async fn circle(&self) -> Option<u32> {
        self.0.circle
    }
}

/// A planning standard: built in, defined in the configuration (`[standards.KEY]`), or added with `createStandard`.
#[derive(Clone)]
pub struct Standard {
    standard: analysis::Standard,
    /// Number and version, if it was added with `createStandard`.
    row: Option<(i64, i64)>,
}

impl Standard {
    /// Returns a standard that was added. `None` if it can no longer be read.
    pub fn of_row(row: &walkshed_register::Standard, kinds: &Kinds) -> Option<Self> {
        let standard = analysis::Standard::of_row(row, kinds).ok()?;
        Some(Self { standard, row: Some((row.id, row.version)) })
    }

    /// Finds a built-in or configured standard by the key in its global id.
    pub fn of_id(standards: &Standards, id: &str) -> Option<Self> {
        let text = decode(id)?;
        let standard = standards.find(text.strip_prefix(BY_KEY)?)?.clone();
        Some(Self { standard, row: None })
    }
}

/// A planning standard: built in, defined in the configuration (`[standards.KEY]`), or added with `createStandard`.
#[Object]
impl Standard {
    /// The global id. Only standards added with `createStandard` can be changed.
    pub async fn id(&self) -> ID {
        match self.row {
            Some((id, _)) => NodeId::new(RecordKind::Standard, id).into(),
            None => ID(encode(&format!("{BY_KEY}{}", self.standard.key))),
        }
    }

    /// The version, increased by every change. Null if the standard was not added with `createStandard`.
    async fn version(&self) -> Option<i64> {
        self.row.map(|(_, version)| version)
    }

    /// The key, used as the argument `standard` of `assessment`.
    async fn key(&self) -> &str {
        &self.standard.key
    }

    /// The name in Chinese.
    async fn name(&self) -> &str {
        &self.standard.name
    }

    /// The name in English.
    async fn name_en(&self) -> &str {
        &self.standard.name_en
    }

    /// The source of the values.
    async fn source(&self) -> &str {
        &self.standard.source
    }

    /// What to consider before using the standard in a report.
    async fn note(&self) -> Option<&str> {
        self.standard.note.as_deref()
    }

    /// The requirements.
    async fn requirements(&self) -> Vec<Requirement> {
        self.standard.requirements.iter().cloned().map(Requirement).collect()
    }
}

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
        let place = self.world.register.regions.place_of(self.rated.code.as_deref()?)?;
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
                nearest: self.center.as_ref().and_then(|c| Facility::numbered(&self.world, c.nearest[n]?)),
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
    ) -> Result<Connection<String, RatedCenter, Total>> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let city = City::of(&world);
        let price = cost::rated(city.centers, found.standard.requirements.len());
        let rated = cost::priced(ctx, price, move || {
            let network = network_of(&world)?;
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
        let (network, standard) = (network_of(&self.world)?, &self.found.standard);
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
        let world = world_of(ctx, scenario.as_ref()).await?;
        network_of(&world)?;
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
                let place = world.register.centers.place_of(code);
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
            let network = network_of(&shared)?;
            let rated = match place {
                None => None,
                Some(place) => Some(analysis::rate_center(&shared, network, &found, travel, place).map_err(stopped)?),
            };
            let assessed = analysis::assess(&shared, network, &found, travel, code, &group);
            let assessed = assessed.map_err(|e| match e {
                analysis::QuestionError::Stopped(why) => stopped(why),
                e => bad_input("group", "", e),
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

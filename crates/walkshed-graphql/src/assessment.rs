//! Regions and centers against planning standards.

use super::budget;
use super::cost::City;
use super::coverage::{CoverageUnit, CoveredPeople, Explanation, NeedInput, explain, question};
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
use walkshed_analysis::{self as analysis, MET_SHARE, Standards, Travel};
use walkshed_register::{Kinds, RecordKind};

/// What the global ids begin with of standards that have a key and no number.
const BY_KEY: &str = "Standard:key:";

/// A cell, as text and as a value before that.
const CELL_BYTES: usize = 80;

/// One thing a standard requires.
pub struct Requirement(analysis::Requirement);

/// One thing a standard requires.
#[Object(name = "StandardRequirement")]
impl Requirement {
    /// Its key in the standard.
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

    /// Facilities of this category; null where it names kinds.
    async fn category(&self) -> Option<Category> {
        self.0.category.map(Into::into)
    }

    /// Facilities of any of these kinds; empty where it names a category.
    async fn kinds(&self) -> &[String] {
        &self.0.kinds
    }

    /// What the limit counts.
    async fn unit(&self) -> CoverageUnit {
        self.0.measure.into()
    }

    /// The limit, in that unit; what is exactly as far is inside.
    async fn limit(&self) -> f64 {
        self.0.limit
    }

    /// How many of them must be within the limit.
    async fn min_count(&self) -> u64 {
        self.0.min_count as u64
    }

    /// Places that the facilities of a region must have for 1,000 of its people.
    async fn places_per1000(&self) -> Option<f64> {
        self.0.places_per_1000
    }

    /// Minutes of the circle it belongs to: 5, 10 or 15.
    async fn circle(&self) -> Option<u32> {
        self.0.circle
    }
}

/// A planning standard. Shipped ones, those of the configuration (`[standards.KEY]`), and those added by `createStandard`.
#[derive(Clone)]
pub struct Standard {
    standard: analysis::Standard,
    /// Number and version, where it was added.
    row: Option<(i64, i64)>,
}

impl Standard {
    /// One that was added; `None` where it cannot be read any more.
    pub fn of_row(row: &walkshed_register::Standard, kinds: &Kinds) -> Option<Self> {
        let standard = analysis::Standard::of_row(row, kinds).ok()?;
        Some(Self { standard, row: Some((row.id, row.version)) })
    }

    /// One that is shipped or configured, by the key in its global id.
    pub fn of_id(standards: &Standards, id: &str) -> Option<Self> {
        let text = decode(id)?;
        let standard = standards.find(text.strip_prefix(BY_KEY)?)?.clone();
        Some(Self { standard, row: None })
    }
}

/// A planning standard. Shipped ones, those of the configuration (`[standards.KEY]`), and those added by `createStandard`.
#[Object]
impl Standard {
    /// The global id. One that was added by `createStandard` can be changed by it.
    pub async fn id(&self) -> ID {
        match self.row {
            Some((id, _)) => NodeId::new(RecordKind::Standard, id).into(),
            None => ID(encode(&format!("{BY_KEY}{}", self.standard.key))),
        }
    }

    /// Counts its changes; null where it was not added by `createStandard`.
    async fn version(&self) -> Option<i64> {
        self.row.map(|(_, version)| version)
    }

    /// Its key, to be named in `assessment`.
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

    /// Where its values are from.
    async fn source(&self) -> &str {
        &self.standard.source
    }

    /// What to know before a report relies on it.
    async fn note(&self) -> Option<&str> {
        self.standard.note.as_deref()
    }

    /// All it requires.
    async fn requirements(&self) -> Vec<Requirement> {
        self.standard.requirements.iter().cloned().map(Requirement).collect()
    }
}

/// How a requirement is met.
#[derive(SimpleObject)]
pub struct RequirementResult {
    /// The requirement.
    requirement: Requirement,
    /// People for whom it is met.
    people: CoveredPeople,
    /// Where a center was asked about: it is met where the center stands. Otherwise it is met for the share of people that
    /// counts as everyone (`metShare`), and where the standard asks for places, there
    /// are as many.
    met: bool,
    /// Facilities that count, in the whole city.
    facilities: u64,
    /// Places of the region's facilities for 1,000 of its people, where the standard asks for it.
    places_per1000: Option<f64>,
    /// Where a center was asked about: the facility nearest to it.
    nearest: Option<Facility>,
    /// Where a center was asked about: how far it is from there to the facility that makes the number complete, in the unit
    /// of the requirement. Null past the horizon of 120 minutes or 10 km.
    distance: Option<f64>,
}

/// A region in a league table.
pub struct RatedRegion {
    world: Arc<World>,
    rated: analysis::Rated,
    rank: u64,
}

/// A region in a league table.
#[Object]
impl RatedRegion {
    /// Its rank, from 1.
    async fn rank(&self) -> u64 {
        self.rank
    }

    /// Its code; null for people of whom it is not known where they belong.
    async fn code(&self) -> Option<&str> {
        self.rated.code.as_deref()
    }

    /// Its name, where the register has it.
    async fn name(&self) -> Option<&str> {
        self.rated.name.as_deref()
    }

    /// The region, where the register has it.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.place_of(self.rated.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }

    /// Its people.
    async fn people(&self) -> f64 {
        round(self.rated.people, 1)
    }

    /// 0 to 100: the mean share over all requirements.
    async fn score(&self) -> f64 {
        round(self.rated.score, 3)
    }

    /// By requirement, in the order of the standard: the share of its people for whom it is met.
    async fn shares(&self) -> Numbers {
        Numbers(self.rated.shares.iter().map(|s| round(*s, 6)).collect())
    }
}

/// A center in a league table.
pub struct RatedCenter {
    world: Arc<World>,
    rated: analysis::RatedCenter,
    missing: Vec<String>,
}

/// A center in a league table.
#[Object]
impl RatedCenter {
    /// The center.
    async fn center(&self) -> Center {
        Center::at(&self.world, self.rated.place as usize)
    }

    /// 0 to 100: the share of requirements that are met where it stands.
    async fn score(&self) -> f64 {
        round(self.rated.score, 3)
    }

    /// Keys of the requirements that are not.
    async fn missing(&self) -> &[String] {
        &self.missing
    }
}

/// The tenth of the people who are served least: those who miss most requirements.
#[derive(SimpleObject)]
pub struct LeastServed {
    /// Their H3 cells; the last may reach over the tenth.
    cells: Cells,
    /// People in them.
    people: f64,
    /// The best score among them: 100 times the share of requirements that are met.
    score: f64,
}

/// People against a planning standard.
pub struct Assessment {
    world: Arc<World>,
    found: Arc<analysis::Assessment>,
    center: Option<analysis::RatedCenter>,
    question: analysis::Question,
    met_share: f64,
}

/// People against a planning standard.
#[Object]
impl Assessment {
    /// The standard.
    async fn standard(&self) -> Standard {
        let row = self.world.register.standards.find(&self.found.standard.key).map(|row| (row.id, row.version));
        Standard { standard: self.found.standard.clone(), row }
    }

    /// People asked about.
    async fn people(&self) -> f64 {
        round(self.found.people, 1)
    }

    /// 0 to 100: the mean, over all requirements, of the share of people for whom it is met.
    async fn score(&self) -> f64 {
        round(self.found.score, 3)
    }

    /// Requirement by requirement.
    #[graphql(complexity = "20 * child_complexity")]
    async fn requirements(&self, ctx: &Context<'_>) -> Result<Vec<RequirementResult>> {
        cost::charge_rows(ctx, self.found.standard.requirements.len())?;
        let rows = self.found.standard.requirements.iter().zip(&self.found.requirements).enumerate();
        let row = |(n, (requirement, met)): (usize, (&analysis::Requirement, &analysis::Met))| {
            let has_places =
                requirement.places_per_1000.is_none_or(|needs| met.places_per_1000.unwrap_or(0.0) >= needs);
            let distance = self.center.as_ref().and_then(|c| c.distances[n]);
            let is_met = match &self.center {
                Some(_) => distance.is_some_and(|d| d <= requirement.limit),
                None => met.share.share() >= self.met_share && has_places,
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

    /// The regions one level below the one asked about, the best served first.
    #[graphql(complexity = "40 * child_complexity")]
    async fn regions(&self, ctx: &Context<'_>) -> Result<Vec<RatedRegion>> {
        cost::charge_rows(ctx, self.found.regions.len())?;
        let ranked = self.found.regions.iter().cloned().zip(1..);
        Ok(ranked.map(|(rated, rank)| RatedRegion { world: self.world.clone(), rated, rank }).collect())
    }

    /// The open centers of the region by what is within reach of where they stand, the worst first.
    #[graphql(complexity = "10_000 + counted(first, last) * child_complexity")]
    async fn centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end.")] last: Option<i32>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
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
        let requirements = &self.found.standard.requirements;
        let rows: Vec<usize> = (0..rated.len()).collect();
        let register = &self.world.register;
        // Of equals in the order of their codes, which are numbers of twelve digits.
        let code = |i: usize| register.centers[rated[i].place as usize].code.as_str().parse().unwrap_or_default();
        let arguments = PageArguments { first, after, last, before };
        let found = page_by(&rows, |i| SortKey::Number(rated[i].score), code, false, &arguments)?;
        Ok(connection(found, |i| {
            let rated = rated[i].clone();
            let missing = requirements.iter().zip(&rated.distances);
            let missing = missing.filter(|(r, d)| d.is_none_or(|d| d > r.limit)).map(|(r, _)| r.key.clone()).collect();
            RatedCenter { world: self.world.clone(), rated, missing }
        }))
    }

    /// The tenth of the people who are served least.
    async fn least_served(&self, ctx: &Context<'_>) -> Result<LeastServed> {
        let least = &self.found.least_served;
        budget::charge(ctx, least.cells.len() * CELL_BYTES)?;
        let cells = Cells(least.cells.clone());
        Ok(LeastServed { cells, people: round(least.people, 1), score: round(least.score, 3) })
    }

    /// How this answer came about, so that it can be made again.
    async fn explain(&self) -> Result<Explanation> {
        let standard = format!(
            "Standard {} ({}): each requirement is a coverage of its own; the score is the mean of their shares.",
            self.found.standard.key, self.found.standard.source
        );
        let mut told = explain(&self.world, network_of(&self.world)?, &self.question, &[&standard]);
        told.parameters.retain(|p| !p.name.starts_with("need"));
        told.parameters.push(super::coverage::Parameter { name: "metShare".into(), value: self.met_share.to_string() });
        Ok(told)
    }
}

#[derive(Default)]
pub struct AssessmentQuery;

/// Planning standards.
#[Object]
impl AssessmentQuery {
    /// The planning standards: shipped ones and those of the configuration, by key; then those added, by id.
    #[graphql(complexity = "10 + 5 * child_complexity")]
    async fn standards(&self, ctx: &Context<'_>) -> Result<Vec<Standard>> {
        let all = standards(ctx).all().count() + current(ctx).register.standards.len();
        cost::charge_rows(ctx, all)?;
        let fixed = standards(ctx).all().cloned().map(|standard| Standard { standard, row: None });
        let added = current(ctx).register.standards.iter().filter_map(|row| Standard::of_row(row, kinds(ctx)));
        Ok(fixed.chain(added).collect())
    }

    /// A region, or the division and the place of a center, against a planning standard.
    #[graphql(complexity = "30_000 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn assessment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key of a standard, as `standards` lists them.")] standard: String,
        #[graphql(desc = "Only who lives in this region, by its code; everyone when left out.")] region: Option<String>,
        #[graphql(
            desc = "A center, by its code, in place of a region: its division is asked about, and each requirement is met where the center stands, or not."
        )]
        center: Option<String>,
        #[graphql(default = "all", desc = "Which group: a name that `dataset.population.groups` lists.")] group: String,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(default_with = "Direction::Towards", desc = "Which way people travel.")] direction: Direction,
        #[graphql(
            default_with = "MET_SHARE",
            desc = "A requirement counts as met when it is for this share of the people, 0 to 1."
        )]
        met_share: f64,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Result<Assessment> {
        let world = world_of(ctx, scenario.as_ref()).await?;
        network_of(&world)?;
        let known = standards(ctx);
        let found = known.of(&standard, &world.register, kinds(ctx)).ok_or_else(|| {
            let keys = known.keys(&world.register);
            bad_input("standard", format_args!("\"{standard}\""), format_args!("is none of {}", keys.join(", ")))
        })?;
        if !(0.0..=1.0).contains(&met_share) {
            return Err(bad_input("metShare", met_share, "is not between 0 and 1"));
        }
        if let (Some(center), Some(_)) = (&center, &region) {
            return Err(bad_input("center", format_args!("\"{center}\""), "cannot be given together with region"));
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
                Some(place) => {
                    let all = analysis::rate_centers(&shared, network, &found, travel, code.as_ref());
                    Some(all.map_err(stopped)?.into_iter().find(|r| r.place == place))
                }
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

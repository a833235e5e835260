//! Catchments, measures of accessibility, and site suggestions.

use super::budget;
use super::cost::{self, City, GAINED, Reach, SETTLED, SUMMED};
use super::coverage::{CoveredPeople, Explanation, NeedInput, question, wanted};
use super::error::{bad_input, not_found, stopped, too_many, unsnappable, within_bound};
use super::gate::analyse;
use super::ids::NodeId;
use super::jobs::is_job;
use super::reach::{check_minutes, network_of};
use super::register::{Center, Facility, Region, world_of};
use super::scalars::{Cells, GeoJson, H3Cell, Numbers, OptionalNumbers};
use super::types::{Direction, PlaceInput, PositionObject, Profile, round};
use super::{Nullable, nullable};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{
    self as analysis, AccessMeasure, Candidates, CatchmentError, Decay, Demand, Objective, Offered, QuestionError,
    SiteSearch, Travel,
};
use walkshed_engine::MAX_NEAREST;
use walkshed_engine::geo::multi_polygon_text;
use walkshed_register::{Host, RecordKind, group_name};

/// Estimated cost from which work runs on a separate thread.
const SEPARATE_THREAD_COST: usize = 10_000;
/// Maximum number of sites in one request.
const MAX_SITES: usize = 200;
/// Default number of sites.
const DEFAULT_SITES: i32 = 3;
/// Time limit of an exact search in seconds, and its estimated cost. A request may run one such search.
const EXACT_SECONDS: f64 = 2.0;
const EXACT_COST: usize = 1_600_000;
/// The time limit in a job, which no client waits for.
const EXACT_SECONDS_IN_JOBS: f64 = 60.0;
/// Maximum number of candidate places.
const MAX_PLACES: usize = 1000;
/// Estimated bytes of a cell with its people and value, as text and as list items.
const CELL_ACCESS_BYTES: usize = 200;
/// Maximum number of overlaps returned for a catchment.
const MAX_OVERLAPS: usize = 50;

/// Another facility or center that some of the people in the catchment can reach too.
#[derive(SimpleObject)]
pub struct CatchmentOverlap {
    /// The other facility. Null if it is a center.
    facility: Option<Facility>,
    /// The other center. Null if it is a facility.
    center: Option<Center>,
    /// The number of people who can reach both within the limit.
    people: f64,
}

/// The number of people of a group.
#[derive(SimpleObject)]
pub struct GroupPeople {
    /// The name of the group, as listed in `dataset.population.groups`.
    group: String,
    /// The number of people.
    people: f64,
}

/// The catchment of a facility or center: the people who can reach it within a time limit.
pub struct Catchment {
    world: Arc<World>,
    found: Arc<analysis::Catchment>,
    minutes: f64,
    groups: Vec<(String, f64)>,
}

/// The catchment of a facility or center: the people who can reach it within a time limit.
#[Object]
impl Catchment {
    /// The time limit in minutes. A travel time equal to the limit is within it.
    async fn minutes(&self) -> f64 {
        self.minutes
    }

    /// The number of people in the group of the request.
    async fn people(&self) -> f64 {
        round(self.found.people, 1)
    }

    /// The people of every population group, starting with everyone ("all").
    async fn groups(&self) -> Vec<GroupPeople> {
        self.groups.iter().map(|(g, p)| GroupPeople { group: g.clone(), people: round(*p, 1) }).collect()
    }

    /// The number of these people who can reach no other facility of the same category, or no other center, within the
    /// limit.
    async fn exclusive_people(&self) -> f64 {
        round(self.found.exclusive, 1)
    }

    /// The area of the polygon in square kilometres.
    async fn area_km2(&self) -> Result<f64> {
        let network = network_of(&self.world)?;
        Ok(round(self.found.walkshed.area_km2(&self.found.walkshed.polygons(network)[0]), 4))
    }

    /// The outline as a GeoJSON MultiPolygon.
    async fn polygon(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let text = multi_polygon_text(&self.found.walkshed.polygons(network_of(&self.world)?)[0]);
        budget::charge(ctx, text.len())?;
        Ok(GeoJson(text))
    }

    /// Other facilities of the same category, or other centers, that people in the catchment can reach too, most shared
    /// people first. For each cell, the ten nearest are considered.
    #[graphql(complexity = "50 * child_complexity")]
    async fn overlaps(
        &self,
        #[graphql(default = 10, desc = "Maximum number of overlaps to return (maximum 50).")] first: i32,
    ) -> Result<Vec<CatchmentOverlap>> {
        let count = usize::try_from(first)
            .ok()
            .filter(|n| *n <= MAX_OVERLAPS)
            .ok_or_else(|| bad_input("first", first, format_args!("is not between 0 and {MAX_OVERLAPS}")))?;
        let other = |o: &analysis::Overlap| CatchmentOverlap {
            facility: o.other.facility().and_then(|id| Facility::numbered(&self.world, id)),
            center: o.other.center().and_then(|id| Center::numbered(&self.world, id)),
            people: round(o.people, 1),
        };
        Ok(self.found.overlaps.iter().take(count).map(other).collect())
    }
}

/// The measure of accessibility. The formulas and references are in the documentation of `walkshed_analysis::access`.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessKind {
    /// The total supply within the limit.
    Cumulative,
    /// The total supply, weighted by a decay with distance. Requires `decay`.
    Gravity,
    /// Two-step floating catchment area (2SFCA): the sum of the supply per person who can reach it.
    TwoStep,
    /// Enhanced 2SFCA (E2SFCA): a decay with distance in both steps. Requires `decay`.
    EnhancedTwoStep,
    /// The distance to the k-th nearest facility in minutes or metres, with k = `need.minCount`. Lower is better.
    KthNearest,
}

/// The function of a distance decay. t is the distance in the unit of the need.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecayKind {
    /// exp(-a t).
    Exponential,
    /// max(t, 1)^(-a).
    Power,
    /// exp(-t^2 / (2 a^2)). The weight is 0.61 at t = a.
    Gaussian,
    /// 1 / (1 + exp((t - a) / b)). The weight is 0.5 at t = a; a larger b makes the decay more gradual.
    Logistic,
}

/// A distance decay, which gives less weight to facilities that are farther away.
#[derive(InputObject, Debug, Clone, Copy)]
pub struct DecayInput {
    /// The function.
    pub form: DecayKind,
    /// The parameter a of the function, more than 0.
    pub a: f64,
    /// The parameter b of LOGISTIC, more than 0. Required for LOGISTIC.
    pub b: Option<f64>,
}

impl DecayInput {
    fn read(self) -> Result<Decay> {
        let positive = |field: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(value)
            } else {
                Err(bad_input(field, value, "must be more than 0"))
            }
        };
        let a = positive("decay.a", self.a)?;
        Ok(match self.form {
            DecayKind::Exponential => Decay::Exponential { beta: a },
            DecayKind::Power => Decay::Power { alpha: a },
            DecayKind::Gaussian => Decay::Gaussian { sigma: a },
            DecayKind::Logistic => {
                let b = self.b.ok_or_else(|| bad_input("decay.b", "null", "must be given for LOGISTIC"))?;
                Decay::Logistic { midpoint: a, scale: positive("decay.b", b)? }
            }
        })
    }
}

/// The supply of a facility.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Offered")]
pub enum OfferedKind {
    /// 1 for each facility.
    Count,
    /// The capacity. Facilities with an unknown capacity have no supply.
    Capacity,
}

/// Accessibility by cell, as lists of equal length.
#[derive(SimpleObject)]
pub struct CellAccess {
    /// The cells in which people of the group live, in the order of the population.
    cells: Cells,
    /// The number of people in each cell.
    people: Numbers,
    /// The value of each cell. Null off the network and, for KTH_NEAREST, beyond the horizon.
    values: OptionalNumbers,
}

/// Accessibility in a region.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct RegionAccess {
    #[graphql(skip)]
    world: Arc<World>,
    /// The code of the region. Null for people whose region is unknown.
    code: Option<String>,
    /// The name of the region, if it is registered.
    name: Option<String>,
    /// The number of people in the region.
    people: f64,
    /// The number of people without a value: off the network or, for KTH_NEAREST, beyond the horizon of 120 minutes or
    /// 10 km.
    without_value: f64,
    /// The mean over the people who have a value.
    mean: Option<f64>,
}

#[ComplexObject]
impl RegionAccess {
    /// The region, if it is registered.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.place_of(self.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }
}

/// The inequality of accessibility among the people on the network. The quantity compared is the value of the measure.
/// For KTH_NEAREST, where lower is better, it is the remaining part of the limit: 1 - t / limit (Kwan 1998), so the
/// worst served always have the least. People with nothing within the limit count as 0. People off the network do not
/// count.
#[derive(SimpleObject)]
pub struct Inequality {
    /// The quantity compared, of which more is better.
    shared: String,
    /// The Gini coefficient over the people: 0 if all have the same, close to 1 if one person has everything. Null if
    /// nobody has anything.
    gini: Option<f64>,
    /// The Palma ratio: what the best served 10 % have, divided by what the worst served 40 % have. 0.25 if all have
    /// the same, more the greater the inequality. Null if the worst served 40 % have nothing.
    palma: Option<f64>,
    /// The Lorenz curve: the share of the total held by the worst served 0, 5, ..., 100 % of the people.
    lorenz: Numbers,
}

/// The accessibility of facilities to people.
pub struct AccessSurface {
    world: Arc<World>,
    found: Arc<analysis::Surface>,
}

/// The accessibility of facilities to people.
#[Object]
impl AccessSurface {
    /// The mean over the people who have a value. The unit depends on the measure: facilities or capacity, for TWO_STEP
    /// and ENHANCED_TWO_STEP the same per person, for KTH_NEAREST minutes or metres.
    async fn mean(&self) -> Option<f64> {
        self.found.mean().map(|v| round(v, 9))
    }

    /// Whether lower values are better. True for KTH_NEAREST, whose values are minutes or metres; false for all other
    /// measures.
    async fn less_is_better(&self) -> bool {
        self.found.measure.less_is_better()
    }

    /// The number of people in the region and group of the request.
    async fn people(&self) -> f64 {
        round(self.found.people, 1)
    }

    /// The number of people without a value: off the network or, for KTH_NEAREST, beyond the horizon of 120 minutes or
    /// 10 km. Means do not include them.
    async fn without_value(&self) -> f64 {
        round(self.found.without, 1)
    }

    /// The number of facilities that match the need.
    async fn facilities(&self) -> u64 {
        self.found.facilities
    }

    /// The number of these facilities without supply because their capacity is unknown.
    async fn unknown_capacity(&self) -> u64 {
        self.found.unknown_capacity
    }

    /// The inequality of accessibility among the people.
    async fn inequality(&self, ctx: &Context<'_>) -> Result<Inequality> {
        // The cost covers sorting the cells.
        cost::charge(ctx, cost::rows(self.found.cells.len()))?;
        let found = self.found.inequality();
        Ok(Inequality {
            shared: self.found.shared(),
            gini: found.gini.map(|v| round(v, 6)),
            palma: found.palma.map(|v| round(v, 6)),
            lorenz: Numbers(found.lorenz.into_iter().map(|p| round(p.1, 6)).collect()),
        })
    }

    /// The regions one level below the region of the request, in order of code.
    #[graphql(complexity = "100 + 40 * child_complexity")]
    async fn by_region(&self, ctx: &Context<'_>) -> Result<Vec<RegionAccess>> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let price = cost::rows(found.cells.len());
        let rows = cost::priced(ctx, price, move || found.by_region(&world.register)).await?;
        cost::charge_rows(ctx, rows.len())?;
        let row = |r: analysis::RegionAccess| RegionAccess {
            world: self.world.clone(),
            code: r.code,
            name: r.name,
            people: round(r.people, 1),
            without_value: round(r.without, 1),
            mean: r.mean.map(|v| round(v, 9)),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The value of every cell.
    #[graphql(complexity = 5000)]
    async fn cells(&self, ctx: &Context<'_>) -> Result<CellAccess> {
        let cells = &self.found.cells;
        cost::charge(ctx, cost::rows(cells.len()))?;
        budget::charge(ctx, cells.len() * CELL_ACCESS_BYTES)?;
        Ok(CellAccess {
            cells: Cells(cells.iter().map(|c| c.cell).collect()),
            people: Numbers(cells.iter().map(|c| round(c.people, 2)).collect()),
            values: OptionalNumbers(cells.iter().map(|c| c.value.map(|v| round(v, 9))).collect()),
        })
    }

    /// Explains how the result was computed, so that it can be reproduced.
    async fn explain(&self) -> Result<Explanation> {
        Ok(analysis::Explanation::of_access(&self.world, network_of(&self.world)?, &self.found).into())
    }
}

/// The objective of a site search.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SitingObjective {
    /// Maximize the people covered within the limit by `count` sites.
    MaxCover,
    /// Minimize the number of sites, `count` at most, that cover `share` of the people who are uncovered now and whom
    /// some candidate reaches.
    MinFacilities,
    /// Minimize the mean distance to the nearest facility with `count` sites. Distances beyond the limit count as the
    /// limit.
    MinMeanTime,
}

/// The candidate sites.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SitingCandidates {
    /// The centre of every cell in which people of the group live.
    Cells,
    /// The given `places`.
    Places,
    /// The locations of facilities that are planned, permanently closed, or open today but not listed in `mustKeep`.
    Vacant,
}

/// A suggested site.
pub struct SiteSuggestion {
    world: Arc<World>,
    found: analysis::SiteSuggestion,
    /// The number of people in the region and group of the request.
    people: f64,
}

/// A suggested site.
#[Object]
impl SiteSuggestion {
    /// The position.
    async fn position(&self) -> PositionObject {
        self.found.position.into()
    }

    /// The H3 cell at resolution 9.
    async fn cell(&self) -> H3Cell {
        H3Cell(self.found.cell)
    }

    /// The name of the nearest street, if it has one.
    async fn street(&self) -> Option<&str> {
        self.found.street.as_deref()
    }

    /// For VACANT: the facility at this location.
    async fn facility(&self) -> Option<Facility> {
        Facility::numbered(&self.world, self.found.vacant?)
    }

    /// For PLACES: the index in `places`, from 0.
    async fn place(&self) -> Option<u64> {
        self.found.given.map(|g| g as u64)
    }

    /// The cost of the site. 1 unless `costs` are given.
    async fn cost(&self) -> f64 {
        self.found.cost
    }

    /// The number of people newly covered by the site. For MIN_MEAN_TIME, people times minutes (or metres) saved.
    async fn gained(&self) -> f64 {
        round(self.found.gained, 1)
    }

    /// The number of people covered by this site and all sites before it in the list.
    async fn covered(&self) -> f64 {
        round(self.found.covered, 1)
    }

    /// The covered people as a share of all people in the region and group of the request.
    async fn share(&self) -> f64 {
        round(self.found.share(self.people), 6)
    }

    /// The mean distance with this site and all sites before it, in the unit of the need. Distances beyond the limit
    /// count as the limit.
    async fn mean(&self) -> f64 {
        round(self.found.mean, 4)
    }
}

/// The best sites for new facilities.
pub struct SiteSuggestions {
    world: Arc<World>,
    question: analysis::Question,
    found: Arc<analysis::Suggestions>,
    search: SiteSearch,
}

/// The best sites for new facilities.
#[Object]
impl SiteSuggestions {
    /// The sites, most useful first.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn sites(&self, ctx: &Context<'_>) -> Result<Vec<SiteSuggestion>> {
        cost::charge_rows(ctx, self.found.list.len())?;
        let site = |found: &analysis::SiteSuggestion| SiteSuggestion {
            world: self.world.clone(),
            found: found.clone(),
            people: self.found.before.people,
        };
        Ok(self.found.list.iter().map(site).collect())
    }

    /// The coverage by the facilities that remain: all of today's, or those in `mustKeep`.
    async fn before(&self) -> CoveredPeople {
        self.found.before.into()
    }

    /// The coverage with all suggested sites.
    async fn after(&self) -> CoveredPeople {
        self.found.after.into()
    }

    /// The mean distance to the facilities that remain, in the unit of the need. Distances beyond the limit count as
    /// the limit.
    async fn mean_before(&self) -> f64 {
        round(self.found.mean_before, 4)
    }

    /// The total gain of all suggested sites.
    async fn gained(&self) -> f64 {
        round(self.found.gained, 1)
    }

    /// An upper bound on the gain of any choice of the same number of sites among these candidates.
    async fn bound(&self) -> f64 {
        round(self.found.bound, 1)
    }

    /// The optimality gap: how far the choice may be from the best one, as a share of the bound. At 0.03 the choice
    /// gains at least 97 % of the best possible gain.
    async fn gap(&self) -> f64 {
        round(self.found.gap, 6)
    }

    /// Whether the choice is proven to be the best among these candidates.
    async fn exact(&self) -> bool {
        self.found.is_exact
    }

    /// For MIN_FACILITIES: a lower bound on the number of sites required.
    async fn fewest(&self) -> Option<u64> {
        self.found.fewest.map(|n| n as u64)
    }

    /// The number of candidates considered.
    async fn candidates(&self) -> u64 {
        self.found.candidates
    }

    /// The number of candidates that are too far from any street.
    async fn candidates_off_network(&self) -> u64 {
        self.found.off_network
    }

    /// Explains how the result was computed, so that it can be reproduced.
    async fn explain(&self) -> Result<Explanation> {
        let network = network_of(&self.world)?;
        Ok(analysis::Explanation::of_sites(&self.world, network, &self.question, &self.search).into())
    }
}

/// Reads the ids of the facilities that remain.
fn remaining_ids(ids: Option<Vec<ID>>) -> Result<Option<Vec<i64>>> {
    let Some(ids) = ids else { return Ok(None) };
    within_bound("maxPlaces", "mustKeep", ids.len(), MAX_PLACES)?;
    let number = |id: &ID| {
        NodeId::number_of(RecordKind::Facility, id).ok_or_else(|| not_found("mustKeep", id, "facility with the id"))
    };
    ids.iter().map(number).collect::<Result<_>>().map(Some)
}

fn question_error(e: QuestionError) -> async_graphql::Error {
    match e {
        QuestionError::TooLarge(e) => too_many("maxExact", format!("exact: {e}")),
        QuestionError::CapacityWithMeanObjective | QuestionError::ExactWithCapacity => {
            bad_input("capacity", "is invalid:", e)
        }
        QuestionError::BudgetWithMinFacilities => bad_input("budget", "is invalid:", e),
        QuestionError::NotOpenToday(id) => {
            let id = ID::from(NodeId::new(RecordKind::Facility, id));
            bad_input("mustKeep", format_args!("\"{}\"", *id), "is not open today for this need")
        }
        QuestionError::Stopped(why) => stopped(why),
        e => bad_input("need", "is invalid:", e),
    }
}

#[derive(Default)]
pub struct AnalysisQuery;

/// Analyses for planners.
#[Object]
impl AnalysisQuery {
    /// Computes the catchment of a facility or center: who can reach it within a time limit, who of them can reach no
    /// other, and which others share them. Null if no record has the given id or code.
    #[graphql(complexity = "cost::sweeps(1) + cost::walkshed(&[minutes], profile) + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn catchment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The center or facility.")] of: PlaceInput,
        #[graphql(
            default = 15.0,
            desc = "The time limit in minutes, more than 0 and at most 120 unless the server is configured otherwise. A travel time equal to the limit is within it."
        )]
        minutes: f64,
        #[graphql(default = "all", desc = "The population group, as listed in `dataset.population.groups`.")]
        group: String,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            default_with = "Direction::Towards",
            desc = "The direction of travel: TOWARDS the facilities or FROM them."
        )]
        direction: Direction,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Nullable<Catchment> {
        nullable(async {
            let world = world_of(ctx, scenario.as_ref()).await?;
            network_of(&world)?;
            check_minutes(ctx, "minutes", minutes)?;
            cost::charge(ctx, City::of(&world).sweep(MAX_NEAREST) + cost::walkshed(&[minutes], profile))?;
            let register = &world.register;
            let host = match &of {
                PlaceInput::Center(code) => register.centers.find(code).map(|center| Host::Center(center.id)),
                PlaceInput::Facility(id) => NodeId::number_of(RecordKind::Facility, id).map(Host::Facility),
                PlaceInput::Point(_) | PlaceInput::Cell(_) => {
                    return Err(bad_input("of", "a point or cell", "is not allowed here: name a center or facility"));
                }
            };
            let Some(host) = host else { return Ok(None) };
            let name = group_name(&group).map_err(|e| bad_input("group", format_args!("\"{group}\""), e))?;
            let demand =
                Demand::of(register, &name).ok_or_else(|| not_found("group", &group, "population of the group"))?;
            let travel = Travel { profile: profile.into(), direction: direction.into() };
            let shared = world.clone();
            let found = analyse(ctx, move || {
                let network = network_of(&shared)?;
                let found =
                    analysis::catchment(&shared, network, host, travel, minutes, &demand).map_err(|e| match e {
                        CatchmentError::Unsnappable(e) => unsnappable("of", e),
                        CatchmentError::Stopped(why) => stopped(why),
                    })?;
                if let Some(found) = &found {
                    found.walkshed.polygons(network);
                }
                Ok::<_, async_graphql::Error>(found)
            })
            .await??;
            let Some(found) = found else { return Ok(None) };
            let groups = found.people_by_group(register, minutes);
            Ok(Some(Catchment { found: Arc::new(found), minutes, groups, world: world.clone() }))
        })
        .await
    }

    /// Computes the accessibility of facilities and its inequality: cumulative opportunities, gravity, floating
    /// catchment areas, or the distance to the k-th nearest.
    #[graphql(complexity = "20_000 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn accessibility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The measure.")] measure: AccessKind,
        #[graphql(desc = "The facilities and the limit. Must name one category, kinds or one service.")]
        need: NeedInput,
        #[graphql(desc = "The distance decay. Required for GRAVITY and ENHANCED_TWO_STEP, not allowed otherwise.")]
        decay: Option<DecayInput>,
        #[graphql(default_with = "OfferedKind::Count", desc = "The supply of each facility.")] offered: OfferedKind,
        #[graphql(desc = "Count only people who live in the region with this code. If omitted, everyone is counted.")]
        region: Option<String>,
        #[graphql(default = "all", desc = "The population group, as listed in `dataset.population.groups`.")]
        group: String,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            default_with = "Direction::Towards",
            desc = "The direction of travel: TOWARDS the facilities or FROM them."
        )]
        direction: Direction,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Result<AccessSurface> {
        let world = world_of(ctx, scenario.as_ref()).await?;
        network_of(&world)?;
        let asked = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let decayed = |make: fn(Decay) -> AccessMeasure| match decay {
            Some(decay) => Ok(make(decay.read()?)),
            None => Err(bad_input("decay", "null", "is required for this measure")),
        };
        let engine = match measure {
            AccessKind::Gravity => decayed(AccessMeasure::Gravity)?,
            AccessKind::EnhancedTwoStep => decayed(AccessMeasure::EnhancedTwoStep)?,
            _ if decay.is_some() => {
                return Err(bad_input("decay", "", "is only allowed for GRAVITY and ENHANCED_TWO_STEP"));
            }
            AccessKind::Cumulative => AccessMeasure::Cumulative,
            AccessKind::TwoStep => AccessMeasure::TwoStep,
            AccessKind::KthNearest => AccessMeasure::KthNearest,
        };
        let offered: Offered = offered.into();
        let city = City::of(&world);
        let need = &asked.need;
        cost::charge(
            ctx,
            if engine == AccessMeasure::KthNearest {
                city.coverage(1, need.min_count)
            } else {
                let reach = Reach {
                    sites: wanted(ctx, &world, need).await?,
                    are_facilities: true,
                    measure: need.measure,
                    limit: need.limit,
                    profile,
                };
                city.pairs(reach, SUMMED)
            },
        )?;
        let shared = world.clone();
        let found = analyse(ctx, move || {
            analysis::surface(&shared, network_of(&shared)?, asked, &engine, offered).map_err(question_error)
        })
        .await??;
        Ok(AccessSurface { world, found: Arc::new(found) })
    }

    /// Suggests the best sites for new facilities.
    #[graphql(complexity = "20_000 + counted_sites(count) * 10 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn site_suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What people need. Must name one category, kinds or one service.")] need: NeedInput,
        #[graphql(default_with = "SitingObjective::MaxCover", desc = "The objective.")] objective: SitingObjective,
        #[graphql(
            desc = "Maximum number of sites, 1 to 200. The default is 3, or with a budget as many as it allows."
        )]
        count: Option<i32>,
        #[graphql(default_with = "SitingCandidates::Cells", desc = "The candidate sites.")]
        candidates: SitingCandidates,
        #[graphql(desc = "For PLACES: the candidates, at most 1,000.")] places: Option<Vec<PlaceInput>>,
        #[graphql(desc = "The cost of each of `places`, in the same order. If omitted, each costs 1.")] costs: Option<
            Vec<f64>,
        >,
        #[graphql(
            desc = "The maximum total cost of the sites, for MAX_COVER and MIN_MEAN_TIME. The result is the better of two choices: the greedy choice by gain per cost, and the single best site."
        )]
        budget: Option<f64>,
        #[graphql(
            desc = "The number of people that each new site can serve, for MAX_COVER and MIN_FACILITIES. Sites serve people without a place today, nearest first. Existing facilities keep the people they serve, within their own capacity."
        )]
        capacity: Option<f64>,
        #[graphql(
            desc = "The ids of existing facilities that remain, at most 1,000. The others are removed and become candidates for VACANT. If omitted, all remain."
        )]
        must_keep: Option<Vec<ID>>,
        #[graphql(
            default = 1.0,
            desc = "For MIN_FACILITIES: the share to cover of the people who are uncovered now and whom some candidate reaches. More than 0, at most 1. Ignored otherwise."
        )]
        share: f64,
        #[graphql(
            default = false,
            desc = "If true, search for the optimal choice instead of an approximation. Allows up to 400 candidates with any gain and 20,000 pairs of candidate and cell. Stops after 2 seconds (60 seconds in a job)."
        )]
        exact: bool,
        #[graphql(
            desc = "Consider only people and candidates in the region with this code. If omitted, the whole city is considered."
        )]
        region: Option<String>,
        #[graphql(default = "all", desc = "The population group, as listed in `dataset.population.groups`.")]
        group: String,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            default_with = "Direction::Towards",
            desc = "The direction of travel: TOWARDS the facilities or FROM them."
        )]
        direction: Direction,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Result<SiteSuggestions> {
        let world = world_of(ctx, scenario.as_ref()).await?;
        network_of(&world)?;
        let asked = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let default = if budget.is_some() { MAX_SITES as i32 } else { DEFAULT_SITES };
        let count = count.unwrap_or(default);
        let count = usize::try_from(count)
            .ok()
            .filter(|n| (1..=MAX_SITES).contains(n))
            .ok_or_else(|| bad_input("count", count, format_args!("is not between 1 and {MAX_SITES}")))?;
        let positive = |field: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(value)
            } else {
                Err(bad_input(field, value, "must be more than 0"))
            }
        };
        let budget = budget.map(|b| positive("budget", b)).transpose()?;
        let capacity = capacity.map(|c| positive("capacity", c)).transpose()?;
        let kept = remaining_ids(must_keep)?;
        if !(share > 0.0 && share <= 1.0) {
            return Err(bad_input("share", share, "must be more than 0 and at most 1"));
        }
        let candidates = match (candidates, places) {
            (SitingCandidates::Places, Some(places)) if !places.is_empty() => {
                within_bound("maxPlaces", "places", places.len(), MAX_PLACES)?;
                let named = places.iter().enumerate();
                let read = named.map(|(n, p)| p.position(&world, &format!("places[{n}]")));
                let at: Vec<_> = read.collect::<Result<_>>()?;
                if let Some(costs) = &costs {
                    if costs.len() != at.len() {
                        let why =
                            format!("of {} items must have one item for each of the {} places", costs.len(), at.len());
                        return Err(bad_input("costs", "a list", why));
                    }
                    for (n, &cost) in costs.iter().enumerate() {
                        positive(&format!("costs[{n}]"), cost)?;
                    }
                }
                Candidates::Places { at, costs }
            }
            (SitingCandidates::Places, _) => {
                return Err(bad_input("places", "[]", "must name the candidates for PLACES"));
            }
            (_, Some(_)) => return Err(bad_input("places", "", "is only allowed for the candidates PLACES")),
            (_, None) if costs.is_some() => {
                return Err(bad_input("costs", "", "is only allowed for the candidates PLACES"));
            }
            (SitingCandidates::Cells, None) => Candidates::Cells,
            (SitingCandidates::Vacant, None) => Candidates::Vacant,
        };
        let objective = match objective {
            SitingObjective::MaxCover => Objective::MaxCover,
            SitingObjective::MinFacilities => Objective::MinFacilities { share },
            SitingObjective::MinMeanTime => Objective::MinMeanTime,
        };
        let seconds = if is_job(ctx) { EXACT_SECONDS_IN_JOBS } else { EXACT_SECONDS };
        let search = SiteSearch {
            exact_seconds: exact.then_some(seconds),
            capacity,
            budget,
            kept,
            ..SiteSearch::new(objective, count)
        };
        let (shared, question, places) = (world.clone(), asked.clone(), candidates.clone());
        // Counting the candidates of a region runs on a separate thread, because it may have to assign cells to regions
        // first.
        let count_of = move || analysis::candidate_count(&shared, &question, &places);
        let sites =
            cost::run(ctx, cost::rows(world.register.facilities.len()).max(SEPARATE_THREAD_COST), count_of).await?;
        let (city, need) = (City::of(&world), &asked.need);
        let reach =
            |sites, are_facilities| Reach { sites, are_facilities, measure: need.measure, limit: need.limit, profile };
        let mut price =
            city.coverage(1, 1) + city.pairs(reach(sites, false), GAINED) + city.choice(search.count, sites);
        if capacity.is_some() {
            price = price.saturating_add(city.pairs(reach(wanted(ctx, &world, need).await?, true), SETTLED));
        }
        if exact {
            price = price.saturating_add(EXACT_COST);
        }
        cost::charge(ctx, price)?;
        let (shared, question, options) = (world.clone(), asked.clone(), search.clone());
        let found = analyse(ctx, move || {
            analysis::suggest_sites(&shared, network_of(&shared)?, &question, &options, &candidates)
                .map_err(question_error)
        })
        .await??;
        Ok(SiteSuggestions { world, question: asked, found: Arc::new(found), search })
    }
}

fn counted_sites(count: Option<i32>) -> usize {
    usize::try_from(count.unwrap_or(DEFAULT_SITES)).unwrap_or_default().min(MAX_SITES)
}

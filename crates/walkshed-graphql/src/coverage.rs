//! Coverage: which people have the facilities they need within a limit, and where the gaps are.

use super::budget;
use super::cost::{City, Reach, SETTLED};
use super::error::{bad_input, not_found, stopped, too_many, within_bound};
use super::gate::analyse;
use super::paging::{PageArguments, SortKey, Total, connection, counted, page, page_by};
use super::reach::network_of;
use super::register::{Facility, Region, kind_keys, region_code, service_numbers, world_of};
use super::scalars::{DateTime, GeoJson, H3Cell};
use super::types::{Category, Direction, Profile, round};
use super::words::Audience;
use super::{Nullable, cost, current, kinds, limits, nullable};
use async_graphql::connection::Connection;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use h3o::Resolution;
use std::sync::{Arc, OnceLock};
use walkshed_analysis::world::World;
use walkshed_analysis::{
    self as analysis, CellCover, HORIZON_METRES, Measure, Need, Part, Question, QuestionError, Share, Travel, Wishes,
    cells_geojson,
};
use walkshed_engine::geo::multi_polygon_text;
use walkshed_engine::{Deciseconds, MAX_NEAREST};
use walkshed_register as register;

/// The limit in minutes if the request names neither minutes nor metres: the 15-minute service circle.
const DEFAULT_MINUTES: f64 = 15.0;
/// Maximum number of shares in one request for percentiles.
const MAX_SHARES: usize = 20;
/// Maximum number of gaps in one GeoJSON result.
const MAX_OUTLINES: usize = 1000;

/// What people need within a limit of time or distance. Give at most one of `category`, `kinds` and `service`; without
/// them, all seven categories are needed. Give at most one of `minutes` and `metres`; the default is 15 minutes.
#[derive(InputObject, Debug, Clone, Default)]
pub struct NeedInput {
    /// Facilities of this category.
    pub category: Option<Category>,
    /// Facilities of any of these kinds, given by the keys that `facilityKinds` lists. At least 1, at most 1,000.
    pub kinds: Option<Vec<String>>,
    /// Facilities that offer the service with this id.
    pub service: Option<ID>,
    /// The time limit in minutes, more than 0 and at most 120 unless the server is configured otherwise. A travel time
    /// equal to the limit is within it.
    pub minutes: Option<f64>,
    /// The limit as a length over the street network in metres, more than 0 and at most 10,000. A length equal to the
    /// limit is within it.
    pub metres: Option<f64>,
    /// The number of facilities that must be within the limit, 1 to 10.
    #[graphql(default = 1)]
    pub min_count: i32,
    /// Count only facilities that are open at this time. Facilities whose state at this time is unknown do not count.
    pub open_at: Option<DateTime>,
    /// Count only facilities intended for this audience.
    pub audience: Option<Audience>,
    /// If true, count only facilities that can be entered without a step. False is the same as omitting it.
    pub step_free: Option<bool>,
}

/// The unit of limits and distances.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Measure")]
pub enum CoverageUnit {
    /// Travel time in minutes.
    Minutes,
    /// Length of the route over the street network in metres.
    Metres,
}

impl NeedInput {
    /// Returns the number of parts, which determines the cost.
    pub fn parts(&self) -> usize {
        if self.category.is_none() && self.kinds.is_none() && self.service.is_none() { 7 } else { 1 }
    }

    /// Converts the input to the engine's type.
    pub fn read(&self, ctx: &Context<'_>) -> Result<Need> {
        let (measure, limit) = match (self.minutes, self.metres) {
            (Some(_), Some(metres)) => {
                return Err(bad_input("need.metres", metres, "cannot be combined with `minutes`"));
            }
            (None, Some(metres)) => (Measure::Metres, metres),
            (minutes, None) => (Measure::Minutes, minutes.unwrap_or(DEFAULT_MINUTES)),
        };
        match measure {
            Measure::Minutes => {
                super::reach::check_minutes(ctx, "need.minutes", limit)?;
            }
            Measure::Metres => {
                if !(limit > 0.0 && limit.is_finite()) {
                    return Err(bad_input("need.metres", limit, "must be more than 0 metres"));
                }
                if limit > HORIZON_METRES {
                    let why = format!("need.metres: {limit} metres exceeds the maximum ({HORIZON_METRES})");
                    return Err(too_many("maxMetres", why));
                }
            }
        }
        let min_count =
            usize::try_from(self.min_count).ok().filter(|n| (1..=MAX_NEAREST).contains(n)).ok_or_else(|| {
                bad_input("need.minCount", self.min_count, format_args!("is not between 1 and {MAX_NEAREST}"))
            })?;
        let named = [self.category.is_some(), self.kinds.is_some(), self.service.is_some()];
        if named.iter().filter(|n| **n).count() > 1 {
            return Err(bad_input("need", "category, kinds, service", "cannot be combined: give only one of them"));
        }
        let common = Wishes {
            audience: self.audience.map(Into::into),
            open_at: self.open_at.map(|at| at.0),
            step_free: self.step_free == Some(true),
            ..Wishes::default()
        };
        within_bound(
            "maxListItems",
            "need.kinds",
            self.kinds.as_ref().map_or(0, Vec::len),
            limits(ctx).max_list_items,
        )?;
        if self.kinds.as_ref().is_some_and(Vec::is_empty) {
            return Err(bad_input("need.kinds", "[]", "must name at least one kind"));
        }
        let services = service_numbers("need.service", self.service.as_slice())?;
        if let (Some(id), Some(number)) = (&self.service, services.first())
            && current(ctx).register.services.get(*number).is_none()
        {
            return Err(not_found("need.service", id, "service with the id"));
        }
        let kinds = kind_keys("need.kinds", kinds(ctx), self.kinds.as_deref().unwrap_or_default())?;
        let parts = Need::parts_for(self.category.map(Into::into), Wishes { kinds, services, ..common });
        Ok(Need { parts, measure, limit, min_count })
    }
}

/// A number of people and how many of them are covered.
#[derive(SimpleObject, Debug, Clone, Copy)]
pub struct CoveredPeople {
    /// All people in the region and group of the request.
    pub people: f64,
    /// People who have everything they need within the limit.
    pub covered: f64,
    /// People who lack something they need within the limit.
    pub uncovered: f64,
    /// People whose cell is too far from any street that the profile can use. They count as neither covered nor
    /// uncovered.
    pub off_network: f64,
    /// Covered people divided by all people.
    pub share: f64,
}

impl From<Share> for CoveredPeople {
    fn from(s: Share) -> Self {
        Self {
            people: round(s.people, 1),
            covered: round(s.covered, 1),
            uncovered: round(s.uncovered(), 1),
            off_network: round(s.off_network, 1),
            share: round(s.share(), 6),
        }
    }
}

/// A bar of a histogram: people whose distance is more than `from` and at most `to`.
#[derive(SimpleObject)]
pub struct CoverageBar {
    /// The lower bound in the unit of the need. Exclusive, except for 0.
    from: f64,
    /// The upper bound in the unit of the need, inclusive. Null for the last bar, which is unbounded.
    to: Option<f64>,
    /// The number of people.
    people: f64,
}

/// The use of capacity when each facility serves at most as many people as its capacity.
#[derive(SimpleObject)]
pub struct CapacityUse {
    /// The number of facilities with a known capacity.
    limited: u64,
    /// Their total capacity.
    room: f64,
    /// The number of people assigned to a place in one of them.
    used: f64,
    /// The number of facilities that are full.
    full: u64,
    /// The number of facilities with an unknown capacity. They can serve everyone.
    unlimited: u64,
}

/// The coverage by one category alone.
#[derive(SimpleObject)]
pub struct CategoryCoverage {
    /// The category. Null if the need names kinds or a service.
    category: Option<Category>,
    /// The number of facilities that match the need.
    facilities: u64,
    /// The people and how many of them are covered.
    people: CoveredPeople,
}

/// The coverage of one region.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct RegionCoverage {
    #[graphql(skip)]
    world: Arc<World>,
    /// The code of the region. Null for people whose region is unknown.
    code: Option<String>,
    /// The name of the region, if it is registered.
    name: Option<String>,
    /// The people and how many of them are covered.
    people: CoveredPeople,
}

#[ComplexObject]
impl RegionCoverage {
    /// The region, if it is registered.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.place_of(self.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }
}

/// A population cell and its coverage.
pub struct CellCoverage {
    world: Arc<World>,
    found: Arc<analysis::Coverage>,
    index: usize,
}

impl CellCoverage {
    fn row(&self) -> &CellCover {
        &self.found.cells[self.index]
    }

    /// Converts a network cost to the unit of the need.
    fn distance(&self, cost: Deciseconds) -> Option<f64> {
        self.found.question.need.measure.value(cost).map(|v| round(v, 4))
    }
}

/// A population cell and its coverage.
#[Object]
impl CellCoverage {
    /// The H3 cell.
    async fn cell(&self) -> H3Cell {
        H3Cell(self.row().cell)
    }

    /// The number of people in the group of the request.
    async fn people(&self) -> f64 {
        round(self.row().people, 2)
    }

    /// Whether the cell has everything needed within the limit.
    async fn covered(&self) -> bool {
        self.row().is_covered()
    }

    /// Whether the cell is close enough to a street that the profile can use.
    async fn on_network(&self) -> bool {
        self.row().on_network
    }

    /// The distance to the nearest facility, in the unit of the need. For several categories, the distance for the
    /// category that is farthest away. Null beyond the horizon of 120 minutes or 10 km.
    async fn to_nearest(&self) -> Option<f64> {
        self.row().nearest.and_then(|n| self.distance(n.0))
    }

    /// The distance to the facility that completes `minCount`, which is compared with the limit. Null beyond the
    /// horizon.
    async fn to_counted(&self) -> Option<f64> {
        self.distance(self.row().time)
    }

    /// The nearest facility.
    async fn nearest(&self) -> Option<Facility> {
        facility(&self.world, self.row().nearest?.1)
    }

    /// The categories that are not available within the limit.
    async fn missing(&self) -> Vec<Category> {
        self.found.missing_parts(self.row()).filter_map(|part| part.category.map(Into::into)).collect()
    }
}

fn facility(world: &Arc<World>, id: i64) -> Option<Facility> {
    world.register.facilities.place(id).map(|place| Facility::at(world, place))
}

/// A gap: an area of adjacent uncovered cells.
pub struct CoverageGap {
    coverage: Arc<Answer>,
    index: usize,
}

impl CoverageGap {
    fn gap(&self) -> &analysis::Gap {
        &self.coverage.gaps()[self.index]
    }
}

/// A gap: an area of adjacent uncovered cells.
#[Object]
impl CoverageGap {
    /// The number of people who live in the gap.
    async fn people(&self) -> f64 {
        round(self.gap().people, 1)
    }

    /// The number of cells.
    async fn cell_count(&self) -> u64 {
        self.gap().cells.len() as u64
    }

    /// The outline as a GeoJSON MultiPolygon.
    #[graphql(complexity = 100)]
    async fn outline(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let (coverage, index) = (self.coverage.clone(), self.index);
        let cells = self.gap().cells.len();
        let draw = move || multi_polygon_text(&coverage.found.outline(&coverage.gaps()[index].cells));
        let text = cost::priced(ctx, cost::outline(cells), draw).await?;
        budget::charge(ctx, text.len())?;
        Ok(GeoJson(text))
    }

    /// The district in which most of these people live.
    async fn district(&self) -> Option<Region> {
        let world = &self.coverage.world;
        let place = world.register.regions.place_of(self.gap().district.as_deref()?)?;
        Some(Region::at(world, place))
    }

    /// The facility nearest to any of the cells.
    async fn nearest(&self) -> Option<Facility> {
        facility(&self.coverage.world, self.gap().nearest?.1)
    }

    /// The distance of that facility from the nearest of the cells, in the unit of the need.
    async fn to_nearest(&self) -> Option<f64> {
        self.coverage.measure().value(self.gap().nearest?.0).map(|v| round(v, 4))
    }

    /// The category that most people in the gap lack. Null if the need names kinds or a service.
    async fn missed_most(&self) -> Option<Category> {
        self.coverage.found.category_of(self.gap().missed.0).map(Into::into)
    }

    /// The number of people who lack that category.
    async fn missed_by(&self) -> f64 {
        round(self.gap().missed.1, 1)
    }
}

/// A parameter of a result, given or default.
#[derive(SimpleObject, Clone)]
pub struct Parameter {
    /// The name of the parameter in the request.
    pub name: String,
    /// The value.
    pub value: String,
}

/// Explains how a result was computed, so that a figure in a report can be reproduced.
#[derive(SimpleObject)]
pub struct Explanation {
    /// The version of the data, which changes with every change to the data.
    pub world_version: String,
    /// The file that the streets were imported from.
    pub streets: String,
    /// The time of the import, RFC 3339 in UTC.
    pub streets_imported_at: String,
    /// All parameters. Omitted parameters have their default value.
    pub parameters: Vec<Parameter>,
    /// The method and the assumptions behind the travel times, one sentence each.
    pub method: Vec<String>,
}

impl From<analysis::Explanation> for Explanation {
    fn from(e: analysis::Explanation) -> Self {
        Self {
            world_version: e.world_version,
            streets: e.streets,
            streets_imported_at: e.streets_imported_at,
            parameters: e.parameters.into_iter().map(|(name, value)| Parameter { name, value }).collect(),
            method: e.method,
        }
    }
}

/// Explains a coverage.
pub fn explain(world: &World, question: &Question) -> Result<Explanation> {
    Ok(analysis::Explanation::new(world, network_of(world)?, question, &analysis::COVERAGE_METHOD).into())
}

/// Estimated bytes of a hexagon with its properties, as GeoJSON.
const HEXAGON_BYTES: usize = 420;
/// Estimated bytes of the outline of a gap, for each of its cells.
const OUTLINE_BYTES: usize = 100;

/// Counts the facilities that match a need, over all its parts.
pub async fn wanted(ctx: &Context<'_>, world: &Arc<World>, need: &Need) -> Result<usize> {
    let price = cost::rows(world.register.facilities.len()).saturating_mul(need.parts.len());
    let (world, parts) = (world.clone(), need.parts.clone());
    let count = move || parts.iter().map(|part| analysis::wanted_places(&world.register, &part.wishes).len()).sum();
    cost::priced(ctx, price, count).await
}

/// Estimates the cost of coverage: one sweep for each part and, if capacity counts, one search from each facility.
pub async fn coverage_price(
    ctx: &Context<'_>,
    world: &Arc<World>,
    question: &Question,
    profile: Profile,
) -> Result<usize> {
    let (city, need) = (City::of(world), &question.need);
    let sweeps = city.coverage(need.parts.len(), need.min_count);
    if !question.with_capacity {
        return Ok(sweeps);
    }
    let reach = Reach {
        sites: wanted(ctx, world, need).await?,
        are_facilities: true,
        measure: need.measure,
        limit: need.limit,
        profile,
    };
    Ok(sweeps.saturating_add(city.pairs(reach, SETTLED)))
}

/// A coverage result with the world that it was computed from.
struct Answer {
    world: Arc<World>,
    found: Arc<analysis::Coverage>,
    gaps: OnceLock<Vec<analysis::Gap>>,
}

impl Answer {
    fn gaps(&self) -> &[analysis::Gap] {
        self.gaps.get_or_init(|| self.found.gaps(&self.world.register))
    }

    fn measure(&self) -> Measure {
        self.found.question.need.measure
    }
}

/// Coverage: which people have the facilities they need within a limit, and where the gaps are.
pub struct Coverage(Arc<Answer>);

impl Coverage {
    /// Wraps a result and the world that it was computed from.
    pub fn new(world: Arc<World>, found: Arc<analysis::Coverage>) -> Self {
        Self(Arc::new(Answer { world, found, gaps: OnceLock::new() }))
    }
}

/// Coverage: which people have the facilities they need within a limit, and where the gaps are.
#[Object]
impl Coverage {
    /// The people and how many of them are covered.
    async fn total(&self) -> CoveredPeople {
        self.0.found.total.into()
    }

    /// The unit of the limit and of all distances.
    async fn unit(&self) -> CoverageUnit {
        self.0.measure().into()
    }

    /// The limit, in the unit given by `unit`.
    async fn limit(&self) -> f64 {
        self.0.found.question.need.limit
    }

    /// The mean distance over the people with a facility within the horizon (120 minutes or 10 km), weighted by people.
    async fn mean(&self, ctx: &Context<'_>) -> Nullable<f64> {
        nullable(async {
            cost::charge(ctx, cost::scan(self.0.found.cells.len()))?;
            Ok(self.0.found.mean().map(|v| round(v, 4)))
        })
        .await
    }

    /// For each share, the distance within which that share of the people on the network have a facility; 0.5 gives the
    /// median. Null if fewer people than that have a facility within the horizon.
    async fn percentiles(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "vec![0.5, 0.9]", desc = "The shares, 0 to 1. At most 20.")] shares: Vec<f64>,
    ) -> Result<Vec<Option<f64>>> {
        within_bound("maxShares", "shares", shares.len(), MAX_SHARES)?;
        // The cells are sorted once and scanned once for each share.
        cost::charge(ctx, cost::rows(self.0.found.cells.len()).saturating_mul(1 + shares.len()))?;
        if let Some(bad) = shares.iter().find(|s| !(0.0..=1.0).contains(*s)) {
            return Err(bad_input("shares", bad, "is not between 0 and 1"));
        }
        Ok(self.0.found.percentiles(&shares).into_iter().map(|v| v.map(|v| round(v, 4))).collect())
    }

    /// The use of capacity. Null unless `capacity` is true in the request.
    async fn capacity(&self) -> Option<CapacityUse> {
        self.0.found.capacity.map(|c| CapacityUse {
            limited: c.limited,
            room: round(c.capacity, 1),
            used: round(c.used, 1),
            full: c.full,
            unlimited: c.unlimited,
        })
    }

    /// The number of people by distance, in bars of 5 minutes or 250 metres.
    async fn histogram(&self, ctx: &Context<'_>) -> Result<Vec<CoverageBar>> {
        cost::charge(ctx, cost::scan(self.0.found.cells.len()))?;
        let bar = |b: analysis::HistogramBin| CoverageBar { from: b.from, to: b.to, people: round(b.people, 1) };
        Ok(self.0.found.histogram().into_iter().map(bar).collect())
    }

    /// The number of people on the network without a facility within the horizon.
    async fn not_reached(&self, ctx: &Context<'_>) -> Result<f64> {
        cost::charge(ctx, cost::scan(self.0.found.cells.len()))?;
        Ok(round(self.0.found.not_reached(), 1))
    }

    /// The coverage by each category alone.
    async fn by_category(&self) -> Vec<CategoryCoverage> {
        let found = &self.0.found;
        let row = |(n, part): (usize, &Part)| CategoryCoverage {
            category: part.category.map(Into::into),
            facilities: found.facilities[n],
            people: found.parts[n].into(),
        };
        found.question.need.parts.iter().enumerate().map(row).collect()
    }

    /// The regions one level below the region of the request, in order of code. Their sum is the total.
    #[graphql(complexity = "100 + 40 * child_complexity")]
    async fn by_region(&self, ctx: &Context<'_>) -> Result<Vec<RegionCoverage>> {
        let answer = self.0.clone();
        let price = cost::rows(answer.found.cells.len());
        let rows = cost::priced(ctx, price, move || answer.found.by_region(&answer.world.register)).await?;
        cost::charge_rows(ctx, rows.len())?;
        let row = |r: analysis::RegionShare| RegionCoverage {
            world: self.0.world.clone(),
            code: r.code,
            name: r.name,
            people: r.share.into(),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The cells in which people of the group live, in order of H3 index.
    #[graphql(complexity = "counted(first, last) * child_complexity")]
    async fn cells(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "true: only covered cells; false: only uncovered cells.")] covered: Option<bool>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<String, CellCoverage, Total>> {
        let found = &self.0.found;
        cost::charge(ctx, cost::rows(found.cells.len()))?;
        let rows = found.cells_by_number(covered);
        let number = |i: usize| found.cells[i].number();
        let found_page = page(&rows, number, &PageArguments { first, after, last, before })?;
        Ok(connection(found_page, |i| CellCoverage { world: self.0.world.clone(), found: found.clone(), index: i }))
    }

    /// The cells as a GeoJSON FeatureCollection of hexagons. Properties: `cell`, `people`, `covered` (people), `share`,
    /// and `minutes` or `metres`.
    #[graphql(complexity = 5000)]
    async fn cells_geojson(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The H3 resolution to aggregate the cells to, from 0 to the resolution of the population (the default)."
        )]
        resolution: Option<i32>,
        #[graphql(desc = "true: only cells with covered people; false: only cells without.")] covered: Option<bool>,
    ) -> Result<GeoJson> {
        let own = self.0.found.resolution();
        let chosen = match resolution {
            None => own,
            Some(given) => u8::try_from(given)
                .ok()
                .and_then(|r| Resolution::try_from(r).ok())
                .filter(|r| *r <= own)
                .ok_or_else(|| bad_input("resolution", given, format_args!("is not between 0 and {own}")))?,
        };
        let answer = self.0.clone();
        // A coarser cell replaces seven cells, or fewer at the edge of a city.
        let coarser = u32::from(u8::from(own) - u8::from(chosen));
        let cells = 2 * answer.found.cells.len() / 7usize.saturating_pow(coarser).max(2) + 100;
        let estimate = cells * HEXAGON_BYTES;
        budget::charge(ctx, estimate)?;
        let text = cost::priced(ctx, cost::hexagons(cells) + cost::rows(answer.found.cells.len()), move || {
            cells_geojson(&answer.found, chosen, covered, answer.world.attribution())
        })
        .await?;
        budget::charge(ctx, text.len().saturating_sub(estimate))?;
        Ok(GeoJson(text))
    }

    /// The gaps: areas of adjacent uncovered cells, most people first.
    #[graphql(complexity = "1000 + counted(first, last) * child_complexity")]
    async fn gaps(
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
    ) -> Result<Connection<String, CoverageGap, Total>> {
        let answer = self.0.clone();
        let price = cost::gaps(answer.found.uncovered_cells());
        let count = cost::priced(ctx, price, move || answer.gaps().len()).await?;
        let rows: Vec<usize> = (0..count).collect();
        let gaps = self.0.gaps();
        // A gap is identified by its people and its first cell. If these change, the next page continues at the
        // position that follows them.
        let arguments = PageArguments { first, after, last, before };
        let found = page_by(
            &rows,
            |i| SortKey::Number(gaps[i].people),
            |i| self.0.found.first_cell(&gaps[i]),
            true,
            &arguments,
        )?;
        Ok(connection(found, |index| CoverageGap { coverage: self.0.clone(), index }))
    }

    /// The outlines of the 1,000 largest gaps as a GeoJSON FeatureCollection. Properties: `people`, `cells`, `district`
    /// and `missed`.
    #[graphql(complexity = 5000)]
    async fn gaps_geojson(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let answer = self.0.clone();
        let cells = answer.found.uncovered_cells();
        let estimate = cells * OUTLINE_BYTES;
        budget::charge(ctx, estimate)?;
        let price = cost::gaps(cells) + cost::outline(cells);
        let text = cost::priced(ctx, price, move || {
            let gaps = answer.gaps();
            let largest = &gaps[..gaps.len().min(MAX_OUTLINES)];
            analysis::gaps_geojson(&answer.found, &answer.world.register, largest, answer.world.attribution())
        })
        .await?;
        budget::charge(ctx, text.len().saturating_sub(estimate))?;
        Ok(GeoJson(text))
    }

    /// Explains how the result was computed, so that it can be reproduced.
    async fn explain(&self) -> Result<Explanation> {
        explain(&self.0.world, &self.0.found.question)
    }
}

/// Reads and checks the arguments of a question.
pub fn question(
    ctx: &Context<'_>,
    need: &NeedInput,
    (region, group): (Option<&str>, &str),
    (profile, direction): (Profile, Direction),
) -> Result<Question> {
    let world = current(ctx);
    let region = region_code("region", region)?;
    if let Some(code) = &region
        && world.register.regions.place_of(code.as_str()).is_none()
        && world.register.centers_in(code).is_empty()
    {
        return Err(not_found("region", code.as_str(), "region or center with the code"));
    }
    let group = register::group_name(group).map_err(|e| bad_input("group", format_args!("\"{group}\""), e))?;
    if world.register.people(&group).is_none() {
        return Err(not_found("group", &group, "population of the group"));
    }
    Ok(Question {
        need: need.read(ctx)?,
        travel: Travel { profile: profile.into(), direction: direction.into() },
        region,
        group,
        with_capacity: false,
    })
}

#[derive(Default)]
pub struct CoverageQuery;

/// Coverage for planners.
#[Object]
impl CoverageQuery {
    /// Computes which people have the facilities they need within a limit: people covered and uncovered by category,
    /// region and distance, and the gaps.
    #[graphql(complexity = "cost::sweeps(need.parts()) + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn coverage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            default_with = "NeedInput { min_count: 1, ..NeedInput::default() }",
            desc = "What people need. By default, all seven categories within 15 minutes."
        )]
        need: NeedInput,
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
            default = false,
            desc = "If true, each facility serves at most as many people as its capacity, nearest people first. Facilities with an unknown capacity serve everyone. Only for a need of one category, kinds or service."
        )]
        capacity: bool,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Result<Coverage> {
        let world = world_of(ctx, scenario.as_ref()).await?;
        network_of(&world)?;
        let asked = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let question = Question { with_capacity: capacity, ..asked };
        cost::charge(ctx, coverage_price(ctx, &world, &question, profile).await?)?;
        let shared = world.clone();
        let found = analyse(ctx, move || {
            let network = network_of(&shared)?;
            analysis::coverage(&shared, network, question).map_err(|e| match e {
                QuestionError::UnknownGroup(_) => bad_input("group", "", e),
                QuestionError::Stopped(why) => stopped(why),
                _ => bad_input("capacity", "true:", e),
            })
        })
        .await??;
        Ok(Coverage::new(world, Arc::new(found)))
    }
}

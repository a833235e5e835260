//! Coverage: which people have the facilities they need within a limit, and where the gaps are.

use super::coverage_answer::Answer;
use super::coverage_cell::CellCoverage;
use super::coverage_gap::CoverageGap;
use super::covered_people::{CategoryCoverage, CoveredPeople, RegionCoverage};
use super::explanation::{Explanation, explain};
use super::need::{NeedInput, count_matching_facilities, question};
use crate::arguments::require_network;
use crate::context::{Nullable, nullable};
use crate::cost::{City, Reach, SETTLED};
use crate::error::{bad_input, invalid, stopped, within_bound};
use crate::paging::{PageArguments, Paged, SortKey, connection, counted, page, page_by};
use crate::register::world_with_scenario;
use crate::scalars::GeoJson;
use crate::types::{CoverageUnit, Direction, Profile, round};
use crate::work_pools::analyse;
use crate::{budget, cost};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use h3o::Resolution;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Part, Question, QuestionError, cells_geojson};

/// Estimated bytes of the outline of a gap, for each of its cells.
const OUTLINE_BYTES: usize = 100;

/// Maximum number of shares in one request for percentiles.
const MAX_SHARES: usize = 20;
/// Maximum number of gaps in one GeoJSON result.
const MAX_OUTLINES: usize = 1000;

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

/// Estimated bytes of a hexagon with its properties, as GeoJSON.
const HEXAGON_BYTES: usize = 420;
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
        sites: count_matching_facilities(ctx, world, need).await?,
        are_facilities: true,
        measure: need.measure,
        limit: need.limit,
        profile,
    };
    Ok(sweeps.saturating_add(city.pairs(reach, SETTLED)))
}

/// Coverage: which people have the facilities they need within a limit, and where the gaps are.
pub struct Coverage(Arc<Answer>);

impl Coverage {
    /// Wraps a result and the world that it was computed from.
    pub fn new(world: Arc<World>, found: Arc<analysis::Coverage>) -> Self {
        Self(Arc::new(Answer::new(world, found)))
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
        let rows = cost::charge_and_run(ctx, price, move || answer.found.by_region(&answer.world.register)).await?;
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
    ) -> Result<Paged<CellCoverage>> {
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
        let text = cost::charge_and_run(ctx, cost::hexagons(cells) + cost::rows(answer.found.cells.len()), move || {
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
    ) -> Result<Paged<CoverageGap>> {
        let answer = self.0.clone();
        let price = cost::gaps(answer.found.uncovered_cells());
        let count = cost::charge_and_run(ctx, price, move || answer.gaps().len()).await?;
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
        let text = cost::charge_and_run(ctx, price, move || {
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
        let world = world_with_scenario(ctx, scenario.as_ref()).await?;
        require_network(&world)?;
        let base = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let question = Question { with_capacity: capacity, ..base };
        cost::charge(ctx, coverage_price(ctx, &world, &question, profile).await?)?;
        let shared = world.clone();
        let found = analyse(ctx, move || {
            let network = require_network(&shared)?;
            analysis::coverage(&shared, network, question).map_err(|e| match e {
                QuestionError::UnknownGroup { .. } => invalid("group", e),
                QuestionError::Stopped(why) => stopped(why),
                _ => invalid("capacity", e),
            })
        })
        .await??;
        Ok(Coverage::new(world, Arc::new(found)))
    }
}

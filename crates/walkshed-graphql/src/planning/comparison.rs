//! Comparison of scenarios: coverage before and after, who gains and who loses.

use super::coverage::{Coverage, coverage_price};
use super::covered_people::CoveredPeople;
use super::explanation::{Explanation, explain};
use super::need::{NeedInput, question};
use crate::arguments::require_network;
use crate::context::current;
use crate::error::{bad_input, invalid, not_ready, stopped};
use crate::paging::{PageArguments, Paged, SortKey, connection, counted, page_by};
use crate::register::{Region, Scenario, world_with_scenario};
use crate::scalars::{GeoJson, H3Cell};
use crate::types::{Category, CoverageUnit, Direction, PositionObject, Profile, round};
use crate::work_pools::analyse;
use crate::{budget, cost};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Change, QuestionError};
use walkshed_engine::geo::cell_centre;

/// Estimated bytes of a hexagon with its changes, as GeoJSON.
const CHANGED_CELL_BYTES: usize = 480;

/// A change of coverage.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Change")]
pub enum CoverageChange {
    /// Covered after the change, but not before.
    Gained,
    /// Covered before the change, but not after.
    Lost,
    /// The facility is nearer than before, whether covered or not.
    Nearer,
    /// The facility is farther than before, whether covered or not.
    Farther,
}

/// The number of people by change of coverage.
#[derive(SimpleObject, Debug, Clone, Copy)]
pub struct CoverageBalance {
    /// People who become covered.
    gained: f64,
    /// People who are no longer covered.
    lost: f64,
    /// People whose facility is nearer than before, whether covered or not.
    nearer: f64,
    /// People whose facility is farther than before, whether covered or not.
    farther: f64,
}

impl From<analysis::Balance> for CoverageBalance {
    fn from(b: analysis::Balance) -> Self {
        let people = |n: f64| round(n, 1);
        Self { gained: people(b.gained), lost: people(b.lost), nearer: people(b.nearer), farther: people(b.farther) }
    }
}

/// The changes for a population group.
#[derive(SimpleObject)]
pub struct GroupBalance {
    /// The name of the group, as listed in `dataset.population.groups`.
    group: String,
    /// The people of the group in the cells of the request.
    people: f64,
    /// The changes for these people.
    balance: CoverageBalance,
}

/// The changes in one category alone.
#[derive(SimpleObject)]
pub struct CategoryBalance {
    /// The category. Null if the need names kinds or a service.
    category: Option<Category>,
    /// The coverage before the change, by this category alone.
    before: CoveredPeople,
    /// The coverage after the change.
    after: CoveredPeople,
    /// The changes for all people in the region and group of the request.
    balance: CoverageBalance,
}

/// The changes in a region.
pub struct RegionBalance {
    world: Arc<World>,
    found: analysis::RegionChange,
}

/// The changes in a region.
#[Object]
impl RegionBalance {
    /// The code of the region. Null for people whose region is unknown.
    async fn code(&self) -> Option<&str> {
        self.found.code.as_deref()
    }

    /// The name of the region, if it is registered.
    async fn name(&self) -> Option<&str> {
        self.found.name.as_deref()
    }

    /// The region, if it is registered.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.index_of_key(self.found.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }

    /// The people and their coverage before the change.
    async fn before(&self) -> CoveredPeople {
        self.found.before.into()
    }

    /// The people and their coverage after the change.
    async fn after(&self) -> CoveredPeople {
        self.found.after.into()
    }

    /// The changes for these people.
    async fn balance(&self) -> CoverageBalance {
        self.found.balance.into()
    }
}

/// A cell whose coverage changes.
pub struct ComparedCell {
    found: Arc<analysis::Comparison>,
    index: usize,
    people: f64,
}

impl ComparedCell {
    fn distance(&self, cell: &analysis::CellCover) -> Option<f64> {
        let measure = self.found.before.question.need.measure;
        cell.distance(measure).map(|v| round(v, 4))
    }
}

/// A cell whose coverage changes.
#[Object]
impl ComparedCell {
    /// The H3 cell.
    async fn cell(&self) -> H3Cell {
        H3Cell(self.found.before.cells[self.index].cell)
    }

    /// The centre of the cell.
    async fn centre(&self) -> PositionObject {
        cell_centre(self.found.before.cells[self.index].cell).into()
    }

    /// The number of people with this change.
    async fn people(&self) -> f64 {
        round(self.people, 2)
    }

    /// The distance before the change, in the unit of the comparison. Null beyond the horizon of 120 minutes or 10 km.
    async fn before(&self) -> Option<f64> {
        self.distance(&self.found.before.cells[self.index])
    }

    /// The distance after the change, in the same unit. Null beyond the horizon.
    async fn after(&self) -> Option<f64> {
        self.distance(&self.found.after.cells[self.index])
    }
}

/// A comparison of coverage in two states of the city.
pub struct ScenarioComparison {
    before: Arc<World>,
    after: Arc<World>,
    found: Arc<analysis::Comparison>,
}

/// A comparison of coverage in two states of the city.
#[Object]
impl ScenarioComparison {
    /// The scenario before the change. Null for the city as it is.
    async fn scenario_before(&self) -> Option<Scenario> {
        Scenario::by_id(&self.before, self.before.scenario.as_ref()?.id)
    }

    /// The scenario after the change. Null for the city as it is.
    async fn scenario_after(&self) -> Option<Scenario> {
        Scenario::by_id(&self.after, self.after.scenario.as_ref()?.id)
    }

    /// The coverage before the change.
    async fn before(&self) -> Coverage {
        Coverage::new(self.before.clone(), self.found.before.clone())
    }

    /// The coverage after the change.
    async fn after(&self) -> Coverage {
        Coverage::new(self.after.clone(), self.found.after.clone())
    }

    /// The unit of distances.
    async fn unit(&self) -> CoverageUnit {
        self.found.before.question.need.measure.into()
    }

    /// The changes for all people in the region and group of the request.
    async fn balance(&self) -> CoverageBalance {
        self.found.total().into()
    }

    /// The changes in each category alone. People are covered as a whole only if they have all needed categories.
    async fn by_category(&self) -> Vec<CategoryBalance> {
        let row = |p: &analysis::PartChange| CategoryBalance {
            category: p.category.map(Into::into),
            before: p.before.into(),
            after: p.after.into(),
            balance: p.balance.into(),
        };
        self.found.parts.iter().map(row).collect()
    }

    /// The changes for every population group, starting with everyone ("all"). All groups in a cell have the same
    /// coverage.
    #[graphql(complexity = "3000 + 10 * child_complexity")]
    async fn by_group(&self, ctx: &Context<'_>) -> Result<Vec<GroupBalance>> {
        let (world, found) = (self.after.clone(), self.found.clone());
        let groups = 1 + world.register.groups.len();
        let price = cost::rows(found.before.cells.len()).saturating_mul(groups);
        let rows = cost::charge_and_run(ctx, price, move || found.by_group(&world.register)).await?;
        cost::charge_rows(ctx, rows.len())?;
        let row = |g: analysis::GroupChange| GroupBalance {
            group: g.group,
            people: round(g.people, 1),
            balance: g.balance.into(),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The changes by region one level below the region of the request, in order of code. Their sum is the total.
    #[graphql(complexity = "3000 + 40 * child_complexity")]
    async fn by_region(&self, ctx: &Context<'_>) -> Result<Vec<RegionBalance>> {
        let (world, found) = (self.after.clone(), self.found.clone());
        let price = cost::rows(3 * found.before.cells.len());
        let rows = cost::charge_and_run(ctx, price, move || found.by_region(&world.register)).await?;
        cost::charge_rows(ctx, rows.len())?;
        Ok(rows.into_iter().map(|found| RegionBalance { world: self.after.clone(), found }).collect())
    }

    /// The cells with the given change, most people first.
    #[graphql(complexity = "1000 + counted(first, last) * child_complexity")]
    async fn cells(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The kind of change.")] change: CoverageChange,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<ComparedCell>> {
        let all = self.found.clone();
        let price = cost::rows(2 * all.before.cells.len());
        let list = cost::charge_and_run(ctx, price, move || all.cells(change.into())).await?;
        let rows: Vec<usize> = (0..list.len()).collect();
        let number = |i: usize| self.found.before.cells[list[i].0].number();
        let arguments = PageArguments { first, after, last, before };
        let found = page_by(&rows, |i| SortKey::Number(list[i].1), number, true, &arguments)?;
        let cell = |i: usize| ComparedCell { found: self.found.clone(), index: list[i].0, people: list[i].1 };
        Ok(connection(found, cell))
    }

    /// The cells with any change as a GeoJSON FeatureCollection of hexagons. Properties: `gained` and `lost` (people),
    /// `covered_before`, `covered_after`, and `minutes_before` and `minutes_after` (or `metres_...`).
    #[graphql(complexity = 5000)]
    async fn cells_geojson(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let (world, found) = (self.after.clone(), self.found.clone());
        let all = found.before.cells.len();
        cost::charge(ctx, cost::rows(all))?;
        let changed = found.changed_cells().len();
        let estimate = changed * CHANGED_CELL_BYTES;
        budget::charge(ctx, estimate)?;
        let text = cost::charge_and_run(ctx, cost::hexagons(changed), move || {
            analysis::changes_geojson(&found, world.attribution())
        })
        .await?;
        budget::charge(ctx, text.len().saturating_sub(estimate))?;
        Ok(GeoJson(text))
    }

    /// Explains how the result was computed. `before` and `after` have their own explanations.
    async fn explain(&self) -> Result<Explanation> {
        explain(&self.after, &self.found.after.question)
    }
}

#[derive(Default)]
pub struct ComparisonQuery;

/// Queries that compare scenarios.
#[Object]
impl ComparisonQuery {
    /// Compares coverage in two states of the city: as it is or under one scenario, and under another scenario. Give at
    /// least one of `before` and `after`. Without a `need`, all seven categories within 15 minutes are compared, and
    /// `byCategory` shows the changes in each.
    #[graphql(complexity = "cost::comparison(need.parts()) + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn compare_scenarios(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The scenario before the change, by id or key. If omitted, the city as it is.")]
        before: Option<ID>,
        #[graphql(desc = "The scenario after the change, by id or key. If omitted, the city as it is.")] after: Option<
            ID,
        >,
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
            desc = "If true, each facility serves at most as many people as its capacity, nearest people first. Only for a need of one category, kinds or service."
        )]
        capacity: bool,
    ) -> Result<ScenarioComparison> {
        require_network(current(ctx))?;
        let question = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let question = analysis::Question { with_capacity: capacity, ..question };
        if before.is_none() && after.is_none() {
            return Err(bad_input(
                "after",
                "null",
                analysis::missing_scenario_message(&current(ctx).register, |key| {
                    format!("compareScenarios(after: \"{key}\")")
                }),
            ));
        }
        let (before, after) =
            (world_with_scenario(ctx, before.as_ref()).await?, world_with_scenario(ctx, after.as_ref()).await?);
        for world in [&before, &after] {
            // Each part alone is evaluated too, which only scans the cells again.
            let price = coverage_price(ctx, world, &question, profile).await?;
            cost::charge(
                ctx,
                price.saturating_add(cost::rows(3 * question.need.parts.len() * world.register.population.len())),
            )?;
        }
        let shared = (before.clone(), after.clone());
        let found = analyse(ctx, move || {
            analysis::compare(&shared.0, &shared.1, &question).map_err(|e| match e {
                QuestionError::UnknownGroup { .. } => invalid("group", e),
                QuestionError::NoNetwork(e) => not_ready(e.as_str()),
                QuestionError::Stopped(why) => stopped(why),
                _ => invalid("capacity", e),
            })
        })
        .await??;
        Ok(ScenarioComparison { before, after, found: Arc::new(found) })
    }
}

//! Scenarios compared: before, after, who gains, who loses.

use super::budget;
use super::coverage::{
    Coverage, CoverageUnit, CoveredPeople, Explanation, METHOD, NeedInput, coverage_price, explain, question,
};
use super::error::{bad_input, not_ready, stopped};
use super::gate::analyse;
use super::paging::{PageArguments, SortKey, Total, connection, counted, page_by};
use super::reach::network_of;
use super::register::{Region, Scenario, world_of};
use super::scalars::{GeoJson, H3Cell};
use super::types::{Category, Direction, PositionObject, Profile, round};
use super::{cost, current};
use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Change, QuestionError};
use walkshed_engine::geo::cell_centre;

/// Bytes of a hexagon with what changes in it, as GeoJSON.
const CHANGED_CELL_BYTES: usize = 480;

/// What becomes of people.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Change")]
pub enum CoverageChange {
    /// Covered, and not before.
    Gained,
    /// Not covered any more.
    Lost,
    /// Nearer than before, whether covered or not.
    Nearer,
    /// Farther than before, whether covered or not.
    Farther,
}

/// For how many people something changes.
#[derive(SimpleObject, Debug, Clone, Copy)]
pub struct CoverageBalance {
    /// People newly covered.
    gained: f64,
    /// People not covered any more.
    lost: f64,
    /// People who have it nearer than before, whether covered or not.
    nearer: f64,
    /// People who have it farther than before.
    farther: f64,
}

impl From<analysis::Balance> for CoverageBalance {
    fn from(b: analysis::Balance) -> Self {
        let people = |n: f64| round(n, 1);
        Self { gained: people(b.gained), lost: people(b.lost), nearer: people(b.nearer), farther: people(b.farther) }
    }
}

/// What changes for the people of a group.
#[derive(SimpleObject)]
pub struct GroupBalance {
    /// The group, as `dataset.population.groups` names it.
    group: String,
    /// Its people in the cells that were asked about.
    people: f64,
    /// What changes for them.
    balance: CoverageBalance,
}

/// What changes in one category alone.
#[derive(SimpleObject)]
pub struct CategoryBalance {
    /// The category; null where the need names kinds or a service.
    category: Option<Category>,
    /// Coverage before, by this category alone.
    before: CoveredPeople,
    /// Coverage after.
    after: CoveredPeople,
    /// What changes for all people asked about.
    balance: CoverageBalance,
}

/// What changes for the people of a region.
pub struct RegionBalance {
    world: Arc<World>,
    found: analysis::RegionChange,
}

/// What changes for the people of a region.
#[Object]
impl RegionBalance {
    /// Its code; null for people of whom it is not known where they belong.
    async fn code(&self) -> Option<&str> {
        self.found.code.as_deref()
    }

    /// Its name, where the register has it.
    async fn name(&self) -> Option<&str> {
        self.found.name.as_deref()
    }

    /// The region, where the register has it.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.place_of(self.found.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }

    /// Its people before.
    async fn before(&self) -> CoveredPeople {
        self.found.before.into()
    }

    /// Its people after.
    async fn after(&self) -> CoveredPeople {
        self.found.after.into()
    }

    /// What changes for them.
    async fn balance(&self) -> CoverageBalance {
        self.found.balance.into()
    }
}

/// A cell for whose people something changes.
pub struct ComparedCell {
    found: Arc<analysis::Comparison>,
    index: usize,
    people: f64,
}

impl ComparedCell {
    fn distance(&self, cell: &analysis::CellCover) -> Option<f64> {
        let measure = self.found.before.question.need.measure;
        measure.value(cell.time).filter(|_| cell.on_network).map(|v| round(v, 4))
    }
}

/// A cell for whose people something changes.
#[Object]
impl ComparedCell {
    /// Its H3 index.
    async fn cell(&self) -> H3Cell {
        H3Cell(self.found.before.cells[self.index].cell)
    }

    /// Its centre.
    async fn centre(&self) -> PositionObject {
        cell_centre(self.found.before.cells[self.index].cell).into()
    }

    /// The people for whom it changes so.
    async fn people(&self) -> f64 {
        round(self.people, 2)
    }

    /// How far they had it, in the unit of the answer; null past the horizon.
    async fn before(&self) -> Option<f64> {
        self.distance(&self.found.before.cells[self.index])
    }

    /// How far they have it now.
    async fn after(&self) -> Option<f64> {
        self.distance(&self.found.after.cells[self.index])
    }
}

/// One question asked of the city before and after: who gains, who loses.
pub struct ScenarioComparison {
    before: Arc<World>,
    after: Arc<World>,
    found: Arc<analysis::Comparison>,
}

/// One question asked of the city before and after: who gains, who loses.
#[Object]
impl ScenarioComparison {
    /// The scenario before; null for the city as it is.
    async fn scenario_before(&self) -> Option<Scenario> {
        Scenario::numbered(&self.before, self.before.scenario.as_ref()?.id)
    }

    /// The scenario after.
    async fn scenario_after(&self) -> Option<Scenario> {
        Scenario::numbered(&self.after, self.after.scenario.as_ref()?.id)
    }

    /// Coverage before.
    async fn before(&self) -> Coverage {
        Coverage::new(self.before.clone(), self.found.before.clone())
    }

    /// Coverage after.
    async fn after(&self) -> Coverage {
        Coverage::new(self.after.clone(), self.found.after.clone())
    }

    /// What distances count.
    async fn unit(&self) -> CoverageUnit {
        self.found.before.question.need.measure.into()
    }

    /// What changes for all people asked about.
    async fn balance(&self) -> CoverageBalance {
        self.found.total().into()
    }

    /// The same of each category alone. With the seven categories of a need that names none, people are covered when they have
    /// all of them; here is what changes in each.
    async fn by_category(&self) -> Vec<CategoryBalance> {
        let row = |p: &analysis::PartChange| CategoryBalance {
            category: p.category.map(Into::into),
            before: p.before.into(),
            after: p.after.into(),
            balance: p.balance.into(),
        };
        self.found.parts.iter().map(row).collect()
    }

    /// The same for every group that is known, everyone ("all") first. A cell's people of all groups are covered in the same
    /// part.
    #[graphql(complexity = "3000 + 10 * child_complexity")]
    async fn by_group(&self, ctx: &Context<'_>) -> Result<Vec<GroupBalance>> {
        let (world, found) = (self.after.clone(), self.found.clone());
        let groups = 1 + world.register.groups.len();
        let price = cost::rows(found.before.cells.len()).saturating_mul(groups);
        let rows = cost::priced(ctx, price, move || found.by_group(&world.register)).await?;
        cost::charge_rows(ctx, rows.len())?;
        let row = |g: analysis::GroupChange| GroupBalance {
            group: g.group,
            people: round(g.people, 1),
            balance: g.balance.into(),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The same by region one level below the one asked about, in the order of their codes. Their sums are the whole.
    #[graphql(complexity = "3000 + 40 * child_complexity")]
    async fn by_region(&self, ctx: &Context<'_>) -> Result<Vec<RegionBalance>> {
        let (world, found) = (self.after.clone(), self.found.clone());
        let price = cost::rows(3 * found.before.cells.len());
        let rows = cost::priced(ctx, price, move || found.by_region(&world.register)).await?;
        cost::charge_rows(ctx, rows.len())?;
        Ok(rows.into_iter().map(|found| RegionBalance { world: self.after.clone(), found }).collect())
    }

    /// The cells for whose people something changes so, most people first.
    #[graphql(complexity = "1000 + counted(first, last) * child_complexity")]
    async fn cells(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What becomes of them.")] change: CoverageChange,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end.")] last: Option<i32>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Result<Connection<String, ComparedCell, Total>> {
        let all = self.found.clone();
        let price = cost::rows(2 * all.before.cells.len());
        let list = cost::priced(ctx, price, move || all.cells(change.into())).await?;
        let rows: Vec<usize> = (0..list.len()).collect();
        let number = |i: usize| u64::from(self.found.before.cells[list[i].0].cell) as i64;
        let arguments = PageArguments { first, after, last, before };
        let found = page_by(&rows, |i| SortKey::Number(list[i].1), number, true, &arguments)?;
        let cell = |i: usize| ComparedCell { found: self.found.clone(), index: list[i].0, people: list[i].1 };
        Ok(connection(found, cell))
    }

    /// The cells for whose people anything changes, as a GeoJSON FeatureCollection of their hexagons, each with `gained`,
    /// `lost` (people), `covered_before`, `covered_after`, and `minutes_before`, `minutes_after` (or `metres_...`).
    #[graphql(complexity = 5000)]
    async fn cells_geojson(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let (world, found) = (self.after.clone(), self.found.clone());
        let all = found.before.cells.len();
        cost::charge(ctx, cost::rows(all))?;
        let changed = (0..all).filter(|&i| found.of_cell(i) != analysis::Balance::default()).count();
        let estimate = changed * CHANGED_CELL_BYTES;
        budget::charge(ctx, estimate)?;
        let text = cost::priced(ctx, cost::hexagons(changed), move || found.text(world.attribution())).await?;
        budget::charge(ctx, text.len().saturating_sub(estimate))?;
        Ok(GeoJson(text))
    }

    /// How this answer came about, so that it can be made again; `before` and `after` explain themselves.
    async fn explain(&self) -> Result<Explanation> {
        Ok(explain(&self.after, network_of(&self.after)?, &self.found.after.question, &METHOD))
    }
}

#[derive(Default)]
pub struct ComparisonQuery;

/// What would a change do?
#[Object]
impl ComparisonQuery {
    /// The same question asked of the city as it is (or as one scenario has it) and as another scenario has it: before, after,
    /// who gains, who loses. One of `before` and `after` must be given. Without a `need` it is asked of all seven categories
    /// within 15 minutes on foot, and `byCategory` has what changes in each.
    #[graphql(complexity = "cost::comparison(need.parts()) + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn compare_scenarios(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The scenario before, by its id or key; the city as it is when left out.")] before: Option<ID>,
        #[graphql(desc = "The scenario after, by its id or key; the city as it is when left out.")] after: Option<ID>,
        #[graphql(default_with = "NeedInput { min_count: 1, ..NeedInput::default() }", desc = "What they need.")] need: NeedInput,
        #[graphql(desc = "Only who lives in this region, by its code; everyone when left out.")] region: Option<String>,
        #[graphql(default = "all", desc = "Which group: a name that `dataset.population.groups` lists.")] group: String,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(default_with = "Direction::Towards", desc = "Which way people travel.")] direction: Direction,
        #[graphql(
            default = false,
            desc = "Each facility takes as many as its capacity says, the nearest first. For one category, kinds or service."
        )]
        capacity: bool,
    ) -> Result<ScenarioComparison> {
        network_of(current(ctx))?;
        let asked = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let asked = analysis::Question { with_capacity: capacity, ..asked };
        if before.is_none() && after.is_none() {
            return Err(bad_input(
                "after",
                "null",
                analysis::name_a_scenario(&current(ctx).register, |key| format!("compareScenarios(after: \"{key}\")")),
            ));
        }
        let (before, after) = (world_of(ctx, before.as_ref()).await?, world_of(ctx, after.as_ref()).await?);
        for world in [&before, &after] {
            // The whole, and each part alone, for which only homes are looked at again.
            let price = coverage_price(ctx, world, &asked, profile).await?;
            cost::charge(
                ctx,
                price.saturating_add(cost::rows(3 * asked.need.parts.len() * world.register.population.len())),
            )?;
        }
        let shared = (before.clone(), after.clone());
        let found = analyse(ctx, move || {
            analysis::compare(&shared.0, &shared.1, &asked).map_err(|e| match e {
                QuestionError::UnknownGroup(_) => bad_input("group", "", e),
                QuestionError::NoStreets(why) => not_ready(&why),
                QuestionError::Stopped(why) => stopped(why),
                _ => bad_input("capacity", "true:", e),
            })
        })
        .await??;
        Ok(ScenarioComparison { before, after, found: Arc::new(found) })
    }
}

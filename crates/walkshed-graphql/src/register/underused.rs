//! Centers that are little used for the people around them.

use super::Center;
use super::usage::{UsageObject, last_counted, period};
use crate::arguments::{region_code, require_network};
use crate::context::current;
use crate::cost;
use crate::cost::City;
use crate::error::stopped;
use crate::paging::{counted, page_size};
use crate::scalars::Day;
use crate::types::round;
use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Underused, underused};

/// A factor that may explain how much a center is used.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "analysis::Factor")]
pub enum UseFactor {
    /// Visits per day.
    Visits,
    /// People within 15 minutes on foot.
    Catchment,
    /// Opening hours per week.
    HoursOpen,
    /// The number of offers.
    Offers,
    /// The number of times events took place.
    Events,
    /// The share of the floor area open to residents.
    OpenShare,
    /// The share of suggestions that were answered.
    SuggestionsAnswered,
}

/// A value compared with a median.
#[derive(SimpleObject)]
pub struct ComparedNumber {
    /// The factor.
    factor: UseFactor,
    /// The value for this center.
    value: f64,
    /// The median over all compared centers.
    median: f64,
}

/// A center and its usage relative to its catchment.
pub struct UnderusedCenter {
    pub world: Arc<World>,
    pub found: Underused,
}

impl UnderusedCenter {
    fn main_reason(&self) -> ComparedNumber {
        let f = &self.found;
        ComparedNumber {
            factor: f.because.into(),
            value: round(f.because_value, 2),
            median: round(f.because_median, 2),
        }
    }
}

/// A center and its usage relative to its catchment.
#[Object]
impl UnderusedCenter {
    /// The center.
    async fn center(&self) -> Center {
        Center::at(&self.world, self.found.index)
    }

    /// The usage in the period.
    async fn usage(&self) -> UsageObject {
        UsageObject(self.found.usage.clone())
    }

    /// Its visits per day for each 1,000 people in the catchment, divided by the median over all compared centers.
    async fn ratio_to_median(&self) -> f64 {
        round(self.found.ratio_to_median, 4)
    }

    /// The main reason for the ranking: few VISITS or a large CATCHMENT, whichever is further from its median.
    async fn reason(&self) -> ComparedNumber {
        self.main_reason()
    }

    /// The main reason for the ranking.
    #[graphql(deprecation = "Use `reason`.")]
    async fn because(&self) -> ComparedNumber {
        self.main_reason()
    }

    /// The factor under the center's control that is lowest relative to its median. Null if none is below its median.
    async fn weakest(&self) -> Option<ComparedNumber> {
        let (factor, value, median) = self.found.weakest?;
        Some(ComparedNumber { factor: factor.into(), value: round(value, 2), median: round(median, 2) })
    }
}

/// Centers ranked by usage relative to their catchment, least used first.
#[derive(SimpleObject)]
pub struct UnderusedCenters {
    /// The centers, least used first.
    pub nodes: Vec<UnderusedCenter>,
    /// The number of centers with visit counts that were compared.
    pub compared: u64,
    /// First day of the period.
    pub from: Day,
    /// Last day of the period.
    pub to: Day,
}

#[derive(Default)]
pub struct UnderusedQuery;

/// Queries about usage of centers.
#[Object]
impl UnderusedQuery {
    /// Ranks centers with visit counts by usage relative to the people within 15 minutes on foot, least used first,
    /// with the main reason for each rank.
    #[graphql(complexity = "5000 + counted(first, None) * child_complexity")]
    async fn underused_centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only centers in the region with this code.")] region: Option<String>,
        #[graphql(
            desc = "First day of the period. If omitted, the period is the 30 days up to `to`. A period has at most 3,660 days."
        )]
        from: Option<Day>,
        #[graphql(
            desc = "Last day of the period. The default is the last day with visit counts at any center, or today if there is none."
        )]
        to: Option<Day>,
        #[graphql(desc = "Maximum number of centers to return (default 20, maximum 1000).")] first: Option<i32>,
    ) -> Result<UnderusedCenters> {
        let world = current(ctx).clone();
        require_network(&world)?;
        let period = period(&world, from, to, last_counted(&world))?;
        let (max, region) = (page_size("first", first)?, region_code("region", region.as_deref())?);
        let shared = world.clone();
        let count = region.as_ref().map_or(world.register.centers.len(), |r| world.register.centers_in(r).len());
        let price = City::of(&world).counted_usage(count, period.days());
        let work = move || underused(&shared, region.as_ref(), period).map_err(stopped);
        let (list, compared) = cost::charge_and_run(ctx, price, work).await??;
        let nodes = list.into_iter().take(max).map(|found| UnderusedCenter { world: world.clone(), found });
        Ok(UnderusedCenters {
            nodes: nodes.collect(),
            compared: compared as u64,
            from: Day(period.from),
            to: Day(period.to),
        })
    }
}

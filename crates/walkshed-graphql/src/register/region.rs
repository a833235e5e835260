//! Regions.

use super::center::CenterConnection;
use super::usage::{UsageObject, period};
use super::{Center, id_of, of_world};
use crate::budget;
use crate::cost::{self, City};
use crate::error::stopped;
use crate::paging::{PageArguments, connection, counted, page};
use crate::scalars::{Day, GeoJson};
use crate::words::RegionLevel;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;
use walkshed_analysis::region_usage;
use walkshed_analysis::world::World;
use walkshed_register as register;

of_world! {
    /// A region: the city, a district, a town or a division. It holds all whose codes begin with its own.
    Region, regions
}

/// A region: the city, a district, a town or a division. It holds all whose codes begin with its own.
#[Object]
impl Region {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// Counts its changes; an update must name the one it was made from.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The digits of its level: 50 a city, 500106 a district, 500106013 a town, 500106013004 a division.
    async fn code(&self) -> &str {
        self.row().code.as_str()
    }

    /// How large it is.
    async fn level(&self) -> RegionLevel {
        self.row().code.level().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English, where it has one.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// The outline, where it is known: a GeoJSON Polygon or MultiPolygon.
    #[graphql(complexity = 100)]
    async fn outline(&self, ctx: &Context<'_>) -> Option<Result<GeoJson>> {
        // An error inside of the option leaves null here alone, and the rest of the answer stands.
        let text = self.row().outline.as_ref()?;
        Some(budget::charge(ctx, text.len()).map(|()| GeoJson(text.clone())))
    }

    /// The smallest region of the register that holds it.
    async fn parent(&self) -> Option<Self> {
        self.world.register.region_above(&self.row().code).map(|place| Self::at(&self.world, place))
    }

    /// The regions next below it, by id.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn children(&self, ctx: &Context<'_>) -> Result<Vec<Self>> {
        let below = self.world.register.regions_of_region(self.index);
        cost::charge_rows(ctx, below.len())?;
        Ok(below.iter().map(|&place| Self::at(&self.world, place as usize)).collect())
    }

    /// How many centers it holds.
    async fn center_count(&self) -> u64 {
        self.world.register.centers_in(&self.row().code).len() as u64
    }

    /// The centers it holds, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<CenterConnection> {
        let register = &self.world.register;
        let mut list: Vec<usize> = register.centers_in(&self.row().code).iter().map(|&i| i as usize).collect();
        cost::charge(ctx, cost::rows(list.len()))?;
        list.sort_unstable();
        let found = page(&list, |i| register.centers[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Center::at(&self.world, i)))
    }

    /// How well its centers are used.
    #[graphql(complexity = "5000 + child_complexity")]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "First day; when left out, the period is the 30 days up to `to`. A period has 3,660 days at most."
        )]
        from: Option<Day>,
        #[graphql(desc = "Last day; the last day that was counted anywhere when left out, or today.")] to: Option<Day>,
    ) -> Result<UsageObject> {
        let period = period(&self.world, from, to, super::usage::last_counted(&self.world))?;
        let (world, index) = (self.world.clone(), self.index);
        let count = world.register.centers_in(&self.row().code).len();
        let price = City::of(&world).usage(count, period.days());
        let work = move || region_usage(&world, &world.register.regions[index].code, period).map_err(stopped);
        Ok(UsageObject(cost::priced(ctx, price, work).await??))
    }
}

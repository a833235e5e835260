//! Regions.

use super::usage::{UsageObject, period};
use super::{Center, id_of, of_world};
use crate::budget;
use crate::cost::{self, City};
use crate::enums::RegionLevel;
use crate::error::stopped;
use crate::paging::{PageArguments, Paged, counted};
use crate::scalars::{Day, GeoJson};
use async_graphql::{Context, ID, Object, Result};
use walkshed_analysis::region_usage;

of_world! {
    /// A region: the city, a district, a town or a division. It contains all records whose codes begin with its code.
    Region, regions
}

/// A region: the city, a district, a town or a division. It contains all records whose codes begin with its code.
#[Object]
impl Region {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// The version, increased by every change. An update must name the version that it is based on.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The code, whose length gives the level: 50 is a city, 500106 a district, 500106013 a town, 500106013004 a
    /// division.
    async fn code(&self) -> &str {
        self.row().code.as_str()
    }

    /// The level.
    async fn level(&self) -> RegionLevel {
        self.row().code.level().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English, if recorded.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// The outline as a GeoJSON Polygon or MultiPolygon. Null if unknown.
    #[graphql(complexity = 100)]
    async fn outline(&self, ctx: &Context<'_>) -> Option<Result<GeoJson>> {
        // An error inside the option makes only this field null.
        let text = self.row().outline.as_ref()?;
        Some(budget::charge(ctx, text.len()).map(|()| GeoJson(text.clone())))
    }

    /// The smallest registered region that contains it.
    async fn parent(&self) -> Option<Self> {
        self.world.register.parent_region(&self.row().code).map(|place| Self::at(&self.world, place))
    }

    /// The regions directly below it, in order of id.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn children(&self, ctx: &Context<'_>) -> Result<Vec<Self>> {
        let below = self.world.register.regions_of_region(self.index);
        cost::charge_rows(ctx, below.len())?;
        Ok(below.iter().map(|&place| Self::at(&self.world, place as usize)).collect())
    }

    /// The number of centers in it.
    async fn center_count(&self) -> u64 {
        self.world.register.centers_in(&self.row().code).len() as u64
    }

    /// The centers in it, in order of id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
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
    ) -> Result<Paged<Center>> {
        let register = &self.world.register;
        let mut list: Vec<usize> = register.centers_in(&self.row().code).iter().map(|&i| i as usize).collect();
        cost::charge(ctx, cost::rows(list.len()))?;
        list.sort_unstable();
        Center::page(&self.world, &list, &PageArguments { first, after, last, before })
    }

    /// The usage of its centers in a period.
    #[graphql(complexity = "5000 + child_complexity")]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "First day of the period. If omitted, the period is the 30 days up to `to`. A period has at most 3,660 days."
        )]
        from: Option<Day>,
        #[graphql(
            desc = "Last day of the period. The default is the last day with visit counts at any center, or today if there is none."
        )]
        to: Option<Day>,
    ) -> Result<UsageObject> {
        let period = period(&self.world, from, to, super::usage::last_counted(&self.world))?;
        let (world, index) = (self.world.clone(), self.index);
        let count = world.register.centers_in(&self.row().code).len();
        let price = City::of(&world).usage(count, period.days());
        let work = move || region_usage(&world, &world.register.regions[index].code, period).map_err(stopped);
        Ok(UsageObject(cost::charge_and_run(ctx, price, work).await??))
    }
}

//! The loaded data: sources, dates, quantities and warnings.

use crate::arguments::require_network;
use crate::context::{current, live};
use crate::cost;
use crate::scalars::DateTime;
use crate::streets::{Streets, find_cut_off};
use crate::types::{CategoryCount, Profile, round};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_register::{DEMONSTRATION_NOTICE, EVERYONE, ImportRecord};

/// The loaded data.
pub struct Dataset(Arc<World>);

/// The population.
#[derive(SimpleObject)]
pub struct Population {
    /// The number of H3 cells with people.
    cells: u64,
    /// The number of people in these cells.
    people: f64,
    /// The H3 resolution of the cells. Null if there are none.
    resolution: Option<i32>,
    /// The number of cells whose centre is too far from any street that the profile ADULT can use. No walkshed contains
    /// them.
    cells_off_network: u64,
    /// The number of people in those cells.
    people_off_network: f64,
    /// The population groups, starting with everyone ("all").
    groups: Vec<GroupCount>,
}

/// A population group.
#[derive(SimpleObject)]
pub struct GroupCount {
    /// The name, such as "all", "60_plus", "0_6" or "new_employment".
    name: String,
    /// The number of people.
    people: f64,
    /// The number of H3 cells in which they live.
    cells: u64,
}

/// An import that changed the register.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Import {
    /// The type of the records: "centers", "facilities", "services", "offers", "events", "visits", "suggestions",
    /// "regions" or "population".
    kind: String,
    /// The name of the file.
    source: String,
    /// The number of rows in the file.
    rows: u64,
    /// The number of new records.
    inserted: u64,
    /// The number of changed records.
    updated: u64,
    /// The number of unchanged records.
    unchanged: u64,
    /// The number of rejected rows.
    refused: u64,
    #[graphql(skip)]
    at: String,
}

#[ComplexObject]
impl Import {
    /// The time of the import.
    async fn at(&self) -> Option<DateTime> {
        self.at.parse().ok().map(DateTime)
    }
}

impl From<&ImportRecord> for Import {
    fn from(r: &ImportRecord) -> Self {
        Self {
            kind: r.kind.clone(),
            source: r.source.clone(),
            rows: r.rows,
            inserted: r.inserted,
            updated: r.updated,
            unchanged: r.unchanged,
            refused: r.refused,
            at: r.at.clone(),
        }
    }
}

/// The loaded data.
#[Object]
impl Dataset {
    /// The version of the whole snapshot, which changes with every change to the data. Every response contains it in
    /// `extensions.worldVersion`.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// Whether the data are synthetic. True for the demonstration city until `walkshed demo --remove` removes it.
    async fn synthetic(&self) -> bool {
        self.0.register.demonstration.is_some()
    }

    /// A notice to display with synthetic data. Null for real data.
    async fn notice(&self) -> Option<&'static str> {
        self.0.register.demonstration.map(|_| DEMONSTRATION_NOTICE)
    }

    /// The street network. Null if none has been imported.
    async fn streets(&self) -> Option<Streets> {
        self.0.network().is_ok().then(|| Streets(self.0.clone()))
    }

    /// The number of centers.
    async fn center_count(&self) -> u64 {
        self.0.register.centers.len() as u64
    }

    /// The number of facilities.
    async fn facility_count(&self) -> u64 {
        self.0.register.facilities.len() as u64
    }

    /// The number of services.
    async fn service_count(&self) -> u64 {
        self.0.register.services.len() as u64
    }

    /// The number of offers.
    async fn offer_count(&self) -> u64 {
        self.0.register.offers.len() as u64
    }

    /// The number of events.
    async fn event_count(&self) -> u64 {
        self.0.register.events.len() as u64
    }

    /// The number of suggestions.
    async fn suggestion_count(&self) -> u64 {
        self.0.register.suggestions.len() as u64
    }

    /// The number of regions.
    async fn region_count(&self) -> u64 {
        self.0.register.regions.len() as u64
    }

    /// The number of days with visit counts, summed over centers.
    async fn visit_day_count(&self) -> u64 {
        self.0.register.visit_days()
    }

    /// The time zone of opening hours and events, an IANA name.
    async fn time_zone(&self) -> String {
        self.0.register.calendar.zone.to_string()
    }

    /// The source of the public holidays: "built in", or the name of a file.
    async fn holidays(&self) -> &str {
        self.0.register.calendar.source()
    }

    /// The number of facilities too far from any street that the profile ADULT can use. `nearby` never finds them for
    /// that profile.
    async fn facilities_off_network(&self) -> u64 {
        self.0.facilities_off_network()
    }

    /// The number of open facilities in each of the seven categories.
    async fn facilities_by_category(&self, ctx: &Context<'_>) -> Result<Vec<CategoryCount>> {
        cost::charge(ctx, cost::scan(self.0.register.facilities.len()))?;
        Ok(CategoryCount::all(self.0.facilities_by_category()))
    }

    /// The population.
    async fn population(&self, ctx: &Context<'_>) -> Result<Population> {
        // Everyone is scanned twice, each group once.
        let register = &self.0.register;
        cost::charge(ctx, cost::scan(register.population.len() * (3 + register.groups.len())))?;
        let (cells_off_network, people_off_network) = self.0.population_off_network();
        Ok(Population {
            cells: self.0.register.population.len() as u64,
            people: self.0.total_population(),
            resolution: self.0.register.population.first().map(|c| u8::from(c.cell.resolution()).into()),
            cells_off_network,
            people_off_network,
            groups: groups(&self.0),
        })
    }

    /// The last 50 imports that changed the register, newest first.
    async fn imports(&self) -> Vec<Import> {
        self.0.register.imports.iter().map(Import::from).collect()
    }

    /// Problems with the data, one sentence each, with the command that fixes it. Failures to load data come first,
    /// with the data that remain in use instead.
    async fn problems(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        find_cut_off(ctx, &self.0).await?;
        Ok(live(ctx).map_or_else(|_| self.0.problems(), |live| live.problems(&self.0)))
    }
}

fn groups(world: &World) -> Vec<GroupCount> {
    let register = &world.register;
    let others = register.groups.keys().map(String::as_str);
    let group = |name: &str| {
        let cells = register.people(name)?;
        let people = round(cells.iter().map(|c| c.people).sum(), 1);
        Some(GroupCount { name: name.to_owned(), people, cells: cells.len() as u64 })
    };
    std::iter::once(EVERYONE).chain(others).filter_map(group).collect()
}

#[derive(Default)]
pub struct DatasetQuery;

/// The loaded data.
#[Object]
impl DatasetQuery {
    /// The loaded data: sources, dates, quantities and warnings.
    async fn dataset(&self, ctx: &Context<'_>) -> Dataset {
        Dataset(current(ctx).clone())
    }

    /// The assumptions behind the travel times of a profile: speeds, slopes, restrictions.
    async fn assumptions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
    ) -> Result<Vec<String>> {
        Ok(walkshed_analysis::assumptions(require_network(current(ctx))?, profile.into()))
    }
}

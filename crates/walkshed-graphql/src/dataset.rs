//! What is loaded: when, from what, how much, with which warnings.

use super::cost::{self, City};
use super::scalars::DateTime;
use super::types::{CategoryCount, PositionObject, Profile};
use super::{current, live};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::{CutOffPiece, World};
use walkshed_engine::Network;
use walkshed_engine::build::StreetsReport;
use walkshed_engine::geo::degrees_beside;
use walkshed_register::{DEMONSTRATION_TEXT, EVERYONE, ImportRecord};

/// What is loaded.
pub struct Dataset(Arc<World>);

/// The street network.
pub struct Streets(Arc<World>);

/// A name and how many.
#[derive(SimpleObject)]
pub struct Count {
    /// What is counted.
    name: String,
    /// How many.
    count: u64,
}

/// A rectangle in WGS-84 degrees. Where it crosses the 180th meridian, `west` is more than `east`.
#[derive(SimpleObject)]
pub struct Bounds {
    /// Westernmost longitude.
    west: f64,
    /// Southernmost latitude.
    south: f64,
    /// Easternmost longitude.
    east: f64,
    /// Northernmost latitude.
    north: f64,
}

/// Who lives where.
#[derive(SimpleObject)]
pub struct Population {
    /// H3 cells with people.
    cells: u64,
    /// People in them.
    people: f64,
    /// H3 resolution of the cells; null when there are none.
    resolution: Option<i32>,
    /// Cells whose centre is too far from any street an adult can use: they are in no walkshed.
    cells_off_network: u64,
    /// People in those cells.
    people_off_network: f64,
    /// Groups of people that are told apart, everyone ("all") first.
    groups: Vec<GroupCount>,
}

/// A group of people.
#[derive(SimpleObject)]
pub struct GroupCount {
    /// Its name: "all", "60_plus", "0_6", "new_employment", ...
    name: String,
    /// How many there are.
    people: f64,
    /// H3 cells in which they live.
    cells: u64,
}

/// One import that changed the register.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Import {
    /// What the file held: "centers", "facilities", "services", "offers", "events", "visits", "suggestions", "regions" or
    /// "population".
    kind: String,
    /// Name of the file.
    source: String,
    /// Rows in the file.
    rows: u64,
    /// Of them new.
    inserted: u64,
    /// Of them changed.
    updated: u64,
    /// Of them the same as before.
    unchanged: u64,
    /// Of them refused.
    refused: u64,
    #[graphql(skip)]
    at: String,
}

#[ComplexObject]
impl Import {
    /// When it was carried out.
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

/// What is loaded.
#[Object]
impl Dataset {
    /// Version of the whole snapshot; it changes with every change of anything in it, and every answer carries it in
    /// `extensions.worldVersion`.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// Is everything here made up? True for the demonstration city, until `walkshed demo --remove` has taken it away.
    async fn synthetic(&self) -> bool {
        self.0.register.demonstration.is_some()
    }

    /// What to tell everyone of made-up data; null for real ones.
    async fn notice(&self) -> Option<&'static str> {
        self.0.register.demonstration.map(|_| DEMONSTRATION_TEXT)
    }

    /// The street network; null when none has been imported.
    async fn streets(&self) -> Option<Streets> {
        self.0.network().is_ok().then(|| Streets(self.0.clone()))
    }

    /// Centers in the register.
    async fn center_count(&self) -> u64 {
        self.0.register.centers.len() as u64
    }

    /// Facilities in the register.
    async fn facility_count(&self) -> u64 {
        self.0.register.facilities.len() as u64
    }

    /// Services in the register.
    async fn service_count(&self) -> u64 {
        self.0.register.services.len() as u64
    }

    /// Offers in the register.
    async fn offer_count(&self) -> u64 {
        self.0.register.offers.len() as u64
    }

    /// Events in the register.
    async fn event_count(&self) -> u64 {
        self.0.register.events.len() as u64
    }

    /// Suggestions in the register.
    async fn suggestion_count(&self) -> u64 {
        self.0.register.suggestions.len() as u64
    }

    /// Regions in the register.
    async fn region_count(&self) -> u64 {
        self.0.register.regions.len() as u64
    }

    /// Days of visits in the register, summed over centers.
    async fn visit_day_count(&self) -> u64 {
        self.0.register.visit_days()
    }

    /// The time zone of opening hours and events.
    async fn time_zone(&self) -> String {
        self.0.register.calendar.zone.to_string()
    }

    /// Where the public holidays come from: "built in", or the name of a file.
    async fn holidays(&self) -> &str {
        self.0.register.calendar.source()
    }

    /// Facilities too far from any street an adult can use: `nearby` never finds them for an ADULT.
    async fn facilities_off_network(&self) -> u64 {
        self.0.facilities_off_network()
    }

    /// Open facilities by category; all seven are listed.
    async fn facilities_by_category(&self, ctx: &Context<'_>) -> Result<Vec<CategoryCount>> {
        cost::charge(ctx, cost::scan(self.0.register.facilities.len()))?;
        Ok(CategoryCount::all(self.0.facilities_by_category()))
    }

    /// Who lives where.
    async fn population(&self, ctx: &Context<'_>) -> Result<Population> {
        // Everyone twice, and each group once.
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

    /// What is missing or wrong, in sentences that say what to run; first what could not be loaded, with what stays in force
    /// instead.
    async fn problems(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        find_cut_off(ctx, &self.0).await?;
        Ok(live(ctx).map_or_else(|_| self.0.problems(), |live| live.problems(&self.0)))
    }
}

/// Finds the streets that are cut off, away from the threads that answer, where nobody has asked for them yet.
async fn find_cut_off(ctx: &Context<'_>, world: &Arc<World>) -> Result<()> {
    if world.knows_cut_off() {
        return Ok(());
    }
    let (shared, price) = (world.clone(), City::of(world).streets());
    cost::priced(ctx, price, move || shared.cut_off().pieces.len()).await.map(|_| ())
}

impl Streets {
    fn network(&self) -> &Network {
        self.0.network().unwrap_or_else(|_| unreachable!("only made when there is a network"))
    }

    fn report(&self) -> &StreetsReport {
        &self.network().meta().report
    }
}

fn groups(world: &World) -> Vec<GroupCount> {
    let register = &world.register;
    let others = register.groups.keys().map(String::as_str);
    let group = |name: &str| {
        let cells = register.people(name)?;
        let people = super::types::round(cells.iter().map(|c| c.people).sum(), 1);
        Some(GroupCount { name: name.to_owned(), people, cells: cells.len() as u64 })
    };
    std::iter::once(EVERYONE).chain(others).filter_map(group).collect()
}

fn counts(of: &std::collections::BTreeMap<String, u64>) -> Vec<Count> {
    of.iter().map(|(name, &count)| Count { name: name.clone(), count }).collect()
}

/// The street network.
#[Object]
impl Streets {
    /// Name of the OpenStreetMap extract.
    async fn source(&self) -> &str {
        &self.report().source
    }

    /// Who made the data.
    async fn attribution(&self) -> &'static str {
        self.0.attribution()
    }

    /// When it was imported.
    async fn imported_at(&self) -> Option<DateTime> {
        self.report().built_at.parse().ok().map(DateTime)
    }

    /// Junctions (vertices).
    async fn junctions(&self) -> u64 {
        self.report().vertices
    }

    /// Street segments between junctions (edges).
    async fn segments(&self) -> u64 {
        self.report().edges
    }

    /// Kilometres of street.
    async fn length_km(&self) -> f64 {
        super::types::round(self.report().length_km, 1)
    }

    /// Segments by what they are: street, path, steps, lift, ferry, ...
    async fn kinds(&self) -> Vec<Count> {
        counts(&self.report().kinds)
    }

    /// Street ways of the extract that were left out, by reason.
    async fn left_out(&self) -> Vec<Count> {
        counts(&self.report().left_out)
    }

    /// Pieces of street that are cut off: no mapped street joins them to a network that counts.
    async fn islands(&self) -> u64 {
        self.report().islands
    }

    /// Who lives and what stands on streets that are cut off, or behind private gates.
    #[graphql(complexity = "200 + child_complexity")]
    async fn cut_off(&self, ctx: &Context<'_>) -> Result<CutOffStreets> {
        find_cut_off(ctx, &self.0).await?;
        Ok(CutOffStreets(self.0.clone()))
    }

    /// Elevation files that were given. Without any, and where `warnings` says that they hold no heights here, all ground counts
    /// as level.
    async fn elevation(&self) -> &[String] {
        &self.report().elevation
    }

    /// Junctions for which the elevation files hold no height: in their voids, or outside.
    async fn junctions_without_height(&self) -> u64 {
        self.report().vertices_without_height
    }

    /// Of them, those in voids of the files. They take the height of the void's rim; where a file has no height at all, that of
    /// a neighbour.
    async fn junctions_in_voids(&self) -> u64 {
        self.report().vertices_in_voids
    }

    /// Of them, those outside the files. They take the height of a neighbour.
    async fn junctions_outside_elevation(&self) -> u64 {
        self.report().vertices_outside_elevation
    }

    /// What was odd about the files.
    async fn warnings(&self) -> &[String] {
        &self.report().warnings
    }

    /// What the junctions lie in.
    async fn bounds(&self) -> Bounds {
        let [west, south, east, north] = self.network().meta().bounds;
        let on_globe = |lon: f64| super::types::round(degrees_beside(lon, 0.0), 7);
        Bounds { west: on_globe(west), south, east: on_globe(east), north }
    }
}

/// Streets that are cut off from the networks that count, and streets behind private gates, as people on foot see them.
pub struct CutOffStreets(Arc<World>);

/// Streets that are cut off from the networks that count, and streets behind private gates, as people on foot see them.
#[Object]
impl CutOffStreets {
    /// Pieces that are cut off.
    async fn pieces(&self) -> u64 {
        self.0.cut_off().pieces.len() as u64
    }

    /// Of these, pieces that a leg off the network joins to a street: people get out and in by it.
    async fn joined(&self) -> u64 {
        self.0.cut_off().pieces.iter().filter(|p| p.piece.leg_m.is_some()).count() as u64
    }

    /// People on pieces that are cut off.
    async fn people(&self) -> f64 {
        super::types::round(self.0.cut_off().totals(false).0, 1)
    }

    /// Facilities on pieces that are cut off.
    async fn facilities(&self) -> u64 {
        self.0.cut_off().totals(false).1
    }

    /// People on pieces that no leg joins to a street: they reach nothing beyond their piece.
    async fn people_without_way_out(&self) -> f64 {
        super::types::round(self.0.cut_off().totals(true).0, 1)
    }

    /// Facilities on pieces that no leg joins to a street.
    async fn facilities_without_way_out(&self) -> u64 {
        self.0.cut_off().totals(true).1
    }

    /// People in gated compounds and on private roads, which are passable as the first and the last leg of a trip.
    async fn people_in_restricted_zones(&self) -> f64 {
        super::types::round(self.0.cut_off().restricted_people, 1)
    }

    /// Facilities in gated compounds and on private roads.
    async fn facilities_in_restricted_zones(&self) -> u64 {
        self.0.cut_off().restricted_facilities
    }

    /// The pieces with most people, then the longest: 20 at most.
    async fn largest(&self) -> Vec<CutOffPieceObject> {
        self.0.cut_off().pieces.iter().take(20).map(CutOffPieceObject::from).collect()
    }
}

/// A piece of street that is cut off.
#[derive(SimpleObject)]
#[graphql(name = "CutOffPiece")]
pub struct CutOffPieceObject {
    /// One of its junctions.
    position: PositionObject,
    /// Kilometres of street.
    length_km: f64,
    /// Street segments.
    segments: u64,
    /// People whose place joins it.
    people: f64,
    /// Facilities that join it.
    facilities: u64,
    /// The shortest leg off the network that joins it to a street, metres; null where no street is near enough.
    leg_m: Option<f64>,
}

impl From<&CutOffPiece> for CutOffPieceObject {
    fn from(found: &CutOffPiece) -> Self {
        Self {
            position: found.piece.at.into(),
            length_km: super::types::round(found.piece.length_m / 1000.0, 3),
            segments: found.piece.segments,
            people: super::types::round(found.people, 1),
            facilities: found.facilities,
            leg_m: found.piece.leg_m.map(|m| super::types::round(m, 1)),
        }
    }
}

#[derive(Default)]
pub struct DatasetQuery;

/// What is loaded.
#[Object]
impl DatasetQuery {
    /// What is loaded: when, from what, how much, with which warnings.
    async fn dataset(&self, ctx: &Context<'_>) -> Dataset {
        Dataset(current(ctx).clone())
    }

    /// What the times of a profile take for granted: speeds, slopes, what is barred.
    async fn assumptions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
    ) -> Result<Vec<String>> {
        Ok(walkshed_analysis::assumptions(super::reach::network_of(current(ctx))?, profile.into()))
    }
}

//! The loaded data: sources, dates, quantities and warnings.

use super::cost::{self, City};
use super::scalars::DateTime;
use super::types::{CategoryCount, PositionObject, Profile};
use super::{current, live};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::{CutOffPiece, World};
use walkshed_engine::Network;
use walkshed_engine::build::StreetsReport;
use walkshed_engine::geo::longitude_near;
use walkshed_register::{DEMONSTRATION_TEXT, EVERYONE, ImportRecord};

/// The loaded data.
pub struct Dataset(Arc<World>);

/// The street network.
pub struct Streets(Arc<World>);

/// A name and a number.
#[derive(SimpleObject)]
pub struct Count {
    /// The name of what is counted.
    name: String,
    /// The number.
    count: u64,
}

/// A rectangle in WGS-84 degrees. If it crosses the 180th meridian, `west` is greater than `east`.
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
        self.0.register.demonstration.map(|_| DEMONSTRATION_TEXT)
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

/// Finds the streets that are cut off, on a separate thread, unless they are known already.
async fn find_cut_off(ctx: &Context<'_>, world: &Arc<World>) -> Result<()> {
    if world.is_cut_off_computed() {
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
    /// The name of the OpenStreetMap extract.
    async fn source(&self) -> &str {
        &self.report().source
    }

    /// The attribution of the data.
    async fn attribution(&self) -> &'static str {
        self.0.attribution()
    }

    /// The time of the import.
    async fn imported_at(&self) -> Option<DateTime> {
        self.report().built_at.parse().ok().map(DateTime)
    }

    /// The number of junctions (vertices).
    async fn junctions(&self) -> u64 {
        self.report().vertices
    }

    /// The number of street segments between junctions (edges).
    async fn segments(&self) -> u64 {
        self.report().edges
    }

    /// The length of the streets in kilometres.
    async fn length_km(&self) -> f64 {
        super::types::round(self.report().length_km, 1)
    }

    /// The number of segments by kind: street, path, steps, lift, ferry, ...
    async fn kinds(&self) -> Vec<Count> {
        counts(&self.report().kinds)
    }

    /// The number of street ways in the extract that were skipped, by reason.
    async fn left_out(&self) -> Vec<Count> {
        counts(&self.report().left_out)
    }

    /// The number of pieces of the network that are cut off: no mapped street connects them to the main network.
    async fn islands(&self) -> u64 {
        self.report().islands
    }

    /// The people and facilities on streets that are cut off or behind private gates.
    #[graphql(complexity = "200 + child_complexity")]
    async fn cut_off(&self, ctx: &Context<'_>) -> Result<CutOffStreets> {
        find_cut_off(ctx, &self.0).await?;
        Ok(CutOffStreets(self.0.clone()))
    }

    /// The elevation files used in the import. Without any, or if `warnings` reports that they do not cover the area,
    /// the ground counts as level.
    async fn elevation(&self) -> &[String] {
        &self.report().elevation
    }

    /// The number of junctions without a height in the elevation files: in voids, or outside the files.
    async fn junctions_without_height(&self) -> u64 {
        self.report().vertices_without_height
    }

    /// The number of these junctions in voids of the files. They take the height of the rim of the void, or of a
    /// neighbour if the file has no heights at all.
    async fn junctions_in_voids(&self) -> u64 {
        self.report().vertices_in_voids
    }

    /// The number of these junctions outside the files. They take the height of a neighbour.
    async fn junctions_outside_elevation(&self) -> u64 {
        self.report().vertices_outside_elevation
    }

    /// Warnings about the imported files.
    async fn warnings(&self) -> &[String] {
        &self.report().warnings
    }

    /// The bounding box of the junctions.
    async fn bounds(&self) -> Bounds {
        let [west, south, east, north] = self.network().meta().bounds;
        let on_globe = |lon: f64| super::types::round(longitude_near(lon, 0.0), 7);
        Bounds { west: on_globe(west), south, east: on_globe(east), north }
    }
}

/// Streets that are cut off from the main network, and streets behind private gates, for people on foot.
pub struct CutOffStreets(Arc<World>);

/// Streets that are cut off from the main network, and streets behind private gates, for people on foot.
#[Object]
impl CutOffStreets {
    /// The number of pieces that are cut off.
    async fn pieces(&self) -> u64 {
        self.0.cut_off().pieces.len() as u64
    }

    /// The number of these pieces that an off-network leg connects to a street, so that people can get in and out.
    async fn joined(&self) -> u64 {
        self.0.cut_off().pieces.iter().filter(|p| p.piece.leg_m.is_some()).count() as u64
    }

    /// The number of people on pieces that are cut off.
    async fn people(&self) -> f64 {
        super::types::round(self.0.cut_off().totals(false).0, 1)
    }

    /// The number of facilities on pieces that are cut off.
    async fn facilities(&self) -> u64 {
        self.0.cut_off().totals(false).1
    }

    /// The number of people on pieces without an off-network leg to a street. They reach nothing beyond their piece.
    async fn people_without_way_out(&self) -> f64 {
        super::types::round(self.0.cut_off().totals(true).0, 1)
    }

    /// The number of facilities on pieces without an off-network leg to a street.
    async fn facilities_without_way_out(&self) -> u64 {
        self.0.cut_off().totals(true).1
    }

    /// The number of people in gated compounds and on private roads, which can be used only at the start and the end of
    /// a trip.
    async fn people_in_restricted_zones(&self) -> f64 {
        super::types::round(self.0.cut_off().restricted_people, 1)
    }

    /// The number of facilities in gated compounds and on private roads.
    async fn facilities_in_restricted_zones(&self) -> u64 {
        self.0.cut_off().restricted_facilities
    }

    /// The pieces with the most people, then the longest. At most 20.
    async fn largest(&self) -> Vec<CutOffPieceObject> {
        self.0.cut_off().pieces.iter().take(20).map(CutOffPieceObject::from).collect()
    }
}

/// A piece of the street network that is cut off.
#[derive(SimpleObject)]
#[graphql(name = "CutOffPiece")]
pub struct CutOffPieceObject {
    /// The position of one of its junctions.
    position: PositionObject,
    /// The length of the streets in kilometres.
    length_km: f64,
    /// The number of street segments.
    segments: u64,
    /// The number of people snapped to it.
    people: f64,
    /// The number of facilities snapped to it.
    facilities: u64,
    /// The length in metres of the shortest off-network leg to a street. Null if no street is close enough.
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
        Ok(walkshed_analysis::assumptions(super::reach::network_of(current(ctx))?, profile.into()))
    }
}

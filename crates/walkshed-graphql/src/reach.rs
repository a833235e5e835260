//! Walksheds and what is nearby.

use super::budget;
use super::error::{bad_input, not_found, not_ready, over_limit, stopped, too_many, within_bound};
use super::ids::{decode, encode};
use super::paging::{Total, counted, page_size};
use super::register::{Facility, kind_keys, service_numbers, world_of};
use super::scalars::{Cells, DateTime, GeoJson, Numbers};
use super::types::{
    Category, CategoryCount, Direction, PlaceInput, Profile, SnappedPlace, minutes as to_minutes, round,
};
use super::words::{Audience, all};
use super::{cost, limits};
use async_graphql::connection::{Connection, ConnectionNameType, Edge, EdgeNameType};
use async_graphql::{Context, ID, Object, OutputType, Result, SimpleObject};
use h3o::Resolution;
use std::fmt::Write;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, NearbyQuery, Wishes};
use walkshed_engine::geo::{multi_polygon_text, push_line};
use walkshed_engine::walkshed::{CellsError, Reach, cells_around, reached_cells};
use walkshed_engine::{Deciseconds, Network};
use walkshed_register as register;

/// Bands of a walkshed at most.
const MAX_BANDS: usize = 10;
/// Cells looked at for one answer at most.
const MAX_CELLS: usize = 100_000;
/// Bytes of a reached street piece with its times, as GeoJSON; of a cell with its time, as text and as values before that.
const SEGMENT_BYTES: usize = 260;
const CELL_TIME_BYTES: usize = 130;

/// All that can be reached from a place, or all from where it can be reached, within some minutes.
pub struct Walkshed {
    world: Arc<World>,
    found: Arc<analysis::Walkshed>,
}

/// What is within so many minutes.
pub struct WalkshedBand {
    world: Arc<World>,
    found: Arc<analysis::Walkshed>,
    index: usize,
}

/// H3 cells with their times, as two lists of the same length.
#[derive(SimpleObject)]
pub struct CellTimes {
    /// The resolution of the cells, 8 to 12.
    resolution: i32,
    /// The cells whose centres are reached, in the order of their numbers.
    cells: Cells,
    /// For every cell the minutes to (or from) its centre.
    minutes: Numbers,
}

/// The network, or an error that says what to import.
pub fn network_of(world: &World) -> Result<&Network> {
    world.network().map_err(not_ready)
}

/// Checks a time limit.
pub fn check_minutes(ctx: &Context<'_>, field: &str, minutes: f64) -> Result<Deciseconds> {
    let most = limits(ctx).max_minutes;
    if !(minutes > 0.0 && minutes.is_finite()) {
        return Err(bad_input(field, minutes, "must be more than 0 minutes"));
    }
    if minutes > most {
        let why = format!("{field}: {minutes} minutes are more than this server searches ({most})");
        return Err(too_many("maxMinutes", why));
    }
    Ok(Deciseconds::from_minutes(minutes))
}

impl Walkshed {
    fn network(&self) -> Result<&Network> {
        network_of(&self.world)
    }
}

/// All that can be reached from a place, or all from where it can be reached, within some minutes.
#[Object]
impl Walkshed {
    /// The place as it was put on the street network.
    async fn place(&self) -> Result<SnappedPlace> {
        Ok(SnappedPlace::new(self.network()?, &self.found.place))
    }

    /// Who travels.
    async fn profile(&self) -> Profile {
        self.found.reach.profile.into()
    }

    /// Which way people travel.
    async fn direction(&self) -> Direction {
        self.found.reach.direction.into()
    }

    /// One band for each of the minutes asked for, in their order.
    #[graphql(complexity = "3 * child_complexity + 1")]
    async fn bands(&self) -> Vec<WalkshedBand> {
        let band = |index| WalkshedBand { world: self.world.clone(), found: self.found.clone(), index };
        (0..self.found.bands.len()).map(band).collect()
    }

    /// What is reached in the longest time, as H3 cells.
    #[graphql(complexity = "2000 + child_complexity")]
    async fn cells(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10, desc = "H3 resolution, 8 (0.7 km2) to 12 (300 m2).")] resolution: i32,
    ) -> Result<CellTimes> {
        let chosen = u8::try_from(resolution)
            .ok()
            .and_then(|r| Resolution::try_from(r).ok())
            .filter(|r| (Resolution::Eight..=Resolution::Twelve).contains(r))
            .ok_or_else(|| bad_input("resolution", resolution, "is not between 8 and 12"))?;
        let (world, found) = (self.world.clone(), self.found.clone());
        let work = move || {
            let network = network_of(&world)?;
            reached_cells(network, &found.reach, chosen, MAX_CELLS).map_err(|e| match e {
                CellsError::TooMany(e) => {
                    over_limit("maxCells", Some("resolution"), e.estimate, e.limit, format!("resolution: {e}"))
                }
                CellsError::Stopped(why) => stopped(why),
            })
        };
        let (world, reach) = (self.world.clone(), self.found.clone());
        let count = move || network_of(&world).map(|network| cells_around(network, &reach.reach, chosen));
        let around = cost::priced(ctx, cost::segments(self.found.reach.pieces.len()), count).await??;
        let cells = around.min(MAX_CELLS);
        budget::charge(ctx, cells * CELL_TIME_BYTES)?;
        let found = cost::priced(ctx, cost::cell_times(cells), work).await??;
        let minutes = Numbers(found.times.into_iter().map(to_minutes).collect());
        Ok(CellTimes { resolution, cells: Cells(found.cells), minutes })
    }

    /// The reached street segments, cut where the time runs out: a GeoJSON FeatureCollection of LineStrings (MultiLineStrings
    /// where they cross the 180th meridian), each with `minutes_from` and `minutes_to` at its two ends. What has no length on
    /// a map (a lift, a gate) is not in it.
    #[graphql(complexity = 500)]
    async fn segments(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let pieces = found.reach.pieces.len();
        let estimate = pieces * SEGMENT_BYTES;
        budget::charge(ctx, estimate)?;
        let text = cost::priced(ctx, cost::segments(pieces), move || {
            network_of(&world).map(|network| segments_text(network, &found.reach))
        })
        .await??;
        budget::charge(ctx, text.0.len().saturating_sub(estimate))?;
        Ok(text)
    }

    /// Kilometres of street reached in the longest time.
    async fn street_km(&self, ctx: &Context<'_>) -> Result<f64> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let sum = move || network_of(&world).map(|network| found.reach.street_m(network));
        let metres = cost::priced(ctx, cost::scan(self.found.reach.pieces.len()), sum).await??;
        Ok(round(metres / 1000.0, 3))
    }

    /// Metres by which the polygons may reach beyond what is reached; they hold all of it.
    async fn tolerance_m(&self) -> Result<f64> {
        Ok(round(self.found.tolerance_m(self.network()?), 1))
    }

    /// What these times take for granted.
    async fn assumptions(&self) -> Result<Vec<String>> {
        Ok(analysis::assumptions(self.network()?, self.found.reach.profile))
    }
}

impl WalkshedBand {
    fn network(&self) -> Result<&Network> {
        network_of(&self.world)
    }

    fn band(&self) -> &analysis::Band {
        &self.found.bands[self.index]
    }

    fn area(&self) -> Result<f64> {
        Ok(self.found.area_km2(&self.found.polygons(self.network()?)[self.index]))
    }
}

/// What is within so many minutes.
#[Object]
impl WalkshedBand {
    /// The time limit; what takes exactly as long is inside.
    async fn minutes(&self) -> f64 {
        self.band().minutes
    }

    /// The outline: a GeoJSON MultiPolygon, valid, right-hand rule, within those of longer times, with its holes.
    async fn polygon(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let text = multi_polygon_text(&self.found.polygons(self.network()?)[self.index]);
        budget::charge(ctx, text.len())?;
        Ok(GeoJson(text))
    }

    /// Area of the polygon in square kilometres.
    async fn area_km2(&self) -> Result<f64> {
        Ok(round(self.area()?, 4))
    }

    /// The area divided by that of the circle one could reach in a straight line on level ground (the pedestrian
    /// catchment ratio).
    async fn reach_ratio(&self) -> Result<f64> {
        Ok(round(self.found.reach_ratio(self.network()?, self.band(), self.area()?), 4))
    }

    /// People in the H3 cells whose centres are reached in time.
    async fn population(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = "all", desc = "Which group: a name that `dataset.population.groups` lists.")] group: String,
    ) -> Result<f64> {
        let name = register::group_name(&group).map_err(|e| bad_input("group", format_args!("\"{group}\""), e))?;
        let (world, found, limit) = (self.world.clone(), self.found.clone(), self.band().limit);
        let sum = move || found.population(&world.register, &name, limit);
        let found = cost::priced(ctx, cost::rows(self.found.cells().len()), sum).await?;
        found.map(|people| round(people, 1)).ok_or_else(|| not_found("group", &group, "population of the group"))
    }

    /// Open facilities that are reached in time, by category; all seven are listed.
    async fn facility_counts(&self) -> Vec<CategoryCount> {
        CategoryCount::all(self.band().facilities)
    }
}

fn segments_text(network: &Network, reach: &Reach) -> GeoJson {
    let mut out = String::with_capacity(reach.pieces.len() * 160);
    out.push_str(r#"{"type":"FeatureCollection","features":["#);
    let lines = reach.pieces.iter().map(|piece| (piece, Reach::line_of(network, piece)));
    for (i, (piece, line)) in lines.filter(|(_, line)| line.len() > 1).enumerate() {
        out.push_str(if i == 0 { r#"{"type":"Feature","geometry":"# } else { r#",{"type":"Feature","geometry":"# });
        push_line(&mut out, &line);
        let (from, to) = (round(piece.time_from / 600.0, 3), round(piece.time_to / 600.0, 3));
        // Writing to a String cannot fail.
        let _ = write!(out, r#","properties":{{"minutes_from":{from},"minutes_to":{to}}}}}"#);
    }
    out.push_str("]}");
    GeoJson(out)
}

/// How far a facility is.
#[derive(SimpleObject)]
pub struct NearbyFields {
    /// Minutes to walk, legs off the network included.
    minutes: f64,
    /// Metres to walk.
    metres: f64,
    /// Metres of climb on the way, in the direction people walk.
    climb_m: f64,
    /// Metres of descent on the way.
    descent_m: f64,
    /// Metres of the way that are steps.
    steps_m: f64,
    /// Metres of the way off the network: from the places to their streets, and between streets and pieces that are cut
    /// off from them.
    off_network_m: f64,
}

/// The edges of `nearby`.
pub struct NearbyEdgeName;

impl EdgeNameType for NearbyEdgeName {
    fn type_name<T: OutputType>() -> String {
        "NearbyEdge".to_owned()
    }
}

/// The connection of `nearby`.
pub struct NearbyConnectionName;

impl ConnectionNameType for NearbyConnectionName {
    fn type_name<T: OutputType>() -> String {
        "NearbyConnection".to_owned()
    }
}

type NearbyConnection = Connection<String, Facility, Total, NearbyFields, NearbyConnectionName, NearbyEdgeName>;

#[derive(Default)]
pub struct ReachQuery;

/// What is within reach of a place.
#[Object]
impl ReachQuery {
    /// All that can be reached from a place (or all from where it can be reached) within some minutes: polygons, area,
    /// people, facilities.
    #[graphql(complexity = "cost::walkshed(&minutes, profile) + child_complexity")]
    async fn walkshed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The place.")] from: PlaceInput,
        #[graphql(default_with = "vec![15.0]", desc = "Time limits in minutes, 1 to 10 of them.")] minutes: Vec<f64>,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(
            desc = "Which way people travel. Left out: TOWARDS a center or facility, FROM a point or cell, as people go from home to a service."
        )]
        direction: Option<Direction>,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Result<Walkshed> {
        let world = &world_of(ctx, scenario.as_ref()).await?;
        if minutes.is_empty() {
            return Err(bad_input("minutes", "[]", "must hold at least one time limit"));
        }
        within_bound("maxBands", "minutes", minutes.len(), MAX_BANDS)?;
        for &m in &minutes {
            check_minutes(ctx, "minutes", m)?;
        }
        let direction = cost::direction(direction, from.usual_direction());
        let engine = profile.into();
        let place = from.place(world, network_of(world)?, engine, "from")?;
        let bands = ctx.look_ahead().field("bands");
        let draws = ["polygon", "areaKm2", "reachRatio"].iter().any(|f| bands.field(f).exists())
            || ctx.look_ahead().field("toleranceM").exists();
        let price = if draws {
            cost::walkshed(&minutes, profile)
        } else {
            minutes.iter().map(|&m| cost::search(m, profile)).max().unwrap_or_default()
        };
        let shared = world.clone();
        let found = cost::priced(ctx, price, move || {
            let network = network_of(&shared)?;
            let found = analysis::walkshed(&shared, network, place, engine, direction, &minutes);
            if draws {
                found.draw(network).map_err(stopped)?;
            }
            Ok::<_, async_graphql::Error>(found)
        })
        .await??;
        Ok(Walkshed { world: world.clone(), found: Arc::new(found) })
    }

    /// Open facilities by travel time over the street network, nearest first. (What is planned or closed for good is left
    /// out; whether a place is open at an hour is asked with `openAt`.)
    #[graphql(complexity = "cost::search(minutes, profile) + counted(first, None) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn nearby(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The place.")] from: PlaceInput,
        #[graphql(default = 15.0, desc = "How far to look, in minutes; what takes exactly as long is found.")]
        minutes: f64,
        #[graphql(desc = "Only these categories, at most 1,000; all when empty or left out.")] categories: Option<
            Vec<Category>,
        >,
        #[graphql(
            desc = "Only these kinds, by their keys in `facilityKinds`, at most 1,000; all when empty or left out."
        )]
        kinds: Option<Vec<String>>,
        #[graphql(desc = "Only those that offer one of these services: their ids, at most 1,000.")] services: Option<
            Vec<ID>,
        >,
        #[graphql(desc = "Only those for these people.")] audience: Option<Audience>,
        #[graphql(
            desc = "Only those open at this moment. Those whose hours are not recorded, or say that it depends, are left out."
        )]
        open_at: Option<DateTime>,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(
            default_with = "Direction::From",
            desc = "Which way people travel: FROM the place to the facilities, or from the facilities TOWARDS it."
        )]
        direction: Direction,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Result<NearbyConnection> {
        let world = &world_of(ctx, scenario.as_ref()).await?;
        let network = network_of(world)?;
        let most = limits(ctx).max_list_items;
        within_bound("maxListItems", "categories", categories.as_ref().map_or(0, Vec::len), most)?;
        within_bound("maxListItems", "kinds", kinds.as_ref().map_or(0, Vec::len), most)?;
        within_bound("maxListItems", "services", services.as_ref().map_or(0, Vec::len), most)?;
        let limit = check_minutes(ctx, "minutes", minutes)?;
        let page = page_size("first", first)?;
        let start = after.as_deref().map(|token| read_cursor(world, token)).transpose()?;
        let engine = profile.into();
        let place = from.place(world, network, engine, "from")?;
        let edges = ctx.look_ahead().field("edges");
        let with_stats =
            ["metres", "climbM", "descentM", "stepsM", "offNetworkM"].iter().any(|f| edges.field(f).exists());
        let wishes = Wishes {
            categories: all(categories.unwrap_or_default()),
            kinds: kind_keys("kinds", super::kinds(ctx), &kinds.unwrap_or_default())?,
            services: service_numbers("services", &services.unwrap_or_default())?,
            audience: audience.map(Into::into),
            open_at: open_at.map(|at| at.0),
            step_free: false,
            among: None,
        };
        let shared = world.clone();
        let found = cost::priced(ctx, cost::search(minutes, profile), move || {
            let query = NearbyQuery {
                place: &place,
                profile: engine,
                direction: direction.into(),
                limit,
                wishes: &wishes,
                from: start,
                first: page,
                with_stats,
            };
            network_of(&shared).map(|network| analysis::nearby(&shared, network, &query))
        })
        .await??;
        let total = Total { total_count: found.total as u64 };
        let mut connection: NearbyConnection =
            Connection::with_additional_fields(start.is_some(), found.has_next, total);
        connection.edges.reserve_exact(found.neighbours.len());
        for n in &found.neighbours {
            let fields = NearbyFields {
                minutes: to_minutes(n.time),
                metres: round(n.stats.metres, 1),
                climb_m: round(n.stats.climb_m, 1),
                descent_m: round(n.stats.descent_m, 1),
                steps_m: round(n.stats.steps_m, 1),
                off_network_m: round(n.stats.off_network_m, 1),
            };
            let row = n.index as usize;
            let cursor = encode(&format!("near:{}:{}", n.time.0, world.register.facilities[row].id));
            connection.edges.push(Edge::with_additional_fields(cursor, Facility::at(world, row), fields));
        }
        Ok(connection)
    }
}

/// The key after that of a cursor: its time, and the place of the next facility by id.
fn read_cursor(world: &World, token: &str) -> Result<(Deciseconds, u32)> {
    let read = || {
        let text = decode(token)?;
        let (time, id) = text.strip_prefix("near:")?.split_once(':')?;
        let (time, id): (u32, i64) = (time.parse().ok()?, id.parse().ok()?);
        let next = world.register.facilities.partition_point(|f| f.id <= id);
        Some((Deciseconds(time), u32::try_from(next).ok()?))
    };
    let short = || token.chars().take(80).collect::<String>();
    read().ok_or_else(|| bad_input("after", format_args!("\"{}\"", short()), "is not a cursor of nearby"))
}

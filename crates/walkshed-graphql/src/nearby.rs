//! Facilities near a place, by travel time.

use crate::arguments::{check_minutes, kind_keys, require_network, service_numbers};
use crate::context::limits;
use crate::cost;
use crate::enums::{Audience, all};
use crate::error::{bad_input, within_bound};
use crate::ids::{decode, encode};
use crate::paging::{Total, counted, page_size};
use crate::register::{Facility, world_with_scenario};
use crate::scalars::DateTime;
use crate::types::{Category, Direction, PlaceInput, Profile, minutes as to_minutes, round};
use async_graphql::connection::{Connection, ConnectionNameType, Edge, EdgeNameType};
use async_graphql::{Context, ID, Object, OutputType, Result, SimpleObject};
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, FacilityCriteria, NearbyQuery};
use walkshed_engine::Deciseconds;

/// The route to a facility.
#[derive(SimpleObject)]
pub struct NearbyFields {
    /// The travel time in minutes, including off-network legs.
    minutes: f64,
    /// The length of the route in metres, including off-network legs.
    metres: f64,
    /// The total climb in metres, in the direction of travel.
    climb_m: f64,
    /// The total descent in metres, in the direction of travel.
    descent_m: f64,
    /// The length of steps along the route, in metres.
    steps_m: f64,
    /// The length of the off-network legs, in metres: between the places and their streets, and between streets and
    /// segments that are cut off from them.
    off_network_m: f64,
}

/// The name of the edges of `nearby`.
pub struct NearbyEdgeName;

impl EdgeNameType for NearbyEdgeName {
    fn type_name<T: OutputType>() -> String {
        "NearbyEdge".to_owned()
    }
}

/// The name of the connection of `nearby`.
pub struct NearbyConnectionName;

impl ConnectionNameType for NearbyConnectionName {
    fn type_name<T: OutputType>() -> String {
        "NearbyConnection".to_owned()
    }
}

type NearbyConnection = Connection<String, Facility, Total, NearbyFields, NearbyConnectionName, NearbyEdgeName>;

#[derive(Default)]
pub struct NearbyFacilitiesQuery;

/// Queries about nearby facilities.
#[Object]
impl NearbyFacilitiesQuery {
    /// Finds open facilities by travel time over the street network, nearest first. Planned and permanently closed
    /// facilities are excluded. Use `openAt` to require opening hours at a given time.
    #[graphql(complexity = "cost::search(minutes, profile) + counted(first, None) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn nearby(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The place.")] from: PlaceInput,
        #[graphql(
            default = 15.0,
            desc = "The time limit in minutes, more than 0 and at most 120 unless the server is configured otherwise. A travel time equal to the limit is within it."
        )]
        minutes: f64,
        #[graphql(desc = "Only facilities of these categories, at most 1,000. If empty or omitted, all categories.")]
        categories: Option<Vec<Category>>,
        #[graphql(
            desc = "Only facilities of these kinds, given by the keys that `facilityKinds` lists, at most 1,000. If empty or omitted, all kinds."
        )]
        kinds: Option<Vec<String>>,
        #[graphql(
            desc = "Only facilities that offer one of these services, given by id, at most 1,000. If empty or omitted, all facilities."
        )]
        services: Option<Vec<ID>>,
        #[graphql(desc = "Only facilities intended for this audience.")] audience: Option<Audience>,
        #[graphql(
            desc = "Only facilities that are open at this time. Facilities whose state at this time is unknown are excluded."
        )]
        open_at: Option<DateTime>,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            default_with = "Direction::From",
            desc = "The direction of travel: FROM the place to the facilities, or from the facilities TOWARDS the place."
        )]
        direction: Direction,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Result<NearbyConnection> {
        let world = &world_with_scenario(ctx, scenario.as_ref()).await?;
        let network = require_network(world)?;
        let max = limits(ctx).max_list_items;
        within_bound("maxListItems", "categories", categories.as_ref().map_or(0, Vec::len), max)?;
        within_bound("maxListItems", "kinds", kinds.as_ref().map_or(0, Vec::len), max)?;
        within_bound("maxListItems", "services", services.as_ref().map_or(0, Vec::len), max)?;
        let limit = check_minutes(ctx, "minutes", minutes)?;
        let page = page_size("first", first)?;
        let start = after.as_deref().map(|token| read_cursor(world, token)).transpose()?;
        let engine = profile.into();
        let place = from.place(world, network, engine, "from")?;
        let edges = ctx.look_ahead().field("edges");
        let with_stats =
            ["metres", "climbM", "descentM", "stepsM", "offNetworkM"].iter().any(|f| edges.field(f).exists());
        let with_total = ctx.look_ahead().field("totalCount").exists();
        let criteria = FacilityCriteria {
            categories: all(categories.unwrap_or_default()),
            kinds: kind_keys("kinds", crate::context::kinds(ctx), &kinds.unwrap_or_default())?,
            services: service_numbers("services", &services.unwrap_or_default())?,
            audience: audience.map(Into::into),
            open_at: open_at.map(|at| at.0),
            step_free: false,
            among: None,
        };
        let shared = world.clone();
        let found = cost::charge_and_run(ctx, cost::search(minutes, profile), move || {
            let query = NearbyQuery {
                place: &place,
                profile: engine,
                direction: direction.into(),
                limit,
                criteria: &criteria,
                from: start,
                first: page,
                with_stats,
                with_total,
            };
            require_network(&shared).map(|network| analysis::nearby(&shared, network, &query))
        })
        .await??;
        // Read only if it is selected.
        let total = Total { total_count: found.total.unwrap_or_default() as u64 };
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

/// Reads a cursor. Returns its time and the index of the next facility by id.
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

//! Facilities near a place, by travel time.

use crate::arguments::{check_minutes, kind_keys, require_network, service_numbers};
use crate::context::limits;
use crate::cost;
use crate::enums::{Audience, all};
use crate::error::{bad_input, within_bound};
use crate::ids::{decode, encode};
use crate::paging::{Total, counted, page_size};
use crate::plain::{Columns, Plain, Selections, Write, is_selected_once, prepared, text, value};
use crate::register::{Facility, world_with_scenario};
use crate::scalars::DateTime;
use crate::types::{Category, Direction, PlaceInput, Profile, minutes as to_minutes, round};
use async_graphql::connection::{Connection, ConnectionNameType, Edge, EdgeNameType, PageInfo};
use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    Context, ContextSelectionSet, ID, Object, OutputType, Positioned, Result, ServerResult, SimpleObject, Value,
};
use std::borrow::Cow;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, FacilityCriteria, NearbyQuery, Neighbour};
use walkshed_engine::{Deciseconds, PathStats};

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
    ) -> Result<NearbyResult> {
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
        let row = |neighbour: &Neighbour| NearbyRow { world: world.clone(), neighbour: *neighbour };
        Ok(NearbyResult {
            rows: found.neighbours.iter().map(row).collect(),
            has_previous: start.is_some(),
            has_next: found.has_next,
            may_be_prepared: is_selected_once(ctx),
            // Read only if it is selected.
            total: found.total.unwrap_or_default() as u64,
        })
    }
}

/// A facility with the route to it.
struct NearbyRow {
    world: Arc<World>,
    neighbour: Neighbour,
}

impl NearbyRow {
    fn facility(&self) -> Facility {
        Facility::at(&self.world, self.neighbour.index as usize)
    }

    fn cursor(&self) -> String {
        let id = self.world.register.facilities[self.neighbour.index as usize].id;
        encode(&format!("near:{}:{id}", self.neighbour.time.0))
    }

    fn fields(&self) -> NearbyFields {
        let stats = &self.neighbour.stats;
        NearbyFields {
            minutes: to_minutes(self.neighbour.time),
            metres: round(stats.metres, 1),
            climb_m: round(stats.climb_m, 1),
            descent_m: round(stats.descent_m, 1),
            steps_m: round(stats.steps_m, 1),
            off_network_m: round(stats.off_network_m, 1),
        }
    }
}

/// Writes metres with one decimal.
fn rounded(of: fn(&PathStats) -> f64) -> Write<NearbyRow> {
    Box::new(move |row, out| value(out, round(of(&row.neighbour.stats), 1)))
}

impl Plain for NearbyRow {
    const TYPE: &'static str = "NearbyEdge";

    fn field(field: &Field, selections: &Selections<'_>) -> Option<Write<Self>> {
        Some(match field.name.node.as_str() {
            "node" => {
                let columns: Columns<Facility> = selections.columns(&field.selection_set.node)?;
                Box::new(move |row, out| columns.write(&row.facility(), out))
            }
            "cursor" => Box::new(|row, out| text(out, &row.cursor())),
            "minutes" => Box::new(|row, out| value(out, to_minutes(row.neighbour.time))),
            "metres" => rounded(|stats| stats.metres),
            "climbM" => rounded(|stats| stats.climb_m),
            "descentM" => rounded(|stats| stats.descent_m),
            "stepsM" => rounded(|stats| stats.steps_m),
            "offNetworkM" => rounded(|stats| stats.off_network_m),
            _ => return None,
        })
    }
}

/// A page of facilities, resolved as a `NearbyConnection`.
struct NearbyResult {
    rows: Vec<NearbyRow>,
    has_previous: bool,
    has_next: bool,
    total: u64,
    /// Whether the result is not merged with another one.
    may_be_prepared: bool,
}

impl Plain for NearbyResult {
    const TYPE: &'static str = "NearbyConnection";

    fn field(field: &Field, selections: &Selections<'_>) -> Option<Write<Self>> {
        Some(match field.name.node.as_str() {
            "edges" => {
                let columns: Columns<NearbyRow> = selections.columns(&field.selection_set.node)?;
                Box::new(move |page, out| columns.write_all(&page.rows, out))
            }
            "pageInfo" => {
                let columns: Columns<PageInfo> = selections.columns(&field.selection_set.node)?;
                Box::new(move |page, out| columns.write(&page.info(), out))
            }
            "totalCount" => Box::new(|page, out| value(out, page.total)),
            _ => return None,
        })
    }
}

impl NearbyResult {
    fn info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.rows.first().map(NearbyRow::cursor),
            end_cursor: self.rows.last().map(NearbyRow::cursor),
        }
    }

    fn connection(&self) -> NearbyConnection {
        let total = Total { total_count: self.total };
        let mut connection: NearbyConnection =
            Connection::with_additional_fields(self.has_previous, self.has_next, total);
        let edge = |row: &NearbyRow| Edge::with_additional_fields(row.cursor(), row.facility(), row.fields());
        connection.edges.extend(self.rows.iter().map(edge));
        connection
    }
}

impl OutputType for NearbyResult {
    fn type_name() -> Cow<'static, str> {
        <NearbyConnection as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <NearbyConnection as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if self.may_be_prepared
            && let Some(text) = prepared(ctx, field, self)?
        {
            return Ok(text);
        }
        self.connection().resolve(ctx, field).await
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

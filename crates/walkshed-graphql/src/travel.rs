//! Routes between two places, and travel times between many.

use super::arguments::{check_minutes, require_network};
use super::budget;
use super::cost;
use super::error::{bad_input, over_limit, stopped};
use super::place_list::PlaceList;
use super::register::world_with_scenario;
use super::scalars::{GeoJson, NumberRows};
use super::types::{PlaceInput, Profile, SnappedPlace, minutes as to_minutes, round};
use crate::context::{Nullable, nullable};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use walkshed_analysis::world::SnappedPoint;
use walkshed_engine::geo::{Fixed, push_line};
use walkshed_engine::{self as engine, Start};

/// Maximum number of pairs in a matrix.
pub const MAX_PAIRS: usize = 10_000;
/// Estimated bytes of a time, as text and as a list item.
const PAIR_BYTES: usize = 60;

/// The fastest route from one place to another.
#[derive(SimpleObject)]
pub struct Route {
    /// The travel time in minutes, including off-network legs.
    minutes: f64,
    /// The length in metres, including off-network legs.
    metres: f64,
    /// The total climb in metres.
    climb_m: f64,
    /// The total descent in metres.
    descent_m: f64,
    /// The length of steps along the route, in metres.
    steps_m: f64,
    /// The length of the off-network legs, in metres: between the places and their streets, and between streets and
    /// segments that are cut off from them.
    off_network_m: f64,
    /// The start of the route.
    from: SnappedPlace,
    /// The end of the route.
    to: SnappedPlace,
    /// The route from place to place, including off-network legs, as a GeoJSON LineString. A MultiLineString if it
    /// crosses the 180th meridian, a Point if it has no length.
    geometry: GeoJson,
}

/// Travel times from every origin to every destination.
#[derive(SimpleObject)]
pub struct TravelTimeMatrix {
    /// One row for each origin with the travel time in minutes to each destination. Null if there is no route within
    /// the time limit, or if a place cannot be snapped to the network.
    minutes: NumberRows,
    /// The places that are too far from any usable street.
    unsnappable: Vec<UnsnappablePlace>,
}

/// A side of a matrix.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatrixSide {
    /// The origins.
    Origin,
    /// The destinations.
    Destination,
}

/// A place that is too far from any usable street.
#[derive(SimpleObject)]
pub struct UnsnappablePlace {
    /// The list that contains the place.
    side: MatrixSide,
    /// The index in that list, from 0.
    index: u32,
    /// The distance to the nearest usable street in metres. Null if there is none.
    nearest_m: Option<f64>,
}

#[derive(Default)]
pub struct TravelQuery;

/// Queries about routes and travel times.
#[Object]
impl TravelQuery {
    /// Finds the fastest route from one place to another. Null if there is none within the time limit.
    #[graphql(complexity = "cost::search(max_minutes, profile) + child_complexity")]
    async fn route(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The start of the route.")] from: PlaceInput,
        #[graphql(desc = "The end of the route.")] to: PlaceInput,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            default = 60.0,
            desc = "The time limit in minutes, more than 0 and at most 120 unless the server is configured otherwise."
        )]
        max_minutes: f64,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Nullable<Route> {
        nullable(find_route(ctx, (&from, &to), profile, max_minutes, scenario.as_ref())).await
    }

    /// Computes the travel times from every origin to every destination, at most 10,000 pairs.
    #[graphql(
        complexity = "cost::matrix(origins.0.len(), destinations.0.len(), max_minutes, profile) + child_complexity"
    )]
    async fn travel_times(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The origins. At least 1; origins times destinations is at most 10,000.")] origins: PlaceList,
        #[graphql(desc = "The destinations. At least 1; origins times destinations is at most 10,000.")]
        destinations: PlaceList,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            default = 60.0,
            desc = "The time limit in minutes, more than 0 and at most 120 unless the server is configured otherwise."
        )]
        max_minutes: f64,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Result<TravelTimeMatrix> {
        let world = world_with_scenario(ctx, scenario.as_ref()).await?;
        let (PlaceList(origins), PlaceList(destinations)) = (origins, destinations);
        let limit = check_minutes(ctx, "maxMinutes", max_minutes)?;
        let pairs = origins.len().saturating_mul(destinations.len());
        if pairs > MAX_PAIRS {
            let why = format!(
                "{} origins times {} destinations are {pairs} pairs; the maximum is {MAX_PAIRS}",
                origins.len(),
                destinations.len()
            );
            return Err(over_limit("maxPairs", None, pairs, MAX_PAIRS, why));
        }
        for (field, list) in [("origins", &origins), ("destinations", &destinations)] {
            if list.is_empty() {
                return Err(bad_input(field, "[]", "must contain at least one place"));
            }
        }
        require_network(&world)?;
        let engine = profile.into();
        let price = cost::matrix(origins.len(), destinations.len(), max_minutes, profile);
        budget::charge(ctx, pairs * PAIR_BYTES)?;
        cost::charge_and_run(ctx, price.saturating_add(cost::places(origins.len() + destinations.len())), move || {
            let network = require_network(&world)?;
            let mut unsnappable = Vec::new();
            let mut place = |side: MatrixSide, list: &[PlaceInput]| -> Result<Vec<Option<Start>>> {
                let field = if side == MatrixSide::Origin { "origins" } else { "destinations" };
                let placed = list.iter().zip(0..).map(|(place, index)| {
                    let position = place.position(&world, &format!("{field}[{index}]"))?;
                    match SnappedPoint::on(network, position, place.storey(&world), engine) {
                        Ok(placed) => Ok(Some(placed.start)),
                        Err(why) => {
                            let nearest_m = why.nearest_m.map(|m| round(m, 1));
                            unsnappable.push(UnsnappablePlace { side, index, nearest_m });
                            Ok(None)
                        }
                    }
                });
                placed.collect()
            };
            let starts = place(MatrixSide::Origin, &origins)?;
            let ends = place(MatrixSide::Destination, &destinations)?;
            let times = engine::matrix(network, engine, &starts, &ends, limit).map_err(stopped)?;
            let rows = times.into_iter().map(|row| row.into_iter().map(|t| t.map(to_minutes)).collect()).collect();
            Ok(TravelTimeMatrix { minutes: NumberRows(rows), unsnappable })
        })
        .await?
    }
}

async fn find_route(
    ctx: &Context<'_>,
    (from, to): (&PlaceInput, &PlaceInput),
    profile: Profile,
    max_minutes: f64,
    scenario: Option<&ID>,
) -> Result<Option<Route>> {
    let world = &world_with_scenario(ctx, scenario).await?;
    let limit = check_minutes(ctx, "maxMinutes", max_minutes)?;
    let network = require_network(world)?;
    let engine = profile.into();
    let begin = from.place(world, network, engine, "from")?;
    let end = to.place(world, network, engine, "to")?;
    let shared = world.clone();
    let found = cost::charge_and_run(ctx, cost::search(max_minutes, profile), move || {
        let place = |p: &SnappedPoint| (Fixed::from(p.position), p.start);
        let ((a, start), (b, goal)) = (place(&begin), place(&end));
        require_network(&shared).map(|network| engine::route(network, engine, (a, &start), (b, &goal), limit))
    })
    .await??;
    budget::charge(ctx, found.as_ref().map_or(0, |route| route.line.len() * 26))?;
    Ok(found.map(|route| {
        let mut line = String::with_capacity(64 + route.line.len() * 26);
        push_line(&mut line, &route.line);
        Route {
            minutes: to_minutes(route.time),
            metres: round(route.stats.metres, 1),
            climb_m: round(route.stats.climb_m, 1),
            descent_m: round(route.stats.descent_m, 1),
            steps_m: round(route.stats.steps_m, 1),
            off_network_m: round(route.stats.off_network_m, 1),
            from: SnappedPlace::new(network, &begin),
            to: SnappedPlace::new(network, &end),
            geometry: GeoJson(line),
        }
    }))
}

//! The way between two places, and travel times between many.

use super::budget;
use super::cost;
use super::error::{bad_input, over_limit, stopped};
use super::reach::{check_minutes, network_of};
use super::register::world_of;
use super::scalars::{GeoJson, NumberRows};
use super::types::{PlaceInput, Profile, SnappedPlace, minutes as to_minutes, round};
use super::{Nullable, nullable};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use walkshed_analysis::world::PlacedPoint;
use walkshed_engine::geo::{Fixed, push_line};
use walkshed_engine::{self as engine, Start};

/// Pairs of one matrix at most.
pub const MAX_PAIRS: usize = 10_000;
/// A time, as text and as a value before that.
const PAIR_BYTES: usize = 60;

/// The fastest way from one place to another.
#[derive(SimpleObject)]
pub struct Route {
    /// Minutes, legs off the network included.
    minutes: f64,
    /// Metres, legs off the network included.
    metres: f64,
    /// Metres of climb.
    climb_m: f64,
    /// Metres of descent.
    descent_m: f64,
    /// Metres of the way that are steps.
    steps_m: f64,
    /// Metres of the way off the network: from the places to their streets, and between streets and pieces that are cut
    /// off from them.
    off_network_m: f64,
    /// Where the way begins.
    from: SnappedPlace,
    /// Where it ends.
    to: SnappedPlace,
    /// The way, from the place itself to the place itself: a GeoJSON LineString; a MultiLineString where it crosses the 180th
    /// meridian, a Point where it has no length.
    geometry: GeoJson,
}

/// Travel times from every origin to every destination.
#[derive(SimpleObject)]
pub struct TravelTimeMatrix {
    /// One row for each origin, in each the minutes to every destination; null where there is no way within the time
    /// limit, or where a place could not be put on the network.
    minutes: NumberRows,
    /// Places that are too far from any usable street.
    unsnappable: Vec<UnsnappablePlace>,
}

/// On which side of a matrix.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatrixSide {
    /// One of the origins.
    Origin,
    /// One of the destinations.
    Destination,
}

/// A place that is too far from any usable street.
#[derive(SimpleObject)]
pub struct UnsnappablePlace {
    /// On which side it is.
    side: MatrixSide,
    /// Its place in that list, from 0.
    index: u32,
    /// Metres to the nearest usable street; null when there is none at all.
    nearest_m: Option<f64>,
}

#[derive(Default)]
pub struct TravelQuery;

/// Ways and times between places.
#[Object]
impl TravelQuery {
    /// The fastest way from one place to another; null when there is none within the time limit.
    #[graphql(complexity = "cost::search(max_minutes, profile) + child_complexity")]
    async fn route(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where the way begins.")] from: PlaceInput,
        #[graphql(desc = "Where it ends.")] to: PlaceInput,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(default = 60.0, desc = "Give up beyond so many minutes.")] max_minutes: f64,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Nullable<Route> {
        nullable(find_route(ctx, (&from, &to), profile, max_minutes, scenario.as_ref())).await
    }

    /// Travel times from every origin to every destination, at most 10,000 pairs.
    #[graphql(complexity = "cost::matrix(origins.len(), destinations.len(), max_minutes, profile) + child_complexity")]
    async fn travel_times(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where people set out, at most 10,000 places.")] origins: Vec<PlaceInput>,
        #[graphql(desc = "Where they go, at most 10,000 places.")] destinations: Vec<PlaceInput>,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(default = 60.0, desc = "Give up beyond so many minutes.")] max_minutes: f64,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Result<TravelTimeMatrix> {
        let world = world_of(ctx, scenario.as_ref()).await?;
        let limit = check_minutes(ctx, "maxMinutes", max_minutes)?;
        let pairs = origins.len().saturating_mul(destinations.len());
        if pairs > MAX_PAIRS {
            let why = format!(
                "{} origins times {} destinations are {pairs} pairs; one request may ask for {MAX_PAIRS}",
                origins.len(),
                destinations.len()
            );
            return Err(over_limit("maxPairs", None, pairs, MAX_PAIRS, why));
        }
        for (field, list) in [("origins", &origins), ("destinations", &destinations)] {
            if list.is_empty() {
                return Err(bad_input(field, "[]", "must hold at least one place"));
            }
        }
        network_of(&world)?;
        let engine = profile.into();
        let price = cost::matrix(origins.len(), destinations.len(), max_minutes, profile);
        budget::charge(ctx, pairs * PAIR_BYTES)?;
        cost::priced(ctx, price.saturating_add(cost::places(origins.len() + destinations.len())), move || {
            let network = network_of(&world)?;
            let mut unsnappable = Vec::new();
            let mut place = |side: MatrixSide, list: &[PlaceInput]| -> Result<Vec<Option<Start>>> {
                let field = if side == MatrixSide::Origin { "origins" } else { "destinations" };
                let placed = list.iter().zip(0..).map(|(place, index)| {
                    let position = place.position(&world, &format!("{field}[{index}]"))?;
                    match PlacedPoint::on(network, position, place.storey(&world), engine) {
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
    let world = &world_of(ctx, scenario).await?;
    let limit = check_minutes(ctx, "maxMinutes", max_minutes)?;
    let network = network_of(world)?;
    let engine = profile.into();
    let begin = from.place(world, network, engine, "from")?;
    let end = to.place(world, network, engine, "to")?;
    let shared = world.clone();
    let found = cost::priced(ctx, cost::search(max_minutes, profile), move || {
        let place = |p: &PlacedPoint| (Fixed::from(p.position), p.start);
        let ((a, start), (b, goal)) = (place(&begin), place(&end));
        network_of(&shared).map(|network| engine::route(network, engine, (a, &start), (b, &goal), limit))
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

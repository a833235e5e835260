//! Walksheds: what can be reached from a place.

use crate::arguments::{check_minutes, require_network};
use crate::error::{bad_input, not_found, over_limit, stopped, within_bound};
use crate::register::world_with_scenario;
use crate::scalars::{Cells, GeoJson, Numbers};
use crate::types::{
    CategoryCount, Direction, PlaceInput, Profile, SnappedPlace, WalkshedDetail, minutes as to_minutes, round,
};
use crate::{budget, cost};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use h3o::Resolution;
use std::fmt::Write;
use std::sync::Arc;
use walkshed_analysis as analysis;
use walkshed_analysis::world::World;
use walkshed_engine::Network;
use walkshed_engine::geo::push_line;
use walkshed_engine::walkshed::{CellsError, Reach, estimate_cells, reached_cells};
use walkshed_register as register;

/// Maximum number of bands of a walkshed.
const MAX_BANDS: usize = 10;
/// Maximum number of cells examined for one response.
const MAX_CELLS: usize = 100_000;
/// Estimated bytes of a reached street segment with its times, as GeoJSON, and of a cell with its time, as text and
/// list items.
const SEGMENT_BYTES: usize = 260;
const CELL_TIME_BYTES: usize = 130;

/// A walkshed: the area that can be reached from a place, or from which the place can be reached, within a time limit.
pub struct Walkshed {
    world: Arc<World>,
    found: Arc<analysis::Walkshed>,
}

/// The part of a walkshed within one time limit.
pub struct WalkshedBand {
    world: Arc<World>,
    found: Arc<analysis::Walkshed>,
    index: usize,
}

/// H3 cells with their travel times, as two lists of equal length.
#[derive(SimpleObject)]
pub struct CellTimes {
    /// The H3 resolution of the cells, 8 to 12.
    resolution: i32,
    /// The cells whose centres are reached, in order of H3 index.
    cells: Cells,
    /// The travel time to (or from) the centre of each cell, in minutes.
    minutes: Numbers,
}

impl Walkshed {
    fn network(&self) -> Result<&Network> {
        require_network(&self.world)
    }
}

/// A walkshed: the area that can be reached from a place, or from which the place can be reached, within a time limit.
#[Object]
impl Walkshed {
    /// The place and the point where it is snapped to the street network.
    async fn place(&self) -> Result<SnappedPlace> {
        Ok(SnappedPlace::new(self.network()?, &self.found.place))
    }

    /// The travel profile.
    async fn profile(&self) -> Profile {
        self.found.reach.profile.into()
    }

    /// The direction of travel.
    async fn direction(&self) -> Direction {
        self.found.reach.direction.into()
    }

    /// One band for each of the requested time limits, in the same order.
    #[graphql(complexity = "3 * child_complexity + 1")]
    async fn bands(&self) -> Vec<WalkshedBand> {
        let band = |index| WalkshedBand { world: self.world.clone(), found: self.found.clone(), index };
        (0..self.found.bands.len()).map(band).collect()
    }

    /// The area reached within the longest time limit, as H3 cells. At most 100,000 cells.
    #[graphql(complexity = "2000 + child_complexity")]
    async fn cells(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10, desc = "The H3 resolution, 8 (0.7 km2) to 12 (300 m2).")] resolution: i32,
    ) -> Result<CellTimes> {
        let chosen = u8::try_from(resolution)
            .ok()
            .and_then(|r| Resolution::try_from(r).ok())
            .filter(|r| (Resolution::Eight..=Resolution::Twelve).contains(r))
            .ok_or_else(|| bad_input("resolution", resolution, "is not between 8 and 12"))?;
        let (world, found) = (self.world.clone(), self.found.clone());
        let work = move || {
            let network = require_network(&world)?;
            reached_cells(network, &found.reach, chosen, MAX_CELLS).map_err(|e| match e {
                CellsError::TooMany(e) => {
                    over_limit("maxCells", Some("resolution"), e.estimate, e.limit, format!("resolution: {e}"))
                }
                CellsError::Stopped(why) => stopped(why),
            })
        };
        let (world, reach) = (self.world.clone(), self.found.clone());
        let count = move || require_network(&world).map(|network| estimate_cells(network, &reach.reach, chosen));
        let around = cost::charge_and_run(ctx, cost::segments(self.found.reach.pieces.len()), count).await??;
        let cells = around.min(MAX_CELLS);
        budget::charge(ctx, cells * CELL_TIME_BYTES)?;
        let found = cost::charge_and_run(ctx, cost::cell_times(cells), work).await??;
        let minutes = Numbers(found.times.into_iter().map(to_minutes).collect());
        Ok(CellTimes { resolution, cells: Cells(found.cells), minutes })
    }

    /// The reached street segments, cut where the time limit is reached, as a GeoJSON FeatureCollection of LineStrings
    /// (MultiLineStrings across the 180th meridian). The properties `minutes_from` and `minutes_to` are the times at
    /// the two ends. Segments without length on a map (a lift, a gate) are omitted.
    #[graphql(complexity = 500)]
    async fn segments(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let pieces = found.reach.pieces.len();
        let estimate = pieces * SEGMENT_BYTES;
        budget::charge(ctx, estimate)?;
        let text = cost::charge_and_run(ctx, cost::segments(pieces), move || {
            require_network(&world).map(|network| segments_text(network, &found.reach))
        })
        .await??;
        budget::charge(ctx, text.0.len().saturating_sub(estimate))?;
        Ok(text)
    }

    /// The length of the streets reached within the longest time limit, in kilometres.
    async fn street_km(&self, ctx: &Context<'_>) -> Result<f64> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let sum = move || require_network(&world).map(|network| found.reach.street_m(network));
        let metres = cost::charge_and_run(ctx, cost::scan(self.found.reach.pieces.len()), sum).await??;
        Ok(round(metres / 1000.0, 3))
    }

    /// The distance in metres by which the polygons may extend beyond the reached streets. They contain all reached
    /// streets. A reached place off the streets may be outside by at most this distance plus 4.5 % of its off-network
    /// leg; with `FINE`, single places may be farther outside.
    async fn tolerance_m(&self) -> Result<f64> {
        Ok(round(self.found.tolerance_m(self.network()?), 1))
    }

    /// The assumptions behind these travel times.
    async fn assumptions(&self) -> Result<Vec<String>> {
        Ok(analysis::assumptions(self.network()?, self.found.reach.profile))
    }
}

impl WalkshedBand {
    fn network(&self) -> Result<&Network> {
        require_network(&self.world)
    }

    fn band(&self) -> &analysis::Band {
        &self.found.bands[self.index]
    }

    fn area(&self) -> Result<f64> {
        Ok(self.found.area_km2(&self.found.outlines(self.network()?)[self.index]))
    }
}

/// The part of a walkshed within one time limit.
#[Object]
impl WalkshedBand {
    /// The time limit in minutes. A travel time equal to the limit is within it.
    async fn minutes(&self) -> f64 {
        self.band().minutes
    }

    /// The outline as a valid GeoJSON MultiPolygon (right-hand rule), with holes. It lies within the outlines of longer
    /// time limits.
    async fn polygon(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let text = self.found.outlines(self.network()?)[self.index].geojson();
        budget::charge(ctx, text.len())?;
        Ok(GeoJson(text))
    }

    /// The area of the polygon in square kilometres.
    async fn area_km2(&self) -> Result<f64> {
        Ok(round(self.area()?, 4))
    }

    /// The pedestrian catchment ratio: the area divided by that of the circle that could be reached in a straight line
    /// on level ground.
    async fn reach_ratio(&self) -> Result<f64> {
        Ok(round(self.found.reach_ratio(self.network()?, self.band(), self.area()?), 4))
    }

    /// The number of people in the H3 cells whose centres are reached within the time limit.
    async fn population(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = "all", desc = "The population group, as listed in `dataset.population.groups`.")]
        group: String,
    ) -> Result<f64> {
        let name = register::group_name(&group).map_err(|e| bad_input("group", format_args!("\"{group}\""), e))?;
        let (world, found, limit) = (self.world.clone(), self.found.clone(), self.band().limit);
        let sum = move || found.population(&world.register, &name, limit);
        let found = cost::charge_and_run(ctx, cost::rows(self.found.cells().len()), sum).await?;
        found.map(|people| round(people, 1)).ok_or_else(|| not_found("group", &group, "population of the group"))
    }

    /// The number of open facilities reached within the time limit, in each of the seven categories.
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

#[derive(Default)]
pub struct WalkshedQuery;

/// Queries about walksheds.
#[Object]
impl WalkshedQuery {
    /// Computes a walkshed: what can be reached from a place (or from where the place can be reached) within time
    /// limits, as polygons, areas, people and facilities.
    #[graphql(complexity = "cost::walkshed(&minutes, profile, detail) + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn walkshed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The place.")] from: PlaceInput,
        #[graphql(
            default_with = "vec![15.0]",
            desc = "The time limits in minutes: 1 to 10 values, each more than 0 and at most 120 unless the server is configured otherwise."
        )]
        minutes: Vec<f64>,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            desc = "The direction of travel. The default is TOWARDS for a center or facility and FROM for a point or cell, as people travel from home to a service."
        )]
        direction: Option<Direction>,
        #[graphql(
            default_with = "WalkshedDetail::Normal",
            desc = "How finely the outlines are drawn. Coarser outlines are smaller and computed faster."
        )]
        detail: WalkshedDetail,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Result<Walkshed> {
        let world = &world_with_scenario(ctx, scenario.as_ref()).await?;
        if minutes.is_empty() {
            return Err(bad_input("minutes", "[]", "must contain at least one time limit"));
        }
        within_bound("maxBands", "minutes", minutes.len(), MAX_BANDS)?;
        for &m in &minutes {
            check_minutes(ctx, "minutes", m)?;
        }
        let direction = direction.map_or(from.default_direction(), Into::into);
        let engine = profile.into();
        let place = from.place(world, require_network(world)?, engine, "from")?;
        let bands = ctx.look_ahead().field("bands");
        let draws = ["polygon", "areaKm2", "reachRatio"].iter().any(|f| bands.field(f).exists())
            || ctx.look_ahead().field("toleranceM").exists();
        let counted = analysis::Counted {
            facilities: bands.field("facilityCounts").exists(),
            people: bands.field("population").exists(),
        };
        let price = if draws {
            cost::walkshed(&minutes, profile, detail)
        } else {
            minutes.iter().map(|&m| cost::search(m, profile)).max().unwrap_or_default()
        };
        let shared = world.clone();
        let found = cost::charge_and_run(ctx, price, move || {
            let network = require_network(&shared)?;
            let found = analysis::walkshed(&shared, network, place, engine, direction, &minutes, counted)
                .with_detail(detail.into());
            if draws {
                found.draw(network).map_err(stopped)?;
            }
            Ok::<_, async_graphql::Error>(found)
        })
        .await??;
        Ok(Walkshed { world: world.clone(), found: Arc::new(found) })
    }
}

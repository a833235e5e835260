//! The street network, and streets that are cut off from it.

use crate::cost::{self, City};
use crate::scalars::DateTime;
use crate::types::{PositionObject, round};
use async_graphql::{Context, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::{CutOffPiece, World};
use walkshed_engine::Network;
use walkshed_engine::build::StreetsReport;
use walkshed_engine::geo::longitude_near;

/// The street network.
pub struct Streets(pub Arc<World>);

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

/// Finds the streets that are cut off, on a separate thread, unless they are known already.
pub async fn find_cut_off(ctx: &Context<'_>, world: &Arc<World>) -> Result<()> {
    if world.is_cut_off_computed() {
        return Ok(());
    }
    let (shared, price) = (world.clone(), City::of(world).streets());
    cost::charge_and_run(ctx, price, move || shared.cut_off().pieces.len()).await.map(|_| ())
}

impl Streets {
    fn network(&self) -> &Network {
        self.0.network().unwrap_or_else(|_| unreachable!("only made when there is a network"))
    }

    fn report(&self) -> &StreetsReport {
        &self.network().meta().report
    }
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
        round(self.report().length_km, 1)
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
        let on_globe = |lon: f64| round(longitude_near(lon, 0.0), 7);
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
        round(self.0.cut_off().totals(false).0, 1)
    }

    /// The number of facilities on pieces that are cut off.
    async fn facilities(&self) -> u64 {
        self.0.cut_off().totals(false).1
    }

    /// The number of people on pieces without an off-network leg to a street. They reach nothing beyond their piece.
    async fn people_without_exit(&self) -> f64 {
        round(self.0.cut_off().totals(true).0, 1)
    }

    /// The number of facilities on pieces without an off-network leg to a street.
    async fn facilities_without_exit(&self) -> u64 {
        self.0.cut_off().totals(true).1
    }

    /// The number of people on pieces without an off-network leg to a street.
    #[graphql(deprecation = "Use `peopleWithoutExit`.")]
    async fn people_without_way_out(&self) -> f64 {
        round(self.0.cut_off().totals(true).0, 1)
    }

    /// The number of facilities on pieces without an off-network leg to a street.
    #[graphql(deprecation = "Use `facilitiesWithoutExit`.")]
    async fn facilities_without_way_out(&self) -> u64 {
        self.0.cut_off().totals(true).1
    }

    /// The number of people in gated compounds and on private roads, which can be used only at the start and the end of
    /// a trip.
    async fn people_in_restricted_zones(&self) -> f64 {
        round(self.0.cut_off().restricted_people, 1)
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
            length_km: round(found.piece.length_m / 1000.0, 3),
            segments: found.piece.segments,
            people: round(found.people, 1),
            facilities: found.facilities,
            leg_m: found.piece.leg_m.map(|m| round(m, 1)),
        }
    }
}

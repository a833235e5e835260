//! Types shared by many fields: enums mirrored from the engine, positions, places.

use super::error::{bad_input, not_found, unsnappable};
use super::ids::NodeId;
use super::scalars::H3Cell;
use async_graphql::{Enum, ID, InputObject, OneofObject, Result, SimpleObject};
use walkshed_analysis::Measure;
use walkshed_analysis::world::{SnappedPoint, World};
use walkshed_engine::geo::{Fixed, Position, Storey, cell_centre};
use walkshed_engine::walkshed::Detail as EngineDetail;
use walkshed_engine::{Direction as EngineDirection, Network, Profile as EngineProfile};
use walkshed_register::{Category as RegisterCategory, RecordKind};

/// One of the seven service categories of the 15-minute service circle.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "RegisterCategory")]
pub enum Category {
    /// Community governance, 社区治理.
    CommunityGovernance,
    /// Life services, 生活性服务.
    LifeServices,
    /// Culture and sports, 文化体育.
    CultureSports,
    /// Health care, 医疗健康.
    HealthCare,
    /// Elderly care, 养老服务.
    ElderlyCare,
    /// Lifelong education, 终身教育.
    LifelongEducation,
    /// Employment and entrepreneurship, 就业创业.
    Employment,
}

/// The number of facilities in a category.
#[derive(SimpleObject)]
pub struct CategoryCount {
    /// The category.
    category: Category,
    /// The number of facilities.
    count: u64,
}

impl CategoryCount {
    /// Returns one entry for each of the seven categories.
    pub fn all(counts: [u64; RegisterCategory::ALL.len()]) -> Vec<Self> {
        let all = RegisterCategory::ALL.into_iter().zip(counts);
        all.map(|(category, count)| Self { category: category.into(), count }).collect()
    }
}

/// A travel profile. Speeds and restrictions are configurable; the values given here are the defaults.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "EngineProfile")]
pub enum Profile {
    /// An adult on foot: 4.8 km/h on level ground.
    Adult,
    /// A person over 65 on foot: 3.4 km/h on level ground.
    Senior,
    /// A child on foot: 3.6 km/h on level ground.
    Child,
    /// A person in a wheelchair: 3.0 km/h on level ground, no steps.
    Wheelchair,
    /// A person with a stroller: 3.2 km/h on level ground, no steps.
    Stroller,
    /// A cyclist: 15 km/h on level ground.
    Bicycle,
}

/// The direction of travel. Slopes, one-way streets and escalators make the two directions differ.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "EngineDirection")]
pub enum Direction {
    /// Towards the place: from where can it be reached?
    Towards,
    /// From the place: what can be reached?
    From,
}

/// How finely the outlines of a walkshed are drawn. `toleranceM` of the answer is the tolerance that was used: 2.83 times
/// the size of a grid cell.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "EngineDetail")]
pub enum WalkshedDetail {
    /// For a map of streets. The tolerance is 28.3 m, or 1/141 of the longer side of the walkshed if that is more.
    Fine,
    /// For a map of a district. The tolerance is 56.6 m, or 1/71 of the longer side.
    Normal,
    /// For a map of a city. The tolerance is 170 m, or 1/21 of the longer side.
    Coarse,
}

/// The unit of limits and distances.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Measure")]
pub enum CoverageUnit {
    /// Travel time in minutes.
    Minutes,
    /// Length of the route over the street network in metres.
    Metres,
}

/// A position in WGS-84.
#[derive(SimpleObject, Debug, Clone, Copy)]
#[graphql(name = "Position")]
pub struct PositionObject {
    /// WGS-84 longitude in degrees, east positive.
    pub lon: f64,
    /// WGS-84 latitude in degrees, north positive.
    pub lat: f64,
}

impl From<Position> for PositionObject {
    fn from(p: Position) -> Self {
        Self { lon: p.lon(), lat: p.lat() }
    }
}

impl From<Fixed> for PositionObject {
    fn from(p: Fixed) -> Self {
        Position::from(p).into()
    }
}

/// A position in WGS-84. Convert positions from Chinese maps (GCJ-02, BD-09) first: they are off by some 500 m.
#[derive(InputObject, Debug, Clone, Copy)]
pub struct PointInput {
    /// WGS-84 longitude in degrees, east positive, -180 to 180.
    pub lon: f64,
    /// WGS-84 latitude in degrees, north positive, -90 to 90.
    pub lat: f64,
    /// The storey, as in OpenStreetMap's `level`: 0 is the ground (the default), below 0 is underground. A place on the
    /// ground snaps only to streets on the ground. A place underground also snaps to passages and platforms, a place
    /// above the ground also to ways inside buildings.
    pub level: Option<f64>,
}

/// A place. Give exactly one of the fields.
#[derive(OneofObject, Debug, Clone)]
pub enum PlaceInput {
    /// A position.
    Point(PointInput),
    /// The 12-digit division code of a center.
    Center(String),
    /// The id of a facility.
    Facility(ID),
    /// An H3 cell, of which the centre is used.
    Cell(H3Cell),
}

impl PlaceInput {
    /// Returns the position. `field` names the argument in errors.
    pub fn position(&self, world: &World, field: &str) -> Result<Position> {
        match self {
            Self::Point(p) => Position::new(p.lon, p.lat)
                .map_err(|e| bad_input(&format!("{field}.point"), format_args!("({}, {})", p.lon, p.lat), e)),
            Self::Center(code) => world
                .register
                .centers
                .find(code)
                .map(|c| c.position)
                .ok_or_else(|| not_found(&format!("{field}.center"), code, "center with the code")),
            Self::Facility(id) => NodeId::number_of(RecordKind::Facility, id)
                .and_then(|n| world.register.facilities.get(n))
                .map(|f| f.position)
                .ok_or_else(|| not_found(&format!("{field}.facility"), id, "facility with the id")),
            Self::Cell(H3Cell(cell)) => Ok(cell_centre(*cell)),
        }
    }

    /// Snaps the place to the street network.
    pub fn place(&self, world: &World, network: &Network, profile: EngineProfile, field: &str) -> Result<SnappedPoint> {
        let (position, storey) = (self.position(world, field)?, self.storey(world));
        SnappedPoint::on(network, position, storey, profile).map_err(|e| unsnappable(field, e))
    }

    /// Returns the storey: the level of a point, the floor of a facility.
    pub fn storey(&self, world: &World) -> Storey {
        match self {
            Self::Point(p) => p.level.map_or(Storey::Ground, Storey::of_level),
            Self::Facility(id) => NodeId::number_of(RecordKind::Facility, id)
                .and_then(|n| world.register.facilities.get(n))
                .map_or(Storey::Ground, |f| f.storey()),
            Self::Center(_) | Self::Cell(_) => Storey::Ground,
        }
    }

    /// Returns the default direction of travel: to a service, and away from home.
    pub const fn default_direction(&self) -> EngineDirection {
        match self {
            Self::Center(_) | Self::Facility(_) => EngineDirection::Towards,
            Self::Point(_) | Self::Cell(_) => EngineDirection::From,
        }
    }
}

/// A place snapped to the street network.
#[derive(SimpleObject, Debug, Clone)]
pub struct SnappedPlace {
    /// The position of the place.
    pub position: PositionObject,
    /// The point on the network: on the nearest street that the profile can use. An ordinary street is preferred if it
    /// is almost as near.
    pub snapped: PositionObject,
    /// The distance from the place to that point in metres, the off-network leg.
    pub distance_m: f64,
    /// The name of the street, if it has one.
    pub street: Option<String>,
    /// Whether the street is restricted: a private road, the inside of a gated compound, or a piece that is cut off. It
    /// can be used only at the start and the end of a trip.
    pub restricted: bool,
}

impl SnappedPlace {
    /// Converts a snapped place.
    pub fn new(network: &Network, place: &SnappedPoint) -> Self {
        let snap = place.snap();
        Self {
            position: place.position.into(),
            snapped: snap.at.into(),
            distance_m: round(snap.off_m, 1),
            street: network.name(snap.edge).map(str::to_owned),
            restricted: network.edge(snap.edge).is_restricted(),
        }
    }
}

/// Rounds to the given number of decimals.
pub fn round(value: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    // Avoids -0.0, the sum of an empty list.
    (value * unit).round() / unit + 0.0
}

/// Converts to minutes with four decimals, which is finer than the internal tenth of a second.
pub fn minutes(time: walkshed_engine::Deciseconds) -> f64 {
    round(time.minutes(), 4)
}

#[cfg(test)]
mod tests {
    use super::round;

    #[test]
    fn rounds_numbers_and_avoids_negative_zero() {
        assert_eq!((round(1.25, 1), round(-1.26, 1), round(1234.5, 0)), (1.3, -1.3, 1235.0));
        let nothing: f64 = [0.0f64; 0].iter().sum();
        assert!(round(nothing, 1).is_sign_positive());
    }
}

//! Small types many answers share: enumerations mirrored from the engine, positions, places.

use super::error::{bad_input, not_found, unsnappable};
use super::ids::NodeId;
use super::scalars::H3Cell;
use async_graphql::{Enum, ID, InputObject, OneofObject, Result, SimpleObject};
use walkshed_analysis::world::{PlacedPoint, World};
use walkshed_engine::geo::{Fixed, Position, Storey, cell_centre};
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

/// Facilities of one category.
#[derive(SimpleObject)]
pub struct CategoryCount {
    /// The category.
    category: Category,
    /// How many.
    count: u64,
}

impl CategoryCount {
    /// One entry for each of the seven.
    pub fn all(counts: [u64; RegisterCategory::ALL.len()]) -> Vec<Self> {
        let all = RegisterCategory::ALL.into_iter().zip(counts);
        all.map(|(category, count)| Self { category: category.into(), count }).collect()
    }
}

/// Who travels. Speeds and what is barred to whom are data; the defaults are in the README.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "EngineProfile")]
pub enum Profile {
    /// Walks 4.8 km/h on level ground.
    Adult,
    /// Over 65: walks 3.4 km/h on level ground.
    Senior,
    /// Walks 3.6 km/h on level ground.
    Child,
    /// 3.0 km/h on level ground, no steps.
    Wheelchair,
    /// With a pram: 3.2 km/h on level ground, no steps.
    Stroller,
    /// Rides 15 km/h on level ground.
    Bicycle,
}

/// Which way people travel: slopes, one-way streets and escalators make a difference.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "EngineDirection")]
pub enum Direction {
    /// To the place: who can come here?
    Towards,
    /// Away from the place: where can one go from here?
    From,
}

/// A position on the ground.
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

/// A position in WGS-84. Positions from Chinese maps (GCJ-02, BD-09) must be converted first; they lie some 500 m off.
#[derive(InputObject, Debug, Clone, Copy)]
pub struct PointInput {
    /// WGS-84 longitude in degrees, east positive, -180 to 180.
    pub lon: f64,
    /// WGS-84 latitude in degrees, north positive, -90 to 90.
    pub lat: f64,
    /// The storey, as OpenStreetMap's `level`: 0 is the ground (the default), below 0 is underground. A place on the
    /// ground joins streets on the ground alone; one underground also joins passages and platforms, one above the ground
    /// also ways inside buildings.
    pub level: Option<f64>,
}

/// A place: exactly one of the four.
#[derive(OneofObject, Debug, Clone)]
pub enum PlaceInput {
    /// Any position.
    Point(PointInput),
    /// A center, by its 12-digit division code.
    Center(String),
    /// A facility, by its id.
    Facility(ID),
    /// The centre of an H3 cell.
    Cell(H3Cell),
}

impl PlaceInput {
    /// Where it is; `field` names it in errors.
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

    /// Puts it on the street network.
    pub fn place(&self, world: &World, network: &Network, profile: EngineProfile, field: &str) -> Result<PlacedPoint> {
        let (position, storey) = (self.position(world, field)?, self.storey(world));
        PlacedPoint::on(network, position, storey, profile).map_err(|e| unsnappable(field, e))
    }

    /// On which storey it is: of a point by its level, of a facility by its floor.
    pub fn storey(&self, world: &World) -> Storey {
        match self {
            Self::Point(p) => p.level.map_or(Storey::Ground, Storey::of_level),
            Self::Facility(id) => NodeId::number_of(RecordKind::Facility, id)
                .and_then(|n| world.register.facilities.get(n))
                .map_or(Storey::Ground, |f| f.storey()),
            Self::Center(_) | Self::Cell(_) => Storey::Ground,
        }
    }

    /// Which way people travel when the request does not say: to a service, and away from home.
    pub const fn usual_direction(&self) -> EngineDirection {
        match self {
            Self::Center(_) | Self::Facility(_) => EngineDirection::Towards,
            Self::Point(_) | Self::Cell(_) => EngineDirection::From,
        }
    }
}

/// A place as it was put on the street network.
#[derive(SimpleObject, Debug, Clone)]
pub struct SnappedPlace {
    /// The place itself.
    pub position: PositionObject,
    /// The point at which it joins the network: on the nearest street that the profile can use, an ordinary one where one is
    /// nearly as near.
    pub snapped: PositionObject,
    /// Metres from the place to that point, walked off the network.
    pub distance_m: f64,
    /// The name of that street, where it has one.
    pub street: Option<String>,
    /// Whether that street is restricted: a private road, the inside of a gated compound, or a piece that is cut off. It is
    /// passable as the first and the last leg of a trip.
    pub restricted: bool,
}

impl SnappedPlace {
    /// Shapes the answer.
    pub fn new(network: &Network, place: &PlacedPoint) -> Self {
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

/// Rounds to so many decimals, for reading.
pub fn round(value: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    // The sum of nothing is -0.0; to readers it is 0.
    (value * unit).round() / unit + 0.0
}

/// Minutes to four decimals: finer than the tenth of a second they are counted in.
pub fn minutes(time: walkshed_engine::Deciseconds) -> f64 {
    round(time.minutes(), 4)
}

#[cfg(test)]
mod tests {
    use super::round;

    #[test]
    fn numbers_are_rounded_and_nothing_is_zero() {
        assert_eq!((round(1.25, 1), round(-1.26, 1), round(1234.5, 0)), (1.3, -1.3, 1235.0));
        let nothing: f64 = [0.0f64; 0].iter().sum();
        assert!(round(nothing, 1).is_sign_positive());
    }
}

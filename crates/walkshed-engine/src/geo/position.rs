//! Positions in WGS-84.

use serde::{Deserialize, Serialize};

/// A WGS-84 position in degrees. [`Position::new`] is the only constructor, so every value is finite and in range.
///
/// ```
/// use walkshed_engine::geo::Position;
///
/// let position = Position::new(106.55, 29.56)?;
/// assert_eq!((position.lon(), position.lat()), (106.55, 29.56));
/// assert!(Position::new(200.0, 0.0).is_err());
/// # Ok::<(), walkshed_engine::geo::PositionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    lon: f64,
    lat: f64,
}

/// The reason why a pair of numbers is not a position.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    #[error("longitude {0} is not between -180 and 180 degrees")]
    Longitude(f64),
    #[error("latitude {0} is not between -90 and 90 degrees")]
    Latitude(f64),
    #[error("latitude {lat} is out of range and longitude {lon} would be a latitude: are the two columns swapped?")]
    Swapped { lon: f64, lat: f64 },
}

impl Position {
    /// Creates a position from longitude and latitude in degrees.
    ///
    /// # Errors
    /// Returns a [`PositionError`] if a value is not finite or out of range. If the values would be valid when swapped,
    /// the error says so.
    pub fn new(lon: f64, lat: f64) -> Result<Self, PositionError> {
        let lon_ok = (-180.0..=180.0).contains(&lon);
        let lat_ok = (-90.0..=90.0).contains(&lat);
        match (lon_ok, lat_ok) {
            (true, true) => Ok(Self { lon, lat }),
            (_, false) if (-90.0..=90.0).contains(&lon) && (-180.0..=180.0).contains(&lat) => {
                Err(PositionError::Swapped { lon, lat })
            }
            (_, false) => Err(PositionError::Latitude(lat)),
            (false, _) => Err(PositionError::Longitude(lon)),
        }
    }

    /// Returns the longitude in degrees, east positive.
    #[must_use]
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Returns the latitude in degrees, north positive.
    #[must_use]
    pub const fn lat(self) -> f64 {
        self.lat
    }
}

/// 180 and 360 degrees, in ten-millionths of a degree.
pub(crate) const HALF_TURN: i64 = 1_800_000_000;
pub(crate) const FULL_TURN: i64 = 2 * HALF_TURN;

/// A position in ten-millionths of a degree (about 1 cm), the resolution of OpenStreetMap.
///
/// Longitudes may exceed 180 degrees: lines and areas that cross the 180th meridian are continuous.
///
/// ```
/// use walkshed_engine::geo::{Fixed, Position};
///
/// let fixed = Fixed::from(Position::new(106.55, 29.56)?);
/// assert_eq!(fixed, Fixed { x: 1_065_500_000, y: 295_600_000 });
/// assert_eq!(Position::from(fixed), Position::new(106.55, 29.56)?);
/// # Ok::<(), walkshed_engine::geo::PositionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Fixed {
    /// Longitude x 10^7.
    pub x: i32,
    /// Latitude x 10^7.
    pub y: i32,
}

impl Fixed {
    /// Units per degree.
    pub const PER_DEGREE: f64 = 1e7;

    /// Returns the longitude in degrees.
    #[must_use]
    pub fn lon(self) -> f64 {
        f64::from(self.x) / Self::PER_DEGREE
    }

    /// Returns the latitude in degrees.
    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.y) / Self::PER_DEGREE
    }

    /// Returns the point at fraction `t` (0 to 1) of the way from `self` to `other`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "result lies between two i32")]
    pub fn lerp(self, other: Self, t: f64) -> Self {
        let mix = |a: i32, b: i32| (f64::from(a) + (f64::from(b) - f64::from(a)) * t).round() as i32;
        Self { x: mix(self.x, other.x), y: mix(self.y, other.y) }
    }

    /// Returns the same position with its longitude normalized to [-180, 180] degrees.
    #[must_use]
    pub fn normalized(self) -> Self {
        let x = i64::from(self.x);
        if x.abs() <= HALF_TURN { self } else { Self { x: shift_near(x, 0), ..self } }
    }

    /// Returns the same position with its longitude shifted by multiples of 360 degrees to lie within 180 degrees of
    /// `middle` (ten-millionths of a degree). Returns `self` unchanged if the result does not fit in a [`Fixed`].
    #[must_use]
    pub fn align_longitude(self, middle: i32) -> Self {
        let x = i64::from(self.x);
        if (x - i64::from(middle)).abs() <= HALF_TURN { self } else { Self { x: shift_near(x, middle.into()), ..self } }
    }
}

/// Shifts a longitude by multiples of 360 degrees to within 180 degrees of `middle`. Returns it unchanged if the result
/// does not fit in an `i32`.
fn shift_near(x: i64, middle: i64) -> i32 {
    let moved = x - (x - middle + HALF_TURN).div_euclid(FULL_TURN) * FULL_TURN;
    i32::try_from(moved).or_else(|_| i32::try_from(x)).unwrap_or_default()
}

impl From<Position> for Fixed {
    #[expect(clippy::cast_possible_truncation, reason = "180e7 fits in i32")]
    fn from(p: Position) -> Self {
        Self { x: (p.lon * Self::PER_DEGREE).round() as i32, y: (p.lat * Self::PER_DEGREE).round() as i32 }
    }
}

impl From<Fixed> for Position {
    fn from(f: Fixed) -> Self {
        let f = f.normalized();
        Self { lon: f.lon().clamp(-180.0, 180.0), lat: f.lat().clamp(-90.0, 90.0) }
    }
}

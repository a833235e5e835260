//! A position on the ground, in WGS-84.

use serde::{Deserialize, Serialize};

/// A WGS-84 position in degrees. It is only ever built through [`Position::new`], so a value that exists is
/// finite and in range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    lon: f64,
    lat: f64,
}

/// Why a pair of numbers is not a position.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PositionError {
    #[error("longitude {0} is not between -180 and 180 degrees")]
    Longitude(f64),
    #[error("latitude {0} is not between -90 and 90 degrees")]
    Latitude(f64),
    #[error("latitude {lat} is out of range and longitude {lon} would be a latitude: are the two columns swapped?")]
    Swapped { lon: f64, lat: f64 },
}

impl Position {
    /// A position from longitude and latitude in degrees.
    ///
    /// # Errors
    /// [`PositionError`] when a value is not finite or out of range; when exchanging the two would mend it,
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

    /// Longitude in degrees, east positive.
    #[must_use]
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Latitude in degrees, north positive.
    #[must_use]
    pub const fn lat(self) -> f64 {
        self.lat
    }
}

/// A position in ten-millionths of a degree (about 1 cm), the resolution of OpenStreetMap itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Fixed {
    /// Longitude x 10^7.
    pub x: i32,
    /// Latitude x 10^7.
    pub y: i32,
}

impl Fixed {
    /// Units in one degree.
    pub const PER_DEGREE: f64 = 1e7;

    /// Longitude in degrees.
    #[must_use]
    pub fn lon(self) -> f64 {
        f64::from(self.x) / Self::PER_DEGREE
    }

    /// Latitude in degrees.
    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.y) / Self::PER_DEGREE
    }

    /// The point a fraction `t` (0 to 1) of the way from `self` to `other`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "lies between two i32")]
    pub fn lerp(self, other: Self, t: f64) -> Self {
        let mix = |a: i32, b: i32| (f64::from(a) + (f64::from(b) - f64::from(a)) * t).round() as i32;
        Self { x: mix(self.x, other.x), y: mix(self.y, other.y) }
    }
}

impl From<Position> for Fixed {
    #[expect(clippy::cast_possible_truncation, reason = "180e7 fits in i32")]
    fn from(p: Position) -> Self {
        Self { x: (p.lon * Self::PER_DEGREE).round() as i32, y: (p.lat * Self::PER_DEGREE).round() as i32 }
    }
}

impl From<Fixed> for Position {
    fn from(f: Fixed) -> Self {
        let f = f.on_globe();
        Self { lon: f.lon().clamp(-180.0, 180.0), lat: f.lat().clamp(-90.0, 90.0) }
    }
}

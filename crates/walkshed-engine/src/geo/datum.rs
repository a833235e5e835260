//! Datums of positions in Chinese data sources, and their conversion to WGS-84.

use super::position::{Position, PositionError};
use geocoordinates::china::{Bd09, Gcj02, out_of_china};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A geodetic datum, or an obfuscated variant of one, of input positions. Everything inside the program is WGS-84.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datum {
    /// WGS-84: GPS and OpenStreetMap.
    #[default]
    Wgs84,
    /// China Geodetic Coordinate System 2000. It differs from WGS-84 by a few decimetres and is treated as equal.
    Cgcs2000,
    /// The shifted system of Chinese web maps (Amap, Tencent).
    Gcj02,
    /// Baidu's additional shift of GCJ-02.
    Bd09,
}

/// The error for an unknown datum name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown datum \"{0}\": expected wgs84, cgcs2000, gcj02 or bd09")]
pub struct UnknownDatum(pub String);

impl FromStr for Datum {
    type Err = UnknownDatum;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let plain: String = s.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match plain.as_str() {
            "wgs84" | "epsg4326" => Ok(Self::Wgs84),
            "cgcs2000" | "epsg4490" => Ok(Self::Cgcs2000),
            "gcj02" => Ok(Self::Gcj02),
            "bd09" | "bd09ll" => Ok(Self::Bd09),
            _ => Err(UnknownDatum(s.to_owned())),
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wgs84 => "wgs84",
            Self::Cgcs2000 => "cgcs2000",
            Self::Gcj02 => "gcj02",
            Self::Bd09 => "bd09",
        })
    }
}

impl Datum {
    /// Converts a position in this datum to WGS-84, with an error below one metre. Positions outside China are returned
    /// unchanged because the shifts are only defined inside it.
    ///
    /// ```
    /// use walkshed_engine::geo::Datum;
    ///
    /// let datum: Datum = "gcj02".parse()?;
    /// let position = datum.to_wgs84(106.55, 29.56)?;
    /// assert!((position.lon() - 106.55).abs() > 0.001, "GCJ-02 is shifted by some hundred metres");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns a [`PositionError`] if the position is out of range, before or after the conversion.
    pub fn to_wgs84(self, lon: f64, lat: f64) -> Result<Position, PositionError> {
        let given = Position::new(lon, lat)?;
        if out_of_china(lat, lon) {
            return Ok(given);
        }
        let moved = match self {
            Self::Wgs84 | Self::Cgcs2000 => return Ok(given),
            Self::Gcj02 => Gcj02::new(lat, lon).try_to_wgs84_refined(),
            Self::Bd09 => Bd09::new(lat, lon).try_to_wgs84_refined(),
        };
        let moved = moved.map_err(|_| PositionError::Latitude(lat))?.into_inner();
        Position::new(moved.lon, moved.lat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{Fixed, chord_length_m};
    use geocoordinates::china::Wgs84;

    #[test]
    fn round_trips_in_china_within_one_metre() {
        for lon in [87.6, 100.2, 106.55, 113.3, 121.5] {
            for lat in [22.5, 29.56, 36.0, 43.8] {
                let truth = Position::new(lon, lat).unwrap();
                let gcj = Wgs84::new(lat, lon).try_to_gcj02().unwrap();
                let bd = Wgs84::new(lat, lon).try_to_bd09().unwrap();
                for back in [Datum::Gcj02.to_wgs84(gcj.lon, gcj.lat), Datum::Bd09.to_wgs84(bd.lon, bd.lat)] {
                    let d = chord_length_m(Fixed::from(truth), Fixed::from(back.unwrap()));
                    assert!(d <= 1.0, "{lon} {lat}: {d} m");
                }
                assert!(
                    chord_length_m(Fixed::from(truth), Fixed::from(Position::new(gcj.lon, gcj.lat).unwrap())) > 100.0
                );
            }
        }
    }

    /// Values printed in the documentation of the npm package `coordtransform` for (116.404, 39.915).
    #[test]
    fn matches_coordtransform() {
        let truth = Fixed::from(Position::new(116.404, 39.915).unwrap());
        let from_gcj = Datum::Gcj02.to_wgs84(116.410_244_499_169_38, 39.916_404_281_501_64).unwrap();
        assert!(chord_length_m(truth, from_gcj.into()) <= 1.0);
        // The same place in BD-09 and GCJ-02.
        for (bd, gcj) in [
            ((116.410_369_493_710_29, 39.921_336_993_510_22), (116.404, 39.915)),
            ((116.404, 39.915), (116.397_627_291_193_15, 39.908_656_739_576_31)),
        ] {
            let (a, b) = (Datum::Bd09.to_wgs84(bd.0, bd.1).unwrap(), Datum::Gcj02.to_wgs84(gcj.0, gcj.1).unwrap());
            assert!(chord_length_m(a.into(), b.into()) <= 1.0, "{bd:?}");
        }
    }

    #[test]
    fn leaves_positions_outside_china_unchanged() {
        let p = Datum::Bd09.to_wgs84(-51.2, -30.03).unwrap();
        assert_eq!((p.lon(), p.lat()), (-51.2, -30.03));
    }

    #[test]
    fn parses_datum_names() {
        assert_eq!("GCJ-02".parse(), Ok(Datum::Gcj02));
        assert_eq!("BD09".parse(), Ok(Datum::Bd09));
        assert_eq!(
            "mars".parse::<Datum>().unwrap_err().to_string(),
            "unknown datum \"mars\": expected wgs84, cgcs2000, gcj02 or bd09"
        );
    }
}

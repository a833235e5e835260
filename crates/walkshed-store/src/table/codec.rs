//! How a field of a record is stored in one or two columns.

use super::json_row::FromField;
use super::reader::ColumnReader;
use super::values::Values;
use crate::error::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Encode, Sqlite, Type};
use std::fmt::Display;
use std::str::FromStr;
use walkshed_engine::geo::Position;
use walkshed_register::{DivisionCode, Host, RegionCode};

/// A way of storing values in columns.
pub trait Codec {
    /// Whether the columns have the type `REAL`.
    const IS_REAL: bool = false;
}

/// A codec for values of type `T`.
pub trait Convert<T>: Codec {
    /// Binds a value.
    fn bind(value: &T, values: &mut Values) -> Result<(), StoreError>;

    /// Reads a value.
    fn read(row: &mut ColumnReader<'_>) -> Result<T, StoreError>;
}

/// A value that SQLite stores directly, except reals.
pub struct Plain;

/// A real number.
pub struct Real;

/// A value stored as the text of its `Display` implementation.
pub struct Text;

/// An optional value stored as the text of its `Display` implementation.
pub struct OptionalText;

/// A value stored as JSON.
pub struct Json;

/// A division or region code.
pub struct Code;

/// A position, in a column of longitudes and one of latitudes.
pub struct LonLat;

/// A host, in a column of center ids and one of facility ids, one of which is null.
pub struct HostIds;

impl Codec for Plain {}
impl Codec for Real {
    const IS_REAL: bool = true;
}
impl Codec for Text {}
impl Codec for OptionalText {}
impl Codec for Json {}
impl Codec for Code {}
impl Codec for LonLat {
    const IS_REAL: bool = true;
}
impl Codec for HostIds {}

impl<T> Convert<T> for Plain
where
    T: for<'v> Encode<'v, Sqlite> + Type<Sqlite> + for<'r> FromField<'r>,
{
    fn bind(value: &T, values: &mut Values) -> Result<(), StoreError> {
        values.add(value)
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<T, StoreError> {
        row.get()
    }
}

impl<T> Convert<T> for Real
where
    Plain: Convert<T>,
{
    fn bind(value: &T, values: &mut Values) -> Result<(), StoreError> {
        Plain::bind(value, values)
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<T, StoreError> {
        Plain::read(row)
    }
}

impl<T: Display + FromStr<Err: Display>> Convert<T> for Text {
    fn bind(value: &T, values: &mut Values) -> Result<(), StoreError> {
        values.add(value.to_string())
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<T, StoreError> {
        let text: &str = row.get()?;
        row.parse(text)
    }
}

impl<T: Display + FromStr<Err: Display>> Convert<Option<T>> for OptionalText {
    fn bind(value: &Option<T>, values: &mut Values) -> Result<(), StoreError> {
        values.add(value.as_ref().map(T::to_string))
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<Option<T>, StoreError> {
        let text: Option<&str> = row.get()?;
        text.map(|text| row.parse(text)).transpose()
    }
}

impl<T: Serialize + DeserializeOwned + Default> Convert<T> for Json {
    fn bind(value: &T, values: &mut Values) -> Result<(), StoreError> {
        values.add(serde_json::to_string(value).map_err(|e| sqlx::Error::Encode(Box::new(e)))?)
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<T, StoreError> {
        let text: &str = row.get()?;
        // A fast path: most lists are empty.
        if text == "[]" {
            Ok(T::default())
        } else {
            serde_json::from_str(text).map_err(|e| row.corrupt(format_args!("{text} {e}")))
        }
    }
}

impl Convert<DivisionCode> for Code {
    fn bind(value: &DivisionCode, values: &mut Values) -> Result<(), StoreError> {
        values.add(value.as_str())
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<DivisionCode, StoreError> {
        let text: &str = row.get()?;
        DivisionCode::new(text).map_err(|e| row.corrupt(e))
    }
}

impl Convert<Option<DivisionCode>> for Code {
    fn bind(value: &Option<DivisionCode>, values: &mut Values) -> Result<(), StoreError> {
        values.add(value.as_ref().map(DivisionCode::as_str))
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<Option<DivisionCode>, StoreError> {
        let text: Option<&str> = row.get()?;
        text.map(|text| DivisionCode::new(text).map_err(|e| row.corrupt(e))).transpose()
    }
}

impl Convert<RegionCode> for Code {
    fn bind(value: &RegionCode, values: &mut Values) -> Result<(), StoreError> {
        values.add(value.as_str())
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<RegionCode, StoreError> {
        let text: &str = row.get()?;
        RegionCode::new(text).map_err(|e| row.corrupt(e))
    }
}

impl Convert<Position> for LonLat {
    fn bind(value: &Position, values: &mut Values) -> Result<(), StoreError> {
        values.add(value.lon())?;
        values.add(value.lat())
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<Position, StoreError> {
        let (lon, lat) = (row.get()?, row.get()?);
        Position::new(lon, lat).map_err(|e| row.corrupt(e))
    }
}

impl Convert<Option<Position>> for LonLat {
    fn bind(value: &Option<Position>, values: &mut Values) -> Result<(), StoreError> {
        values.add(value.map(Position::lon))?;
        values.add(value.map(Position::lat))
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<Option<Position>, StoreError> {
        match (row.get::<Option<f64>>()?, row.get::<Option<f64>>()?) {
            (Some(lon), Some(lat)) => Position::new(lon, lat).map(Some).map_err(|e| row.corrupt(e)),
            _ => Ok(None),
        }
    }
}

impl Convert<Host> for HostIds {
    fn bind(value: &Host, values: &mut Values) -> Result<(), StoreError> {
        values.add(value.center())?;
        values.add(value.facility())
    }

    fn read(row: &mut ColumnReader<'_>) -> Result<Host, StoreError> {
        match (row.get::<Option<i64>>()?, row.get::<Option<i64>>()?) {
            (Some(center), None) => Ok(Host::Center(center)),
            (None, Some(facility)) => Ok(Host::Facility(facility)),
            _ => Err(row.corrupt("must be set for either a center or a facility, not both")),
        }
    }
}

//! Rows in JSON. A bulk read lets SQLite put a few thousand rows into one JSON text.
//!
//! The driver passes every value between threads. For a hundred thousand rows that takes longer than everything else.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use sqlx::{Decode, Sqlite, Type};
use std::borrow::Cow;
use std::fmt;

/// A column value in JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Field<'t> {
    Null,
    Whole(i64),
    Text(Cow<'t, str>),
}

impl<'t> Deserialize<'t> for Field<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'t> Visitor<'t> for Any {
            type Value = Field<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of a column")
            }

            fn visit_unit<E: Error>(self) -> Result<Field<'t>, E> {
                Ok(Field::Null)
            }

            fn visit_i64<E: Error>(self, n: i64) -> Result<Field<'t>, E> {
                Ok(Field::Whole(n))
            }

            fn visit_u64<E: Error>(self, n: u64) -> Result<Field<'t>, E> {
                i64::try_from(n).map(Field::Whole).map_err(E::custom)
            }

            fn visit_borrowed_str<E: Error>(self, text: &'t str) -> Result<Field<'t>, E> {
                Ok(Field::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Field<'t>, E> {
                Ok(Field::Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// A type that can be read from a driver row and from JSON.
pub trait FromField<'r>: Decode<'r, Sqlite> + Type<Sqlite> + Sized {
    /// Converts a JSON value. Returns `None` if it has another type.
    fn from_field(field: &'r Field<'_>) -> Option<Self>;
}

impl FromField<'_> for i64 {
    fn from_field(field: &Field<'_>) -> Option<Self> {
        if let Field::Whole(n) = field { Some(*n) } else { None }
    }
}

impl FromField<'_> for u32 {
    fn from_field(field: &Field<'_>) -> Option<Self> {
        if let Field::Whole(n) = field { Self::try_from(*n).ok() } else { None }
    }
}

impl FromField<'_> for bool {
    fn from_field(field: &Field<'_>) -> Option<Self> {
        if let Field::Whole(n) = field { Some(*n != 0) } else { None }
    }
}

impl FromField<'_> for f64 {
    /// Reals arrive as text, see [`as_json`].
    fn from_field(field: &Field<'_>) -> Option<Self> {
        if let Field::Text(text) = field { text.parse().ok() } else { None }
    }
}

impl<'r> FromField<'r> for &'r str {
    fn from_field(field: &'r Field<'_>) -> Option<Self> {
        if let Field::Text(text) = field { Some(text) } else { None }
    }
}

impl FromField<'_> for String {
    fn from_field(field: &Field<'_>) -> Option<Self> {
        if let Field::Text(text) = field { Some(text.clone().into_owned()) } else { None }
    }
}

impl<'r, T: FromField<'r>> FromField<'r> for Option<T>
where
    Option<T>: Decode<'r, Sqlite> + Type<Sqlite>,
{
    fn from_field(field: &'r Field<'_>) -> Option<Self> {
        if *field == Field::Null { Some(None) } else { T::from_field(field).map(Some) }
    }
}

/// Returns the SQL expression that puts a column into JSON. Reals become text: SQLite writes JSON numbers with 15 digits,
/// whereas `quote` writes as many as are needed to read the same number back.
pub fn as_json(column: &str, is_real: bool) -> String {
    if is_real { format!("iif({column} IS NULL, NULL, quote({column}))") } else { column.to_owned() }
}

#[cfg(test)]
#[path = "json_row_tests.rs"]
mod tests;

//! Values of a row, whichever way they came: from the driver column by column, or many rows at once in one text of JSON.
//! The driver hands each value from one thread to another, which at a hundred thousand rows takes longer than all else.

use super::StoreError;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};
use std::borrow::Cow;
use std::fmt;

/// One value of a row that came as JSON.
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

/// A value that is read from either.
pub trait FromField<'r>: Decode<'r, Sqlite> + Type<Sqlite> + Sized {
    /// From JSON; `None` where it is of another type.
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
    /// Numbers that are not whole come as text: JSON written by the database keeps 15 digits, `quote` all that are needed.
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

/// Where the values of a row are.
#[derive(Clone, Copy)]
pub enum Source<'r> {
    Row(&'r SqliteRow),
    Fields(&'r [Field<'r>]),
}

impl<'r> Source<'r> {
    /// The value at a place.
    pub fn get<T: FromField<'r>>(self, place: usize) -> Result<T, StoreError> {
        match self {
            Self::Row(row) => Ok(row.try_get(place)?),
            Self::Fields(fields) => fields.get(place).and_then(T::from_field).ok_or_else(|| {
                StoreError::Sql(sqlx::Error::ColumnDecode {
                    index: place.to_string(),
                    source: format!("{:?} is of another type", fields.get(place)).into(),
                })
            }),
        }
    }
}

/// How a column is put into JSON.
pub fn as_json(column: &str, is_real: bool) -> String {
    if is_real { format!("iif({column} IS NULL, NULL, quote({column}))") } else { column.to_owned() }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;

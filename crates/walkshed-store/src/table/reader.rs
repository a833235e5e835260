//! Reading a row column by column.

use super::json_row::{Field, FromField};
use crate::error::StoreError;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::fmt::Display;
use std::str::FromStr;

/// The source of a row's values.
#[derive(Clone, Copy)]
pub enum Source<'r> {
    Row(&'r SqliteRow),
    Fields(&'r [Field<'r>]),
}

impl<'r> Source<'r> {
    /// Returns the value of a column.
    fn get<T: FromField<'r>>(self, index: usize) -> Result<T, StoreError> {
        match self {
            Self::Row(row) => Ok(row.try_get(index)?),
            Self::Fields(fields) => fields.get(index).and_then(T::from_field).ok_or_else(|| {
                StoreError::Sql(sqlx::Error::ColumnDecode {
                    index: index.to_string(),
                    source: format!("{:?} has an unexpected type", fields.get(index)).into(),
                })
            }),
        }
    }
}

/// Reads the columns of a row in order.
pub struct ColumnReader<'r> {
    row: Source<'r>,
    table: &'static str,
    /// Returns the name of the nth column, `id` and `version` not counted.
    name_of: fn(usize) -> Option<&'static str>,
    id: i64,
    next: usize,
}

impl<'r> ColumnReader<'r> {
    /// Creates a reader of a row of `table`. `name_of` returns the names of the columns after `id` and `version`.
    pub const fn new(row: Source<'r>, table: &'static str, name_of: fn(usize) -> Option<&'static str>) -> Self {
        Self { row, table, name_of, id: 0, next: 0 }
    }

    /// Reads the first two columns.
    pub fn id_and_version(&mut self) -> Result<(i64, i64), StoreError> {
        self.id = self.get()?;
        Ok((self.id, self.get()?))
    }

    /// Reads the next column.
    pub fn get<T: FromField<'r>>(&mut self) -> Result<T, StoreError> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// Parses a text that was read from the last column.
    pub fn parse<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|e| self.corrupt(format_args!("\"{text}\" {e}")))
    }

    /// Returns an error about the column that was read last.
    pub fn corrupt(&self, why: impl Display) -> StoreError {
        // `next` counts `id` and `version` and is one past the column.
        let column = self.next.checked_sub(3).and_then(self.name_of).unwrap_or("row");
        StoreError::corrupt(self.table, self.id, format_args!("{column} {why}"))
    }
}

//! Record types with their own tables.

use super::json_row::as_json;
use super::reader::{ColumnReader, Source};
use super::values::Values;
use crate::error::StoreError;
use serde::Serialize;
use sqlx::AssertSqlSafe;
use walkshed_register::Record;

/// The column, or the columns, that store one field of a record.
pub struct Column {
    pub names: &'static [&'static str],
    /// Whether the columns have the type `REAL`.
    pub is_real: bool,
}

/// A record type with its own table.
pub trait TableRecord: Record + Serialize {
    /// The name of the table.
    const TABLE: &'static str;
    /// The columns, except `id`, `version`, `created_at` and `updated_at`.
    const COLUMNS: &'static [Column];

    /// Binds the columns, in the order of [`Self::COLUMNS`].
    ///
    /// # Errors
    /// [`StoreError`] if a value cannot be encoded.
    fn bind(&self, values: &mut Values) -> Result<(), StoreError>;

    /// Reads the columns, in the order of [`Self::COLUMNS`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a value that validation rejects.
    fn read(id: i64, version: i64, row: &mut ColumnReader<'_>) -> Result<Self, StoreError>;

    /// Returns the names of the columns.
    fn column_names() -> impl Iterator<Item = &'static str> {
        Self::COLUMNS.iter().flat_map(|column| column.names).copied()
    }

    /// Returns the SQL expressions that put the columns into JSON.
    fn json_columns() -> impl Iterator<Item = String> {
        Self::COLUMNS.iter().flat_map(|column| column.names.iter().map(|name| as_json(name, column.is_real)))
    }
}

/// Joins texts with commas.
pub fn comma_separated<T: AsRef<str>>(list: impl Iterator<Item = T>) -> String {
    let mut text = String::new();
    for item in list {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(item.as_ref());
    }
    text
}

/// Returns `SELECT id, version, ... FROM table`, followed by `rest`.
pub fn select<T: TableRecord>(rest: &str) -> AssertSqlSafe<String> {
    // Only constant table and column names are inserted into the text.
    AssertSqlSafe(format!("SELECT id, version, {} FROM {} {rest}", comma_separated(T::column_names()), T::TABLE))
}

/// Reads a record from a row that starts with `id` and `version`.
pub fn read_record<T: TableRecord>(row: Source<'_>) -> Result<T, StoreError> {
    let mut reader = ColumnReader::new(row, T::TABLE, |n| T::column_names().nth(n));
    let (id, version) = reader.id_and_version()?;
    T::read(id, version, &mut reader)
}

//! The mapping of records to tables: each record type lists its columns once, and they are bound and read by that list.

mod codec;
mod json_row;
mod reader;
mod records;
mod values;

use crate::StoreError;
use serde::Serialize;
use sqlx::AssertSqlSafe;
use walkshed_register::Record;

pub use json_row::{Field, as_json};
pub use reader::{ColumnReader, Source};
pub use values::{Values, placeholders};

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

/// Evaluates an expression with a type alias for the record type of a [`RecordKind`](walkshed_register::RecordKind). Returns
/// `None` for kinds without a table of records.
macro_rules! with_record_type {
    ($kind:expr, $type:ident => $does:expr) => {
        $crate::table::with_record_type!(@match $kind, $type => $does;
            Center, Facility, Service, Offer, Event, Suggestion, Region, Scenario, Standard)
    };
    (@match $kind:expr, $type:ident => $does:expr; $($record:ident),+) => {
        match $kind {
            $(walkshed_register::RecordKind::$record => {
                type $type = walkshed_register::$record;
                Some($does)
            })+
            walkshed_register::RecordKind::Visits | walkshed_register::RecordKind::Population => None,
        }
    };
}

pub(crate) use with_record_type;

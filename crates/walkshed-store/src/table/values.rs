//! Parameters of a statement.

use crate::error::StoreError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Encode, Sqlite, Type};

/// Parameters of a statement, bound in order.
#[derive(Default)]
pub struct Values(pub SqliteArguments);

impl Values {
    /// Binds the next parameter.
    pub fn add<'v, T: Encode<'v, Sqlite> + Type<Sqlite> + 'v>(&mut self, value: T) -> Result<(), StoreError> {
        Arguments::add(&mut self.0, value).map_err(|e| sqlx::Error::Encode(e).into())
    }
}

/// Returns the placeholders of `rows` rows of `columns` values each: `(?, ?), (?, ?)`.
pub fn placeholders(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row.as_str(); rows].join(", ")
}

//! Errors of the database.

/// An error of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database {url} cannot be opened: {source}")]
    Open { url: String, source: sqlx::Error },
    #[error(
        "unsupported database URL \"{0}\": only SQLite files are supported, such as sqlite://data/walkshed.db (PostgreSQL is not supported yet)"
    )]
    UnknownUrl(String),
    #[error("the database {url} was created by a newer or another version of walkshed: {source}")]
    Migrate { url: String, source: sqlx::migrate::MigrateError },
    #[error(
        "the database contains an invalid row: {table} {id}: {why}. Correct the row, or restore a backup with `walkshed restore FILE`"
    )]
    Corrupt { table: &'static str, id: String, why: String },
    /// Another token, possibly a revoked one, already has this name.
    #[error(
        "a token named \"{0}\" already exists or existed. Choose another name: the audit log identifies tokens by name"
    )]
    TokenNameTaken(String),
    #[error(
        "no room left for the database: the disk or quota is full ({0}). Free some space, then try again; no restart is needed"
    )]
    Full(sqlx::Error),
    #[error(
        "the disk that holds the database fails or is full ({0}). Check the disk, then try again; no restart is needed"
    )]
    Disk(sqlx::Error),
    #[error(
        "the database file is damaged ({0}). `walkshed check` shows where; `walkshed restore FILE` restores a backup"
    )]
    Damaged(sqlx::Error),
    #[error("database error: {0}")]
    Sql(sqlx::Error),
}

impl StoreError {
    /// Creates an error about an invalid row.
    pub(crate) fn corrupt(table: &'static str, id: impl ToString, why: impl ToString) -> Self {
        Self::Corrupt { table, id: id.to_string(), why: why.to_string() }
    }
}

/// Primary result codes of SQLite for faults of the database file or its disk.
mod sqlite_code {
    pub const IOERR: i32 = 10;
    pub const CORRUPT: i32 = 11;
    pub const FULL: i32 = 13;
    pub const NOTADB: i32 = 26;
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let extended = error.as_database_error().and_then(|e| e.code()?.parse::<i32>().ok());
        // The low byte is the primary code.
        match extended.map(|code| code & 0xff) {
            Some(sqlite_code::FULL) => Self::Full(error),
            Some(sqlite_code::IOERR) => Self::Disk(error),
            Some(sqlite_code::CORRUPT | sqlite_code::NOTADB) => Self::Damaged(error),
            _ => Self::Sql(error),
        }
    }
}

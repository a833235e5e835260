//! The database behind the register: the only room that speaks SQL. `SQLite`, embedded; every change is one transaction
//! that also raises the register's version and says in the audit log who did it.

mod audit;
mod backup;
mod columns;
mod demonstration;
mod edit;
mod fields;
mod jobs;
mod read;
mod tokens;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

pub use audit::{AuditFilter, AuditRow};
pub use backup::BackupError;
pub use edit::{Applied, EditError, Edition, Idempotent, Progress};
pub use jobs::{JobRow, JobState, KEEP_JOBS};
pub use tokens::TokenRow;

/// All steps from the first form of the tables to the present one.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Why the database could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database {url} cannot be opened: {source}")]
    Open { url: String, source: sqlx::Error },
    #[error(
        "\"{0}\" is not a database walkshed can use; give a SQLite file such as sqlite://data/walkshed.db (PostgreSQL is not supported yet)"
    )]
    UnknownUrl(String),
    #[error("the database {url} was made by a newer or another version of walkshed: {source}")]
    Migrate { url: String, source: sqlx::migrate::MigrateError },
    #[error("the database holds what it should not: {table} {id}: {why}")]
    Corrupt { table: &'static str, id: String, why: String },
    #[error("the database failed: {0}")]
    Sql(#[from] sqlx::Error),
}

/// A connection to the register's database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    url: String,
}

impl Store {
    /// Opens a database, making it and bringing it up to date as needed.
    ///
    /// # Errors
    /// [`StoreError`] for an URL of another kind, a file that is no database, or one of a newer walkshed.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        if !url.starts_with("sqlite:") {
            return Err(StoreError::UnknownUrl(url.to_owned()));
        }
        let open_error = |source| StoreError::Open { url: url.to_owned(), source };
        let options = SqliteConnectOptions::from_str(url)
            .map_err(open_error)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(30));
        let memory = url.contains(":memory:");
        let mut pool = SqlitePoolOptions::new().max_connections(if memory { 1 } else { 4 });
        if memory {
            // A database in memory lives as long as its one connection.
            pool = pool.idle_timeout(None).max_lifetime(None);
        }
        let pool = pool.connect_with(options).await.map_err(open_error)?;
        MIGRATIONS.run(&pool).await.map_err(|source| StoreError::Migrate { url: url.to_owned(), source })?;
        Ok(Self { pool, url: url.to_owned() })
    }

    /// The URL of a database file.
    #[must_use]
    pub fn url_of(path: &Path) -> String {
        format!("sqlite://{}", path.display())
    }

    /// The URL it was opened with.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until everything is written and closes.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

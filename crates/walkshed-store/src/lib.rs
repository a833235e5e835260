//! Database storage of the register, in an embedded `SQLite` file. All SQL of walkshed is in this module.
//!
//! Every change is one transaction that also increments the register version and writes the audit log.

mod audit;
mod backup;
mod columns;
mod demonstration;
mod edit;
mod fields;
mod health;
mod jobs;
mod read;
mod tables;
mod tokens;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlitePool};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use walkshed_engine::private_file;

pub use audit::{AuditFilter, AuditRow};
pub use backup::BackupError;
pub use demonstration::{ACTOR as DEMONSTRATION_ACTOR, Removed};
pub use edit::{Applied, EditError, Edition, Idempotent, Progress};
pub use jobs::{JobRow, JobState, KEEP_JOBS};
pub use tokens::TokenRow;

/// The schema migrations, oldest first.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

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
    NameTaken(String),
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

/// The location of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    File(PathBuf),
    /// A URL from the settings: `sqlite:` and a path in which `?`, `#` and `%` are escaped as `%3F`, `%23` and `%25`.
    Url(String),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&Store::url_of(path)),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl Database {
    fn options(&self) -> Result<SqliteConnectOptions, StoreError> {
        let open = |source: sqlx::Error| StoreError::Open { url: self.to_string(), source };
        // Absolute, because SQLite parses a relative `file:x` as a URL.
        let absolute = |path: &Path| std::path::absolute(path).map_err(|e| open(e.into()));
        match self {
            Self::File(path) => Ok(SqliteConnectOptions::new().filename(absolute(path)?)),
            Self::Url(url) => {
                let options = SqliteConnectOptions::from_str(url).map_err(open)?;
                if self.is_in_memory() {
                    return Ok(options);
                }
                let path = absolute(options.get_filename())?;
                Ok(options.filename(path))
            }
        }
    }

    fn is_in_memory(&self) -> bool {
        let Self::Url(url) = self else { return false };
        let rest = url.trim_start_matches("sqlite:").trim_start_matches("//");
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        path == ":memory:" || parameters.split('&').any(|p| p == "mode=memory")
    }
}

/// A connection pool to the register's database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    url: String,
    /// `None` for an in-memory database.
    file: Option<PathBuf>,
}

impl Store {
    /// Opens a database by its URL. Creates it if it does not exist, and applies pending migrations.
    ///
    /// # Errors
    /// [`StoreError`] if the URL scheme is unsupported, the file is not a database, or a newer walkshed created it.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_at(&Database::Url(url.to_owned())).await
    }

    /// Opens a database file. The path may contain any characters.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_file(path: &Path) -> Result<Self, StoreError> {
        Self::open_at(&Database::File(path.to_owned())).await
    }

    /// Opens a database. Only the owner may read its files.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_at(database: &Database) -> Result<Self, StoreError> {
        let url = database.to_string();
        if !url.starts_with("sqlite:") {
            return Err(StoreError::UnknownUrl(url));
        }
        let options = database
            .options()?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(30));
        let memory = database.is_in_memory();
        let file = (!memory).then(|| options.get_filename().to_owned());
        if let Some(file) = &file {
            make_private(file);
        }
        let mut pool = SqlitePoolOptions::new().max_connections(if memory { 1 } else { 4 });
        if memory {
            // An in-memory database exists as long as its one connection.
            pool = pool.idle_timeout(None).max_lifetime(None);
        }
        // When SQLite rolls back a transaction by itself (a full disk), sqlx still counts it as open and rejects the next one
        // on that connection. The pool discards such a connection.
        let pool = pool.after_release(|connection, _| {
            Box::pin(async move {
                // Dropping a transaction only queues its rollback; the ping waits until it has run.
                connection.ping().await?;
                let is_usable = !connection.is_in_transaction();
                if !is_usable {
                    tracing::warn!("closing a database connection that is still inside a transaction");
                }
                Ok(is_usable)
            })
        });
        let pool = pool.connect_with(options).await.map_err(|source| StoreError::Open { url: url.clone(), source })?;
        MIGRATIONS.run(&pool).await.map_err(|source| StoreError::Migrate { url: url.clone(), source })?;
        Ok(Self { pool, url, file })
    }

    /// Returns the URL of a database file.
    #[must_use]
    pub fn url_of(path: &Path) -> String {
        let path = path.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        format!("sqlite://{path}")
    }

    /// Returns the URL that the database was opened with.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the database file, or `None` for an in-memory database.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Closes all connections after pending work has finished.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Creates a missing database file with access for its owner only, and restricts an existing file that everyone can read.
/// Other errors surface when SQLite opens the file.
fn make_private(path: &Path) {
    // SQLite creates the -wal and -shm files with the same permissions.
    if private_file::create(path).is_ok() {
        return;
    }
    for file in private_file::database_files(path) {
        let shown = file.display();
        match private_file::tighten(&file) {
            Ok(true) => {
                tracing::warn!(file = %shown, "the database was readable by everyone; its mode is now 0600");
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, file = %shown, "the database is readable by everyone; run chmod 600 on it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use walkshed_register::{Category, Edit, Service};

    /// Simulates a full disk with `PRAGMA max_page_count`.
    #[tokio::test]
    async fn reports_a_full_disk_and_writes_again_after_space_is_freed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_file(&folder.path().join("w.db")).await.unwrap();
        let change_set = |n: usize| {
            let mut service = Service::new(format!("k{n}"), "x".into(), Category::Employment);
            service.description = Some("much to store ".repeat(200));
            Edition { edits: vec![Edit::Put(service.into())], actor: "test".into(), ..Edition::default() }
        };
        store.edit(&change_set(0)).await.unwrap();
        let limit = async |pages: u32| {
            let mut all = Vec::new();
            for _ in 0..4 {
                all.push(store.pool.acquire().await.unwrap());
            }
            for connection in &mut all {
                let text = format!("PRAGMA max_page_count = {pages}");
                sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut **connection).await.unwrap();
            }
        };
        // SQLite raises the limit to the current page count, so that no further page fits.
        limit(1).await;
        let version = store.version().await.unwrap();
        let mut stored = 0;
        let error = loop {
            stored += 1;
            if let Err(error) = store.edit(&change_set(stored)).await {
                break error;
            }
        };
        assert!(matches!(error, EditError::Store(StoreError::Full(_))), "{error}");
        assert!(error.to_string().contains("no room") && error.to_string().contains("full"), "{error}");
        assert_eq!(store.version().await.unwrap(), version + stored as u64 - 1, "the failed change is not stored");
        // Other writers get the same error every time, never an error about open transactions.
        let long = "x".repeat(20_000);
        for _ in 0..12 {
            limit(1).await;
            let mark = walkshed_register::Demonstration { seed: 1, scale: 1.0, is_whole: false };
            assert!(matches!(store.mark_demonstration(mark, &long).await, Err(StoreError::Full(_))));
        }
        limit(1_000_000).await;
        for n in 0..8 {
            store.edit(&change_set(1000 + n)).await.unwrap();
        }
    }

    #[test]
    fn file_urls_round_trip() {
        for name in ["/a b/ü.db", "/what?/100%25.db", "/a#b%/x.db", "/:memory:/x.db"] {
            let database = Database::Url(Store::url_of(Path::new(name)));
            assert!(!database.is_in_memory(), "{name}");
            assert_eq!(database.options().unwrap().get_filename(), Path::new(name));
        }
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://x?mode=memory"] {
            assert!(Database::Url(url.into()).is_in_memory(), "{url}");
        }
    }
}

//! The database behind the register: the only room that speaks SQL. `SQLite`, embedded; every change is one transaction
//! that also raises the register's version and says in the audit log who did it.

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

/// All steps from the first form of the tables to the present one.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

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
    #[error(
        "the database holds what it should not: {table} {id}: {why}; correct that row, or put a backup back with `walkshed restore FILE`"
    )]
    Corrupt { table: &'static str, id: String, why: String },
    /// A token's name that another has or had.
    #[error(
        "there is or was a token \"{0}\" already: choose another name, since the audit log tells tokens by their names"
    )]
    NameTaken(String),
    #[error(
        "there is no room for the database, the disk or quota is full ({0}): free some, then try again; no restart is needed"
    )]
    Full(sqlx::Error),
    #[error("the disk of the database fails or is full ({0}): look at it, then try again; no restart is needed")]
    Disk(sqlx::Error),
    #[error(
        "the database file is damaged ({0}): `walkshed check` says where, `walkshed restore FILE` puts a backup back"
    )]
    Damaged(sqlx::Error),
    #[error("the database failed: {0}")]
    Sql(sqlx::Error),
}

/// Primary result codes of SQLite that say what is wrong with the file or its disk.
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

/// Where a database lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    File(PathBuf),
    /// As the settings have it: `sqlite:` and a path in which `?`, `#` and `%` are written as `%3F`, `%23` and `%25`.
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
        // Absolute, since SQLite takes a relative `file:x` for an URL.
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

/// A connection to the register's database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    url: String,
    /// `None` for one in memory.
    file: Option<PathBuf>,
}

impl Store {
    /// Opens a database by its URL, making it and bringing it up to date as needed.
    ///
    /// # Errors
    /// [`StoreError`] for an URL of another kind, a file that is no database, or one of a newer walkshed.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_at(&Database::Url(url.to_owned())).await
    }

    /// Opens a database file, whatever its name is made of.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_file(path: &Path) -> Result<Self, StoreError> {
        Self::open_at(&Database::File(path.to_owned())).await
    }

    /// Opens a database. Its files are readable for their owner alone.
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
            // A database in memory lives as long as its one connection.
            pool = pool.idle_timeout(None).max_lifetime(None);
        }
        // Where SQLite has undone a transaction by itself (a full disk), sqlx counts it as open for ever and refuses the next
        // one. Such a connection is closed, and another takes its place.
        let pool = pool.after_release(|connection, _| {
            Box::pin(async move {
                // What was asked for when a transaction was let go of is carried out first.
                connection.ping().await?;
                let is_usable = !connection.is_in_transaction();
                if !is_usable {
                    tracing::warn!(
                        "a connection to the database was left within a transaction; another takes its place"
                    );
                }
                Ok(is_usable)
            })
        });
        let pool = pool.connect_with(options).await.map_err(|source| StoreError::Open { url: url.clone(), source })?;
        MIGRATIONS.run(&pool).await.map_err(|source| StoreError::Migrate { url: url.clone(), source })?;
        Ok(Self { pool, url, file })
    }

    /// The URL of a database file.
    #[must_use]
    pub fn url_of(path: &Path) -> String {
        let path = path.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        format!("sqlite://{path}")
    }

    /// The URL it was opened with.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file it lies in; `None` for one in memory.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Waits until everything is written and closes.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Makes a database that is not there for its owner alone, and takes one that everyone may read away from them. What cannot
/// be done is left to SQLite, whose error says why.
fn make_private(path: &Path) {
    // SQLite gives the files beside it the same permissions.
    if private_file::create(path).is_ok() {
        return;
    }
    for file in private_file::database_files(path) {
        let shown = file.display();
        match private_file::tighten(&file) {
            Ok(true) => {
                tracing::warn!(file = %shown, "everyone could read the database: now only its owner can (0600)");
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, file = %shown, "everyone can read the database; take it away from them: chmod 600");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use walkshed_register::{Category, Edit, Service};

    /// Writing until nothing more fits, at a limit of SQLite's own.
    #[tokio::test]
    async fn a_full_disk_is_told_and_written_to_again_once_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_file(&folder.path().join("w.db")).await.unwrap();
        let edition = |n: usize| {
            let mut service = Service::new(format!("k{n}"), "x".into(), Category::Employment);
            service.description = Some("much to store ".repeat(200));
            Edition { edits: vec![Edit::Put(service.into())], actor: "test".into(), ..Edition::default() }
        };
        store.edit(&edition(0)).await.unwrap();
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
        // Down to what is there; no page more.
        limit(1).await;
        let version = store.version().await.unwrap();
        let mut stored = 0;
        let error = loop {
            stored += 1;
            if let Err(error) = store.edit(&edition(stored)).await {
                break error;
            }
        };
        assert!(matches!(error, EditError::Store(StoreError::Full(_))), "{error}");
        assert!(error.to_string().contains("no room") && error.to_string().contains("full"), "{error}");
        assert_eq!(store.version().await.unwrap(), version + stored as u64 - 1, "nothing of it was stored");
        // Every other writer is told the same, as often as they try, and none is told of transactions.
        let long = "x".repeat(20_000);
        for _ in 0..12 {
            limit(1).await;
            let mark = walkshed_register::Demonstration { seed: 1, scale: 1.0, is_whole: false };
            assert!(matches!(store.mark_demonstration(mark, &long).await, Err(StoreError::Full(_))));
        }
        limit(1_000_000).await;
        for n in 0..8 {
            store.edit(&edition(1000 + n)).await.unwrap();
        }
    }

    #[test]
    fn urls_of_files_lead_back_to_them() {
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

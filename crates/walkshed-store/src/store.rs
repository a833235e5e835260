//! Opening and closing a database.

use crate::error::StoreError;
use crate::location;
use crate::location::Database;
use crate::migrations::MIGRATIONS;
use sqlx::sqlite::{SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlitePool};
use std::path::{Path, PathBuf};
use std::time::Duration;
use walkshed_engine::private_file;

/// A connection pool to the register's database.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: SqlitePool,
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
        location::file_url(path)
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
        match private_file::restrict_to_owner(&file) {
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

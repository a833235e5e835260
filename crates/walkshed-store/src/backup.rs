//! A copy of the whole database to a file, and back, while servers run on it. Copies on their way lie beside the file they
//! are for, readable for their owner alone, and are removed whatever happens.

use super::audit::{Entry, note};
use super::{Store, StoreError, tables};
use jiff::Timestamp;
use sqlx::Connection;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use walkshed_engine::private_file::Aside;

/// Why a backup could not be made or put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} is there already; a backup never overwrites one", path.display())]
    Exists { path: PathBuf },
    #[error("{} cannot be written or read: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("{} is not a whole backup of walkshed: {why}", path.display())]
    NotABackup { path: PathBuf, why: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A path as SQLite takes it.
fn name_of(path: &Path) -> Result<&str, BackupError> {
    path.to_str().ok_or_else(|| BackupError::File {
        path: path.to_owned(),
        why: "SQLite takes paths in UTF-8 alone; choose another folder".into(),
    })
}

impl Store {
    /// Writes everything, as it is at one moment, to a new file that only its owner may read. Servers go on reading and
    /// writing meanwhile.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no file.
    pub async fn backup(&self, path: &Path) -> Result<u64, BackupError> {
        let exists = || BackupError::Exists { path: path.to_owned() };
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(exists());
        }
        let file = |why: String| BackupError::File { path: path.to_owned(), why };
        // Written aside, so that a backup that was cut off is not taken for one.
        let part = Aside::beside(path, "backup").map_err(|e| file(e.to_string()))?;
        let name = name_of(part.path())?;
        if let Err(e) = sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await {
            return Err(match e.into() {
                StoreError::Full(e) => file(format!("the disk or quota is full ({e}); free some room there")),
                other => file(other.to_string()),
            });
        }
        let bytes = part.file().metadata().map_err(|e| file(e.to_string()))?.len();
        part.publish(path).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => exists(),
            _ => file(e.to_string()),
        })?;
        Ok(bytes)
    }

    /// Puts back a backup in place of all that is there, in one transaction; running servers notice it as any change.
    /// Tokens come back too, except that those revoked since stay revoked. The audit log keeps what came after the backup.
    ///
    /// # Errors
    /// [`BackupError`]; then nothing has changed.
    pub async fn restore(&self, path: &Path, actor: &str) -> Result<(), BackupError> {
        let not_one = |why: String| BackupError::NotABackup { path: path.to_owned(), why };
        if !path.is_file() {
            return Err(BackupError::File { path: path.to_owned(), why: "there is no such file".into() });
        }
        let mut from = File::open(path)
            .map_err(|e| BackupError::File { path: path.to_owned(), why: format!("it cannot be opened: {e}") })?;
        // A copy is brought up to date, so that older backups fit and the file itself stays as it is.
        let beside = self.file().map_or_else(|| std::env::temp_dir().join("walkshed.db"), Path::to_path_buf);
        let copy = Aside::beside(&beside, "restore")
            .map_err(|e| BackupError::File { path: beside.clone(), why: e.to_string() })?;
        io::copy(&mut from, &mut copy.file())
            .map_err(|e| BackupError::File { path: copy.path().to_owned(), why: e.to_string() })?;
        let old = Self::open_file(copy.path()).await.map_err(|e| not_one(e.to_string()))?;
        let damage = old.damage().await;
        old.close().await;
        if let Some(first) = damage.map_err(|e| not_one(e.to_string()))?.first() {
            return Err(not_one(first.clone()));
        }
        self.take_from(&copy, path, actor).await
    }

    async fn take_from(&self, copy: &Aside, told: &Path, actor: &str) -> Result<(), BackupError> {
        let mut connection = self.pool.acquire().await?;
        // It is closed afterwards, and with it what is attached.
        connection.close_on_drop();
        sqlx::query("ATTACH DATABASE ? AS old").bind(name_of(copy.path())?).execute(&mut *connection).await?;
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *tx).await?;
        sqlx::query(
            "CREATE TEMP TABLE revoked AS SELECT hash, revoked_at FROM main.token WHERE revoked_at IS NOT NULL",
        )
        .execute(&mut *tx)
        .await?;
        for table in tables::KEPT.iter().rev() {
            tables::clear(&mut tx, table).await?;
        }
        for table in tables::KEPT {
            tables::copy(&mut tx, table).await?;
        }
        sqlx::query(
            "UPDATE main.token SET revoked_at = (SELECT r.revoked_at FROM temp.revoked AS r WHERE r.hash = token.hash)
             WHERE revoked_at IS NULL AND hash IN (SELECT hash FROM temp.revoked)",
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query("DROP TABLE temp.revoked").execute(&mut *tx).await?;
        sqlx::query(
            "INSERT INTO main.audit (id, at, actor, action, kind, object_id, key, before, after)
             SELECT id, at, actor, action, kind, object_id, key, before, after FROM old.audit
             WHERE id NOT IN (SELECT id FROM main.audit)",
        )
        .execute(&mut *tx)
        .await?;
        // A number that stands for something else here was given by another database: its row is kept under a new one.
        sqlx::query(
            "INSERT INTO main.audit (at, actor, action, kind, object_id, key, before, after)
             SELECT o.at, o.actor, o.action, o.kind, o.object_id, o.key, o.before, o.after
             FROM old.audit AS o JOIN main.audit AS m ON m.id = o.id
             WHERE (m.at, m.actor, m.action, m.kind, m.object_id, m.key, m.before, m.after)
                IS NOT (o.at, o.actor, o.action, o.kind, o.object_id, o.key, o.before, o.after)
               AND NOT EXISTS (SELECT 1 FROM main.audit AS x WHERE x.kind = o.kind AND x.object_id IS o.object_id
                   AND (x.at, x.actor, x.action, x.key, x.before, x.after)
                    IS (o.at, o.actor, o.action, o.key, o.before, o.after))
             ORDER BY o.id",
        )
        .execute(&mut *tx)
        .await?;
        let at = Timestamp::now().to_string();
        let entry = Entry {
            at: &at,
            actor,
            action: "restore",
            kind: "register",
            object_id: None,
            key: &told.file_name().unwrap_or_default().to_string_lossy(),
            before: None,
            after: None,
        };
        note(&mut tx, &entry).await?;
        raise_past(&mut tx).await?;
        tx.commit().await?;
        // It is done; what goes wrong from here on changes nothing of that.
        let _ = connection.close().await;
        Ok(())
    }
}

/// Raises the version past that of the attached database `old` too, so that everyone sees a change.
pub async fn raise_past(tx: &mut super::edit::Tx<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE main.register_version SET version =
             max(version, (SELECT version FROM old.register_version WHERE id = 1)) + 1 WHERE id = 1",
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

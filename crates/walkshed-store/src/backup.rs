//! Backup of the database to a file, and restore. Both work while servers use the database.
//!
//! Temporary copies are created next to their target with access for the owner only, and are always removed.

use crate::audit::{self, Entry};
use crate::error::StoreError;
use crate::store::Store;
use crate::{attached, tables};
use jiff::Timestamp;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use walkshed_engine::private_file::TempFile;

/// An error of a backup or restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} already exists; a backup never overwrites a file", path.display())]
    Exists { path: PathBuf },
    #[error("cannot read or write {}: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("{} is not a complete backup of walkshed: {why}", path.display())]
    NotABackup { path: PathBuf, why: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Returns a path as the UTF-8 text that SQLite requires.
fn name_of(path: &Path) -> Result<&str, BackupError> {
    path.to_str().ok_or_else(|| BackupError::File {
        path: path.to_owned(),
        why: "SQLite requires paths in UTF-8; choose another folder".into(),
    })
}

impl Store {
    /// Writes a consistent copy of the database to a new file that only its owner may read, and returns its size in bytes.
    /// Servers can read and write in the meantime.
    ///
    /// # Errors
    /// [`BackupError`]; then no file is created.
    pub async fn backup(&self, path: &Path) -> Result<u64, BackupError> {
        let exists = || BackupError::Exists { path: path.to_owned() };
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(exists());
        }
        let file = |why: String| BackupError::File { path: path.to_owned(), why };
        // Written under a temporary name, so that an interrupted backup is never mistaken for a complete one.
        let part = TempFile::beside(path, "backup").map_err(|e| file(e.to_string()))?;
        let name = name_of(part.path())?;
        if let Err(e) = sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await {
            return Err(match e.into() {
                StoreError::Full(e) => file(format!("the disk or quota is full ({e}); free some space")),
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

    /// Replaces the whole register by a backup, in one transaction. Running servers notice it like any other change.
    ///
    /// Tokens are restored too, but tokens revoked after the backup stay revoked. The audit log keeps the rows written after
    /// the backup.
    ///
    /// # Errors
    /// [`BackupError`]; then nothing changes.
    pub async fn restore(&self, path: &Path, actor: &str) -> Result<(), BackupError> {
        let not_a_backup = |why: String| BackupError::NotABackup { path: path.to_owned(), why };
        if !path.is_file() {
            return Err(BackupError::File { path: path.to_owned(), why: "the file does not exist".into() });
        }
        let mut from = File::open(path)
            .map_err(|e| BackupError::File { path: path.to_owned(), why: format!("cannot open it: {e}") })?;
        // Migrations run on a copy: backups of older versions can be restored, and the backup file itself stays unchanged.
        let beside = self.file().map_or_else(|| std::env::temp_dir().join("walkshed.db"), Path::to_path_buf);
        let copy = TempFile::beside(&beside, "restore")
            .map_err(|e| BackupError::File { path: beside.clone(), why: e.to_string() })?;
        io::copy(&mut from, &mut copy.file())
            .map_err(|e| BackupError::File { path: copy.path().to_owned(), why: e.to_string() })?;
        let old = Self::open_file(copy.path()).await.map_err(|e| not_a_backup(e.to_string()))?;
        let damage = old.integrity_errors().await;
        old.close().await;
        if let Some(first) = damage.map_err(|e| not_a_backup(e.to_string()))?.first() {
            return Err(not_a_backup(first.clone()));
        }
        self.take_from(&copy, path, actor).await
    }

    async fn take_from(&self, copy: &TempFile, backup: &Path, actor: &str) -> Result<(), BackupError> {
        let mut connection = self.attach(name_of(copy.path())?).await?;
        let mut tx = connection.begin_write().await?;
        sqlx::query(
            "CREATE TEMP TABLE revoked AS SELECT hash, revoked_at FROM main.token WHERE revoked_at IS NOT NULL",
        )
        .execute(&mut *tx)
        .await?;
        attached::replace(&mut tx, &tables::RESTORED).await?;
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
        // An id that has different content here comes from another database: its row is copied under a new id.
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
            key: &backup.file_name().unwrap_or_default().to_string_lossy(),
            before: None,
            after: None,
        };
        audit::record(&mut tx, &entry).await?;
        attached::advance_version(&mut tx).await?;
        tx.commit().await?;
        connection.close().await;
        Ok(())
    }
}

//! A copy of the whole database to a file, and back, while servers run on it.

use super::audit::{Entry, note};
use super::{Store, StoreError};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection};
use std::path::{Path, PathBuf};

/// Tables in an order in which rows can be put in; backwards they can be taken out.
const TABLES: [&str; 16] = [
    "demonstration",
    "region",
    "center",
    "facility",
    "service",
    "offer",
    "event",
    "visit",
    "suggestion",
    "scenario",
    "standard",
    "population",
    "import_log",
    "token",
    "idempotency",
    "audit",
];

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

impl Store {
    /// Writes everything, as it is at one moment, to a new file. Servers go on reading and writing meanwhile.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no file.
    pub async fn backup(&self, path: &Path) -> Result<u64, BackupError> {
        if path.exists() {
            return Err(BackupError::Exists { path: path.to_owned() });
        }
        let file = |why: String| BackupError::File { path: path.to_owned(), why };
        // Written aside, so that a backup that was cut off is not taken for one.
        let part = path.with_extension("part");
        let _ = std::fs::remove_file(&part);
        let name = part.to_str().ok_or_else(|| file("the name is not UTF-8".into()))?;
        let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await;
        if let Err(e) = copied {
            let _ = std::fs::remove_file(&part);
            return Err(file(e.to_string()));
        }
        let synced = std::fs::File::open(&part).and_then(|f| f.sync_all()).and_then(|()| std::fs::rename(&part, path));
        synced.map_err(|e| file(e.to_string()))?;
        Ok(std::fs::metadata(path).map_err(|e| file(e.to_string()))?.len())
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
        // A copy is brought up to date, so that older backups fit and the file itself stays as it is.
        let folder = std::env::temp_dir().join(format!(
            "walkshed-restore-{}-{}",
            std::process::id(),
            Timestamp::now().as_nanosecond()
        ));
        let file = |e: std::io::Error| BackupError::File { path: folder.clone(), why: e.to_string() };
        std::fs::create_dir(&folder).map_err(file)?;
        let copy = folder.join("backup.db");
        let outcome = async {
            std::fs::copy(path, &copy).map_err(file)?;
            let old = Self::open(&Self::url_of(&copy)).await.map_err(|e| not_one(e.to_string()))?;
            let checked: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&old.pool).await?;
            old.close().await;
            if checked != "ok" {
                return Err(not_one(checked));
            }
            self.take_from(&copy, path, actor).await
        }
        .await;
        let _ = std::fs::remove_dir_all(&folder);
        outcome
    }

    async fn take_from(&self, copy: &Path, told: &Path, actor: &str) -> Result<(), BackupError> {
        let mut connection = self.pool.acquire().await?;
        let name = copy.to_string_lossy().into_owned();
        sqlx::query("ATTACH DATABASE ? AS old").bind(name).execute(&mut *connection).await?;
        let outcome = async {
            let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *tx).await?;
            sqlx::query("CREATE TEMP TABLE revoked AS SELECT hash, revoked_at FROM main.token WHERE revoked_at IS NOT NULL")
                .execute(&mut *tx)
                .await?;
            for table in TABLES.iter().rev().filter(|t| **t != "audit") {
                sqlx::query(AssertSqlSafe(format!("DELETE FROM main.{table}"))).execute(&mut *tx).await?;
            }
            for table in TABLES.iter().filter(|t| **t != "audit") {
                let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
                    .bind(table)
                    .fetch_all(&mut *tx)
                    .await?;
                let columns = columns.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
                let text = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM old.{table}");
                sqlx::query(AssertSqlSafe(text)).execute(&mut *tx).await?;
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
            // Past both versions, so that everyone sees a change.
            sqlx::query(
                "UPDATE main.register_version SET version =
                     max(version, (SELECT version FROM old.register_version WHERE id = 1)) + 1 WHERE id = 1",
            )
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok::<_, BackupError>(())
        }
        .await;
        let detached = sqlx::query("DETACH DATABASE old").execute(&mut *connection).await;
        outcome?;
        detached?;
        Ok(())
    }
}

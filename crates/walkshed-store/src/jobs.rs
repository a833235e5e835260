//! Background jobs: the requests and their results, kept for one day. Jobs do not change the register, and therefore neither
//! its version nor the audit log.

use crate::error::StoreError;
use crate::store::Store;
use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// How long finished jobs are kept.
pub const JOB_RETENTION: SignedDuration = SignedDuration::from_hours(24);
/// An unfinished job without a heartbeat for this long counts as failed, because its server process has stopped.
pub const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl JobState {
    const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// Returns the name in the database.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns whether the job has ended.
    #[must_use]
    pub const fn is_last(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// A job as stored in the database, without its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    pub id: String,
    pub state: JobState,
    /// JSON with `query`, `variables` and `operationName`.
    pub request: String,
    pub actor: String,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub world_version: Option<String>,
    pub error: Option<String>,
}

const COLUMNS: &str = "id, state, request, actor, created_at, started_at, finished_at, world_version, error, alive_at";

/// Formats a time with a fixed number of digits, so that the texts sort by time.
fn text(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn job(row: &SqliteRow) -> Result<JobRow, StoreError> {
    let id: String = row.try_get(0)?;
    let corrupt =
        |why: &dyn std::fmt::Display| StoreError::Corrupt { table: "job", id: id.clone(), why: why.to_string() };
    let timestamp = |text: Option<&str>| -> Result<Option<Timestamp>, StoreError> {
        text.map(|t| t.parse().map_err(|e: jiff::Error| corrupt(&e))).transpose()
    };
    let key: &str = row.try_get(1)?;
    let state = JobState::ALL.into_iter().find(|s| s.key() == key).ok_or_else(|| corrupt(&"has no valid state"))?;
    let created_at = timestamp(row.try_get(4)?)?.ok_or_else(|| corrupt(&"has no creation time"))?;
    let alive_at = timestamp(row.try_get(9)?)?.unwrap_or(created_at);
    let mut job = JobRow {
        id: id.clone(),
        state,
        request: row.try_get(2)?,
        actor: row.try_get(3)?,
        created_at,
        started_at: timestamp(row.try_get(5)?)?,
        finished_at: timestamp(row.try_get(6)?)?,
        world_version: row.try_get(7)?,
        error: row.try_get(8)?,
    };
    if !job.state.is_last() && Timestamp::now().duration_since(alive_at) > SILENT_AFTER {
        job.state = JobState::Failed;
        job.error = Some("The server was stopped. Start the job again.".into());
        job.finished_at = Some(alive_at);
    }
    Ok(job)
}

impl Store {
    /// Stores a new job and deletes expired ones.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn add_job(&self, job: &JobRow) -> Result<(), StoreError> {
        let mut tx = self.begin_write().await?;
        sqlx::query("DELETE FROM job WHERE max(alive_at, coalesce(finished_at, '')) < ?")
            .bind(text(Timestamp::now() - JOB_RETENTION))
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO job (id, state, request, actor, created_at, alive_at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(&job.id)
            .bind(job.state.key())
            .bind(&job.request)
            .bind(&job.actor)
            .bind(text(job.created_at))
            .bind(text(job.created_at))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Marks a job as running on a world version.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn begin_job(&self, id: &str, world_version: &str) -> Result<(), StoreError> {
        let now = text(Timestamp::now());
        sqlx::query(
            "UPDATE job SET state = 'running', started_at = ?1, alive_at = ?1, world_version = ?2 WHERE id = ?3",
        )
        .bind(now)
        .bind(world_version)
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Records a heartbeat of a queued or running job.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn touch_job(&self, id: &str) -> Result<(), StoreError> {
        let now = text(Timestamp::now());
        sqlx::query("UPDATE job SET alive_at = ? WHERE id = ?").bind(now).bind(id).execute(&self.pool).await?;
        Ok(())
    }

    /// Records the final state of a job, with its result as JSON.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn end_job(
        &self,
        id: &str,
        state: JobState,
        result: Option<&str>,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = text(Timestamp::now());
        sqlx::query(
            "UPDATE job SET state = ?1, finished_at = ?2, alive_at = ?2, result = ?3, error = ?4 WHERE id = ?5",
        )
        .bind(state.key())
        .bind(now)
        .bind(result)
        .bind(error)
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Returns a job, or `None` if it does not exist or has expired.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn job(&self, id: &str) -> Result<Option<JobRow>, StoreError> {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM job WHERE id = ?")));
        let row = query.bind(id).fetch_optional(&self.pool).await?;
        let found = row.as_ref().map(job).transpose()?;
        let oldest = Timestamp::now() - JOB_RETENTION;
        Ok(found.filter(|job| job.finished_at.is_none_or(|at| at >= oldest)))
    }

    /// Returns the size of a job's result in bytes, or `None` if it has none.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn job_result_len(&self, id: &str) -> Result<Option<usize>, StoreError> {
        // SQLite reads the length without reading the text.
        let bytes: Option<Option<i64>> = sqlx::query_scalar("SELECT octet_length(result) FROM job WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(bytes.flatten().and_then(|n| usize::try_from(n).ok()))
    }

    /// Returns the result of a job as JSON, or `None` if it has none.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn job_result(&self, id: &str) -> Result<Option<String>, StoreError> {
        let result: Option<Option<String>> =
            sqlx::query_scalar("SELECT result FROM job WHERE id = ?").bind(id).fetch_optional(&self.pool).await?;
        Ok(result.flatten())
    }

    /// Returns at most `first` jobs that have not expired, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn jobs(&self, first: usize) -> Result<Vec<JobRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM job ORDER BY created_at DESC, id LIMIT ?");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(first as i64).fetch_all(&self.pool).await?;
        let oldest = Timestamp::now() - JOB_RETENTION;
        let jobs: Vec<JobRow> = rows.iter().map(job).collect::<Result<_, _>>()?;
        Ok(jobs.into_iter().filter(|job| job.finished_at.is_none_or(|at| at >= oldest)).collect())
    }
}

//! The state of one job.

use super::queue::Jobs;
use crate::auth::caller;
use crate::budget;
use crate::context::{Nullable, live, nullable};
use crate::error::{internal, not_found};
use crate::scalars::{DateTime, Json};
use crate::types::round;
use async_graphql::{Context, Enum, ID, Object, Result};
use futures_util::{Stream, stream};
use std::sync::Arc;
use walkshed_live::Live;
use walkshed_register::Role;
use walkshed_store::{JOB_RETENTION, JobRow, JobState};

/// The state of a job.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "JobState", remote = "JobState")]
pub enum JobStateWord {
    /// The job waits in the queue.
    Queued,
    /// The job runs.
    Running,
    /// The job has ended and its result is available.
    Done,
    /// The job ended without a result, or with errors in the result; see `error`.
    Failed,
    /// The job was cancelled.
    Cancelled,
}

/// A query that runs in the background.
pub struct Job {
    row: JobRow,
    share: f64,
    waiting: Option<usize>,
    live: Arc<Live>,
}

/// A query that runs in the background.
#[Object]
impl Job {
    /// The id of the job. Anyone who knows it may read the result and cancel the job.
    async fn id(&self) -> ID {
        ID(self.row.id.clone())
    }

    /// The state of the job.
    async fn state(&self) -> JobStateWord {
        self.row.state.into()
    }

    /// Share of the work that is done, 0 to 1, measured in steps of work, not in time. It never decreases while the job runs,
    /// and is 0 after the job has failed or was cancelled.
    async fn progress(&self) -> f64 {
        round(self.share, 3)
    }

    /// The number of jobs before this one in the queue, while it is QUEUED.
    async fn waiting_before(&self) -> Option<u64> {
        self.waiting.map(|n| n as u64)
    }

    /// The request: `query`, `variables`, `operationName`.
    async fn request(&self) -> Json {
        Json(self.row.request.clone())
    }

    /// The time at which the job was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// Creator of the job. Null unless the caller has the role ADMIN.
    async fn started_by(&self, ctx: &Context<'_>) -> Option<&str> {
        caller(ctx).may(Role::Admin).then_some(self.row.actor.as_str())
    }

    /// The time at which the job began to run.
    async fn started_at(&self) -> Option<DateTime> {
        self.row.started_at.map(DateTime)
    }

    /// The time at which the job ended.
    async fn finished_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(DateTime)
    }

    /// Time until which the result is kept: one day after the end of the job.
    async fn expires_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(|at| DateTime(at + JOB_RETENTION))
    }

    /// Version of the data from which the job was answered.
    async fn world_version(&self) -> Option<&str> {
        self.row.world_version.as_deref()
    }

    /// The reason for the failure.
    async fn error(&self) -> Option<&str> {
        self.row.error.as_deref()
    }

    /// The result, in the same form as the response to the query: `data`, `errors`, `extensions`. `/jobs/ID` returns it as a
    /// file.
    #[graphql(complexity = 2000)]
    async fn result(&self, ctx: &Context<'_>) -> Nullable<Json> {
        nullable(async {
            let store = self.live.store();
            // Charged before the result is read.
            let Some(bytes) = store.job_result_len(&self.row.id).await.map_err(internal)? else { return Ok(None) };
            budget::charge(ctx, bytes)?;
            Ok(store.job_result(&self.row.id).await.map_err(internal)?.map(Json))
        })
        .await
    }
}

/// Returns the jobs of this process.
pub fn jobs<'c>(ctx: &Context<'c>) -> &'c Arc<Jobs> {
    ctx.data_unchecked::<Arc<Jobs>>()
}

/// Returns the current state of a job. The state in this process is newer than the one in the database.
pub async fn load_job(jobs: &Jobs, live: &Arc<Live>, id: &str) -> Result<Option<Job>> {
    let running = jobs.find(id);
    let Some(mut row) = live.store().job(id).await.map_err(internal)? else { return Ok(None) };
    let mut share = if row.state == JobState::Done { 1.0 } else { 0.0 };
    let mut waiting = None;
    if let Some(running) = running.filter(|_| !row.state.is_last() || row.finished_at.is_none()) {
        let current = *running.progress.borrow();
        share = current.share;
        if !current.state.is_last() {
            row.state = current.state;
        }
        waiting = (current.state == JobState::Queued).then(|| jobs.waiting_before(&running));
    }
    Ok(Some(Job { row, share, waiting, live: live.clone() }))
}

/// Returns a stream with an item now and at each change of a job, until it has ended. The last item is `true`.
pub async fn ticks(ctx: &Context<'_>, id: &ID) -> Result<impl Stream<Item = bool> + Send + use<>> {
    let (live, jobs) = (live(ctx)?, jobs(ctx));
    let progress = jobs.find(id).map(|running| running.progress.subscribe());
    if load_job(jobs, live, id).await?.is_none() {
        return Err(not_found("id", id, "job with the id"));
    }
    Ok(stream::unfold(Some((progress, true)), |state| async {
        let (mut progress, is_first) = state?;
        if !is_first {
            // An error means that the job has ended.
            progress.as_mut()?.changed().await.ok()?;
        }
        let is_last = progress.as_mut().is_none_or(|p| p.borrow_and_update().state.is_last());
        Some((is_last, (!is_last).then_some((progress, false))))
    }))
}

/// Returns the current state of a job.
pub async fn current_job(ctx: &Context<'_>, id: &ID) -> Result<Job> {
    load_job(jobs(ctx), live(ctx)?, id).await?.ok_or_else(|| not_found("id", id, "job with the id"))
}

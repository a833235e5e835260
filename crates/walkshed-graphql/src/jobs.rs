//! Jobs: queries that run in the background. A limited number runs at the same time, the others wait in a queue. Results are
//! kept for a day.

use super::auth::{caller, require};
use super::budget::{self, Budget, UnderWay};
use super::cost::Spent;
use super::documents::{Document, Documents, choose};
use super::error::{busy_jobs, internal, not_found};
use super::limits::Limits;
use super::mutation::UserError;
use super::scalars::{self, DateTime, GivenJson, Json};
use super::{ApiSchema, Asked, Nullable, live, named, nullable};
use async_graphql::parser::types::OperationType;
use async_graphql::{
    Context, Enum, ID, InputObject, Object, Request, Response, Result, SimpleObject, Value, Variables,
};
use futures_util::{Stream, stream};
use jiff::Timestamp;
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, watch};
use walkshed_engine::task::Task;
use walkshed_live::Live;
use walkshed_live::access::{Caller, new_token};
use walkshed_register::{Problem, ProblemCode, Role};
use walkshed_store::{JobRow, JobState, KEEP_JOBS};

/// Maximum number of bytes of a result.
const MAX_RESULT_BYTES: usize = 32 * 1024 * 1024;
/// Interval at which a running job updates its timestamp in the database.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Maximum number of jobs in a list.
const MAX_LISTED: usize = 200;

/// State and progress of a job.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Progress {
    state: JobState,
    share: f64,
}

/// A queued or running job of this process.
struct Running {
    /// Position in the order of arrival.
    number: u64,
    task: Arc<Task>,
    progress: watch::Sender<Progress>,
    cancelled: AtomicBool,
    cancel: Notify,
}

/// The queued and running jobs of this process.
pub struct Jobs {
    slots: Arc<Semaphore>,
    max_waiting: usize,
    running: Mutex<HashMap<String, Arc<Running>>>,
}

/// Removes a job from the queue when dropped.
struct QueueEntry(Arc<Jobs>, String);

impl Drop for QueueEntry {
    fn drop(&mut self) {
        self.0.list().remove(&self.1);
    }
}

/// The schema with the limits of jobs.
#[derive(Clone)]
pub struct JobSchema(pub ApiSchema);

/// Factor between the cost limits of a job and those of a query.
const COST_FACTOR: usize = 20;

/// Returns the limits of jobs. They are higher than those of queries, because no client waits on a connection.
pub fn limits_of_jobs(limits: &Limits) -> Limits {
    Limits {
        max_complexity: limits.max_complexity.saturating_mul(COST_FACTOR),
        max_work: limits.max_work.saturating_mul(COST_FACTOR),
        max_answer_bytes: MAX_RESULT_BYTES,
        ..limits.clone()
    }
}

/// A job with all that its execution needs.
struct Work {
    schema: ApiSchema,
    limits: Limits,
    document: Document,
    request: Request,
    live: Arc<Live>,
    id: String,
}

impl Jobs {
    /// Creates a queue for at most `max_running` running jobs (at least 1) and `max_waiting` waiting ones.
    pub fn new(max_running: usize, max_waiting: usize) -> Self {
        let slots = Arc::new(Semaphore::new(max_running.clamp(1, Semaphore::MAX_PERMITS)));
        Self { slots, max_waiting, running: Mutex::default() }
    }

    fn list(&self) -> MutexGuard<'_, HashMap<String, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Option<Arc<Running>> {
        self.list().get(id).cloned()
    }

    /// Returns the number of jobs that wait before a job.
    fn waiting_before(&self, running: &Running) -> usize {
        let waits = |r: &&Arc<Running>| r.number < running.number && r.progress.borrow().state == JobState::Queued;
        self.list().values().filter(waits).count()
    }

    /// Adds a job to the queue.
    fn enqueue(&self, id: &str) -> Result<Arc<Running>> {
        let mut list = self.list();
        let waiting = list.values().filter(|r| r.progress.borrow().state == JobState::Queued).count();
        if waiting >= self.max_waiting && self.slots.available_permits() == 0 {
            return Err(busy_jobs(waiting));
        }
        let (progress, _) = watch::channel(Progress { state: JobState::Queued, share: 0.0 });
        let sender = progress.clone();
        // The estimate of the total work can grow while the job runs; the reported share never decreases.
        let task = Task::told_to(move |share| {
            sender.send_if_modified(|p| share > p.share && std::mem::replace(&mut p.share, share) < share);
        });
        let running = Arc::new(Running {
            number: list.values().map(|r| r.number + 1).max().unwrap_or(0),
            task: Arc::new(task),
            progress,
            cancelled: AtomicBool::new(false),
            cancel: Notify::new(),
        });
        list.insert(id.to_owned(), running.clone());
        Ok(running)
    }
}

impl Running {
    fn cancel(&self) {
        self.cancelled.store(true, SeqCst);
        self.task.cancel();
        self.cancel.notify_one();
    }

    fn set_state(&self, state: JobState) {
        self.progress.send_modify(|p| {
            p.state = state;
            if state == JobState::Done {
                p.share = 1.0;
            }
        });
    }

    async fn stopped(&self) {
        while !self.cancelled.load(SeqCst) {
            self.cancel.notified().await;
        }
    }
}

/// Waits for a slot, executes the query and stores the result.
async fn run_job(entry: QueueEntry, running: Arc<Running>, work: Work) {
    let (store, id) = (work.live.store().clone(), work.id.clone());
    let stopped = work.live.stopped();
    let outcome = {
        let execution = execute(&entry.0, &running, work);
        tokio::pin!(execution, stopped);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                outcome = &mut execution => break outcome,
                () = running.stopped() => break Outcome::Cancelled,
                () = &mut stopped => {
                    running.task.cancel();
                    break Outcome::Failed("The server was stopped. Start the job again.".into(), None);
                }
                _ = heartbeat.tick() => {
                    // The next tick tries again.
                    if let Err(error) = store.touch_job(&id).await {
                        tracing::warn!(%error, id, "the heartbeat of a job could not be stored");
                    }
                }
            }
        }
    };
    let (state, result, error) = match outcome {
        Outcome::Answered(result) => (JobState::Done, Some(result), None),
        Outcome::Failed(why, result) => (JobState::Failed, result, Some(why)),
        Outcome::Cancelled => (JobState::Cancelled, None, None),
    };
    if let Err(error) = store.end_job(&id, state, result.as_deref(), error.as_deref()).await {
        tracing::error!(%error, id, "the result of a job could not be stored");
    }
    // Published after the result is stored, so that subscribers find it.
    running.set_state(state);
}

enum Outcome {
    Answered(String),
    Failed(String, Option<String>),
    Cancelled,
}

async fn execute(jobs: &Jobs, running: &Running, work: Work) -> Outcome {
    let Ok(_slot) = jobs.slots.clone().acquire_owned().await else { return Outcome::Cancelled };
    let world = work.live.world();
    if let Err(error) = work.live.store().begin_job(&work.id, &world.version).await {
        return Outcome::Failed(error.to_string(), None);
    }
    running.set_state(JobState::Running);
    let version = world.version.clone();
    // Counted while the result is built: a result that is too large is refused early.
    let budget = Budget::new(Arc::new(UnderWay::new(MAX_RESULT_BYTES)), work.limits.max_answer_bytes);
    let spent = Spent::new(work.limits.max_work);
    let request = work.request.data(world).data(work.live).data(running.task.clone());
    let (name, variables) = (request.operation_name.clone(), Some(request.variables.clone()));
    let request = request.data(InJob).data(Arc::new(budget)).data(Arc::new(spent));
    scalars::forget_refused();
    let response = work.schema.execute(request).await;
    let operation = Asked { document: &work.document, operation_name: name.as_deref(), variables };
    let (response, _) = named(response, &work.limits, &operation).await;
    let response = response.extension("worldVersion", Value::from(version));
    // Serializing a large response takes long, so it does not run on an async worker.
    tokio::task::spawn_blocking(move || serialize(&response))
        .await
        .unwrap_or_else(|e| Outcome::Failed(e.to_string(), None))
}

/// A buffer with a maximum length.
struct BoundedBuffer {
    text: Vec<u8>,
    max: usize,
}

impl std::io::Write for BoundedBuffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.text.len() + bytes.len() > self.max {
            return Err(std::io::Error::other("the buffer is full"));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn serialize(response: &Response) -> Outcome {
    let mut buffer = BoundedBuffer { text: Vec::new(), max: MAX_RESULT_BYTES };
    if let Err(e) = serde_json::to_writer(&mut buffer, response) {
        if !e.is_io() {
            return Outcome::Failed(e.to_string(), None);
        }
        let why = format!(
            "The result exceeds the limit of {MAX_RESULT_BYTES} bytes. Ask for fewer rows, or use the command line."
        );
        return Outcome::Failed(why, None);
    }
    let text = match String::from_utf8(buffer.text) {
        Ok(text) => text,
        Err(e) => return Outcome::Failed(e.to_string(), None),
    };
    match response.errors.first() {
        None => Outcome::Answered(text),
        Some(error) => Outcome::Failed(error.message.clone(), Some(text)),
    }
}

/// State of a job.
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
    /// Id of the job. Anyone who knows it may read the result and cancel the job.
    async fn id(&self) -> ID {
        ID(self.row.id.clone())
    }

    /// State of the job.
    async fn state(&self) -> JobStateWord {
        self.row.state.into()
    }

    /// Share of the work that is done, 0 to 1, measured in steps of work, not in time. It never decreases while the job runs,
    /// and is 0 after the job has failed or was cancelled.
    async fn progress(&self) -> f64 {
        super::types::round(self.share, 3)
    }

    /// Number of jobs before this one in the queue, while it is QUEUED.
    async fn waiting_before(&self) -> Option<u64> {
        self.waiting.map(|n| n as u64)
    }

    /// The request: `query`, `variables`, `operationName`.
    async fn request(&self) -> Json {
        Json(self.row.request.clone())
    }

    /// Time at which the job was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// Creator of the job. Null unless the caller has the role ADMIN.
    async fn started_by(&self, ctx: &Context<'_>) -> Option<&str> {
        caller(ctx).may(Role::Admin).then_some(self.row.actor.as_str())
    }

    /// Time at which the job began to run.
    async fn started_at(&self) -> Option<DateTime> {
        self.row.started_at.map(DateTime)
    }

    /// Time at which the job ended.
    async fn finished_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(DateTime)
    }

    /// Time until which the result is kept: one day after the end of the job.
    async fn expires_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(|at| DateTime(at + KEEP_JOBS))
    }

    /// Version of the data from which the job was answered.
    async fn world_version(&self) -> Option<&str> {
        self.row.world_version.as_deref()
    }

    /// Reason of the failure.
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
            let Some(bytes) = store.job_result_bytes(&self.row.id).await.map_err(internal)? else { return Ok(None) };
            budget::charge(ctx, bytes)?;
            Ok(store.job_result(&self.row.id).await.map_err(internal)?.map(Json))
        })
        .await
    }
}

/// A query to run in the background.
#[derive(InputObject, Debug)]
pub struct StartJobInput {
    /// Text of the query.
    query: String,
    /// Variables of the query.
    variables: Option<GivenJson>,
    /// Name of the operation to run, if the document has more than one.
    operation_name: Option<String>,
}

/// The job to cancel.
#[derive(InputObject, Debug)]
pub struct CancelJobInput {
    /// Id of the job.
    id: ID,
}

/// Current state of a job, or errors in the input.
#[derive(SimpleObject)]
pub struct JobPayload {
    /// The job; null if the input has errors.
    job: Option<Job>,
    /// Errors in the input.
    user_errors: Vec<UserError>,
}

impl JobPayload {
    fn invalid(field: &'static str, code: ProblemCode, why: impl Into<String>) -> Self {
        Self { job: None, user_errors: vec![Problem::new(field, code, why).into()] }
    }
}

fn jobs<'c>(ctx: &Context<'c>) -> &'c Arc<Jobs> {
    ctx.data_unchecked::<Arc<Jobs>>()
}

/// Returns the current state of a job. The state in this process is newer than the one in the database.
async fn load_job(jobs: &Jobs, live: &Arc<Live>, id: &str) -> Result<Option<Job>> {
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

#[derive(Default)]
pub struct JobQuery;

/// Jobs.
#[Object]
impl JobQuery {
    /// Returns a job by its id; null if the id is unknown or the job ended more than a day ago.
    #[graphql(complexity = "200 + child_complexity")]
    async fn job(&self, ctx: &Context<'_>, #[graphql(desc = "Id of the job.")] id: ID) -> Nullable<Job> {
        nullable(async { load_job(jobs(ctx), live(ctx)?, &id).await }).await
    }

    /// Lists all stored jobs, newest first. Requires the role ADMIN.
    #[graphql(complexity = "200 + 20 * child_complexity")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "Maximum number of jobs to return (at most 200).")] first: i32,
    ) -> Nullable<Vec<Job>> {
        Some(list_jobs(ctx, first).await)
    }
}

async fn list_jobs(ctx: &Context<'_>, first: i32) -> Result<Vec<Job>> {
    require(ctx, Role::Admin)?;
    let count = usize::try_from(first)
        .ok()
        .filter(|n| *n <= MAX_LISTED)
        .ok_or_else(|| super::error::bad_input("first", first, format_args!("is not between 0 and {MAX_LISTED}")))?;
    let live = live(ctx)?;
    let rows = live.store().jobs(count).await.map_err(internal)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.extend(load_job(jobs(ctx), live, &row.id).await?);
    }
    Ok(all)
}

#[derive(Default)]
pub struct JobMutation;

#[Object]
impl JobMutation {
    /// Starts a job: a query (not a mutation) that runs in the background. Use jobs for long queries. A limited number of jobs
    /// runs at the same time, others wait in a queue; the error `BUSY` means that the queue is full. A job may cost 20 times
    /// as much as a query (`maxComplexity`, `maxWork`), has no time limit, is never refused because other analyses wait, and
    /// searches for exact sites for up to 60 seconds. It runs with the rights of an anonymous caller, because anyone who
    /// knows its id may read the result. Requires the role CONTRIBUTOR.
    async fn start_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The query to run.")] input: StartJobInput,
    ) -> Nullable<JobPayload> {
        Some(start(ctx, input).await)
    }

    /// Cancels a job. Requires only the id of the job.
    async fn cancel_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job to cancel.")] input: CancelJobInput,
    ) -> Nullable<JobPayload> {
        Some(cancel(ctx, &input.id).await)
    }
}

async fn start(ctx: &Context<'_>, input: StartJobInput) -> Result<JobPayload> {
    let actor = require(ctx, Role::Contributor)?.actor();
    let (live, jobs) = (live(ctx)?.clone(), jobs(ctx).clone());
    let documents = ctx.data_unchecked::<Arc<Documents>>();
    let document = match documents.find(&input.query, None, ctx.data_unchecked::<Limits>()) {
        Ok(document) => document,
        Err(e) => {
            return Ok(JobPayload::invalid("query", ProblemCode::Invalid, format!("is invalid: {}", e.message)));
        }
    };
    let operation = match choose(&document.parsed, input.operation_name.as_deref()) {
        Ok(operation) if operation.kind == OperationType::Query => operation,
        Ok(_) => {
            return Ok(JobPayload::invalid("query", ProblemCode::Invalid, "is not a query; jobs run only queries"));
        }
        Err(_) => {
            return Ok(JobPayload::invalid(
                "operation_name",
                ProblemCode::NotFound,
                "is not the name of an operation in the document",
            ));
        }
    };
    let variables = input.variables.map_or(serde_json::Value::Null, |v| v.0);
    if !(variables.is_null() || variables.is_object()) {
        return Ok(JobPayload::invalid("variables", ProblemCode::Invalid, "is not an object"));
    }
    // The id grants access to the result, so it is generated like a token.
    let id = new_token().map_err(internal)?.trim_start_matches(walkshed_live::access::PREFIX).to_owned();
    let stored = json!({ "query": input.query, "variables": variables, "operationName": input.operation_name });
    let row = JobRow {
        id: id.clone(),
        state: JobState::Queued,
        request: stored.to_string(),
        actor,
        created_at: Timestamp::now(),
        started_at: None,
        finished_at: None,
        world_version: None,
        error: None,
    };
    let running = jobs.enqueue(&id)?;
    let entry = QueueEntry(jobs.clone(), id.clone());
    live.store().add_job(&row).await.map_err(internal)?;
    // Anyone who knows the id can read the result: it must not hold data that requires a role.
    let anyone = Caller::anonymous(None);
    let mut request = Request::new(&*document.text).variables(Variables::from_json(variables)).data(anyone);
    request.operation_name = operation.name;
    request.set_parsed_query(document.parsed.as_ref().clone());
    let JobSchema(schema) = ctx.data_unchecked::<JobSchema>().clone();
    let limits = limits_of_jobs(ctx.data_unchecked::<Limits>());
    let work = Work { schema, limits, document, request, live: live.clone(), id: id.clone() };
    live.work(run_job(entry, running, work));
    Ok(JobPayload { job: load_job(&jobs, &live, &id).await?, user_errors: Vec::new() })
}

async fn cancel(ctx: &Context<'_>, id: &ID) -> Result<JobPayload> {
    let (live, jobs) = (live(ctx)?, jobs(ctx));
    if let Some(running) = jobs.find(id) {
        let mut progress = running.progress.subscribe();
        running.cancel();
        // An error means that the job has ended.
        let _ = progress.wait_for(|p| p.state.is_last()).await;
    }
    Ok(match load_job(jobs, live, id).await? {
        Some(job) => JobPayload { job: Some(job), user_errors: Vec::new() },
        None => JobPayload::invalid("id", ProblemCode::NotFound, "is not the id of a job"),
    })
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
pub async fn as_it_is(ctx: &Context<'_>, id: &ID) -> Result<Job> {
    load_job(jobs(ctx), live(ctx)?, id).await?.ok_or_else(|| not_found("id", id, "job with the id"))
}

/// Marks a request as part of a job.
#[derive(Debug, Clone, Copy)]
struct InJob;

/// Returns whether a request is part of a job.
pub fn is_job(ctx: &Context<'_>) -> bool {
    ctx.data_opt::<InJob>().is_some()
}

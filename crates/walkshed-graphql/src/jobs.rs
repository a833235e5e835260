//! Jobs: a query that is answered in the background, so many at once, the others in line; its answer is kept for a day.

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

/// Bytes of an answer that is kept.
const LARGEST_RESULT: usize = 32 * 1024 * 1024;
/// How often the database is told that a job is still worked on.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Jobs in one list at most.
const MAX_LISTED: usize = 200;

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Progress {
    state: JobState,
    share: f64,
}

/// A job this process works on.
struct Running {
    /// Counts jobs in the order they came.
    number: u64,
    task: Arc<Task>,
    progress: watch::Sender<Progress>,
    cancelled: AtomicBool,
    cancel: Notify,
}

/// The jobs of this process.
pub struct Jobs {
    slots: Arc<Semaphore>,
    most_waiting: usize,
    running: Mutex<HashMap<String, Arc<Running>>>,
}

/// Takes a job off the list, however it ends.
struct Listed(Arc<Jobs>, String);

impl Drop for Listed {
    fn drop(&mut self) {
        self.0.list().remove(&self.1);
    }
}

/// The API as jobs are answered by it.
#[derive(Clone)]
pub struct JobSchema(pub ApiSchema);

/// So many times as much may a job cost.
const COST_OF_JOBS: usize = 20;

/// Limits of what is asked in a job: nobody sits and waits for it.
pub fn limits_of_jobs(limits: &Limits) -> Limits {
    Limits {
        max_complexity: limits.max_complexity.saturating_mul(COST_OF_JOBS),
        max_work: limits.max_work.saturating_mul(COST_OF_JOBS),
        max_answer_bytes: LARGEST_RESULT,
        ..limits.clone()
    }
}

/// What is to be carried out.
struct Work {
    schema: ApiSchema,
    limits: Limits,
    document: Document,
    request: Request,
    live: Arc<Live>,
    id: String,
}

impl Jobs {
    /// So many at once (1 at least), so many waiting.
    pub fn new(at_once: usize, most_waiting: usize) -> Self {
        let slots = Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { slots, most_waiting, running: Mutex::default() }
    }

    fn list(&self) -> MutexGuard<'_, HashMap<String, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Option<Arc<Running>> {
        self.list().get(id).cloned()
    }

    /// How many are in line before a job.
    fn before(&self, running: &Running) -> usize {
        let waits = |r: &&Arc<Running>| r.number < running.number && r.progress.borrow().state == JobState::Queued;
        self.list().values().filter(waits).count()
    }

    /// Puts a job in line.
    fn enlist(&self, id: &str) -> Result<Arc<Running>> {
        let mut list = self.list();
        let waiting = list.values().filter(|r| r.progress.borrow().state == JobState::Queued).count();
        if waiting >= self.most_waiting && self.slots.available_permits() == 0 {
            return Err(busy_jobs(waiting));
        }
        let (progress, _) = watch::channel(Progress { state: JobState::Queued, share: 0.0 });
        let heard = progress.clone();
        // What is expected grows as the work is understood; people are not told that less is done than before.
        let task = Task::told_to(move |share| {
            heard.send_if_modified(|p| share > p.share && std::mem::replace(&mut p.share, share) < share);
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

    fn tell(&self, state: JobState) {
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

/// Waits for its turn, answers the query, keeps the answer.
async fn carry_out(listed: Listed, running: Arc<Running>, work: Work) {
    let (store, id) = (work.live.store().clone(), work.id.clone());
    let stopped = work.live.stopped();
    let outcome = {
        let answering = answered(&listed.0, &running, work);
        tokio::pin!(answering, stopped);
        let mut alive = tokio::time::interval(ALIVE_EVERY);
        loop {
            tokio::select! {
                outcome = &mut answering => break outcome,
                () = running.stopped() => break Outcome::Cancelled,
                () = &mut stopped => {
                    running.task.cancel();
                    break Outcome::Failed("the server was stopped; start it again".into(), None);
                }
                _ = alive.tick() => {
                    // The next tick tries again.
                    if let Err(error) = store.touch_job(&id).await {
                        tracing::warn!(%error, id, "a job cannot be noted as alive");
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
        tracing::error!(%error, id, "the answer of a job cannot be kept");
    }
    // Kept first, so that who is told finds it.
    running.tell(state);
}

enum Outcome {
    Answered(String),
    Failed(String, Option<String>),
    Cancelled,
}

async fn answered(jobs: &Jobs, running: &Running, work: Work) -> Outcome {
    let Ok(_slot) = jobs.slots.clone().acquire_owned().await else { return Outcome::Cancelled };
    let world = work.live.world();
    if let Err(error) = work.live.store().begin_job(&work.id, &world.version).await {
        return Outcome::Failed(error.to_string(), None);
    }
    running.tell(JobState::Running);
    let version = world.version.clone();
    // Counted while it is built: what is larger than can be kept is not built at all.
    let budget = Budget::new(Arc::new(UnderWay::new(LARGEST_RESULT)), work.limits.max_answer_bytes);
    let spent = Spent::new(work.limits.max_work);
    let request = work.request.data(world).data(work.live).data(running.task.clone());
    let (name, variables) = (request.operation_name.clone(), Some(request.variables.clone()));
    let request = request.data(InJob).data(Arc::new(budget)).data(Arc::new(spent));
    scalars::forget_refused();
    let response = work.schema.execute(request).await;
    let asked = Asked { document: &work.document, operation_name: name.as_deref(), variables };
    let (response, _) = named(response, &work.limits, &asked).await;
    let response = response.extension("worldVersion", Value::from(version));
    // Large answers take a while to write. One job is at it at a time, so that a thread of the runtime is free for it.
    tokio::task::spawn_blocking(move || told(&response)).await.unwrap_or_else(|e| Outcome::Failed(e.to_string(), None))
}

/// Bytes as they are written, up to a number.
struct AtMost {
    text: Vec<u8>,
    most: usize,
}

impl std::io::Write for AtMost {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.text.len() + bytes.len() > self.most {
            return Err(std::io::Error::other("too long"));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn told(response: &Response) -> Outcome {
    let mut written = AtMost { text: Vec::new(), most: LARGEST_RESULT };
    if let Err(e) = serde_json::to_writer(&mut written, response) {
        if !e.is_io() {
            return Outcome::Failed(e.to_string(), None);
        }
        let why = format!(
            "the answer has more bytes than are kept ({LARGEST_RESULT}); ask for fewer rows, or use the command line"
        );
        return Outcome::Failed(why, None);
    }
    let text = match String::from_utf8(written.text) {
        Ok(text) => text,
        Err(e) => return Outcome::Failed(e.to_string(), None),
    };
    match response.errors.first() {
        None => Outcome::Answered(text),
        Some(error) => Outcome::Failed(error.message.clone(), Some(text)),
    }
}

/// What a job does now.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "JobState", remote = "JobState")]
pub enum JobStateWord {
    /// It waits for its turn.
    Queued,
    /// It is worked on.
    Running,
    /// Its answer is there.
    Done,
    /// It ended without an answer, or with errors in it; `error` says why.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// A query that is answered in the background.
pub struct Job {
    row: JobRow,
    share: f64,
    waiting: Option<usize>,
    live: Arc<Live>,
}

/// A query that is answered in the background.
#[Object]
impl Job {
    /// Its id. Who knows it may read the answer, and cancel the job.
    async fn id(&self) -> ID {
        ID(self.row.id.clone())
    }

    /// What it does now.
    async fn state(&self) -> JobStateWord {
        self.row.state.into()
    }

    /// How much of it is done, 0 to 1. It never goes back while the job runs, and is 0 once it has failed or was cancelled.
    /// Steps are counted, not minutes.
    async fn progress(&self) -> f64 {
        super::types::round(self.share, 3)
    }

    /// Jobs in line before it, while it is QUEUED.
    async fn waiting_before(&self) -> Option<u64> {
        self.waiting.map(|n| n as u64)
    }

    /// What was asked: `query`, `variables`, `operationName`.
    async fn request(&self) -> Json {
        Json(self.row.request.clone())
    }

    /// When it was started.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// Who started it; null for all but admins.
    async fn started_by(&self, ctx: &Context<'_>) -> Option<&str> {
        caller(ctx).may(Role::Admin).then_some(self.row.actor.as_str())
    }

    /// When its turn came.
    async fn started_at(&self) -> Option<DateTime> {
        self.row.started_at.map(DateTime)
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(DateTime)
    }

    /// Until when the answer is kept: a day from its end.
    async fn expires_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(|at| DateTime(at + KEEP_JOBS))
    }

    /// The version of the data it was answered from.
    async fn world_version(&self) -> Option<&str> {
        self.row.world_version.as_deref()
    }

    /// Why it has failed.
    async fn error(&self) -> Option<&str> {
        self.row.error.as_deref()
    }

    /// The answer, as the query would have been answered at once: `data`, `errors`, `extensions`. Also to be had by itself from
    /// `/jobs/ID`.
    #[graphql(complexity = 2000)]
    async fn result(&self, ctx: &Context<'_>) -> Nullable<Json> {
        nullable(async {
            let store = self.live.store();
            // Counted before it is read.
            let Some(bytes) = store.job_result_bytes(&self.row.id).await.map_err(internal)? else { return Ok(None) };
            budget::charge(ctx, bytes)?;
            Ok(store.job_result(&self.row.id).await.map_err(internal)?.map(Json))
        })
        .await
    }
}

/// A query to be answered in the background.
#[derive(InputObject, Debug)]
pub struct StartJobInput {
    /// The query, as it would be sent by itself.
    query: String,
    /// Its variables.
    variables: Option<GivenJson>,
    /// Which of its operations, where it has several.
    operation_name: Option<String>,
}

/// Which job to cancel.
#[derive(InputObject, Debug)]
pub struct CancelJobInput {
    /// Its id.
    id: ID,
}

/// A job as it is now.
#[derive(SimpleObject)]
pub struct JobPayload {
    /// The job; null where there is none.
    job: Option<Job>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

impl JobPayload {
    fn wrong(field: &'static str, code: ProblemCode, why: impl Into<String>) -> Self {
        Self { job: None, user_errors: vec![Problem::new(field, code, why).into()] }
    }
}

fn jobs<'c>(ctx: &Context<'c>) -> &'c Arc<Jobs> {
    ctx.data_unchecked::<Arc<Jobs>>()
}

/// A job as it is now: what this process knows is newer than the database.
async fn job_of(jobs: &Jobs, live: &Arc<Live>, id: &str) -> Result<Option<Job>> {
    let running = jobs.find(id);
    let Some(mut row) = live.store().job(id).await.map_err(internal)? else { return Ok(None) };
    let mut share = if row.state == JobState::Done { 1.0 } else { 0.0 };
    let mut waiting = None;
    if let Some(running) = running.filter(|_| !row.state.is_last() || row.finished_at.is_none()) {
        let now = *running.progress.borrow();
        share = now.share;
        if !now.state.is_last() {
            row.state = now.state;
        }
        waiting = (now.state == JobState::Queued).then(|| jobs.before(&running));
    }
    Ok(Some(Job { row, share, waiting, live: live.clone() }))
}

#[derive(Default)]
pub struct JobQuery;

/// Jobs.
#[Object]
impl JobQuery {
    /// A job by its id; null when there is none, or it ended more than a day ago.
    #[graphql(complexity = "200 + child_complexity")]
    async fn job(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Nullable<Job> {
        nullable(async { job_of(jobs(ctx), live(ctx)?, &id).await }).await
    }

    /// All jobs that are kept, the newest first. Needs the role ADMIN.
    #[graphql(complexity = "200 + 20 * child_complexity")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 200 at most.")] first: i32,
    ) -> Nullable<Vec<Job>> {
        Some(listed(ctx, first).await)
    }
}

async fn listed(ctx: &Context<'_>, first: i32) -> Result<Vec<Job>> {
    require(ctx, Role::Admin)?;
    let count = usize::try_from(first)
        .ok()
        .filter(|n| *n <= MAX_LISTED)
        .ok_or_else(|| super::error::bad_input("first", first, format_args!("is not between 0 and {MAX_LISTED}")))?;
    let live = live(ctx)?;
    let rows = live.store().jobs(count).await.map_err(internal)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.extend(job_of(jobs(ctx), live, &row.id).await?);
    }
    Ok(all)
}

#[derive(Default)]
pub struct JobMutation;

#[Object]
impl JobMutation {
    /// Starts a job: a query (no mutation) that is answered in the background, for what takes longer than one likes to wait. So
    /// many are worked on at once, others wait in line; when the line is full, the error `BUSY` says so. A job waits its turn
    /// among analyses however many do, may cost 20 times as much as a query (`maxComplexity`), and looks 60 seconds for exact sites. It is answered as for someone without a token, since whoever knows its id
    /// may read it. Needs the role CONTRIBUTOR.
    async fn start_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to answer.")] input: StartJobInput,
    ) -> Nullable<JobPayload> {
        Some(start(ctx, input).await)
    }

    /// Cancels a job. Whoever knows its id may.
    async fn cancel_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: CancelJobInput,
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
            return Ok(JobPayload::wrong("query", ProblemCode::Invalid, format!("cannot be used: {}", e.message)));
        }
    };
    let chosen = match choose(&document.parsed, input.operation_name.as_deref()) {
        Ok(chosen) if chosen.kind == OperationType::Query => chosen,
        Ok(_) => return Ok(JobPayload::wrong("query", ProblemCode::Invalid, "is no query; jobs only ask")),
        Err(_) => {
            return Ok(JobPayload::wrong("operation_name", ProblemCode::NotFound, "names no operation of the query"));
        }
    };
    let variables = input.variables.map_or(serde_json::Value::Null, |v| v.0);
    if !(variables.is_null() || variables.is_object()) {
        return Ok(JobPayload::wrong("variables", ProblemCode::Invalid, "is no object"));
    }
    // As hard to guess as a token, which opens more.
    let id = new_token().map_err(internal)?.trim_start_matches(walkshed_live::access::PREFIX).to_owned();
    let told = json!({ "query": input.query, "variables": variables, "operationName": input.operation_name });
    let row = JobRow {
        id: id.clone(),
        state: JobState::Queued,
        request: told.to_string(),
        actor,
        created_at: Timestamp::now(),
        started_at: None,
        finished_at: None,
        world_version: None,
        error: None,
    };
    let running = jobs.enlist(&id)?;
    let listed = Listed(jobs.clone(), id.clone());
    live.store().add_job(&row).await.map_err(internal)?;
    // Whoever knows the id reads the answer: it must hold nothing that is for editors or admins alone.
    let anyone = Caller::anonymous(None);
    let mut request = Request::new(&*document.text).variables(Variables::from_json(variables)).data(anyone);
    request.operation_name = chosen.name;
    request.set_parsed_query(document.parsed.as_ref().clone());
    let JobSchema(schema) = ctx.data_unchecked::<JobSchema>().clone();
    let limits = limits_of_jobs(ctx.data_unchecked::<Limits>());
    let work = Work { schema, limits, document, request, live: live.clone(), id: id.clone() };
    live.work(carry_out(listed, running, work));
    Ok(JobPayload { job: job_of(&jobs, &live, &id).await?, user_errors: Vec::new() })
}

async fn cancel(ctx: &Context<'_>, id: &ID) -> Result<JobPayload> {
    let (live, jobs) = (live(ctx)?, jobs(ctx));
    if let Some(running) = jobs.find(id) {
        let mut progress = running.progress.subscribe();
        running.cancel();
        // An error says that the job has ended, which is as good.
        let _ = progress.wait_for(|p| p.state.is_last()).await;
    }
    Ok(match job_of(jobs, live, id).await? {
        Some(job) => JobPayload { job: Some(job), user_errors: Vec::new() },
        None => JobPayload::wrong("id", ProblemCode::NotFound, "is the id of no job"),
    })
}

/// Ticks whenever a job comes further, until it has ended: now, then at each change. `true` is the last.
pub async fn ticks(ctx: &Context<'_>, id: &ID) -> Result<impl Stream<Item = bool> + Send + use<>> {
    let (live, jobs) = (live(ctx)?, jobs(ctx));
    let progress = jobs.find(id).map(|running| running.progress.subscribe());
    if job_of(jobs, live, id).await?.is_none() {
        return Err(not_found("id", id, "job with the id"));
    }
    Ok(stream::unfold(Some((progress, true)), |state| async {
        let (mut progress, is_first) = state?;
        if !is_first {
            // An error says that nothing more comes.
            progress.as_mut()?.changed().await.ok()?;
        }
        let is_last = progress.as_mut().is_none_or(|p| p.borrow_and_update().state.is_last());
        Some((is_last, (!is_last).then_some((progress, false))))
    }))
}

/// A job as it is now.
pub async fn as_it_is(ctx: &Context<'_>, id: &ID) -> Result<Job> {
    job_of(jobs(ctx), live(ctx)?, id).await?.ok_or_else(|| not_found("id", id, "job with the id"))
}
/// Marks what is asked as part of a job.
#[derive(Debug, Clone, Copy)]
struct InJob;

/// Is this asked as part of a job?
pub fn is_job(ctx: &Context<'_>) -> bool {
    ctx.data_opt::<InJob>().is_some()
}

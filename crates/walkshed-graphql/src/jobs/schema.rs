//! The query and mutation fields for jobs.

use super::job::{Job, jobs, load_job};
use super::queue::QueueEntry;
use super::run::{JobSchema, Work, limits_of_jobs, run_job};
use crate::auth::require;
use crate::context::{Nullable, live, nullable};
use crate::documents::{Documents, select_operation};
use crate::error::{bad_input, internal};
use crate::limits::Limits;
use crate::request_cost::RequestCost;
use crate::scalars::JsonInput;
use crate::user_error::UserError;
use async_graphql::parser::types::OperationType;
use async_graphql::{Context, ID, InputObject, Object, Request, Result, SimpleObject, Variables};
use jiff::Timestamp;
use serde_json::json;
use std::sync::Arc;
use walkshed_live::access::{Caller, new_token};
use walkshed_register::{Problem, ProblemCode, Role};
use walkshed_store::{JobRow, JobState};

/// Maximum number of jobs in a list.
const MAX_LISTED: usize = 200;

/// A query to run in the background.
#[derive(InputObject, Debug)]
pub struct StartJobInput {
    /// Text of the query.
    query: String,
    /// Variables of the query.
    variables: Option<JsonInput>,
    /// The name of the operation to run, if the document has more than one.
    operation_name: Option<String>,
}

/// The job to cancel.
#[derive(InputObject, Debug)]
pub struct CancelJobInput {
    /// The id of the job.
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

#[derive(Default)]
pub struct JobQuery;

/// Jobs.
#[Object]
impl JobQuery {
    /// Returns a job by its id; null if the id is unknown or the job ended more than a day ago.
    #[graphql(complexity = "200 + child_complexity")]
    async fn job(&self, ctx: &Context<'_>, #[graphql(desc = "The id of the job.")] id: ID) -> Nullable<Job> {
        nullable(async { load_job(jobs(ctx), live(ctx)?, &id).await }).await
    }

    /// Lists all stored jobs, newest first. Requires the role ADMIN.
    #[graphql(complexity = "200 + 20 * child_complexity")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "Maximum number of jobs to return (default 20, maximum 200).")] first: i32,
    ) -> Nullable<Vec<Job>> {
        Some(list_jobs(ctx, first).await)
    }
}

async fn list_jobs(ctx: &Context<'_>, first: i32) -> Result<Vec<Job>> {
    require(ctx, Role::Admin)?;
    let count = usize::try_from(first)
        .ok()
        .filter(|n| *n <= MAX_LISTED)
        .ok_or_else(|| bad_input("first", first, format_args!("is not between 0 and {MAX_LISTED}")))?;
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
    let operation = match select_operation(&document.parsed, input.operation_name.as_deref()) {
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
    let cost = ctx.data_unchecked::<Arc<RequestCost>>().clone();
    let limits = limits_of_jobs(ctx.data_unchecked::<Limits>());
    let work = Work { schema, cost, limits, document, request, live: live.clone(), id: id.clone() };
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

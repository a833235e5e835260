//! Execution of a job.

use super::queue::{Jobs, QueueEntry, Running};
use crate::budget::{MemoryBudget, MemoryPool};
use crate::context::InJob;
use crate::cost::WorkMeter;
use crate::documents::Document;
use crate::erased_schema::ErasedSchema;
use crate::limits::Limits;
use crate::request_cost::RequestCost;
use crate::response::{ExecutedOperation, add_codes};
use crate::scalars;
use async_graphql::{ObjectType, Request, Response, Schema, SubscriptionType, Value};
use std::sync::Arc;
use std::time::Duration;
use walkshed_live::Live;
use walkshed_store::JobState;

/// Maximum number of bytes of a result.
const MAX_RESULT_BYTES: usize = 32 * 1024 * 1024;
/// Interval at which a running job updates its timestamp in the database.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The schema with the limits of jobs.
#[derive(Clone)]
pub struct JobSchema(pub ErasedSchema);

impl JobSchema {
    pub fn new<Q, M, S>(schema: Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        Self(ErasedSchema::new(schema))
    }
}

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
pub struct Work {
    pub schema: ErasedSchema,
    pub cost: Arc<RequestCost>,
    pub limits: Limits,
    pub document: Document,
    pub request: Request,
    pub live: Arc<Live>,
    pub id: String,
}

/// Waits for a slot, executes the query and stores the result.
pub async fn run_job(entry: QueueEntry, running: Arc<Running>, work: Work) {
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
    let budget = MemoryBudget::new(Arc::new(MemoryPool::new(MAX_RESULT_BYTES)), work.limits.max_answer_bytes);
    let meter = WorkMeter::new(work.limits.max_work);
    let request = work.request.data(world).data(work.live).data(running.task.clone());
    let (name, variables) = (request.operation_name.clone(), Some(request.variables.clone()));
    let request = request.data(InJob).data(Arc::new(budget)).data(Arc::new(meter));
    scalars::clear_rejections();
    let response = work.schema.execute(request).await;
    let operation = ExecutedOperation { document: &work.document, operation_name: name.as_deref(), variables };
    let (response, _) = add_codes(response, &work.limits, &work.cost, &operation).await;
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

//! The GraphQL API: thin resolvers that read arguments, call the rooms below and shape the answer. Knows no HTTP; a
//! request is answered whole from the one snapshot it is given.

#![allow(clippy::unused_async, reason = "resolvers are async by the library's contract")]

mod admin;
mod analyses;
mod assessment;
mod auth;
mod budget;
mod comparison;
mod cost;
mod coverage;
mod dataset;
mod documents;
mod error;
mod gate;
mod ids;
mod jobs;
mod limit;
mod limits;
mod mutation;
mod paging;
mod pool;
mod reach;
mod register;
mod scalars;
mod subscription;
mod travel;
mod types;
mod words;

use crate::access::Caller;
use crate::coverage::Standards;
use crate::live::Live;
use crate::registry::Kinds;
use crate::task::Task;
use crate::world::World;
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Context, MergedObject, Response, Result, Schema, ServerError, Value};
use budget::UnderWay;
use documents::Documents;
use futures_util::{Stream, StreamExt};
use gate::Gate;
use jobs::{JobSchema, Jobs};
use limit::SuggestionLimit;
use mutation::Mutation;
use std::sync::{Arc, LazyLock};
use subscription::Subscription;

pub use async_graphql::Variables;
pub use budget::Budget;
pub use cost::Spent;
pub use error::code;
pub use limits::Limits;

/// Everything that can be asked.
#[derive(MergedObject, Default)]
pub struct Query(
    register::RegisterQuery,
    reach::ReachQuery,
    coverage::CoverageQuery,
    analyses::AnalysisQuery,
    assessment::AssessmentQuery,
    comparison::ComparisonQuery,
    travel::TravelQuery,
    dataset::DatasetQuery,
    admin::AdminQuery,
    jobs::JobQuery,
);

type ApiSchema = Schema<Query, Mutation, Subscription>;

/// The API: give it a world and a request, get an answer.
pub struct Api {
    schema: ApiSchema,
    /// The same, with the limits of jobs.
    of_jobs: JobSchema,
    limits: Limits,
    gate: Arc<Gate>,
    documents: Documents,
    under_way: Arc<UnderWay>,
}

/// A request, from whatever transport.
#[derive(Default)]
pub struct ApiRequest {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
    /// Refuse anything but queries (for GET).
    pub queries_only: bool,
    /// Who is asking; someone without a token when it is not known.
    pub caller: Option<Caller>,
    /// Where changes go; without it nothing can be changed or followed.
    pub live: Option<Arc<Live>>,
}

/// An answer.
pub struct Answer {
    /// `data`, `errors`, `extensions`.
    pub response: Response,
    pub outcome: Outcome,
    /// The bytes it holds in memory; keep it until the last of them has been sent.
    pub budget: Arc<Budget>,
    /// What it has cost while it was answered.
    pub spent: Arc<Spent>,
    /// The work that was done for it.
    pub task: Arc<Task>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out; single fields may have failed.
    Executed,
    /// It was refused before anything was carried out: the answer has no `data`.
    Refused,
    /// It would have changed something where only queries are allowed.
    NotAQuery,
    /// It is to be followed, which this transport cannot do.
    IsSubscription,
}

/// The world a request is answered from.
fn current<'c>(ctx: &Context<'c>) -> &'c Arc<World> {
    ctx.data_unchecked::<Arc<World>>()
}

fn limits<'c>(ctx: &Context<'c>) -> &'c Limits {
    ctx.data_unchecked::<Limits>()
}

/// Where changes go.
fn live<'c>(ctx: &Context<'c>) -> Result<&'c Arc<Live>> {
    ctx.data_opt::<Arc<Live>>().ok_or_else(mutation::read_only)
}

/// The kinds of facility in force.
fn kinds<'c>(ctx: &Context<'c>) -> &'c Kinds {
    static BUILT_IN: LazyLock<Kinds> = LazyLock::new(Kinds::default);
    ctx.data_opt::<Arc<Live>>().map_or(&BUILT_IN, |live| live.kinds())
}

/// The planning standards in force.
fn standards<'c>(ctx: &Context<'c>) -> &'c Standards {
    static SHIPPED: LazyLock<Standards> = LazyLock::new(Standards::default);
    ctx.data_opt::<Arc<Live>>().map_or(&SHIPPED, |live| live.standards())
}

fn suggestion_limit<'c>(ctx: &Context<'c>) -> &'c SuggestionLimit {
    ctx.data_unchecked::<Arc<SuggestionLimit>>()
}

/// What async-graphql says when [`Limits::max_complexity`] is passed; a test holds it to it.
const TOO_COMPLEX: &str = "Query is too complex.";

impl Api {
    /// The API with its limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let suggestions = Arc::new(SuggestionLimit::new(limits.suggestions_per_hour));
        let gate = Arc::new(Gate::new(limits.max_analyses, limits.max_waiting_analyses));
        let jobs = Arc::new(Jobs::new(limits.max_jobs, limits.max_waiting_jobs));
        let schema = |limits: Limits| {
            Schema::build(Query::default(), Mutation::default(), Subscription)
                .limit_complexity(limits.max_complexity)
                .data(limits)
                .data(suggestions.clone())
                .data(gate.clone())
                .data(jobs.clone())
                .finish()
        };
        let of_jobs = JobSchema(schema(jobs::limits_of_jobs(&limits)));
        let under_way = Arc::new(UnderWay::new(limits.max_answers_bytes));
        Self { schema: schema(limits.clone()), of_jobs, limits, gate, documents: Documents::default(), under_way }
    }

    /// Analyses that run and that wait for their turn.
    #[must_use]
    pub fn analyses(&self) -> (usize, usize) {
        self.gate.load()
    }

    /// Pieces of smaller work that run and that wait for a thread.
    #[must_use]
    pub fn small_work(&self) -> (usize, usize) {
        self.gate.small_load()
    }

    /// The schema in GraphQL's definition language.
    #[must_use]
    pub fn sdl(&self) -> String {
        let mut sdl = self.schema.sdl().trim().to_owned();
        sdl.push('\n');
        sdl
    }

    /// Answers a request from a world. A mutation's answer carries the version of the world after it.
    pub async fn execute(&self, world: &Arc<World>, request: ApiRequest) -> Answer {
        let budget = Arc::new(Budget::new(self.under_way.clone(), self.limits.max_answer_bytes));
        // Work away from this thread stops when this future is dropped; the task stops it when its time is up.
        let task = Arc::new(Task::within_seconds(self.limits.max_seconds));
        let spent = Arc::new(Spent::new(self.limits.max_work));
        let (response, outcome) = self.answer(world, request, (&budget, &task, &spent)).await;
        Answer { response, outcome, budget, spent, task }
    }

    async fn answer(
        &self,
        world: &Arc<World>,
        request: ApiRequest,
        (budget, task, spent): (&Arc<Budget>, &Arc<Task>, &Arc<Spent>),
    ) -> (Response, Outcome) {
        let document = match self.documents.get(&request.query, &self.limits) {
            Ok(document) => document,
            Err(error) => return (refused(world, vec![error]), Outcome::Refused),
        };
        let kind = documents::kind(&document, request.operation_name.as_deref());
        if request.queries_only && kind.is_some_and(|k| k != OperationType::Query) {
            let error = ServerError::new("only queries can be sent by GET; send mutations by POST", None);
            return (refused(world, vec![error]), Outcome::NotAQuery);
        }
        if kind == Some(OperationType::Subscription) {
            let why =
                "subscriptions are followed over WebSocket (graphql-transport-ws), or with Accept: text/event-stream";
            let mut error = ServerError::new(why, None);
            error.extensions.get_or_insert_default().set("code", code::BAD_USER_INPUT);
            return (refused(world, vec![error]), Outcome::IsSubscription);
        }
        let live = request.live.clone();
        let inner = self.prepared(world, request, &document).data(budget.clone());
        let inner = inner.data(task.clone()).data(spent.clone());
        let changes = kind == Some(OperationType::Mutation);
        let response = self.schema.execute(inner).await;
        let (response, is_refused) = named(response, &self.limits);
        if is_refused {
            return (refused(world, response.errors), Outcome::Refused);
        }
        let after = live.filter(|_| changes).map(|live| live.world());
        (with_version(response, after.as_ref().unwrap_or(world)), Outcome::Executed)
    }

    /// Follows a subscription, or answers a query once. Mutations are refused: they are sent by POST alone.
    pub fn follow(self: &Arc<Self>, request: ApiRequest) -> impl Stream<Item = Response> + Send + use<> {
        let api = self.clone();
        async_stream(async move {
            let Some(live) = request.live.clone() else {
                return once(Response::from_errors(vec![ServerError::new("nothing can be followed here", None)]));
            };
            let world = live.world();
            let document = match api.documents.get(&request.query, &api.limits) {
                Ok(document) => document,
                Err(error) => return once(refused(&world, vec![error])),
            };
            match documents::kind(&document, request.operation_name.as_deref()) {
                Some(OperationType::Subscription) => {
                    let inner = api.prepared(&world, request, &document);
                    api.schema.execute_stream(inner).boxed()
                }
                Some(OperationType::Mutation) => {
                    let mut error = ServerError::new("mutations are sent by POST, as application/json", None);
                    error.extensions.get_or_insert_default().set("code", code::BAD_USER_INPUT);
                    once(refused(&world, vec![error]))
                }
                _ => once(api.execute(&world, request).await.response),
            }
        })
    }

    fn prepared(
        &self,
        world: &Arc<World>,
        request: ApiRequest,
        document: &ExecutableDocument,
    ) -> async_graphql::Request {
        let mut inner = async_graphql::Request::new(request.query).variables(request.variables).data(world.clone());
        // Jobs ask the same API.
        inner = inner.data(self.of_jobs.clone());
        if let Some(caller) = request.caller {
            inner = inner.data(caller);
        }
        if let Some(live) = request.live {
            inner = inner.data(live);
        }
        inner.operation_name = request.operation_name;
        inner.set_parsed_query(document.clone());
        inner
    }
}

/// Gives every error a code and, where a limit was passed, its name; says whether it was refused before the execution.
fn named(mut response: Response, limits: &Limits) -> (Response, bool) {
    // Errors from before the execution have no path, and then there is no data at all.
    let is_refused = response.data == Value::Null && response.errors.iter().all(|e| e.path.is_empty());
    for error in &mut response.errors {
        if error.message == TOO_COMPLEX {
            let most = limits.max_complexity;
            *error = limits::too_complex(
                "maxComplexity",
                format!(
                    "answering the query would cost more than maxComplexity allows ({most}); ask for fewer minutes, rows or fields, or start a job, which may cost more"
                ),
            );
        }
        // Arguments that do not fit their types fail in the library, which gives no code.
        let usual = if is_refused { code::VALIDATION_FAILED } else { code::BAD_USER_INPUT };
        let values = error.extensions.get_or_insert_default();
        if values.get("code").is_none() {
            values.set("code", usual);
        }
    }
    (response, is_refused)
}

/// A stream that is not known until something has been awaited.
fn async_stream<S: Stream + Send>(making: impl Future<Output = S> + Send) -> impl Stream<Item = S::Item> + Send {
    futures_util::FutureExt::flatten_stream(making)
}

fn once(response: Response) -> futures_util::stream::BoxStream<'static, Response> {
    futures_util::stream::once(std::future::ready(response)).boxed()
}

fn refused(world: &World, errors: Vec<ServerError>) -> Response {
    with_version(Response::from_errors(errors), world)
}

fn with_version(response: Response, world: &World) -> Response {
    response.extension("worldVersion", Value::from(world.version.as_str()))
}

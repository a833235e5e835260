//! The GraphQL API: thin resolvers that read arguments, call the lower layers and shape the response. It knows no HTTP.
//! Each request is answered from the one snapshot it is given.

#![allow(clippy::unused_async, reason = "async-graphql requires resolvers to be async")]

mod admin;
mod analyses;
mod assessment;
mod auth;
mod budget;
mod changing;
mod comparison;
mod cost;
mod coverage;
mod dataset;
mod documents;
mod error;
mod following;
mod gate;
mod ids;
mod jobs;
mod lasting;
mod limit;
mod limits;
mod measure;
mod merge;
mod mutation;
mod paging;
mod pool;
mod reach;
mod register;
mod scalars;
mod subscription;
mod travel;
mod trusted;
mod types;
mod words;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, MergedObject, Response, Result, SDLExportOptions, Schema, ServerError, Value, value};
use changing::{Failed, NullsAlone};
use documents::{Document, Documents};
use following::Following;
use gate::Gate;
use jobs::{JobSchema, Jobs};
use limit::SuggestionLimit;
use mutation::{ImportLine, Mutation};
use std::sync::{Arc, LazyLock};
use subscription::Subscription;
use walkshed_analysis::Standards;
use walkshed_analysis::world::World;
use walkshed_engine::task::Task;
use walkshed_live::Live;
use walkshed_live::access::Caller;
use walkshed_register::Kinds;

pub use async_graphql::Variables;
pub use budget::{Budget, Full, UnderWay, Written};
pub use cost::Spent;
pub use documents::Persisted;
pub use error::code;
pub use following::{EventText, Told};
pub use limits::Limits;
pub use trusted::{ManifestError, Trusted};

/// The query root.
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

/// The result of a nullable field. With the error inside the option, a failed field becomes null by itself; with
/// `Result<Option<T>>`, async-graphql would set the parent object to null.
pub type Nullable<T> = Option<Result<T>>;

/// Runs the resolver of a nullable field: see [`Nullable`].
async fn nullable<T>(work: impl Future<Output = Result<Option<T>>>) -> Nullable<T> {
    work.await.transpose()
}

/// Executes requests against a world.
pub struct Api {
    schema: ApiSchema,
    /// The schema for mutations, with the extension [`NullsAlone`].
    mutation_schema: ApiSchema,
    /// The schema with the limits of jobs.
    job_schema: JobSchema,
    limits: Limits,
    gate: Arc<Gate>,
    documents: Arc<Documents>,
    under_way: Arc<UnderWay>,
    following: Following,
}

/// A request from any transport.
#[derive(Default)]
pub struct ApiRequest {
    /// The text of the document; empty when only `persisted` is sent.
    pub query: String,
    /// The hash or id of the document.
    pub persisted: Option<Persisted>,
    pub operation_name: Option<String>,
    pub variables: Variables,
    /// Reject everything but queries (for GET).
    pub queries_only: bool,
    /// Report the cost of the request in `extensions.cost`.
    pub wants_cost: bool,
    /// The caller; `None` counts as anonymous.
    pub caller: Option<Caller>,
    /// Executes writes and publishes changes; without it mutations and subscriptions are refused.
    pub live: Option<Arc<Live>>,
}

/// The response to a request.
pub struct Answer {
    /// `data`, `errors`, `extensions`.
    pub response: Response,
    pub outcome: Outcome,
    /// Counts the bytes of the response in memory. Keep it until the last byte has been sent.
    pub budget: Arc<Budget>,
    /// Whether the same request of the same caller has the same response until the data changes.
    pub lasting: bool,
    /// The work that was charged to the request.
    pub spent: Arc<Spent>,
    /// The progress and cancellation of the request's work.
    pub task: Arc<Task>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The request was executed; single fields may have failed.
    Executed,
    /// The request was rejected before its execution: the response has no `data`.
    Refused,
    /// The operation is not a query, and only queries are allowed.
    NotAQuery,
    /// The operation is a subscription, which this transport does not support.
    IsSubscription,
}

/// Returns the world of the request.
fn current<'c>(ctx: &Context<'c>) -> &'c Arc<World> {
    ctx.data_unchecked::<Arc<World>>()
}

/// Returns the limits in force.
fn limits<'c>(ctx: &Context<'c>) -> &'c Limits {
    ctx.data_unchecked::<Limits>()
}

/// Returns the live data: the database and the writer.
///
/// # Errors
/// An error when the server is read-only.
fn live<'c>(ctx: &Context<'c>) -> Result<&'c Arc<Live>> {
    // Data outside of a world changes without a new world version.
    lasting::passing();
    ctx.data_opt::<Arc<Live>>().ok_or_else(mutation::read_only)
}

/// Returns the configured kinds of facility.
fn kinds<'c>(ctx: &Context<'c>) -> &'c Kinds {
    static BUILT_IN: LazyLock<Kinds> = LazyLock::new(Kinds::default);
    ctx.data_opt::<Arc<Live>>().map_or(&BUILT_IN, |live| live.kinds())
}

/// Returns the configured planning standards.
fn standards<'c>(ctx: &Context<'c>) -> &'c Standards {
    static SHIPPED: LazyLock<Standards> = LazyLock::new(Standards::default);
    ctx.data_opt::<Arc<Live>>().map_or(&SHIPPED, |live| live.standards())
}

/// Returns the rate limit for anonymous suggestions.
fn suggestion_limit<'c>(ctx: &Context<'c>) -> &'c SuggestionLimit {
    ctx.data_unchecked::<Arc<SuggestionLimit>>()
}

/// Bytes of each response that do not count towards [`Limits::max_answers_bytes`], so that short responses are never
/// refused.
const SHORT_ANSWER: usize = 32 * 1024;

/// The message of async-graphql for [`Limits::max_complexity`]. A test checks that it is unchanged.
const TOO_COMPLEX: &str = "Query is too complex.";

impl Api {
    /// Creates an API that accepts any document.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_documents(limits, None)
    }

    /// Creates an API; with a manifest, it accepts only the documents of the manifest.
    #[must_use]
    pub fn with_documents(limits: Limits, trusted: Option<Trusted>) -> Self {
        let suggestions = Arc::new(SuggestionLimit::new(limits.suggestions_per_hour));
        let gate = Arc::new(Gate::new(limits.max_analyses, limits.max_waiting_analyses));
        let jobs = Arc::new(Jobs::new(limits.max_jobs, limits.max_waiting_jobs));
        let documents = Arc::new(Documents::new(trusted));
        let imports = Arc::new(ImportLine::new(limits.max_imports, limits.max_waiting_imports));
        let build = |limits: Limits| {
            Schema::build(Query::default(), Mutation::default(), Subscription)
                .limit_complexity(limits.max_complexity)
                .data(limits)
                .data(suggestions.clone())
                .data(gate.clone())
                .data(jobs.clone())
                .data(documents.clone())
                .data(imports.clone())
        };
        let job_schema = JobSchema(build(jobs::limits_of_jobs(&limits)).finish());
        let under_way = Arc::new(UnderWay::new(limits.max_answers_bytes).sparing(SHORT_ANSWER));
        let following = Following::new(&limits);
        let schema = build(limits.clone()).finish();
        let mutation_schema = build(limits.clone()).extension(NullsAlone).finish();
        Self { schema, mutation_schema, job_schema, limits, gate, documents, under_way, following }
    }

    /// Returns the memory of all responses that are being built or sent.
    #[must_use]
    pub const fn under_way(&self) -> &Arc<UnderWay> {
        &self.under_way
    }

    /// Returns the numbers of running and waiting analyses.
    #[must_use]
    pub fn analyses(&self) -> (usize, usize) {
        self.gate.load()
    }

    /// Returns the numbers of running and waiting small tasks.
    #[must_use]
    pub fn small_work(&self) -> (usize, usize) {
        self.gate.small_load()
    }

    /// Returns the schema in GraphQL's schema definition language.
    #[must_use]
    pub fn sdl(&self) -> String {
        let options = SDLExportOptions::new().include_specified_by();
        let mut sdl = self.schema.sdl_with_options(options).trim().to_owned();
        sdl.push('\n');
        sdl
    }

    /// Checks the documents of the manifest against the schema.
    ///
    /// # Errors
    /// [`ManifestError`] for the first document that uses a type or field that the schema does not have.
    pub async fn check_manifest(&self) -> Result<(), ManifestError> {
        let Some(trusted) = self.documents.trusted() else { return Ok(()) };
        for (id, document) in trusted.documents() {
            if let Some(why) = measure::unknown(document).await {
                return Err(ManifestError::Document { path: trusted.path().to_owned(), id: id.to_owned(), why });
            }
        }
        Ok(())
    }

    /// Executes a request against a world. The response to a mutation carries the version of the world after it.
    pub async fn execute(&self, world: &Arc<World>, request: ApiRequest) -> Answer {
        let budget = Arc::new(Budget::new(self.under_way.clone(), self.limits.max_answer_bytes));
        // Work on other threads stops when this future is dropped, or when the task reaches its deadline.
        let task = Arc::new(Task::within_seconds(self.limits.max_seconds));
        let spent = Arc::new(Spent::new(self.limits.max_work));
        let answering = self.answer(world, request, (&budget, &task, &spent));
        let ((response, outcome), lasting) = lasting::watch(answering).await;
        let lasting = lasting && outcome == Outcome::Executed && response.errors.is_empty();
        Answer { response, outcome, budget, lasting, spent, task }
    }

    async fn answer(
        &self,
        world: &Arc<World>,
        request: ApiRequest,
        (budget, task, spent): (&Arc<Budget>, &Arc<Task>, &Arc<Spent>),
    ) -> (Response, Outcome) {
        let (document, chosen) = match self.chosen(&request) {
            Ok(found) => found,
            Err(error) => return (refused(world, vec![error]), Outcome::Refused),
        };
        let kind = chosen.kind;
        if request.queries_only && kind != OperationType::Query {
            let mut error = ServerError::new("GET accepts only queries; send mutations with POST.", None);
            error.extensions.get_or_insert_default().set("code", code::BAD_REQUEST);
            return (refused(world, vec![error]), Outcome::NotAQuery);
        }
        if kind == OperationType::Subscription {
            let why =
                "Subscriptions require a WebSocket (graphql-transport-ws) or the header Accept: text/event-stream.";
            let mut error = ServerError::new(why, None);
            error.extensions.get_or_insert_default().set("code", code::BAD_USER_INPUT);
            return (refused(world, vec![error]), Outcome::IsSubscription);
        }
        let (live, wants_cost) = (request.live.clone(), request.wants_cost);
        let is_mutation = kind == OperationType::Mutation;
        // The variables of a mutation may hold a whole file and do not affect its cost: they are not copied.
        let variables = (!is_mutation).then(|| request.variables.clone());
        let request = ApiRequest { operation_name: chosen.name, ..request };
        let name = request.operation_name.clone();
        let inner = self.prepared(world, request, &document).data(budget.clone());
        let inner = inner.data(task.clone()).data(spent.clone());
        let mut response;
        if is_mutation {
            let failed = Arc::new(Failed::default());
            // Boxed, so that the future of a query does not reserve space for it.
            response = Box::pin(self.mutation_schema.execute(inner.data(failed.clone()))).await;
            response.errors.extend(failed.take());
        } else {
            response = self.schema.execute(inner).await;
        }
        let executed = Asked { document: &document, operation_name: name.as_deref(), variables };
        let (mut response, is_refused) = named(response, &self.limits, &executed).await;
        if !is_refused {
            self.documents.keep(&document);
        }
        if wants_cost {
            let variables = executed.variables.unwrap_or_default();
            if let Ok(cost) = measure::complexity(&document, executed.operation_name, variables).await {
                let (max_cost, max_work) = (self.limits.max_complexity, self.limits.max_work);
                let work = spent.total();
                let report = value!({ "requested": cost, "maximum": max_cost, "work": work, "maximumWork": max_work });
                response = response.extension("cost", report);
            }
        }
        if is_refused {
            return (with_version(response, world), Outcome::Refused);
        }
        let after = live.filter(|_| is_mutation).map(|live| live.world());
        (with_version(response, after.as_ref().unwrap_or(world)), Outcome::Executed)
    }

    /// Finds the document of a request and selects its operation; used by every transport.
    fn chosen(&self, request: &ApiRequest) -> Result<(Document, documents::Chosen), ServerError> {
        let document = self.documents.find(&request.query, request.persisted.as_ref(), &self.limits)?;
        let chosen = documents::choose(&document.parsed, request.operation_name.as_deref())?;
        self.limits.check_variables(measure::size(&request.variables))?;
        Ok((document, chosen))
    }

    /// Converts a request to one of async-graphql, with the context that resolvers need.
    fn prepared(&self, world: &Arc<World>, request: ApiRequest, document: &Document) -> async_graphql::Request {
        scalars::forget_refused();
        let mut inner = async_graphql::Request::new(&*document.text).variables(request.variables).data(world.clone());
        // The mutation startJob executes its query with this schema.
        inner = inner.data(self.job_schema.clone());
        if let Some(caller) = request.caller {
            inner = inner.data(caller);
        }
        if let Some(live) = request.live {
            inner = inner.data(live);
        }
        inner.operation_name = request.operation_name;
        inner.set_parsed_query(document.parsed.as_ref().clone());
        inner
    }
}

/// The executed operation, kept to explain why it was refused.
pub struct Asked<'a> {
    document: &'a Document,
    operation_name: Option<&'a str>,
    variables: Option<Variables>,
}

/// Adds a code to every error and, when a limit was exceeded, its name, the value and the maximum. Returns whether the
/// request was refused before its execution.
async fn named(mut response: Response, limits: &Limits, asked: &Asked<'_>) -> (Response, bool) {
    // Errors that precede the execution have no path, and the response has no data.
    let is_refused = response.data == Value::Null && response.errors.iter().all(|e| e.path.is_empty());
    if response.errors.iter().any(|e| e.message == TOO_COMPLEX) {
        response.errors = explain(limits, asked).await;
    }
    for error in &mut response.errors {
        scalars::say_why(&mut error.message);
        // The library adds no code when an argument does not match its type.
        let default_code = if is_refused { code::VALIDATION_FAILED } else { code::BAD_USER_INPUT };
        let values = error.extensions.get_or_insert_default();
        if values.get("code").is_none() {
            values.set("code", default_code);
        }
    }
    (response, is_refused)
}

/// Explains why a request exceeds the cost limit. The library computes the cost before it validates the document, so the
/// result may be validation errors.
async fn explain(limits: &Limits, asked: &Asked<'_>) -> Vec<ServerError> {
    let none = Variables::default();
    let variables = asked.variables.as_ref().unwrap_or(&none);
    match measure::complexity(asked.document, asked.operation_name, variables.clone()).await {
        Err(errors) => errors,
        Ok(cost) => {
            let minutes = documents::longest_minutes(&asked.document.parsed, variables).unwrap_or_default();
            vec![if minutes > limits.max_minutes {
                limits::beyond("maxMinutes", "minutes", minutes, limits.max_minutes)
            } else {
                limits::beyond("maxComplexity", "cost", cost as f64, limits.max_complexity as f64)
            }]
        }
    }
}

fn refused(world: &World, errors: Vec<ServerError>) -> Response {
    with_version(Response::from_errors(errors), world)
}

fn with_version(response: Response, world: &World) -> Response {
    response.extension("worldVersion", Value::from(world.version.as_str()))
}

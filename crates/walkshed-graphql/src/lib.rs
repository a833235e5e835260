//! The GraphQL API: thin resolvers that read arguments, call the rooms below and shape the answer. Knows no HTTP; a
//! request is answered whole from the one snapshot it is given.

#![allow(clippy::unused_async, reason = "resolvers are async by the library's contract")]

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

/// What a field answers that may be null: in this order an error leaves null at the field alone, and the rest of the answer
/// stands. An error around the option would make null of what the field belongs to.
pub type Nullable<T> = Option<Result<T>>;

/// Answers a field that may be null: see [`Nullable`].
async fn nullable<T>(work: impl Future<Output = Result<Option<T>>>) -> Nullable<T> {
    work.await.transpose()
}

/// The API: give it a world and a request, get an answer.
pub struct Api {
    schema: ApiSchema,
    /// The same, for mutations.
    changing: ApiSchema,
    /// The same, with the limits of jobs.
    of_jobs: JobSchema,
    limits: Limits,
    gate: Arc<Gate>,
    documents: Arc<Documents>,
    under_way: Arc<UnderWay>,
    following: Following,
}

/// A request, from whatever transport.
#[derive(Default)]
pub struct ApiRequest {
    /// The document; empty where it is named alone.
    pub query: String,
    /// How the document is named.
    pub persisted: Option<Persisted>,
    pub operation_name: Option<String>,
    pub variables: Variables,
    /// Refuse anything but queries (for GET).
    pub queries_only: bool,
    /// Say in `extensions.cost` what the request was counted at.
    pub wants_cost: bool,
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
    /// Whether the same request of the same caller is answered the same until the data change.
    pub lasting: bool,
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
    // What is not part of a world changes without a new version.
    lasting::passing();
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

/// Bytes of an answer that is given however many others are under way.
const SHORT_ANSWER: usize = 32 * 1024;

/// What async-graphql says when [`Limits::max_complexity`] is passed; a test holds it to it.
const TOO_COMPLEX: &str = "Query is too complex.";

impl Api {
    /// The API with its limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_documents(limits, None)
    }

    /// The API with its limits, which answers the documents of a manifest alone.
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
        let of_jobs = JobSchema(build(jobs::limits_of_jobs(&limits)).finish());
        let under_way = Arc::new(UnderWay::new(limits.max_answers_bytes).sparing(SHORT_ANSWER));
        let following = Following::new(&limits);
        let schema = build(limits.clone()).finish();
        let changing = build(limits.clone()).extension(NullsAlone).finish();
        Self { schema, changing, of_jobs, limits, gate, documents, under_way, following }
    }

    /// The bytes of all answers that are being built or sent.
    #[must_use]
    pub const fn under_way(&self) -> &Arc<UnderWay> {
        &self.under_way
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
        let options = SDLExportOptions::new().include_specified_by();
        let mut sdl = self.schema.sdl_with_options(options).trim().to_owned();
        sdl.push('\n');
        sdl
    }

    /// Checks the documents of the manifest against the schema.
    ///
    /// # Errors
    /// [`ManifestError`] for the first that names what is not there.
    pub async fn check_manifest(&self) -> Result<(), ManifestError> {
        let Some(trusted) = self.documents.trusted() else { return Ok(()) };
        for (id, document) in trusted.documents() {
            if let Some(why) = measure::unknown(document).await {
                return Err(ManifestError::Document { path: trusted.path().to_owned(), id: id.to_owned(), why });
            }
        }
        Ok(())
    }

    /// Answers a request from a world. A mutation's answer carries the version of the world after it.
    pub async fn execute(&self, world: &Arc<World>, request: ApiRequest) -> Answer {
        let budget = Arc::new(Budget::new(self.under_way.clone(), self.limits.max_answer_bytes));
        // Work away from this thread stops when this future is dropped; the task stops it when its time is up.
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
            let mut error = ServerError::new("only queries can be sent by GET; send mutations by POST", None);
            error.extensions.get_or_insert_default().set("code", code::BAD_REQUEST);
            return (refused(world, vec![error]), Outcome::NotAQuery);
        }
        if kind == OperationType::Subscription {
            let why =
                "subscriptions are followed over WebSocket (graphql-transport-ws), or with Accept: text/event-stream";
            let mut error = ServerError::new(why, None);
            error.extensions.get_or_insert_default().set("code", code::BAD_USER_INPUT);
            return (refused(world, vec![error]), Outcome::IsSubscription);
        }
        let (live, wants_cost) = (request.live.clone(), request.wants_cost);
        let changes = kind == OperationType::Mutation;
        // The variables of a mutation may be a whole file, and are not what it costs.
        let variables = (!changes).then(|| request.variables.clone());
        let request = ApiRequest { operation_name: chosen.name, ..request };
        let name = request.operation_name.clone();
        let inner = self.prepared(world, request, &document).data(budget.clone());
        let inner = inner.data(task.clone()).data(spent.clone());
        let mut response;
        if changes {
            let failed = Arc::new(Failed::default());
            // In a box, so that queries need not carry its room with them.
            response = Box::pin(self.changing.execute(inner.data(failed.clone()))).await;
            response.errors.extend(failed.take());
        } else {
            response = self.schema.execute(inner).await;
        }
        let asked = Asked { document: &document, operation_name: name.as_deref(), variables };
        let (mut response, is_refused) = named(response, &self.limits, &asked).await;
        if !is_refused {
            self.documents.keep(&document);
        }
        if wants_cost {
            let variables = asked.variables.unwrap_or_default();
            if let Ok(cost) = measure::complexity(&document, asked.operation_name, variables).await {
                let most = self.limits.max_complexity;
                let (work, most_work) = (spent.total(), self.limits.max_work);
                let told = value!({ "requested": cost, "maximum": most, "work": work, "maximumWork": most_work });
                response = response.extension("cost", told);
            }
        }
        if is_refused {
            return (with_version(response, world), Outcome::Refused);
        }
        let after = live.filter(|_| changes).map(|live| live.world());
        (with_version(response, after.as_ref().unwrap_or(world)), Outcome::Executed)
    }

    /// The document of a request and which of its operations is carried out: the same for every transport.
    fn chosen(&self, request: &ApiRequest) -> Result<(Document, documents::Chosen), ServerError> {
        let document = self.documents.find(&request.query, request.persisted.as_ref(), &self.limits)?;
        let chosen = documents::choose(&document.parsed, request.operation_name.as_deref())?;
        self.limits.check_variables(measure::size(&request.variables))?;
        Ok((document, chosen))
    }

    fn prepared(&self, world: &Arc<World>, request: ApiRequest, document: &Document) -> async_graphql::Request {
        scalars::forget_refused();
        let mut inner = async_graphql::Request::new(&*document.text).variables(request.variables).data(world.clone());
        // Jobs ask the same API.
        inner = inner.data(self.of_jobs.clone());
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

/// What a request asked, to say more about it when it is refused.
pub struct Asked<'a> {
    document: &'a Document,
    operation_name: Option<&'a str>,
    variables: Option<Variables>,
}

/// Gives every error a code and, where a limit was passed, its name, the value and the maximum; says whether it was refused
/// before the execution.
async fn named(mut response: Response, limits: &Limits, asked: &Asked<'_>) -> (Response, bool) {
    // Errors from before the execution have no path, and then there is no data at all.
    let is_refused = response.data == Value::Null && response.errors.iter().all(|e| e.path.is_empty());
    if response.errors.iter().any(|e| e.message == TOO_COMPLEX) {
        response.errors = explain(limits, asked).await;
    }
    for error in &mut response.errors {
        scalars::say_why(&mut error.message);
        // Arguments that do not fit their types fail in the library, which gives no code.
        let usual = if is_refused { code::VALIDATION_FAILED } else { code::BAD_USER_INPUT };
        let values = error.extensions.get_or_insert_default();
        if values.get("code").is_none() {
            values.set("code", usual);
        }
    }
    (response, is_refused)
}

/// Why a request costs more than it may. The library counts before it looks whether everything is valid.
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

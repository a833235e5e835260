//! Execution of queries and mutations against a world.

use crate::budget::{MemoryBudget, MemoryPool};
use crate::cost::WorkMeter;
use crate::documents::{Document, Documents, InputTypes, SelectedOperation, TrustedDocuments, select_operation};
use crate::error::{code, server_error};
use crate::jobs::{self, JobSchema, Jobs};
use crate::json_text::has_reserved_name;
use crate::limits::{Limits, size_of_variables};
use crate::mutation::ImportQueue;
use crate::null_failed_fields::{FieldErrors, NullFailedFields};
use crate::place_list::pack_places;
use crate::request::{Answer, ApiRequest, Outcome, Usage};
use crate::request_cost::RequestCost;
use crate::response::{self, ExecutedOperation, refused, with_version};
use crate::schema::{self, ApiSchema};
use crate::suggestion_limit::SuggestionLimit;
use crate::work_pools::WorkPools;
use crate::{cacheability, scalars};
use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError, ValidationMode, Variables, value};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_engine::task::Task;

/// Bytes of each response that do not count towards [`Limits::max_answers_bytes`], so that short responses are never
/// refused.
const SHORT_ANSWER: usize = 32 * 1024;

const RESERVED_NAME: &str = "variables: the name $serde_json::private::RawValue is reserved.";

/// The schemas, and the state that requests share.
pub struct Executor {
    /// The schema for queries and subscriptions, in [`ValidationMode::Fast`]: [`Executor::validate`] validates before.
    pub schema: ApiSchema,
    /// The schema for mutations, with the extension [`NullFailedFields`].
    mutation_schema: ApiSchema,
    /// The schema with the limits of jobs.
    job_schema: JobSchema,
    pub limits: Limits,
    pub pools: Arc<WorkPools>,
    pub documents: Arc<Documents>,
    /// The memory of all responses that are being built or sent.
    pub response_memory: Arc<MemoryPool>,
    pub cost: Arc<RequestCost>,
    input_types: Arc<InputTypes>,
}

impl Executor {
    /// Creates an executor; with a manifest, it accepts only the documents of the manifest.
    pub fn new(limits: Limits, trusted: Option<TrustedDocuments>) -> Self {
        let suggestions = Arc::new(SuggestionLimit::new(limits.suggestions_per_hour));
        let pools = Arc::new(WorkPools::new(limits.max_analyses, limits.max_waiting_analyses));
        let jobs = Arc::new(Jobs::new(limits.max_jobs, limits.max_waiting_jobs));
        let documents = Arc::new(Documents::new(trusted, schema::field_types()));
        let imports = Arc::new(ImportQueue::new(limits.max_imports, limits.max_waiting_imports));
        let cost = schema::request_cost();
        let build = |limits: Limits| {
            schema::builder()
                .limit_complexity(limits.max_complexity)
                .data(limits)
                .data(suggestions.clone())
                .data(pools.clone())
                .data(jobs.clone())
                .data(documents.clone())
                .data(imports.clone())
                .data(cost.clone())
        };
        let job_schema = JobSchema::new(build(jobs::limits_of_jobs(&limits)).finish());
        let response_memory = Arc::new(MemoryPool::new(limits.max_answers_bytes).with_free_bytes(SHORT_ANSWER));
        let schema = build(limits.clone()).validation_mode(ValidationMode::Fast).finish();
        let mutation_schema = build(limits.clone()).extension(NullFailedFields).finish();
        let input_types = schema::input_types();
        Self { schema, mutation_schema, job_schema, limits, pools, documents, response_memory, cost, input_types }
    }

    /// Executes a request against a world. The response to a mutation carries the version of the world after it.
    pub async fn execute(&self, world: &Arc<World>, request: ApiRequest) -> Answer {
        let usage = self.new_usage();
        let ((response, outcome), is_cacheable) = cacheability::track(self.respond(world, request, &usage)).await;
        let is_cacheable = is_cacheable && outcome == Outcome::Executed && response.errors.is_empty();
        let Usage { budget, work, task } = usage;
        Answer { response, outcome, budget, is_cacheable, work, task }
    }

    /// Returns the resources for a request.
    pub fn new_usage(&self) -> Usage {
        Usage {
            budget: Arc::new(MemoryBudget::new(self.response_memory.clone(), self.limits.max_answer_bytes)),
            work: Arc::new(WorkMeter::new(self.limits.max_work)),
            // Work on other threads stops when the request is dropped, or when the task reaches its deadline.
            task: Arc::new(Task::within_seconds(self.limits.max_seconds)),
        }
    }

    async fn respond(&self, world: &Arc<World>, request: ApiRequest, usage: &Usage) -> (Response, Outcome) {
        let (document, operation) = match self.select(&request) {
            Ok(selected) => selected,
            Err(error) => return (refused(world, vec![error]), Outcome::Refused),
        };
        if request.queries_only && operation.kind != OperationType::Query {
            let error = server_error("GET accepts only queries; send mutations with POST.", code::BAD_REQUEST);
            return (refused(world, vec![error]), Outcome::NotAQuery);
        }
        if operation.kind == OperationType::Subscription {
            let why =
                "Subscriptions require a WebSocket (graphql-transport-ws) or the header Accept: text/event-stream.";
            return (refused(world, vec![server_error(why, code::BAD_USER_INPUT)]), Outcome::IsSubscription);
        }
        let (live, wants_cost) = (request.live.clone(), request.wants_cost);
        let is_mutation = operation.kind == OperationType::Mutation;
        let mut request = ApiRequest { operation_name: operation.name, ..request };
        let name = request.operation_name.clone();
        if !is_mutation {
            if let Err(errors) = self.validate(&document, name.as_deref(), &request.variables).await {
                return (refused(world, errors), Outcome::Refused);
            }
            pack_places(&mut request.variables, &document.parsed, name.as_deref());
        }
        // The variables of a mutation may hold a whole file and do not affect its cost: they are not copied.
        let variables = (!is_mutation).then(|| request.variables.clone());
        let inner = usage.attach(self.prepare(world, request, &document));
        let mut response;
        if is_mutation {
            let failed = Arc::new(FieldErrors::default());
            // Boxed, so that the future of a query does not reserve space for it.
            response = Box::pin(self.mutation_schema.execute(inner.data(failed.clone()))).await;
            response.errors.extend(failed.take());
        } else {
            response = self.schema.execute(inner).await;
        }
        let executed = ExecutedOperation { document: &document, operation_name: name.as_deref(), variables };
        let (mut response, is_refused) = self.add_codes(response, &executed).await;
        if !is_refused {
            self.documents.insert(&document);
        }
        if wants_cost {
            response = self.with_cost(response, executed, &usage.work).await;
        }
        if is_refused {
            return (with_version(response, world), Outcome::Refused);
        }
        let after = live.filter(|_| is_mutation).map(|live| live.world());
        (with_version(response, after.as_ref().unwrap_or(world)), Outcome::Executed)
    }

    /// Validates a query or subscription. Validation takes longer than most searches, and map front ends send the same few
    /// documents again and again: for a document that was accepted before, only the values of the variables are checked.
    ///
    /// # Errors
    /// The errors of validation, with codes.
    pub async fn validate(
        &self,
        document: &Document,
        operation_name: Option<&str>,
        variables: &Variables,
    ) -> Result<(), Vec<ServerError>> {
        if document.is_valid() && self.input_types.accept(&document.parsed, operation_name, variables) {
            return Ok(());
        }
        scalars::clear_rejections();
        if let Err(errors) = self.cost.of(document, operation_name, variables.clone()).await {
            let executed = ExecutedOperation { document, operation_name, variables: None };
            return Err(self.add_codes(Response::from_errors(errors), &executed).await.0.errors);
        }
        if document.is_wholly_validated(variables) {
            document.set_valid();
        }
        Ok(())
    }

    /// Reports the cost of a request in `extensions.cost`.
    async fn with_cost(&self, response: Response, executed: ExecutedOperation<'_>, work: &WorkMeter) -> Response {
        let variables = executed.variables.unwrap_or_default();
        let Ok(cost) = self.cost.of(executed.document, executed.operation_name, variables).await else {
            return response;
        };
        let (max_cost, max_work, work) = (self.limits.max_complexity, self.limits.max_work, work.total());
        let report = value!({ "requested": cost, "maximum": max_cost, "work": work, "maximumWork": max_work });
        response.extension("cost", report)
    }

    /// Finds the document of a request and selects its operation; used by every transport.
    pub fn select(&self, request: &ApiRequest) -> Result<(Document, SelectedOperation), ServerError> {
        let document = self.documents.find(&request.query, request.persisted.as_ref(), &self.limits)?;
        let operation = select_operation(&document.parsed, request.operation_name.as_deref())?;
        self.limits.check_variables(size_of_variables(&request.variables))?;
        if request.variables.values().any(has_reserved_name) {
            return Err(server_error(RESERVED_NAME, code::BAD_USER_INPUT));
        }
        Ok((document, operation))
    }

    /// Converts a request to one of async-graphql, with the context that resolvers need.
    pub fn prepare(&self, world: &Arc<World>, request: ApiRequest, document: &Document) -> async_graphql::Request {
        scalars::clear_rejections();
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

    /// Adds codes to the errors of a response: see [`response::add_codes`].
    pub async fn add_codes(&self, response: Response, operation: &ExecutedOperation<'_>) -> (Response, bool) {
        response::add_codes(response, &self.limits, &self.cost, operation).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use walkshed_register::RegisterRows;

    /// Executes a request with the schema that validates everything, without packed variables.
    async fn strict(executor: &Executor, world: &Arc<World>, request: ApiRequest) -> Response {
        let (document, operation) = executor.select(&request).unwrap();
        let (name, variables) = (operation.name.clone(), Some(request.variables.clone()));
        let request = ApiRequest { operation_name: operation.name, ..request };
        let inner = executor.new_usage().attach(executor.prepare(world, request, &document));
        let response = executor.mutation_schema.execute(inner).await;
        let executed = ExecutedOperation { document: &document, operation_name: name.as_deref(), variables };
        with_version(executor.add_codes(response, &executed).await.0, world)
    }

    /// A document that was accepted before has the response of full validation, whatever the variables.
    #[test]
    fn accepted_documents_have_the_responses_of_full_validation() {
        let world = Arc::new(World::new(Err("no streets".into()), RegisterRows::default()));
        let place = json!({ "point": { "lon": 106.5, "lat": 29.5 } });
        let nearby = "query($p: PlaceInput!, $m: Float, $c: [Category!]) {
            nearby(from: $p, minutes: $m, categories: $c) { edges { minutes } } }";
        let matrix = "query($o: [PlaceInput!]!) { travelTimes(origins: $o, destinations: $o) { minutes } }";
        let lists = "query($n: Int, $x: String, $s: Boolean!) {
            centers(first: $n, after: $x) { totalCount @skip(if: $s) pageInfo { hasNextPage } } ...More @include(if: $s) }
            fragment More on Query { facilities(first: $n) { totalCount } }";
        let operations = "query A($v: String) { centers(filter: {text: $v}) { totalCount } }
            query B($v: Int) { centers(first: $v) { totalCount } }";
        let cases = [
            (nearby, None, json!({ "p": place, "m": 5, "c": ["HEALTH_CARE"] })),
            (nearby, None, json!({ "p": place, "m": null })),
            (nearby, None, json!({ "p": place, "m": 1e9 })),
            (nearby, None, json!({ "p": place, "c": "HEALTH_CARE" })),
            (nearby, None, json!({ "p": place, "c": ["health"] })),
            (nearby, None, json!({ "p": { "point": { "lon": 1, "lat": 2, "z": 3 } } })),
            (nearby, None, json!({ "p": { "point": { "lon": 1 } } })),
            (nearby, None, json!({ "p": { "cell": "x" } })),
            (nearby, None, json!({ "p": 7 })),
            (nearby, None, json!({})),
            (matrix, None, json!({ "o": [place] })),
            (matrix, None, json!({ "o": place })),
            (matrix, None, json!({ "o": [] })),
            (matrix, None, json!({ "o": [null] })),
            (matrix, None, json!({ "o": [{ "point": { "lon": "1", "lat": 2 } }] })),
            (matrix, None, json!({ "o": vec![place.clone(); 101] })),
            (lists, None, json!({ "n": 2, "s": false })),
            (lists, None, json!({ "n": 2, "s": true })),
            (lists, None, json!({ "n": -1, "s": true })),
            (lists, None, json!({ "n": 2.5, "s": true })),
            (lists, None, json!({ "n": 5000, "x": 3, "s": true })),
            (lists, None, json!({ "n": 2 })),
            (operations, Some("A"), json!({ "v": "x" })),
            (operations, Some("B"), json!({ "v": "x" })),
            (operations, Some("B"), json!({ "v": 3 })),
            (operations, Some("A"), json!({ "v": 3 })),
        ];
        let executor = Executor::new(Limits::default(), None);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut refused = 0;
            for round in 0..2 {
                for (query, operation, variables) in &cases {
                    let request = || ApiRequest {
                        query: (*query).to_owned(),
                        operation_name: operation.map(str::to_owned),
                        variables: Variables::from_json(variables.clone()),
                        ..ApiRequest::default()
                    };
                    let json = |response: &Response| serde_json::to_value(response).unwrap();
                    let expected: Value = json(&strict(&executor, &world, request()).await);
                    let answer = executor.execute(&world, request()).await;
                    assert_eq!(json(&answer.response), expected, "round {round}: {query} {variables}");
                    refused += usize::from(answer.outcome == Outcome::Refused);
                }
            }
            assert!(refused > 20, "{refused}");
        });
    }
}

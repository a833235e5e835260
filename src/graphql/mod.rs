//! The GraphQL API: thin resolvers that read arguments, call the rooms below and shape the answer. Knows no HTTP; a
//! request is answered whole from the one snapshot it is given.

#![allow(clippy::unused_async, reason = "resolvers are async by the library's contract")]

mod cost;
mod dataset;
mod documents;
mod error;
mod ids;
mod limits;
mod paging;
mod reach;
mod register;
mod scalars;
mod travel;
mod types;

use crate::world::World;
use async_graphql::{Context, EmptyMutation, EmptySubscription, MergedObject, Response, Schema, ServerError, Value};
use documents::Documents;
use std::sync::Arc;

pub use async_graphql::Variables;
pub use error::code;
pub use limits::Limits;

/// Everything that can be asked.
#[derive(MergedObject, Default)]
pub struct Query(register::RegisterQuery, reach::ReachQuery, travel::TravelQuery, dataset::DatasetQuery);

type ApiSchema = Schema<Query, EmptyMutation, EmptySubscription>;

/// The API: give it a world and a request, get an answer.
pub struct Api {
    schema: ApiSchema,
    limits: Limits,
    documents: Documents,
}

/// A request, from whatever transport.
#[derive(Debug, Default)]
pub struct ApiRequest {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
    /// Refuse anything but queries (for GET).
    pub queries_only: bool,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// `data`, `errors`, `extensions`.
    pub response: Response,
    pub outcome: Outcome,
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
}

/// The world a request is answered from.
fn current<'c>(ctx: &Context<'c>) -> &'c Arc<World> {
    ctx.data_unchecked::<Arc<World>>()
}

fn limits<'c>(ctx: &Context<'c>) -> &'c Limits {
    ctx.data_unchecked::<Limits>()
}

/// What async-graphql says when [`Limits::max_complexity`] is passed; a test holds it to it.
const TOO_COMPLEX: &str = "Query is too complex.";

impl Api {
    /// The API with its limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let schema = Schema::build(Query::default(), EmptyMutation, EmptySubscription)
            .limit_complexity(limits.max_complexity)
            .data(limits.clone())
            .finish();
        Self { schema, limits, documents: Documents::default() }
    }

    /// The schema in GraphQL's definition language.
    #[must_use]
    pub fn sdl(&self) -> String {
        let mut sdl = self.schema.sdl().trim().to_owned();
        sdl.push('\n');
        sdl
    }

    /// Answers a request from a world.
    pub async fn execute(&self, world: &Arc<World>, request: ApiRequest) -> Answer {
        let document = match self.documents.get(&request.query, &self.limits) {
            Ok(document) => document,
            Err(error) => return refused(world, vec![error]),
        };
        if request.queries_only && documents::changes(&document, request.operation_name.as_deref()) {
            let error = ServerError::new("only queries can be sent by GET; send mutations by POST", None);
            return Answer { outcome: Outcome::NotAQuery, ..refused(world, vec![error]) };
        }
        let mut inner = async_graphql::Request::new(request.query).variables(request.variables).data(world.clone());
        inner.operation_name = request.operation_name;
        inner.set_parsed_query((*document).clone());
        let response = self.schema.execute(inner).await;
        // Errors from before the execution have no path, and then there is no data at all.
        if response.data == Value::Null && response.errors.iter().all(|e| e.path.is_empty()) {
            return refused(world, response.errors.into_iter().map(|e| self.named(e)).collect());
        }
        let mut response = response;
        for error in &mut response.errors {
            // Arguments that do not fit their types fail in the library, which gives no code.
            error.extensions.get_or_insert_default();
            if let Some(values) = &mut error.extensions
                && values.get("code").is_none()
            {
                values.set("code", code::BAD_USER_INPUT);
            }
        }
        Answer { response: with_version(response, world), outcome: Outcome::Executed }
    }

    fn named(&self, mut error: ServerError) -> ServerError {
        if error.message == TOO_COMPLEX {
            let most = self.limits.max_complexity;
            return limits::too_complex(
                "maxComplexity",
                format!(
                    "answering the query would cost more than maxComplexity allows ({most}); ask for fewer minutes, rows or fields"
                ),
            );
        }
        let values = error.extensions.get_or_insert_default();
        if values.get("code").is_none() {
            values.set("code", code::VALIDATION_FAILED);
        }
        error
    }
}

fn refused(world: &World, errors: Vec<ServerError>) -> Answer {
    Answer { response: with_version(Response::from_errors(errors), world), outcome: Outcome::Refused }
}

fn with_version(response: Response, world: &World) -> Response {
    response.extension("worldVersion", Value::from(world.version.as_str()))
}

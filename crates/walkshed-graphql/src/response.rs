//! Completes responses: adds codes to errors, and the version of the world.

use crate::documents::{Document, longest_minutes};
use crate::error::code;
use crate::limits::{Limits, limit_exceeded};
use crate::request_cost::RequestCost;
use crate::scalars;
use async_graphql::{Response, ServerError, Value, Variables};
use walkshed_analysis::world::World;

/// The message of async-graphql for [`Limits::max_complexity`]. A test checks that it is unchanged.
const TOO_COMPLEX: &str = "Query is too complex.";

/// The executed operation, kept to explain why it was refused.
pub struct ExecutedOperation<'a> {
    pub document: &'a Document,
    pub operation_name: Option<&'a str>,
    pub variables: Option<Variables>,
}

/// Adds a code to every error and, when a limit was exceeded, its name, the value and the maximum. Returns whether the
/// request was refused before its execution.
pub async fn add_codes(
    mut response: Response,
    limits: &Limits,
    cost: &RequestCost,
    operation: &ExecutedOperation<'_>,
) -> (Response, bool) {
    // Errors that precede the execution have no path, and the response has no data.
    let is_refused = response.data == Value::Null && response.errors.iter().all(|e| e.path.is_empty());
    if response.errors.iter().any(|e| e.message == TOO_COMPLEX) {
        response.errors = explain(limits, cost, operation).await;
    }
    for error in &mut response.errors {
        scalars::append_rejection_reason(&mut error.message);
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
async fn explain(limits: &Limits, cost: &RequestCost, operation: &ExecutedOperation<'_>) -> Vec<ServerError> {
    let none = Variables::default();
    let variables = operation.variables.as_ref().unwrap_or(&none);
    match cost.of(operation.document, operation.operation_name, variables.clone()).await {
        Err(errors) => errors,
        Ok(cost) => {
            let minutes = longest_minutes(&operation.document.parsed, variables).unwrap_or_default();
            vec![if minutes > limits.max_minutes {
                limit_exceeded("maxMinutes", "minutes", minutes, limits.max_minutes)
            } else {
                limit_exceeded("maxComplexity", "cost", cost as f64, limits.max_complexity as f64)
            }]
        }
    }
}

/// Returns the response to a request that was refused before its execution.
pub fn refused(world: &World, errors: Vec<ServerError>) -> Response {
    with_version(Response::from_errors(errors), world)
}

/// Adds the version of the world to a response.
pub fn with_version(response: Response, world: &World) -> Response {
    response.extension("worldVersion", Value::from(world.version.as_str()))
}

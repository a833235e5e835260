//! Limits of a request: their values, and the errors when they are exceeded.

mod document;
mod variables;

pub use variables::{VariablesSize, size_of_variables};

use crate::error::code;
use async_graphql::{ServerError, Value};
use walkshed_live::MAX_WAITING_WRITES;

/// Limits of a request. Every error names the limit that was exceeded.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Bytes of a document.
    pub max_document_bytes: usize,
    /// Depth of nested selections; the introspection queries of common tools need 16.
    pub max_depth: usize,
    /// Sum of the costs of all fields, after fragments are expanded.
    pub max_complexity: usize,
    /// Estimated work of a request, in units of 0.7 microseconds of one core, checked before each piece of work starts. Jobs
    /// may use 20 times as much.
    pub max_work: usize,
    /// Seconds from the start of a request to its end; 0 for no limit. Jobs have no limit.
    pub max_seconds: u64,
    /// Items of a list in an argument, such as ids, keys or statuses, unless its description says otherwise.
    pub max_list_items: usize,
    /// Vertices of a polygon in an argument.
    pub max_polygon_corners: usize,
    /// Aliased fields, after fragments are expanded.
    pub max_aliases: usize,
    /// Directives, after fragments are expanded.
    pub max_directives: usize,
    /// Travel time of a search in minutes.
    pub max_minutes: f64,
    /// Suggestions per hour from one address without a token; 0 for no limit.
    pub suggestions_per_hour: u32,
    /// Analyses that run at the same time; 0 for one per core.
    pub max_analyses: usize,
    /// Analyses that wait; further ones are refused.
    pub max_waiting_analyses: usize,
    /// Writes that wait for the database; further ones are refused. Writes of anonymous callers may use a quarter of the
    /// queue and wait behind all others.
    pub max_waiting_writes: usize,
    /// Jobs that run at the same time, at least 1.
    pub max_jobs: usize,
    /// Jobs that wait; further ones are refused.
    pub max_waiting_jobs: usize,
    /// Values in the variables of a request: each number, string, list and object counts.
    pub max_variable_values: usize,
    /// Imports that run at the same time, at least 1.
    pub max_imports: usize,
    /// Imports that wait; further ones are refused.
    pub max_waiting_imports: usize,
    /// Rows of a file that a request imports. The command line accepts more.
    pub max_import_rows: usize,
    /// Bytes of one response.
    pub max_answer_bytes: usize,
    /// Bytes of all responses that are being built or sent.
    pub max_answers_bytes: usize,
    /// Sum of the costs of all subscriptions, each counted like a query; equal subscriptions count once.
    pub max_followed_complexity: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_document_bytes: 64 * 1024,
            max_depth: 20,
            max_complexity: 50_000,
            max_work: 3_000_000,
            max_seconds: 30,
            max_list_items: 1000,
            max_polygon_corners: 10_000,
            max_aliases: 100,
            max_directives: 50,
            max_minutes: 120.0,
            suggestions_per_hour: 20,
            max_analyses: 0,
            max_waiting_analyses: 50,
            max_waiting_writes: MAX_WAITING_WRITES,
            max_jobs: 1,
            max_waiting_jobs: 20,
            max_variable_values: 200_000,
            max_imports: 1,
            max_waiting_imports: 4,
            max_import_rows: 300_000,
            max_answer_bytes: 32 * 1024 * 1024,
            max_answers_bytes: 256 * 1024 * 1024,
            max_followed_complexity: 500_000,
        }
    }
}

/// Depth of nested lists and objects in variables. GeoJSON needs 5.
const MAX_VARIABLE_DEPTH: usize = 100;

/// Returns a `TOO_COMPLEX` error that names the limit.
pub fn too_complex(limit: &str, message: String) -> ServerError {
    let mut error = ServerError::new(message, None);
    let values = error.extensions.get_or_insert_default();
    values.set("code", code::TOO_COMPLEX);
    values.set("limit", limit);
    error
}

/// Returns a `TOO_COMPLEX` error with the limit, the requested value and the maximum.
pub fn limit_exceeded(limit: &str, what: &str, value: f64, max: f64) -> ServerError {
    let advice = match limit {
        "maxMinutes" => "Ask for fewer minutes.",
        "maxComplexity" => {
            "Ask for fewer rows or fields, smaller areas or shorter times, or start a job, which has a higher limit."
        }
        _ => "Ask for less data at a time.",
    };
    let mut error = too_complex(limit, format!("{what}: {value} exceeds {limit} ({max}). {advice}"));
    let values = error.extensions.get_or_insert_default();
    values.set("value", number(value));
    values.set("maximum", number(max));
    error
}

/// Converts a whole number to an integer, another one to a float.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { Value::from(value as i64) } else { Value::from(value) }
}

impl Limits {
    /// Checks the number and the depth of the values in the variables of a request.
    ///
    /// # Errors
    /// `TOO_COMPLEX`.
    pub fn check_variables(&self, size: VariablesSize) -> Result<(), ServerError> {
        if size.depth > MAX_VARIABLE_DEPTH {
            let (depth, max) = (size.depth as f64, MAX_VARIABLE_DEPTH as f64);
            return Err(limit_exceeded("maxVariableDepth", "nested values in variables", depth, max));
        }
        let (values, max) = (size.values, self.max_variable_values);
        if values > max {
            return Err(limit_exceeded("maxVariableValues", "values in variables", values as f64, max as f64));
        }
        Ok(())
    }
}

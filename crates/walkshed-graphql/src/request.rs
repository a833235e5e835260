//! Requests and their results, independent of the transport.

use crate::budget::MemoryBudget;
use crate::cost::WorkMeter;
use crate::documents::Persisted;
use async_graphql::{Response, Variables};
use std::sync::Arc;
use walkshed_engine::task::Task;
use walkshed_live::Live;
use walkshed_live::access::Caller;

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
    pub budget: Arc<MemoryBudget>,
    /// Whether the same request of the same caller has the same response until the data changes.
    pub is_cacheable: bool,
    /// The work that was charged to the request.
    pub work: Arc<WorkMeter>,
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

/// The resources that a request uses: memory, work and time.
pub struct Usage {
    pub budget: Arc<MemoryBudget>,
    pub work: Arc<WorkMeter>,
    pub task: Arc<Task>,
}

impl Usage {
    /// Adds the resources to the context of a request.
    pub fn attach(&self, request: async_graphql::Request) -> async_graphql::Request {
        request.data(self.budget.clone()).data(self.work.clone()).data(self.task.clone())
    }
}

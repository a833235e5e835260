//! The GraphQL API: thin resolvers that read arguments, call the lower layers and shape the response. It knows no HTTP.
//! Each request is answered from the one snapshot it is given.
//!
//! Modules depend on each other in one direction: `api` -> `subscriptions` -> `executor` -> `schema` -> resolvers (`planning`,
//! `mutation`, `register`, `subscription`, ...) -> `jobs` -> `cost`, `documents`, `response` -> `work_pools`, `context` ->
//! `limits`, `budget`, `error`.

#![allow(clippy::unused_async, reason = "async-graphql requires resolvers to be async")]

mod admin;
mod api;
mod arguments;
mod auth;
mod budget;
mod cacheability;
mod context;
mod cost;
mod dataset;
mod documents;
mod enums;
mod erased_schema;
mod error;
mod event_source;
mod executor;
mod ids;
mod jobs;
mod json_text;
mod limits;
mod mutation;
mod nearby;
mod null_failed_fields;
mod paging;
mod place_list;
mod plain;
mod planning;
mod pool;
mod register;
mod request;
mod request_cost;
mod response;
mod scalars;
mod schema;
mod standard;
mod streets;
mod subscription;
mod subscriptions;
mod suggestion_limit;
mod travel;
mod types;
mod user_error;
mod walkshed;
mod work_pools;

pub use api::Api;

pub use async_graphql::{Value, Variables};
pub use budget::{BudgetExceeded, BudgetedBuffer, MemoryBudget, MemoryPool};
pub use cost::WorkMeter;
pub use documents::{ManifestError, Persisted, TrustedDocuments};
pub use error::code;
pub use json_text::{has_reserved_name, write_value};
pub use limits::Limits;
pub use request::{Answer, ApiRequest, Outcome};
pub use subscriptions::{EventText, SubscriptionMessage};

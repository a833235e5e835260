//! Messages to subscribers.

use crate::budget::{BudgetExceeded, BudgetedBuffer, MemoryBudget};
use async_graphql::{Response, ServerError};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde::Serialize;
use std::sync::Arc;

/// A message to a subscriber.
#[derive(Clone)]
pub enum SubscriptionMessage {
    /// The subscription was refused or failed: a list of errors.
    Error(EventText),
    /// A response: `data`, `errors`, `extensions`.
    Next(EventText),
    /// The subscription has ended.
    Complete,
}

/// JSON whose bytes count towards the memory of responses until it is dropped.
#[derive(Clone)]
pub struct EventText(Arc<(Vec<u8>, Option<MemoryBudget>)>);

impl AsRef<[u8]> for EventText {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl EventText {
    /// Returns the JSON.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.0
    }

    /// Serializes a list of errors.
    #[must_use]
    pub fn of_errors(errors: &[ServerError]) -> Self {
        Self(Arc::new((serde_json::to_vec(errors).unwrap_or_else(|_| b"[]".to_vec()), None)))
    }
}

/// Returns a stream of one message.
pub fn once(message: SubscriptionMessage) -> BoxStream<'static, SubscriptionMessage> {
    stream::once(std::future::ready(message)).boxed()
}

/// Serializes a response. If it exceeds the budget, returns a response with that error instead.
pub fn to_event_text(response: &Response, budget: MemoryBudget) -> EventText {
    let full = match serialize(response, budget) {
        Ok((bytes, budget)) => return EventText(Arc::new((bytes, Some(budget)))),
        Err(full) => full,
    };
    let error = async_graphql::Error::from(full).into_server_error(async_graphql::Pos::default());
    let bytes = serde_json::to_vec(&Response::from_errors(vec![error])).unwrap_or_default();
    EventText(Arc::new((bytes, None)))
}

fn serialize(value: &impl Serialize, budget: MemoryBudget) -> Result<(Vec<u8>, MemoryBudget), BudgetExceeded> {
    let mut out = BudgetedBuffer::new(budget);
    if let Err(error) = serde_json::to_writer(&mut out, value)
        && out.full().is_none()
    {
        tracing::error!(%error, "a response could not be serialized");
    }
    out.finish()
}

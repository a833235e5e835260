//! The events that subscriptions wait for.

use async_graphql::Context;
use futures_util::stream::BoxStream;
use std::sync::{Arc, Mutex, PoisonError};
use walkshed_live::{ChangedItem, ImportProgress};

/// Maximum number of changes in one event. More changes are reported as a reload.
const MAX_ITEMS: usize = 500;

/// Maximum number of progress steps of an import in one event.
const MAX_STEPS: usize = 50;

/// An event that a subscription reports.
#[derive(Debug, Clone)]
pub enum Event {
    /// These records changed.
    Items(Vec<ChangedItem>),
    /// All data were reloaded.
    Reloaded,
    /// The progress of an import, as a list of steps.
    Import(Vec<Arc<ImportProgress>>),
    /// A job made progress.
    Job,
}

impl Event {
    /// Merges two events. Only the last change of a record is kept and, of many import steps, the last of each stage.
    #[must_use]
    pub fn with(self, later: Self) -> Self {
        match (self, later) {
            (Self::Items(mut items), Self::Items(more)) => {
                let is_again = |item: &ChangedItem| {
                    item.id != 0 && more.iter().any(|m| (m.kind, m.id, m.center) == (item.kind, item.id, item.center))
                };
                items.retain(|item| !is_again(item));
                items.extend(more);
                if items.len() > MAX_ITEMS { Self::Reloaded } else { Self::Items(items) }
            }
            (Self::Reloaded, Self::Items(_)) | (Self::Items(_), Self::Reloaded) => Self::Reloaded,
            (Self::Import(mut steps), Self::Import(more)) => {
                steps.extend(more);
                if steps.len() > MAX_STEPS {
                    steps.reverse();
                    steps.dedup_by_key(|step| step.stage);
                    steps.reverse();
                }
                Self::Import(steps)
            }
            (_, later) => later,
        }
    }
}

/// The events that a subscription waits for.
pub struct Source {
    pub events: BoxStream<'static, Event>,
    /// Whether each event holds the complete state, so that a new subscriber needs only the latest one.
    pub holds_complete_state: bool,
}

/// The purpose of an execution of a subscription.
pub enum Stage {
    /// Collects the event sources of the subscription.
    Collect(Mutex<Vec<Source>>),
    /// Produces the response to an event.
    Respond(Event),
}

/// Returns the event to respond to. In the first execution, registers the event source and returns `None`.
pub fn event<'c>(ctx: &Context<'c>, source: impl FnOnce() -> Source) -> Option<&'c Event> {
    match &**ctx.data_opt::<Arc<Stage>>()? {
        Stage::Respond(event) => Some(event),
        Stage::Collect(sources) => {
            sources.lock().unwrap_or_else(PoisonError::into_inner).push(source());
            None
        }
    }
}

/// Returns whether this execution only collects the event sources.
pub fn begins(ctx: &Context<'_>) -> bool {
    ctx.data_opt::<Arc<Stage>>().is_some_and(|stage| matches!(**stage, Stage::Collect(_)))
}

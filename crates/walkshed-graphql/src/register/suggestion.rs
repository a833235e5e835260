//! Suggestions.

use super::{Center, id_of, of_world};
use crate::auth::caller;
use crate::paging::Total;
use crate::scalars::{DateTime, Text};
use crate::types::{Category, PositionObject, round};
use crate::words::SuggestionStatus;
use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_register::{self as register, Role};

of_world! {
    /// What someone suggests for a center or a place, and what became of it.
    Suggestion, suggestions
}

pub type SuggestionConnection = Connection<String, Suggestion, Total>;

/// What someone suggests for a center or a place, and what became of it.
#[Object]
impl Suggestion {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// Counts its changes; an update must name the one it was made from.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The number or code it has where it comes from.
    async fn external_id(&self) -> &str {
        &self.row().external_id
    }

    /// The center it is for.
    async fn center(&self) -> Option<Center> {
        Center::numbered(&self.world, self.row().center?)
    }

    /// The position it is about.
    async fn position(&self) -> Option<PositionObject> {
        self.row().position.map(Into::into)
    }

    /// Where exactly, in words.
    async fn place(&self) -> Option<&str> {
        self.row().place.as_deref()
    }

    /// What is suggested, as it was written. Show it as text alone: anyone may have written it.
    async fn text(&self) -> Text<'_> {
        Text(&self.row().text)
    }

    /// The service category it is about.
    async fn category(&self) -> Option<Category> {
        self.row().category.map(Into::into)
    }

    /// How to reach who wrote it. Personal: null for all but editors and admins.
    async fn contact(&self, ctx: &Context<'_>) -> Option<&str> {
        self.row().contact.as_deref().filter(|_| caller(ctx).may(Role::Editor))
    }

    /// How far it has come.
    async fn status(&self) -> SuggestionStatus {
        self.row().status.into()
    }

    /// What was answered.
    async fn answer(&self) -> Option<Text<'_>> {
        self.row().answer.as_deref().map(Text)
    }

    /// What was done about it.
    async fn done_note(&self) -> Option<Text<'_>> {
        self.row().done_note.as_deref().map(Text)
    }

    /// When it came in.
    async fn received_at(&self) -> DateTime {
        DateTime(self.row().received_at)
    }

    /// When it was first answered, by words or by a decision.
    async fn answered_at(&self) -> Option<DateTime> {
        self.row().answered_at.map(DateTime)
    }

    /// When it was done or declined.
    async fn closed_at(&self) -> Option<DateTime> {
        self.row().closed_at.map(DateTime)
    }

    /// Hours from its receipt to the first answer.
    async fn hours_to_answer(&self) -> Option<f64> {
        self.row().hours_to_answer().map(|h| round(h, 2))
    }

    /// Hours from its receipt until it was done; null unless it was.
    async fn hours_to_done(&self) -> Option<f64> {
        self.row().hours_to_done().map(|h| round(h, 2))
    }
}

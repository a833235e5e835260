//! Suggestions.

use super::{Center, id_of, of_world};
use crate::auth::caller;
use crate::enums::SuggestionStatus;
use crate::scalars::{DateTime, Text};
use crate::types::{Category, PositionObject, round};
use async_graphql::{Context, ID, Object};
use walkshed_register::Role;

of_world! {
    /// A suggestion for a center or a place, and its processing.
    Suggestion, suggestions
}

/// A suggestion for a center or a place, and its processing.
#[Object]
impl Suggestion {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// The version, increased by every change. An update must name the version that it is based on.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The identifier in the source system.
    async fn external_id(&self) -> &str {
        &self.row().external_id
    }

    /// The center that it is for.
    async fn center(&self) -> Option<Center> {
        Center::by_id(&self.world, self.row().center?)
    }

    /// The position that it is about.
    async fn position(&self) -> Option<PositionObject> {
        self.row().position.map(Into::into)
    }

    /// The exact place, in free text.
    async fn place(&self) -> Option<&str> {
        self.row().place.as_deref()
    }

    /// The text as submitted. Anyone may have written it: display it as plain text only.
    async fn text(&self) -> Text<'_> {
        Text(&self.row().text)
    }

    /// The service category that it is about.
    async fn category(&self) -> Option<Category> {
        self.row().category.map(Into::into)
    }

    /// The contact details of the author. Personal data: null unless the caller is an editor or admin.
    async fn contact(&self, ctx: &Context<'_>) -> Option<&str> {
        self.row().contact.as_deref().filter(|_| caller(ctx).may(Role::Editor))
    }

    /// The status.
    async fn status(&self) -> SuggestionStatus {
        self.row().status.into()
    }

    /// The answer.
    async fn answer(&self) -> Option<Text<'_>> {
        self.row().answer.as_deref().map(Text)
    }

    /// What was done about it.
    async fn done_note(&self) -> Option<Text<'_>> {
        self.row().done_note.as_deref().map(Text)
    }

    /// The time of receipt.
    async fn received_at(&self) -> DateTime {
        DateTime(self.row().received_at)
    }

    /// The time of the first answer, in text or by a decision.
    async fn answered_at(&self) -> Option<DateTime> {
        self.row().answered_at.map(DateTime)
    }

    /// The time at which it was done or declined.
    async fn closed_at(&self) -> Option<DateTime> {
        self.row().closed_at.map(DateTime)
    }

    /// The hours from receipt to the first answer.
    async fn hours_to_answer(&self) -> Option<f64> {
        self.row().hours_to_answer().map(|h| round(h, 2))
    }

    /// The hours from receipt until it was done. Null if it is not done.
    async fn hours_to_done(&self) -> Option<f64> {
        self.row().hours_to_done().map(|h| round(h, 2))
    }
}

//! Mutations of suggestions. Anyone may submit them; editors answer them.

use super::center::position_of;
use super::fields::{given, set, set_text};
use super::write::{WriteOutcome, create, payload, reference, update};
use crate::auth::caller;
use crate::context::{Nullable, suggestion_limit};
use crate::enums::SuggestionStatus;
use crate::error::rate_limited;
use crate::register::Suggestion;
use crate::types::{Category, PointInput};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use jiff::Timestamp;
use walkshed_live::access::{PREFIX, new_token};
use walkshed_register::{self as register, Role};

/// A suggestion for a center, about a position, or both. At least one of the two is required.
#[derive(InputObject, Debug, Clone)]
pub struct SubmitSuggestionInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token. Without a
    /// token, they are kept separately for each network address (the first 64 bits of an IPv6 address).
    idempotency_key: Option<String>,
    /// The text, 1 to 2,000 characters.
    text: String,
    /// The id of the center that it is for.
    center: Option<ID>,
    /// The position that it is about, in WGS-84.
    position: Option<PointInput>,
    /// The exact place, in free text: "the tree on the second floor". At most 500 characters.
    place: Option<String>,
    /// The service category that it is about.
    category: Option<Category>,
    /// Contact details, at most 500 characters. Visible only to editors and admins.
    contact: Option<String>,
}

/// An answer to a suggestion, or a change of its status. Omitted fields keep their value. Null clears an optional
/// field; for a required field, null is the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateSuggestionInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    /// The status, which can only move forward. DONE requires `doneNote`, DECLINED requires `answer`.
    status: Option<SuggestionStatus>,
    /// The answer, at most 4,000 characters.
    answer: MaybeUndefined<String>,
    /// What was done, at most 4,000 characters.
    done_note: MaybeUndefined<String>,
    /// The service category that it is about.
    category: MaybeUndefined<Category>,
    /// The id of the center that it is for.
    center: MaybeUndefined<ID>,
    /// The exact place, in free text.
    place: MaybeUndefined<String>,
    /// The contact details of the author. Null deletes them.
    contact: MaybeUndefined<String>,
}

payload! {
    /// The result of a change to a suggestion.
    SuggestionPayload, suggestion: Suggestion, "The suggestion. Null if it was not stored."
}

#[derive(Default)]
pub struct SuggestionMutation;

#[Object]
impl SuggestionMutation {
    /// Submits a suggestion. No role is required. Requests without a token of at least CONTRIBUTOR are limited to 20 an
    /// hour for each network address, unless the server is configured otherwise.
    async fn submit_suggestion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The suggestion.")] input: SubmitSuggestionInput,
    ) -> Nullable<SuggestionPayload> {
        Some(submit(ctx, input).await.map(SuggestionPayload::new))
    }

    /// Answers a suggestion or changes its status. Requires the role EDITOR.
    async fn update_suggestion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateSuggestionInput,
    ) -> Nullable<SuggestionPayload> {
        let target = (&input.id, input.version);
        let written = update(
            ctx,
            Role::Editor,
            |r| &r.suggestions,
            target,
            |s, world| {
                let now = Timestamp::now();
                set_text(&mut s.answer, input.answer.clone());
                set_text(&mut s.done_note, input.done_note.clone());
                set(&mut s.category, input.category);
                set_text(&mut s.place, input.place.clone());
                set_text(&mut s.contact, input.contact.clone());
                let center = input.center.clone().map_value(|id| reference("center", &world.register.centers, &id));
                set(&mut s.center, center.transpose()?);
                if let Some(status) = input.status {
                    s.advance(status.into(), now).map_err(|problem| vec![problem.into()])?;
                }
                s.note_answer(now);
                Ok(())
            },
        );
        Some(written.await.map(SuggestionPayload::new))
    }
}

async fn submit(ctx: &Context<'_>, input: SubmitSuggestionInput) -> Result<WriteOutcome> {
    let caller = caller(ctx);
    if !caller.may(Role::Contributor) {
        suggestion_limit(ctx).check(caller.address).map_err(rate_limited)?;
    }
    create(ctx, Role::Reader, (input.idempotency_key.as_ref(), &input), |world| {
        let token = new_token().unwrap_or_default();
        let id = format!("web-{}", token.trim_start_matches(PREFIX));
        let mut s = register::Suggestion::new(id, input.text.trim().to_owned(), Timestamp::now());
        s.center = input.center.as_ref().map(|id| reference("center", &world.register.centers, id)).transpose()?;
        s.position = input.position.map(|point| position_of("position", point)).transpose()?;
        s.category = input.category.map(Into::into);
        set_text(&mut s.place, given(input.place.clone()));
        set_text(&mut s.contact, given(input.contact.clone()));
        Ok(s)
    })
    .await
}

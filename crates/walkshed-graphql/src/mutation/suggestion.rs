//! Suggestions: handed in by anyone, answered by editors.

use super::center::position_of;
use super::{DeleteInput, DeletePayload, Written, delete, idempotent, known, payload, put, reference};
use super::{given, set, set_text};
use crate::Nullable;
use crate::auth::{caller, require};
use crate::error::rate_limited;
use crate::register::Suggestion;
use crate::suggestion_limit;
use crate::types::{Category, PointInput};
use crate::words::SuggestionStatus;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use jiff::Timestamp;
use walkshed_register::{self as register, RecordKind, Role};

/// A suggestion. It is for a center, or about a position, or both.
#[derive(InputObject, Debug, Clone)]
pub struct SubmitSuggestionInput {
    /// A key of your own: the same request sent again with it hands nothing in twice, for a week. It is known for your token
    /// alone; without a token, for the network you send it from (the address, of IPv6 its first 64 bits).
    idempotency_key: Option<String>,
    /// What you suggest, at most 2000 characters.
    text: String,
    /// The id of the center it is for.
    center: Option<ID>,
    /// The position it is about, in WGS-84.
    position: Option<PointInput>,
    /// Where exactly, in words: "the tree on the second floor".
    place: Option<String>,
    /// The service category it is about.
    category: Option<Category>,
    /// How to reach you. Only editors see it.
    contact: Option<String>,
}

/// An answer to a suggestion, and how far it has come. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateSuggestionInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    /// How far it has come; forward only. DONE needs a `doneNote`, DECLINED an `answer`.
    status: Option<SuggestionStatus>,
    /// What to answer.
    answer: MaybeUndefined<String>,
    /// What was done.
    done_note: MaybeUndefined<String>,
    /// The service category it is about.
    category: MaybeUndefined<Category>,
    /// The id of the center it is for.
    center: MaybeUndefined<ID>,
    /// Where exactly, in words.
    place: MaybeUndefined<String>,
    /// How to reach who wrote it; null forgets it.
    contact: MaybeUndefined<String>,
}

payload! {
    /// A suggestion as it is now.
    SuggestionPayload, suggestion: Suggestion, "The suggestion; null when it was not stored."
}

#[derive(Default)]
pub struct SuggestionMutation;

#[Object]
impl SuggestionMutation {
    /// Hands in a suggestion. Anyone may, within a limit for each address; tokens of CONTRIBUTOR and more are not limited.
    async fn submit_suggestion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What you suggest.")] input: SubmitSuggestionInput,
    ) -> Nullable<SuggestionPayload> {
        Some(submit(ctx, input).await.map(SuggestionPayload::new))
    }

    /// Answers a suggestion or moves it on. Needs the role EDITOR.
    async fn update_suggestion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateSuggestionInput,
    ) -> Nullable<SuggestionPayload> {
        Some(update(ctx, input).await.map(SuggestionPayload::new))
    }

    /// Deletes a suggestion (what is no suggestion at all). Needs the role EDITOR.
    async fn delete_suggestion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Editor, RecordKind::Suggestion, input).await)
    }
}

async fn submit(ctx: &Context<'_>, input: SubmitSuggestionInput) -> Result<Written> {
    let caller = caller(ctx);
    if !caller.may(Role::Contributor) {
        suggestion_limit(ctx).check(caller.address).map_err(rate_limited)?;
    }
    let world = super::world(ctx)?;
    let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
    let record = || {
        let now = Timestamp::now();
        let id = format!(
            "web-{}",
            walkshed_live::access::new_token().unwrap_or_default().trim_start_matches(walkshed_live::access::PREFIX)
        );
        let mut s = register::Suggestion::new(id, input.text.trim().to_owned(), now);
        s.center = input.center.as_ref().map(|id| reference("center", &world.register.centers, id)).transpose()?;
        s.position = input.position.map(|point| position_of("position", point)).transpose()?;
        s.category = input.category.map(Into::into);
        set_text(&mut s.place, given(input.place.clone()));
        set_text(&mut s.contact, given(input.contact.clone()));
        Ok(s)
    };
    put(ctx, Role::Reader, record(), key).await
}

async fn update(ctx: &Context<'_>, input: UpdateSuggestionInput) -> Result<Written> {
    require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let record = || {
        let now = Timestamp::now();
        let mut s = known(&world.register.suggestions, &input.id, input.version)?;
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
        Ok(s)
    };
    put(ctx, Role::Editor, record(), Ok(None)).await
}

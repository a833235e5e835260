//! Changes of the register. Every mutation takes one `input` and answers with the changed object and `userErrors`; who may
//! not, and what cannot be done at all, is an error of the field.

mod admin;
mod center;
mod event;
mod facility;
mod import;
mod region;
mod scenario;
mod service;
mod standard;
mod suggestion;
mod visits;

pub use import::{ImportLine, check_progress_id};

use super::auth::{caller, require};
use super::error::{not_ready, not_stored};
use super::ids::NodeId;
use super::live;
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, MergedObject, Result, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use std::fmt::Debug;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_live::access::hash;
use walkshed_register::{AnyRecord, Done, Edit, Problem, ProblemCode, Record, RecordKind, Role, Rows};
use walkshed_store::{Applied, EditError, Edition, Idempotent};

/// Everything that can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    center::CenterMutation,
    facility::FacilityMutation,
    service::ServiceMutation,
    event::EventMutation,
    suggestion::SuggestionMutation,
    visits::VisitsMutation,
    region::RegionMutation,
    scenario::ScenarioMutation,
    standard::StandardMutation,
    import::ImportMutation,
    admin::AdminMutation,
    super::jobs::JobMutation,
);

/// What kind of mistake it is, for programs.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ProblemCode")]
pub enum UserErrorCode {
    /// Something that must be there is missing.
    Required,
    /// A value out of its range, or of the wrong form.
    Invalid,
    /// A text or list that is too long.
    TooLong,
    /// Something that may be there once only is there already.
    Taken,
    /// What is referred to does not exist.
    NotFound,
    /// It has been changed since it was read: read it again, then change it.
    Conflict,
    /// Others refer to it.
    InUse,
    /// An idempotency key that was used before, for something else.
    KeyReused,
}

/// A mistake in the input.
#[derive(SimpleObject, Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    /// The field of the input.
    pub field: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// For programs.
    pub code: UserErrorCode,
}

impl From<Problem> for UserError {
    fn from(problem: Problem) -> Self {
        let field = camel_case(problem.field);
        Self { message: format!("{field} {}", problem.message), field, code: problem.code.into() }
    }
}

/// `opening_hours` to `openingHours`.
fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|c| c.to_ascii_uppercase());
        all + &head.into_iter().chain(letters).collect::<String>()
    })
}

/// Makes the payload of mutations of one type.
macro_rules! payload {
    ($(#[$meta:meta])* $name:ident, $field:ident: $type:ty, $doc:literal) => {
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            #[doc = $doc]
            $field: Option<$type>,
            /// What is wrong with the input; nothing was changed when there is any.
            user_errors: Vec<super::UserError>,
        }

        impl $name {
            fn new(written: super::Written) -> Self {
                match written {
                    Ok(done) => Self { $field: done.id().and_then(|id| <$type>::numbered(&done.world, id)), user_errors: Vec::new() },
                    Err(user_errors) => Self { $field: None, user_errors },
                }
            }
        }
    };
}

use payload;

/// What a deletion did.
#[derive(SimpleObject)]
pub struct DeletePayload {
    /// The id of what was deleted.
    deleted_id: Option<ID>,
    /// Why it could not be deleted.
    user_errors: Vec<UserError>,
}

/// What is to be deleted.
#[derive(InputObject, Debug)]
pub struct DeleteInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
}

/// What was done, and the world in which it is.
pub struct Finished {
    pub applied: Applied,
    pub world: Arc<World>,
    /// The number of the record that was put, where it had one before: what is the same already is not done again.
    known: Option<i64>,
}

impl Finished {
    /// The number of the first record.
    fn id(&self) -> Option<i64> {
        match self.applied.done.first()? {
            Done::Put(record) => Some(record.id()),
            Done::Unchanged => self.known,
            _ => None,
        }
    }
}

/// What was done, or what is wrong with the input.
pub type Written = Result<Finished, Vec<UserError>>;

/// Sets an optional value from an input: left alone when it is not there, cleared by null.
pub fn set<T: Into<U>, U>(target: &mut Option<U>, given: MaybeUndefined<T>) {
    match given {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => *target = None,
        MaybeUndefined::Value(value) => *target = Some(value.into()),
    }
}

/// Sets a value that is always there; null leaves it alone.
pub fn set_always<T: Into<U>, U>(target: &mut U, given: MaybeUndefined<T>) {
    if let MaybeUndefined::Value(value) = given {
        *target = value.into();
    }
}

/// Sets a list; null empties it.
pub fn set_list<T: Into<U>, U>(target: &mut Vec<U>, given: MaybeUndefined<Vec<T>>) {
    match given {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => target.clear(),
        MaybeUndefined::Value(list) => *target = list.into_iter().map(Into::into).collect(),
    }
}

/// A value of a new record, as one that may be set.
pub fn given<T>(value: Option<T>) -> MaybeUndefined<T> {
    value.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value)
}

/// Sets a text; a blank one clears it.
pub fn set_text(target: &mut Option<String>, given: MaybeUndefined<String>) {
    set(target, given);
    if target.as_deref().is_some_and(|text| text.trim().is_empty()) {
        *target = None;
    }
}

/// What tells a repeated request: its key, who sent it, and what it asked. Keys of a token are its own (tokens are told by
/// their names); those without one are told by their address, so that one of them never meets the key of another.
pub fn idempotent(
    ctx: &Context<'_>,
    key: Option<&String>,
    input: &impl Debug,
) -> Result<Option<Idempotent>, Vec<UserError>> {
    let Some(key) = key else { return Ok(None) };
    if key.is_empty() || key.len() > 200 {
        let why = "must have 1 to 200 bytes";
        return Err(vec![Problem::new("idempotency_key", ProblemCode::Invalid, why).into()]);
    }
    let caller = caller(ctx);
    let key = match (&caller.token, caller.network()) {
        (Some(_), _) => key.clone(),
        // Kept as a hash, so that no address is.
        (None, Some(network)) => URL_SAFE_NO_PAD.encode(hash(format!("{network} {key}").as_bytes())),
        (None, None) => {
            let why = "needs a token here: without one it is told by the address it comes from, which is not known";
            return Err(vec![Problem::new("idempotency_key", ProblemCode::Invalid, why).into()]);
        }
    };
    Ok(Some(Idempotent { key, request: hash(format!("{input:?}").as_bytes()) }))
}

/// Carries out edits in the caller's name.
pub async fn write(ctx: &Context<'_>, role: Role, edits: Vec<Edit>, idempotent: Option<Idempotent>) -> Result<Written> {
    let caller = require(ctx, role)?;
    let known = edits.iter().find_map(|edit| match edit {
        Edit::Put(record) => Some(record.id()).filter(|id| *id > 0),
        _ => None,
    });
    let edition = Edition {
        edits,
        actor: caller.actor(),
        at: Timestamp::now().to_string(),
        idempotent,
        anonymous: caller.token.is_none(),
        ..Edition::default()
    };
    match live(ctx)?.edit(&edition).await {
        Ok((applied, world)) => Ok(Ok(Finished { applied, world, known })),
        Err(EditError::Problem { problem, .. }) => Ok(Err(vec![problem.into()])),
        Err(error) => Err(not_stored(&error)),
    }
}

/// Checks a record and puts it into the register.
pub async fn put<T: Record + Into<Box<AnyRecord>>>(
    ctx: &Context<'_>,
    role: Role,
    record: Result<T, Vec<UserError>>,
    idempotent: Result<Option<Idempotent>, Vec<UserError>>,
) -> Result<Written> {
    require(ctx, role)?;
    let live = live(ctx)?;
    let (record, idempotent) = match (record, idempotent) {
        (Ok(record), Ok(idempotent)) => (record, idempotent),
        (Err(errors), _) | (_, Err(errors)) => return Ok(Err(errors)),
    };
    let world = live.world();
    let problems = record.problems(&live.rules(&world.register));
    if !problems.is_empty() {
        return Ok(Err(problems.into_iter().map(Into::into).collect()));
    }
    write(ctx, role, vec![Edit::Put(record.into())], idempotent).await
}

/// Takes a record out of the register.
pub async fn delete(ctx: &Context<'_>, role: Role, kind: RecordKind, input: DeleteInput) -> Result<DeletePayload> {
    require(ctx, role)?;
    let Some(id) = NodeId::number_of(kind, &input.id) else {
        return Ok(DeletePayload { deleted_id: None, user_errors: vec![no_such("id", kind)] });
    };
    let edit = Edit::Delete { kind, id, version: input.version };
    Ok(match write(ctx, role, vec![edit], None).await? {
        Ok(_) => DeletePayload { deleted_id: Some(input.id), user_errors: Vec::new() },
        Err(user_errors) => DeletePayload { deleted_id: None, user_errors },
    })
}

/// What to say of an id that names nothing.
pub fn no_such(field: &'static str, kind: RecordKind) -> UserError {
    Problem::new(field, ProblemCode::NotFound, format!("is the id of no {kind}")).into()
}

/// The record an id names, at the version it was read at.
pub fn known<T: Record>(rows: &Rows<T>, id: &ID, version: i64) -> Result<T, Vec<UserError>> {
    let number = NodeId::number_of(T::KIND, id);
    let row = number.and_then(|n| rows.get(n)).ok_or_else(|| vec![no_such("id", T::KIND)])?;
    let mut record = T::clone(row);
    // The store compares it with the version there is then.
    record.numbered(row.id(), version);
    Ok(record)
}

/// The number of a record that an input refers to.
pub fn reference<T: Record>(field: &'static str, rows: &Rows<T>, id: &ID) -> Result<i64, Vec<UserError>> {
    let number = NodeId::number_of(T::KIND, id).filter(|&n| rows.get(n).is_some());
    number.ok_or_else(|| vec![no_such(field, T::KIND)])
}

/// The world in force, for what a mutation refers to.
pub fn world(ctx: &Context<'_>) -> Result<Arc<World>> {
    Ok(live(ctx)?.world())
}

/// A server without a database changes nothing.
pub fn read_only() -> async_graphql::Error {
    not_ready("this server changes nothing: it has no database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_are_those_of_the_api() {
        assert_eq!(camel_case("opening_hours"), "openingHours");
        assert_eq!(camel_case("floor_area_m2"), "floorAreaM2");
        assert_eq!(camel_case("code"), "code");
    }
}

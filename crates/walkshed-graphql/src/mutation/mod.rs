//! Mutations of the register. Every mutation takes one `input` and returns the changed record and `userErrors`. Missing
//! permissions and failures of the server are field errors.

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
use walkshed_register::{AnyRecord, Done, Edit, Problem, ProblemCode, Record, RecordKind, Role, Rows, Validate};
use walkshed_store::{Applied, EditError, Edition, Idempotent};

/// The mutations.
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

/// The kind of an error, for programs.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ProblemCode")]
pub enum UserErrorCode {
    /// A required value is missing.
    Required,
    /// A value is out of range or malformed.
    Invalid,
    /// A text or list is too long.
    TooLong,
    /// A value that must be unique exists already.
    Taken,
    /// A referenced record does not exist.
    NotFound,
    /// The record has changed since it was read. Read it again before changing it.
    Conflict,
    /// Other records refer to this one.
    InUse,
    /// The idempotency key was used before with a different input.
    KeyReused,
}

/// An error in the input.
#[derive(SimpleObject, Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    /// The input field.
    pub field: String,
    /// A description of the error.
    pub message: String,
    /// The kind of error, for programs.
    pub code: UserErrorCode,
}

impl From<Problem> for UserError {
    fn from(problem: Problem) -> Self {
        let field = camel_case(problem.field);
        Self { message: format!("{field} {}", problem.message), field, code: problem.code.into() }
    }
}

/// Converts snake case to camel case.
fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|c| c.to_ascii_uppercase());
        all + &head.into_iter().chain(letters).collect::<String>()
    })
}

/// Defines the payload type of the mutations of one record type.
macro_rules! payload {
    ($(#[$meta:meta])* $name:ident, $field:ident: $type:ty, $doc:literal) => {
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            #[doc = $doc]
            $field: Option<$type>,
            /// The errors in the input. If there are any, nothing was changed.
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

/// The result of a deletion.
#[derive(SimpleObject)]
pub struct DeletePayload {
    /// The global id of the deleted record. Null if it was not deleted.
    deleted_id: Option<ID>,
    /// The reasons why it was not deleted.
    user_errors: Vec<UserError>,
}

/// A record to delete.
#[derive(InputObject, Debug)]
pub struct DeleteInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
}

/// The result of a change, with the world that contains it.
pub struct Finished {
    pub applied: Applied,
    pub world: Arc<World>,
    /// The number of the record that was put, if it existed before. Needed when the record was unchanged and not
    /// written again.
    existing: Option<i64>,
}

impl Finished {
    /// Returns the number of the first record.
    fn id(&self) -> Option<i64> {
        match self.applied.done.first()? {
            Done::Put(record) => Some(record.id()),
            Done::Unchanged => self.existing,
            _ => None,
        }
    }
}

/// The result of a change, or the errors in the input.
pub type Written = Result<Finished, Vec<UserError>>;

/// Sets an optional value: unchanged if omitted, cleared by null.
pub fn set<T: Into<U>, U>(target: &mut Option<U>, given: MaybeUndefined<T>) {
    match given {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => *target = None,
        MaybeUndefined::Value(value) => *target = Some(value.into()),
    }
}

/// Sets a required value: unchanged if omitted or null.
pub fn set_always<T: Into<U>, U>(target: &mut U, given: MaybeUndefined<T>) {
    if let MaybeUndefined::Value(value) = given {
        *target = value.into();
    }
}

/// Sets a list: unchanged if omitted, emptied by null.
pub fn set_list<T: Into<U>, U>(target: &mut Vec<U>, given: MaybeUndefined<Vec<T>>) {
    match given {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => target.clear(),
        MaybeUndefined::Value(list) => *target = list.into_iter().map(Into::into).collect(),
    }
}

/// Converts an optional value of a new record for the setters.
pub fn given<T>(value: Option<T>) -> MaybeUndefined<T> {
    value.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value)
}

/// Sets an optional text: unchanged if omitted, cleared by null or blank text.
pub fn set_text(target: &mut Option<String>, given: MaybeUndefined<String>) {
    set(target, given);
    if target.as_deref().is_some_and(|text| text.trim().is_empty()) {
        *target = None;
    }
}

/// Returns the identity of a repeatable request: its key, its sender and a hash of its input. Keys are separate for
/// each token (by its name). Without a token, they are separate for each network address, so that clients cannot meet
/// the key of another.
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
        // Hashed, so that no address is stored.
        (None, Some(network)) => URL_SAFE_NO_PAD.encode(hash(format!("{network} {key}").as_bytes())),
        (None, None) => {
            let why = "requires a token here: without one, keys are separated by client address, which is unknown";
            return Err(vec![Problem::new("idempotency_key", ProblemCode::Invalid, why).into()]);
        }
    };
    Ok(Some(Idempotent { key, request: hash(format!("{input:?}").as_bytes()) }))
}

/// Executes edits on behalf of the caller.
pub async fn write(ctx: &Context<'_>, role: Role, edits: Vec<Edit>, idempotent: Option<Idempotent>) -> Result<Written> {
    let caller = require(ctx, role)?;
    let existing = edits.iter().find_map(|edit| match edit {
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
        Ok((applied, world)) => Ok(Ok(Finished { applied, world, existing })),
        Err(EditError::Problem { problem, .. }) => Ok(Err(vec![problem.into()])),
        Err(error) => Err(not_stored(&error)),
    }
}

/// Checks a record and inserts or updates it.
pub async fn put<T: Record + Validate + Into<Box<AnyRecord>>>(
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

/// Deletes a record.
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

/// Returns the error for an id without a record.
pub fn no_such(field: &'static str, kind: RecordKind) -> UserError {
    Problem::new(field, ProblemCode::NotFound, format!("is not the id of an existing {kind}")).into()
}

/// Returns a copy of the record with an id, with the version that the client read.
pub fn known<T: Record>(rows: &Rows<T>, id: &ID, version: i64) -> Result<T, Vec<UserError>> {
    let number = NodeId::number_of(T::KIND, id);
    let row = number.and_then(|n| rows.get(n)).ok_or_else(|| vec![no_such("id", T::KIND)])?;
    let mut record = T::clone(row);
    // The store compares this version with the current one.
    record.numbered(row.id(), version);
    Ok(record)
}

/// Returns the number of a record that an input refers to.
pub fn reference<T: Record>(field: &'static str, rows: &Rows<T>, id: &ID) -> Result<i64, Vec<UserError>> {
    let number = NodeId::number_of(T::KIND, id).filter(|&n| rows.get(n).is_some());
    number.ok_or_else(|| vec![no_such(field, T::KIND)])
}

/// Returns the current world, for records that a mutation refers to.
pub fn world(ctx: &Context<'_>) -> Result<Arc<World>> {
    Ok(live(ctx)?.world())
}

/// Returns the error for a server without a database.
pub fn read_only() -> async_graphql::Error {
    not_ready("this server is read-only: it has no database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_field_names_to_camel_case() {
        assert_eq!(camel_case("opening_hours"), "openingHours");
        assert_eq!(camel_case("floor_area_m2"), "floorAreaM2");
        assert_eq!(camel_case("code"), "code");
    }
}

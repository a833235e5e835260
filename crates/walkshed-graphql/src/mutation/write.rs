//! Creating and updating records: permission, idempotency, checks, and the edit itself.

use crate::auth::{caller, require};
use crate::context::live;
use crate::error::not_stored;
use crate::ids::NodeId;
use crate::user_error::UserError;
use async_graphql::{Context, ID, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use std::fmt::Debug;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_live::access::hash;
use walkshed_register::{
    AnyRecord, Done, Edit, Problem, ProblemCode, Record, RecordKind, Register, Role, Rows, Validate,
};
use walkshed_store::{Applied, ChangeSet, EditError, IdempotencyKey};

/// Defines the payload type of the mutations of one record type.
macro_rules! payload {
    ($(#[$meta:meta])* $name:ident, $field:ident: $type:ty, $doc:literal) => {
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            #[doc = $doc]
            $field: Option<$type>,
            /// The errors in the input. If there are any, nothing was changed.
            user_errors: Vec<crate::user_error::UserError>,
        }

        impl $name {
            fn new(outcome: crate::mutation::write::WriteOutcome) -> Self {
                match outcome {
                    Ok(done) => Self { $field: done.id().and_then(|id| <$type>::by_id(&done.world, id)), user_errors: Vec::new() },
                    Err(user_errors) => Self { $field: None, user_errors },
                }
            }
        }
    };
}

pub(crate) use payload;

/// The result of a change, with the world that contains it.
pub struct WriteResult {
    pub applied: Applied,
    pub world: Arc<World>,
    /// The number of the record that was put, if it existed before. Needed when the record was unchanged and not
    /// written again.
    existing: Option<i64>,
}

impl WriteResult {
    /// Returns the number of the first record.
    pub fn id(&self) -> Option<i64> {
        match self.applied.done.first()? {
            Done::Put(record) => Some(record.id()),
            Done::Unchanged => self.existing,
            _ => None,
        }
    }
}

/// The result of a change, or the errors in the input.
pub type WriteOutcome = Checked<WriteResult>;

/// A value derived from the input, or the errors in the input.
pub type Checked<T> = std::result::Result<T, Vec<UserError>>;

/// Creates a record. `make` builds it from the input, given the current world.
pub async fn create<T: Record + Validate + Into<Box<AnyRecord>>>(
    ctx: &Context<'_>,
    role: Role,
    (key, input): (Option<&String>, &impl Debug),
    make: impl FnOnce(&World) -> Checked<T>,
) -> Result<WriteOutcome> {
    require(ctx, role)?;
    let record = make(&live(ctx)?.world());
    put(ctx, role, record, idempotent(ctx, key, input)).await
}

/// Updates the record with an id and the version that the client read. `change` applies the input to it, given the
/// current world.
pub async fn update<T: Record + Validate + Into<Box<AnyRecord>>>(
    ctx: &Context<'_>,
    role: Role,
    rows: fn(&Register) -> &Rows<T>,
    target: (&ID, i64),
    change: impl FnOnce(&mut T, &World) -> Checked<()>,
) -> Result<WriteOutcome> {
    let record = changed(ctx, role, rows, target, change)?;
    put(ctx, role, record, Ok(None)).await
}

/// Returns a copy of the record with an id, changed by `change`, with the version that the client read.
pub fn changed<T: Record>(
    ctx: &Context<'_>,
    role: Role,
    rows: fn(&Register) -> &Rows<T>,
    (id, version): (&ID, i64),
    change: impl FnOnce(&mut T, &World) -> Checked<()>,
) -> Result<Checked<T>> {
    require(ctx, role)?;
    let world = live(ctx)?.world();
    let rows = rows(&world.register);
    let row = NodeId::number_of(T::KIND, id).and_then(|number| rows.get(number));
    let Some(row) = row else { return Ok(Err(vec![no_such("id", T::KIND)])) };
    let mut record = T::clone(row);
    // The store compares this version with the current one.
    record.set_id_and_version(row.id(), version);
    Ok(change(&mut record, &world).map(|()| record))
}

/// Returns the identity of a repeatable request: its key, its sender and a hash of its input. Keys are separate for
/// each token (by its name). Without a token, they are separate for each network address, so that clients cannot meet
/// the key of another.
pub fn idempotent(ctx: &Context<'_>, key: Option<&String>, input: &impl Debug) -> Checked<Option<IdempotencyKey>> {
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
    Ok(Some(IdempotencyKey { key, request: hash(format!("{input:?}").as_bytes()) }))
}

/// Executes edits on behalf of the caller.
pub async fn write(
    ctx: &Context<'_>,
    role: Role,
    edits: Vec<Edit>,
    idempotent: Option<IdempotencyKey>,
) -> Result<WriteOutcome> {
    let caller = require(ctx, role)?;
    let existing = edits.iter().find_map(|edit| match edit {
        Edit::Put(record) => Some(record.id()).filter(|id| *id > 0),
        _ => None,
    });
    let change_set = ChangeSet {
        edits,
        actor: caller.actor(),
        at: Timestamp::now().to_string(),
        idempotent,
        anonymous: caller.token.is_none(),
        ..ChangeSet::default()
    };
    match live(ctx)?.edit(&change_set).await {
        Ok((applied, world)) => Ok(Ok(WriteResult { applied, world, existing })),
        Err(EditError::Problem { problem, .. }) => Ok(Err(vec![problem.into()])),
        Err(error) => Err(not_stored(&error)),
    }
}

/// Checks a record and inserts or updates it.
pub async fn put<T: Record + Validate + Into<Box<AnyRecord>>>(
    ctx: &Context<'_>,
    role: Role,
    record: Checked<T>,
    idempotent: Checked<Option<IdempotencyKey>>,
) -> Result<WriteOutcome> {
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

/// Returns the error for an id without a record.
pub fn no_such(field: &'static str, kind: RecordKind) -> UserError {
    Problem::new(field, ProblemCode::NotFound, format!("is not the id of an existing {kind}")).into()
}

/// Returns the number of a record that an input refers to.
pub fn reference<T: Record>(field: &'static str, rows: &Rows<T>, id: &ID) -> Checked<i64> {
    let number = NodeId::number_of(T::KIND, id).filter(|&n| rows.get(n).is_some());
    number.ok_or_else(|| vec![no_such(field, T::KIND)])
}

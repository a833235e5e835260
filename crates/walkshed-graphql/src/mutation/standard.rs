//! Mutations of planning standards.

use super::fields::{given, set_text};
use super::write::{Checked, WriteOutcome, changed, idempotent, put};
use crate::auth::require;
use crate::context::{Nullable, kinds, standards};
use crate::standard::Standard;
use crate::types::Category;
use crate::user_error::UserError;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use walkshed_analysis as analysis;
use walkshed_register::{self as register, Problem, ProblemCode, Role, StandardRule};
use walkshed_store::IdempotencyKey;

/// A requirement of a standard: facilities of a category or of kinds, within minutes or metres.
#[derive(InputObject, Debug, Clone)]
pub struct StandardRequirementInput {
    /// The key of the requirement within the standard.
    key: String,
    /// The name in Chinese.
    name: String,
    /// The name in English.
    name_en: String,
    /// The required category. Give either `category` or `kinds`.
    category: Option<Category>,
    /// The required kinds, any of which counts: keys listed by `facilityKinds`, or their names.
    kinds: Option<Vec<String>>,
    /// The time limit in minutes. A travel time equal to the limit is within it. Give either `minutes` or `metres`.
    minutes: Option<f64>,
    /// The limit as a length over the street network in metres. A length equal to the limit is within it.
    metres: Option<f64>,
    /// The number of facilities that must be within the limit, 1 to 10 (default 1).
    min_count: Option<u32>,
    /// The capacity that the facilities of a region must have for each 1,000 of its people.
    places_per1000: Option<f64>,
    /// The service circle that the requirement belongs to, in minutes: 5, 10 or 15.
    circle: Option<u32>,
}

impl StandardRequirementInput {
    fn read(&self) -> StandardRule {
        StandardRule {
            key: self.key.clone(),
            name: self.name.clone(),
            name_en: self.name_en.clone(),
            category: self.category.map(|c| register::Category::from(c).to_string()),
            kinds: self.kinds.clone(),
            minutes: self.minutes,
            metres: self.metres,
            min_count: self.min_count.map(|n| n as usize),
            places_per_1000: self.places_per1000,
            circle: self.circle,
        }
    }
}

/// A standard to create.
#[derive(InputObject, Debug, Clone)]
pub struct CreateStandardInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token.
    idempotency_key: Option<String>,
    /// The key: lower-case letters, digits and underscores. It must be unique.
    key: String,
    /// The name in Chinese.
    name: String,
    /// The name in English.
    name_en: String,
    /// The source of the values.
    source: String,
    /// What to consider before using the standard in a report.
    note: Option<String>,
    /// The requirements.
    requirements: Vec<StandardRequirementInput>,
}

/// Changes to a standard. Omitted fields keep their value. Null clears an optional field; for a required field, null is
/// the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateStandardInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    /// The name in Chinese.
    name: Option<String>,
    /// The name in English.
    name_en: Option<String>,
    /// The source of the values.
    source: Option<String>,
    /// What to consider before using the standard in a report.
    note: MaybeUndefined<String>,
    /// The requirements. They replace all previous requirements.
    requirements: Option<Vec<StandardRequirementInput>>,
}

/// The result of a change to a standard.
#[derive(SimpleObject)]
pub struct StandardPayload {
    /// The standard. Null if it was not stored.
    standard: Option<Standard>,
    /// The errors in the input. If there are any, nothing was changed.
    user_errors: Vec<UserError>,
}

impl StandardPayload {
    fn new(ctx: &Context<'_>, outcome: WriteOutcome) -> Self {
        match outcome {
            Ok(done) => {
                let row = done.id().and_then(|id| done.world.register.standards.get(id).cloned());
                let standard = row.and_then(|row| Standard::of_row(&row, kinds(ctx)));
                Self { standard, user_errors: Vec::new() }
            }
            Err(user_errors) => Self { standard: None, user_errors },
        }
    }
}

#[derive(Default)]
pub struct StandardMutation;

#[Object]
impl StandardMutation {
    /// Creates a planning standard. Requires the role EDITOR.
    async fn create_standard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The standard to create.")] input: CreateStandardInput,
    ) -> Nullable<StandardPayload> {
        let mut standard = register::Standard {
            id: 0,
            version: 0,
            key: input.key.clone(),
            name: input.name.clone(),
            name_en: input.name_en.clone(),
            source: input.source.clone(),
            note: None,
            requirements: input.requirements.iter().map(StandardRequirementInput::read).collect(),
        };
        set_text(&mut standard.note, given(input.note.clone()));
        let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
        Some(put_if_valid(ctx, Ok(standard), key).await.map(|written| StandardPayload::new(ctx, written)))
    }

    /// Updates a standard that was added with `createStandard`. Requires the role EDITOR.
    async fn update_standard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateStandardInput,
    ) -> Nullable<StandardPayload> {
        Some(update(ctx, input).await.map(|written| StandardPayload::new(ctx, written)))
    }
}

async fn update(ctx: &Context<'_>, input: UpdateStandardInput) -> Result<WriteOutcome> {
    let target = (&input.id, input.version);
    let standard = changed(
        ctx,
        Role::Editor,
        |r| &r.standards,
        target,
        |standard, _| {
            for (target, given) in [
                (&mut standard.name, &input.name),
                (&mut standard.name_en, &input.name_en),
                (&mut standard.source, &input.source),
            ] {
                if let Some(text) = given {
                    target.clone_from(text);
                }
            }
            set_text(&mut standard.note, input.note.clone());
            if let Some(list) = &input.requirements {
                standard.requirements = list.iter().map(StandardRequirementInput::read).collect();
            }
            Ok(())
        },
    )?;
    put_if_valid(ctx, standard, Ok(None)).await
}

/// Stores a standard if it is valid.
async fn put_if_valid(
    ctx: &Context<'_>,
    standard: Checked<register::Standard>,
    idempotent: Checked<Option<IdempotencyKey>>,
) -> Result<WriteOutcome> {
    require(ctx, Role::Editor)?;
    if let Ok(row) = &standard {
        if standards(ctx).find(&row.key).is_some() {
            let why = format!("\"{}\" is a built-in or configured standard", row.key);
            return Ok(Err(vec![Problem::new("key", ProblemCode::Taken, why).into()]));
        }
        if let Err(problem) = analysis::Standard::of_row(row, kinds(ctx)) {
            return Ok(Err(vec![Problem::new("requirements", ProblemCode::Invalid, problem.to_string()).into()]));
        }
    }
    put(ctx, Role::Editor, standard, idempotent).await
}

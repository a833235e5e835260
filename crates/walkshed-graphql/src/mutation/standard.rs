//! Changes of planning standards.

use super::{DeleteInput, DeletePayload, UserError, Written, delete, idempotent, known, put, set_text};
use crate::Nullable;
use crate::assessment::Standard;
use crate::auth::require;
use crate::types::Category;
use crate::{kinds, standards};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use walkshed_analysis as analysis;
use walkshed_register::{self as register, Problem, ProblemCode, RecordKind, Role, StandardRule};
use walkshed_store::Idempotent;

/// One thing a standard requires: of a category or of kinds, within minutes or metres.
#[derive(InputObject, Debug, Clone)]
pub struct StandardRequirementInput {
    /// Its key in the standard.
    key: String,
    /// The name in Chinese.
    name: String,
    /// The name in English.
    name_en: String,
    /// Facilities of this category.
    category: Option<Category>,
    /// Facilities of any of these kinds: keys that `facilityKinds` lists, or their names.
    kinds: Option<Vec<String>>,
    /// Within so many minutes; what takes exactly as long is inside.
    minutes: Option<f64>,
    /// Within so many metres over the network.
    metres: Option<f64>,
    /// So many of them, 1 to 10; 1 by default.
    min_count: Option<u32>,
    /// Places that the facilities of a region must have for 1,000 of its people.
    places_per1000: Option<f64>,
    /// Minutes of the circle it belongs to: 5, 10 or 15.
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

/// A new standard.
#[derive(InputObject, Debug, Clone)]
pub struct CreateStandardInput {
    /// A key of your own: the same request sent again with it creates nothing and answers the same, for a week. It is known
    /// for your token alone.
    idempotency_key: Option<String>,
    /// The key it shall go by, of lower-case letters, digits and underscores; unique.
    key: String,
    /// The name in Chinese.
    name: String,
    /// The name in English.
    name_en: String,
    /// Where its values are from.
    source: String,
    /// What to know before a report relies on it.
    note: Option<String>,
    /// All it requires.
    requirements: Vec<StandardRequirementInput>,
}

/// Changes of a standard. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateStandardInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    /// The name in Chinese.
    name: Option<String>,
    /// The name in English.
    name_en: Option<String>,
    /// Where its values are from.
    source: Option<String>,
    /// What to know before a report relies on it.
    note: MaybeUndefined<String>,
    /// All it requires, in place of what it did.
    requirements: Option<Vec<StandardRequirementInput>>,
}

/// A standard as it is now.
#[derive(SimpleObject)]
pub struct StandardPayload {
    /// The standard; null when it was not stored.
    standard: Option<Standard>,
    /// What is wrong with the input; nothing was changed when there is any.
    user_errors: Vec<UserError>,
}

impl StandardPayload {
    fn new(ctx: &Context<'_>, written: Written) -> Self {
        match written {
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
    /// Adds a planning standard. Needs the role EDITOR.
    async fn create_standard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new standard.")] input: CreateStandardInput,
    ) -> Nullable<StandardPayload> {
        let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
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
        set_text(&mut standard.note, super::given(input.note.clone()));
        Some(read(ctx, Ok(standard), key).await.map(|written| StandardPayload::new(ctx, written)))
    }

    /// Changes a standard that was added so. Needs the role EDITOR.
    async fn update_standard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateStandardInput,
    ) -> Nullable<StandardPayload> {
        Some(update(ctx, input).await.map(|written| StandardPayload::new(ctx, written)))
    }

    /// Deletes a standard that was added so. Needs the role EDITOR.
    async fn delete_standard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Editor, RecordKind::Standard, input).await)
    }
}

async fn update(ctx: &Context<'_>, input: UpdateStandardInput) -> Result<Written> {
    require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let record = || {
        let mut standard = known(&world.register.standards, &input.id, input.version)?;
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
        Ok(standard)
    };
    read(ctx, record(), Ok(None)).await
}

/// Stores a standard that can be assessed.
async fn read(
    ctx: &Context<'_>,
    standard: Result<register::Standard, Vec<UserError>>,
    idempotent: Result<Option<Idempotent>, Vec<UserError>>,
) -> Result<Written> {
    require(ctx, Role::Editor)?;
    if let Ok(row) = &standard {
        if standards(ctx).find(&row.key).is_some() {
            let why = format!("\"{}\" is a standard of the configuration, or comes with walkshed", row.key);
            return Ok(Err(vec![Problem::new("key", ProblemCode::Taken, why).into()]));
        }
        if let Err(why) = analysis::Standard::of_row(row, kinds(ctx)) {
            return Ok(Err(vec![Problem::new("requirements", ProblemCode::Invalid, why).into()]));
        }
    }
    put(ctx, Role::Editor, standard, idempotent).await
}

//! Changes of scenarios.

use super::{DeleteInput, DeletePayload, UserError, Written, delete, idempotent, known, payload, put};
use super::{given, set_text};
use crate::Nullable;
use crate::auth::require;
use crate::gate::analyse;
use crate::ids::NodeId;
use crate::register::Scenario;
use crate::types::{Category, PointInput};
use crate::words::{Audience, StreetKind, all};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, OneofObject, Result};
use walkshed_analysis::lay_scenario;
use walkshed_engine::StreetChange;
use walkshed_engine::geo::Position;
use walkshed_register::{
    self as register, Change, Host, Kinds, NewFacility, Problem, ProblemCode, Record, RecordKind, Role,
};
use walkshed_store::Idempotent;

/// A facility that does not exist yet.
#[derive(InputObject, Debug, Clone)]
pub struct AddFacilityInput {
    /// The name.
    name: String,
    /// The name in English.
    name_en: Option<String>,
    /// The service category.
    category: Category,
    /// Its kind: a key that `facilityKinds` lists, or its name.
    kind: Option<String>,
    /// Where it is, in WGS-84.
    position: PointInput,
    /// Opening hours in the syntax of OpenStreetMap, such as "10:00-02:00".
    opening_hours: Option<String>,
    /// How much it can take.
    capacity: Option<f64>,
    /// Whom it is for; empty for everyone.
    audiences: Option<Vec<Audience>>,
    /// Can it be entered without a step?
    step_free: Option<bool>,
    /// The ids of the services it offers.
    services: Option<Vec<ID>>,
}

/// A facility that is elsewhere.
#[derive(InputObject, Debug, Clone)]
pub struct MoveFacilityInput {
    /// The id of the facility.
    facility: ID,
    /// Where it is now, in WGS-84.
    position: PointInput,
}

/// Other hours.
#[derive(InputObject, Debug, Clone)]
pub struct SetHoursInput {
    /// The id of a facility, or of a center and so of all in it that have no hours of their own.
    of: ID,
    /// Opening hours in the syntax of OpenStreetMap; null for none of its own.
    opening_hours: Option<String>,
}

/// Another capacity.
#[derive(InputObject, Debug, Clone)]
pub struct SetCapacityInput {
    /// The id of the facility.
    facility: ID,
    /// How much it can take.
    capacity: f64,
}

/// A street segment that is closed: the one nearest to a position, from junction to junction.
#[derive(InputObject, Debug, Clone)]
pub struct CloseStreetInput {
    /// A position on it, or within 50 m, in WGS-84.
    at: PointInput,
    /// What it is, where several lie over each other.
    kind: Option<StreetKind>,
}

/// A street that does not exist yet.
#[derive(InputObject, Debug, Clone)]
pub struct AddStreetInput {
    /// What it is.
    kind: StreetKind,
    /// Its line, 2 to 200 positions in WGS-84. Each end joins the nearest street within 50 m, or the end of another new one
    /// drawn to the same place; between them it passes over what it crosses. Its height runs evenly from end to end.
    line: Vec<PointInput>,
    /// Its name.
    name: Option<String>,
}

/// One thing that is otherwise: exactly one of these.
#[derive(OneofObject, Debug, Clone)]
pub enum ScenarioChangeInput {
    /// A facility that does not exist yet.
    AddFacility(AddFacilityInput),
    /// The id of a facility that is planned, or was closed, and is open.
    OpenFacility(ID),
    /// The id of a facility that is closed, or of a center that is, with all its facilities.
    Close(ID),
    /// A facility that is elsewhere.
    MoveFacility(MoveFacilityInput),
    /// Other hours.
    SetHours(SetHoursInput),
    /// Another capacity.
    SetCapacity(SetCapacityInput),
    /// A street segment that is closed.
    CloseStreet(CloseStreetInput),
    /// A street that does not exist yet.
    AddStreet(AddStreetInput),
}

/// A new scenario.
#[derive(InputObject, Debug, Clone)]
pub struct CreateScenarioInput {
    /// A key of your own: the same request sent again with it creates nothing and answers the same, for a week. It is known
    /// for your token alone.
    idempotency_key: Option<String>,
    /// The key it shall go by; unique.
    key: String,
    /// The name.
    name: String,
    /// The name in English.
    name_en: Option<String>,
    /// What it is about, in words.
    description: Option<String>,
    /// What is otherwise, at most 100 changes, in the order in which they are done.
    changes: Vec<ScenarioChangeInput>,
}

/// Changes of a scenario. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateScenarioInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    /// The key it shall go by.
    key: Option<String>,
    /// The name.
    name: Option<String>,
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// What it is about, in words.
    description: MaybeUndefined<String>,
    /// What is otherwise, in place of all that was.
    changes: Option<Vec<ScenarioChangeInput>>,
}

payload! {
    /// A scenario as it is now.
    ScenarioPayload, scenario: Scenario, "The scenario; null when it was not stored."
}

/// What is wrong with a change, and which one it is.
fn wrong(index: usize, why: impl std::fmt::Display) -> Vec<UserError> {
    vec![Problem::new("changes", ProblemCode::Invalid, format!("[{index}]: {why}")).into()]
}

fn position(index: usize, what: &str, point: PointInput) -> Result<Position, Vec<UserError>> {
    Position::new(point.lon, point.lat).map_err(|e| wrong(index, format_args!("{what} {e}")))
}

/// The number in an id. Whether there is such a thing is told by the rules.
fn numbered(index: usize, kind: RecordKind, id: &ID) -> Result<i64, Vec<UserError>> {
    NodeId::number_of(kind, id).ok_or_else(|| wrong(index, format_args!("is the id of no {kind}")))
}

fn host(index: usize, id: &ID) -> Result<Host, Vec<UserError>> {
    match NodeId::parse(id) {
        Some(NodeId { kind: RecordKind::Facility, number }) => Ok(Host::Facility(number)),
        Some(NodeId { kind: RecordKind::Center, number }) => Ok(Host::Center(number)),
        _ => Err(wrong(index, "the id is of no facility or center")),
    }
}

impl ScenarioChangeInput {
    fn read(&self, index: usize, kinds: &Kinds) -> Result<Change, Vec<UserError>> {
        Ok(match self {
            Self::AddFacility(new) => {
                let ids = new.services.iter().flatten();
                Change::Add(NewFacility {
                    name: new.name.clone(),
                    name_en: new.name_en.clone(),
                    category: new.category.into(),
                    // A kind goes by its key, whichever name it was given by; what is none is told by the rules.
                    kind: new.kind.clone().map(|text| kinds.find(&text).map_or(text, |k| k.key.clone())),
                    position: position(index, "position", new.position)?,
                    opening_hours: new.opening_hours.clone(),
                    capacity: new.capacity,
                    audiences: all(new.audiences.clone().unwrap_or_default()),
                    step_free: new.step_free,
                    services: ids.map(|id| numbered(index, RecordKind::Service, id)).collect::<Result<_, _>>()?,
                })
            }
            Self::OpenFacility(id) => Change::Open { facility: numbered(index, RecordKind::Facility, id)? },
            Self::Close(id) => Change::Close { place: host(index, id)? },
            Self::MoveFacility(given) => Change::Move {
                facility: numbered(index, RecordKind::Facility, &given.facility)?,
                position: position(index, "position", given.position)?,
            },
            Self::SetHours(given) => {
                Change::Hours { place: host(index, &given.of)?, opening_hours: given.opening_hours.clone() }
            }
            Self::SetCapacity(given) => Change::Capacity {
                facility: numbered(index, RecordKind::Facility, &given.facility)?,
                capacity: given.capacity,
            },
            Self::CloseStreet(given) => Change::Street(StreetChange::Close {
                at: position(index, "at", given.at)?,
                kind: given.kind.map(Into::into),
            }),
            Self::AddStreet(given) => Change::Street(StreetChange::Add {
                kind: given.kind.into(),
                line: given.line.iter().map(|&p| position(index, "line", p)).collect::<Result<_, _>>()?,
                name: given.name.clone().filter(|name| !name.trim().is_empty()),
            }),
        })
    }
}

fn changes(list: &[ScenarioChangeInput], kinds: &Kinds) -> Result<Vec<Change>, Vec<UserError>> {
    list.iter().enumerate().map(|(index, change)| change.read(index, kinds)).collect()
}

#[derive(Default)]
pub struct ScenarioMutation;

#[Object]
impl ScenarioMutation {
    /// Saves a scenario, after trying it on the city. Nothing of the register changes. Needs the role
    /// CONTRIBUTOR.
    async fn create_scenario(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new scenario.")] input: CreateScenarioInput,
    ) -> Nullable<ScenarioPayload> {
        let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
        let record = || {
            let mut scenario = register::Scenario::new(input.key.clone(), input.name.clone());
            set_text(&mut scenario.name_en, given(input.name_en.clone()));
            set_text(&mut scenario.description, given(input.description.clone()));
            scenario.changes = changes(&input.changes, crate::kinds(ctx))?;
            Ok(scenario)
        };
        Some(tried(ctx, record(), key).await.map(ScenarioPayload::new))
    }

    /// Changes a scenario. Needs the role CONTRIBUTOR.
    async fn update_scenario(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateScenarioInput,
    ) -> Nullable<ScenarioPayload> {
        Some(update(ctx, input).await.map(ScenarioPayload::new))
    }

    /// Deletes a scenario. Needs the role CONTRIBUTOR.
    async fn delete_scenario(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Contributor, RecordKind::Scenario, input).await)
    }
}

async fn update(ctx: &Context<'_>, input: UpdateScenarioInput) -> Result<Written> {
    require(ctx, Role::Contributor)?;
    let world = super::world(ctx)?;
    let record = || {
        let mut scenario = known(&world.register.scenarios, &input.id, input.version)?;
        if let Some(key) = input.key.clone() {
            scenario.key = key;
        }
        if let Some(name) = input.name.clone() {
            scenario.name = name;
        }
        set_text(&mut scenario.name_en, input.name_en.clone());
        set_text(&mut scenario.description, input.description.clone());
        if let Some(list) = &input.changes {
            scenario.changes = changes(list, crate::kinds(ctx))?;
        }
        Ok(scenario)
    };
    tried(ctx, record(), Ok(None)).await
}

/// Stores a scenario that fits the city as it is now.
async fn tried(
    ctx: &Context<'_>,
    scenario: Result<register::Scenario, Vec<UserError>>,
    idempotent: Result<Option<Idempotent>, Vec<UserError>>,
) -> Result<Written> {
    require(ctx, Role::Contributor)?;
    let world = super::world(ctx)?;
    let is_sound =
        |s: &register::Scenario| crate::live(ctx).is_ok_and(|live| s.problems(&live.rules(&world.register)).is_empty());
    if let Ok(sound) = &scenario
        && is_sound(sound)
    {
        // The rules know no streets; a trial does.
        let (shared, trial) = (world.clone(), sound.clone());
        let laid = analyse(ctx, move || lay_scenario(&shared, &trial).map(drop));
        if let Err(e) = laid.await? {
            return Ok(Err(wrong(e.index, e.why)));
        }
    }
    put(ctx, Role::Contributor, scenario, idempotent).await
}

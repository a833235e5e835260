//! Mutations of scenarios.

use super::fields::{given, set_text};
use super::write::{Checked, WriteOutcome, changed, idempotent, payload, put};
use crate::auth::require;
use crate::context::{Nullable, kinds, live};
use crate::enums::{Audience, StreetKind, all};
use crate::ids::NodeId;
use crate::register::Scenario;
use crate::types::{Category, PointInput};
use crate::user_error::UserError;
use crate::work_pools::analyse;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, OneofObject, Result};
use walkshed_analysis::apply_scenario;
use walkshed_engine::StreetChange;
use walkshed_engine::geo::Position;
use walkshed_register::{
    self as register, Change, Host, Kinds, NewFacility, Problem, ProblemCode, RecordKind, Role, Validate,
};
use walkshed_store::IdempotencyKey;

/// A new facility.
#[derive(InputObject, Debug, Clone)]
pub struct AddFacilityInput {
    /// The name, 1 to 500 characters.
    name: String,
    /// The name in English.
    name_en: Option<String>,
    /// The service category.
    category: Category,
    /// The kind: a key listed by `facilityKinds`, or its name.
    kind: Option<String>,
    /// The position in WGS-84.
    position: PointInput,
    /// Opening hours in OpenStreetMap's `opening_hours` syntax, at most 255 characters, such as "10:00-02:00".
    opening_hours: Option<String>,
    /// The capacity, 0 to 10,000,000.
    capacity: Option<f64>,
    /// The people it is intended for. An empty list means everyone.
    audiences: Option<Vec<Audience>>,
    /// Whether it can be entered without a step.
    step_free: Option<bool>,
    /// The ids of the services that it offers, at most 500.
    services: Option<Vec<ID>>,
}

/// A facility to move.
#[derive(InputObject, Debug, Clone)]
pub struct MoveFacilityInput {
    /// The id of the facility.
    facility: ID,
    /// The new position in WGS-84.
    position: PointInput,
}

/// A change of opening hours.
#[derive(InputObject, Debug, Clone)]
pub struct SetHoursInput {
    /// The id of a facility or center. The hours of a center apply to all facilities in it without hours of their own.
    of: ID,
    /// The new opening hours in OpenStreetMap's `opening_hours` syntax, at most 255 characters. Null removes the hours.
    opening_hours: Option<String>,
}

/// A change of capacity.
#[derive(InputObject, Debug, Clone)]
pub struct SetCapacityInput {
    /// The id of the facility.
    facility: ID,
    /// The capacity, 0 to 10,000,000.
    capacity: f64,
}

/// A street segment to close: the one nearest to a position, from junction to junction.
#[derive(InputObject, Debug, Clone)]
pub struct CloseStreetInput {
    /// A position on the segment or within 50 m of it, in WGS-84.
    at: PointInput,
    /// The kind of street. Use it to select one of several streets at this position.
    kind: Option<StreetKind>,
}

/// A street to add.
#[derive(InputObject, Debug, Clone)]
pub struct AddStreetInput {
    /// The kind of street.
    kind: StreetKind,
    /// The geometry, 2 to 200 positions in WGS-84, at most 20 km long. Each end joins the nearest street within 50 m,
    /// or the end of another added street at the same position. In between, the street does not connect to streets that
    /// it crosses. Its elevation changes evenly from end to end.
    line: Vec<PointInput>,
    /// The name.
    name: Option<String>,
}

/// A change. Give exactly one of the fields.
#[derive(OneofObject, Debug, Clone)]
pub enum ScenarioChangeInput {
    /// A new facility.
    AddFacility(AddFacilityInput),
    /// The id of a planned or closed facility to open.
    OpenFacility(ID),
    /// The id of a facility to close, or of a center to close with all its facilities.
    Close(ID),
    /// A facility to move.
    MoveFacility(MoveFacilityInput),
    /// A change of opening hours.
    SetHours(SetHoursInput),
    /// A change of capacity.
    SetCapacity(SetCapacityInput),
    /// A street segment to close.
    CloseStreet(CloseStreetInput),
    /// A street to add.
    AddStreet(AddStreetInput),
}

/// A scenario to create.
#[derive(InputObject, Debug, Clone)]
pub struct CreateScenarioInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token.
    idempotency_key: Option<String>,
    /// The key. It must be unique.
    key: String,
    /// The name, 1 to 500 characters.
    name: String,
    /// The name in English.
    name_en: Option<String>,
    /// A description in free text, at most 4,000 characters.
    description: Option<String>,
    /// The changes, at most 100, in the order in which they are applied.
    changes: Vec<ScenarioChangeInput>,
}

/// Changes to a scenario. Omitted fields keep their value. Null clears an optional field; for a required field, null is
/// the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateScenarioInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    /// The key. It must be unique.
    key: Option<String>,
    /// The name, 1 to 500 characters.
    name: Option<String>,
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// A description in free text, at most 4,000 characters.
    description: MaybeUndefined<String>,
    /// The changes, at most 100. They replace all previous changes.
    changes: Option<Vec<ScenarioChangeInput>>,
}

payload! {
    /// The result of a change to a scenario.
    ScenarioPayload, scenario: Scenario, "The scenario. Null if it was not stored."
}

/// Returns an error about one change.
fn wrong(index: usize, why: impl std::fmt::Display) -> Vec<UserError> {
    vec![Problem::new("changes", ProblemCode::Invalid, format!("[{index}]: {why}")).into()]
}

fn position(index: usize, what: &str, point: PointInput) -> Checked<Position> {
    Position::new(point.lon, point.lat).map_err(|e| wrong(index, format_args!("{what} {e}")))
}

/// Returns the number in an id. The rules check whether the record exists.
fn record_number(index: usize, kind: RecordKind, id: &ID) -> Checked<i64> {
    NodeId::number_of(kind, id).ok_or_else(|| wrong(index, format_args!("is not the id of an existing {kind}")))
}

fn host(index: usize, id: &ID) -> Checked<Host> {
    match NodeId::parse(id) {
        Some(NodeId { kind: RecordKind::Facility, number }) => Ok(Host::Facility(number)),
        Some(NodeId { kind: RecordKind::Center, number }) => Ok(Host::Center(number)),
        _ => Err(wrong(index, "is not the id of a facility or center")),
    }
}

impl ScenarioChangeInput {
    fn read(&self, index: usize, kinds: &Kinds) -> Checked<Change> {
        Ok(match self {
            Self::AddFacility(new) => {
                let ids = new.services.iter().flatten();
                Change::Add(NewFacility {
                    name: new.name.clone(),
                    name_en: new.name_en.clone(),
                    category: new.category.into(),
                    // Converts a name of a kind to its key. The rules report unknown kinds.
                    kind: new.kind.clone().map(|text| kinds.find(&text).map_or(text, |k| k.key.clone())),
                    position: position(index, "position", new.position)?,
                    opening_hours: new.opening_hours.clone(),
                    capacity: new.capacity,
                    audiences: all(new.audiences.clone().unwrap_or_default()),
                    step_free: new.step_free,
                    services: ids.map(|id| record_number(index, RecordKind::Service, id)).collect::<Result<_, _>>()?,
                })
            }
            Self::OpenFacility(id) => Change::Open { facility: record_number(index, RecordKind::Facility, id)? },
            Self::Close(id) => Change::Close { place: host(index, id)? },
            Self::MoveFacility(given) => Change::Move {
                facility: record_number(index, RecordKind::Facility, &given.facility)?,
                position: position(index, "position", given.position)?,
            },
            Self::SetHours(given) => {
                Change::Hours { place: host(index, &given.of)?, opening_hours: given.opening_hours.clone() }
            }
            Self::SetCapacity(given) => Change::Capacity {
                facility: record_number(index, RecordKind::Facility, &given.facility)?,
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

fn changes(list: &[ScenarioChangeInput], kinds: &Kinds) -> Checked<Vec<Change>> {
    list.iter().enumerate().map(|(index, change)| change.read(index, kinds)).collect()
}

#[derive(Default)]
pub struct ScenarioMutation;

#[Object]
impl ScenarioMutation {
    /// Creates a scenario, if it can be applied to the current city. The register does not change. Requires the role
    /// CONTRIBUTOR.
    async fn create_scenario(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The scenario to create.")] input: CreateScenarioInput,
    ) -> Nullable<ScenarioPayload> {
        let scenario = new_scenario(&input, kinds(ctx));
        let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
        Some(put_if_applicable(ctx, scenario, key).await.map(ScenarioPayload::new))
    }

    /// Updates a scenario, if it can be applied to the current city. Requires the role CONTRIBUTOR.
    async fn update_scenario(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateScenarioInput,
    ) -> Nullable<ScenarioPayload> {
        Some(update(ctx, input).await.map(ScenarioPayload::new))
    }
}

fn new_scenario(input: &CreateScenarioInput, kinds: &Kinds) -> Checked<register::Scenario> {
    let mut scenario = register::Scenario::new(input.key.clone(), input.name.clone());
    set_text(&mut scenario.name_en, given(input.name_en.clone()));
    set_text(&mut scenario.description, given(input.description.clone()));
    scenario.changes = changes(&input.changes, kinds)?;
    Ok(scenario)
}

async fn update(ctx: &Context<'_>, input: UpdateScenarioInput) -> Result<WriteOutcome> {
    let target = (&input.id, input.version);
    let scenario = changed(
        ctx,
        Role::Contributor,
        |r| &r.scenarios,
        target,
        |scenario, _| {
            if let Some(key) = input.key.clone() {
                scenario.key = key;
            }
            if let Some(name) = input.name.clone() {
                scenario.name = name;
            }
            set_text(&mut scenario.name_en, input.name_en.clone());
            set_text(&mut scenario.description, input.description.clone());
            if let Some(list) = &input.changes {
                scenario.changes = changes(list, kinds(ctx))?;
            }
            Ok(())
        },
    )?;
    put_if_applicable(ctx, scenario, Ok(None)).await
}

/// Stores a scenario if it can be applied to the current city.
async fn put_if_applicable(
    ctx: &Context<'_>,
    scenario: Checked<register::Scenario>,
    idempotent: Checked<Option<IdempotencyKey>>,
) -> Result<WriteOutcome> {
    require(ctx, Role::Contributor)?;
    let live = live(ctx)?;
    let world = live.world();
    if let Ok(valid) = &scenario
        && valid.problems(&live.rules(&world.register)).is_empty()
    {
        // The rules do not check streets, so the scenario is applied as a trial.
        let (shared, trial) = (world.clone(), valid.clone());
        let applied = analyse(ctx, move || apply_scenario(&shared, &trial).map(drop));
        if let Err(e) = applied.await? {
            return Ok(Err(wrong(e.index, e.why)));
        }
    }
    put(ctx, Role::Contributor, scenario, idempotent).await
}

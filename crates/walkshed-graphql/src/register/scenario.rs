//! Scenarios.

use super::{Center, Facility, id_of, of_world};
use crate::context::{Nullable, current, nullable};
use crate::cost::{self, City};
use crate::enums::StreetKind;
use crate::error::not_found;
use crate::ids::NodeId;
use crate::scalars::{GeoJson, Text};
use crate::types::{PositionObject, round};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis as analysis;
use walkshed_analysis::world::World;
use walkshed_engine::StreetChange;
use walkshed_engine::geo::push_line;
use walkshed_register::{Change, FIRST_SCENARIO_ID, Host, RecordKind};

of_world! {
    /// A scenario: a named set of hypothetical changes, applied to the city when an analysis requests it.
    Scenario, scenarios
}

/// Returns the world to answer from: the current one, or with a scenario applied.
pub async fn world_with_scenario(ctx: &Context<'_>, scenario: Option<&ID>) -> Result<Arc<World>> {
    let world = current(ctx);
    let Some(id) = scenario else { return Ok(world.clone()) };
    let scenarios = &world.register.scenarios;
    let number = NodeId::number_of(RecordKind::Scenario, id).or_else(|| scenarios.find(id).map(|s| s.id));
    let number = number.ok_or_else(|| not_found("scenario", id, "scenario with the id or key"))?;
    if let Some(cached) = analysis::cached_scenario_world(world, number) {
        return Ok(cached);
    }
    // Applying street changes occupies a core for a while, as analyses do.
    let (shared, id) = (world.clone(), id.clone());
    let price = City::of(world).scenario(changes_streets(world, number));
    let applied = cost::charge_and_run(ctx, price, move || analysis::scenario_world(&shared, number)).await?;
    applied.map_err(|e| match e {
        analysis::ScenarioError::Unknown => not_found("scenario", &id, "scenario with the id or key"),
        stale @ analysis::ScenarioError::Stale { .. } => crate::error::stale("scenario", stale),
    })
}

/// Returns whether a scenario changes streets.
fn changes_streets(world: &World, number: i64) -> bool {
    let changes = world.register.scenarios.get(number).map(|s| s.changes.iter());
    changes.is_some_and(|mut changes| changes.any(|c| matches!(c, Change::Street(_))))
}

/// The kind of change.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScenarioChangeKind {
    /// Adds a facility.
    AddFacility,
    /// Opens a planned or closed facility.
    OpenFacility,
    /// Closes a facility, or a center with all its facilities.
    Close,
    /// Moves a facility.
    MoveFacility,
    /// Changes the opening hours of a facility or center.
    SetHours,
    /// Changes the capacity of a facility.
    SetCapacity,
    /// Closes a street segment.
    CloseStreet,
    /// Adds a street.
    AddStreet,
}

/// A street that a scenario closes or adds, as matched or connected to the network.
#[derive(SimpleObject)]
pub struct ChangedStreet {
    /// The geometry as a GeoJSON LineString, or a MultiLineString if it crosses the 180th meridian. An added street
    /// extends to the streets that it joins.
    geometry: GeoJson,
    /// The length in metres.
    length_m: f64,
    /// The rise in metres from start to end, by the elevation of the streets that it joins.
    rise_m: f64,
    /// The name.
    name: Option<String>,
    /// The names of the streets that an added street joins at its start and end, if they have names.
    joins: Vec<Option<String>>,
}

/// A change in a scenario.
pub struct ScenarioChange {
    world: Arc<World>,
    scenario: i64,
    index: usize,
    change: Change,
}

/// A change in a scenario.
#[Object]
impl ScenarioChange {
    /// The kind of change.
    async fn kind(&self) -> ScenarioChangeKind {
        match &self.change {
            Change::Add(_) => ScenarioChangeKind::AddFacility,
            Change::Open { .. } => ScenarioChangeKind::OpenFacility,
            Change::Close { .. } => ScenarioChangeKind::Close,
            Change::Move { .. } => ScenarioChangeKind::MoveFacility,
            Change::Hours { .. } => ScenarioChangeKind::SetHours,
            Change::Capacity { .. } => ScenarioChangeKind::SetCapacity,
            Change::Street(StreetChange::Close { .. }) => ScenarioChangeKind::CloseStreet,
            Change::Street(StreetChange::Add { .. }) => ScenarioChangeKind::AddStreet,
        }
    }

    /// The facility as changed by the scenario. Null for other kinds of changes, and if the scenario cannot be applied
    /// (see `problem`).
    #[graphql(complexity = "500 + child_complexity")]
    async fn facility(&self, ctx: &Context<'_>) -> Nullable<Facility> {
        nullable(async {
            let number = match &self.change {
                Change::Add(_) => FIRST_SCENARIO_ID + self.index as i64,
                Change::Open { facility } | Change::Move { facility, .. } | Change::Capacity { facility, .. } => {
                    *facility
                }
                Change::Close { place: Host::Facility(id) } | Change::Hours { place: Host::Facility(id), .. } => *id,
                _ => return Ok(None),
            };
            Ok(self.applied(ctx).await?.and_then(|world| Facility::by_id(&world, number)))
        })
        .await
    }

    /// The center as changed by the scenario. Null for other kinds of changes, and if the scenario cannot be applied
    /// (see `problem`).
    #[graphql(complexity = "500 + child_complexity")]
    async fn center(&self, ctx: &Context<'_>) -> Nullable<Center> {
        nullable(async {
            match &self.change {
                Change::Close { place: Host::Center(id) } | Change::Hours { place: Host::Center(id), .. } => {
                    Ok(self.applied(ctx).await?.and_then(|world| Center::by_id(&world, *id)))
                }
                _ => Ok(None),
            }
        })
        .await
    }

    /// The position of an added or moved facility, or of a closed street.
    async fn position(&self) -> Option<PositionObject> {
        match &self.change {
            Change::Add(new) => Some(new.position.into()),
            Change::Move { position, .. } | Change::Street(StreetChange::Close { at: position, .. }) => {
                Some((*position).into())
            }
            _ => None,
        }
    }

    /// The new opening hours, for SET_HOURS and ADD_FACILITY.
    async fn opening_hours(&self) -> Option<&str> {
        match &self.change {
            Change::Add(new) => new.opening_hours.as_deref(),
            Change::Hours { opening_hours, .. } => opening_hours.as_deref(),
            _ => None,
        }
    }

    /// The new capacity, for SET_CAPACITY and ADD_FACILITY.
    async fn capacity(&self) -> Option<f64> {
        match &self.change {
            Change::Add(new) => new.capacity,
            Change::Capacity { capacity, .. } => Some(*capacity),
            _ => None,
        }
    }

    /// The kind of street, for ADD_STREET, and for CLOSE_STREET if given.
    async fn street_kind(&self) -> Option<StreetKind> {
        match &self.change {
            Change::Street(StreetChange::Close { kind, .. }) => kind.map(Into::into),
            Change::Street(StreetChange::Add { kind, .. }) => Some((*kind).into()),
            _ => None,
        }
    }

    /// The street that was closed or added. Null for other kinds of changes, and if the scenario cannot be applied (see
    /// `problem`).
    #[graphql(complexity = "500 + child_complexity")]
    async fn street(&self, ctx: &Context<'_>) -> Nullable<ChangedStreet> {
        nullable(async {
            if !matches!(self.change, Change::Street(_)) {
                return Ok(None);
            }
            let Some(scenario) = self.world.register.scenarios.get(self.scenario) else { return Ok(None) };
            // `changed_streets` contains only street changes, in order.
            let before = scenario.changes[..self.index].iter().filter(|c| matches!(c, Change::Street(_))).count();
            let street = self.applied(ctx).await?.and_then(|world| world.changed_streets.get(before).cloned());
            Ok(street.map(|street| {
                let mut line = String::new();
                push_line(&mut line, &street.line);
                ChangedStreet {
                    geometry: GeoJson(line),
                    length_m: round(street.length_m, 1),
                    rise_m: round(street.rise_m, 1),
                    name: street.name,
                    joins: street.joins.to_vec(),
                }
            }))
        })
        .await
    }
}

impl ScenarioChange {
    /// Returns the world with the scenario applied. `None` if it cannot be applied; `problem` then gives the reason.
    async fn applied(&self, ctx: &Context<'_>) -> Result<Option<Arc<World>>> {
        let (world, scenario) = (self.world.clone(), self.scenario);
        if let Some(cached) = analysis::cached_scenario_world(&world, scenario) {
            return Ok(Some(cached));
        }
        let price = City::of(&world).scenario(changes_streets(&world, scenario));
        Ok(cost::charge_and_run(ctx, price, move || analysis::scenario_world(&world, scenario)).await?.ok())
    }
}

/// A scenario: a named set of hypothetical changes, applied to the city when an analysis requests it.
#[Object]
impl Scenario {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// The version, increased by every change. An update must name the version that it is based on.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The key.
    async fn key(&self) -> &str {
        &self.row().key
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// A description in free text.
    async fn description(&self) -> Option<Text<'_>> {
        self.row().description.as_deref().map(Text)
    }

    /// The changes, in the order in which they are applied.
    #[graphql(complexity = "10 * child_complexity")]
    async fn changes(&self, ctx: &Context<'_>) -> Result<Vec<ScenarioChange>> {
        cost::charge_rows(ctx, self.row().changes.len())?;
        let change = |(index, change): (usize, &Change)| ScenarioChange {
            world: self.world.clone(),
            scenario: self.row().id,
            index,
            change: change.clone(),
        };
        Ok(self.row().changes.iter().enumerate().map(change).collect())
    }

    /// Why the scenario cannot be applied to the current city. Null if it can.
    #[graphql(complexity = 500)]
    async fn problem(&self, ctx: &Context<'_>) -> Nullable<String> {
        nullable(async {
            let (world, id) = (self.world.clone(), self.row().id);
            let city = City::of(&world);
            let price = if changes_streets(&world, id) { city.streets() } else { cost::rows(self.row().changes.len()) };
            let problem = cost::charge_and_run(ctx, price, move || analysis::scenario_error(&world, id)).await?;
            Ok(problem.map(|e| e.to_string()))
        })
        .await
    }
}

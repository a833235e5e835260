//! Applies scenarios to a world.

use crate::world::{AppliedScenario, World};
use std::sync::Arc;
use walkshed_engine::StreetChange;
use walkshed_register::{ChangeError, Register, Scenario};

/// Why a scenario cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    #[error("unknown scenario")]
    Unknown,
    /// Something that the scenario changes has been changed or deleted since.
    #[error("the scenario \"{key}\" cannot be applied to the current data: {why}; correct it with updateScenario")]
    Stale { key: String, why: ChangeError },
}

/// Returns the world with a scenario applied if it is cached, or if the world is that scenario already.
#[must_use]
pub fn cached_scenario_world(world: &Arc<World>, scenario: i64) -> Option<Arc<World>> {
    let scenario = world.register.scenarios.get(scenario)?;
    let of = (scenario.id, scenario.version);
    if world.scenario.as_ref().is_some_and(|applied| (applied.id, applied.version) == of) {
        return Some(world.clone());
    }
    world.scenarios.get(&of)
}

/// Returns the world with a scenario applied, and caches it. Returns the world itself if it is that scenario already.
///
/// # Errors
/// [`ScenarioError`].
pub fn scenario_world(world: &Arc<World>, scenario: i64) -> Result<Arc<World>, ScenarioError> {
    if let Some(cached) = cached_scenario_world(world, scenario) {
        return Ok(cached);
    }
    let scenario = world.register.scenarios.get(scenario).ok_or(ScenarioError::Unknown)?;
    world.scenarios.get_or_insert_with(&(scenario.id, scenario.version), || {
        let applied = apply_scenario(world, scenario);
        applied.map(Arc::new).map_err(|why| ScenarioError::Stale { key: scenario.key.clone(), why })
    })
}

/// Returns why a scenario cannot be applied to a world, if so, without building the changed world.
#[must_use]
pub fn scenario_error(world: &Arc<World>, scenario: i64) -> Option<ScenarioError> {
    if cached_scenario_world(world, scenario).is_some() {
        return None;
    }
    let Some(scenario) = world.register.scenarios.get(scenario) else { return Some(ScenarioError::Unknown) };
    let streets = match scenario.resolve_changes(&world.register) {
        Ok((_, streets)) => streets,
        Err(why) => return Some(ScenarioError::Stale { key: scenario.key.clone(), why }),
    };
    let (indices, streets): (Vec<usize>, Vec<StreetChange>) = streets.into_iter().unzip();
    let (n, why) = world.check_streets(&streets).err()?;
    let why = ChangeError { index: indices[n], why: why.to_string() };
    Some(ScenarioError::Stale { key: scenario.key.clone(), why })
}

/// Applies a scenario to a world. Data that the scenario does not affect is shared with the original world.
///
/// # Errors
/// [`ChangeError`] if a changed record does not exist or a street change is invalid.
pub fn apply_scenario(world: &World, scenario: &Scenario) -> Result<World, ChangeError> {
    let (done, streets) = scenario.resolve_changes(&world.register)?;
    let (indices, streets): (Vec<usize>, Vec<StreetChange>) = streets.into_iter().unzip();
    let register = world.register.with_edits(world.register.version, &done);
    let applied = AppliedScenario {
        id: scenario.id,
        version: scenario.version,
        key: scenario.key.clone(),
        name: scenario.name.clone(),
    };
    world
        .with_scenario(applied, register, &streets)
        .map_err(|(n, why)| ChangeError { index: indices[n], why: why.to_string() })
}

/// Returns the message for a missing scenario argument, which lists the scenarios. `example` formats a correct call with the
/// key of one of them.
#[must_use]
pub fn missing_scenario_message(register: &Register, example: impl Fn(&str) -> String) -> String {
    /// Maximum number of keys to list.
    const LISTED: usize = 10;
    let scenarios = &register.scenarios;
    let Some(first) = scenarios.iter().next() else {
        return "names no scenario, and none exists yet. Create one with the mutation createScenario".to_owned();
    };
    let keys: Vec<&str> = scenarios.iter().take(LISTED).map(|s| s.key.as_str()).collect();
    let more = if scenarios.len() > LISTED { format!(" and {} more", scenarios.len() - LISTED) } else { String::new() };
    format!("names no scenario. Available: {}{more}. Example: {}", keys.join(", "), example(&first.key))
}

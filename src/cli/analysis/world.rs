//! The world that an analysis works on: the current city, or the city with a scenario.

use crate::cli::output::Failure;
use crate::cli::settings::Settings;

use walkshed_analysis as analysis;
use walkshed_analysis::world::World;

/// Loads the city and applies a scenario, given by its key.
pub async fn load_world(settings: &Settings, scenario: Option<&str>) -> Result<World, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let world = folder.world(&store).await?;
    store.close().await;
    match scenario {
        None => Ok(world),
        Some(key) => apply_scenario("--scenario", key, &world),
    }
}

/// Applies the scenario that `flag` names by its key.
pub fn apply_scenario(flag: &str, key: &str, world: &World) -> Result<World, Failure> {
    let known = &world.register.scenarios;
    let Some(scenario) = known.find(key) else {
        let keys: Vec<&str> = known.iter().map(|s| s.key.as_str()).collect();
        let all =
            if keys.is_empty() { "No scenarios exist".to_owned() } else { format!("Available: {}", keys.join(", ")) };
        return Err(format!("{flag} {key}: unknown scenario. {all}").into());
    };
    analysis::apply_scenario(world, scenario)
        .map_err(|e| format!("{flag} {key}: the scenario does not fit the current city: {e}").into())
}

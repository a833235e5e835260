//! Arguments that many fields share.

use crate::error::{bad_input, not_ready, too_many};
use crate::limits;
use async_graphql::{Context, Result};
use walkshed_analysis::world::World;
use walkshed_engine::{Deciseconds, Network};

/// Returns the network, or an error that says what to import.
pub fn require_network(world: &World) -> Result<&Network> {
    world.network().map_err(not_ready)
}

/// Checks that a time limit is more than 0 and within the maximum.
pub fn check_minutes(ctx: &Context<'_>, field: &str, minutes: f64) -> Result<Deciseconds> {
    let max = limits(ctx).max_minutes;
    if !(minutes > 0.0 && minutes.is_finite()) {
        return Err(bad_input(field, minutes, "must be more than 0 minutes"));
    }
    if minutes > max {
        let why = format!("{field}: {minutes} minutes exceeds the maximum ({max})");
        return Err(too_many("maxMinutes", why));
    }
    Ok(Deciseconds::from_minutes(minutes))
}

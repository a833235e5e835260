//! Arguments that many fields share.

use crate::context::limits;
use crate::error::{bad_input, invalid, not_found, not_ready, too_many, within_bound};
use crate::ids::NodeId;
use async_graphql::{Context, ID, Result};
use std::collections::HashSet;
use walkshed_analysis::world::World;
use walkshed_engine::{Deciseconds, Network};
use walkshed_register::{Kinds, RecordKind, RegionCode};

/// Returns the network, or an error that says what to import.
pub fn require_network(world: &World) -> Result<&Network> {
    world.network().map_err(|e| not_ready(e.as_str()))
}

/// Checks that a time limit is more than 0 and within the maximum.
pub fn check_minutes(ctx: &Context<'_>, field: &str, minutes: f64) -> Result<Deciseconds> {
    let max = limits(ctx).max_minutes;
    if !(minutes > 0.0 && minutes.is_finite()) {
        return Err(bad_input(field, minutes, "must be more than 0 minutes"));
    }
    if minutes > max {
        let why = format!("{field}: {minutes} minutes exceed the maximum ({max})");
        return Err(too_many("maxMinutes", why));
    }
    Ok(Deciseconds::from_minutes(minutes))
}

/// Converts ids of services to numbers, sorted and without duplicates.
pub fn service_numbers(field: &str, ids: &[ID]) -> Result<Vec<i64>> {
    let number =
        |id: &ID| NodeId::number_of(RecordKind::Service, id).ok_or_else(|| not_found(field, id, "service with the id"));
    let mut numbers: Vec<i64> = ids.iter().map(number).collect::<Result<_>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Converts keys or names of kinds to keys, without duplicates.
pub fn kind_keys(field: &str, kinds: &Kinds, given: &[String]) -> Result<Vec<String>> {
    let key =
        |text: &String| kinds.find(text).map(|k| k.key.clone()).ok_or_else(|| invalid(field, kinds.unknown(text)));
    let mut keys: Vec<String> = given.iter().map(key).collect::<Result<_>>()?;
    let mut seen = HashSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    Ok(keys)
}

/// Parses the code of a region in an argument.
pub fn region_code(field: &str, text: Option<&str>) -> Result<Option<RegionCode>> {
    text.map(|text| RegionCode::new(text).map_err(|e| bad_input(field, format_args!("\"{text}\""), e))).transpose()
}

/// Returns the distinct values of a list argument. Empty if it was omitted.
pub fn distinct_values<T: Copy + PartialEq>(ctx: &Context<'_>, field: &str, list: Option<Vec<T>>) -> Result<Vec<T>> {
    let list = list.unwrap_or_default();
    within_bound("maxListItems", field, list.len(), limits(ctx).max_list_items)?;
    Ok(distinct(&list))
}

/// Returns the distinct values of a list. There are few, however long the list is.
pub fn distinct<T: Copy + PartialEq>(list: &[T]) -> Vec<T> {
    let mut found = Vec::new();
    for word in list {
        if !found.contains(word) {
            found.push(*word);
        }
    }
    found
}

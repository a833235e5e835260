//! How a result was computed.

use crate::arguments::require_network;
use async_graphql::{Result, SimpleObject};
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Question};

/// A parameter of a result, given or default.
#[derive(SimpleObject, Clone)]
pub struct Parameter {
    /// The name of the parameter in the request.
    pub name: String,
    /// The value.
    pub value: String,
}

/// Explains how a result was computed, so that a figure in a report can be reproduced.
#[derive(SimpleObject)]
pub struct Explanation {
    /// The version of the data, which changes with every change to the data.
    pub world_version: String,
    /// The file that the streets were imported from.
    pub streets: String,
    /// The time of the import, RFC 3339 in UTC.
    pub streets_imported_at: String,
    /// All parameters. Omitted parameters have their default value.
    pub parameters: Vec<Parameter>,
    /// The method and the assumptions behind the travel times, one sentence each.
    pub method: Vec<String>,
}

impl From<analysis::Explanation> for Explanation {
    fn from(e: analysis::Explanation) -> Self {
        Self {
            world_version: e.world_version,
            streets: e.streets,
            streets_imported_at: e.streets_imported_at,
            parameters: e.parameters.into_iter().map(|(name, value)| Parameter { name, value }).collect(),
            method: e.method,
        }
    }
}

/// Explains a coverage.
pub fn explain(world: &World, question: &Question) -> Result<Explanation> {
    Ok(analysis::Explanation::new(world, require_network(world)?, question, &analysis::COVERAGE_METHOD).into())
}

//! The report of an import of streets.

use crate::osm::StreetRules;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The result of an import: shown to the user, stored in the prepared file, and returned by the query `dataset`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StreetsReport {
    /// The name of the extract.
    pub source: String,
    /// Time of the import, RFC 3339 in UTC.
    pub built_at: String,
    pub nodes_read: u64,
    pub ways_read: u64,
    pub street_ways: u64,
    pub kept_ways: u64,
    /// Street ways that were left out, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// Street ways kept for cyclists but closed to pedestrians by a default, by reason.
    pub closed_on_foot: BTreeMap<String, u64>,
    /// Street ways that are open only at the start and end of a trip: for residents, staff and the like.
    pub private_ways: u64,
    /// The access defaults that were used.
    pub rules: StreetRules,
    /// References to nodes missing from the extract. Ways are cut there.
    pub missing_nodes: u64,
    pub barriers: u64,
    /// Barriers that are open only at the start and end of a trip.
    pub private_barriers: u64,
    pub lifts: u64,
    pub plazas: u64,
    pub plaza_lines: u64,
    /// Plazas without lines across: rings not closed, or too many corners.
    pub plazas_not_crossed: u64,
    pub vertices: u64,
    pub edges: u64,
    pub length_km: f64,
    /// Segments by kind.
    pub kinds: BTreeMap<String, u64>,
    pub bridges: u64,
    pub tunnels: u64,
    /// Components disconnected from every network, and the segments in them.
    pub islands: u64,
    pub island_edges: u64,
    /// Disconnected components that off-network legs connect to nearby streets, and the number of legs.
    #[serde(default)]
    pub islands_joined: u64,
    #[serde(default)]
    pub off_network_legs: u64,
    /// Segments in restricted zones: passable only at the start and end of a trip.
    #[serde(default)]
    pub restricted_edges: u64,
    pub elevation: Vec<String>,
    /// Vertices without a height in the elevation files: in voids, or outside the files.
    pub vertices_without_height: u64,
    /// Vertices in voids. They take an interpolated height, or that of a neighbour.
    #[serde(default)]
    pub vertices_in_voids: u64,
    /// Vertices outside the files. They take the height of a neighbour.
    #[serde(default)]
    pub vertices_outside_elevation: u64,
    pub min_height_m: f64,
    pub max_height_m: f64,
    pub warnings: Vec<String>,
}

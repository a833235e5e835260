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
    /// Nodes in the extract.
    pub nodes_read: u64,
    /// Ways in the extract.
    pub ways_read: u64,
    /// Ways that are streets of any kind.
    pub street_ways: u64,
    /// Street ways that were kept.
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
    /// Barriers that stop somebody.
    pub barriers: u64,
    /// Barriers that are open only at the start and end of a trip.
    pub private_barriers: u64,
    /// Lifts on nodes.
    pub lifts: u64,
    /// Plazas.
    pub plazas: u64,
    /// Lines across plazas.
    pub plaza_lines: u64,
    /// Plazas without lines across: rings not closed, or too many corners.
    pub plazas_not_crossed: u64,
    /// Vertices of the network.
    pub vertices: u64,
    /// Edges of the network.
    pub edges: u64,
    /// Length of all streets, kilometres.
    pub length_km: f64,
    /// Segments by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Edges on bridges.
    pub bridges: u64,
    /// Edges in tunnels.
    pub tunnels: u64,
    /// Components disconnected from every network.
    pub islands: u64,
    /// Edges in disconnected components.
    pub island_edges: u64,
    /// Disconnected components that off-network legs connect to nearby streets.
    #[serde(default)]
    pub islands_joined: u64,
    /// Off-network legs.
    #[serde(default)]
    pub off_network_legs: u64,
    /// Segments in restricted zones: passable only at the start and end of a trip.
    #[serde(default)]
    pub restricted_edges: u64,
    /// The names of the elevation files.
    pub elevation: Vec<String>,
    /// Vertices without a height in the elevation files: in voids, or outside the files.
    pub vertices_without_height: u64,
    /// Vertices in voids. They take an interpolated height, or that of a neighbour.
    #[serde(default)]
    pub vertices_in_voids: u64,
    /// Vertices outside the files. They take the height of a neighbour.
    #[serde(default)]
    pub vertices_outside_elevation: u64,
    /// Height of the lowest vertex, metres above sea level.
    pub min_height_m: f64,
    /// Height of the highest vertex, metres above sea level.
    pub max_height_m: f64,
    /// Problems that users should know about.
    pub warnings: Vec<String>,
}

//! The data of an extract that matter to the network.

use super::barrier::NodeRule;
use super::way_class::{ExclusionReason, WayClass};
use crate::geo::Fixed;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// A kept way: its class, and its nodes as indices into [`Extract::nodes`].
#[derive(Debug, Clone)]
pub struct OsmWay {
    /// Index into [`Extract::classes`].
    pub class: u32,
    /// Indices into [`Extract::nodes`].
    pub refs: Vec<u32>,
}

/// A plaza: its class and its rings (closed, first node not repeated), exterior ring first.
#[derive(Debug, Clone)]
pub struct OsmArea {
    /// Index into [`Extract::classes`].
    pub class: u32,
    /// Indices into [`Extract::nodes`], ring by ring.
    pub rings: Vec<Vec<u32>>,
    /// Whether the rings are members of a multipolygon rather than a kept way.
    pub is_relation: bool,
}

/// Counts of what was read and what was left out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReadCounts {
    /// Nodes in the file.
    pub nodes: u64,
    /// Ways in the file.
    pub ways: u64,
    /// Relations in the file.
    pub relations: u64,
    /// Ways that are streets of any kind.
    pub street_ways: u64,
    /// Street ways that were kept.
    pub kept_ways: u64,
    /// Street ways that were left out, by reason.
    pub left_out: BTreeMap<ExclusionReason, u64>,
    /// Kept ways that are closed to pedestrians by a default, by reason.
    pub closed_on_foot: BTreeMap<ExclusionReason, u64>,
    /// Kept ways that are open only at the start and end of a trip: for residents, staff and the like.
    pub private_ways: u64,
    /// References to nodes missing from the extract. Ways are cut there.
    pub missing_nodes: u64,
    /// Barriers that stop somebody.
    pub barriers: u64,
    /// Barriers that are open only at the start and end of a trip.
    pub private_barriers: u64,
    /// Lifts on nodes.
    pub lifts: u64,
    /// Plaza multipolygons whose rings could not be closed.
    pub broken_areas: u64,
}

/// The relevant part of an extract.
#[derive(Debug, Default)]
pub struct Extract {
    /// The distinct classes of ways and plazas.
    pub classes: Vec<WayClass>,
    /// The kept ways.
    pub ways: Vec<OsmWay>,
    /// The plazas.
    pub areas: Vec<OsmArea>,
    /// Positions by node index; `None` if the node is missing from the extract.
    pub nodes: Vec<Option<Fixed>>,
    /// Rules of nodes, by node index.
    pub rules: HashMap<u32, NodeRule>,
    /// Counts of what was read.
    pub counts: ReadCounts,
}

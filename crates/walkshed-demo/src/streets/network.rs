//! The complete street network.

use super::builder::Way;
use super::tags::NodeTag;
use crate::landmarks::Landmark;
use std::collections::BTreeMap;
use walkshed_engine::geo::Fixed;

/// The complete street network.
pub struct Streets {
    pub nodes: Vec<Fixed>,
    pub ways: Vec<Way>,
    pub names: Vec<String>,
    /// Tagged features of nodes.
    pub node_tags: BTreeMap<u32, NodeTag>,
    /// Public street nodes of each site.
    pub nodes_by_site: Vec<Vec<u32>>,
    pub landmarks: Vec<Landmark>,
    /// Length of expressways and of streets on viaducts, kilometres.
    pub expressway_km: f64,
    pub viaduct_km: f64,
}

//! Planning standards as stored and as written in files. The analyses interpret them.

use serde::{Deserialize, Serialize};

/// A planning standard added by a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    /// Unique key of lower-case letters, digits and underscores.
    pub key: String,
    pub name: String,
    pub name_en: String,
    /// Source of the values.
    pub source: String,
    pub note: Option<String>,
    pub requirements: Vec<StandardRule>,
}

/// One requirement of a standard as written: facilities of a category or of kinds, within minutes or metres.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardRule {
    pub key: String,
    pub name: String,
    pub name_en: String,
    pub category: Option<String>,
    pub kinds: Option<Vec<String>>,
    pub minutes: Option<f64>,
    pub metres: Option<f64>,
    pub min_count: Option<usize>,
    pub places_per_1000: Option<f64>,
    pub circle: Option<u32>,
}

//! Regions: the city, its districts, towns and divisions. Their codes form a tree.

use super::code::RegionCode;
use geo::MultiPolygon;
use serde::{Deserialize, Serialize};

/// A region. It contains all divisions whose codes begin with its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    pub code: RegionCode,
    pub name: String,
    pub name_en: Option<String>,
    /// GeoJSON Polygon or MultiPolygon.
    pub outline: Option<String>,
}

impl Region {
    /// Creates a region without an outline.
    #[must_use]
    pub const fn new(code: RegionCode, name: String) -> Self {
        Self { id: 0, version: 0, code, name, name_en: None, outline: None }
    }

    /// Sets the outline from a GeoJSON geometry, or from the geometry of a Feature.
    pub fn set_outline(&mut self, text: Option<String>) {
        self.outline = text.map(|text| walkshed_engine::geo::geometry_of(&text).unwrap_or(text));
    }

    /// Returns the outline as a geometry; `None` if the region has no valid outline.
    #[must_use]
    pub fn area(&self) -> Option<MultiPolygon<f64>> {
        walkshed_engine::geo::read_area(self.outline.as_deref()?).ok()
    }
}

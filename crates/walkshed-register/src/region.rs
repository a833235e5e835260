//! Regions: the city, its districts, towns and divisions, a tree by code.

use super::code::RegionCode;
use super::rules::{Check, Problem, ProblemCode, Rules};
use geo::MultiPolygon;
use serde::{Deserialize, Serialize};

/// Longest outline, bytes of GeoJSON.
const MAX_OUTLINE: usize = 4 * 1024 * 1024;

/// A region; it holds all whose codes begin with its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// Counts its changes; 0 before it is stored.
    pub version: i64,
    pub code: RegionCode,
    pub name: String,
    pub name_en: Option<String>,
    /// A GeoJSON Polygon or MultiPolygon, where it is known.
    pub outline: Option<String>,
}

impl Region {
    /// A region without an outline.
    #[must_use]
    pub const fn new(code: RegionCode, name: String) -> Self {
        Self { id: 0, version: 0, code, name, name_en: None, outline: None }
    }

    /// Sets the outline from a geometry, or from a Feature, of which the geometry alone is kept.
    pub fn set_outline(&mut self, text: Option<String>) {
        self.outline = text.map(|text| walkshed_engine::geo::geometry_of(&text).unwrap_or(text));
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self, _: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        if let Err(why) = self.code.check_gaps() {
            check.add("code", ProblemCode::Invalid, why.to_string());
        }
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        if let Some(outline) = &self.outline {
            if outline.len() > MAX_OUTLINE {
                check.add("outline", ProblemCode::TooLong, format!("is longer than {MAX_OUTLINE} bytes"));
            } else if let Err(why) = walkshed_engine::geo::read_area(outline) {
                check.add("outline", ProblemCode::Invalid, why.to_string());
            }
        }
        check.done()
    }

    /// The outline as a geometry; `None` where none is known.
    #[must_use]
    pub fn area(&self) -> Option<MultiPolygon<f64>> {
        walkshed_engine::geo::read_area(self.outline.as_deref()?).ok()
    }
}

//! The records of the register.

use super::category::Category;
use crate::geo::Position;
use h3o::CellIndex;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A 12-digit statistical division code: province 2, city 2, district 2, town 3, village or community 3.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DivisionCode(String);

/// A text that is not a division code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a division code has 12 digits, such as 500106013004")]
pub struct CodeError;

impl DivisionCode {
    /// Checks and takes a code.
    ///
    /// # Errors
    /// [`CodeError`] unless it is 12 ASCII digits that do not begin with 0.
    pub fn new(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0'))
            .then(|| Self(text.to_owned()))
            .ok_or(CodeError)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DivisionCode {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        Self::new(&text)
    }
}

impl From<DivisionCode> for String {
    fn from(code: DivisionCode) -> Self {
        code.0
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A party-mass service center of a village or community.
#[derive(Debug, Clone, PartialEq)]
pub struct Center {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    pub code: DivisionCode,
    pub name: String,
    pub name_en: Option<String>,
    pub position: Position,
    pub address: Option<String>,
}

/// A place that offers services.
#[derive(Debug, Clone, PartialEq)]
pub struct Facility {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// The number or code it has where it comes from; unique.
    pub external_id: String,
    pub name: String,
    pub name_en: Option<String>,
    pub category: Category,
    pub position: Position,
    pub address: Option<String>,
    /// The center it is in.
    pub center: Option<DivisionCode>,
}

/// People who live in an H3 cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PopulationCell {
    pub cell: CellIndex,
    pub people: f64,
}

/// One import that was carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// `centers`, `facilities` or `population`.
    pub kind: String,
    /// Name of the file.
    pub source: String,
    /// RFC 3339, UTC.
    pub at: String,
    pub rows: u64,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub refused: u64,
}

/// Everything the register holds, as read from the store at one moment.
#[derive(Debug, Clone, Default)]
pub struct RegisterRows {
    /// Counts changes; grows with every one.
    pub version: u64,
    /// By id.
    pub centers: Vec<Center>,
    /// By id.
    pub facilities: Vec<Facility>,
    /// By cell.
    pub population: Vec<PopulationCell>,
    /// Newest first.
    pub imports: Vec<ImportRecord>,
}

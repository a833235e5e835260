//! Planning standards as they are kept and written in files. What they mean is for the analyses to say.

use super::rules::{Check, Problem, ProblemCode, Rules};
use serde::{Deserialize, Serialize};

/// A planning standard that a user has added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// Counts its changes; 0 before it is stored.
    pub version: i64,
    /// The key it goes by; unique, of lower-case letters, digits and underscores.
    pub key: String,
    pub name: String,
    pub name_en: String,
    /// Where its values are from.
    pub source: String,
    pub note: Option<String>,
    pub requirements: Vec<StandardRule>,
}

/// One thing a standard requires, as it is written: of a category or of kinds, within minutes or metres.
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

impl Standard {
    /// What is wrong with it as a record; whether it can be assessed is known when it is read.
    #[must_use]
    pub fn check(&self, _: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        check.key("key", &self.key);
        check.line("name", &self.name);
        check.line("name_en", &self.name_en);
        check.text("source", Some(&self.source));
        if self.source.trim().is_empty() {
            check.add("source", ProblemCode::Required, "is missing: where are the values from?");
        }
        check.text("note", self.note.as_deref());
        check.list("requirements", self.requirements.len());
        for rule in &self.requirements {
            check.line("requirements", &rule.key);
            check.line("requirements", &rule.name);
            check.line("requirements", &rule.name_en);
        }
        check.done()
    }
}

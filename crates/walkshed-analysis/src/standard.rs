//! Planning standards: lists of requirements as data. Standards are built in, configured, or added by users.

use crate::need::{Measure, Need, Part};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::{Table, Value};
use walkshed_engine::MAX_NEAREST;
use walkshed_register::query::FacilityCriteria;
use walkshed_register::{self as register, Category, KEY_RULE, Kinds, Register, StandardRule, is_key};

const BUILT_IN: &str = include_str!("standards.toml");

/// One requirement of a standard.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    pub key: String,
    pub name: String,
    pub name_en: String,
    /// Category that counts; `None` if kinds are given.
    pub category: Option<Category>,
    /// Keys of kinds, any of which counts; empty if a category is given.
    pub kinds: Vec<String>,
    /// Unit of the limit.
    pub measure: Measure,
    /// Limit in that unit, inclusive.
    pub limit: f64,
    /// Required number of facilities within the limit.
    pub min_count: usize,
    /// Required capacity of a region's facilities per 1,000 of its people.
    pub places_per_1000: Option<f64>,
    /// The living circle it belongs to, in minutes: 5, 10 or 15.
    pub circle: Option<u32>,
}

impl Requirement {
    /// Returns whether a distance, in the requirement's unit, is within the limit. `None` is beyond any limit.
    #[must_use]
    pub fn is_within(&self, distance: Option<f64>) -> bool {
        distance.is_some_and(|d| d <= self.limit)
    }

    /// Returns the requirement as a need.
    #[must_use]
    pub fn need(&self) -> Need {
        let criteria = FacilityCriteria {
            categories: self.category.into_iter().collect(),
            kinds: self.kinds.clone(),
            ..FacilityCriteria::default()
        };
        Need {
            parts: vec![Part { category: self.category, criteria }],
            measure: self.measure,
            limit: self.limit,
            min_count: self.min_count,
        }
    }
}

/// A planning standard.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    pub key: String,
    pub name: String,
    pub name_en: String,
    /// Source of its values.
    pub source: String,
    /// Caveats for reports.
    pub note: Option<String>,
    pub requirements: Vec<Requirement>,
}

/// The built-in and configured standards by key.
#[derive(Debug, Clone)]
pub struct Standards(Arc<BTreeMap<String, Standard>>);

/// An invalid standard of the configuration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("standards.{key}: {problem}")]
pub struct StandardError {
    pub key: String,
    pub problem: StandardProblem,
}

/// What is wrong with a standard.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StandardProblem {
    #[error("{KEY_RULE}")]
    Key,
    /// A missing, misspelled or wrong field, as reported by the TOML parser.
    #[error("{0}")]
    Field(String),
    #[error("has no requirements")]
    NoRequirements,
    #[error("has two requirements \"{0}\"")]
    DuplicateRequirement(String),
    #[error("requirement \"{key}\": {problem}")]
    Requirement { key: String, problem: RequirementProblem },
}

/// What is wrong with a requirement.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequirementProblem {
    #[error("give either minutes or metres")]
    Measure,
    #[error("{unit} = {limit} must be greater than 0 and at most {most}")]
    Limit { unit: &'static str, limit: f64, most: f64 },
    #[error("category {0}")]
    Category(String),
    #[error("give either a category or kinds")]
    CategoryOrKinds,
    #[error("{0}")]
    UnknownKind(String),
    #[error("min_count = {0} must be between 1 and {MAX_NEAREST}")]
    MinCount(usize),
    #[error("places_per_1000 = {0} must be greater than 0")]
    PlacesPer1000(f64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStandard {
    name: String,
    name_en: String,
    source: String,
    note: Option<String>,
    requirements: Vec<StandardRule>,
}

fn requirement(rule: StandardRule, kinds: &Kinds) -> Result<Requirement, RequirementProblem> {
    let (measure, limit) = match (rule.minutes, rule.metres) {
        (Some(minutes), None) => (Measure::Minutes, minutes),
        (None, Some(metres)) => (Measure::Metres, metres),
        _ => return Err(RequirementProblem::Measure),
    };
    let most = measure.horizon();
    if !(limit > 0.0 && limit <= most) {
        return Err(RequirementProblem::Limit { unit: measure.name(), limit, most });
    }
    let category = rule.category.as_deref().map(str::parse::<Category>).transpose();
    let category = category.map_err(|e| RequirementProblem::Category(e.to_string()))?;
    let named = rule.kinds.as_deref().unwrap_or_default();
    if category.is_some() != named.is_empty() {
        return Err(RequirementProblem::CategoryOrKinds);
    }
    let key = |text: &String| {
        let kind = kinds.find(text).map(|k| k.key.clone());
        kind.ok_or_else(|| RequirementProblem::UnknownKind(kinds.unknown(text)))
    };
    let kinds = named.iter().map(key).collect::<Result<_, _>>()?;
    let min_count = rule.min_count.unwrap_or(1);
    if !(1..=MAX_NEAREST).contains(&min_count) {
        return Err(RequirementProblem::MinCount(min_count));
    }
    if let Some(places) = rule.places_per_1000.filter(|p| !(*p > 0.0 && p.is_finite())) {
        return Err(RequirementProblem::PlacesPer1000(places));
    }
    Ok(Requirement {
        name: rule.name,
        name_en: rule.name_en,
        category,
        kinds,
        measure,
        limit,
        min_count,
        places_per_1000: rule.places_per_1000,
        circle: rule.circle,
        key: rule.key,
    })
}

fn requirements(rules: Vec<StandardRule>, kinds: &Kinds) -> Result<Vec<Requirement>, StandardProblem> {
    let read = |rule: StandardRule| {
        let key = rule.key.clone();
        requirement(rule, kinds).map_err(|problem| StandardProblem::Requirement { key, problem })
    };
    let requirements: Vec<Requirement> = rules.into_iter().map(read).collect::<Result<_, _>>()?;
    if requirements.is_empty() {
        return Err(StandardProblem::NoRequirements);
    }
    for (i, r) in requirements.iter().enumerate() {
        if requirements[..i].iter().any(|other| other.key == r.key) {
            return Err(StandardProblem::DuplicateRequirement(r.key.clone()));
        }
    }
    Ok(requirements)
}

fn check_key(key: &str) -> Result<(), StandardProblem> {
    if !is_key(key) {
        return Err(StandardProblem::Key);
    }
    Ok(())
}

fn read(key: &str, value: &Value, kinds: &Kinds) -> Result<Standard, StandardProblem> {
    check_key(key)?;
    let raw: RawStandard =
        value.clone().try_into().map_err(|e: toml::de::Error| StandardProblem::Field(e.message().to_owned()))?;
    Ok(Standard {
        key: key.to_owned(),
        name: raw.name,
        name_en: raw.name_en,
        source: raw.source,
        note: raw.note,
        requirements: requirements(raw.requirements, kinds)?,
    })
}

impl Standard {
    /// Reads a standard that a user has added.
    ///
    /// # Errors
    /// [`StandardProblem`].
    pub fn of_row(row: &register::Standard, kinds: &Kinds) -> Result<Self, StandardProblem> {
        check_key(&row.key)?;
        Ok(Self {
            key: row.key.clone(),
            name: row.name.clone(),
            name_en: row.name_en.clone(),
            source: row.source.clone(),
            note: row.note.clone(),
            requirements: requirements(row.requirements.clone(), kinds)?,
        })
    }
}

impl Standards {
    /// Returns the built-in standards and those of a configuration table (`[standards.KEY]`). A configured standard replaces a
    /// built-in one with the same key.
    ///
    /// # Errors
    /// [`StandardError`] with the key and the problem.
    pub fn with_custom(more: &Table, kinds: &Kinds) -> Result<Self, StandardError> {
        let built_in: Table =
            BUILT_IN.parse().unwrap_or_else(|e| unreachable!("a test parses the built-in standards: {e}"));
        let mut all = BTreeMap::new();
        for (key, value) in built_in.iter().chain(more) {
            let standard = read(key, value, kinds).map_err(|problem| StandardError { key: key.clone(), problem })?;
            all.insert(key.clone(), standard);
        }
        Ok(Self(Arc::new(all)))
    }

    /// Returns a built-in or configured standard by key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Standard> {
        self.0.get(key.trim())
    }

    /// Returns a standard by key: a built-in or configured one, or one that a user has added.
    #[must_use]
    pub fn of(&self, key: &str, register: &Register, kinds: &Kinds) -> Option<Standard> {
        let added = || register.standards.find(key.trim()).and_then(|row| Standard::of_row(row, kinds).ok());
        self.find(key).cloned().or_else(added)
    }

    /// Returns all keys, those of user-added standards last.
    #[must_use]
    pub fn keys<'s>(&'s self, register: &'s Register) -> Vec<&'s str> {
        self.all().map(|s| s.key.as_str()).chain(register.standards.iter().map(|s| s.key.as_str())).collect()
    }

    /// Returns the built-in and configured standards, ordered by key.
    pub fn all(&self) -> impl Iterator<Item = &Standard> {
        self.0.values()
    }
}

impl Default for Standards {
    fn default() -> Self {
        Self::with_custom(&Table::new(), &Kinds::default())
            .unwrap_or_else(|e| unreachable!("a test parses the built-in standards: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_built_in_standards() {
        let standards = Standards::default();
        let gb = standards.find("gb_50180_2018").unwrap();
        let of = |key: &str| gb.requirements.iter().find(|r| r.key == key).unwrap();
        for (key, metres, circle) in [
            ("kindergarten", 300.0, 5),
            ("primary_school", 500.0, 10),
            ("market", 500.0, 10),
            ("junior_school", 1000.0, 15),
        ] {
            let r = of(key);
            assert_eq!((r.measure, r.limit, r.circle), (Measure::Metres, metres, Some(circle)), "{key}");
        }
        assert_eq!(standards.find("service_circle").unwrap().requirements.len(), 7);
        assert!(standards.all().all(|s| !s.source.is_empty()));
    }

    #[test]
    fn parses_configured_standards_and_reports_errors() {
        let base = "[ours]\nname = \"x\"\nname_en = \"x\"\nsource = \"us\"\n";
        let rule = |rest: &str| {
            let text = format!("{base}[[ours.requirements]]\nkey = \"k\"\nname = \"x\"\nname_en = \"x\"\n{rest}");
            Standards::with_custom(&text.parse().unwrap(), &Kinds::default()).map_err(|e| e.to_string())
        };
        let ours = rule("kinds = [\"骑手驿站\"]\nminutes = 5\nmin_count = 2\nplaces_per_1000 = 3.5").unwrap();
        let r = &ours.find("ours").unwrap().requirements[0];
        assert_eq!((r.kinds.as_slice(), r.limit, r.min_count), (&["rider_rest_stop".to_owned()][..], 5.0, 2));
        assert!(ours.find("gb_50180_2018").is_some());
        for (rest, error) in [
            ("category = \"health_care\"", "either minutes or metres"),
            ("category = \"health_care\"\nminutes = 5\nmetres = 4", "either minutes or metres"),
            ("minutes = 5", "either a category or kinds"),
            ("category = \"health\"\nminutes = 5", "category is not one of the seven"),
            ("kinds = [\"moon base\"]\nminutes = 5", "moon base"),
            ("category = \"health_care\"\nminutes = -5", "minutes = -5"),
            ("category = \"health_care\"\nminutes = 5\nmin_count = 11", "min_count = 11"),
            ("category = \"health_care\"\nminutes = 5\nminuets = 5", "minuets"),
            ("category = \"health_care\"\nminutes = 5\nplaces_per_1000 = 0", "places_per_1000 = 0"),
        ] {
            let why = rule(rest).err().unwrap();
            assert!(why.starts_with("standards.ours: ") && why.contains(error), "{rest}: {why}");
        }
    }
}

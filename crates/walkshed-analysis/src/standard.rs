//! Planning standards: lists of what must be within which reach, as data. Shipped ones and those of the configuration.

use super::need::{Measure, Need, Part};
use super::wanted::Wishes;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::{Table, Value};
use walkshed_engine::MAX_NEAREST;
use walkshed_register::{self as register, Category, Kinds, Register, StandardRule};

const SHIPPED: &str = include_str!("standards.toml");

/// One thing a standard requires.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    pub key: String,
    pub name: String,
    pub name_en: String,
    pub category: Option<Category>,
    /// Facilities of any of these kinds.
    pub kinds: Vec<String>,
    pub measure: Measure,
    pub limit: f64,
    pub min_count: usize,
    /// Places for 1,000 people of the region that its facilities must have, where the standard says so.
    pub places_per_1000: Option<f64>,
    /// Minutes of the circle it belongs to: 5, 10 or 15.
    pub circle: Option<u32>,
}

impl Requirement {
    /// The need behind it.
    #[must_use]
    pub fn need(&self) -> Need {
        let wishes =
            Wishes { categories: self.category.into_iter().collect(), kinds: self.kinds.clone(), ..Wishes::default() };
        Need {
            parts: vec![Part { category: self.category, wishes }],
            measure: self.measure,
            limit: self.limit,
            min_count: self.min_count,
        }
    }
}

/// A standard.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    pub key: String,
    pub name: String,
    pub name_en: String,
    /// Where its values are from.
    pub source: String,
    pub note: Option<String>,
    pub requirements: Vec<Requirement>,
}

/// The standards in force, by key.
#[derive(Debug, Clone)]
pub struct Standards(Arc<BTreeMap<String, Standard>>);

/// Why a standard cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("standards.{key}: {why}")]
pub struct StandardError {
    pub key: String,
    pub why: String,
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

fn requirement(rule: StandardRule, kinds: &Kinds) -> Result<Requirement, String> {
    let told = |why: String| format!("requirement \"{}\": {why}", rule.key);
    let (measure, limit) = match (rule.minutes, rule.metres) {
        (Some(minutes), None) => (Measure::Minutes, minutes),
        (None, Some(metres)) => (Measure::Metres, metres),
        _ => return Err(told("give either minutes or metres".into())),
    };
    if !(limit > 0.0 && limit <= measure.horizon()) {
        return Err(told(format!(
            "{} = {limit} must be more than 0 and at most {}",
            measure.name(),
            measure.horizon()
        )));
    }
    let category =
        rule.category.as_deref().map(str::parse::<Category>).transpose().map_err(|e| told(format!("category {e}")))?;
    let named = rule.kinds.as_deref().unwrap_or_default();
    if category.is_some() != named.is_empty() {
        return Err(told("give either a category or kinds".into()));
    }
    let known = named.iter().map(|text| kinds.find(text).map(|k| k.key.clone()).ok_or_else(|| kinds.unknown(text)));
    let kinds = known.collect::<Result<_, _>>().map_err(told)?;
    let min_count = rule.min_count.unwrap_or(1);
    if !(1..=MAX_NEAREST).contains(&min_count) {
        return Err(told(format!("min_count = {min_count} is not between 1 and {MAX_NEAREST}")));
    }
    if let Some(places) = rule.places_per_1000.filter(|p| !(*p > 0.0 && p.is_finite())) {
        return Err(told(format!("places_per_1000 = {places} must be more than 0")));
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

fn check_key(key: &str) -> Result<(), String> {
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err("a key has lower-case letters, digits and underscores alone".into());
    }
    Ok(())
}

fn read(key: &str, value: &Value, kinds: &Kinds) -> Result<Standard, String> {
    check_key(key)?;
    let raw: RawStandard = value.clone().try_into().map_err(|e: toml::de::Error| e.message().to_owned())?;
    let (name, name_en, source, note) = (raw.name, raw.name_en, raw.source, raw.note);
    let requirements = requirements(raw.requirements, kinds)?;
    Ok(Standard { key: key.to_owned(), name, name_en, source, note, requirements })
}

fn requirements(rules: Vec<StandardRule>, kinds: &Kinds) -> Result<Vec<Requirement>, String> {
    let requirements: Vec<Requirement> =
        rules.into_iter().map(|rule| requirement(rule, kinds)).collect::<Result<_, _>>()?;
    if requirements.is_empty() {
        return Err("has no requirements".into());
    }
    for (i, r) in requirements.iter().enumerate() {
        if requirements[..i].iter().any(|other| other.key == r.key) {
            return Err(format!("has two requirements \"{}\"", r.key));
        }
    }
    Ok(requirements)
}

impl Standard {
    /// A standard that a user has added.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn of_row(row: &register::Standard, kinds: &Kinds) -> Result<Self, String> {
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
    /// The shipped standards and those of a table (`[standards.ours]`). One of the same key takes the place of a shipped one.
    ///
    /// # Errors
    /// [`StandardError`] naming the key and what is wrong with it.
    pub fn with_more(more: &Table, kinds: &Kinds) -> Result<Self, StandardError> {
        let shipped: Table =
            SHIPPED.parse().unwrap_or_else(|e| unreachable!("a test reads the shipped standards: {e}"));
        let mut all = BTreeMap::new();
        for (key, value) in shipped.iter().chain(more) {
            let standard = read(key, value, kinds).map_err(|why| StandardError { key: key.clone(), why })?;
            all.insert(key.clone(), standard);
        }
        Ok(Self(Arc::new(all)))
    }

    /// A standard by its key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Standard> {
        self.0.get(key.trim())
    }

    /// A standard by its key: of these, or one that a user has added.
    #[must_use]
    pub fn of(&self, key: &str, register: &Register, kinds: &Kinds) -> Option<Standard> {
        let added = || register.standards.find(key.trim()).and_then(|row| Standard::of_row(row, kinds).ok());
        self.find(key).cloned().or_else(added)
    }

    /// The keys of all of them, those that users have added last.
    #[must_use]
    pub fn keys<'s>(&'s self, register: &'s Register) -> Vec<&'s str> {
        self.all().map(|s| s.key.as_str()).chain(register.standards.iter().map(|s| s.key.as_str())).collect()
    }

    /// All of them, by key.
    pub fn all(&self) -> impl Iterator<Item = &Standard> {
        self.0.values()
    }
}

impl Default for Standards {
    fn default() -> Self {
        Self::with_more(&Table::new(), &Kinds::default())
            .unwrap_or_else(|e| unreachable!("a test reads the shipped standards: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_standards_can_be_read() {
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
    fn cities_write_their_own() {
        let base = "[ours]\nname = \"x\"\nname_en = \"x\"\nsource = \"us\"\n";
        let rule = |rest: &str| {
            let text = format!("{base}[[ours.requirements]]\nkey = \"k\"\nname = \"x\"\nname_en = \"x\"\n{rest}");
            Standards::with_more(&text.parse().unwrap(), &Kinds::default()).map_err(|e| e.to_string())
        };
        let ours = rule("kinds = [\"骑手驿站\"]\nminutes = 5\nmin_count = 2\nplaces_per_1000 = 3.5").unwrap();
        let r = &ours.find("ours").unwrap().requirements[0];
        assert_eq!((r.kinds.as_slice(), r.limit, r.min_count), (&["rider_rest_stop".to_owned()][..], 5.0, 2));
        assert!(ours.find("gb_50180_2018").is_some());
        for (rest, told) in [
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
            assert!(why.starts_with("standards.ours: ") && why.contains(told), "{rest}: {why}");
        }
    }
}

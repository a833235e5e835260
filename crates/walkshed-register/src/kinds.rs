//! Kinds of facility: a built-in list that the configuration can extend.

use super::category::Category;
use super::keyed_enum::plain_key;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::{Table, Value};

const BUILT_IN: &str = include_str!("kinds.toml");

/// One kind of facility.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacilityKind {
    pub key: String,
    /// In Chinese.
    pub name: String,
    pub name_en: String,
    /// The category of facilities of this kind that do not state one.
    pub category: Category,
}

/// The known kinds of facility, by key.
#[derive(Debug, Clone)]
pub struct Kinds(Arc<BTreeMap<String, FacilityKind>>);

/// An invalid entry of a `[kinds]` table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("kinds.{key}: {why}")]
pub struct KindError {
    key: String,
    why: String,
}

impl Default for Kinds {
    fn default() -> Self {
        Self::with_custom(&Table::new()).unwrap_or_else(|e| unreachable!("a test reads the built-in kinds: {e}"))
    }
}

impl Kinds {
    /// Returns the built-in kinds and those of a table (`[kinds.tea_house]` with `name`, `name_en`, `category`).
    ///
    /// # Errors
    /// [`KindError`] with the key and the reason.
    pub fn with_custom(more: &Table) -> Result<Self, KindError> {
        let built_in: Table = BUILT_IN.parse().unwrap_or_else(|e| unreachable!("a test reads the built-in kinds: {e}"));
        let mut all = BTreeMap::new();
        for (key, value) in built_in.iter().chain(more) {
            let kind = read_kind(key, value).map_err(|why| KindError { key: key.clone(), why })?;
            all.insert(key.clone(), kind);
        }
        Ok(Self(Arc::new(all)))
    }

    /// Finds a kind by its key, or by its name in either language.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&FacilityKind> {
        let key = plain_key(text);
        self.0.get(&key).or_else(|| self.0.values().find(|k| k.name == text.trim() || plain_key(&k.name_en) == key))
    }

    /// Iterates over all kinds, ordered by key.
    pub fn all(&self) -> impl Iterator<Item = &FacilityKind> {
        self.0.values()
    }

    /// Returns the error message for a text that is not a kind.
    #[must_use]
    pub fn unknown(&self, text: &str) -> String {
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let short: String = text.chars().take(80).collect();
        format!(
            "\"{short}\" is not a kind of facility; add it as [kinds.{}] to the configuration, or use one of {}",
            plain_key(&short),
            known.join(", ")
        )
    }
}

/// The rule for keys of kinds and standards, in words.
pub const KEY_RULE: &str = "a key may contain only lower-case letters, digits and underscores";

/// Returns whether a text is a valid key of a kind or standard.
#[must_use]
pub fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn read_kind(key: &str, value: &Value) -> Result<FacilityKind, String> {
    if !is_key(key) {
        return Err(KEY_RULE.into());
    }
    let table = value.as_table().ok_or("must be a table with name, name_en and category")?;
    if let Some(unknown) = table.keys().find(|k| !["name", "name_en", "category"].contains(&k.as_str())) {
        return Err(format!("unknown field \"{unknown}\". Allowed: name, name_en, category"));
    }
    let text = |field: &str| {
        let found = table.get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        found.ok_or_else(|| format!("{field} is missing"))
    };
    let category: Category = text("category")?.parse().map_err(|e| format!("category {e}"))?;
    Ok(FacilityKind { key: key.to_owned(), name: text("name")?.into(), name_en: text("name_en")?.into(), category })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_kinds_by_key_and_name() {
        let kinds = Kinds::default();
        for text in ["rider_rest_stop", "Rider rest stop", "骑手驿站", "rider-rest-stop"] {
            assert_eq!(kinds.find(text).map(|k| k.key.as_str()), Some("rider_rest_stop"), "{text}");
        }
        assert!(kinds.find("moon base").is_none());
        // Every category has kinds.
        for category in Category::ALL {
            assert!(kinds.all().any(|k| k.category == category), "{category}");
        }
    }

    #[test]
    fn configuration_adds_kinds() {
        let more = |text: &str| Kinds::with_custom(&text.parse().unwrap()).map_err(|e| e.to_string());
        let kinds =
            more("[tea_house]\nname = \"茶馆\"\nname_en = \"Tea house\"\ncategory = \"culture_sports\"").unwrap();
        assert_eq!(kinds.find("茶馆").map(|k| k.category), Some(Category::CultureSports));
        for (text, expected) in [
            ("[Tea]\nname = \"x\"", "lower-case"),
            ("[tea]\nname = \"x\"\nname_en = \"x\"\ncategory = \"tea\"", "category is not one of the seven"),
            ("[tea]\nname = \"x\"", "category is missing"),
            ("[tea]\nnmae = \"x\"", "unknown field \"nmae\""),
            ("tea = 1", "must be a table"),
        ] {
            assert!(more(text).unwrap_err().contains(expected), "{text}");
        }
    }
}

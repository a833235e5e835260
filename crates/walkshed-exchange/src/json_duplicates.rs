//! Finds duplicate member names in JSON objects. JSON parsers silently keep one of the values.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::fmt;

/// Maximum number of names returned.
const MAX_NAMES: usize = 40;

/// Returns the duplicate names, sorted; none for invalid JSON.
pub fn duplicate_names(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    // The actual parser reports syntax errors.
    let _ = Walk(&mut found).deserialize(&mut reader);
    found
}

struct Walk<'f>(&'f mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if names.contains(&name) {
                if self.0.len() < MAX_NAMES {
                    self.0.insert(name.into_owned());
                }
            } else {
                names.insert(name);
            }
            map.next_value_seed(Walk(self.0))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Walk(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| ())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_duplicate_names_at_any_depth() {
        let of = |text: &str| duplicate_names(text).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(of(r#"{"a": 1, "b": [{"c": 1, "c": "x"}, {"c": null}], "a": 2.5}"#), "a c");
        assert_eq!(of(r#"{"a": {"b": true}, "b": {"a": -1}}"#), "");
        assert_eq!((of("no json"), of("")), (String::new(), String::new()));
    }
}

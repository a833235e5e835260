//! The tags of one OpenStreetMap element.

/// Key-value pairs of one element. Elements have few tags, so searching a list is faster than building a map.
#[derive(Debug, Default)]
pub struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    /// Returns whether the key has this value.
    #[must_use]
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// Returns whether the key has one of these values.
    #[must_use]
    pub fn is_any(&self, key: &str, values: &[&str]) -> bool {
        self.get(key).is_some_and(|v| values.contains(&v))
    }

    /// Returns whether the key is set to a value other than `no`.
    #[must_use]
    pub fn yes(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| v != "no")
    }

    /// Returns whether the key is set to `yes` or `designated`.
    #[must_use]
    pub fn says_yes(&self, key: &str) -> bool {
        self.is_any(key, &["yes", "designated"])
    }

    /// Iterates over all keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.0.iter().copied()
    }

    /// Replaces all tags, reusing the allocation.
    pub fn refill(&mut self, tags: impl Iterator<Item = (&'a str, &'a str)>) {
        self.0.clear();
        self.0.extend(tags);
    }

    /// Returns whether there are no tags.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Tags<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

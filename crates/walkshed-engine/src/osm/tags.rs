//! The tags of one OpenStreetMap element.

/// Key-value pairs of one element; few, so a list is searched faster than a map is built.
#[derive(Debug, Default)]
pub struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    /// Does the key have this value?
    #[must_use]
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// Does the key have one of these values?
    #[must_use]
    pub fn is_any(&self, key: &str, values: &[&str]) -> bool {
        self.get(key).is_some_and(|v| values.contains(&v))
    }

    /// Is the key there with a value that is not `no`?
    #[must_use]
    pub fn yes(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| v != "no")
    }

    /// All keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.0.iter().copied()
    }

    /// Refills the list, reusing its memory.
    pub fn refill(&mut self, tags: impl Iterator<Item = (&'a str, &'a str)>) {
        self.0.clear();
        self.0.extend(tags);
    }

    /// Are there no tags?
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

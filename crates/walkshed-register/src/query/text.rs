//! Case-insensitive text search.

/// A search text. Letter case does not matter.
///
/// ```
/// use walkshed_register::query::SearchText;
///
/// let text = SearchText::new(" CLINIC ").unwrap();
/// assert!(text.occurs_in([Some("石坪桥诊所"), Some("Shipingqiao Clinic")]));
/// assert_eq!(SearchText::new("  "), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Creates a search text; `None` for a blank text, which restricts nothing.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        (!text.is_empty()).then_some(Self(text))
    }

    /// Returns whether the search text occurs in any of the texts.
    #[must_use]
    pub fn occurs_in<'a>(&self, texts: impl IntoIterator<Item = Option<&'a str>>) -> bool {
        // Most names have no upper-case letters, for which no copy is needed.
        texts.into_iter().flatten().any(|text| text.contains(&self.0) || text.to_lowercase().contains(&self.0))
    }
}

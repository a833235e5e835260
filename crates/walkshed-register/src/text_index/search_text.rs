//! Case-insensitive text search: what matches.

use super::initials::{code, initials};
use crate::center::Center;
use crate::facility::Facility;
use crate::record::Record;
use crate::suggestion::Suggestion;
use std::borrow::Cow;

/// A record type with text search.
pub trait Searchable: Record {
    /// Returns the texts that are searched.
    fn searched_texts(&self) -> [Option<&str>; 4];

    /// Returns the name that pinyin initials are searched in.
    fn pinyin_name(&self) -> Option<&str>;
}

impl Searchable for Center {
    fn searched_texts(&self) -> [Option<&str>; 4] {
        [Some(&self.name), self.name_en.as_deref(), self.address.as_deref(), Some(self.code.as_str())]
    }

    fn pinyin_name(&self) -> Option<&str> {
        Some(&self.name)
    }
}

impl Searchable for Facility {
    fn searched_texts(&self) -> [Option<&str>; 4] {
        [Some(&self.name), self.name_en.as_deref(), self.address.as_deref(), Some(&self.external_id)]
    }

    fn pinyin_name(&self) -> Option<&str> {
        Some(&self.name)
    }
}

impl Searchable for Suggestion {
    /// Contact details are personal data. They are not searched, because a search would reveal them.
    fn searched_texts(&self) -> [Option<&str>; 4] {
        [Some(&self.text), self.place.as_deref(), self.answer.as_deref(), self.done_note.as_deref()]
    }

    fn pinyin_name(&self) -> Option<&str> {
        None
    }
}

/// A search text. Letter case does not matter. A text of two or more Latin letters and digits, at least one of them a letter,
/// also matches the pinyin initials of a name.
///
/// ```
/// use walkshed_register::query::SearchText;
///
/// let text = SearchText::new(" CLINIC ").unwrap();
/// assert!(text.occurs_in([Some("石坪桥诊所"), Some("Shipingqiao Clinic")]));
/// assert!(SearchText::new("cqyz").unwrap().matches_initials("重庆一中"));
/// assert_eq!(SearchText::new("  "), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText {
    /// In lower case.
    text: String,
    /// The same as codes of initials; empty if the text cannot match initials.
    initials: Vec<u32>,
}

impl SearchText {
    /// Creates a search text; `None` for a blank text, which restricts nothing.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let codes: Option<Vec<u32>> = text.chars().map(code).collect();
        let has_letter = text.bytes().any(|byte| byte.is_ascii_lowercase());
        let initials = codes.filter(|codes| codes.len() > 1 && has_letter).unwrap_or_default();
        (!text.is_empty()).then_some(Self { text, initials })
    }

    /// Returns whether the search text matches a record.
    #[must_use]
    pub fn matches(&self, record: &impl Searchable) -> bool {
        self.occurs_in(record.searched_texts())
            || (!self.initials.is_empty() && record.pinyin_name().is_some_and(|name| self.matches_initials(name)))
    }

    /// Returns whether the search text occurs in any of the texts.
    #[must_use]
    pub fn occurs_in<'a>(&self, texts: impl IntoIterator<Item = Option<&'a str>>) -> bool {
        texts.into_iter().flatten().any(|text| lowercase(text).contains(&self.text))
    }

    /// Returns whether the search text is a run of the pinyin initials of a name. A Chinese character has the first letter of
    /// each of its readings, a Latin letter or digit has itself; other characters are skipped.
    #[must_use]
    pub fn matches_initials(&self, name: &str) -> bool {
        if self.initials.is_empty() {
            return false;
        }
        let name: Vec<_> = initials(name).collect();
        name.windows(self.initials.len())
            .any(|run| run.iter().zip(&self.initials).all(|(initials, &code)| initials.contains(code)))
    }

    /// Returns the characters of the text in lower case.
    pub(super) fn symbols(&self) -> Vec<u32> {
        self.text.chars().map(u32::from).collect()
    }

    /// Returns the text as codes of initials; empty if it cannot match initials.
    pub(super) fn initials(&self) -> &[u32] {
        &self.initials
    }
}

/// Converts a text to lower case. Most texts have no letters with case, for which no copy is made.
pub(super) fn lowercase(text: &str) -> Cow<'_, str> {
    if text.chars().any(may_have_case) { text.to_lowercase().into() } else { text.into() }
}

/// Returns whether a character may change in lower case. Chinese characters and punctuation do not.
fn may_have_case(c: char) -> bool {
    match c {
        '\0'..='\u{7f}' => c.is_ascii_uppercase(),
        '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ff20}' => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_without_case_are_unchanged_and_lower_case_is_stable() {
        for c in '\0'..=char::MAX {
            let lower: String = c.to_lowercase().collect();
            assert!(may_have_case(c) || lower.chars().eq([c]), "{c}");
            // A text in lower case is found in a text in lower case without further conversion.
            assert_eq!(lower.to_lowercase(), lower, "{c}");
        }
    }

    #[test]
    fn initials_need_two_characters_and_a_letter() {
        let matches = |text: &str, name: &str| SearchText::new(text).unwrap().matches_initials(name);
        assert!(matches("sqfw", "石桥社区服务中心") && matches("FWZX", "石桥社区服务中心"));
        assert!(matches("d3s", "第3社区") && matches("sqesq", "石桥（二）社区") && matches("clj", "长乐街"));
        assert!(!matches("s", "石桥") && !matches("33", "3-3") && !matches("sq中", "石桥中") && !matches("qs", "石桥"));
    }
}

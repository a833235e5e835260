//! Pinyin initials of names.

use pinyin::ToPinyinMulti;

/// The initials that a character of a name matches, as a set of letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Initials(u64);

impl Initials {
    /// Iterates over the initials.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        (0..36).filter(move |bit| self.0 & (1 << bit) != 0)
    }

    /// Returns whether an initial, as returned by [`code`], is in the set.
    pub fn contains(self, code: u32) -> bool {
        self.0 & (1 << code) != 0
    }
}

/// Returns the number of a letter or digit in a set of initials; `None` for another character.
pub(super) fn code(c: char) -> Option<u32> {
    c.to_ascii_lowercase().to_digit(36)
}

/// Iterates over the initials of the characters of a name. A Chinese character has the first letter of each of its readings,
/// a Latin letter or digit has itself. Other characters are skipped.
pub(super) fn initials(name: &str) -> impl Iterator<Item = Initials> {
    name.chars().filter_map(|c| {
        if let Some(code) = code(c) {
            return Some(Initials(1 << code));
        }
        let readings = c.to_pinyin_multi()?.into_iter();
        let first = readings.filter_map(|reading| match reading.plain().chars().next()? {
            'ê' => code('e'),
            letter => code(letter),
        });
        Some(Initials(first.fold(0, |set, code| set | 1 << code))).filter(|set| set.0 != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> Vec<String> {
        let letter = |code| char::from_digit(code, 36).unwrap();
        initials(name).map(|set| set.iter().map(letter).collect()).collect()
    }

    #[test]
    fn characters_have_the_initials_of_all_readings() {
        assert_eq!(text("重庆一中（A-3）"), ["ctz", "q", "y", "z", "a", "3"]);
        assert_eq!(text("绿园é "), ["l", "wy"]);
    }
}

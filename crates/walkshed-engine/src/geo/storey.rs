//! Storeys: whether a place is below, on, or above the ground decides which ways it can be snapped to.

use super::position::{Fixed, Position};

/// The storey of a place, as far as it matters for snapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Storey {
    /// On the ground, or unknown.
    #[default]
    Ground,
    /// Below the ground: metro platforms, passages, shopping basements.
    Below,
    /// Above the ground: upper storeys of a mall or a station.
    Above,
}

impl Storey {
    /// Converts an OpenStreetMap `level`, where 0 is the ground.
    #[must_use]
    pub fn of_level(level: f64) -> Self {
        if level < 0.0 {
            Self::Below
        } else if level > 0.0 {
            Self::Above
        } else {
            Self::Ground
        }
    }

    /// Parses a storey as written on signs, where 1 is the ground floor: `-1`, `B2`, `负一楼`, `地下一层`, `LG`, `3F`, `三楼`. A
    /// list of storeys (`B1、1`) is on the ground if the storeys differ. Unrecognized text means the ground.
    #[must_use]
    pub fn of_floor(text: &str) -> Self {
        let text = text.to_lowercase().replace("/f", "f");
        let parts = text.split(['、', ',', '，', ';', '；', '/', '~', '至', '到', '和', '&']).map(str::trim);
        let mut all = parts.filter(|part| !part.is_empty()).map(Self::of_one_floor);
        let Some(first) = all.next() else { return Self::Ground };
        if all.all(|other| other == first) { first } else { Self::Ground }
    }

    fn of_one_floor(part: &str) -> Self {
        const BELOW: [&str; 7] = ["负", "地下", "basement", "underground", "lower ground", "lg", "b"];
        const DIGITS: &str = "一二三四五六七八九";
        let first_digit = part.find(|c: char| c.is_ascii_digit());
        let sign = part.strip_prefix(['-', '−', '－']);
        let is_word = |word: &str| match part.strip_prefix(word) {
            // "b" means a basement only before a number or alone.
            Some(rest) if word.len() <= 2 => rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()),
            Some(_) => true,
            None => false,
        };
        let ends_below = part.strip_suffix('b').is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
        if BELOW.iter().any(|word| is_word(word)) || ends_below {
            return Self::Below;
        }
        if let Some(rest) = sign {
            return if rest.starts_with(|c: char| c.is_ascii_digit() && c != '0' || DIGITS.contains(c)) {
                Self::Below
            } else {
                Self::Ground
            };
        }
        // A range such as 1-3 counts as its first storey.
        let number = first_digit.map(|at| {
            let digits = part[at..].find(|c: char| !c.is_ascii_digit()).map_or(&part[at..], |end| &part[at..at + end]);
            digits.parse::<u32>().unwrap_or(0)
        });
        let by_word = part.starts_with(['二', '三', '四', '五', '六', '七', '八', '九', '十']);
        if number.is_some_and(|n| n > 1) || number.is_none() && by_word { Self::Above } else { Self::Ground }
    }
}

/// A position and its storey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The position.
    pub at: Fixed,
    /// The storey.
    pub storey: Storey,
}

impl From<Fixed> for Place {
    fn from(at: Fixed) -> Self {
        Self { at, storey: Storey::Ground }
    }
}

impl From<Position> for Place {
    fn from(at: Position) -> Self {
        Self::from(Fixed::from(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_floor_signs() {
        for (text, storey) in [
            ("-1", Storey::Below),
            ("－2", Storey::Below),
            ("B1", Storey::Below),
            ("b2", Storey::Below),
            ("B1F", Storey::Below),
            ("2B", Storey::Below),
            ("负一楼", Storey::Below),
            ("-1楼", Storey::Below),
            ("地下一层", Storey::Below),
            ("LG", Storey::Below),
            ("LG2", Storey::Below),
            ("Basement", Storey::Below),
            ("B1, B2", Storey::Below),
            ("1", Storey::Ground),
            ("1F", Storey::Ground),
            ("F1", Storey::Ground),
            ("G", Storey::Ground),
            ("0", Storey::Ground),
            ("-", Storey::Ground),
            ("", Storey::Ground),
            ("一楼", Storey::Ground),
            ("B1、1", Storey::Ground),
            ("1-3", Storey::Ground),
            ("Building 1", Storey::Ground),
            ("blue hall", Storey::Ground),
            ("3", Storey::Above),
            ("3F", Storey::Above),
            ("L2", Storey::Above),
            ("二楼", Storey::Above),
            ("2/F", Storey::Above),
        ] {
            assert_eq!(Storey::of_floor(text), storey, "{text:?}");
        }
    }
}

//! Dates of reduced precision: "2005-09" is a month, and stays a month.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A year, a month or a day (ISO 8601 with reduced precision).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PartialDate {
    Year(i16),
    Month(i16, i8),
    Day(Date),
}

/// A text that is not a year, month or day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a day, month or year such as 2025-04-12, 2025-04 or 2025")]
pub struct PartialDateError;

impl PartialDate {
    /// Returns the first day of the period.
    #[must_use]
    pub fn first_day(self) -> Date {
        match self {
            Self::Year(year) => Date::new(year, 1, 1).unwrap_or(Date::MIN),
            Self::Month(year, month) => Date::new(year, month, 1).unwrap_or(Date::MIN),
            Self::Day(day) => day,
        }
    }

    /// Returns the last day of the period.
    #[must_use]
    pub fn last_day(self) -> Date {
        match self {
            Self::Year(year) => Date::new(year, 12, 31).unwrap_or(Date::MAX),
            Self::Month(..) => self.first_day().last_of_month(),
            Self::Day(day) => day,
        }
    }
}

impl FromStr for PartialDate {
    type Err = PartialDateError;

    fn from_str(text: &str) -> Result<Self, PartialDateError> {
        let text = text.trim();
        let year = |part: &str| (part.len() == 4).then(|| part.parse::<i16>().ok()).flatten().filter(|y| *y > 0);
        match text.split('-').collect::<Vec<_>>()[..] {
            [y] => year(y).map(Self::Year),
            [y, m] if m.len() == 2 => {
                let (year, month) = (year(y).ok_or(PartialDateError)?, m.parse().map_err(|_| PartialDateError)?);
                Date::new(year, month, 1).ok().map(|d| Self::Month(d.year(), d.month()))
            }
            [y, m, d] if m.len() == 2 && d.len() == 2 => year(y).and_then(|_| text.parse().ok()).map(Self::Day),
            _ => None,
        }
        .ok_or(PartialDateError)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(day) => day.fmt(f),
        }
    }
}

impl TryFrom<String> for PartialDate {
    type Error = PartialDateError;

    fn try_from(text: String) -> Result<Self, PartialDateError> {
        text.parse()
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_precision_of_the_input() {
        for text in ["2005-09", "2025", "2025-04-12", "0987-01-01"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
        for invalid in ["", "05", "2025-4", "2025-13", "2025-02-30", "2025-04-1", "2025-04-12T00:00", "April", "-2025"]
        {
            assert_eq!(invalid.parse::<PartialDate>(), Err(PartialDateError), "{invalid}");
        }
        let month: PartialDate = "2024-02".parse().unwrap();
        assert_eq!(
            (month.first_day().to_string(), month.last_day().to_string()),
            ("2024-02-01".into(), "2024-02-29".into())
        );
    }
}

//! Periods of whole days.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use walkshed_register::{Register, to_civil_date, to_naive_date};

/// Maximum length of a period in days.
const MAX_DAYS: i32 = 3660;
/// A range of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// Why two days do not form a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("ends on {to}, before its start on {from}")]
    Backwards { from: Date, to: Date },
    #[error("has {days} days; the maximum is {MAX_DAYS}")]
    TooLong { days: i32 },
}

impl Period {
    /// Creates a period.
    ///
    /// # Errors
    /// [`PeriodError`] if it ends before it starts or is longer than 3,660 days.
    pub fn new(from: Date, to: Date) -> Result<Self, PeriodError> {
        if to < from {
            return Err(PeriodError::Backwards { from, to });
        }
        let period = Self { from, to };
        if period.days() > MAX_DAYS { Err(PeriodError::TooLong { days: period.days() }) } else { Ok(period) }
    }

    /// Creates the period of a number of days that ends with `to`.
    #[must_use]
    pub fn last(days: i32, to: Date) -> Self {
        Self { from: to.saturating_sub((days - 1).days()), to }
    }

    /// Returns the number of days.
    #[must_use]
    pub fn days(self) -> i32 {
        (to_naive_date(self.to) - to_naive_date(self.from)).num_days() as i32 + 1
    }

    pub(super) fn middle(self) -> Date {
        to_civil_date(to_naive_date(self.from) + chrono::TimeDelta::days(i64::from(self.days() / 2)))
    }

    /// Returns the start (inclusive) and the end (exclusive) as timestamps in the register's time zone.
    #[must_use]
    pub fn moments(self, register: &Register) -> (Timestamp, Timestamp) {
        let zone = register.calendar.zone;
        let midnight = |day: Date| zone.moment(to_naive_date(day).and_time(chrono::NaiveTime::MIN));
        (midnight(self.from), midnight(self.to.saturating_add(1.day())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_include_both_ends() {
        let day = |m, d| jiff::civil::date(2026, m, d);
        let march = Period::new(day(3, 1), day(3, 31)).unwrap();
        assert_eq!((march.days(), march.middle()), (31, day(3, 16)));
        assert_eq!(Period::last(7, day(3, 7)), Period { from: day(3, 1), to: day(3, 7) });
        assert!(Period::new(day(3, 2), day(3, 1)).is_err());
        assert!(Period::new(jiff::civil::date(1990, 1, 1), day(1, 1)).is_err());
    }
}

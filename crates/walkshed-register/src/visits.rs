//! Visits: how many people came to a center, by day, and where it is known by hour and audience.

use super::rules::{Check, Problem, ProblemCode, Rules};
use super::words::Audience;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// All counts of one center on one day. A day is replaced whole, so that a correction never adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitDay {
    /// Number of the center.
    pub center: i64,
    pub day: Date,
    /// Empty takes the day away.
    pub counts: Vec<VisitCount>,
}

/// How many came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VisitCount {
    /// Hour of the day, 0 to 23; `None` for the whole day.
    pub hour: Option<u8>,
    /// Who came. Counts of `everyone` hold those of all others.
    pub audience: Audience,
    pub count: u32,
}

/// Most that one count may be: more is a slip of the pen.
const MAX_COUNT: u32 = 10_000_000;

impl VisitDay {
    /// What is wrong with it.
    #[must_use]
    pub fn check(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        if rules.register.centers.get(self.center).is_none() {
            check.add("center", ProblemCode::NotFound, "does not exist");
        }
        check.list("counts", self.counts.len());
        let mut seen: Vec<(Audience, Option<u8>)> = Vec::new();
        for c in &self.counts {
            if c.hour.is_some_and(|h| h > 23) {
                check.add(
                    "hour",
                    ProblemCode::Invalid,
                    format!("{} is not between 0 and 23", c.hour.unwrap_or_default()),
                );
            }
            if c.count > MAX_COUNT {
                check.add("count", ProblemCode::Invalid, format!("{} is more than {MAX_COUNT}", c.count));
            }
            if seen.contains(&(c.audience, c.hour)) {
                check.add("counts", ProblemCode::Taken, format!("has two counts of {} for one hour", c.audience));
            }
            let (whole, hourly) = (c.hour.is_none(), c.hour.is_some());
            if seen.iter().any(|(a, h)| *a == c.audience && (h.is_none() && hourly || h.is_some() && whole)) {
                let why = format!("of {} are by the hour and for the whole day: give one of the two", c.audience);
                check.add("counts", ProblemCode::Invalid, why);
            }
            seen.push((c.audience, c.hour));
        }
        check.done()
    }

    /// The counts in one order, so that two days can be compared.
    pub fn sort(&mut self) {
        self.counts.sort_unstable_by_key(|c| (c.audience, c.hour));
    }
}

/// Visits on one day, of `audience` or of all. A total is the count of `everyone`, or where that was not counted the sum
/// of all audiences.
#[must_use]
pub fn total(counts: &[VisitCount], audience: Option<Audience>) -> u64 {
    let of = |a: Audience| {
        let mut found = counts.iter().filter(|c| c.audience == a).peekable();
        found.peek().is_some().then(|| found.map(|c| u64::from(c.count)).sum::<u64>())
    };
    match audience {
        Some(audience) => of(audience).unwrap_or_default(),
        None => of(Audience::Everyone).unwrap_or_else(|| counts.iter().map(|c| u64::from(c.count)).sum()),
    }
}

/// The days of one center, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CenterVisits {
    days: Vec<Date>,
    /// Where the counts of each day begin.
    first: Vec<u32>,
    counts: Vec<VisitCount>,
}

impl CenterVisits {
    /// Adds a day; they must come in order.
    pub fn push(&mut self, day: Date, counts: &[VisitCount]) {
        if counts.is_empty() {
            return;
        }
        self.days.push(day);
        self.first.push(self.counts.len() as u32);
        self.counts.extend_from_slice(counts);
    }

    /// The same visits with one day replaced.
    #[must_use]
    pub fn with_day(&self, day: Date, counts: &[VisitCount]) -> Self {
        let mut next = Self::default();
        let place = self.days.partition_point(|d| *d < day);
        for i in 0..place {
            next.push(self.days[i], self.counts_of(i));
        }
        next.push(day, counts);
        for i in place..self.days.len() {
            if self.days[i] != day {
                next.push(self.days[i], self.counts_of(i));
            }
        }
        next
    }

    fn counts_of(&self, i: usize) -> &[VisitCount] {
        let end = self.first.get(i + 1).map_or(self.counts.len(), |&n| n as usize);
        &self.counts[self.first[i] as usize..end]
    }

    /// The days in a range, both ends included, with their counts.
    pub fn between(&self, from: Date, to: Date) -> impl Iterator<Item = (Date, &[VisitCount])> {
        let (low, high) = (self.days.partition_point(|d| *d < from), self.days.partition_point(|d| *d <= to));
        (low..high.max(low)).map(|i| (self.days[i], self.counts_of(i)))
    }

    /// The counts of a day; empty where nothing was counted.
    #[must_use]
    pub fn on(&self, day: Date) -> &[VisitCount] {
        self.days.binary_search(&day).map_or(&[], |i| self.counts_of(i))
    }

    /// The first and the last day that were counted.
    #[must_use]
    pub fn span(&self) -> Option<(Date, Date)> {
        Some((*self.days.first()?, *self.days.last()?))
    }

    /// How many days were counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Was nothing counted?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn count(hour: Option<u8>, audience: Audience, count: u32) -> VisitCount {
        VisitCount { hour, audience, count }
    }

    #[test]
    fn totals_do_not_count_twice() {
        let groups = [count(None, Audience::Couriers, 100), count(None, Audience::Elderly, 20)];
        assert_eq!((total(&groups, None), total(&groups, Some(Audience::Couriers))), (120, 100));
        let both =
            [count(Some(9), Audience::Everyone, 80), count(Some(10), Audience::Everyone, 70), groups[0], groups[1]];
        assert_eq!((total(&both, None), total(&both, Some(Audience::Children))), (150, 0));
        assert_eq!(total(&[], None), 0);
    }

    #[test]
    fn a_day_is_replaced_and_never_added_twice() {
        let day = |n| date(2026, 5, n);
        let mut visits = CenterVisits::default();
        for n in [1, 3, 5] {
            visits.push(day(n), &[count(None, Audience::Everyone, n as u32)]);
        }
        let changed = visits.with_day(day(3), &[count(None, Audience::Everyone, 30)]);
        let again = changed.with_day(day(3), &[count(None, Audience::Everyone, 30)]);
        assert_eq!(changed, again);
        let list: Vec<u64> = changed.between(day(1), day(5)).map(|(_, c)| total(c, None)).collect();
        assert_eq!(list, [1, 30, 5]);
        assert_eq!(visits.with_day(day(4), &[count(None, Audience::Everyone, 4)]).len(), 4);
        assert_eq!(visits.with_day(day(3), &[]).len(), 2);
        assert_eq!(visits.with_day(day(9), &[]), visits);
        assert_eq!((changed.on(day(2)).len(), changed.span()), (0, Some((day(1), day(5)))));
        assert_eq!(visits.between(day(6), day(2)).count(), 0);
    }
}

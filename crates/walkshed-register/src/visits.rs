//! Visit counts of centers, by day and optionally by hour and audience.

use super::vocabulary::Audience;
use jiff::civil::Date;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All visit counts of one center on one day. A day is always replaced as a whole, so that a correction cannot count twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitDay {
    /// Id of the center.
    pub center: i64,
    pub day: Date,
    /// An empty list deletes the day.
    pub counts: Vec<VisitCount>,
}

/// A number of visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VisitCount {
    /// Hour of the day, 0 to 23; `None` for the whole day.
    pub hour: Option<u8>,
    /// The audience counted. `everyone` includes all other audiences.
    pub audience: Audience,
    pub count: u32,
}

impl VisitDay {
    /// Sorts the counts, so that days can be compared.
    pub fn sort(&mut self) {
        self.counts.sort_unstable_by_key(|c| (c.audience, c.hour));
    }
}

/// Returns the visits of an audience on one day, or of all audiences. The total is the count of `everyone` if there is one,
/// or else the sum over all audiences.
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

/// The visit counts of one center, by day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CenterVisits {
    days: Vec<Date>,
    /// Index of the first count of each day.
    first: Vec<u32>,
    counts: Vec<VisitCount>,
}

/// A day as year, month and day, with its counts.
type Day<C> = (i16, i8, i8, C);

impl Serialize for CenterVisits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let day = |(i, day): (usize, &Date)| -> Day<&[VisitCount]> {
            (day.year(), day.month(), day.day(), self.counts_of(i))
        };
        serializer.collect_seq(self.days.iter().enumerate().map(day))
    }
}

impl<'de> Deserialize<'de> for CenterVisits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<Day<Vec<VisitCount>>>::deserialize(deserializer)?;
        let mut visits = Self {
            days: Vec::with_capacity(list.len()),
            first: Vec::with_capacity(list.len()),
            counts: Vec::with_capacity(list.iter().map(|day| day.3.len()).sum()),
        };
        for (year, month, day, counts) in list {
            let day = Date::new(year, month, day).map_err(D::Error::custom)?;
            if visits.days.last().is_some_and(|last| *last >= day) {
                return Err(D::Error::custom("the days are not in order"));
            }
            visits.push(day, &counts);
        }
        Ok(visits)
    }
}

impl CenterVisits {
    /// Releases unused memory.
    pub(crate) fn shrunk(mut self) -> Self {
        self.days.shrink_to_fit();
        self.first.shrink_to_fit();
        self.counts.shrink_to_fit();
        self
    }

    /// Appends a day. Days must be added in ascending order.
    pub fn push(&mut self, day: Date, counts: &[VisitCount]) {
        if counts.is_empty() {
            return;
        }
        self.days.push(day);
        self.first.push(self.counts.len() as u32);
        self.counts.extend_from_slice(counts);
    }

    /// Returns the visits with one day replaced.
    #[must_use]
    pub fn with_day(&self, day: Date, counts: &[VisitCount]) -> Self {
        let mut next = Self::default();
        let index = self.days.partition_point(|d| *d < day);
        for i in 0..index {
            next.push(self.days[i], self.counts_of(i));
        }
        next.push(day, counts);
        for i in index..self.days.len() {
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

    /// Returns the days in a range, both ends included, with their counts.
    pub fn between(&self, from: Date, to: Date) -> impl Iterator<Item = (Date, &[VisitCount])> {
        let (low, high) = (self.days.partition_point(|d| *d < from), self.days.partition_point(|d| *d <= to));
        (low..high.max(low)).map(|i| (self.days[i], self.counts_of(i)))
    }

    /// Returns the counts of a day; empty if there are none.
    #[must_use]
    pub fn on(&self, day: Date) -> &[VisitCount] {
        self.days.binary_search(&day).map_or(&[], |i| self.counts_of(i))
    }

    /// Returns the first and the last day with counts.
    #[must_use]
    pub fn span(&self) -> Option<(Date, Date)> {
        Some((*self.days.first()?, *self.days.last()?))
    }

    /// Returns the number of days with counts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Returns whether there are no counts.
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
    fn total_does_not_count_visits_twice() {
        let groups = [count(None, Audience::Couriers, 100), count(None, Audience::Elderly, 20)];
        assert_eq!((total(&groups, None), total(&groups, Some(Audience::Couriers))), (120, 100));
        let both =
            [count(Some(9), Audience::Everyone, 80), count(Some(10), Audience::Everyone, 70), groups[0], groups[1]];
        assert_eq!((total(&both, None), total(&both, Some(Audience::Children))), (150, 0));
        assert_eq!(total(&[], None), 0);
    }

    #[test]
    fn replaces_a_day_instead_of_adding_it() {
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

//! The counts of a day as one text, which SQLite returns faster than one row per count.

use walkshed_register::VisitCount;

/// The SQL expression that puts the counts of a day into a text.
pub const AS_TEXT: &str = "group_concat(audience || ':' || hour || ':' || count)";

/// Parses the counts of a day: a comma-separated list of `audience:hour:count`.
pub fn parse(text: &str) -> Option<Vec<VisitCount>> {
    text.split(',')
        .map(|part| {
            let mut pieces = part.split(':');
            let (audience, hour, count) = (pieces.next()?, pieces.next()?, pieces.next()?);
            let hour: i8 = hour.parse().ok()?;
            Some(VisitCount {
                audience: audience.parse().ok()?,
                hour: u8::try_from(hour).ok(),
                count: count.parse().ok()?,
            })
        })
        .collect()
}

//! Properties that hold for any hours and any moment.

use super::*;
use chrono::TimeDelta;
use proptest::prelude::*;

proptest! {
    /// Compares spans past midnight with the plain rule: open from `start` on, or before the `end` of the span of the day before.
    #[test]
    fn spans_past_midnight_match_the_plain_rule(start in 0u32..1440, length in 1u32..1440, minute in 0i64..20_160) {
        let end = start + length;
        let text = format!("{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, (end / 60) % 24, end % 60);
        let base: NaiveDateTime = "2026-11-23T00:00:00".parse().unwrap();
        let local = base + TimeDelta::minutes(minute);
        let now = u32::try_from(minute % 1440).unwrap();
        let open = (start..end).contains(&now) || (start..end).contains(&(now + 1440));
        let state = hours(&text).at(chongqing()).state(Calendar::default().zone.moment(local));
        prop_assert_eq!(state, if open { Open } else { Closed }, "{} at {}", text, local);
    }

    /// The state changes at the next change, and not before.
    #[test]
    fn next_change_is_the_first_change(start in 0u32..24, length in 1u32..24, minute in 0i64..10_080) {
        let h = hours(&format!("Mo-Sa {start:02}:00-{:02}:00; PH off || Su \"call\"", (start + length) % 24));
        let h = h.at(chongqing());
        let base: NaiveDateTime = "2026-09-28T00:00:00".parse().unwrap();
        let now = Calendar::default().zone.moment(base + TimeDelta::minutes(minute));
        let change = h.next_change(now).unwrap();
        prop_assert_ne!(h.state(now), h.state(change));
        let before = Timestamp::from_second(change.as_second() - 60).unwrap();
        prop_assert_eq!(h.state(now), h.state(before));
    }

    /// Any text is either parsed or rejected, and parsed hours can be evaluated.
    #[test]
    fn handles_any_text(parts in proptest::collection::vec(0usize..PARTS.len(), 1..14), second in 700_000_000i64..253_300_000_000) {
        let text: String = parts.iter().map(|&i| PARTS[i]).collect();
        if let Ok(h) = Hours::parse(&text, &Calendar::default()) {
            let at = Timestamp::from_second(second).unwrap();
            let h = h.at(chongqing());
            prop_assert!(h.next_change(at).is_none_or(|change| change > at && h.state(change) != h.state(at)), "{}", text);
        }
    }
}

const PARTS: &[&str] = &[
    "Mo",
    "Tu",
    "Su",
    "PH",
    "SH",
    "Jan",
    "Feb 29",
    "Dec 25",
    "easter",
    "week ",
    "2026",
    "9999",
    "1900",
    "5",
    "53",
    "48:00",
    "10:00",
    "23:59",
    "02:00",
    "sunset",
    "dawn",
    "(sunrise-05:59)",
    "(dusk+01:00)",
    "24/7",
    "off",
    "open",
    "unknown",
    "\"call\"",
    "-",
    "+",
    ", ",
    ",",
    "; ",
    " || ",
    "/",
    "[",
    "]",
    "1",
    "-1",
    " ",
    " ",
    " ",
    ":",
    " +2 days",
    " -366 days",
    "-Su",
];

//! What single texts mean; `tests/opening_hours.rs` holds many against the reference implementation.

use super::*;
use OpenState::{Closed, Open, Unknown};
use chrono::{NaiveDateTime, TimeDelta};
use jiff::Timestamp;
use proptest::prelude::*;

fn hours(text: &str) -> Hours {
    Hours::parse(text, &Calendar::default()).unwrap_or_else(|e| panic!("\"{text}\" {e}"))
}

fn chongqing() -> Position {
    Position::new(106.555, 29.565).unwrap()
}

/// A moment by the city's clock.
fn at(local: &str) -> Timestamp {
    Calendar::default().zone.moment(local.parse().unwrap())
}

fn states<const N: usize>(text: &str, moments: [(&str, OpenState); N]) {
    let hours = hours(text);
    for (local, state) in moments {
        assert_eq!(hours.at(chongqing()).state(at(local)), state, "{text} at {local}");
    }
}

fn next(text: &str, local: &str) -> Option<Timestamp> {
    hours(text).at(chongqing()).next_change(at(local))
}

#[test]
fn a_rest_stop_is_open_past_midnight() {
    states(
        "10:00-02:00",
        [
            ("2026-11-25T01:00:00", Open),
            ("2026-11-25T02:00:00", Closed),
            ("2026-11-25T09:59:59", Closed),
            ("2026-11-25T10:00:00", Open),
            ("2026-11-25T23:59:00", Open),
        ],
    );
    assert_eq!(next("10:00-02:00", "2026-11-25T01:00:00"), Some(at("2026-11-25T02:00:00")));
    assert_eq!(next("10:00-02:00", "2026-11-25T02:00:00"), Some(at("2026-11-25T10:00:00")));
    assert_eq!(next("10:00-02:00", "2026-11-25T23:00:00"), Some(at("2026-11-26T02:00:00")));
}

#[test]
fn offices_close_at_weekends_and_on_holidays() {
    let office = "Mo-Fr 09:00-12:00,14:00-18:00; PH off";
    states(
        office,
        [
            ("2026-11-25T10:00:00", Open),
            ("2026-11-25T13:00:00", Closed),
            ("2026-11-28T10:00:00", Closed),
            // National Day, and a Monday of the Spring Festival.
            ("2026-10-01T10:00:00", Closed),
            ("2026-02-16T10:00:00", Closed),
        ],
    );
    assert_eq!(next(office, "2026-09-30T18:00:00"), Some(at("2026-10-08T09:00:00")));
    assert_eq!(next("24/7", "2026-11-25T10:00:00"), None);
    assert_eq!(next("off", "2026-11-25T10:00:00"), None);
}

#[test]
fn a_comment_says_that_it_depends() {
    for text in ["\"by appointment\"", "24/7 \"by appointment\"", "unknown", "Mo-Su unknown \"call\""] {
        states(text, [("2026-11-25T03:00:00", Unknown), ("2026-11-25T12:00:00", Unknown)]);
        assert_eq!(next(text, "2026-11-25T03:00:00"), None, "{text}");
    }
    states(
        "Mo-Fr 09:00-17:00 open \"ring the bell\"",
        [("2026-11-25T12:00:00", Open), ("2026-11-25T18:00:00", Closed)],
    );
    states("Mo-Fr 09:00-17:00 \"by appointment\"", [("2026-11-25T12:00:00", Unknown), ("2026-11-25T18:00:00", Closed)]);
    states("24/7; Su off \"cleaning\"", [("2026-11-25T12:00:00", Open), ("2026-11-29T12:00:00", Closed)]);
}

#[test]
fn a_fallback_holds_where_it_is_closed() {
    let text = "Mo,Th 09:00-11:00; Tu,Fr 15:00-17:00 || \"on appointment\"";
    states(
        text,
        [
            ("2026-11-25T03:00:00", Unknown),
            ("2026-11-26T08:59:00", Unknown),
            ("2026-11-26T09:00:00", Open),
            ("2026-11-26T11:00:00", Unknown),
            ("2026-11-27T16:00:00", Open),
            ("2026-11-28T16:00:00", Unknown),
        ],
    );
    assert_eq!(next(text, "2026-11-24T17:00:00"), Some(at("2026-11-26T09:00:00")));
    // The state of Wednesday, which was closed, changes with the day.
    let text = "Mo-Tu 09:00-11:00; Th \"on appointment\"";
    assert_eq!(next(text, "2026-11-25T12:00:00"), Some(at("2026-11-26T00:00:00")));
}

#[test]
fn holidays_and_weekdays_side_by_side_must_both_hold() {
    let text = "Mo-Fr 09:00-18:00; PH Mo-Fr 10:00-12:00";
    states(
        text,
        [
            ("2026-11-25T09:30:00", Open),
            ("2026-11-25T17:00:00", Open),
            ("2026-10-01T09:30:00", Closed),
            ("2026-10-01T11:00:00", Open),
            ("2026-10-03T11:00:00", Closed),
        ],
    );
    let text = "07:00-14:00,15:30-19:00; PH Su closed";
    states(text, [("2026-11-29T10:00:00", Open), ("2026-10-04T10:00:00", Closed), ("2026-10-05T10:00:00", Open)]);
    for text in ["SH Mo-Fr 07:00-24:00", "SH 07:00-24:00", "SH off", "PH,SH Mo-Fr 10:00-12:00"] {
        states(text, [("2026-11-25T10:00:00", Closed), ("2026-10-03T10:00:00", Closed)]);
    }
    // Also where there are several holidays, which opening_hours.js reads as "or".
    states("SH,PH Mo-Fr 10:00-12:00", [("2026-10-01T10:00:00", Open), ("2026-11-25T10:00:00", Closed)]);
    states("Su,PH 10:00-12:00", [("2026-10-01T10:00:00", Open), ("2026-11-29T10:00:00", Open)]);
}

#[test]
fn a_comma_and_a_space_continue_a_list_of_days() {
    let text = "Mo, Tu, Th, Fr 07:30-13:00; Mo, Tu, Th, Fr 16:00-19:00; We 07:30-13:00";
    states(
        text,
        [
            ("2026-11-23T03:00:00", Closed),
            ("2026-11-23T08:00:00", Closed),
            ("2026-11-23T17:00:00", Open),
            ("2026-11-25T08:00:00", Open),
            ("2026-11-25T17:00:00", Closed),
        ],
    );
    // Never open for 24 hours because of what is missing after days.
    for text in [
        "Mo, Tu 07:30-13:00",
        "Mo-Fr, Sa 07:30-13:00",
        "Su, PH 07:30-13:00",
        "PH, Su 07:30-13:00",
        "Jan-Mar, Nov-Dec 07:30-13:00",
        "Dec 24, Nov 23-30 07:30-13:00",
        "week 47, 48 07:30-13:00",
        "2025, 2026 07:30-13:00",
    ] {
        let states: Vec<OpenState> =
            ["2026-11-23T03:00:00", "2026-11-29T03:00:00"].map(|t| hours(text).at(chongqing()).state(at(t))).into();
        assert_eq!(states, [Closed, Closed], "{text}");
    }
    for (text, told) in [
        ("Mo, 10:00-12:00", "no comma stands between days and times"),
        ("Mo-Fr, Jan 10:00-12:00", "a comma after a list of days"),
        ("Jan-Mar, Mo-Fr 10:00-12:00", "a comma after a list of days"),
        ("week 1, Mo 10:00-12:00", "a comma after a list of days"),
        ("Dec 25, off", "a comma after a list of days"),
        ("closed Mo, 10:00-12:00", "no comma stands between"),
        ("Mo-Fr:", "hours are expected after :"),
        ("Mo-Fr 1900-2100", "with a colon, such as 19:00-20:30"),
        ("2000-2200", "with a colon"),
    ] {
        let error = Hours::parse(text, &Calendar::default()).unwrap_err().to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
}

#[test]
fn an_open_end_is_unknown_from_its_start_on() {
    states(
        "10:00+",
        [
            ("2026-11-25T09:59:00", Closed),
            ("2026-11-25T10:00:00", Unknown),
            ("2026-11-25T23:59:00", Unknown),
            ("2026-11-26T00:00:00", Closed),
        ],
    );
    assert_eq!(next("10:00+", "2026-11-25T08:00:00"), Some(at("2026-11-25T10:00:00")));
    assert_eq!(next("10:00+", "2026-11-25T10:00:00"), Some(at("2026-11-26T00:00:00")));
    states("Mo-Fr 06:00-09:00,16:30+", [("2026-11-25T08:00:00", Open), ("2026-11-25T16:30:00", Unknown)]);
    // Later in the day for ten or eight hours; at most until the next span.
    states(
        "Fr 18:00-22:00+",
        [("2026-11-27T21:00:00", Open), ("2026-11-28T05:59:00", Unknown), ("2026-11-28T06:00:00", Closed)],
    );
    states(
        "07:00+,12:00-16:00",
        [("2026-11-27T11:00:00", Unknown), ("2026-11-27T12:00:00", Open), ("2026-11-27T16:00:00", Closed)],
    );
    states("10:00+ off", [("2026-11-27T11:00:00", Closed)]);
}

#[test]
fn the_sun_is_that_of_the_place() {
    let zone = Calendar::default().zone;
    let near = |found: Option<Timestamp>, local: &str| {
        let seconds = found.unwrap().duration_since(at(local)).as_secs();
        assert!(seconds.abs() <= 120, "{} is not {local}", zone.rfc3339(found.unwrap()));
    };
    near(next("sunrise-sunset", "2026-11-16T00:00:00"), "2026-11-16T07:18:00");
    near(next("sunrise-sunset", "2026-11-16T12:00:00"), "2026-11-16T17:58:00");
    near(next("Sa 08:00-sunset", "2026-11-21T12:00:00"), "2026-11-21T17:56:00");
    near(next("(sunrise+01:00)-(sunset-01:00)", "2026-11-16T12:00:00"), "2026-11-16T16:58:00");
    near(next("dawn-dusk", "2026-07-01T12:00:00"), "2026-07-01T20:25:00");
    // Through the night until the sun of the next morning rises.
    near(next("sunset-sunrise", "2026-11-16T23:00:00"), "2026-11-17T07:19:00");
    // In winter the sun has set by then: not open until it sets again.
    let dark: Vec<_> = ["2026-11-16T18:30:00", "2026-11-17T12:00:00", "2026-07-01T18:30:00"]
        .map(|t| hours("18:00-sunset").at(chongqing()).state(at(t)))
        .into();
    assert_eq!(dark, [Closed, Closed, Open]);
    // Shanghai has the same clock and sees the sun an hour earlier.
    let shanghai = Position::new(121.47, 31.23).unwrap();
    near(hours("sunrise-sunset").at(shanghai).next_change(at("2026-11-16T00:00:00")), "2026-11-16T06:22:00");
    // Where it does not rise, nobody knows.
    let svalbard = Position::new(15.6, 78.2).unwrap();
    assert_eq!(hours("sunrise-sunset").at(svalbard).state(at("2026-12-21T12:00:00")), Unknown);
    assert!(hours("Sa 08:00-sunset").is_by_sun() && !hours("Sa 08:00-18:00").is_by_sun());
}

#[test]
fn a_semicolon_replaces_whole_days_and_a_comma_adds() {
    let night = "2026-11-27T01:00:00";
    states("Mo-Th 18:00-02:00, Fr-Sa 18:00-04:00", [(night, Open)]);
    // As opening_hours.js and the specification have it: Friday is Friday from midnight on.
    states("Mo-Th 18:00-02:00; Fr-Sa 18:00-04:00", [(night, Closed)]);
}

#[test]
fn minutes_are_summed_over_days() {
    let day = |text: &str| text.parse::<NaiveDateTime>().unwrap();
    let minutes =
        |text: &str| hours(text).at(chongqing()).minutes_open(day("2026-11-23T00:00:00"), day("2026-11-30T00:00:00"));
    assert_eq!(minutes("Mo-Fr 09:00-18:00"), Some(5 * 9 * 60));
    assert_eq!(minutes("10:00-02:00"), Some(7 * 16 * 60));
    assert_eq!(minutes("24/7"), Some(7 * 24 * 60));
    assert_eq!(minutes("off"), Some(0));
    assert_eq!(minutes("\"by appointment\""), None);
    assert_eq!(minutes("Mo 09:00-10:00 || \"by appointment\""), Some(60));
    let part =
        hours("09:00-18:00").at(chongqing()).minutes_open(day("2026-11-23T10:30:00"), day("2026-11-24T09:15:00"));
    assert_eq!(part, Some(7 * 60 + 45));
}

#[test]
fn an_hour_that_is_twice_changes_after_it_is_asked() {
    let calendar = Calendar::new("Europe/Berlin".parse().unwrap(), None).unwrap();
    let hours = Hours::parse("00:00-02:30", &calendar).unwrap();
    let berlin = hours.at(Position::new(13.4, 52.5).unwrap());
    // Clocks go back from 03:00 to 02:00 on 25 October 2026.
    let second: Timestamp = "2026-10-25T02:10:00+01:00".parse().unwrap();
    assert_eq!(berlin.state(second), Open);
    assert_eq!(berlin.next_change(second), Some("2026-10-25T02:30:00+01:00".parse().unwrap()));
}

#[test]
fn what_is_no_opening_hours_is_refused_with_how_to_write_it() {
    for (wrong, told) in [
        ("", "there are no hours"),
        (" ; ", "there are no hours"),
        ("always", "\"always\" is not a word"),
        ("by appointment", "comments stand in double quotes"),
        ("25:00-26:00 Mo", "begins before 24:00"),
        ("Mo-Fr 9", "hours and minutes"),
        ("Mo-Fr 9-17", "such as 09:00-17:00"),
        ("Mo-Fr 09.00-18.00", "separated by a colon"),
        ("Mo-Fr 10:00", "a time alone is a moment"),
        ("Mo-Fr 10:00-12:61", "minutes from 00 to 59"),
        ("Mo–Fr 09:00-18:00", "write -"),
        ("Mo-Fr 09：00-18：00", "write :"),
        ("周一至周五 09:00-17:00", "is not a word of the syntax"),
        ("Mo-Fr 10:00-12:00 Sa 10:00-12:00", "or ; before the next rule"),
        ("Mo-Fr 10:00-12:00 14:00-16:00", "write a comma to continue a list"),
        ("Mo Tu 10:00-12:00", "write a comma"),
        ("24/7 10:00-12:00", "has hours already"),
        ("10:00-16:00/01:30", "intervals"),
        ("Mo-Fr 10:00-12:00 || ", "no rule after"),
        ("|| 10:00-12:00", "no rule before"),
        ("\"by appointment", "no closing quote"),
        ("Jan 32 off", "days from 1 to 31"),
        ("Feb 30 off", "days from 1 to 29"),
        ("Feb 30", "days from 1 to 29"),
        ("Feb 30 10:00-12:00", "days from 1 to 29"),
        ("Feb 30+ off", "days from 1 to 29"),
        ("Feb 20-30 off", "days from 1 to 29"),
        ("Feb 24,30 off", "days from 1 to 29"),
        ("Jan 20-Feb 30 off", "days from 1 to 29"),
        ("Feb 30-Mar 05 off", "days from 1 to 29"),
        ("2028 Feb 30 off", "February 2028 has days from 1 to 29"),
        ("2026 Feb 29 off", "February 2026 has days from 1 to 28"),
        ("2100 Feb 29 off", "February 2100 has days from 1 to 28"),
        ("2026 Feb 20-29 off", "February 2026 has days from 1 to 28"),
        ("2026 Jan 01-2026 Feb 29 off", "February 2026 has days from 1 to 28"),
        ("Apr 31 off", "days from 1 to 30"),
        ("Nov 00 off", "days from 1 to 30"),
        ("Jan 20-10 off", "Jan 20-Feb 10"),
        ("week 40-10 off", "week 40-53,01-10"),
        ("week 54 off", "01 to 53"),
        ("Mo[6] off", "1 to 5"),
        ("Mo-Fr[1] off", "single day"),
        ("2027-2026 off", "a later year"),
        ("Dec 25-2027 Jan 05 off", "needs its year too"),
        ("sunset+01:00-23:00", "(sunset+01:00)"),
        ("(sunset-1)-23:00", "(sunset-01:00)"),
        ("open 10:00-12:00 off", "already"),
        ("Mo off Tu", "write ; before"),
        (&"Mo 09:00-10:00;".repeat(40), "longer than"),
    ] {
        let error = Hours::parse(wrong, &Calendar::default()).expect_err(wrong).to_string();
        assert!(error.contains(told), "{wrong}: {error}");
    }
}

#[test]
fn dates_of_many_kinds() {
    for (text, date, open) in [
        ("2026 Dec 25-Jan 05", "2027-01-05", true),
        ("2026 Dec 25-Jan 05", "2026-01-05", false),
        ("2026 Dec 25-Jan 05", "2026-12-24", false),
        ("Dec 24+", "2026-12-31", true),
        ("Dec 24+", "2027-01-01", false),
        ("2026 Dec 24+", "2027-06-01", true),
        ("Dec 25 -Su", "2026-12-20", true),
        ("Dec 25 +Su", "2026-12-27", true),
        ("Dec 25 +Su", "2026-12-25", false),
        ("Jan 01 -1 day", "2026-12-31", true),
        ("Feb 29", "2026-02-28", false),
        ("Feb 20-29", "2026-02-28", true),
        ("easter -3 days-easter", "2026-04-05", true),
        ("easter -3 days-easter", "2026-04-06", false),
        ("Dec Fr[-1]", "2026-12-25", true),
        ("Nov,Dec Fr[-1] 10:00-12:00", "2026-11-27", true),
        ("Nov,Dec Fr[-1] 10:00-12:00", "2026-11-20", false),
        ("Nov-Dec Fr[-1] 10:00-12:00", "2026-12-25", true),
        ("Nov-Dec Fr[-1] 10:00-12:00", "2026-12-18", false),
        ("Mar Su[1] -1 day", "2026-02-28", true),
        ("2025-2027 Fr", "2026-12-25", true),
        ("2026/2 Dec", "2028-12-01", true),
        ("Mo Dec", "2026-12-07", true),
        ("closed Mo", "2026-12-07", false),
        ("24/7, Mo off", "2026-12-07", false),
        ("Mo-Fr 08:00-12:00, Mo[1] off", "2026-12-07", false),
    ] {
        let state = hours(text).at(chongqing()).state(at(&format!("{date}T11:00:00")));
        assert_eq!(state, if open { Open } else { Closed }, "{text} on {date}");
    }
}

proptest! {
    /// Spans that pass midnight, minute by minute against the plain rule: open from `start` on, or before `end` of
    /// what began the day before.
    #[test]
    fn hours_past_midnight_follow_the_plain_rule(start in 0u32..1440, length in 1u32..1440, minute in 0i64..20_160) {
        let end = start + length;
        let text = format!("{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, (end / 60) % 24, end % 60);
        let base: NaiveDateTime = "2026-11-23T00:00:00".parse().unwrap();
        let local = base + TimeDelta::minutes(minute);
        let now = u32::try_from(minute % 1440).unwrap();
        let open = (start..end).contains(&now) || (start..end).contains(&(now + 1440));
        let state = hours(&text).at(chongqing()).state(Calendar::default().zone.moment(local));
        prop_assert_eq!(state, if open { Open } else { Closed }, "{} at {}", text, local);
    }

    /// The next change is where the state really changes, and not before.
    #[test]
    fn the_next_change_is_one(start in 0u32..24, length in 1u32..24, minute in 0i64..10_080) {
        let h = hours(&format!("Mo-Sa {start:02}:00-{:02}:00; PH off || Su \"call\"", (start + length) % 24));
        let h = h.at(chongqing());
        let base: NaiveDateTime = "2026-09-28T00:00:00".parse().unwrap();
        let now = Calendar::default().zone.moment(base + TimeDelta::minutes(minute));
        let change = h.next_change(now).unwrap();
        prop_assert_ne!(h.state(now), h.state(change));
        let before = Timestamp::from_second(change.as_second() - 60).unwrap();
        prop_assert_eq!(h.state(now), h.state(before));
    }

    /// Whatever is written, it is read or refused, and what is read can be asked.
    #[test]
    fn no_text_is_too_much(parts in proptest::collection::vec(0usize..PARTS.len(), 1..14), second in 700_000_000i64..253_300_000_000) {
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

//! Invalid texts and their error messages.

use super::*;

#[test]
fn rejects_invalid_hours_with_the_correct_form() {
    for (invalid, expected) in [
        ("", "there are no hours"),
        (" ; ", "there are no hours"),
        ("always", "\"always\" is not a word"),
        ("by appointment", "comments go in double quotes"),
        ("25:00-26:00 Mo", "must start before 24:00"),
        ("Mo-Fr 9", "hours and minutes"),
        ("Mo-Fr 9-17", "such as 09:00-17:00"),
        ("Mo-Fr 09.00-18.00", "separated by a colon"),
        ("Mo-Fr 10:00", "a single time is not a span"),
        ("Mo-Fr 10:00-12:61", "minutes must be from 00 to 59"),
        ("Mo–Fr 09:00-18:00", "write -"),
        ("Mo-Fr 09：00-18：00", "write :"),
        ("周一至周五 09:00-17:00", "is not a word of the syntax"),
        ("Mo-Fr 10:00-12:00 Sa 10:00-12:00", "or ; before the next rule"),
        ("Mo-Fr 10:00-12:00 14:00-16:00", "write a comma to continue a list"),
        ("Mo Tu 10:00-12:00", "write a comma"),
        ("24/7 10:00-12:00", "already has hours"),
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
        let error = Hours::parse(invalid, &Calendar::default()).expect_err(invalid).to_string();
        assert!(error.contains(expected), "{invalid}: {error}");
    }
}

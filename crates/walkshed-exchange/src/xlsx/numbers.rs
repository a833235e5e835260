//! Numbers of cells, and which of them are days: Excel keeps both as numbers, and tells them apart by the format of the cell.

use super::super::table::FileProblem;
use super::package::{Xml, attribute};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use quick_xml::events::Event;
use std::collections::HashMap;

/// Styles of cells at most; Excel has 65,490.
const MOST_STYLES: usize = 100_000;
/// Days between the first days of the two calendars of Excel.
const FROM_1904: f64 = 1462.0;
const MS_A_DAY: f64 = 86_400_000.0;

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Number,
    /// A day, or a time of one.
    Moment,
    /// A span of time, such as `[h]:mm`.
    Span,
}

/// The styles of a workbook: what numbers in cells of each mean.
#[derive(Default)]
pub struct Styles(Vec<Meaning>);

impl Styles {
    /// Reads the part.
    pub fn read(mut xml: Xml<'_, '_>) -> Result<Self, FileProblem> {
        let mut formats: HashMap<String, Meaning> = HashMap::new();
        let mut styles = Vec::new();
        let mut is_in_cells = false;
        while let Some(event) = xml.next()? {
            match event {
                Event::Start(e) => match e.local_name().as_ref() {
                    "numFmt" => {
                        if let (Some(id), Some(code)) = (attribute(&e, "numFmtId"), attribute(&e, "formatCode"))
                            && formats.len() < MOST_STYLES
                        {
                            formats.insert(id, meaning_of(&code));
                        }
                    }
                    "cellXfs" => is_in_cells = true,
                    "xf" if is_in_cells && styles.len() < MOST_STYLES => {
                        let id = attribute(&e, "numFmtId").unwrap_or_default();
                        styles.push(formats.get(&id).copied().unwrap_or_else(|| built_in(&id)));
                    }
                    _ => {}
                },
                Event::End(e) if e.local_name().as_ref() == "cellXfs" => is_in_cells = false,
                _ => {}
            }
        }
        Ok(Self(styles))
    }

    /// What numbers in cells of a style mean.
    pub fn meaning(&self, style: Option<usize>) -> Meaning {
        style.and_then(|style| self.0.get(style).copied()).unwrap_or(Meaning::Number)
    }
}

/// The formats that every workbook has (ECMA-376, 18.8.30), those of East Asia included.
fn built_in(id: &str) -> Meaning {
    match id.parse::<u32>() {
        Ok(14..=22 | 27..=36 | 45 | 47 | 50..=58) => Meaning::Moment,
        Ok(46) => Meaning::Span,
        _ => Meaning::Number,
    }
}

/// What the code of a format makes of a number: the first letter outside quotes, brackets and escapes that stands for a part of
/// a day says so; an hour, minute or second alone in brackets makes a span.
fn meaning_of(code: &str) -> Meaning {
    let mut characters = code.chars();
    while let Some(c) = characters.next() {
        match c {
            // What comes next is only shown.
            '\\' | '_' | '*' => {
                characters.next();
            }
            '"' => {
                characters.by_ref().find(|c| *c == '"');
            }
            '[' => {
                let inside: String = characters.by_ref().take_while(|c| *c != ']').take(16).collect();
                let lower = inside.to_ascii_lowercase();
                let first = lower.chars().next();
                if first.is_some_and(|first| "hms".contains(first)) && lower.chars().all(|c| Some(c) == first) {
                    return Meaning::Span;
                }
            }
            // The formats after it are for negative numbers, zero and texts.
            ';' => return Meaning::Number,
            // The word General is no format of days, though it has letters; so Excel writes it.
            'G' | 'g' if characters.as_str().get(..6).is_some_and(|s| s.eq_ignore_ascii_case("eneral")) => {
                characters.nth(5);
            }
            'd' | 'D' | 'm' | 'M' | 'h' | 'H' | 'y' | 'Y' | 's' | 'S' => return Meaning::Moment,
            'a' | 'A' if characters.as_str().starts_with(['m', 'M', '/', 'p', 'P']) => return Meaning::Moment,
            _ => {}
        }
    }
    Meaning::Number
}

/// A number as it would stand in a CSV file. Codes of 12 digits are numbers to Excel, and are whole.
pub fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 9e15 { format!("{number:.0}") } else { number.to_string() }
}

/// A day, with its time unless that is midnight; `None` beyond the calendar.
pub fn moment_text(number: f64, is_from_1904: bool) -> Option<String> {
    let days = if is_from_1904 { number + FROM_1904 } else { number };
    // Excel counts a 29 February 1900, which was not.
    let days = if days >= 60.0 { days } else { days + 1.0 };
    let ms = (days * MS_A_DAY).round();
    if ms.is_nan() || ms.abs() >= 1e15 {
        return None;
    }
    let first = NaiveDate::from_ymd_opt(1899, 12, 30)?.and_time(NaiveTime::MIN);
    let at = first.checked_add_signed(TimeDelta::try_milliseconds(ms as i64)?)?;
    Some(if at.time() == NaiveTime::MIN { at.date().to_string() } else { at.format("%Y-%m-%dT%H:%M:%S").to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_days_are_told_from_those_of_numbers() {
        for (code, meaning) in [
            ("yyyy-mm-dd", Meaning::Moment),
            ("DD/MM/YY", Meaning::Moment),
            ("H:MM:SS;@", Meaning::Moment),
            ("m\"M\"d\"D\";@", Meaning::Moment),
            ("[$-404]e\"年\"m\"月\"d\"日\"", Meaning::Moment),
            ("[$-F800]dddd, mmmm dd, yyyy", Meaning::Moment),
            ("ha/p\\\\m", Meaning::Moment),
            ("*-yyyy-mm-dd", Meaning::Moment),
            ("[h]:mm:ss", Meaning::Span),
            ("[ss]", Meaning::Span),
            ("[Blue]\\+[h]:mm;[Red]\\-[h]:mm", Meaning::Span),
            ("[>=100][Magenta][s].00", Meaning::Span),
            ("General", Meaning::Number),
            ("#,##0\\ [$\u{20bd}-46D]", Meaning::Number),
            ("\"Y: \"0.00\"m\";\"Y: \"-0.00\"m\"", Meaning::Number),
            ("0_ ;[Red]\\-0\\ ", Meaning::Number),
            ("\\Y000000", Meaning::Number),
            ("#,##0.0####\" YMD\"", Meaning::Number),
            ("[>=100][Magenta]General", Meaning::Number),
            ("0\"x\"*d", Meaning::Number),
            ("#,##0.00\\ _M\"H\"_);[Red]#,##0.00\\ _M\"S\"_)", Meaning::Number),
            ("\"unclosed", Meaning::Number),
            ("[unclosed", Meaning::Number),
            ("0\\", Meaning::Number),
            ("@", Meaning::Number),
        ] {
            assert_eq!(meaning_of(code), meaning, "{code}");
        }
        assert_eq!([built_in("14"), built_in("46"), built_in("0"), built_in("x")], {
            [Meaning::Moment, Meaning::Span, Meaning::Number, Meaning::Number]
        });
    }

    #[test]
    fn numbers_are_days_from_the_first_of_january_1900_on() {
        for (number, text) in [
            (1.0, "1900-01-01"),
            (59.0, "1900-02-28"),
            (61.0, "1900-03-01"),
            (46_351.0, "2026-11-25"),
            (46_351.375, "2026-11-25T09:00:00"),
            (0.5, "1899-12-31T12:00:00"),
        ] {
            assert_eq!(moment_text(number, false).as_deref(), Some(text));
        }
        assert_eq!(moment_text(44_889.0, true).as_deref(), Some("2026-11-25"));
        for far in [f64::NAN, f64::INFINITY, 1e12, -1e300] {
            assert_eq!(moment_text(far, false), None, "{far}");
        }
        assert_eq!((number_text(500_106_013_004.0), number_text(-12.5)), ("500106013004".into(), "-12.5".into()));
    }
}

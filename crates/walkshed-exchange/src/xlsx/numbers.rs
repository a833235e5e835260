//! Numbers and dates of cells. Excel stores both as numbers; the number format of the cell distinguishes them.

use super::super::table::FileProblem;
use super::package::{Xml, attribute};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use quick_xml::events::Event;
use std::collections::HashMap;

/// Maximum number of cell styles; Excel allows 65,490.
const MAX_STYLES: usize = 100_000;
/// Days between the epochs of the two date systems of Excel.
const FROM_1904: f64 = 1462.0;
const MS_PER_DAY: f64 = 86_400_000.0;

/// The meaning of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Number,
    /// A date, or a date with a time.
    Moment,
    /// A duration, such as `[h]:mm`.
    Span,
}

/// The cell styles of a workbook, as the meaning of numbers.
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
                            && formats.len() < MAX_STYLES
                        {
                            formats.insert(id, meaning_of(&code));
                        }
                    }
                    "cellXfs" => is_in_cells = true,
                    "xf" if is_in_cells && styles.len() < MAX_STYLES => {
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

    /// Returns the meaning of numbers in cells of a style.
    pub fn meaning(&self, style: Option<usize>) -> Meaning {
        style.and_then(|style| self.0.get(style).copied()).unwrap_or(Meaning::Number)
    }
}

/// Returns the meaning of a built-in format (ECMA-376, 18.8.30), including those of East Asian locales.
fn built_in(id: &str) -> Meaning {
    match id.parse::<u32>() {
        Ok(14..=22 | 27..=36 | 45 | 47 | 50..=58) => Meaning::Moment,
        Ok(46) => Meaning::Span,
        _ => Meaning::Number,
    }
}

/// Returns the meaning of a format code. A letter for a date or time part outside quotes, brackets and escapes means a date; an
/// hour, minute or second alone in brackets means a duration.
fn meaning_of(code: &str) -> Meaning {
    let mut characters = code.chars();
    while let Some(c) = characters.next() {
        match c {
            // The next character is literal.
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
            // The following sections apply to negative numbers, zero and texts.
            ';' => return Meaning::Number,
            // The keyword General is not a date format, although it contains date letters.
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

/// Formats a number as in a CSV file. Whole numbers, such as 12-digit codes, have no decimal part or exponent.
pub fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 9e15 { format!("{number:.0}") } else { number.to_string() }
}

/// Formats a date, with its time unless that is midnight; `None` outside the calendar.
pub fn moment_text(number: f64, is_from_1904: bool) -> Option<String> {
    let days = if is_from_1904 { number + FROM_1904 } else { number };
    // Excel counts a nonexistent 29 February 1900.
    let days = if days >= 60.0 { days } else { days + 1.0 };
    let ms = (days * MS_PER_DAY).round();
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
    fn distinguishes_date_formats_from_number_formats() {
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
    fn converts_serial_numbers_to_dates() {
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

//! Texts in CSV files that spreadsheets open. A field that begins with `=`, `+`, `-` or `@` is a formula to them, and may run a
//! program or send a table away; names of streets and places come from outside. Such a field gets an apostrophe before it, as
//! OWASP advises ("CSV Injection"), and what reads CSV takes it off again, so that a file comes back as it went.

use std::borrow::Cow;

/// Signs with which formulas begin, in both widths; and white space that spreadsheets pass over before them.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Would a spreadsheet take it as a formula, the apostrophes before it aside?
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// A number is nothing but that, also with its sign: -12.5 is one, -1+cmd is none.
fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

/// A text as it is written to a table: with an apostrophe before it where it would be taken as a formula.
#[must_use]
pub fn protected(text: &str) -> Cow<'_, str> {
    if is_formula(text) && !is_number(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A text as it was before [`protected`].
#[must_use]
pub fn plain(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

/// A text as a field of CSV: protected, and in quotes where it needs them (RFC 4180).
#[must_use]
pub fn csv_field(text: &str) -> String {
    let text = protected(text);
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_written_as_texts_and_come_back() {
        for (text, written) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1-2+cmd|' /C calc'!A0", "'+1-2+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("＝1+1", "'＝1+1"),
            ("-", "'-"),
            ("-inf", "'-inf"),
            // What has an apostrophe already keeps it.
            ("'=1", "''=1"),
            ("'-12.5", "''-12.5"),
            // Numbers stay numbers, and texts texts.
            ("-12.5", "-12.5"),
            ("+86", "+86"),
            ("-1e-3", "-1e-3"),
            ("", ""),
            ("'", "'"),
            ("'s-Hertogenbosch", "'s-Hertogenbosch"),
            ("Rua 7 = 8", "Rua 7 = 8"),
            ("人民路", "人民路"),
        ] {
            assert_eq!(protected(text), written);
            assert_eq!(plain(written), text);
        }
        // As people write it by hand.
        assert_eq!(plain("'+86 23 6868"), "+86 23 6868");
        assert_eq!(csv_field("=A1,\"B\""), "\"'=A1,\"\"B\"\"\"");
    }
}

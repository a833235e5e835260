//! Protection against formula injection in CSV files. Spreadsheets evaluate a field that begins with `=`, `+`, `-` or `@` as a
//! formula, which may run a program or send data; names of streets and places come from untrusted sources. Such fields are
//! prefixed with an apostrophe, as OWASP advises ("CSV Injection"). The CSV reader removes it, so that files round-trip.

use std::borrow::Cow;

/// First characters of formulas, in half and full width, and white space that spreadsheets skip before them.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Returns whether a spreadsheet would evaluate a text as a formula, ignoring leading apostrophes.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA_STARTS)
}

/// Returns whether a text is a plain number, possibly signed: `-12.5` is, `-1+cmd` is not.
fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

/// Escapes a text for a table: prefixes an apostrophe if it would be evaluated as a formula.
#[must_use]
pub fn protected(text: &str) -> Cow<'_, str> {
    if is_formula(text) && !is_number(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Reverses [`protected`].
#[must_use]
pub fn plain(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

/// Formats a text as a CSV field: protected, and quoted if necessary (RFC 4180).
#[must_use]
pub fn csv_field(text: &str) -> String {
    let text = protected(text);
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_escaped_and_round_trip() {
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
            // A leading apostrophe is preserved.
            ("'=1", "''=1"),
            ("'-12.5", "''-12.5"),
            // Numbers and other texts are unchanged.
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
        // Apostrophes written by hand are removed too.
        assert_eq!(plain("'+86 23 6868"), "+86 23 6868");
        assert_eq!(csv_field("=A1,\"B\""), "\"'=A1,\"\"B\"\"\"");
    }
}

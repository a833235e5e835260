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

/// A CSV table (RFC 4180) that is safe to open in a spreadsheet: every field is escaped by [`protected`].
///
/// ```
/// use walkshed_register::spreadsheet::CsvTable;
///
/// let mut table = CsvTable::new(["street", "people"]);
/// table.push_row(["=1+1", "-12.5"]);
/// table.push_row(["人民路, 东段", "300"]);
/// assert_eq!(table.into_string(), "street,people\n'=1+1,-12.5\n\"人民路, 东段\",300\n");
/// ```
pub struct CsvTable(csv::Writer<Vec<u8>>);

impl CsvTable {
    /// Creates a table with a header.
    #[must_use]
    pub fn new<F: AsRef<str>>(header: impl IntoIterator<Item = F>) -> Self {
        let mut table = Self(csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()));
        table.push_row(header);
        table
    }

    /// Appends a row.
    pub fn push_row<F: AsRef<str>>(&mut self, fields: impl IntoIterator<Item = F>) {
        let fields = fields.into_iter().map(|field| protected(field.as_ref()).into_owned());
        self.0
            .write_record(fields.map(String::into_bytes))
            .unwrap_or_else(|e| unreachable!("memory takes any row: {e}"));
    }

    /// Returns the text of the table.
    #[must_use]
    pub fn into_string(self) -> String {
        let bytes = self.0.into_inner().unwrap_or_else(|e| unreachable!("memory takes any row: {e}"));
        String::from_utf8(bytes).unwrap_or_else(|e| unreachable!("all fields are UTF-8: {e}"))
    }
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
        let mut table = CsvTable::new(["a"]);
        table.push_row(["=A1,\"B\""]);
        assert_eq!(table.into_string(), "a\n\"'=A1,\"\"B\"\"\"\n");
    }
}

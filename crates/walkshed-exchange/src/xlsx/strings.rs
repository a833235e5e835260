//! Texts of cells: the table of shared strings, and rich text.

use super::super::table::FileProblem;
use super::package::{Xml, bad, raw, truncated};
use quick_xml::events::Event;

/// Shared strings may take this many times the size of the file ...
const MAX_RATIO: usize = 16;
/// ... plus this many bytes.
const RATIO_ALLOWANCE: usize = 8 << 20;
/// Length of `_xHHHH_`.
const ESCAPE: usize = 7;

/// The shared strings of a workbook, concatenated.
#[derive(Default)]
pub struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Reads the part. `size` is the size of the whole file.
    pub fn read(mut xml: Xml<'_, '_>, size: usize) -> Result<Self, FileProblem> {
        let max_bytes = size.saturating_mul(MAX_RATIO).saturating_add(RATIO_ALLOWANCE).min(u32::MAX as usize);
        let mut strings = Self::default();
        let mut one = String::new();
        while let Some(event) = xml.next()? {
            if !matches!(&event, Event::Start(e) if e.local_name().as_ref() == "si") {
                continue;
            }
            one.clear();
            rich_text(&mut xml, "si", &mut one)?;
            strings.text.push_str(&one);
            strings.ends.push(u32::try_from(strings.text.len()).unwrap_or(u32::MAX));
            if strings.text.len() + strings.ends.len() * size_of::<u32>() > max_bytes {
                return Err(bad(format_args!(
                    "its shared strings (sharedStrings.xml) take more than {} MiB, {MAX_RATIO} times the size of the file; save it \
                     as CSV",
                    max_bytes >> 20
                )));
            }
        }
        Ok(strings)
    }

    /// Returns the string with an index.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }
}

/// Appends the text of an element with plain or rich text (`si`, `is`) whose start tag has been read. Phonetic hints (`rPh`) are
/// ignored.
pub fn rich_text(xml: &mut Xml<'_, '_>, element: &str, into: &mut String) -> Result<(), FileProblem> {
    let mut part = String::new();
    let mut is_phonetic = false;
    loop {
        let keeps_space = match xml.next()?.ok_or_else(truncated)? {
            Event::End(e) if e.local_name().as_ref() == element => return Ok(()),
            Event::End(e) if e.local_name().as_ref() == "rPh" => {
                is_phonetic = false;
                continue;
            }
            Event::Start(e) if e.local_name().as_ref() == "rPh" => {
                is_phonetic = true;
                continue;
            }
            Event::Start(e) if e.local_name().as_ref() == "t" && !is_phonetic => {
                raw(&e, "space").is_some_and(|v| v == "preserve")
            }
            _ => continue,
        };
        part.clear();
        xml.text(&mut part)?;
        let plain = if keeps_space { part.as_str() } else { part.trim_matches([' ', '\t', '\r', '\n']) };
        unescape(plain, into);
    }
}

/// Appends a text, decoding the `_xHHHH_` escapes (UTF-16 code units) that Excel writes for characters not allowed in XML.
pub fn unescape(text: &str, into: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('_') {
        let (before, from) = rest.split_at(at);
        into.push_str(before);
        let Some(unit) = escape(from) else {
            into.push('_');
            rest = &from[1..];
            continue;
        };
        rest = &from[ESCAPE..];
        let low = if (0xd800..0xdc00).contains(&unit) { escape(rest) } else { None };
        match char::decode_utf16([Some(unit), low].into_iter().flatten()).next() {
            Some(Ok(character)) => {
                into.push(character);
                rest = if character.len_utf16() == 2 { &rest[ESCAPE..] } else { rest };
            }
            _ => into.push(char::REPLACEMENT_CHARACTER),
        }
    }
    into.push_str(rest);
}

fn escape(text: &str) -> Option<u16> {
    let digits = text.get(..ESCAPE)?.strip_prefix("_x")?.strip_suffix('_')?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_escapes_of_excel() {
        for (written, meant) in [
            ("plain", "plain"),
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xD83D__xDCF7_!", "📷!"),
            ("_xD83D_!", "\u{fffd}!"),
            ("_xDCF7_", "\u{fffd}"),
            ("_x12_ snake_case __", "_x12_ snake_case __"),
            ("_x甲乙_", "_x甲乙_"),
            ("_x+123_", "_x+123_"),
        ] {
            let mut found = String::new();
            unescape(written, &mut found);
            assert_eq!(found, meant, "{written}");
        }
    }
}

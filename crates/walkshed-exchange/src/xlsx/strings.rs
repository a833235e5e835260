//! Texts of cells: the table of shared strings, each kept once, and rich text.

use super::super::table::FileProblem;
use super::package::{Xml, bad, cut_off, raw};
use quick_xml::events::Event;

/// The table of texts may hold so many times the bytes of the file, and so many more.
const TEXTS: usize = 16;
const TEXTS_MORE: usize = 8 << 20;
/// Length of `_xHHHH_`.
const ESCAPE: usize = 7;

/// The shared strings of a workbook, one after the other.
#[derive(Default)]
pub struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Reads the part; `size` is that of the whole file.
    pub fn read(mut xml: Xml<'_, '_>, size: usize) -> Result<Self, FileProblem> {
        let most = size.saturating_mul(TEXTS).saturating_add(TEXTS_MORE).min(u32::MAX as usize);
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
            if strings.text.len() + strings.ends.len() * size_of::<u32>() > most {
                return Err(bad(format_args!(
                    "its table of texts (sharedStrings.xml) holds more than {} MiB, {TEXTS} times the size of the file; save it \
                     as CSV",
                    most >> 20
                )));
            }
        }
        Ok(strings)
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }
}

/// Adds the text of an element that holds plain or rich text (`si`, `is`), whose start has been read. How it is to be read aloud
/// (`rPh`) is no part of it.
pub fn rich_text(xml: &mut Xml<'_, '_>, element: &str, into: &mut String) -> Result<(), FileProblem> {
    let mut part = String::new();
    let mut is_aloud = false;
    loop {
        let keeps_space = match xml.next()?.ok_or_else(cut_off)? {
            Event::End(e) if e.local_name().as_ref() == element => return Ok(()),
            Event::End(e) if e.local_name().as_ref() == "rPh" => {
                is_aloud = false;
                continue;
            }
            Event::Start(e) if e.local_name().as_ref() == "rPh" => {
                is_aloud = true;
                continue;
            }
            Event::Start(e) if e.local_name().as_ref() == "t" && !is_aloud => {
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

/// Adds a text in which Excel writes `_xHHHH_` for characters that XML has not, in units of UTF-16.
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
    fn escapes_of_excel_are_undone() {
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

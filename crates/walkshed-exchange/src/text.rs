//! Decodes text: UTF-8, UTF-16 with a byte order mark, GB18030, or the encoding named by the user. Other encodings are rejected,
//! because a wrong guess would store unreadable names.

use super::guess::{Guess, guess, is_common};
use super::table::FileProblem;
use encoding_rs::{Encoding, GB18030, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// Minimum share of the non-ASCII bytes that are common Chinese characters in UTF-8 for a text to count as damaged UTF-8.
const MOSTLY_UTF8: f64 = 0.2;
/// The same if there is only one such character.
const ALL_BUT_UTF8: f64 = 0.7;
/// Maximum number of letters of a valid UTF-8 text in one script that may still be Chinese in GB18030.
const FEW_LETTERS: usize = 6;

/// Minimum number of NUL bytes that indicate UTF-16 or UTF-32; fewer are damage.
const FEW_NULS: usize = 4;

/// A decoded text, and notes on its encoding. UTF-8 is not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'b> {
    pub text: Cow<'b, str>,
    pub notes: Vec<String>,
}

/// Returns the common name of an encoding.
pub fn name_of(encoding: &'static Encoding) -> &'static str {
    if encoding == GB18030 { "GB18030" } else { encoding.name() }
}

/// Returns the encoding with a WHATWG label: `big5`, `shift_jis`, `euc-kr`, `windows-1252`, `utf-16le`, ...
///
/// # Errors
/// A message, if the label is unknown.
pub fn encoding_by_label(name: &str) -> Result<&'static Encoding, String> {
    let found = Encoding::for_label(name.trim().as_bytes()).filter(|encoding| *encoding != REPLACEMENT);
    found.ok_or_else(|| {
        format!(
            "unknown encoding \"{name}\". Supported: utf-8, gb18030, big5, shift_jis, euc-jp, euc-kr, \
             windows-1252, utf-16le and others; convert the file first: iconv -f {} -t UTF-8",
            name.trim().to_ascii_uppercase()
        )
    })
}

/// Decodes a whole file in the given encoding, or in the detected one.
///
/// # Errors
/// [`FileProblem`] for NUL bytes, invalid bytes, and text in an unsupported or ambiguous encoding.
pub fn decode<'b>(bytes: &'b [u8], said: Option<&'static Encoding>) -> Result<Decoded<'b>, FileProblem> {
    if let Some(encoding) = said {
        return decode_as(bytes, encoding);
    }
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err(other("UTF-32"));
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = valid(&bytes[mark..], encoding)?;
        return finish(text, encoding);
    }
    if let Some(encoding) = without_mark(bytes) {
        return Err(other(encoding));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if has_escapes(text) {
            return Err(other("ISO-2022-JP"));
        }
        match disguised(text, bytes) {
            Disguise::None => return finish(Cow::Borrowed(text), UTF_8),
            Disguise::Maybe => {
                return Err(FileProblem::UnclearEncoding { one: name_of(UTF_8), other: name_of(GB18030) });
            }
            Disguise::Chinese => {}
        }
    }
    chinese(bytes)
}

/// Decodes a text that is not UTF-8.
fn chinese(bytes: &[u8]) -> Result<Decoded<'_>, FileProblem> {
    let (count, share, line) = utf8_share(bytes);
    // A single character may be a coincidence.
    if share > if count > 1 { MOSTLY_UTF8 } else { ALL_BUT_UTF8 } {
        return Err(FileProblem::DamagedUtf8 { line });
    }
    match guess(bytes) {
        Guess::Chinese => {}
        Guess::Other(encoding) => return Err(other(name_of(encoding))),
        Guess::Unclear(other) => {
            return Err(FileProblem::UnclearEncoding { one: name_of(GB18030), other: name_of(other) });
        }
    }
    let text = valid(bytes, GB18030)?;
    if let Some((at, found)) = text.char_indices().find(|(_, c)| matches!(c, '\u{e000}'..='\u{f8ff}')) {
        return Err(FileProblem::PrivateUse { line: line_of(text.as_bytes(), at), character: found as u32 });
    }
    finish(text, GB18030)
}

fn decode_as<'b>(bytes: &'b [u8], encoding: &'static Encoding) -> Result<Decoded<'b>, FileProblem> {
    let plain = match Encoding::for_bom(bytes) {
        Some((of_mark, mark)) if of_mark == encoding => &bytes[mark..],
        Some((of_mark, _)) => {
            return Err(FileProblem::OtherMark { said: name_of(encoding), mark: name_of(of_mark) });
        }
        None => bytes,
    };
    finish(valid(plain, encoding)?, encoding)
}

fn valid<'b>(bytes: &'b [u8], encoding: &'static Encoding) -> Result<Cow<'b, str>, FileProblem> {
    if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        return Ok(text);
    }
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let at = text.find('\u{fffd}').unwrap_or_default();
    Err(FileProblem::Encoding { encoding: name_of(encoding), line: line_of(text.as_bytes(), at) })
}

fn finish<'b>(text: Cow<'b, str>, encoding: &'static Encoding) -> Result<Decoded<'b>, FileProblem> {
    if let Some(at) = text.find('\0') {
        return Err(FileProblem::Nul { line: line_of(text.as_bytes(), at) });
    }
    let mut notes = Vec::new();
    if encoding != UTF_8 {
        notes.push(format!("the text was read as {}", name_of(encoding)));
    }
    // Characters lost by an earlier conversion cannot be restored, but they can be reported.
    if let Some(at) = text.find('\u{fffd}') {
        let (count, line) = (text.matches('\u{fffd}').count(), line_of(text.as_bytes(), at));
        notes.push(format!(
            "an earlier conversion of the file lost characters: it contains \u{fffd} {count} times, first in line {line}"
        ));
    }
    Ok(Decoded { text, notes })
}

fn other(encoding: &'static str) -> FileProblem {
    FileProblem::OtherEncoding { encoding }
}

fn line_of(bytes: &[u8], at: usize) -> u64 {
    // The last line may have no line end.
    bytes[..at].split(|b| *b == b'\n').count() as u64
}

/// Detects UTF-16 or UTF-32 without a byte order mark: half or three quarters of the bytes of ASCII characters are NUL.
fn without_mark(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(4096)];
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if even + odd < FEW_NULS || (even + odd) * 5 < half {
        return None;
    }
    match (even, odd) {
        (even, odd) if even * 3 > half && odd * 3 > half => Some("UTF-32"),
        (even, odd) if odd > 9 * even => Some(UTF_16LE.name()),
        (even, odd) if even > 9 * odd => Some(UTF_16BE.name()),
        _ => None,
    }
}

/// Returns whether the text contains escape sequences of ISO-2022 or HZ, which are ASCII.
fn has_escapes(text: &str) -> bool {
    ["\u{1b}$", "\u{1b}("].iter().any(|escape| text.contains(escape)) || (text.contains("~{") && text.contains("~}"))
}

/// Returns the number of common Chinese characters in UTF-8, their share of the non-ASCII bytes, and the first line that is not
/// UTF-8.
fn utf8_share(bytes: &[u8]) -> (usize, f64, u64) {
    let (mut rest, mut at, mut count, mut line) = (bytes, 0, 0usize, None);
    loop {
        let (valid, bad) = match std::str::from_utf8(rest) {
            Ok(text) => (text, None),
            Err(error) => {
                let (good, _) = rest.split_at(error.valid_up_to());
                let text = std::str::from_utf8(good).unwrap_or_default();
                (text, Some(error.error_len().unwrap_or(rest.len() - good.len())))
            }
        };
        count += valid.chars().filter(|c| is_common(*c)).count();
        let Some(bad) = bad else { break };
        at += valid.len();
        line = line.or_else(|| Some(line_of(bytes, at)));
        at += bad;
        rest = &bytes[at..];
    }
    let beyond = bytes.iter().filter(|b| !b.is_ascii()).count();
    // Each character is three bytes long.
    (count, (3 * count) as f64 / beyond.max(1) as f64, line.unwrap_or(1))
}

/// Whether valid UTF-8 is in fact Chinese in GB18030: the GB18030 bytes of 医院, for example, are valid UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disguise {
    None,
    Maybe,
    Chinese,
}

fn disguised(text: &str, bytes: &[u8]) -> Disguise {
    let mut beyond = text.chars().filter(|c| !c.is_ascii());
    // Two bytes of GB18030 form at most a two-byte sequence of UTF-8: any longer sequence is UTF-8.
    if text.is_ascii() || beyond.any(|c| c.len_utf8() > 2) {
        return Disguise::None;
    }
    let read = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    if !read.is_some_and(|text| text.chars().all(|c| c.is_ascii() || is_common(c))) {
        return Disguise::None;
    }
    let mut letters = 0;
    let mut is_latin = true;
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_ascii()) {
        let mut scripts = word.chars().map(script);
        let first = scripts.next().flatten();
        // A word of real text has letters of a single script in current use.
        if first.is_none() || !scripts.all(|s| s == first) {
            return Disguise::Chinese;
        }
        if first == Some(Script::Latin) && word.chars().count() > 1 && !word.chars().any(|c| c.is_ascii()) {
            return Disguise::Chinese;
        }
        is_latin &= first == Some(Script::Latin);
        letters += word.chars().count();
    }
    if is_latin || letters > FEW_LETTERS { Disguise::None } else { Disguise::Maybe }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Hebrew,
    Arabic,
}

/// Returns the script of a letter in current use; `None` for others.
const fn script(c: char) -> Option<Script> {
    match c {
        'a'..='z'
        | 'A'..='Z'
        | '\u{aa}'
        | '\u{ba}'
        | '\u{c0}'..='\u{17f}'
        | '\u{1a0}'
        | '\u{1a1}'
        | '\u{1af}'
        | '\u{1b0}'
        | '\u{218}'..='\u{21b}' => Some(Script::Latin),
        '\u{386}'..='\u{3ce}' => Some(Script::Greek),
        '\u{400}'..='\u{45f}' | '\u{490}' | '\u{491}' => Some(Script::Cyrillic),
        '\u{531}'..='\u{587}' => Some(Script::Armenian),
        '\u{5d0}'..='\u{5ea}' => Some(Script::Hebrew),
        '\u{620}'..='\u{64a}' | '\u{67e}' | '\u{686}' | '\u{698}' | '\u{6a9}' | '\u{6af}' | '\u{6cc}' => {
            Some(Script::Arabic)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, EUC_KR, SHIFT_JIS, WINDOWS_1252};

    fn table(names: &[&str]) -> String {
        let rows: String = names.iter().flat_map(|name| [name, ",clinic,106.555,29.565\n"]).collect();
        format!("name,kind,lon,lat\n{rows}")
    }

    fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
        let (bytes, _, damaged) = encoding.encode(text);
        assert!(!damaged, "{text} in {}", encoding.name());
        bytes.into_owned()
    }

    fn utf16(text: &str, from: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(from).collect()
    }

    #[test]
    fn decodes_chinese_in_all_supported_encodings() {
        // The GB18030 bytes of 医院, 学校 and 沙坪 are valid UTF-8.
        for names in
            [&["医院"][..], &["学校"], &["沙坪"], &["诊所"], &["银行"], &["綦江县医院", "𠮷野家"], &["甲", "乙"]]
        {
            let text = table(names);
            let bytes = encoded(&text, GB18030);
            let read = decode(&bytes, None).unwrap_or_else(|e| panic!("{names:?}: {e}"));
            assert_eq!(read, Decoded { text: text.clone().into(), notes: vec!["the text was read as GB18030".into()] });
            assert_eq!(decode(text.as_bytes(), None).unwrap(), Decoded { text: text.clone().into(), notes: vec![] });
            let marked = format!("\u{feff}{text}");
            assert_eq!(decode(marked.as_bytes(), None).unwrap(), Decoded { text: text.clone().into(), notes: vec![] });
            for (bytes, name) in [(utf16(&marked, u16::to_le_bytes), "LE"), (utf16(&marked, u16::to_be_bytes), "BE")] {
                let notes = vec![format!("the text was read as UTF-16{name}")];
                assert_eq!(decode(&bytes, None).unwrap(), Decoded { text: text.clone().into(), notes });
            }
        }
    }

    #[test]
    fn text_in_other_scripts_is_utf8() {
        for name in
            ["Café", "São João", "Аптека", "Φαρμακείο", "בית", "مستشفى", "Ὁ", "50 m²", "lon(°)", "École à côté", "Ñ"]
        {
            let text = table(&[name]);
            assert_eq!(
                decode(text.as_bytes(), None),
                Ok(Decoded { text: text.clone().into(), notes: vec![] }),
                "{name}"
            );
        }
    }

    #[test]
    fn rejects_other_encodings_unless_named() {
        for (encoding, label, names) in [
            (BIG5, "big5", &["臺北市立聯合醫院", "國民小學", "公園"][..]),
            (SHIFT_JIS, "shift_jis", &["東京医院", "診療所", "クリニック"]),
            (EUC_KR, "euc-kr", &["서울병원", "약국", "도서관"]),
            (WINDOWS_1252, "latin1", &["Clínica São João", "Hôpital", "Farmácia"]),
        ] {
            let text = table(names);
            let bytes = encoded(&text, encoding);
            let error = decode(&bytes, None).unwrap_err();
            assert_eq!(error, FileProblem::OtherEncoding { encoding: encoding.name() }, "{names:?}");
            assert!(error.to_string().contains("iconv -f"), "{error}");
            let read = decode(&bytes, Some(encoding_by_label(label).unwrap())).unwrap();
            assert_eq!(read.text, text);
            assert_eq!(read.notes, [format!("the text was read as {}", encoding.name())]);
        }
        let text = table(&["医院"]);
        for (bytes, encoding) in [
            (utf16(&text, u16::to_le_bytes), "UTF-16LE"),
            (utf16(&text, u16::to_be_bytes), "UTF-16BE"),
            (text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect(), "UTF-32"),
            (format!("\u{feff}{text}").chars().flat_map(|c| (c as u32).to_le_bytes()).collect(), "UTF-32"),
            (format!("\u{feff}{text}").chars().flat_map(|c| (c as u32).to_be_bytes()).collect(), "UTF-32"),
            (table(&["\u{1b}$B0e1!\u{1b}(B"]).into_bytes(), "ISO-2022-JP"),
        ] {
            assert_eq!(decode(&bytes, None), Err(FileProblem::OtherEncoding { encoding }), "{encoding}");
        }
        let said = encoding_by_label("utf-16le").unwrap();
        assert_eq!(decode(&utf16(&text, u16::to_le_bytes), Some(said)).unwrap().text, text);
        for bad in ["utf-32", "klingon", "hz-gb-2312", ""] {
            assert!(encoding_by_label(bad).unwrap_err().contains("iconv"), "{bad}");
        }
    }

    #[test]
    fn reports_damage_with_its_line() {
        let mut mixed = table(&["医院", "学校"]).into_bytes();
        mixed.extend(encoded("诊所,clinic,106.5,29.5\n", GB18030));
        assert_eq!(decode(&mixed, None), Err(FileProblem::DamagedUtf8 { line: 4 }));
        let cut = &table(&["重庆市医院"]).into_bytes()[..25];
        assert_eq!(decode(cut, None), Err(FileProblem::DamagedUtf8 { line: 2 }));
        assert_eq!(
            decode(b"name\n\xff\xff\n", Some(GB18030)),
            Err(FileProblem::Encoding { encoding: "GB18030", line: 2 })
        );
        assert_eq!(decode(b"name\na\0b\n", None), Err(FileProblem::Nul { line: 2 }));
        let lost = decode("name\n\u{fffd}院\n".as_bytes(), None).unwrap();
        assert!(lost.notes[0].contains("1 times, first in line 2"), "{:?}", lost.notes);
        // 0xAAA1 is a private-use character of GB18030.
        let mut private = encoded(&table(&["重庆市渝中区社区卫生服务中心"; 5]), GB18030);
        private.extend(b"\xaa\xa1,clinic,1,1\n");
        assert_eq!(decode(&private, None), Err(FileProblem::PrivateUse { line: 7, character: 0xe000 }));
        let marked = "\u{feff}name\n".as_bytes();
        assert_eq!(decode(marked, Some(BIG5)), Err(FileProblem::OtherMark { said: "Big5", mark: "UTF-8" }));
        // A few letters that are valid in both encodings: У and С are 校 and 小.
        let unclear = decode(&encoded(&table(&["校小"]), GB18030), None).unwrap_err();
        assert_eq!(unclear, FileProblem::UnclearEncoding { one: "UTF-8", other: "GB18030" });
    }
}

//! The zip package of a workbook. Limits bound the unpacked size of all parts and of each XML event.

use super::super::table::FileProblem;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

/// All parts together may unpack to this many times the size of the file (real workbooks: 5 to 20 times) ...
const MAX_RATIO: u64 = 100;
/// ... plus this many bytes ...
const RATIO_ALLOWANCE: u64 = 32 << 20;
/// ... but to no more than this.
const MAX_UNPACKED: u64 = 8 << 30;
/// Maximum size of parts that describe the workbook: relations, sheets, styles.
pub const SMALL_PART: u64 = 16 << 20;
/// Maximum size of one tag, text or comment of XML. The text of an Excel cell has at most 32,767 characters.
const MAX_EVENT: u64 = 1 << 20;
/// Maximum nesting of elements; real workbooks nest about ten deep.
const MAX_DEPTH: usize = 256;

/// Returns the problem of a workbook that cannot be read.
pub fn bad(why: impl ToString) -> FileProblem {
    FileProblem::BadWorkbook { why: why.to_string() }
}

/// The parts of a workbook.
pub struct Package<'b> {
    zip: ZipArchive<Cursor<&'b [u8]>>,
    /// Remaining bytes that may be unpacked.
    left: u64,
}

impl<'b> Package<'b> {
    /// Opens the package.
    pub fn open(bytes: &'b [u8]) -> Result<Self, FileProblem> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| {
            // Password-protected workbooks are compound files.
            let is_compound = bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]);
            if is_compound { bad("it is password-protected, or an .xls file of Excel 97") } else { bad(e) }
        })?;
        let left = (bytes.len() as u64).saturating_mul(MAX_RATIO).saturating_add(RATIO_ALLOWANCE).min(MAX_UNPACKED);
        Ok(Self { zip, left })
    }

    /// Opens the part with a name, ignoring letter case; `None` if there is none. At most `max_bytes` are unpacked.
    pub fn part(&mut self, name: &str, max_bytes: u64) -> Result<Option<Xml<'_, 'b>>, FileProblem> {
        let index = match self.zip.index_for_name(name) {
            Some(index) => Some(index),
            None => (0..self.zip.len()).find(|&i| {
                let known = self.zip.name_for_index(i).and_then(Result::ok);
                known.is_some_and(|known| known.replace('\\', "/").eq_ignore_ascii_case(name))
            }),
        };
        let Some(index) = index else { return Ok(None) };
        let Self { zip, left } = self;
        let file = match zip.by_index(index) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(e) => return Err(bad(e)),
        };
        let bounded = Bounded { inner: BufReader::new(file), event: MAX_EVENT, part: max_bytes, left };
        let mut reader = Reader::from_reader(bounded);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.expand_empty_elements = true;
        Ok(Some(Xml { reader, buffer: Vec::new(), depth: 0 }))
    }
}

/// Counts the bytes of a part against the limits.
struct Bounded<'z, R> {
    inner: R,
    /// Remaining bytes of the XML event, of the part, and of the package.
    event: u64,
    part: u64,
    left: &'z mut u64,
}

impl<R: BufRead> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let here = self.fill_buf()?;
        let n = here.len().min(into.len());
        into[..n].copy_from_slice(&here[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Bounded<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let remaining = self.event.min(self.part).min(*self.left);
        let here = self.inner.fill_buf()?;
        if remaining == 0 && !here.is_empty() {
            return Err(io::Error::other(if self.event == 0 {
                format!("a single tag or text is larger than {} KiB", MAX_EVENT >> 10)
            } else if self.part == 0 {
                "a part that describes the workbook is larger than 16 MiB unpacked".to_owned()
            } else {
                format!(
                    "it unpacks to more than {MAX_RATIO} times its size; save it again with a spreadsheet program, or as CSV"
                )
            }));
        }
        let n = usize::try_from(remaining).unwrap_or(usize::MAX).min(here.len());
        Ok(&here[..n])
    }

    fn consume(&mut self, n: usize) {
        self.inner.consume(n);
        let n = n as u64;
        self.event = self.event.saturating_sub(n);
        self.part = self.part.saturating_sub(n);
        *self.left = self.left.saturating_sub(n);
    }
}

/// The unpacked bytes of a part.
type Part<'z, 'b> = BufReader<ZipFile<'z, Cursor<&'b [u8]>>>;

/// A part as a stream of XML events.
pub struct Xml<'z, 'b> {
    reader: Reader<Bounded<'z, Part<'z, 'b>>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl Xml<'_, '_> {
    /// Returns the next event; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Event<'_>>, FileProblem> {
        self.buffer.clear();
        self.reader.get_mut().event = MAX_EVENT;
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::Eof) => Ok(None),
            Ok(event) => {
                match &event {
                    Event::Start(_) if self.depth >= MAX_DEPTH => {
                        return Err(bad(format_args!("its XML nests deeper than {MAX_DEPTH} elements")));
                    }
                    Event::Start(_) => self.depth += 1,
                    Event::End(_) => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                Ok(Some(event))
            }
            Err(quick_xml::Error::Io(e)) => Err(bad(e)),
            Err(e) => Err(bad(format_args!("its XML is damaged: {e}"))),
        }
    }

    /// Skips the rest of an element whose start tag has been read.
    pub fn skip(&mut self) -> Result<(), FileProblem> {
        let mut depth = 0usize;
        while let Some(event) = self.next()? {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) if depth == 0 => return Ok(()),
                Event::End(_) => depth -= 1,
                _ => {}
            }
        }
        Err(truncated())
    }

    /// Appends the text of an element whose start tag has been read.
    pub fn text(&mut self, into: &mut String) -> Result<(), FileProblem> {
        let mut depth = 0usize;
        while let Some(event) = self.next()? {
            match event {
                Event::Text(text) => into.push_str(&text.xml10_content()),
                Event::CData(text) => into.push_str(&text.xml10_content()),
                Event::GeneralRef(name) => match (resolve_xml_entity(&name), name.resolve_char_ref()) {
                    (Some(known), _) => into.push_str(known),
                    (None, Ok(Some(character))) => into.push(character),
                    _ => return Err(bad(format_args!("its XML has the unknown entity &{};", shown(&name)))),
                },
                Event::Start(_) => depth += 1,
                Event::End(_) if depth == 0 => return Ok(()),
                Event::End(_) => depth -= 1,
                _ => {}
            }
            if into.len() as u64 > MAX_EVENT {
                return Err(bad(format_args!("a single text is larger than {} KiB", MAX_EVENT >> 10)));
            }
        }
        Err(truncated())
    }
}

/// Returns the problem of XML that ends too early.
pub fn truncated() -> FileProblem {
    bad("its XML is truncated")
}

/// Returns the beginning of a text, for messages.
pub fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Returns the raw value of an attribute, by its local name.
pub fn raw<'e>(start: &'e BytesStart<'_>, name: &str) -> Option<Cow<'e, str>> {
    let found = start.attributes().with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name);
    found.map(|a| a.value)
}

/// Returns the normalized value of an attribute, by its local name.
pub fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name)?;
    let value = found.normalized_value(quick_xml::XmlVersion::Implicit1_0);
    Some(value.map_or_else(|_| found.value.clone().into_owned(), Cow::into_owned))
}

//! The zip package of a workbook, unpacked within limits: neither all parts together nor one piece of XML may grow without end.

use super::super::table::FileProblem;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

/// All parts that are read may unpack to so many times the size of the file (real workbooks: 5 to 20 times), and so much more.
const RATIO: u64 = 100;
const UNPACKED_MORE: u64 = 32 << 20;
/// But to no more than this, however large the file is.
const UNPACKED_MOST: u64 = 8 << 30;
/// Parts that say how the workbook is made: relations, sheets, styles.
pub const SMALL_PART: u64 = 16 << 20;
/// One tag, text or comment of XML. Excel has no text in a cell of more than 32,767 characters.
const PIECE: u64 = 1 << 20;
/// Elements within each other; those of a workbook stand some ten deep.
const MAX_DEPTH: usize = 256;

/// A workbook that cannot be read.
pub fn bad(why: impl ToString) -> FileProblem {
    FileProblem::BadWorkbook { why: why.to_string() }
}

/// The parts of a workbook.
pub struct Package<'b> {
    zip: ZipArchive<Cursor<&'b [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'b> Package<'b> {
    /// Opens the package.
    pub fn open(bytes: &'b [u8]) -> Result<Self, FileProblem> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| {
            // Workbooks under a password are another kind of file.
            let is_compound = bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]);
            if is_compound { bad("it is protected by a password, or an .xls file of Excel 97") } else { bad(e) }
        })?;
        let left = (bytes.len() as u64).saturating_mul(RATIO).saturating_add(UNPACKED_MORE).min(UNPACKED_MOST);
        Ok(Self { zip, left })
    }

    /// A part, by its name in any case; `None` where there is none. No more than `most` bytes of it are unpacked.
    pub fn part(&mut self, name: &str, most: u64) -> Result<Option<Xml<'_, 'b>>, FileProblem> {
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
        let bounded = Bounded { inner: BufReader::new(file), piece: PIECE, part: most, left };
        let mut reader = Reader::from_reader(bounded);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.expand_empty_elements = true;
        Ok(Some(Xml { reader, buffer: Vec::new(), depth: 0 }))
    }
}

/// The bytes of a part, counted.
struct Bounded<'z, R> {
    inner: R,
    /// Left of one piece of XML, of the part, of the package.
    piece: u64,
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
        let most = self.piece.min(self.part).min(*self.left);
        let here = self.inner.fill_buf()?;
        if most == 0 && !here.is_empty() {
            return Err(io::Error::other(if self.piece == 0 {
                format!("a single tag or text is larger than {} KiB", PIECE >> 10)
            } else if self.part == 0 {
                "a part that describes the workbook is larger than 16 MiB unpacked".to_owned()
            } else {
                format!(
                    "it unpacks to more than {RATIO} times its size; save it anew with your spreadsheet program, or as CSV"
                )
            }));
        }
        let n = usize::try_from(most).unwrap_or(usize::MAX).min(here.len());
        Ok(&here[..n])
    }

    fn consume(&mut self, n: usize) {
        self.inner.consume(n);
        let n = n as u64;
        self.piece = self.piece.saturating_sub(n);
        self.part = self.part.saturating_sub(n);
        *self.left = self.left.saturating_sub(n);
    }
}

/// The bytes of a part, unpacked.
type Part<'z, 'b> = BufReader<ZipFile<'z, Cursor<&'b [u8]>>>;

/// A part as XML, piece by piece.
pub struct Xml<'z, 'b> {
    reader: Reader<Bounded<'z, Part<'z, 'b>>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl Xml<'_, '_> {
    /// The next piece; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Event<'_>>, FileProblem> {
        self.buffer.clear();
        self.reader.get_mut().piece = PIECE;
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

    /// Passes over an element whose start has been read.
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
        Err(cut_off())
    }

    /// Adds the text of an element whose start has been read, up to its end.
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
            if into.len() as u64 > PIECE {
                return Err(bad(format_args!("a single text is larger than {} KiB", PIECE >> 10)));
            }
        }
        Err(cut_off())
    }
}

/// XML that ends too early.
pub fn cut_off() -> FileProblem {
    bad("its XML is cut off")
}

/// The beginning of a text, to be told.
pub fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// An attribute as it is written, by its name without a prefix.
pub fn raw<'e>(start: &'e BytesStart<'_>, name: &str) -> Option<Cow<'e, str>> {
    let found = start.attributes().with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name);
    found.map(|a| a.value)
}

/// An attribute as it is meant.
pub fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name)?;
    let value = found.normalized_value(quick_xml::XmlVersion::Implicit1_0);
    Some(value.map_or_else(|_| found.value.clone().into_owned(), Cow::into_owned))
}

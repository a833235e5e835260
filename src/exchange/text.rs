//! Bytes to text: UTF-8 with or without byte order mark, UTF-16 with one, GB18030.

use super::table::FileProblem;
use encoding_rs::{Encoding, GB18030};

/// Decodes a whole file.
///
/// # Errors
/// [`FileProblem`] for NUL bytes, and for bytes that are text in none of the encodings.
pub fn decode(bytes: &[u8]) -> Result<String, FileProblem> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, _, damaged) = encoding.decode(&bytes[mark..]);
        return if damaged {
            Err(FileProblem::Encoding { encoding: encoding.name() })
        } else {
            no_nul(text.into_owned())
        };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return no_nul(text.to_owned());
    }
    let (text, _, damaged) = GB18030.decode(bytes);
    if damaged { Err(FileProblem::Encoding { encoding: "UTF-8 or GB18030" }) } else { no_nul(text.into_owned()) }
}

fn no_nul(text: String) -> Result<String, FileProblem> {
    match text.find('\0') {
        Some(at) => Err(FileProblem::Nul { line: 1 + text[..at].matches('\n').count() as u64 }),
        None => Ok(text),
    }
}

//! A parsed document and its hash.

use super::merge::{FieldTypes, merge};
use crate::error::code;
use crate::limits::Limits;
use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The hash of a document: SHA-256 of its text in UTF-8.
pub type Hash = [u8; 32];

/// A parsed document.
#[derive(Debug, Clone)]
pub struct Document {
    pub hash: Hash,
    pub text: Arc<str>,
    /// The parsed document. [`Document::merged`] gives it one field for each response key.
    pub parsed: Arc<ExecutableDocument>,
    /// Number of fields after fragments are expanded.
    pub fields: usize,
}

impl Document {
    /// Checks the limits of a text and parses it.
    ///
    /// # Errors
    /// An error that names the limit, or the position of the syntax error.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, ServerError> {
        limits.check_text(text)?;
        let document = parse_query(text).map_err(|e| {
            let mut error = ServerError::from(e);
            error.extensions.get_or_insert_default().set("code", code::PARSE_FAILED);
            error
        })?;
        let fields = limits.check_document(&document)?;
        Ok(Self { hash: hash(text), text: text.into(), parsed: Arc::new(document), fields })
    }

    /// Merges the selections with the same response key: see [`merge`].
    #[must_use]
    pub fn merged(mut self, types: &FieldTypes) -> Self {
        merge(Arc::make_mut(&mut self.parsed), types);
        self
    }
}

/// Returns the hash of a text.
pub fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// Parses a hash of 64 hexadecimal digits.
pub fn parse_hash(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
/// Formats a hash in hexadecimal digits.
pub fn hexadecimal(hash: &Hash) -> String {
    use std::fmt::Write;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! The cache of parsed documents.

use super::document::{Document, Hash, hash, parse_hash};
use super::manifest::TrustedDocuments;
use super::merge::FieldTypes;
use crate::error::{code, server_error};
use crate::limits::Limits;
use async_graphql::ServerError;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::sync::Arc;

/// Bytes of all cached documents.
const CAPACITY: u64 = 32 * 1024 * 1024;
/// Bytes of a parsed document for each byte of its text, at most: a field with a one-letter name takes about 230 bytes.
const BYTES_PER_TEXT_BYTE: u64 = 128;
/// Bytes of each field after fragments are expanded.
const BYTES_PER_FIELD: u64 = 256;
/// Bytes of the text of a typical document, for the initial size of the cache.
const TYPICAL_TEXT: u64 = 1024;

/// A reference to a document, sent with or instead of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Persisted {
    /// Apollo's automatic persisted queries: SHA-256 in hexadecimal digits.
    Hash(String),
    /// The identifier of GraphQL over HTTP, appendix "Persisted Documents": `sha256:` and the digits, or an id of the manifest.
    Id(String),
}

/// Weights documents by their estimated bytes in memory.
#[derive(Clone)]
struct ByBytes;

impl Weighter<Hash, Document> for ByBytes {
    fn weight(&self, _: &Hash, document: &Document) -> u64 {
        document.text.len() as u64 * BYTES_PER_TEXT_BYTE + document.fields as u64 * BYTES_PER_FIELD + 256
    }
}

/// The cache of valid documents, and the documents of the manifest.
pub struct Documents {
    cache: Cache<Hash, Document, ByBytes>,
    trusted: Option<TrustedDocuments>,
    types: Arc<FieldTypes>,
}

impl Documents {
    /// Creates an empty cache. With a manifest, only its documents are accepted. `types` are those of the schema.
    #[must_use]
    pub fn new(trusted: Option<TrustedDocuments>, types: Arc<FieldTypes>) -> Self {
        let trusted = trusted.map(|trusted| trusted.merged(&types));
        let options = OptionsBuilder::new()
            .estimated_items_capacity((CAPACITY / (TYPICAL_TEXT * BYTES_PER_TEXT_BYTE)) as usize)
            .weight_capacity(CAPACITY)
            .build()
            .unwrap_or_else(|_| unreachable!("both capacities are set"));
        let cache = Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self { cache, trusted, types }
    }

    /// Returns the document that a request sends or refers to. A new document is not cached until it has been validated:
    /// see [`Documents::insert`].
    ///
    /// # Errors
    /// An exceeded limit, a syntax error, an unknown hash or id, a hash of another text, or an untrusted document.
    pub fn find(&self, text: &str, persisted: Option<&Persisted>, limits: &Limits) -> Result<Document, ServerError> {
        let expected = match persisted {
            None => None,
            Some(Persisted::Hash(digits)) => Some(parse_hash(digits).ok_or_else(|| {
                let why = "extensions.persistedQuery.sha256Hash must have 64 hexadecimal digits.";
                server_error(why, code::BAD_USER_INPUT)
            })?),
            Some(Persisted::Id(id)) => Some(self.hash_of(id)?),
        };
        if text.is_empty() {
            let Some(expected) = expected else {
                return Err(server_error("The parameter query is missing.", code::BAD_USER_INPUT));
            };
            return self.get(&expected).ok_or_else(|| not_persisted(persisted));
        }
        // Checked first, so that oversized texts are not hashed.
        limits.check_text(text)?;
        let hash = hash(text);
        if expected.is_some_and(|expected| expected != hash) {
            return Err(server_error("The query does not match its hash or id.", code::BAD_USER_INPUT));
        }
        if let Some(cached) = self.get(&hash) {
            return Ok(cached);
        }
        if self.trusted.is_some() {
            let why = "This server accepts only the documents of its manifest (setting trusted_documents).";
            return Err(server_error(why, code::NOT_TRUSTED));
        }
        Ok(Document::parse(text, limits)?.merged(&self.types))
    }

    fn hash_of(&self, id: &str) -> Result<Hash, ServerError> {
        if let Some(hash) = self.trusted.as_ref().and_then(|t| t.hash_of(id)) {
            return Ok(hash);
        }
        match id.split_once(':') {
            Some(("sha256", digits)) => parse_hash(digits).ok_or_else(|| {
                server_error("documentId: sha256: must be followed by 64 hexadecimal digits.", code::BAD_USER_INPUT)
            }),
            _ => Err(not_persisted(Some(&Persisted::Id(id.to_owned())))),
        }
    }

    fn get(&self, hash: &Hash) -> Option<Document> {
        match &self.trusted {
            Some(trusted) => trusted.get(hash).cloned(),
            None => self.cache.get(hash),
        }
    }

    /// Returns the documents of the manifest, if there is one.
    #[must_use]
    pub const fn trusted(&self) -> Option<&TrustedDocuments> {
        self.trusted.as_ref()
    }

    /// Caches a document that has passed validation.
    pub fn insert(&self, document: &Document) {
        if self.trusted.is_none() && self.cache.peek(&document.hash).is_none() {
            self.cache.insert(document.hash, document.clone());
        }
    }
}

fn not_persisted(persisted: Option<&Persisted>) -> ServerError {
    match persisted {
        // Clients look for exactly this message and code; they then send the text with the hash.
        Some(Persisted::Hash(_)) | None => server_error("PersistedQueryNotFound", code::PERSISTED_QUERY_NOT_FOUND),
        Some(Persisted::Id(id)) => {
            let id: String = id.chars().take(80).collect();
            server_error(format!("documentId: no document \"{id}\" exists."), code::PERSISTED_DOCUMENT_NOT_FOUND)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::hexadecimal;
    use super::*;

    fn code_of(error: &ServerError) -> String {
        error.extensions.as_ref().unwrap().get("code").unwrap().to_string()
    }

    #[test]
    fn finds_valid_documents_by_hash_and_id() {
        let (documents, limits) = (Documents::new(None, crate::schema::field_types()), Limits::default());
        let digits = hexadecimal(&hash("{a}"));
        let by_hash = Persisted::Hash(digits.clone());
        let by_id = Persisted::Id(format!("sha256:{digits}"));
        let error = documents.find("", Some(&by_hash), &limits).unwrap_err();
        assert_eq!(
            (error.message.as_str(), code_of(&error).as_str()),
            ("PersistedQueryNotFound", "\"PERSISTED_QUERY_NOT_FOUND\"")
        );
        let document = documents.find("{a}", Some(&by_hash), &limits).unwrap();
        assert!(documents.find("", Some(&by_hash), &limits).is_err(), "not validated yet");
        documents.insert(&document);
        for reference in [&by_hash, &by_id] {
            assert_eq!(&*documents.find("", Some(reference), &limits).unwrap().text, "{a}");
        }
        // Digits may be in upper case.
        assert!(documents.find("", Some(&Persisted::Hash(digits.to_uppercase())), &limits).is_ok());
        let error = documents.find("{b}", Some(&by_hash), &limits).unwrap_err();
        assert!(error.message.contains("does not match its hash"), "{error:?}");
        for wrong in ["", "12", &"é".repeat(32), &"g".repeat(64)] {
            assert!(documents.find("{a}", Some(&Persisted::Hash(wrong.to_owned())), &limits).is_err(), "{wrong}");
            assert!(documents.find("", Some(&Persisted::Id(format!("sha256:{wrong}"))), &limits).is_err(), "{wrong}");
        }
        let error = documents.find("", Some(&Persisted::Id("x".into())), &limits).unwrap_err();
        assert_eq!(code_of(&error), "\"PERSISTED_DOCUMENT_NOT_FOUND\"");
    }

    #[test]
    fn the_cache_is_bounded_in_bytes() {
        let (documents, limits) = (Documents::new(None, crate::schema::field_types()), Limits::default());
        for n in 0..400 {
            let text = format!("{{a{n} {}}}", "b ".repeat(4000));
            let document = documents.find(&text, None, &limits).unwrap();
            documents.insert(&document);
            assert!(documents.cache.weight() <= CAPACITY, "{}", documents.cache.weight());
        }
        assert!(!documents.cache.is_empty());
    }
}

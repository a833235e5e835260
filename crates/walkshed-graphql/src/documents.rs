//! Parsed documents: a cache, because map front ends send the same few documents thousands of times a second; lookup of
//! persisted documents by hash or id; and, with a manifest, rejection of all other documents.

use super::error::code;
use super::limits::Limits;
use super::merge::merge;
use super::trusted::Trusted;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql::{Name, ServerError, Value, Variables};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::sync::Arc;

/// Bytes of all cached documents.
const CAPACITY: u64 = 32 * 1024 * 1024;
/// Bytes of a parsed document for each byte of its text, at most: a field with a one-letter name takes about 230 bytes.
const BYTES_PER_TEXT_BYTE: u64 = 128;
/// Bytes of each field after fragments are expanded.
const BYTES_PER_FIELD: u64 = 256;
/// Bytes of the text of a typical document, for the initial size of the cache.
const TYPICAL_TEXT: u64 = 1024;

/// The hash of a document: SHA-256 of its text in UTF-8.
pub type Hash = [u8; 32];

/// A reference to a document, sent with or instead of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Persisted {
    /// Apollo's automatic persisted queries: SHA-256 in hexadecimal digits.
    Hash(String),
    /// The identifier of GraphQL over HTTP, appendix "Persisted Documents": `sha256:` and the digits, or an id of the manifest.
    Id(String),
}

/// A parsed document.
#[derive(Debug, Clone)]
pub struct Document {
    pub hash: Hash,
    pub text: Arc<str>,
    /// The parsed document, with one field for each response key: see [`merge`].
    pub parsed: Arc<ExecutableDocument>,
    /// Number of fields after fragments are expanded.
    fields: usize,
}

impl Document {
    /// Checks the limits of a text and parses it.
    ///
    /// # Errors
    /// An error that names the limit, or the position of the syntax error.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, ServerError> {
        limits.check_text(text)?;
        let mut document = parse_query(text).map_err(|e| {
            let mut error = ServerError::from(e);
            error.extensions.get_or_insert_default().set("code", code::PARSE_FAILED);
            error
        })?;
        let fields = limits.check_document(&document)?;
        merge(&mut document);
        Ok(Self { hash: hash(text), text: text.into(), parsed: Arc::new(document), fields })
    }
}

/// The operation of a document to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub name: Option<String>,
    pub kind: OperationType,
}

/// Selects the operation of a document to execute: `GetOperation` of the GraphQL specification.
///
/// # Errors
/// `GRAPHQL_VALIDATION_FAILED` when no operation has the name, or the name is missing and the document has more than one
/// operation.
pub fn choose(document: &ExecutableDocument, name: Option<&str>) -> Result<Chosen, ServerError> {
    let selected = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some((None, operation.node.ty)),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(all), Some(name)) => {
            all.get_key_value(name).map(|(name, o)| (Some(name.to_string()), o.node.ty))
        }
        (DocumentOperations::Multiple(all), None) => {
            let mut all = all.iter();
            match (all.next(), all.next()) {
                (Some((name, operation)), None) => Some((Some(name.to_string()), operation.node.ty)),
                _ => None,
            }
        }
    };
    selected.map(|(name, kind)| Chosen { name, kind }).ok_or_else(|| {
        let why = match name {
            Some(name) => {
                let name: String = name.chars().take(80).collect();
                format!("operationName: the document has no operation \"{name}\".")
            }
            None => "operationName is missing: the document has more than one operation.".to_owned(),
        };
        coded(why, code::VALIDATION_FAILED)
    })
}

/// Returns the highest value of the arguments `minutes` and `maxMinutes` in a document, in literals and variables.
pub fn longest_minutes(document: &ExecutableDocument, variables: &Variables) -> Option<f64> {
    let mut max: Option<f64> = None;
    let sets = document.operations.iter().map(|(_, o)| &o.node.selection_set.node);
    let mut open: Vec<&SelectionSet> =
        sets.chain(document.fragments.values().map(|f| &f.node.selection_set.node)).collect();
    while let Some(set) = open.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    open.push(&field.node.selection_set.node);
                    for (name, value) in &field.node.arguments {
                        let variable =
                            |name: &Name| Ok::<_, Infallible>(variables.get(name).cloned().unwrap_or_default());
                        let Ok(value) = value.node.clone().into_const_with(|name| variable(&name));
                        update_max_minutes(name.node.as_str(), &value, &mut max);
                    }
                }
                Selection::InlineFragment(fragment) => open.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    max
}

fn update_max_minutes(name: &str, value: &Value, max: &mut Option<f64>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| update_max_minutes(name, value, max)),
        Value::List(list) => list.iter().for_each(|value| update_max_minutes(name, value, max)),
        Value::Number(n) if matches!(name, "minutes" | "maxMinutes") => {
            *max = n.as_f64().into_iter().chain(*max).reduce(f64::max);
        }
        _ => {}
    }
}

fn coded(why: impl Into<String>, code: &str) -> ServerError {
    let mut error = ServerError::new(why, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// Returns the hash of a text.
pub fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// Parses a hash of 64 hexadecimal digits.
fn parse_hash(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
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
    trusted: Option<Trusted>,
}

impl Documents {
    /// Creates an empty cache. With a manifest, only its documents are accepted.
    #[must_use]
    pub fn new(trusted: Option<Trusted>) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity((CAPACITY / (TYPICAL_TEXT * BYTES_PER_TEXT_BYTE)) as usize)
            .weight_capacity(CAPACITY)
            .build()
            .unwrap_or_else(|_| unreachable!("both capacities are set"));
        let cache = Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self { cache, trusted }
    }

    /// Returns the document that a request sends or refers to. A new document is not cached until it has been validated:
    /// see [`Documents::keep`].
    ///
    /// # Errors
    /// An exceeded limit, a syntax error, an unknown hash or id, a hash of another text, or an untrusted document.
    pub fn find(&self, text: &str, persisted: Option<&Persisted>, limits: &Limits) -> Result<Document, ServerError> {
        let expected = match persisted {
            None => None,
            Some(Persisted::Hash(digits)) => Some(parse_hash(digits).ok_or_else(|| {
                let why = "extensions.persistedQuery.sha256Hash must have 64 hexadecimal digits.";
                coded(why, code::BAD_USER_INPUT)
            })?),
            Some(Persisted::Id(id)) => Some(self.hash_of(id)?),
        };
        if text.is_empty() {
            let Some(expected) = expected else {
                return Err(coded("The parameter query is missing.", code::BAD_USER_INPUT));
            };
            return self.get(&expected).ok_or_else(|| not_persisted(persisted));
        }
        // Checked first, so that oversized texts are not hashed.
        limits.check_text(text)?;
        let hash = hash(text);
        if expected.is_some_and(|expected| expected != hash) {
            return Err(coded("The query does not match its hash or id.", code::BAD_USER_INPUT));
        }
        if let Some(cached) = self.get(&hash) {
            return Ok(cached);
        }
        if self.trusted.is_some() {
            let why = "This server accepts only the documents of its manifest (setting trusted_documents).";
            return Err(coded(why, code::NOT_TRUSTED));
        }
        Document::parse(text, limits)
    }

    fn hash_of(&self, id: &str) -> Result<Hash, ServerError> {
        if let Some(hash) = self.trusted.as_ref().and_then(|t| t.hash_of(id)) {
            return Ok(hash);
        }
        match id.split_once(':') {
            Some(("sha256", digits)) => parse_hash(digits).ok_or_else(|| {
                coded("documentId: sha256: must be followed by 64 hexadecimal digits.", code::BAD_USER_INPUT)
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
    pub const fn trusted(&self) -> Option<&Trusted> {
        self.trusted.as_ref()
    }

    /// Caches a document that has passed validation.
    pub fn keep(&self, document: &Document) {
        if self.trusted.is_none() && self.cache.peek(&document.hash).is_none() {
            self.cache.insert(document.hash, document.clone());
        }
    }
}

fn not_persisted(persisted: Option<&Persisted>) -> ServerError {
    match persisted {
        // Clients look for exactly this message and code; they then send the text with the hash.
        Some(Persisted::Hash(_)) | None => coded("PersistedQueryNotFound", code::PERSISTED_QUERY_NOT_FOUND),
        Some(Persisted::Id(id)) => {
            let id: String = id.chars().take(80).collect();
            coded(format!("documentId: no document \"{id}\" exists."), code::PERSISTED_DOCUMENT_NOT_FOUND)
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(error: &ServerError) -> String {
        error.extensions.as_ref().unwrap().get("code").unwrap().to_string()
    }

    #[test]
    fn selects_one_operation_or_fails() {
        let kind = |text: &str, name: Option<&str>| choose(&parse_query(text).unwrap(), name).map(|c| (c.name, c.kind));
        let named = |name: &str, kind| Ok((Some(name.to_owned()), kind));
        assert_eq!(kind("{a}", None), Ok((None, OperationType::Query)));
        assert_eq!(kind("mutation M{a}", None), named("M", OperationType::Mutation));
        assert_eq!(kind("subscription S{a} fragment F on Q{a}", None), named("S", OperationType::Subscription));
        let two = "query A{a} mutation B{b}";
        assert_eq!(kind(two, Some("A")), named("A", OperationType::Query));
        assert_eq!(kind(two, Some("B")), named("B", OperationType::Mutation));
        for (text, name) in [(two, None), (two, Some("C")), ("{a}", Some("A")), ("query A{a}", Some(""))] {
            assert!(kind(text, name).is_err(), "{text} {name:?}");
        }
    }

    #[test]
    fn finds_valid_documents_by_hash_and_id() {
        let (documents, limits) = (Documents::new(None), Limits::default());
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
        documents.keep(&document);
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
        let (documents, limits) = (Documents::new(None), Limits::default());
        for n in 0..400 {
            let text = format!("{{a{n} {}}}", "b ".repeat(4000));
            let document = documents.find(&text, None, &limits).unwrap();
            documents.keep(&document);
            assert!(documents.cache.weight() <= CAPACITY, "{}", documents.cache.weight());
        }
        assert!(!documents.cache.is_empty());
    }
}

//! The documents that are answered: parsed once and kept while they are asked for, since map front ends send the same few
//! thousands of times a second; found again by their hash or their id; and, where a manifest says so, no others at all.

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

/// Bytes that kept documents may hold.
const CAPACITY: u64 = 32 * 1024 * 1024;
/// A parsed document takes up to so many times the bytes of its text: a field of one letter takes some 230.
const PARSED: u64 = 128;
/// A field of a fragment that is unfolded takes so many bytes wherever it is spread.
const UNFOLDED: u64 = 256;
/// Bytes of a usual document, for the tables of the cache.
const USUAL: u64 = 1024;

/// The hash of a document: SHA-256 of its text in UTF-8.
pub type Hash = [u8; 32];

/// How a request names its document, beside or in place of sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Persisted {
    /// Apollo's automatic persisted queries: SHA-256 in hexadecimal digits.
    Hash(String),
    /// The identifier of GraphQL over HTTP, appendix "Persisted Documents": `sha256:` and the digits, or an id of the manifest.
    Id(String),
}

/// A document to be answered.
#[derive(Debug, Clone)]
pub struct Document {
    pub hash: Hash,
    pub text: Arc<str>,
    /// With one field for each response key: see [`merge`].
    pub parsed: Arc<ExecutableDocument>,
    /// Fields after fragments are unfolded.
    fields: usize,
}

impl Document {
    /// Parses a text that is within the limits.
    ///
    /// # Errors
    /// A refusal that names the limit, or says where it cannot be parsed.
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

/// An operation of a document: the one that is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub name: Option<String>,
    pub kind: OperationType,
}

/// Decides which operation of a document is carried out, for every transport: `GetOperation` of the GraphQL specification.
///
/// # Errors
/// The name names none, or there is no name and more than one operation.
pub fn choose(document: &ExecutableDocument, name: Option<&str>) -> Result<Chosen, ServerError> {
    let chosen = match (&document.operations, name) {
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
    chosen.map(|(name, kind)| Chosen { name, kind }).ok_or_else(|| {
        let why = match name {
            Some(name) => {
                let name: String = name.chars().take(80).collect();
                format!("operationName: the document has no operation \"{name}\"")
            }
            None => "operationName is missing: the document has more than one operation".to_owned(),
        };
        coded(why, code::VALIDATION_FAILED)
    })
}

/// The longest time that the arguments `minutes` and `maxMinutes` of a document ask for, in literals and variables.
pub fn longest_minutes(document: &ExecutableDocument, variables: &Variables) -> Option<f64> {
    let mut most: Option<f64> = None;
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
                        longest(name.node.as_str(), &value, &mut most);
                    }
                }
                Selection::InlineFragment(fragment) => open.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    most
}

fn longest(name: &str, value: &Value, most: &mut Option<f64>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| longest(name, value, most)),
        Value::List(list) => list.iter().for_each(|value| longest(name, value, most)),
        Value::Number(n) if matches!(name, "minutes" | "maxMinutes") => {
            *most = n.as_f64().into_iter().chain(*most).reduce(f64::max);
        }
        _ => {}
    }
}

fn coded(why: impl Into<String>, code: &str) -> ServerError {
    let mut error = ServerError::new(why, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// The hash of a text.
pub fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// Reads a hash of 64 hexadecimal digits.
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

#[derive(Clone)]
struct Bytes;

impl Weighter<Hash, Document> for Bytes {
    fn weight(&self, _: &Hash, document: &Document) -> u64 {
        document.text.len() as u64 * PARSED + document.fields as u64 * UNFOLDED + 256
    }
}

/// Documents that were found valid, the longest unused forgotten first, and those of the manifest.
pub struct Documents {
    known: Cache<Hash, Document, Bytes>,
    trusted: Option<Trusted>,
}

impl Documents {
    /// Answers any document, or those of a manifest alone.
    #[must_use]
    pub fn new(trusted: Option<Trusted>) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity((CAPACITY / (USUAL * PARSED)) as usize)
            .weight_capacity(CAPACITY)
            .build()
            .unwrap_or_else(|_| unreachable!("both capacities are given"));
        let known = Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self { known, trusted }
    }

    /// The document a request sends or names. It is not kept before it is found valid: see [`Documents::keep`].
    ///
    /// # Errors
    /// A refusal: a limit, a syntax error, an unknown hash or id, a hash of another text, a document that is not trusted.
    pub fn find(&self, text: &str, persisted: Option<&Persisted>, limits: &Limits) -> Result<Document, ServerError> {
        let wanted = match persisted {
            None => None,
            Some(Persisted::Hash(digits)) => Some(parse_hash(digits).ok_or_else(|| {
                let why = "extensions.persistedQuery.sha256Hash must have 64 hexadecimal digits";
                coded(why, code::BAD_USER_INPUT)
            })?),
            Some(Persisted::Id(id)) => Some(self.hash_of(id)?),
        };
        if text.is_empty() {
            let Some(wanted) = wanted else {
                return Err(coded("the parameter query is missing", code::BAD_USER_INPUT));
            };
            return self.get(&wanted).ok_or_else(|| not_persisted(persisted));
        }
        // Long texts are not hashed before it is known that they are not too long.
        limits.check_text(text)?;
        let hash = hash(text);
        if wanted.is_some_and(|wanted| wanted != hash) {
            return Err(coded("the query is not the one that its hash or id names", code::BAD_USER_INPUT));
        }
        if let Some(known) = self.get(&hash) {
            return Ok(known);
        }
        if self.trusted.is_some() {
            let why = "this server answers the documents of its manifest alone (setting trusted_documents)";
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
                coded("documentId: sha256: must be followed by 64 hexadecimal digits", code::BAD_USER_INPUT)
            }),
            _ => Err(not_persisted(Some(&Persisted::Id(id.to_owned())))),
        }
    }

    fn get(&self, hash: &Hash) -> Option<Document> {
        match &self.trusted {
            Some(trusted) => trusted.get(hash).cloned(),
            None => self.known.get(hash),
        }
    }

    /// The documents of the manifest, where there is one.
    #[must_use]
    pub const fn trusted(&self) -> Option<&Trusted> {
        self.trusted.as_ref()
    }

    /// Keeps a document that has been found valid.
    pub fn keep(&self, document: &Document) {
        if self.trusted.is_none() && self.known.peek(&document.hash).is_none() {
            self.known.insert(document.hash, document.clone());
        }
    }
}

fn not_persisted(persisted: Option<&Persisted>) -> ServerError {
    match persisted {
        // These words and this code are what clients look for: they then send the text with the hash.
        Some(Persisted::Hash(_)) | None => coded("PersistedQueryNotFound", code::PERSISTED_QUERY_NOT_FOUND),
        Some(Persisted::Id(id)) => {
            let id: String = id.chars().take(80).collect();
            coded(format!("documentId: there is no document \"{id}\""), code::PERSISTED_DOCUMENT_NOT_FOUND)
        }
    }
}

#[cfg(test)]
/// A hash in hexadecimal digits.
pub fn hexadecimal(hash: &Hash) -> String {
    use std::fmt::Write;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text cannot fail.
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
    fn one_operation_is_chosen_or_none() {
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
    fn documents_are_found_again_by_hash_and_id_once_they_are_valid() {
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
        assert!(documents.find("", Some(&by_hash), &limits).is_err(), "it is not known to be valid yet");
        documents.keep(&document);
        for named in [&by_hash, &by_id] {
            assert_eq!(&*documents.find("", Some(named), &limits).unwrap().text, "{a}");
        }
        // Upper case digits name the same.
        assert!(documents.find("", Some(&Persisted::Hash(digits.to_uppercase())), &limits).is_ok());
        let error = documents.find("{b}", Some(&by_hash), &limits).unwrap_err();
        assert!(error.message.contains("not the one"), "{error:?}");
        for wrong in ["", "12", &"é".repeat(32), &"g".repeat(64)] {
            assert!(documents.find("{a}", Some(&Persisted::Hash(wrong.to_owned())), &limits).is_err(), "{wrong}");
            assert!(documents.find("", Some(&Persisted::Id(format!("sha256:{wrong}"))), &limits).is_err(), "{wrong}");
        }
        let error = documents.find("", Some(&Persisted::Id("x".into())), &limits).unwrap_err();
        assert_eq!(code_of(&error), "\"PERSISTED_DOCUMENT_NOT_FOUND\"");
    }

    #[test]
    fn kept_documents_hold_a_bounded_number_of_bytes() {
        let (documents, limits) = (Documents::new(None), Limits::default());
        for n in 0..400 {
            let text = format!("{{a{n} {}}}", "b ".repeat(4000));
            let document = documents.find(&text, None, &limits).unwrap();
            documents.keep(&document);
            assert!(documents.known.weight() <= CAPACITY, "{}", documents.known.weight());
        }
        assert!(!documents.known.is_empty());
    }
}

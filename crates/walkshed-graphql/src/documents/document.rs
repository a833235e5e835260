//! A parsed document and its hash.

use super::merge::{FieldTypes, merge};
use crate::error::code;
use crate::limits::Limits;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned, ServerError, Variables};
use async_graphql_value::Value;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

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
    is_valid: Arc<AtomicBool>,
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
        Ok(Self { hash: hash(text), text: text.into(), parsed: Arc::new(document), fields, is_valid: Arc::default() })
    }

    /// Returns whether validation has accepted this document and all its literals. Validation of another request can then only find
    /// invalid variables.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.is_valid.load(Relaxed)
    }

    /// Returns whether validation with these variables has seen all literals of the document. It skips an argument that contains a
    /// variable without value, with all literals in that argument. Of several operations it sees the selected one only.
    #[must_use]
    pub fn is_wholly_validated(&self, variables: &Variables) -> bool {
        self.parsed.operations.iter().count() == 1
            && nested_variables(&self.parsed).iter().all(|name| variables.contains_key(*name))
    }

    /// Records that validation has accepted this document.
    pub fn set_valid(&self) {
        self.is_valid.store(true, Relaxed);
    }

    /// Merges the selections with the same response key: see [`merge`].
    #[must_use]
    pub fn merged(mut self, types: &FieldTypes) -> Self {
        merge(Arc::make_mut(&mut self.parsed), types);
        self
    }
}

/// Returns the variables within lists and objects in arguments.
fn nested_variables(document: &ExecutableDocument) -> HashSet<&Name> {
    fn in_value<'a>(value: &'a Value, found: &mut HashSet<&'a Name>) {
        let mut inside = |value: &'a Value| match value {
            Value::Variable(name) => {
                found.insert(name);
            }
            value => in_value(value, found),
        };
        match value {
            Value::List(items) => items.iter().for_each(&mut inside),
            Value::Object(fields) => fields.values().for_each(&mut inside),
            _ => {}
        }
    }
    fn in_directives<'a>(directives: &'a [Positioned<Directive>], found: &mut HashSet<&'a Name>) {
        directives.iter().flat_map(|d| &d.node.arguments).for_each(|(_, value)| in_value(&value.node, found));
    }
    fn in_set<'a>(set: &'a SelectionSet, found: &mut HashSet<&'a Name>) {
        for item in &set.items {
            in_directives(item.node.directives(), found);
            match &item.node {
                Selection::Field(field) => {
                    field.node.arguments.iter().for_each(|(_, value)| in_value(&value.node, found));
                    in_set(&field.node.selection_set.node, found);
                }
                Selection::InlineFragment(inline) => in_set(&inline.node.selection_set.node, found),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    let mut found = HashSet::new();
    for (_, operation) in document.operations.iter() {
        in_directives(&operation.node.directives, &mut found);
        in_set(&operation.node.selection_set.node, &mut found);
    }
    for fragment in document.fragments.values() {
        in_directives(&fragment.node.directives, &mut found);
        in_set(&fragment.node.selection_set.node, &mut found);
    }
    found
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

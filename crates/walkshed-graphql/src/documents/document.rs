//! A parsed document and its hash.

use super::merge::{FieldTypes, merge};
use crate::error::code;
use crate::limits::Limits;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Positioned, ServerError, Variables};
use async_graphql_value::Value;
use sha2::{Digest, Sha256};
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

    /// Returns whether validation has accepted this document before. Validation of another request can then only find invalid
    /// variables.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.is_valid.load(Relaxed)
    }

    /// Returns whether validation has seen all values of the document. It skips an argument that contains a variable without value,
    /// or one of another operation; then it has not seen constants beside that variable.
    #[must_use]
    pub fn is_wholly_validated(&self, variables: &Variables) -> bool {
        let mut operations = self.parsed.operations.iter();
        let (first, second) = (operations.next(), operations.next());
        let all_given = first.is_some_and(|(_, operation)| {
            operation.node.variable_definitions.iter().all(|d| variables.contains_key(&d.node.name.node))
        });
        all_given && second.is_none() || !has_constants_beside_variables(&self.parsed)
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

/// Returns whether a list or an object in an argument contains a variable.
fn has_constants_beside_variables(document: &ExecutableDocument) -> bool {
    fn in_value(value: &Value) -> bool {
        let holds = |value: &Value| matches!(value, Value::Variable(_)) || in_value(value);
        match value {
            Value::List(items) => items.iter().any(holds),
            Value::Object(fields) => fields.values().any(holds),
            _ => false,
        }
    }
    fn in_directives(directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|d| d.node.arguments.iter().any(|(_, value)| in_value(&value.node)))
    }
    fn in_set(set: &SelectionSet) -> bool {
        set.items.iter().any(|item| {
            in_directives(item.node.directives())
                || match &item.node {
                    Selection::Field(field) => {
                        field.node.arguments.iter().any(|(_, value)| in_value(&value.node))
                            || in_set(&field.node.selection_set.node)
                    }
                    Selection::InlineFragment(inline) => in_set(&inline.node.selection_set.node),
                    Selection::FragmentSpread(_) => false,
                }
        })
    }
    let operations = document.operations.iter().map(|(_, operation)| &operation.node);
    operations.into_iter().any(|o| in_directives(&o.directives) || in_set(&o.selection_set.node))
        || document
            .fragments
            .values()
            .any(|fragment| in_directives(&fragment.node.directives) || in_set(&fragment.node.selection_set.node))
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

//! Parsed documents by their text: map front ends send the same few thousands of times a second.

use super::error::code;
use super::limits::Limits;
use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Documents kept at most; when there are more, all are dropped and the common ones soon come back.
const KEPT: usize = 1000;
/// Longer documents are rare, and are not kept.
const LONGEST_KEPT: usize = 8 * 1024;

/// Documents that were parsed and are within the limits.
#[derive(Default)]
pub struct Documents(RwLock<HashMap<String, Arc<ExecutableDocument>>>);

impl Documents {
    /// The parsed document of a text.
    pub fn get(&self, text: &str, limits: &Limits) -> Result<Arc<ExecutableDocument>, ServerError> {
        // A panic elsewhere leaves the map whole: every change of it is one call.
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(known.clone());
        }
        limits.check_text(text)?;
        let document = parse_query(text).map_err(|e| {
            let mut error = ServerError::from(e);
            error.extensions.get_or_insert_default().set("code", code::PARSE_FAILED);
            error
        })?;
        limits.check_document(&document)?;
        let document = Arc::new(document);
        if text.len() > LONGEST_KEPT {
            return Ok(document);
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(text.to_owned(), document.clone());
        Ok(document)
    }
}

/// What the chosen operation does; `None` when none is chosen.
pub fn kind(document: &ExecutableDocument, name: Option<&str>) -> Option<OperationType> {
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
        (DocumentOperations::Multiple(_), None) => None,
    };
    operation.map(|o| o.node.ty)
}

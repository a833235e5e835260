//! Parsed documents: a cache, because map front ends send the same few documents thousands of times a second; lookup of
//! persisted documents by hash or id; and, with a manifest, rejection of all other documents.

mod cache;
mod document;
mod input_types;
mod manifest;
mod merge;
mod operation;

pub use cache::{Documents, Persisted};
pub use document::Document;
pub use input_types::InputTypes;
pub use manifest::{ManifestError, TrustedDocuments};
pub use merge::FieldTypes;
pub use operation::{SelectedOperation, longest_minutes, select_operation};

//! TrustedDocuments documents: with a manifest, the server accepts only the documents in it.

use super::document::{Document, Hash};
use super::merge::FieldTypes;
use crate::limits::Limits;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Why a manifest is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest {} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the manifest {} is not JSON: {source}", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error(
        "the manifest {} must be an object that maps ids to documents, or an Apollo manifest with a list \"operations\"",
        path.display()
    )]
    Form { path: PathBuf },
    #[error("the manifest {}, document \"{id}\": {why}", path.display())]
    Document { path: PathBuf, id: String, why: String },
}

/// The documents of a manifest.
#[derive(Debug, Clone, Default)]
pub struct TrustedDocuments {
    path: PathBuf,
    by_hash: HashMap<Hash, Document>,
    by_id: HashMap<String, Hash>,
}

impl TrustedDocuments {
    /// Reads a manifest: `{"id": "document", ...}`, as written by Relay, urql and GraphQL Code Generator, or Apollo's
    /// `{"format": "apollo-persisted-query-manifest", "operations": [{"id": ..., "body": ...}]}`.
    ///
    /// # Errors
    /// [`ManifestError`], which names the invalid document.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, ManifestError> {
        let owned = || path.to_owned();
        let text = std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: owned(), source })?;
        let manifest: Value =
            serde_json::from_str(&text).map_err(|source| ManifestError::Json { path: owned(), source })?;
        let entries: Vec<(&str, &str)> = match &manifest {
            Value::Object(map) => match map.get("operations") {
                Some(Value::Array(list)) => {
                    list.iter().map(|o| Some((o.get("id")?.as_str()?, o.get("body")?.as_str()?))).collect()
                }
                _ => map.iter().map(|(id, text)| Some((id.as_str(), text.as_str()?))).collect::<Option<_>>(),
            },
            _ => None,
        }
        .ok_or_else(|| ManifestError::Form { path: owned() })?;
        let mut trusted = Self { path: owned(), ..Self::default() };
        for (id, text) in entries {
            let invalid = |why: String| ManifestError::Document { path: owned(), id: id.to_owned(), why };
            let document = Document::parse(text, limits).map_err(|e| invalid(e.message))?;
            if trusted.by_id.insert(id.to_owned(), document.hash).is_some_and(|other| other != document.hash) {
                return Err(invalid("the id occurs twice, with different documents".into()));
            }
            trusted.by_hash.insert(document.hash, document);
        }
        Ok(trusted)
    }

    /// Merges the selections of all documents.
    #[must_use]
    pub fn merged(mut self, types: &FieldTypes) -> Self {
        self.by_hash = self.by_hash.into_iter().map(|(hash, document)| (hash, document.merged(types))).collect();
        self
    }

    /// Returns the document with a hash.
    #[must_use]
    pub fn get(&self, hash: &Hash) -> Option<&Document> {
        self.by_hash.get(hash)
    }

    /// Returns the hash of the document with an id. The id may have the prefix `sha256:`.
    #[must_use]
    pub fn hash_of(&self, id: &str) -> Option<Hash> {
        let short = id.strip_prefix("sha256:");
        self.by_id.get(id).or_else(|| self.by_id.get(short?)).copied()
    }

    /// Returns all ids and documents, ordered by id.
    #[must_use]
    pub fn documents(&self) -> Vec<(&str, &Document)> {
        let mut all: Vec<_> = self.by_id.iter().filter_map(|(id, hash)| Some((id.as_str(), self.get(hash)?))).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }

    /// Returns the path of the manifest.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::super::cache::{Documents, Persisted};
    use super::super::document::{hash, hexadecimal};
    use super::*;

    fn read(text: &str) -> Result<TrustedDocuments, ManifestError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.json");
        std::fs::write(&path, text).unwrap();
        TrustedDocuments::read(&path, &Limits::default())
    }

    #[test]
    fn reads_both_manifest_formats_and_refuses_other_documents() {
        let apollo = r#"{"format": "apollo-persisted-query-manifest", "version": 1,
            "operations": [{"id": "n", "name": "A", "type": "query", "body": "query A{a}"}]}"#;
        for manifest in [r#"{"n": "query A{a}"}"#, apollo] {
            let trusted = read(manifest).unwrap();
            assert_eq!(trusted.documents().iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["n"]);
            let (documents, limits) = (Documents::new(Some(trusted), crate::schema::field_types()), Limits::default());
            let digits = hexadecimal(&hash("query A{a}"));
            let by_id = Persisted::Id("n".into());
            for reference in [by_id, Persisted::Id(format!("sha256:{digits}")), Persisted::Hash(digits)] {
                assert_eq!(&*documents.find("", Some(&reference), &limits).unwrap().text, "query A{a}");
            }
            assert!(documents.find("query A{a}", None, &limits).is_ok());
            let error = documents.find("query A{b}", None, &limits).unwrap_err();
            assert!(error.message.contains("trusted_documents"), "{error:?}");
            documents.insert(&Document::parse("query A{b}", &limits).unwrap());
            assert!(documents.find("query A{b}", None, &limits).is_err());
        }
    }

    #[test]
    fn rejects_invalid_manifests() {
        for (manifest, why) in [
            ("", "is not JSON"),
            ("[]", "must be an object"),
            (r#"{"operations": [{"id": "n"}]}"#, "must be an object"),
            (r#"{"n": 1}"#, "must be an object"),
            (r#"{"n": "query A{"}"#, "document \"n\":"),
        ] {
            let error = read(manifest).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(TrustedDocuments::read(Path::new("/nowhere"), &Limits::default()).is_err());
    }
}

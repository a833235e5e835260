//! Trusted documents: with a manifest a server answers the documents that are in it, and no others.

use super::documents::{Document, Hash};
use super::limits::Limits;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest {} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the manifest {} is not JSON: {source}", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error(
        "the manifest {} must be an object of ids and documents, or one of Apollo's with a list \"operations\"",
        path.display()
    )]
    Form { path: PathBuf },
    #[error("the manifest {}, document \"{id}\": {why}", path.display())]
    Document { path: PathBuf, id: String, why: String },
}

/// The documents of a manifest.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    path: PathBuf,
    by_hash: HashMap<Hash, Document>,
    by_id: HashMap<String, Hash>,
}

impl Trusted {
    /// Reads a manifest: `{"id": "document", ...}` as Relay, urql and GraphQL Code Generator write it, or Apollo's
    /// `{"format": "apollo-persisted-query-manifest", "operations": [{"id": ..., "body": ...}]}`.
    ///
    /// # Errors
    /// [`ManifestError`], naming the document that is at fault.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, ManifestError> {
        let owned = || path.to_owned();
        let text = std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: owned(), source })?;
        let manifest: Value =
            serde_json::from_str(&text).map_err(|source| ManifestError::Json { path: owned(), source })?;
        let form = || ManifestError::Form { path: owned() };
        let listed: Vec<(&str, &str)> = match &manifest {
            Value::Object(map) => match map.get("operations") {
                Some(Value::Array(list)) => {
                    list.iter().map(|o| Some((o.get("id")?.as_str()?, o.get("body")?.as_str()?))).collect()
                }
                _ => map.iter().map(|(id, text)| Some((id.as_str(), text.as_str()?))).collect::<Option<_>>(),
            },
            _ => None,
        }
        .ok_or_else(form)?;
        let mut trusted = Self { path: owned(), ..Self::default() };
        for (id, text) in listed {
            let wrong = |why: String| ManifestError::Document { path: owned(), id: id.to_owned(), why };
            let document = Document::parse(text, limits).map_err(|e| wrong(e.message))?;
            if trusted.by_id.insert(id.to_owned(), document.hash).is_some_and(|before| before != document.hash) {
                return Err(wrong("the id names two documents".into()));
            }
            trusted.by_hash.insert(document.hash, document);
        }
        Ok(trusted)
    }

    /// The document of a hash.
    #[must_use]
    pub fn get(&self, hash: &Hash) -> Option<&Document> {
        self.by_hash.get(hash)
    }

    /// The hash of the document an id names, with or without `sha256:` before it.
    #[must_use]
    pub fn hash_of(&self, id: &str) -> Option<Hash> {
        let short = id.strip_prefix("sha256:");
        self.by_id.get(id).or_else(|| self.by_id.get(short?)).copied()
    }

    /// Ids and documents, in the order of the ids.
    #[must_use]
    pub fn documents(&self) -> Vec<(&str, &Document)> {
        let mut all: Vec<_> = self.by_id.iter().filter_map(|(id, hash)| Some((id.as_str(), self.get(hash)?))).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Documents, Persisted, hash, hexadecimal};

    fn read(text: &str) -> Result<Trusted, ManifestError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.json");
        std::fs::write(&path, text).unwrap();
        Trusted::read(&path, &Limits::default())
    }

    #[test]
    fn both_forms_of_manifest_are_read_and_nothing_else_is_answered() {
        let apollo = r#"{"format": "apollo-persisted-query-manifest", "version": 1,
            "operations": [{"id": "n", "name": "A", "type": "query", "body": "query A{a}"}]}"#;
        for manifest in [r#"{"n": "query A{a}"}"#, apollo] {
            let trusted = read(manifest).unwrap();
            assert_eq!(trusted.documents().iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["n"]);
            let (documents, limits) = (Documents::new(Some(trusted)), Limits::default());
            let digits = hexadecimal(&hash("query A{a}"));
            for named in [Persisted::Id("n".into()), Persisted::Id(format!("sha256:{digits}")), Persisted::Hash(digits)]
            {
                assert_eq!(&*documents.find("", Some(&named), &limits).unwrap().text, "query A{a}");
            }
            assert!(documents.find("query A{a}", None, &limits).is_ok());
            let error = documents.find("query A{b}", None, &limits).unwrap_err();
            assert!(error.message.contains("trusted_documents"), "{error:?}");
            documents.keep(&Document::parse("query A{b}", &limits).unwrap());
            assert!(documents.find("query A{b}", None, &limits).is_err());
        }
    }

    #[test]
    fn what_is_wrong_with_a_manifest_is_said() {
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
        assert!(Trusted::read(Path::new("/nowhere"), &Limits::default()).is_err());
    }
}

//! Limits on documents, checked before validation. Each fragment is measured once, so that a small document whose fragments
//! expand into a huge one is refused cheaply.

use super::{Limits, limit_exceeded};
use crate::error::code;
use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, ServerError};
use std::collections::HashMap;

/// Depth of nested brackets in a document, which bounds the recursion of the parser.
const MAX_NESTING: usize = 60;

impl Limits {
    /// Checks the text of a document, before it is parsed.
    ///
    /// # Errors
    /// `TOO_COMPLEX`.
    pub fn check_text(&self, document: &str) -> Result<(), ServerError> {
        let max = self.max_document_bytes;
        if document.len() > max {
            return Err(limit_exceeded("maxDocumentBytes", "bytes of the document", document.len() as f64, max as f64));
        }
        let deepest = nesting(document);
        if deepest > MAX_NESTING {
            return Err(limit_exceeded("maxNesting", "nested brackets", deepest as f64, MAX_NESTING as f64));
        }
        Ok(())
    }

    /// Checks a parsed document before it is validated. Returns the number of fields after fragments are expanded.
    ///
    /// # Errors
    /// `TOO_COMPLEX`, or an error that names a fragment that includes itself.
    pub fn check_document(&self, document: &ExecutableDocument) -> Result<usize, ServerError> {
        let mut measure = Measure { fragments: &document.fragments, sizes: HashMap::new() };
        let mut worst = Size::default();
        for (_, operation) in document.operations.iter() {
            let mut size = measure.selections(&operation.node.selection_set.node)?;
            size.directives += operation.node.directives.len();
            worst = worst.max(size);
        }
        let limits = [
            ("maxDepth", "nested selections", worst.depth, self.max_depth),
            ("maxComplexity", "fields", worst.fields, self.max_complexity),
            ("maxAliases", "aliases", worst.aliases, self.max_aliases),
            ("maxDirectives", "directives", worst.directives, self.max_directives),
        ];
        for (name, what, size, max) in limits {
            if size > max {
                return Err(limit_exceeded(name, what, size as f64, max as f64));
            }
        }
        Ok(worst.fields)
    }
}

/// The size of a selection set after fragments are expanded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Size {
    fields: usize,
    depth: usize,
    aliases: usize,
    directives: usize,
}

impl Size {
    fn max(self, other: Self) -> Self {
        Self {
            fields: self.fields.max(other.fields),
            depth: self.depth.max(other.depth),
            aliases: self.aliases.max(other.aliases),
            directives: self.directives.max(other.directives),
        }
    }

    const fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        if other.depth > self.depth {
            self.depth = other.depth;
        }
    }
}

/// Measures selection sets, each fragment once.
struct Measure<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Sizes of fragments; `None` while a fragment is being measured.
    sizes: HashMap<&'a str, Option<Size>>,
}

impl<'a> Measure<'a> {
    fn selections(&mut self, set: &'a SelectionSet) -> Result<Size, ServerError> {
        let mut size = Size::default();
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let mut inner = self.selections(&field.node.selection_set.node)?;
                    inner.fields = inner.fields.saturating_add(1);
                    inner.depth += 1;
                    inner.aliases += usize::from(field.node.alias.is_some());
                    inner.directives += field.node.directives.len();
                    size.add(inner);
                }
                Selection::InlineFragment(fragment) => {
                    let mut inner = self.selections(&fragment.node.selection_set.node)?;
                    inner.directives += fragment.node.directives.len();
                    size.add(inner);
                }
                Selection::FragmentSpread(spread) => {
                    let mut inner = self.fragment(&spread.node.fragment_name)?;
                    inner.directives += spread.node.directives.len();
                    size.add(inner);
                }
            }
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &Positioned<Name>) -> Result<Size, ServerError> {
        // Validation reports undefined fragments.
        let Some((key, fragment)) = self.fragments.get_key_value(&name.node) else { return Ok(Size::default()) };
        match self.sizes.insert(key.as_str(), None) {
            Some(Some(size)) => {
                self.sizes.insert(key.as_str(), Some(size));
                Ok(size)
            }
            Some(None) => {
                let mut error =
                    ServerError::new(format!("The fragment \"{}\" includes itself.", name.node), Some(name.pos));
                error.extensions.get_or_insert_default().set("code", code::VALIDATION_FAILED);
                Err(error)
            }
            None => {
                let mut size = self.selections(&fragment.node.selection_set.node)?;
                size.directives += fragment.node.directives.len();
                self.sizes.insert(key.as_str(), Some(size));
                Ok(size)
            }
        }
    }
}

/// Returns the depth of nested brackets outside of strings and comments.
fn nesting(document: &str) -> usize {
    let bytes = document.as_bytes();
    let (mut depth, mut max, mut i) = (0usize, 0usize, 0usize);
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                max = max.max(depth);
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b'#' => i += bytes[i..].iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(bytes.len() - i),
            b'"' if bytes[i..].starts_with(b"\"\"\"") => {
                i += 3;
                while i < bytes.len() && !bytes[i..].starts_with(b"\"\"\"") {
                    i += if bytes[i..].starts_with(b"\\\"\"\"") { 4 } else { 1 };
                }
                i += 2;
            }
            b'"' => {
                i += 1;
                while bytes.get(i).is_some_and(|&b| b != b'"' && b != b'\n') {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
            }
            _ => {}
        }
        i += 1;
    }
    max
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn exceeded_limit(limits: &Limits, document: &str) -> Option<String> {
        let check = || {
            limits.check_text(document)?;
            limits.check_document(&parse_query(document).unwrap()).map(drop)
        };
        check().err().map(|e| {
            e.extensions.unwrap().get("limit").unwrap().clone().into_json().unwrap().as_str().unwrap().to_owned()
        })
    }

    #[test]
    fn errors_name_the_exceeded_limit() {
        let limits = Limits { max_depth: 3, max_complexity: 6, max_aliases: 2, max_directives: 2, ..Limits::default() };
        for (document, limit) in [
            ("{a{b{c}}}", None),
            ("{a{b{c{d}}}}", Some("maxDepth")),
            ("{a b c d e f}", None),
            ("{a b c d e f g}", Some("maxComplexity")),
            ("{x:a y:a}", None),
            ("{x:a y:a z:a}", Some("maxAliases")),
            ("{a @x b @x}", None),
            ("{a @x b @x ...@x{c}}", Some("maxDirectives")),
            ("query @x @x @x {a}", Some("maxDirectives")),
            ("{...F ...F} fragment F on Q {a b c d}", Some("maxComplexity")),
            ("{...F} fragment F on Q {a{b{c{d}}}}", Some("maxDepth")),
            ("query A {a} query B {a b c d e f g}", Some("maxComplexity")),
        ] {
            assert_eq!(exceeded_limit(&limits, document).as_deref(), limit, "{document}");
        }
        let long = format!("{{a}}#{}", "x".repeat(70_000));
        assert_eq!(exceeded_limit(&limits, &long).as_deref(), Some("maxDocumentBytes"));
    }

    #[test]
    fn refuses_fragments_that_expand_into_billions_of_fields() {
        let doubling: Vec<String> =
            (0..40).map(|i| format!("fragment F{i} on Query {{...F{0} ...F{0}}}", i + 1)).collect();
        let document = format!("{{...F0}} {} fragment F40 on Query {{a}}", doubling.join(" "));
        assert_eq!(exceeded_limit(&Limits::default(), &document).as_deref(), Some("maxComplexity"));
        let cycle = parse_query("{...A} fragment A on Q {...B} fragment B on Q {...A}").unwrap();
        let error = Limits::default().check_document(&cycle).unwrap_err();
        assert!(error.message.contains("\"A\" includes itself"), "{}", error.message);
    }

    #[test]
    fn nesting_ignores_strings_and_comments() {
        for (document, depth) in [
            ("{a}", 1),
            ("{a(b:[[1]])}", 4),
            ("{a(b:\"[[[[\\\"[[\")}", 2),
            ("{a(b:\"\"\"[[[[\"[\\\"\"\"[\"\"\")}", 2),
            ("# {{{{\n{a}", 1),
            ("\"unclosed [[[", 0),
            ("\"\"\"unclosed [[[", 0),
            ("\"ends with \\", 0),
        ] {
            assert_eq!(nesting(document), depth, "{document}");
        }
        let deep = "[".repeat(30_000);
        assert_eq!(exceeded_limit(&Limits::default(), &format!("{{a(b:{deep}")).as_deref(), Some("maxNesting"));
    }
}

//! What one request may ask for. The document is measured before it is validated, each fragment once, so that a small
//! document that would unfold into a huge one is refused at the price of reading it.

use super::error::code;
use super::measure::Size as Variables;
use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, ServerError, Value};
use std::collections::HashMap;
use walkshed_live::MAX_WAITING_WRITES;

/// Limits of a request. Every refusal names the one that was passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Bytes of a document.
    pub max_document_bytes: usize,
    /// Nested selections; 16 are enough for the introspection of common tools.
    pub max_depth: usize,
    /// Fields after fragments are unfolded, each counted by what it costs to answer.
    pub max_complexity: usize,
    /// What a request may cost while it is answered, in units of 0.7 microseconds of one core, as it is estimated before each
    /// piece of work begins; jobs may cost 20 times as much.
    pub max_work: usize,
    /// Seconds a request may take, from its beginning; 0 for any number. Jobs have no such limit.
    pub max_seconds: u64,
    /// Items of one list in an argument, such as ids, keys or statuses, where its description says no other number.
    pub max_list_items: usize,
    /// Corners of a polygon in an argument.
    pub max_polygon_corners: usize,
    /// Aliased fields after fragments are unfolded.
    pub max_aliases: usize,
    /// Directives after fragments are unfolded.
    pub max_directives: usize,
    /// Minutes a search may reach.
    pub max_minutes: f64,
    /// Suggestions an hour from one address without a token; 0 for any number.
    pub suggestions_per_hour: u32,
    /// Analyses that run at once; 0 for one a core.
    pub max_analyses: usize,
    /// Analyses that wait for their turn; more are refused.
    pub max_waiting_analyses: usize,
    /// Changes that wait for their turn at the database; more are refused. Those without a token may wait in a quarter as many
    /// places, behind all others.
    pub max_waiting_writes: usize,
    /// Jobs that are worked on at once, 1 at least.
    pub max_jobs: usize,
    /// Jobs that wait for their turn; more are refused.
    pub max_waiting_jobs: usize,
    /// Values in the variables of a request: each number, text, list and object counts.
    pub max_variable_values: usize,
    /// Imports that are carried out at once, 1 at least.
    pub max_imports: usize,
    /// Imports that wait for their turn; more are refused.
    pub max_waiting_imports: usize,
    /// Rows of a file that is imported by a request. The command line takes more.
    pub max_import_rows: usize,
    /// Bytes of one answer.
    pub max_answer_bytes: usize,
    /// Bytes of all answers that are being built or sent.
    pub max_answers_bytes: usize,
    /// What all subscriptions may cost together, each counted as a query is; equal ones count once.
    pub max_followed_complexity: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_document_bytes: 64 * 1024,
            max_depth: 20,
            max_complexity: 50_000,
            max_work: 3_000_000,
            max_seconds: 30,
            max_list_items: 1000,
            max_polygon_corners: 10_000,
            max_aliases: 100,
            max_directives: 50,
            max_minutes: 120.0,
            suggestions_per_hour: 20,
            max_analyses: 0,
            max_waiting_analyses: 50,
            max_waiting_writes: MAX_WAITING_WRITES,
            max_jobs: 1,
            max_waiting_jobs: 20,
            max_variable_values: 200_000,
            max_imports: 1,
            max_waiting_imports: 4,
            max_import_rows: 300_000,
            max_answer_bytes: 32 * 1024 * 1024,
            max_answers_bytes: 256 * 1024 * 1024,
            max_followed_complexity: 500_000,
        }
    }
}

/// Nested brackets in a document, in and out of values, before the parser's own recursion is at risk.
const MAX_NESTING: usize = 60;

/// Nested lists and objects in variables. GeoJSON needs five.
const MAX_VARIABLE_DEPTH: usize = 100;

/// A refusal that names the limit.
pub fn too_complex(limit: &str, message: String) -> ServerError {
    let mut error = ServerError::new(message, None);
    let values = error.extensions.get_or_insert_default();
    values.set("code", code::TOO_COMPLEX);
    values.set("limit", limit);
    error
}

/// A refusal that names the limit, what was asked for and the most there may be.
pub fn beyond(limit: &str, what: &str, value: f64, most: f64) -> ServerError {
    let advice = match limit {
        "maxMinutes" => "ask for fewer minutes",
        "maxComplexity" => {
            "ask for fewer rows or fields, smaller areas or shorter times, or start a job, which may cost more"
        }
        _ => "ask for less at a time",
    };
    let mut error = too_complex(limit, format!("{what}: {value} is more than {limit} allows ({most}); {advice}"));
    let values = error.extensions.get_or_insert_default();
    values.set("value", number(value));
    values.set("maximum", number(most));
    error
}

/// A whole number as one.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { Value::from(value as i64) } else { Value::from(value) }
}

impl Limits {
    /// Checks how many values the variables of a request hold.
    ///
    /// # Errors
    /// A refusal that names the limit.
    pub fn check_variables(&self, size: Variables) -> Result<(), ServerError> {
        if size.depth > MAX_VARIABLE_DEPTH {
            let (depth, most) = (size.depth as f64, MAX_VARIABLE_DEPTH as f64);
            return Err(beyond("maxVariableDepth", "nested values in variables", depth, most));
        }
        let (values, most) = (size.values, self.max_variable_values);
        if values > most {
            return Err(beyond("maxVariableValues", "values in variables", values as f64, most as f64));
        }
        Ok(())
    }

    /// Checks a document before it is parsed.
    ///
    /// # Errors
    /// A refusal that names the limit.
    pub fn check_text(&self, document: &str) -> Result<(), ServerError> {
        let most = self.max_document_bytes;
        if document.len() > most {
            return Err(beyond("maxDocumentBytes", "bytes of the document", document.len() as f64, most as f64));
        }
        let deepest = nesting(document);
        if deepest > MAX_NESTING {
            return Err(beyond("maxNesting", "nested brackets", deepest as f64, MAX_NESTING as f64));
        }
        Ok(())
    }

    /// Checks a parsed document before it is validated; how many fields it unfolds into.
    ///
    /// # Errors
    /// A refusal that names the limit, or the fragment that spreads itself.
    pub fn check_document(&self, document: &ExecutableDocument) -> Result<usize, ServerError> {
        let mut measure = Measure { fragments: &document.fragments, known: HashMap::new() };
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
        for (name, what, size, most) in limits {
            if size > most {
                return Err(beyond(name, what, size as f64, most as f64));
            }
        }
        Ok(worst.fields)
    }
}

/// What a selection unfolds into.
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

struct Measure<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while a fragment is being measured.
    known: HashMap<&'a str, Option<Size>>,
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
        // One that is not defined is left to validation.
        let Some((key, fragment)) = self.fragments.get_key_value(&name.node) else { return Ok(Size::default()) };
        match self.known.insert(key.as_str(), None) {
            Some(Some(size)) => {
                self.known.insert(key.as_str(), Some(size));
                Ok(size)
            }
            Some(None) => {
                let mut error =
                    ServerError::new(format!("the fragment \"{}\" spreads itself", name.node), Some(name.pos));
                error.extensions.get_or_insert_default().set("code", code::VALIDATION_FAILED);
                Err(error)
            }
            None => {
                let mut size = self.selections(&fragment.node.selection_set.node)?;
                size.directives += fragment.node.directives.len();
                self.known.insert(key.as_str(), Some(size));
                Ok(size)
            }
        }
    }
}

/// How deep brackets nest, outside of strings and comments.
fn nesting(document: &str) -> usize {
    let bytes = document.as_bytes();
    let (mut depth, mut most, mut i) = (0usize, 0usize, 0usize);
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                most = most.max(depth);
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
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn refused_by(limits: &Limits, document: &str) -> Option<String> {
        let check = || {
            limits.check_text(document)?;
            limits.check_document(&parse_query(document).unwrap()).map(drop)
        };
        check().err().map(|e| {
            e.extensions.unwrap().get("limit").unwrap().clone().into_json().unwrap().as_str().unwrap().to_owned()
        })
    }

    #[test]
    fn each_limit_is_named_and_holds_to_the_last() {
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
            assert_eq!(refused_by(&limits, document).as_deref(), limit, "{document}");
        }
        let long = format!("{{a}}#{}", "x".repeat(70_000));
        assert_eq!(refused_by(&limits, &long).as_deref(), Some("maxDocumentBytes"));
    }

    #[test]
    fn a_small_document_that_unfolds_into_billions_is_refused_at_once() {
        let doubling: Vec<String> =
            (0..40).map(|i| format!("fragment F{i} on Query {{...F{0} ...F{0}}}", i + 1)).collect();
        let document = format!("{{...F0}} {} fragment F40 on Query {{a}}", doubling.join(" "));
        assert_eq!(refused_by(&Limits::default(), &document).as_deref(), Some("maxComplexity"));
        let cycle = parse_query("{...A} fragment A on Q {...B} fragment B on Q {...A}").unwrap();
        let error = Limits::default().check_document(&cycle).unwrap_err();
        assert!(error.message.contains("\"A\" spreads itself"), "{}", error.message);
    }

    #[test]
    fn brackets_are_counted_outside_of_strings_and_comments() {
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
        assert_eq!(refused_by(&Limits::default(), &format!("{{a(b:{deep}")).as_deref(), Some("maxNesting"));
    }
}

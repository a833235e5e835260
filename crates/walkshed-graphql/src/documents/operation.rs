//! Selection of the operation to execute, and inspection of the arguments of a document.

use crate::error::{code, server_error};
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql::{Name, ServerError, Value, Variables};
use std::convert::Infallible;

/// The operation of a document to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedOperation {
    pub name: Option<String>,
    pub kind: OperationType,
}

/// Selects the operation of a document to execute: `GetOperation` of the GraphQL specification.
///
/// # Errors
/// `GRAPHQL_VALIDATION_FAILED` when no operation has the name, or the name is missing and the document has more than one
/// operation.
pub fn select_operation(document: &ExecutableDocument, name: Option<&str>) -> Result<SelectedOperation, ServerError> {
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
    selected.map(|(name, kind)| SelectedOperation { name, kind }).ok_or_else(|| {
        let why = match name {
            Some(name) => {
                let name: String = name.chars().take(80).collect();
                format!("operationName: the document has no operation \"{name}\".")
            }
            None => "operationName is missing: the document has more than one operation.".to_owned(),
        };
        server_error(why, code::VALIDATION_FAILED)
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

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    #[test]
    fn selects_one_operation_or_fails() {
        let kind = |text: &str, name: Option<&str>| {
            select_operation(&parse_query(text).unwrap(), name).map(|c| (c.name, c.kind))
        };
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
}

//! Merges selections with the same response key into one field, as `CollectFields` of the GraphQL specification does.
//! async-graphql executes each selection separately and merges the results: a mutation that is selected twice would run
//! twice, and an error in one of the selections would be lost.
//!
//! Fragments on the type they are spread in are expanded. Selections on an interface or with a directive stay unchanged.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, Field, FieldDefinition, FragmentDefinition, OperationDefinition,
    OperationType, Selection, SelectionSet, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Positioned};
use std::collections::{HashMap, HashSet};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The type of each field of all objects and interfaces of a schema.
#[derive(Debug, Default)]
pub struct FieldTypes(HashMap<String, HashMap<String, String>>);

impl FieldTypes {
    /// Reads the types from a schema in GraphQL's schema definition language. The result is empty if it cannot be parsed; then
    /// only the selections of the root types are merged.
    #[must_use]
    pub fn from_sdl(sdl: &str) -> Self {
        let Ok(schema) = parse_schema(sdl) else { return Self::default() };
        let mut types = HashMap::new();
        for definition in schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            let named =
                |f: Positioned<FieldDefinition>| (f.node.name.node.to_string(), named_type(&f.node.ty.node).to_owned());
            types.insert(definition.node.name.node.to_string(), fields.into_iter().map(named).collect());
        }
        Self(types)
    }

    /// Returns the type of a field, without list and non-null.
    fn of(&self, parent: &str, field: &str) -> Option<&str> {
        self.0.get(parent)?.get(field).map(String::as_str)
    }
}

fn named_type(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(item) => named_type(item),
    }
}

/// Merges the selections of a document. The caller has checked its size, and that no fragment includes itself.
pub fn merge(document: &mut ExecutableDocument, types: &FieldTypes) {
    let fragments = document.fragments.clone();
    let mut merger = Merger { types, fragments: &fragments, expanded: HashSet::new() };
    let mut merge_operation = |operation: &mut OperationDefinition| {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        merger.merge(&mut operation.selection_set.node, Some(root));
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => merge_operation(&mut operation.node),
        DocumentOperations::Multiple(all) => {
            for operation in all.values_mut() {
                merge_operation(&mut operation.node);
            }
        }
    }
    for fragment in document.fragments.values_mut() {
        let on = fragment.node.type_condition.node.on.node.to_string();
        merger.merge(&mut fragment.node.selection_set.node, Some(&on));
    }
    let expanded = merger.expanded;
    // Validation would report a fragment that is expanded everywhere as unused.
    let mut used = HashSet::new();
    for (_, operation) in document.operations.iter() {
        collect_spreads(&operation.node.selection_set.node, &document.fragments, &mut used);
    }
    document.fragments.retain(|name, _| used.contains(name) || !expanded.contains(name));
}

/// Collects the fragments that are still spread, directly or through other fragments.
fn collect_spreads(set: &SelectionSet, fragments: &Fragments, used: &mut HashSet<Name>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => collect_spreads(&field.node.selection_set.node, fragments, used),
            Selection::InlineFragment(inline) => collect_spreads(&inline.node.selection_set.node, fragments, used),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if used.insert(name.clone())
                    && let Some(fragment) = fragments.get(name)
                {
                    collect_spreads(&fragment.node.selection_set.node, fragments, used);
                }
            }
        }
    }
}

struct Merger<'a> {
    types: &'a FieldTypes,
    fragments: &'a Fragments,
    /// The fragments that were expanded somewhere.
    expanded: HashSet<Name>,
}

/// The merged items of a selection set.
#[derive(Default)]
struct Merged {
    items: Vec<Positioned<Selection>>,
    /// Index of the last field with each response key.
    fields: HashMap<Name, usize>,
}

impl Merger<'_> {
    fn merge(&mut self, set: &mut SelectionSet, parent: Option<&str>) {
        let mut merged = Merged::default();
        self.collect(std::mem::take(&mut set.items), parent, &mut merged);
        for item in &mut merged.items {
            match &mut item.node {
                Selection::Field(field) => {
                    let types = self.types;
                    let of = parent.and_then(|parent| types.of(parent, field.node.name.node.as_str()));
                    self.merge(&mut field.node.selection_set.node, of);
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map(|on| on.node.on.node.to_string());
                    let of = on.as_deref().or(parent);
                    self.merge(&mut inline.node.selection_set.node, of);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
        set.items = merged.items;
    }

    fn collect(&mut self, from: Vec<Positioned<Selection>>, parent: Option<&str>, merged: &mut Merged) {
        for item in from {
            match item.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.clone();
                    match merged.fields.get(&key).and_then(|&at| merged.items.get_mut(at)) {
                        Some(Positioned { node: Selection::Field(before), .. })
                            if are_same(&before.node, &field.node) =>
                        {
                            before.node.selection_set.node.items.extend(field.node.selection_set.node.items);
                        }
                        _ => {
                            merged.fields.insert(key, merged.items.len());
                            merged.items.push(Positioned::new(Selection::Field(field), item.pos));
                        }
                    }
                }
                Selection::InlineFragment(inline)
                    if inline.node.directives.is_empty()
                        && inline
                            .node
                            .type_condition
                            .as_ref()
                            .is_none_or(|on| Some(on.node.on.node.as_str()) == parent) =>
                {
                    self.collect(inline.node.selection_set.node.items, parent, merged);
                }
                Selection::FragmentSpread(spread) if spread.node.directives.is_empty() => {
                    let name = &spread.node.fragment_name.node;
                    let fits = |f: &&Positioned<FragmentDefinition>| {
                        f.node.directives.is_empty() && Some(f.node.type_condition.node.on.node.as_str()) == parent
                    };
                    match self.fragments.get(name).filter(fits) {
                        Some(fragment) => {
                            self.expanded.insert(name.clone());
                            let inner = fragment.node.selection_set.node.items.clone();
                            self.collect(inner, parent, merged);
                        }
                        None => merged.items.push(Positioned::new(Selection::FragmentSpread(spread), item.pos)),
                    }
                }
                other => merged.items.push(Positioned::new(other, item.pos)),
            }
        }
    }
}

/// Returns whether two fields differ only in their selection sets. Validation reports other fields with the same response
/// key.
fn are_same(one: &Field, other: &Field) -> bool {
    let arguments = |field: &Field| -> Vec<(Name, String)> {
        let mut list: Vec<_> = field.arguments.iter().map(|(n, v)| (n.node.clone(), v.node.to_string())).collect();
        list.sort_unstable();
        list
    };
    one.name.node == other.name.node
        && one.directives.is_empty()
        && other.directives.is_empty()
        && arguments(one) == arguments(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    /// Formats a selection set compactly, in order.
    fn compact(set: &SelectionSet) -> String {
        let items: Vec<String> = set
            .items
            .iter()
            .map(|item| match &item.node {
                Selection::Field(field) if field.node.selection_set.node.items.is_empty() => {
                    field.node.response_key().node.to_string()
                }
                Selection::Field(field) => {
                    format!("{}{}", field.node.response_key().node, compact(&field.node.selection_set.node))
                }
                Selection::InlineFragment(inline) => format!("...{}", compact(&inline.node.selection_set.node)),
                Selection::FragmentSpread(spread) => format!("...{}", spread.node.fragment_name.node),
            })
            .collect();
        format!("{{{}}}", items.join(" "))
    }

    #[test]
    fn merges_selections_with_one_response_key() {
        for (document, merged, left) in [
            ("{dataset{version} dataset{centerCount}}", "{dataset{version centerCount}}", 0),
            ("{dataset{version} ...F} fragment F on Query{dataset{centerCount}}", "{dataset{version centerCount}}", 0),
            (
                "mutation{...A ...B} fragment A on Mutation{f{a}} fragment B on Mutation{f{b ...on X{c}}}",
                "{f{a b ...{c}}}",
                0,
            ),
            ("{a:dataset{version} a:dataset{version} b:dataset{version}}", "{a{version} b{version}}", 0),
            (
                "{center(code:\"1\"){region{name} ...C}} fragment C on Center{region{code}}",
                "{center{region{name code}}}",
                0,
            ),
            ("{center(code:\"1\"){name} center(code:\"2\"){name}}", "{center{name} center{name}}", 0),
            ("{dataset{version} dataset @include(if:true){version}}", "{dataset{version} dataset{version}}", 0),
            ("{node(id:\"1\"){id ...on Center{name} ...F}} fragment F on Center{code}", "{node{id ...{name} ...F}}", 1),
            ("{dataset{version}} fragment Unused on Query{dataset{version}}", "{dataset{version}}", 1),
        ] {
            let mut parsed = parse_query(document).unwrap();
            merge(&mut parsed, &crate::schema::field_types());
            let (_, operation) = parsed.operations.iter().next().unwrap();
            assert_eq!(compact(&operation.node.selection_set.node), merged, "{document}");
            assert_eq!(parsed.fragments.len(), left, "{document}");
        }
    }
}

//! Selections of one response key become one field, as `CollectFields` of the GraphQL specification has it. The library
//! carries out each selection by itself and merges the answers: a mutation that is selected twice ran twice, and what failed
//! in one of them went missing.
//!
//! Fragments on the type they are spread in are unfolded; what is beneath an interface, or has a directive, stays as it is.

use super::measure;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationType, Selection,
    SelectionSet, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Positioned};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The types of the fields of all objects and interfaces.
static TYPES: LazyLock<HashMap<String, HashMap<String, String>>> = LazyLock::new(|| {
    let Ok(schema) = parse_schema(measure::sdl()) else { return HashMap::new() };
    let mut types = HashMap::new();
    for definition in schema.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let fields = match definition.node.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            _ => continue,
        };
        let named = |f: Positioned<async_graphql::parser::types::FieldDefinition>| {
            (f.node.name.node.to_string(), innermost(&f.node.ty.node).to_owned())
        };
        types.insert(definition.node.name.node.to_string(), fields.into_iter().map(named).collect());
    }
    types
});

fn innermost(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(item) => innermost(item),
    }
}

/// Merges the selections of a document. Its size is bounded already, and no fragment spreads itself.
pub fn merge(document: &mut ExecutableDocument) {
    let mut spread = HashSet::new();
    let fragments = document.fragments.clone();
    let mut each = |operation: &mut async_graphql::parser::types::OperationDefinition| {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        merge_set(&mut operation.selection_set.node, Some(root), &fragments, &mut spread);
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => each(&mut operation.node),
        DocumentOperations::Multiple(all) => all.values_mut().for_each(|operation| each(&mut operation.node)),
    }
    let mut unfolded = spread;
    for fragment in document.fragments.values_mut() {
        let on = fragment.node.type_condition.node.on.node.to_string();
        merge_set(&mut fragment.node.selection_set.node, Some(&on), &fragments, &mut unfolded);
    }
    // A fragment that is unfolded everywhere is not used any more, which would be told as a mistake.
    let mut used = HashSet::new();
    for (_, operation) in document.operations.iter() {
        spreads(&operation.node.selection_set.node, &document.fragments, &mut used);
    }
    document.fragments.retain(|name, _| used.contains(name) || !unfolded.contains(name));
}

/// The fragments that are still spread, directly or by others.
fn spreads(set: &SelectionSet, fragments: &Fragments, used: &mut HashSet<Name>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => spreads(&field.node.selection_set.node, fragments, used),
            Selection::InlineFragment(inline) => spreads(&inline.node.selection_set.node, fragments, used),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if used.insert(name.clone())
                    && let Some(fragment) = fragments.get(name)
                {
                    spreads(&fragment.node.selection_set.node, fragments, used);
                }
            }
        }
    }
}

fn merge_set(set: &mut SelectionSet, parent: Option<&str>, fragments: &Fragments, unfolded: &mut HashSet<Name>) {
    let mut items: Vec<Positioned<Selection>> = Vec::with_capacity(set.items.len());
    let mut fields: HashMap<Name, usize> = HashMap::new();
    collect(std::mem::take(&mut set.items), parent, fragments, unfolded, &mut items, &mut fields);
    for item in &mut items {
        match &mut item.node {
            Selection::Field(field) => {
                let of = parent.and_then(|parent| TYPES.get(parent)?.get(field.node.name.node.as_str()));
                merge_set(&mut field.node.selection_set.node, of.map(String::as_str), fragments, unfolded);
            }
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map(|on| on.node.on.node.to_string());
                let of = on.as_deref().or(parent);
                merge_set(&mut inline.node.selection_set.node, of, fragments, unfolded);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
    set.items = items;
}

fn collect(
    from: Vec<Positioned<Selection>>,
    parent: Option<&str>,
    fragments: &Fragments,
    unfolded: &mut HashSet<Name>,
    items: &mut Vec<Positioned<Selection>>,
    fields: &mut HashMap<Name, usize>,
) {
    for item in from {
        match item.node {
            Selection::Field(field) => {
                let key = field.node.response_key().node.clone();
                match fields.get(&key).and_then(|&at| items.get_mut(at)) {
                    Some(Positioned { node: Selection::Field(before), .. }) if are_same(&before.node, &field.node) => {
                        before.node.selection_set.node.items.extend(field.node.selection_set.node.items);
                    }
                    _ => {
                        fields.insert(key, items.len());
                        items.push(Positioned::new(Selection::Field(field), item.pos));
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
                collect(inline.node.selection_set.node.items, parent, fragments, unfolded, items, fields);
            }
            Selection::FragmentSpread(spread) if spread.node.directives.is_empty() => {
                let name = &spread.node.fragment_name.node;
                let fits = |f: &&Positioned<FragmentDefinition>| {
                    f.node.directives.is_empty() && Some(f.node.type_condition.node.on.node.as_str()) == parent
                };
                match fragments.get(name).filter(fits) {
                    Some(fragment) => {
                        unfolded.insert(name.clone());
                        let inner = fragment.node.selection_set.node.items.clone();
                        collect(inner, parent, fragments, unfolded, items, fields);
                    }
                    None => items.push(Positioned::new(Selection::FragmentSpread(spread), item.pos)),
                }
            }
            other => items.push(Positioned::new(other, item.pos)),
        }
    }
}

/// Fields that differ in more than their selections cannot be merged, which the validation tells.
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

    /// The fields of a document, in their order, with those beneath them.
    fn told(set: &SelectionSet) -> String {
        let items: Vec<String> = set
            .items
            .iter()
            .map(|item| match &item.node {
                Selection::Field(field) if field.node.selection_set.node.items.is_empty() => {
                    field.node.response_key().node.to_string()
                }
                Selection::Field(field) => {
                    format!("{}{}", field.node.response_key().node, told(&field.node.selection_set.node))
                }
                Selection::InlineFragment(inline) => format!("...{}", told(&inline.node.selection_set.node)),
                Selection::FragmentSpread(spread) => format!("...{}", spread.node.fragment_name.node),
            })
            .collect();
        format!("{{{}}}", items.join(" "))
    }

    #[test]
    fn selections_of_one_response_key_become_one_field() {
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
            merge(&mut parsed);
            let (_, operation) = parsed.operations.iter().next().unwrap();
            assert_eq!(told(&operation.node.selection_set.node), merged, "{document}");
            assert_eq!(parsed.fragments.len(), left, "{document}");
        }
    }
}

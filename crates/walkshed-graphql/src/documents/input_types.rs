//! The input types of the schema, to check the variables of a document that is known to be valid.

use crate::scalars::{DateTime, H3Cell};
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Positioned, ScalarType, Value, Variables};
use std::collections::{HashMap, HashSet};

/// The input types of a schema, by name.
#[derive(Debug, Default)]
pub struct InputTypes(HashMap<String, InputKind>);

type IsValid = fn(&Value) -> bool;

#[derive(Debug)]
enum InputKind {
    /// A function that returns whether a value is valid.
    Scalar(IsValid),
    Enum(HashSet<String>),
    Object {
        fields: HashMap<String, InputField>,
        is_one_of: bool,
    },
}

#[derive(Debug)]
struct InputField {
    of: Type,
    is_required: bool,
}

impl InputTypes {
    /// Reads the types from a schema in GraphQL's schema definition language. Scalars that are not known here are left out: their
    /// values are never certainly valid.
    #[must_use]
    pub fn from_sdl(sdl: &str) -> Self {
        let scalars: [(&str, IsValid); 7] = [
            ("Int", |value| matches!(value, Value::Number(n) if n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()))),
            ("Float", |value| matches!(value, Value::Number(n) if n.is_i64() || n.is_f64())),
            ("String", |value| matches!(value, Value::String(_))),
            ("Boolean", |value| matches!(value, Value::Boolean(_))),
            ("ID", |value| matches!(value, Value::String(_))),
            ("DateTime", |value| <DateTime as ScalarType>::parse(value.clone()).is_ok()),
            ("H3Cell", |value| <H3Cell as ScalarType>::parse(value.clone()).is_ok()),
        ];
        let scalars = scalars.into_iter().map(|(name, is_valid)| (name.to_owned(), InputKind::Scalar(is_valid)));
        let mut types: HashMap<String, InputKind> = scalars.collect();
        let Ok(schema) = parse_schema(sdl) else { return Self::default() };
        for definition in schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Enum(of) => {
                    let names = of.values.into_iter().map(|value| value.node.value.node.to_string());
                    types.insert(name, InputKind::Enum(names.collect()));
                }
                TypeKind::InputObject(object) => {
                    let is_one_of = definition.node.directives.iter().any(|d| d.node.name.node == "oneOf");
                    let fields = object.fields.into_iter().map(InputField::named).collect();
                    types.insert(name, InputKind::Object { fields, is_one_of });
                }
                _ => {}
            }
        }
        Self(types)
    }

    /// Returns whether the variables that an operation declares certainly have values of their types. Then validation, which has
    /// accepted the document before, has nothing more to find. `false` if this is not certain.
    #[must_use]
    pub fn accept(&self, document: &ExecutableDocument, operation: Option<&str>, variables: &Variables) -> bool {
        let is_selected = |name: Option<&async_graphql::Name>| match (name, operation) {
            (Some(name), Some(selected)) => name.as_str() == selected,
            _ => true,
        };
        let operations = document.operations.iter().filter(|(name, _)| is_selected(*name));
        let mut declared = operations.flat_map(|(_, operation)| &operation.node.variable_definitions);
        declared.all(|definition| {
            let definition = &definition.node;
            // An argument with a default allows a nullable variable, but not null.
            let is_valid = |value: &Value| *value != Value::Null && self.is_valid(value, &definition.var_type.node);
            variables.get(&definition.name.node).is_none_or(is_valid)
        })
    }

    fn is_valid(&self, value: &Value, of: &Type) -> bool {
        if *value == Value::Null {
            return of.nullable;
        }
        let name = match &of.base {
            BaseType::List(item) => {
                return matches!(value, Value::List(items) if items.iter().all(|value| self.is_valid(value, item)));
            }
            BaseType::Named(name) => name.as_str(),
        };
        match (self.0.get(name), value) {
            (Some(InputKind::Scalar(is_valid)), value) => is_valid(value),
            (Some(InputKind::Enum(names)), Value::String(name)) => names.contains(name),
            (Some(InputKind::Object { fields, is_one_of }), Value::Object(values)) => {
                (!is_one_of || values.len() == 1 && values.values().all(|value| *value != Value::Null))
                    && values.iter().all(|(key, value)| {
                        fields.get(key.as_str()).is_some_and(|field| self.is_valid(value, &field.of))
                    })
                    && fields.iter().all(|(name, field)| !field.is_required || values.contains_key(name.as_str()))
            }
            _ => false,
        }
    }
}

impl InputField {
    fn named(definition: Positioned<InputValueDefinition>) -> (String, Self) {
        let definition = definition.node;
        let is_required = !definition.ty.node.nullable && definition.default_value.is_none();
        (definition.name.node.to_string(), Self { of: definition.ty.node, is_required })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    #[test]
    fn accepts_only_values_of_the_declared_types() {
        let types = InputTypes::from_sdl(&crate::schema::builder().finish().sdl());
        let accepts = |declared: &str, value: serde_json::Value| {
            let document = parse_query(format!("query A($v: {declared}) {{ x }} query B($v: Int) {{ y }}")).unwrap();
            types.accept(&document, Some("A"), &Variables::from_json(json!({ "v": value })))
        };
        for (declared, good) in [
            ("PlaceInput!", json!({ "point": { "lon": 106, "lat": 29.5 } })),
            ("PlaceInput", json!({ "cell": "8a41b0a1b2a7fff" })),
            (
                "[PlaceInput!]!",
                json!([{ "center": "500106013004" }, { "point": { "lon": 1.5, "lat": 2, "level": null } }]),
            ),
            ("[[Int]!]", json!([[1, null], []])),
            ("Profile!", json!("BICYCLE")),
            ("DateTime", json!("2026-11-27T01:00:00+08:00")),
            ("[Category!]", json!(["HEALTH_CARE"])),
            ("ID!", json!("x")),
        ] {
            assert!(accepts(declared, good.clone()), "{declared} {good}");
        }
        for (declared, bad) in [
            ("PlaceInput", json!(null)),
            ("PlaceInput!", json!(null)),
            ("PlaceInput!", json!({ "point": { "lon": 106, "lat": 29.5, "height": 3 } })),
            ("PlaceInput!", json!({ "point": { "lon": "106", "lat": 29.5 } })),
            ("PlaceInput!", json!({ "point": { "lon": 106 } })),
            ("PlaceInput!", json!({ "point": { "lon": 106, "lat": 29.5 }, "center": "500106013004" })),
            ("PlaceInput!", json!({ "point": null })),
            ("PlaceInput!", json!({})),
            ("PlaceInput!", json!({ "cell": "nonsense" })),
            ("[PlaceInput!]!", json!([null])),
            // Valid by coercion; the library decides.
            ("[Int!]!", json!(1)),
            ("Int!", json!(2_147_483_648u64)),
            ("Int!", json!(1.0)),
            ("Float!", json!("1")),
            ("Profile!", json!("bicycle")),
            ("DateTime", json!("tomorrow")),
            ("GeoJSON", json!({})),
            ("Unknown", json!(1)),
        ] {
            assert!(!accepts(declared, bad.clone()), "{declared} {bad}");
        }
        // A missing variable is an error of the field that uses it.
        let document = parse_query("query($v: Int!) { x }").unwrap();
        assert!(types.accept(&document, None, &Variables::default()));
    }
}

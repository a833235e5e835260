//! Lists of places in arguments. The library copies the variables of a request four times. Lists of positions are packed into
//! bytes, which are cheap to copy.

use crate::types::{PlaceInput, PointInput};
use async_graphql::parser::types::{BaseType, ExecutableDocument, Type};
use async_graphql::registry::Registry;
use async_graphql::{InputType, InputValueError, InputValueResult, Name, Value, Variables};
use bytes::Bytes;
use std::borrow::Cow;

/// A list of places: `[PlaceInput!]`.
#[derive(Debug, Clone)]
pub struct PlaceList(pub Vec<PlaceInput>);

/// Bytes of a packed position: longitude and latitude.
const PACKED: usize = 16;

impl InputType for PlaceList {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <Vec<PlaceInput> as InputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<PlaceInput> as InputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<PlaceInput> as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            Some(Value::Binary(packed)) => Ok(Self(unpack(&packed))),
            other => Vec::parse(other).map(Self).map_err(InputValueError::propagate),
        }
    }

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

fn unpack(packed: &Bytes) -> Vec<PlaceInput> {
    let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().unwrap_or_default());
    packed
        .chunks_exact(PACKED)
        .map(|place| PlaceInput::Point(PointInput { lon: number(&place[..8]), lat: number(&place[8..]), level: None }))
        .collect()
}

/// Packs a list of positions without levels. `None` for any other value.
fn pack(value: &Value) -> Option<Bytes> {
    let Value::List(places) = value else { return None };
    let mut packed = Vec::with_capacity(places.len() * PACKED);
    for place in places {
        let Value::Object(place) = place else { return None };
        let (1, Some(Value::Object(point))) = (place.len(), place.get("point")) else { return None };
        let number = |name: &str| match point.get(name) {
            Some(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        let (2, Some(lon), Some(lat)) = (point.len(), number("lon"), number("lat")) else { return None };
        packed.extend_from_slice(&lon.to_le_bytes());
        packed.extend_from_slice(&lat.to_le_bytes());
    }
    Some(packed.into())
}

/// Packs the variables of an accepted request that are lists of positions. `operation` is the name of the selected operation.
pub fn pack_places(variables: &mut Variables, document: &ExecutableDocument, operation: Option<&str>) {
    if variables.is_empty() {
        return;
    }
    let is_selected = |name: Option<&Name>| operation.is_none_or(|o| name.is_none_or(|name| name.as_str() == o));
    for (_, operation) in document.operations.iter().filter(|(name, _)| is_selected(*name)) {
        for definition in &operation.node.variable_definitions {
            if is_list_of_places(&definition.node.var_type.node)
                && let Some(value) = variables.get_mut(&definition.node.name.node)
                && let Some(packed) = pack(value)
            {
                *value = Value::Binary(packed);
            }
        }
    }
}

fn is_list_of_places(of: &Type) -> bool {
    let BaseType::List(item) = &of.base else { return false };
    matches!(&item.base, BaseType::Named(name) if name == "PlaceInput")
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::value;

    #[test]
    fn packed_places_are_read_as_the_library_reads_them() {
        for list in [
            value!([]),
            value!([{ "point": { "lon": 106.550_000_1, "lat": 29 } }, { "point": { "lat": -29.5, "lon": -0.0 } }]),
        ] {
            let packed = pack(&list).unwrap();
            let read = PlaceList::parse(Some(Value::Binary(packed))).unwrap();
            assert_eq!(format!("{:?}", read.0), format!("{:?}", PlaceList::parse(Some(list)).unwrap().0));
        }
    }

    #[test]
    fn other_values_stay_as_they_are() {
        for list in [
            value!(null),
            value!({ "point": { "lon": 1, "lat": 2 } }),
            value!([null]),
            value!([{ "center": "500106013004" }]),
            value!([{ "point": { "lon": 1, "lat": 2, "level": 1 } }]),
            value!([{ "point": { "lon": 1, "lat": "2" } }]),
            value!([{ "point": { "lon": 1 } }]),
            value!([{ "point": { "lon": 1, "lat": 2 }, "center": "500106013004" }]),
        ] {
            assert_eq!(pack(&list), None, "{list}");
        }
    }
}

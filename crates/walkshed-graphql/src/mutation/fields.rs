//! Setters for the fields of a record, which treat omitted values and null as the schema describes.

use async_graphql::MaybeUndefined;

/// Sets an optional value: unchanged if omitted, cleared by null.
pub fn set<T: Into<U>, U>(target: &mut Option<U>, given: MaybeUndefined<T>) {
    match given {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => *target = None,
        MaybeUndefined::Value(value) => *target = Some(value.into()),
    }
}

/// Sets a required value: unchanged if omitted or null.
pub fn set_always<T: Into<U>, U>(target: &mut U, given: MaybeUndefined<T>) {
    if let MaybeUndefined::Value(value) = given {
        *target = value.into();
    }
}

/// Sets a list: unchanged if omitted, emptied by null.
pub fn set_list<T: Into<U>, U>(target: &mut Vec<U>, given: MaybeUndefined<Vec<T>>) {
    match given {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => target.clear(),
        MaybeUndefined::Value(list) => *target = list.into_iter().map(Into::into).collect(),
    }
}

/// Converts an optional value of a new record for the setters.
pub fn given<T>(value: Option<T>) -> MaybeUndefined<T> {
    value.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value)
}

/// Sets an optional text: unchanged if omitted, cleared by null or blank text.
pub fn set_text(target: &mut Option<String>, given: MaybeUndefined<String>) {
    set(target, given);
    if target.as_deref().is_some_and(|text| text.trim().is_empty()) {
        *target = None;
    }
}

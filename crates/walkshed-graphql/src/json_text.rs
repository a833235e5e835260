//! Writes the values of a response as JSON text.

use async_graphql::Value;
use async_graphql_value::RAW_VALUE_TOKEN;
use std::io::{Result, Write};

/// Returns whether an object in a value has the name by which `serde_json` marks JSON in a text. `serde_json` parses such a
/// text as JSON, level by level, beyond its own limit of nesting; requests with it are rejected.
#[must_use]
pub fn has_reserved_name(value: &Value) -> bool {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::List(list) => open.extend(list),
            Value::Object(map) if map.contains_key(RAW_VALUE_TOKEN) => return true,
            Value::Object(map) => open.extend(map.values()),
            _ => {}
        }
    }
    false
}

/// Writes a value of a response. Prepared JSON (GeoJSON, lists of rows) is written as it is; `serde_json` would copy and parse it
/// to check it. Prepared JSON comes from this crate alone: requests with its name are rejected.
///
/// # Errors
/// Those of the writer.
pub fn write_value(out: &mut impl Write, value: &Value) -> Result<()> {
    match value {
        Value::Object(fields) => {
            if let (1, Some(Value::String(text))) = (fields.len(), fields.get(RAW_VALUE_TOKEN)) {
                return out.write_all(text.as_bytes());
            }
            let mut separator: &[u8] = b"{";
            for (name, value) in fields {
                out.write_all(separator)?;
                serde_json::to_writer(&mut *out, name.as_str())?;
                out.write_all(b":")?;
                write_value(out, value)?;
                separator = b",";
            }
            if fields.is_empty() { out.write_all(b"{}") } else { out.write_all(b"}") }
        }
        Value::List(values) => {
            out.write_all(b"[")?;
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.write_all(b",")?;
                }
                write_value(out, value)?;
            }
            out.write_all(b"]")
        }
        plain => Ok(serde_json::to_writer(out, plain)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Name, value};

    #[test]
    fn writes_what_serde_json_writes() {
        let raw = |text: &str| Value::Object([(Name::new(RAW_VALUE_TOKEN), Value::from(text))].into_iter().collect());
        let empty = value!({});
        for value in [
            value!({ "a": [1, 2.5, -3, null, true, "q\"uote\u{7}\n村"], "b": { "c": [] }, "d": [[{}], [{ "e": 1e300 }]] }),
            value!({ "text": raw(r#"{"type":"Point","coordinates":[106.5,29.5]}"#), "list": [raw("[1,2]"), raw("null")] }),
            Value::Enum(Name::new("OPEN")),
            Value::Null,
            Value::List(vec![empty.clone()]),
            empty,
        ] {
            let mut text = Vec::new();
            write_value(&mut text, &value).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), serde_json::to_string(&value).unwrap());
        }
    }
}

//! Lists of objects as prepared JSON. Resolving a field through the library takes almost a microsecond, mostly for a future and a
//! map; a page of rows has hundreds of fields. If every selected field is plain (no arguments, no errors, no work), the rows are
//! written as text instead. Otherwise the library resolves them; both ways have the same answer.

use crate::budget::MemoryBudget;
use crate::scalars::raw;
use async_graphql::connection::PageInfo;
use async_graphql::parser::types::{Field, FragmentDefinition, Selection, SelectionSet};
use async_graphql::resolver_utils::EnumType;
use async_graphql::{ContextSelectionSet, Error, Name, Positioned, ServerResult, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Writes a field of a row as JSON.
pub type Write<T> = Box<dyn Fn(&T, &mut Vec<u8>) + Send + Sync>;

/// A type whose fields can be written without the library.
pub trait Plain: Sized + 'static {
    /// The name of its GraphQL type.
    const TYPE: &'static str;

    /// Returns how a field is written. `None` if it is not plain, or unknown.
    fn field(field: &Field, selections: &Selections<'_>) -> Option<Write<Self>>;
}

/// The selections of a request.
pub struct Selections<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
}

/// The selected fields of a type, in order.
pub struct Columns<T> {
    /// The text before each value, with its key, and how the value is written.
    list: Vec<(Vec<u8>, Write<T>)>,
}

impl<'a> Selections<'a> {
    /// Returns the selections of the request that is being answered.
    pub fn of(ctx: &'a ContextSelectionSet<'_>) -> Self {
        Self { fragments: &ctx.query_env.fragments }
    }

    /// Returns the selected fields of a type. `None` if one of them is not plain.
    pub fn columns<T: Plain>(&self, set: &SelectionSet) -> Option<Columns<T>> {
        let mut fields: Vec<(&str, Write<T>)> = Vec::with_capacity(set.items.len());
        self.add(set, &mut fields)?;
        let list = fields.into_iter().enumerate().map(|(i, (key, write))| {
            let separator = if i == 0 { '{' } else { ',' };
            (format!("{separator}\"{key}\":").into_bytes(), write)
        });
        Some(Columns { list: list.collect() })
    }

    fn add<'s, T: Plain>(&'s self, set: &'s SelectionSet, fields: &mut Vec<(&'s str, Write<T>)>) -> Option<()> {
        for item in &set.items {
            if !item.node.directives().is_empty() {
                return None;
            }
            match &item.node {
                Selection::Field(field) => {
                    let (field, key) = (&field.node, field.node.response_key().node.as_str());
                    // Selections of one key would have to be merged.
                    if !field.arguments.is_empty() || fields.iter().any(|(other, _)| *other == key) {
                        return None;
                    }
                    let write = if field.name.node == "__typename" {
                        Box::new(|_: &T, out: &mut Vec<u8>| text(out, T::TYPE))
                    } else {
                        T::field(field, self)?
                    };
                    fields.push((key, write));
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = &self.fragments.get(&spread.node.fragment_name.node)?.node;
                    if fragment.type_condition.node.on.node != T::TYPE || !fragment.directives.is_empty() {
                        return None;
                    }
                    self.add(&fragment.selection_set.node, fields)?;
                }
                Selection::InlineFragment(inline) => {
                    if inline.node.type_condition.as_ref().is_some_and(|on| on.node.on.node != T::TYPE) {
                        return None;
                    }
                    self.add(&inline.node.selection_set.node, fields)?;
                }
            }
        }
        Some(())
    }
}

impl<T: Plain> Columns<T> {
    /// Writes a row as a JSON object.
    pub fn write(&self, row: &T, out: &mut Vec<u8>) {
        for (before, write) in &self.list {
            out.extend_from_slice(before);
            write(row, out);
        }
        out.extend_from_slice(if self.list.is_empty() { b"{}" } else { b"}" });
    }

    /// Writes rows as a JSON list.
    pub fn write_all(&self, rows: &[T], out: &mut Vec<u8>) {
        out.push(b'[');
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            self.write(row, out);
        }
        out.push(b']');
    }
}

/// Writes an object as prepared JSON and charges its bytes to the budget of the response. `None` if a selected field is not
/// plain.
///
/// # Errors
/// The error of the field, if the budget is exceeded.
pub fn prepared<T: Plain>(
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
    object: &T,
) -> ServerResult<Option<Value>> {
    let Some(columns) = Selections::of(ctx).columns::<T>(&ctx.item.node) else { return Ok(None) };
    let mut out = Vec::new();
    columns.write(object, &mut out);
    if let Some(budget) = ctx.data_opt::<Arc<MemoryBudget>>() {
        let full = |full| ctx.set_error_path(Error::from(full).into_server_error(field.pos));
        budget.charge(out.len()).map_err(full)?;
    }
    // The text consists of whole strings.
    Ok(Some(raw(String::from_utf8(out).unwrap_or_default())))
}

impl Plain for PageInfo {
    const TYPE: &'static str = "PageInfo";

    fn field(field: &Field, _: &Selections<'_>) -> Option<Write<Self>> {
        Some(match field.name.node.as_str() {
            "hasPreviousPage" => Box::new(|info, out| value(out, info.has_previous_page)),
            "hasNextPage" => Box::new(|info, out| value(out, info.has_next_page)),
            "startCursor" => Box::new(|info, out| optional_text(out, info.start_cursor.as_deref())),
            "endCursor" => Box::new(|info, out| optional_text(out, info.end_cursor.as_deref())),
            _ => return None,
        })
    }
}

/// Writes a JSON string.
pub fn text(out: &mut Vec<u8>, value: &str) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

/// Writes a JSON string, or null.
pub fn optional_text(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

/// Writes a number, a truth value, or null.
pub fn value(out: &mut Vec<u8>, value: impl serde::Serialize) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, &value);
}

/// Writes a value of an enumeration.
pub fn enumerated<E: EnumType>(out: &mut Vec<u8>, value: E) {
    let name = E::items().iter().find(|item| item.value == value).map_or("", |item| item.name);
    text(out, name);
}

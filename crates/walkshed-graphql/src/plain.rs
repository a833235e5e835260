//! Lists of objects as prepared JSON. Resolving a field through the library takes almost a microsecond, mostly for a future and a
//! map; a page of rows has hundreds of fields. If every selected field is plain (no arguments, no errors, no work), the rows are
//! written as text instead. Otherwise the library resolves them; both ways have the same answer.
//!
//! The library merges objects of one response key, and cannot merge prepared JSON: see [`is_selected_once`].

use crate::budget::{BudgetExceeded, MemoryBudget};
use crate::scalars::raw;
use async_graphql::connection::PageInfo;
use async_graphql::parser::types::{Field, FragmentDefinition, Selection, SelectionSet};
use async_graphql::resolver_utils::EnumType;
use async_graphql::{Context, ContextSelectionSet, Error, Name, Positioned, ServerResult, Value};
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Writes a field of a row as JSON.
pub type Write<T> = Box<dyn Fn(&T, &mut Out) + Send + Sync>;

/// JSON text under construction. Its bytes are charged to the budget of the response row by row.
pub struct Out {
    bytes: Vec<u8>,
    budget: Option<Arc<MemoryBudget>>,
    charged: usize,
    /// Set when the budget is exceeded; then no more rows are written.
    full: Option<BudgetExceeded>,
}

impl Deref for Out {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Out {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Out {
    /// Charges the bytes written since the last call. Returns whether more may be written.
    fn charge(&mut self) -> bool {
        let more = self.bytes.len() - self.charged;
        if let (None, Some(budget)) = (self.full, &self.budget) {
            self.full = budget.charge(more).err();
            self.charged = self.bytes.len();
        }
        self.full.is_none()
    }
}

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
                        Box::new(|_: &T, out: &mut Out| text(out, T::TYPE))
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
    pub fn write(&self, row: &T, out: &mut Out) {
        for (before, write) in &self.list {
            out.extend_from_slice(before);
            write(row, out);
        }
        out.extend_from_slice(if self.list.is_empty() { b"{}" } else { b"}" });
    }

    /// Writes rows as a JSON list.
    pub fn write_all(&self, rows: &[T], out: &mut Out) {
        out.push(b'[');
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            self.write(row, out);
            if !out.charge() {
                return;
            }
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
    let budget = ctx.data_opt::<Arc<MemoryBudget>>().cloned();
    let mut out = Out { bytes: Vec::new(), budget, charged: 0, full: None };
    columns.write(object, &mut out);
    out.charge();
    if let Some(full) = out.full {
        return Err(ctx.set_error_path(Error::from(full).into_server_error(field.pos)));
    }
    // The text consists of whole strings.
    Ok(Some(raw(String::from_utf8(out.bytes).unwrap_or_default())))
}

/// Returns whether the response key of a root field is selected once. The library resolves each selection of a key, and merges
/// the objects.
pub fn is_selected_once(ctx: &Context<'_>) -> bool {
    fn count(set: &SelectionSet, key: &str, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) -> usize {
        let of = |item: &Positioned<Selection>| match &item.node {
            Selection::Field(field) => usize::from(field.node.response_key().node == key),
            Selection::InlineFragment(inline) => count(&inline.node.selection_set.node, key, fragments),
            Selection::FragmentSpread(spread) => fragments
                .get(&spread.node.fragment_name.node)
                .map_or(0, |fragment| count(&fragment.node.selection_set.node, key, fragments)),
        };
        set.items.iter().map(of).sum()
    }
    let (env, key) = (ctx.query_env, ctx.item.node.response_key().node.as_str());
    count(&env.operation.node.selection_set.node, key, &env.fragments) == 1
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

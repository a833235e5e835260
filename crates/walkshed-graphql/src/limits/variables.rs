//! The size of the variables of a request.

use async_graphql::{Value, Variables};

/// The size of the variables of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct VariablesSize {
    /// Number of values: each number, string, list and object counts.
    pub values: usize,
    /// Depth of nested lists and objects.
    pub depth: usize,
}

/// Measures the variables of a request.
pub fn size_of_variables(variables: &Variables) -> VariablesSize {
    let mut size = VariablesSize::default();
    let mut open: Vec<(&Value, usize)> = variables.values().map(|value| (value, 1)).collect();
    while let Some((value, depth)) = open.pop() {
        size.values += 1;
        size.depth = size.depth.max(depth);
        match value {
            Value::List(list) => open.extend(list.iter().map(|value| (value, depth + 1))),
            Value::Object(map) => open.extend(map.values().map(|value| (value, depth + 1))),
            _ => {}
        }
    }
    size
}

//! The cost of a request, without executing it.

use super::documents::Document;
use super::{ApiSchema, Mutation, Query, Subscription};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::{Request, Schema, ServerError, ValidationResult, Variables};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

/// A copy of the schema with an extension that stops every request after validation. Requests are executed with a schema
/// without extensions, because extensions cost time at every field.
static MEASURED: LazyLock<ApiSchema> = LazyLock::new(|| {
    Schema::build(Query::default(), Mutation::default(), Subscription).extension(MeasureFactory).finish()
});

/// Returns the schema in GraphQL's schema definition language.
pub fn sdl() -> String {
    MEASURED.sdl()
}

/// Receives the cost from the extension.
#[derive(Default)]
struct Sum(AtomicUsize);

struct MeasureFactory;

impl ExtensionFactory for MeasureFactory {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Measure)
    }
}

struct Measure;

#[async_trait::async_trait]
impl Extension for Measure {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let result = next.run(ctx).await?;
        if let Some(sum) = ctx.data_opt::<Arc<Sum>>() {
            sum.0.store(result.complexity, Relaxed);
        }
        Err(Vec::new())
    }
}

/// Returns the cost of a request.
///
/// # Errors
/// The validation errors.
pub async fn complexity(
    document: &Document,
    operation_name: Option<&str>,
    variables: Variables,
) -> Result<usize, Vec<ServerError>> {
    let sum = Arc::new(Sum::default());
    let mut request = Request::new(&*document.text).variables(variables).data(sum.clone());
    request.operation_name = operation_name.map(Into::into);
    request.set_parsed_query(document.parsed.as_ref().clone());
    let response = MEASURED.execute(request).await;
    if response.errors.is_empty() { Ok(sum.0.load(Relaxed)) } else { Err(response.errors) }
}

/// Returns the first validation error about a name that the schema does not have. Other errors are ignored, because the
/// variables of the document are not known.
pub async fn unknown(document: &Document) -> Option<String> {
    let mut request = Request::new(&*document.text);
    request.set_parsed_query(document.parsed.as_ref().clone());
    let response = MEASURED.execute(request).await;
    response.errors.into_iter().map(|e| e.message).find(|m| m.starts_with("Unknown") || m.starts_with("Cannot query"))
}

/// The size of the variables of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Number of values: each number, string, list and object counts.
    pub values: usize,
    /// Depth of nested lists and objects.
    pub depth: usize,
}

/// Measures the variables of a request.
pub fn size(variables: &Variables) -> Size {
    use async_graphql::Value;
    let mut size = Size::default();
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

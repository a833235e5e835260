//! What a request is counted at, without carrying it out.

use super::documents::Document;
use super::{ApiSchema, Mutation, Query, Subscription};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::{Request, Schema, ServerError, ValidationResult, Variables};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

/// The schema once more, with an extension that ends every request after its validation. Extensions cost time at every field,
/// so that requests which are carried out go by a schema without.
static MEASURED: LazyLock<ApiSchema> = LazyLock::new(|| {
    Schema::build(Query::default(), Mutation::default(), Subscription).extension(MeasureFactory).finish()
});

/// The schema in GraphQL's definition language.
pub fn sdl() -> String {
    MEASURED.sdl()
}

/// Where the sum is put.
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

/// What a request is counted at.
///
/// # Errors
/// What is not valid about it.
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

/// What a document names that the schema does not have. Its variables are not known yet, so that other rules wait for them.
pub async fn unknown(document: &Document) -> Option<String> {
    let mut request = Request::new(&*document.text);
    request.set_parsed_query(document.parsed.as_ref().clone());
    let response = MEASURED.execute(request).await;
    response.errors.into_iter().map(|e| e.message).find(|m| m.starts_with("Unknown") || m.starts_with("Cannot query"))
}

/// What the variables of a request hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Each number, text, list and object counts.
    pub values: usize,
    /// Lists and objects within each other.
    pub depth: usize,
}

/// How many values a request brings with it, and how deep.
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

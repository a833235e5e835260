//! The cost of a request, without executing it.

use crate::documents::Document;
use crate::erased_schema::ErasedSchema;
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::{Request, ServerError, ValidationResult, Variables};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Computes costs with a copy of the schema whose extension stops every request after validation. Requests are executed with
/// a schema without extensions, because extensions cost time at every field.
pub struct RequestCost {
    schema: ErasedSchema,
}

/// Receives the cost from the extension.
#[derive(Default)]
struct Sum(AtomicUsize);

struct StopAfterValidation;

impl ExtensionFactory for StopAfterValidation {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for StopAfterValidation {
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

impl RequestCost {
    /// Returns the extension that the schema for [`RequestCost::new`] must have.
    pub fn extension() -> impl ExtensionFactory {
        StopAfterValidation
    }

    /// Creates a calculator from a schema with [`RequestCost::extension`].
    pub const fn new(schema: ErasedSchema) -> Self {
        Self { schema }
    }

    /// Returns the cost of a request.
    ///
    /// # Errors
    /// The validation errors.
    pub async fn of(
        &self,
        document: &Document,
        operation_name: Option<&str>,
        variables: Variables,
    ) -> Result<usize, Vec<ServerError>> {
        let sum = Arc::new(Sum::default());
        let mut request = Request::new(&*document.text).variables(variables).data(sum.clone());
        request.operation_name = operation_name.map(Into::into);
        request.set_parsed_query(document.parsed.as_ref().clone());
        let response = self.schema.execute(request).await;
        if response.errors.is_empty() { Ok(sum.0.load(Relaxed)) } else { Err(response.errors) }
    }

    /// Returns the first validation error about a name that the schema does not have. Other errors are ignored, because the
    /// variables of the document are not known.
    pub async fn unknown_name(&self, document: &Document) -> Option<String> {
        let mut request = Request::new(&*document.text);
        request.set_parsed_query(document.parsed.as_ref().clone());
        let response = self.schema.execute(request).await;
        let is_unknown = |message: &String| message.starts_with("Unknown") || message.starts_with("Cannot query");
        response.errors.into_iter().map(|e| e.message).find(is_unknown)
    }
}

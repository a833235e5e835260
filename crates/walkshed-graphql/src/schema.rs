//! The root types, the schema that they form, and what is derived from it.

use crate::documents::{FieldTypes, InputTypes};
use crate::erased_schema::ErasedSchema;
use crate::mutation::Mutation;
use crate::request_cost::RequestCost;
use crate::subscription::Subscription;
use crate::{admin, dataset, jobs, nearby, planning, register, travel, walkshed};
use async_graphql::{MergedObject, SDLExportOptions, Schema, SchemaBuilder};
use std::sync::{Arc, LazyLock};

/// The query root.
#[derive(MergedObject, Default)]
pub struct Query(
    register::RegisterQuery,
    walkshed::WalkshedQuery,
    nearby::NearbyFacilitiesQuery,
    planning::CoverageQuery,
    planning::CatchmentQuery,
    planning::AccessibilityQuery,
    planning::SiteQuery,
    planning::AssessmentQuery,
    planning::ComparisonQuery,
    travel::TravelQuery,
    dataset::DatasetQuery,
    admin::AdminQuery,
    jobs::JobQuery,
);

pub type ApiSchema = Schema<Query, Mutation, Subscription>;

/// Returns the builder of the schema.
pub fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
}

/// Returns a schema in GraphQL's schema definition language.
pub fn sdl(schema: &ApiSchema) -> String {
    let options = SDLExportOptions::new().include_specified_by();
    let mut sdl = schema.sdl_with_options(options).trim().to_owned();
    sdl.push('\n');
    sdl
}

static SDL: LazyLock<String> = LazyLock::new(|| builder().finish().sdl());

/// Returns the types of all fields.
pub fn field_types() -> Arc<FieldTypes> {
    static TYPES: LazyLock<Arc<FieldTypes>> = LazyLock::new(|| Arc::new(FieldTypes::from_sdl(&SDL)));
    TYPES.clone()
}

/// Returns the types of all arguments.
pub fn input_types() -> Arc<InputTypes> {
    static TYPES: LazyLock<Arc<InputTypes>> = LazyLock::new(|| Arc::new(InputTypes::from_sdl(&SDL)));
    TYPES.clone()
}

/// Returns the calculator for the costs of requests.
pub fn request_cost() -> Arc<RequestCost> {
    static COST: LazyLock<Arc<RequestCost>> = LazyLock::new(|| {
        Arc::new(RequestCost::new(ErasedSchema::new(builder().extension(RequestCost::extension()).finish())))
    });
    COST.clone()
}

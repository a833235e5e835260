//! Mutations of regions.

use super::fields::{given, set, set_text};
use super::write::{create, payload, update};
use crate::context::Nullable;
use crate::register::Region;
use crate::scalars::GeoJsonInput;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use walkshed_register::{self as register, Problem, ProblemCode, RegionCode, Role};

/// A region to create.
#[derive(InputObject, Debug, Clone)]
pub struct CreateRegionInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token.
    idempotency_key: Option<String>,
    /// The code: 2 or 4 digits for a city, 6 for a district, 9 for a town, 12 for a division.
    code: String,
    /// The name, 1 to 500 characters.
    name: String,
    /// The name in English.
    name_en: Option<String>,
    /// The outline as a GeoJSON Polygon or MultiPolygon, at most 4 MiB.
    outline: Option<GeoJsonInput>,
}

/// Changes to a region. Omitted fields keep their value. Null clears an optional field; for a required field, null is
/// the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateRegionInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    /// The name, 1 to 500 characters.
    name: Option<String>,
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// The outline as a GeoJSON Polygon or MultiPolygon, at most 4 MiB.
    outline: MaybeUndefined<GeoJsonInput>,
}

payload! {
    /// The result of a change to a region.
    RegionPayload, region: Region, "The region. Null if it was not stored."
}

#[derive(Default)]
pub struct RegionMutation;

#[Object]
impl RegionMutation {
    /// Creates a region. Requires the role EDITOR.
    async fn create_region(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The region to create.")] input: CreateRegionInput,
    ) -> Nullable<RegionPayload> {
        let written = create(ctx, Role::Editor, (input.idempotency_key.as_ref(), &input), |_| {
            let code = RegionCode::new(&input.code).map_err(|e| {
                vec![Problem::new("code", ProblemCode::Invalid, format!("\"{}\": {e}", input.code)).into()]
            })?;
            let mut region = register::Region::new(code, input.name.clone());
            set_text(&mut region.name_en, given(input.name_en.clone()));
            region.set_outline(input.outline.clone().map(|g| g.0));
            Ok(region)
        });
        Some(written.await.map(RegionPayload::new))
    }

    /// Updates a region. Requires the role EDITOR.
    async fn update_region(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateRegionInput,
    ) -> Nullable<RegionPayload> {
        let target = (&input.id, input.version);
        let written = update(
            ctx,
            Role::Editor,
            |r| &r.regions,
            target,
            |region, _| {
                if let Some(name) = input.name.clone() {
                    region.name = name;
                }
                set_text(&mut region.name_en, input.name_en.clone());
                set(&mut region.outline, input.outline.clone().map_value(|g| g.0));
                let outline = region.outline.take();
                region.set_outline(outline);
                Ok(())
            },
        );
        Some(written.await.map(RegionPayload::new))
    }
}

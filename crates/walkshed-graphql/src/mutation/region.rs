//! Changes of regions.

use super::{DeleteInput, DeletePayload, UserError, Written, delete, idempotent, known, payload, put};
use super::{given, set, set_text};
use crate::Nullable;
use crate::register::Region;
use crate::scalars::GivenGeoJson;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use walkshed_register::{self as register, Problem, ProblemCode, RecordKind, RegionCode, Role};

/// A new region.
#[derive(InputObject, Debug, Clone)]
pub struct CreateRegionInput {
    /// A key of your own: the same request sent again with it creates nothing and answers the same, for a week. It is known
    /// for your token alone.
    idempotency_key: Option<String>,
    /// Its code: 2 or 4 digits a city, 6 a district, 9 a town, 12 a division.
    code: String,
    /// The name.
    name: String,
    /// The name in English.
    name_en: Option<String>,
    /// The outline: a GeoJSON Polygon or MultiPolygon.
    outline: Option<GivenGeoJson>,
}

/// Changes of a region. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateRegionInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    /// The name.
    name: Option<String>,
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// The outline: a GeoJSON Polygon or MultiPolygon.
    outline: MaybeUndefined<GivenGeoJson>,
}

payload! {
    /// A region as it is now.
    RegionPayload, region: Region, "The region; null when it was not stored."
}

#[derive(Default)]
pub struct RegionMutation;

#[Object]
impl RegionMutation {
    /// Adds a region. Needs the role EDITOR.
    async fn create_region(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new region.")] input: CreateRegionInput,
    ) -> Nullable<RegionPayload> {
        let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
        let record = || -> Result<register::Region, Vec<UserError>> {
            let code = RegionCode::new(&input.code).map_err(|e| {
                vec![Problem::new("code", ProblemCode::Invalid, format!("\"{}\": {e}", input.code)).into()]
            })?;
            let mut region = register::Region::new(code, input.name.clone());
            set_text(&mut region.name_en, given(input.name_en.clone()));
            region.set_outline(input.outline.clone().map(|g| g.0));
            Ok(region)
        };
        Some(put(ctx, Role::Editor, record(), key).await.map(RegionPayload::new))
    }

    /// Changes a region. Needs the role EDITOR.
    async fn update_region(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateRegionInput,
    ) -> Nullable<RegionPayload> {
        Some(update(ctx, input).await.map(RegionPayload::new))
    }

    /// Deletes a region; what it held stays. Needs the role EDITOR.
    async fn delete_region(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Editor, RecordKind::Region, input).await)
    }
}

async fn update(ctx: &Context<'_>, input: UpdateRegionInput) -> Result<Written> {
    crate::auth::require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let record = || {
        let mut region = known(&world.register.regions, &input.id, input.version)?;
        if let Some(name) = input.name.clone() {
            region.name = name;
        }
        set_text(&mut region.name_en, input.name_en.clone());
        set(&mut region.outline, input.outline.clone().map_value(|g| g.0));
        let given = region.outline.take();
        region.set_outline(given);
        Ok(region)
    };
    put(ctx, Role::Editor, record(), Ok(None)).await
}

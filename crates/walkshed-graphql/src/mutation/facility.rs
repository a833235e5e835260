//! Changes of facilities.

use super::center::{code_of, position_of};
use super::{DeleteInput, DeletePayload, UserError, Written, delete, idempotent, known, payload, put};
use super::{set, set_always, set_list, set_text};
use crate::Nullable;
use crate::register::Facility;
use crate::scalars::PartialDate;
use crate::types::{Category, PointInput};
use crate::words::{Audience, PositionQuality, Status};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use walkshed_register::{self as register, Kinds, RecordKind, Role};

/// What may be known of a facility. What is left out stays as it is; null clears it.
#[derive(InputObject, Debug, Clone)]
pub struct FacilityDetails {
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// Its kind: a key that `facilityKinds` lists, or its name.
    kind: MaybeUndefined<String>,
    /// Whether it can be used; OPEN for a new one that does not say.
    status: MaybeUndefined<Status>,
    /// How the position was found; APPROXIMATE for a new one that does not say.
    position_quality: MaybeUndefined<PositionQuality>,
    /// The postal address.
    address: MaybeUndefined<String>,
    /// The telephone.
    phone: MaybeUndefined<String>,
    /// What it is, in words.
    description: MaybeUndefined<String>,
    /// The 12-digit code of the center it is in.
    center: MaybeUndefined<String>,
    /// The 12-digit code of the division it stands in, where it is in no center.
    division: MaybeUndefined<String>,
    /// The storey, as signs in the building call it.
    floor: MaybeUndefined<String>,
    /// How much it can take.
    capacity: MaybeUndefined<f64>,
    /// What the capacity counts: places, beds, seats, ...
    capacity_unit: MaybeUndefined<String>,
    /// Floor area in square metres.
    floor_area_m2: MaybeUndefined<f64>,
    /// Area of its grounds in square metres.
    grounds_area_m2: MaybeUndefined<f64>,
    /// Whom it is for; empty for everyone.
    audiences: MaybeUndefined<Vec<Audience>>,
    /// Can it be entered without a step?
    step_free: MaybeUndefined<bool>,
    /// How to get in, in words.
    access_note: MaybeUndefined<String>,
    /// Since when it is open.
    opened_on: MaybeUndefined<PartialDate>,
    /// When it was closed for good.
    closed_on: MaybeUndefined<PartialDate>,
    /// Opening hours in the syntax of OpenStreetMap, such as "10:00-02:00"; null for those of its center.
    opening_hours: MaybeUndefined<String>,
}

impl FacilityDetails {
    fn apply(self, f: &mut register::Facility, kinds: &Kinds) -> Result<(), Vec<UserError>> {
        let code = |field, given: MaybeUndefined<String>| given.map_value(|t| code_of(field, &t)).transpose();
        set_text(&mut f.name_en, self.name_en);
        // A kind goes by its key, whichever name it was given by; what is none is told by the rules.
        set_text(&mut f.kind, self.kind.map_value(|text| kinds.find(&text).map_or(text, |k| k.key.clone())));
        set_always(&mut f.status, self.status);
        set_always(&mut f.position_quality, self.position_quality);
        set_text(&mut f.address, self.address);
        set_text(&mut f.phone, self.phone);
        set_text(&mut f.description, self.description);
        set(&mut f.center, code("center", self.center)?);
        set(&mut f.division, code("division", self.division)?);
        set_text(&mut f.floor, self.floor);
        set(&mut f.capacity, self.capacity);
        set_text(&mut f.capacity_unit, self.capacity_unit);
        set(&mut f.floor_area_m2, self.floor_area_m2);
        set(&mut f.grounds_area_m2, self.grounds_area_m2);
        set_list(&mut f.audiences, self.audiences);
        set(&mut f.step_free, self.step_free);
        set_text(&mut f.access_note, self.access_note);
        set(&mut f.opened_on, self.opened_on.map_value(|d| d.0));
        set(&mut f.closed_on, self.closed_on.map_value(|d| d.0));
        set_text(&mut f.opening_hours, self.opening_hours);
        Ok(())
    }
}

/// A new facility.
#[derive(InputObject, Debug, Clone)]
pub struct CreateFacilityInput {
    /// A key of your own: the same request sent again with it creates nothing and answers the same, for a week. It is known
    /// for your token alone.
    idempotency_key: Option<String>,
    /// The number or code it has where it comes from; unique.
    external_id: String,
    /// The name.
    name: String,
    /// The service category.
    category: Category,
    /// Where it is, in WGS-84.
    position: PointInput,
    #[graphql(flatten)]
    details: FacilityDetails,
}

/// Changes of a facility. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateFacilityInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    /// The name.
    name: Option<String>,
    /// The service category.
    category: Option<Category>,
    /// Where it is, in WGS-84.
    position: Option<PointInput>,
    #[graphql(flatten)]
    details: FacilityDetails,
}

payload! {
    /// A facility as it is now.
    FacilityPayload, facility: Facility, "The facility; null when it was not stored."
}

#[derive(Default)]
pub struct FacilityMutation;

#[Object]
impl FacilityMutation {
    /// Adds a facility. Needs the role EDITOR.
    async fn create_facility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new facility.")] input: CreateFacilityInput,
    ) -> Nullable<FacilityPayload> {
        let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
        let record = || {
            let position = position_of("position", input.position)?;
            let (id, name) = (input.external_id.clone(), input.name.clone());
            let mut facility = register::Facility::new(id, name, input.category.into(), position);
            input.details.clone().apply(&mut facility, crate::kinds(ctx))?;
            Ok(facility)
        };
        Some(put(ctx, Role::Editor, record(), key).await.map(FacilityPayload::new))
    }

    /// Changes a facility; also how one is moved or closed. Needs the role EDITOR.
    async fn update_facility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateFacilityInput,
    ) -> Nullable<FacilityPayload> {
        Some(update(ctx, input).await.map(FacilityPayload::new))
    }

    /// Deletes a facility that nothing refers to; one that was in use is closed with `updateFacility` instead. Needs the
    /// role EDITOR.
    async fn delete_facility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Editor, RecordKind::Facility, input).await)
    }
}

async fn update(ctx: &Context<'_>, input: UpdateFacilityInput) -> Result<Written> {
    crate::auth::require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let record = || {
        let mut facility = known(&world.register.facilities, &input.id, input.version)?;
        if let Some(name) = input.name.clone() {
            facility.name = name;
        }
        if let Some(category) = input.category {
            facility.category = category.into();
        }
        if let Some(point) = input.position {
            facility.position = position_of("position", point)?;
        }
        input.details.clone().apply(&mut facility, crate::kinds(ctx))?;
        Ok(facility)
    };
    put(ctx, Role::Editor, record(), Ok(None)).await
}

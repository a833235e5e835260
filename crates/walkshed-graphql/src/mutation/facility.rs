//! Mutations of facilities.

use super::center::{code_of, position_of};
use super::fields::{set, set_always, set_list, set_text};
use super::write::{Checked, create, payload, update};
use crate::context::{Nullable, kinds};
use crate::enums::{Audience, PositionQuality, Status};
use crate::register::Facility;
use crate::scalars::PartialDate;
use crate::types::{Category, PointInput};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use walkshed_register::{self as register, Kinds, Role};

/// The optional fields of a facility. Omitted fields keep their value; null clears them.
#[derive(InputObject, Debug, Clone)]
pub struct FacilityDetails {
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// The kind: a key listed by `facilityKinds`, or its name.
    kind: MaybeUndefined<String>,
    /// The status. On creation, the default is OPEN.
    status: MaybeUndefined<Status>,
    /// How the position was determined. On creation, the default is APPROXIMATE.
    position_quality: MaybeUndefined<PositionQuality>,
    /// The postal address.
    address: MaybeUndefined<String>,
    /// The telephone number.
    phone: MaybeUndefined<String>,
    /// A description in free text, at most 4,000 characters.
    description: MaybeUndefined<String>,
    /// The 12-digit code of the center that it is in.
    center: MaybeUndefined<String>,
    /// The 12-digit code of the division that it is in, if it is not in a center.
    division: MaybeUndefined<String>,
    /// The storey, as signposted in the building.
    floor: MaybeUndefined<String>,
    /// The capacity, 0 to 10,000,000.
    capacity: MaybeUndefined<f64>,
    /// The unit of the capacity: places, beds, seats, ...
    capacity_unit: MaybeUndefined<String>,
    /// The floor area in square metres, 0 to 100,000,000.
    floor_area_m2: MaybeUndefined<f64>,
    /// The area of its grounds in square metres, 0 to 100,000,000.
    grounds_area_m2: MaybeUndefined<f64>,
    /// The people it is intended for. An empty list means everyone.
    audiences: MaybeUndefined<Vec<Audience>>,
    /// Whether it can be entered without a step.
    step_free: MaybeUndefined<bool>,
    /// How to get in, in free text, at most 4,000 characters.
    access_note: MaybeUndefined<String>,
    /// The opening date.
    opened_on: MaybeUndefined<PartialDate>,
    /// The date of permanent closure.
    closed_on: MaybeUndefined<PartialDate>,
    /// Opening hours in OpenStreetMap's `opening_hours` syntax, at most 255 characters, such as "10:00-02:00". Null to
    /// use the hours of its center.
    opening_hours: MaybeUndefined<String>,
}

impl FacilityDetails {
    fn apply(self, f: &mut register::Facility, kinds: &Kinds) -> Checked<()> {
        let code = |field, given: MaybeUndefined<String>| given.map_value(|t| code_of(field, &t)).transpose();
        set_text(&mut f.name_en, self.name_en);
        // Converts a name of a kind to its key. The rules report unknown kinds.
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

/// A facility to create.
#[derive(InputObject, Debug, Clone)]
pub struct CreateFacilityInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token.
    idempotency_key: Option<String>,
    /// The identifier in the source system. It must be unique.
    external_id: String,
    /// The name, 1 to 500 characters.
    name: String,
    /// The service category.
    category: Category,
    /// The position in WGS-84.
    position: PointInput,
    #[graphql(flatten)]
    details: FacilityDetails,
}

/// Changes to a facility. Omitted fields keep their value. Null clears an optional field; for a required field, null is
/// the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateFacilityInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    /// The name, 1 to 500 characters.
    name: Option<String>,
    /// The service category.
    category: Option<Category>,
    /// The position in WGS-84.
    position: Option<PointInput>,
    #[graphql(flatten)]
    details: FacilityDetails,
}

payload! {
    /// The result of a change to a facility.
    FacilityPayload, facility: Facility, "The facility. Null if it was not stored."
}

#[derive(Default)]
pub struct FacilityMutation;

#[Object]
impl FacilityMutation {
    /// Creates a facility. Requires the role EDITOR.
    async fn create_facility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The facility to create.")] input: CreateFacilityInput,
    ) -> Nullable<FacilityPayload> {
        let written = create(ctx, Role::Editor, (input.idempotency_key.as_ref(), &input), |_| {
            let position = position_of("position", input.position)?;
            let (id, name) = (input.external_id.clone(), input.name.clone());
            let mut facility = register::Facility::new(id, name, input.category.into(), position);
            input.details.clone().apply(&mut facility, kinds(ctx))?;
            Ok(facility)
        });
        Some(written.await.map(FacilityPayload::new))
    }

    /// Updates a facility. Also used to move or close it. Requires the role EDITOR.
    async fn update_facility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateFacilityInput,
    ) -> Nullable<FacilityPayload> {
        let target = (&input.id, input.version);
        let written = update(
            ctx,
            Role::Editor,
            |r| &r.facilities,
            target,
            |facility, _| {
                if let Some(name) = input.name.clone() {
                    facility.name = name;
                }
                if let Some(category) = input.category {
                    facility.category = category.into();
                }
                if let Some(point) = input.position {
                    facility.position = position_of("position", point)?;
                }
                input.details.clone().apply(facility, kinds(ctx))
            },
        );
        Some(written.await.map(FacilityPayload::new))
    }
}

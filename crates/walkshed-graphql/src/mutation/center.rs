//! Mutations of centers.

use super::fields::{set, set_always, set_list, set_text};
use super::write::{Checked, create, payload, update};
use crate::context::Nullable;
use crate::enums::{Audience, CenterKind, OperatingModel, PositionQuality, Status};
use crate::register::Center;
use crate::scalars::PartialDate;
use crate::types::PointInput;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use walkshed_engine::geo::Position;
use walkshed_register::{self as register, DivisionCode, Problem, ProblemCode, Role};

/// A group of people that a center serves.
#[derive(InputObject, Debug, Clone)]
pub struct GroupServedInput {
    /// The group.
    audience: Audience,
    /// The number of people.
    people: u32,
}

/// A partner organization of a center.
#[derive(InputObject, Debug, Clone)]
pub struct PartnerInput {
    /// The name of the partner, or of the type of partners.
    name: String,
    /// The role of the partner.
    role: Option<String>,
    /// The number of partners: more than 1 for partners of one type that are not named individually.
    #[graphql(default = 1)]
    count: u32,
}

/// A source of funding of a center.
#[derive(InputObject, Debug, Clone)]
pub struct FundingShareInput {
    /// The source.
    source: String,
    /// The share of the total, 0 to 1.
    share: f64,
}

impl From<GroupServedInput> for register::GroupServed {
    fn from(g: GroupServedInput) -> Self {
        Self { audience: g.audience.into(), people: g.people }
    }
}

impl From<PartnerInput> for register::Partner {
    fn from(p: PartnerInput) -> Self {
        Self { name: p.name, role: p.role, count: p.count }
    }
}

impl From<FundingShareInput> for register::FundingShare {
    fn from(f: FundingShareInput) -> Self {
        Self { source: f.source, share: f.share }
    }
}

/// The optional fields of a center. Omitted fields keep their value; null clears them.
#[derive(InputObject, Debug, Clone)]
pub struct CenterDetails {
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// The kind of center. On creation, the default is COMMUNITY.
    kind: MaybeUndefined<CenterKind>,
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
    /// The floor area in square metres, 0 to 1,000,000.
    floor_area_m2: MaybeUndefined<f64>,
    /// The share of the floor area that is open to residents, 0 to 1.
    open_share: MaybeUndefined<f64>,
    /// The number of residents in its service area.
    residents_served: MaybeUndefined<u32>,
    /// The special groups that the center serves, at most 500.
    groups_served: MaybeUndefined<Vec<GroupServedInput>>,
    /// The opening date.
    opened_on: MaybeUndefined<PartialDate>,
    /// The date of the last renovation.
    renovated_on: MaybeUndefined<PartialDate>,
    /// The date of permanent closure.
    closed_on: MaybeUndefined<PartialDate>,
    /// The operator.
    operating_model: MaybeUndefined<OperatingModel>,
    /// How it is operated, in free text, at most 4,000 characters.
    operating_note: MaybeUndefined<String>,
    /// The partner organizations, at most 500.
    partners: MaybeUndefined<Vec<PartnerInput>>,
    /// The sources of funding, at most 500. Their shares must not exceed 1 in total.
    funding: MaybeUndefined<Vec<FundingShareInput>>,
    /// Whether it can be entered without a step.
    step_free: MaybeUndefined<bool>,
    /// Whether it has a separate entrance for the night.
    night_entrance: MaybeUndefined<bool>,
    /// How to get in, in free text, at most 4,000 characters.
    access_note: MaybeUndefined<String>,
    /// Opening hours in OpenStreetMap's `opening_hours` syntax, at most 255 characters, such as "Mo-Fr 09:00-18:00; PH
    /// off".
    opening_hours: MaybeUndefined<String>,
}

impl CenterDetails {
    fn apply(self, c: &mut register::Center) {
        set_text(&mut c.name_en, self.name_en);
        set_always(&mut c.kind, self.kind);
        set_always(&mut c.status, self.status);
        set_always(&mut c.position_quality, self.position_quality);
        set_text(&mut c.address, self.address);
        set_text(&mut c.phone, self.phone);
        set_text(&mut c.description, self.description);
        set(&mut c.floor_area_m2, self.floor_area_m2);
        set(&mut c.open_share, self.open_share);
        set(&mut c.residents_served, self.residents_served);
        set_list(&mut c.groups_served, self.groups_served);
        set(&mut c.opened_on, self.opened_on.map_value(|d| d.0));
        set(&mut c.renovated_on, self.renovated_on.map_value(|d| d.0));
        set(&mut c.closed_on, self.closed_on.map_value(|d| d.0));
        set(&mut c.operating_model, self.operating_model);
        set_text(&mut c.operating_note, self.operating_note);
        set_list(&mut c.partners, self.partners);
        set_list(&mut c.funding, self.funding);
        set(&mut c.step_free, self.step_free);
        set(&mut c.night_entrance, self.night_entrance);
        set_text(&mut c.access_note, self.access_note);
        set_text(&mut c.opening_hours, self.opening_hours);
    }
}

/// A center to create.
#[derive(InputObject, Debug, Clone)]
pub struct CreateCenterInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token.
    idempotency_key: Option<String>,
    /// The 12-digit division code. The code of a center that serves a larger area ends in zeros.
    code: String,
    /// The name, 1 to 500 characters.
    name: String,
    /// The position in WGS-84.
    position: PointInput,
    #[graphql(flatten)]
    details: CenterDetails,
}

/// Changes to a center. Omitted fields keep their value. Null clears an optional field; for a required field, null is
/// the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateCenterInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    /// The name, 1 to 500 characters.
    name: Option<String>,
    /// The position in WGS-84.
    position: Option<PointInput>,
    #[graphql(flatten)]
    details: CenterDetails,
}

payload! {
    /// The result of a change to a center.
    CenterPayload, center: Center, "The center. Null if it was not stored."
}

/// Parses a position in an input.
pub fn position_of(field: &'static str, point: PointInput) -> Checked<Position> {
    Position::new(point.lon, point.lat)
        .map_err(|e| vec![Problem::new(field, ProblemCode::Invalid, e.to_string()).into()])
}

/// Parses a division code in an input.
pub fn code_of(field: &'static str, text: &str) -> Checked<DivisionCode> {
    DivisionCode::new(text)
        .map_err(|e| vec![Problem::new(field, ProblemCode::Invalid, format!("\"{text}\": {e}")).into()])
}

#[derive(Default)]
pub struct CenterMutation;

#[Object]
impl CenterMutation {
    /// Creates a center. Requires the role EDITOR.
    async fn create_center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The center to create.")] input: CreateCenterInput,
    ) -> Nullable<CenterPayload> {
        let written = create(ctx, Role::Editor, (input.idempotency_key.as_ref(), &input), |_| {
            let (code, position) = (code_of("code", &input.code)?, position_of("position", input.position)?);
            let mut center = register::Center::new(code, input.name.clone(), position);
            input.details.clone().apply(&mut center);
            Ok(center)
        });
        Some(written.await.map(CenterPayload::new))
    }

    /// Updates a center. Requires the role EDITOR.
    async fn update_center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateCenterInput,
    ) -> Nullable<CenterPayload> {
        let target = (&input.id, input.version);
        let written = update(
            ctx,
            Role::Editor,
            |r| &r.centers,
            target,
            |center, _| {
                if let Some(name) = input.name.clone() {
                    center.name = name;
                }
                if let Some(point) = input.position {
                    center.position = position_of("position", point)?;
                }
                input.details.clone().apply(center);
                Ok(())
            },
        );
        Some(written.await.map(CenterPayload::new))
    }
}

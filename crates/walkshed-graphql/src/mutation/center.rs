//! Changes of centers.

use super::{DeleteInput, DeletePayload, UserError, Written, delete, idempotent, known, payload, put};
use super::{set, set_always, set_list, set_text};
use crate::Nullable;
use crate::register::Center;
use crate::scalars::PartialDate;
use crate::types::PointInput;
use crate::words::{Audience, CenterKind, OperatingModel, PositionQuality, Status};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use walkshed_engine::geo::Position;
use walkshed_register::{self as register, DivisionCode, Problem, ProblemCode, RecordKind, Role};

/// A group of people a center serves.
#[derive(InputObject, Debug, Clone)]
pub struct GroupServedInput {
    /// Who.
    audience: Audience,
    /// How many.
    people: u32,
}

/// Who works with a center.
#[derive(InputObject, Debug, Clone)]
pub struct PartnerInput {
    /// The name, or what sort of partners these are.
    name: String,
    /// What they do for it.
    role: Option<String>,
    /// How many of one sort that are not named singly.
    #[graphql(default = 1)]
    count: u32,
}

/// Where a center's money comes from.
#[derive(InputObject, Debug, Clone)]
pub struct FundingShareInput {
    /// From whom.
    source: String,
    /// Share of the whole, 0 to 1.
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

/// What may be known of a center. What is left out stays as it is; null clears it.
#[derive(InputObject, Debug, Clone)]
pub struct CenterDetails {
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// Whom it is for, by its area; COMMUNITY for a new one that does not say.
    kind: MaybeUndefined<CenterKind>,
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
    /// Floor area in square metres.
    floor_area_m2: MaybeUndefined<f64>,
    /// Share of the floor area that residents may use, 0 to 1.
    open_share: MaybeUndefined<f64>,
    /// Residents of its area.
    residents_served: MaybeUndefined<u32>,
    /// Groups of its own that it serves.
    groups_served: MaybeUndefined<Vec<GroupServedInput>>,
    /// Since when it is open.
    opened_on: MaybeUndefined<PartialDate>,
    /// When it was last rebuilt.
    renovated_on: MaybeUndefined<PartialDate>,
    /// When it was closed for good.
    closed_on: MaybeUndefined<PartialDate>,
    /// Who runs it.
    operating_model: MaybeUndefined<OperatingModel>,
    /// How it is run, in words.
    operating_note: MaybeUndefined<String>,
    /// Who works with it.
    partners: MaybeUndefined<Vec<PartnerInput>>,
    /// Where its money comes from.
    funding: MaybeUndefined<Vec<FundingShareInput>>,
    /// Can it be entered without a step?
    step_free: MaybeUndefined<bool>,
    /// Has it an entrance of its own for the night?
    night_entrance: MaybeUndefined<bool>,
    /// How to get in, in words.
    access_note: MaybeUndefined<String>,
    /// Opening hours in the syntax of OpenStreetMap, such as "Mo-Fr 09:00-18:00; PH off".
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

/// A new center.
#[derive(InputObject, Debug, Clone)]
pub struct CreateCenterInput {
    /// A key of your own: the same request sent again with it creates nothing and answers the same, for a week. It is known
    /// for your token alone.
    idempotency_key: Option<String>,
    /// The 12-digit division code; of centers for larger areas it ends in zeros.
    code: String,
    /// The name.
    name: String,
    /// Where it is, in WGS-84.
    position: PointInput,
    #[graphql(flatten)]
    details: CenterDetails,
}

/// Changes of a center. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateCenterInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    /// The name.
    name: Option<String>,
    /// Where it is, in WGS-84.
    position: Option<PointInput>,
    #[graphql(flatten)]
    details: CenterDetails,
}

payload! {
    /// A center as it is now.
    CenterPayload, center: Center, "The center; null when it was not stored."
}

/// A position of an input.
pub fn position_of(field: &'static str, point: PointInput) -> Result<Position, Vec<UserError>> {
    Position::new(point.lon, point.lat)
        .map_err(|e| vec![Problem::new(field, ProblemCode::Invalid, e.to_string()).into()])
}

/// A division code of an input.
pub fn code_of(field: &'static str, text: &str) -> Result<DivisionCode, Vec<UserError>> {
    DivisionCode::new(text)
        .map_err(|e| vec![Problem::new(field, ProblemCode::Invalid, format!("\"{text}\": {e}")).into()])
}

#[derive(Default)]
pub struct CenterMutation;

#[Object]
impl CenterMutation {
    /// Adds a center. Needs the role EDITOR.
    async fn create_center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new center.")] input: CreateCenterInput,
    ) -> Nullable<CenterPayload> {
        let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
        let record = || {
            let (code, position) = (code_of("code", &input.code)?, position_of("position", input.position)?);
            let mut center = register::Center::new(code, input.name.clone(), position);
            input.details.clone().apply(&mut center);
            Ok(center)
        };
        Some(put(ctx, Role::Editor, record(), key).await.map(CenterPayload::new))
    }

    /// Changes a center. Needs the role EDITOR.
    async fn update_center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateCenterInput,
    ) -> Nullable<CenterPayload> {
        Some(update(ctx, input).await.map(CenterPayload::new))
    }

    /// Deletes a center that nothing refers to; one that was in use is closed with `updateCenter` instead. Scenarios that
    /// name it do not keep it; their `problem` says so afterwards. Needs the role EDITOR.
    async fn delete_center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Editor, RecordKind::Center, input).await)
    }
}

async fn update(ctx: &Context<'_>, input: UpdateCenterInput) -> Result<Written> {
    crate::auth::require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let record = || {
        let mut center = known(&world.register.centers, &input.id, input.version)?;
        if let Some(name) = input.name.clone() {
            center.name = name;
        }
        if let Some(point) = input.position {
            center.position = position_of("position", point)?;
        }
        input.details.clone().apply(&mut center);
        Ok(center)
    };
    put(ctx, Role::Editor, record(), Ok(None)).await
}

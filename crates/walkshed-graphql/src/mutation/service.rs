//! Changes of services and of where they are offered.

use super::{DeleteInput, DeletePayload, UserError, Written, delete, idempotent, known, payload, put, reference};
use super::{set, set_list, set_text};
use crate::Nullable;
use crate::register::{Offer, Service};
use crate::types::Category;
use crate::words::{Audience, Fee};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, OneofObject, Result};
use walkshed_register::{self as register, Host, RecordKind, Register, Role};

/// What may be known of a service. What is left out stays as it is; null clears it.
#[derive(InputObject, Debug, Clone)]
pub struct ServiceDetails {
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// Whom it is for; empty for everyone.
    audiences: MaybeUndefined<Vec<Audience>>,
    /// What it costs.
    fee: MaybeUndefined<Fee>,
    /// Must one make an appointment?
    appointment: MaybeUndefined<bool>,
    /// What it is, in words.
    description: MaybeUndefined<String>,
}

impl ServiceDetails {
    fn apply(self, s: &mut register::Service) {
        set_text(&mut s.name_en, self.name_en);
        set_list(&mut s.audiences, self.audiences);
        set(&mut s.fee, self.fee);
        set(&mut s.appointment, self.appointment);
        set_text(&mut s.description, self.description);
    }
}

/// A new service.
#[derive(InputObject, Debug, Clone)]
pub struct CreateServiceInput {
    /// A key of your own: the same request sent again with it creates nothing and answers the same, for a week. It is known
    /// for your token alone.
    idempotency_key: Option<String>,
    /// The key it shall go by in files; unique.
    key: String,
    /// The name.
    name: String,
    /// The service category.
    category: Category,
    #[graphql(flatten)]
    details: ServiceDetails,
}

/// Changes of a service. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateServiceInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    /// The name.
    name: Option<String>,
    /// The service category.
    category: Option<Category>,
    #[graphql(flatten)]
    details: ServiceDetails,
}

/// Where something is offered or takes place: exactly one of the two.
#[derive(OneofObject, Debug, Clone)]
pub enum HostInput {
    /// The id of a center.
    Center(ID),
    /// The id of a facility.
    Facility(ID),
}

impl HostInput {
    /// The place in the register.
    pub fn read(&self, register: &Register) -> Result<Host, Vec<UserError>> {
        match self {
            Self::Center(id) => reference("at", &register.centers, id).map(Host::Center),
            Self::Facility(id) => reference("at", &register.facilities, id).map(Host::Facility),
        }
    }
}

/// What is particular about a service at one place. What is left out stays as it is; null clears it.
#[derive(InputObject, Debug, Clone)]
pub struct OfferDetails {
    /// Its own hours in the syntax of OpenStreetMap; null for those of its place.
    opening_hours: MaybeUndefined<String>,
    /// How many items one can get done.
    item_count: MaybeUndefined<u32>,
    /// What is particular here, in words.
    note: MaybeUndefined<String>,
}

impl OfferDetails {
    fn apply(self, o: &mut register::Offer) {
        set_text(&mut o.opening_hours, self.opening_hours);
        set(&mut o.item_count, self.item_count);
        set_text(&mut o.note, self.note);
    }
}

/// A service, newly offered at a place.
#[derive(InputObject, Debug, Clone)]
pub struct CreateOfferInput {
    /// A key of your own: the same request sent again with it creates nothing and answers the same, for a week. It is known
    /// for your token alone.
    idempotency_key: Option<String>,
    /// The id of the service.
    service: ID,
    /// Where.
    at: HostInput,
    #[graphql(flatten)]
    details: OfferDetails,
}

/// Changes of an offer. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateOfferInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    #[graphql(flatten)]
    details: OfferDetails,
}

payload! {
    /// A service as it is now.
    ServicePayload, service: Service, "The service; null when it was not stored."
}

payload! {
    /// An offer as it is now.
    OfferPayload, offer: Offer, "The offer; null when it was not stored."
}

#[derive(Default)]
pub struct ServiceMutation;

#[Object]
impl ServiceMutation {
    /// Adds a service. Needs the role EDITOR.
    async fn create_service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new service.")] input: CreateServiceInput,
    ) -> Nullable<ServicePayload> {
        let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
        let mut service = register::Service::new(input.key.clone(), input.name.clone(), input.category.into());
        input.details.clone().apply(&mut service);
        Some(put(ctx, Role::Editor, Ok(service), key).await.map(ServicePayload::new))
    }

    /// Changes a service. Needs the role EDITOR.
    async fn update_service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateServiceInput,
    ) -> Nullable<ServicePayload> {
        Some(update_service(ctx, input).await.map(ServicePayload::new))
    }

    /// Deletes a service that is offered nowhere and named by no event. Needs the role EDITOR.
    async fn delete_service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Editor, RecordKind::Service, input).await)
    }

    /// Offers a service at a center or facility. Needs the role EDITOR.
    async fn create_offer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is offered, and where.")] input: CreateOfferInput,
    ) -> Nullable<OfferPayload> {
        Some(create_offer(ctx, input).await.map(OfferPayload::new))
    }

    /// Changes an offer. Needs the role EDITOR.
    async fn update_offer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateOfferInput,
    ) -> Nullable<OfferPayload> {
        Some(update_offer(ctx, input).await.map(OfferPayload::new))
    }

    /// Ends an offer. Needs the role EDITOR.
    async fn delete_offer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Editor, RecordKind::Offer, input).await)
    }
}

async fn update_service(ctx: &Context<'_>, input: UpdateServiceInput) -> Result<Written> {
    crate::auth::require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let record = || {
        let mut service = known(&world.register.services, &input.id, input.version)?;
        if let Some(name) = input.name.clone() {
            service.name = name;
        }
        if let Some(category) = input.category {
            service.category = category.into();
        }
        input.details.clone().apply(&mut service);
        Ok(service)
    };
    put(ctx, Role::Editor, record(), Ok(None)).await
}

async fn create_offer(ctx: &Context<'_>, input: CreateOfferInput) -> Result<Written> {
    crate::auth::require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
    let record = || {
        let service = reference("service", &world.register.services, &input.service)?;
        let mut offer = register::Offer::new(service, input.at.read(&world.register)?);
        input.details.clone().apply(&mut offer);
        Ok(offer)
    };
    put(ctx, Role::Editor, record(), key).await
}

async fn update_offer(ctx: &Context<'_>, input: UpdateOfferInput) -> Result<Written> {
    crate::auth::require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let record = || {
        let mut offer = known(&world.register.offers, &input.id, input.version)?;
        input.details.clone().apply(&mut offer);
        Ok(offer)
    };
    put(ctx, Role::Editor, record(), Ok(None)).await
}

//! Mutations of services and offers.

use super::fields::{set, set_list, set_text};
use super::write::{Checked, create, payload, reference, update};
use crate::context::Nullable;
use crate::enums::{Audience, Fee};
use crate::register::{Offer, Service};
use crate::types::Category;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, OneofObject};
use walkshed_register::{self as register, Host, Register, Role};

/// The optional fields of a service. Omitted fields keep their value; null clears them.
#[derive(InputObject, Debug, Clone)]
pub struct ServiceDetails {
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// The people it is intended for. An empty list means everyone.
    audiences: MaybeUndefined<Vec<Audience>>,
    /// The fee.
    fee: MaybeUndefined<Fee>,
    /// Whether an appointment is required.
    appointment: MaybeUndefined<bool>,
    /// A description in free text, at most 4,000 characters.
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

/// A service to create.
#[derive(InputObject, Debug, Clone)]
pub struct CreateServiceInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token.
    idempotency_key: Option<String>,
    /// The key, which identifies the service in files. It must be unique.
    key: String,
    /// The name, 1 to 500 characters.
    name: String,
    /// The service category.
    category: Category,
    #[graphql(flatten)]
    details: ServiceDetails,
}

/// Changes to a service. Omitted fields keep their value. Null clears an optional field; for a required field, null is
/// the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateServiceInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    /// The name, 1 to 500 characters.
    name: Option<String>,
    /// The service category.
    category: Option<Category>,
    #[graphql(flatten)]
    details: ServiceDetails,
}

/// The place of an offer or event. Give exactly one of the fields.
#[derive(OneofObject, Debug, Clone)]
pub enum HostInput {
    /// The id of a center.
    Center(ID),
    /// The id of a facility.
    Facility(ID),
}

impl HostInput {
    /// Finds the place in the register.
    pub fn read(&self, register: &Register) -> Checked<Host> {
        match self {
            Self::Center(id) => reference("at", &register.centers, id).map(Host::Center),
            Self::Facility(id) => reference("at", &register.facilities, id).map(Host::Facility),
        }
    }
}

/// The optional fields of an offer. Omitted fields keep their value; null clears them.
#[derive(InputObject, Debug, Clone)]
pub struct OfferDetails {
    /// Its own hours in OpenStreetMap's `opening_hours` syntax, at most 255 characters. Null to use the hours of its
    /// place.
    opening_hours: MaybeUndefined<String>,
    /// The number of items handled.
    item_count: MaybeUndefined<u32>,
    /// A note on this offer, at most 4,000 characters.
    note: MaybeUndefined<String>,
}

impl OfferDetails {
    fn apply(self, o: &mut register::Offer) {
        set_text(&mut o.opening_hours, self.opening_hours);
        set(&mut o.item_count, self.item_count);
        set_text(&mut o.note, self.note);
    }
}

/// An offer to create.
#[derive(InputObject, Debug, Clone)]
pub struct CreateOfferInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token.
    idempotency_key: Option<String>,
    /// The id of the service.
    service: ID,
    /// The place.
    at: HostInput,
    #[graphql(flatten)]
    details: OfferDetails,
}

/// Changes to an offer. Omitted fields keep their value. Null clears an optional field; for a required field, null is
/// the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateOfferInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    #[graphql(flatten)]
    details: OfferDetails,
}

payload! {
    /// The result of a change to a service.
    ServicePayload, service: Service, "The service. Null if it was not stored."
}

payload! {
    /// The result of a change to an offer.
    OfferPayload, offer: Offer, "The offer. Null if it was not stored."
}

#[derive(Default)]
pub struct ServiceMutation;

#[Object]
impl ServiceMutation {
    /// Creates a service. Requires the role EDITOR.
    async fn create_service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The service to create.")] input: CreateServiceInput,
    ) -> Nullable<ServicePayload> {
        let written = create(ctx, Role::Editor, (input.idempotency_key.as_ref(), &input), |_| {
            let mut service = register::Service::new(input.key.clone(), input.name.clone(), input.category.into());
            input.details.clone().apply(&mut service);
            Ok(service)
        });
        Some(written.await.map(ServicePayload::new))
    }

    /// Updates a service. Requires the role EDITOR.
    async fn update_service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateServiceInput,
    ) -> Nullable<ServicePayload> {
        let target = (&input.id, input.version);
        let written = update(
            ctx,
            Role::Editor,
            |r| &r.services,
            target,
            |service, _| {
                if let Some(name) = input.name.clone() {
                    service.name = name;
                }
                if let Some(category) = input.category {
                    service.category = category.into();
                }
                input.details.clone().apply(service);
                Ok(())
            },
        );
        Some(written.await.map(ServicePayload::new))
    }

    /// Creates an offer of a service at a center or facility. Requires the role EDITOR.
    async fn create_offer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The offer to create.")] input: CreateOfferInput,
    ) -> Nullable<OfferPayload> {
        let written = create(ctx, Role::Editor, (input.idempotency_key.as_ref(), &input), |world| {
            let service = reference("service", &world.register.services, &input.service)?;
            let mut offer = register::Offer::new(service, input.at.read(&world.register)?);
            input.details.clone().apply(&mut offer);
            Ok(offer)
        });
        Some(written.await.map(OfferPayload::new))
    }

    /// Updates an offer. Requires the role EDITOR.
    async fn update_offer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateOfferInput,
    ) -> Nullable<OfferPayload> {
        let target = (&input.id, input.version);
        let written = update(
            ctx,
            Role::Editor,
            |r| &r.offers,
            target,
            |offer, _| {
                input.details.clone().apply(offer);
                Ok(())
            },
        );
        Some(written.await.map(OfferPayload::new))
    }
}

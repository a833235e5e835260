//! Changes of events.

use super::service::HostInput;
use super::{DeleteInput, DeletePayload, UserError, Written, delete, idempotent, known, payload, put, reference};
use super::{set, set_list, set_text};
use crate::Nullable;
use crate::register::Event;
use crate::scalars::{Day, LocalDateTime};
use crate::types::Category;
use crate::words::{Audience, Fee};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use walkshed_register::{self as register, RecordKind, Register, Role};

/// What may be known of an event. What is left out stays as it is; null clears it.
#[derive(InputObject, Debug, Clone)]
pub struct EventDetails {
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// What it is, in words.
    description: MaybeUndefined<String>,
    /// The service category.
    category: MaybeUndefined<Category>,
    /// How it recurs: an RRULE of RFC 5545 on the city's clock, daily at most, such as "FREQ=MONTHLY;BYMONTHDAY=25". UNTIL is
    /// by the city's clock, or with Z in UTC; a day alone ends the rule as that day begins.
    rrule: MaybeUndefined<String>,
    /// Further times it begins, where no rule fits.
    dates: MaybeUndefined<Vec<LocalDateTime>>,
    /// Days on which it does not take place.
    except: MaybeUndefined<Vec<Day>>,
    /// Whom it is for; empty for everyone.
    audiences: MaybeUndefined<Vec<Audience>>,
    /// The ids of the services one finds there.
    services: MaybeUndefined<Vec<ID>>,
    /// What it costs.
    fee: MaybeUndefined<Fee>,
}

impl EventDetails {
    fn apply(self, e: &mut register::Event, register: &Register) -> Result<(), Vec<UserError>> {
        set_text(&mut e.name_en, self.name_en);
        set_text(&mut e.description, self.description);
        set(&mut e.category, self.category);
        set_text(&mut e.rrule, self.rrule);
        let zone = register.calendar.zone;
        set_list(&mut e.dates, self.dates.map_value(|list| list.into_iter().map(|d| d.0.local(zone)).collect()));
        set_list(&mut e.except, self.except.map_value(|list| list.into_iter().map(|d| d.0).collect()));
        set_list(&mut e.audiences, self.audiences);
        set(&mut e.fee, self.fee);
        let numbers = self.services.map_value(|ids| {
            ids.iter().map(|id| reference("services", &register.services, id)).collect::<Result<Vec<i64>, _>>()
        });
        set_list(&mut e.services, numbers.transpose()?);
        Ok(())
    }
}

/// A new event.
#[derive(InputObject, Debug, Clone)]
pub struct CreateEventInput {
    /// A key of your own: the same request sent again with it creates nothing and answers the same, for a week. It is known
    /// for your token alone.
    idempotency_key: Option<String>,
    /// The number or code it has where it comes from; unique.
    external_id: String,
    /// The name.
    name: String,
    /// Where.
    at: HostInput,
    /// When it first begins, by the city's clock; with an offset, Z or a time zone it is taken to that clock.
    starts: LocalDateTime,
    /// How long it takes, minutes.
    duration_minutes: u32,
    #[graphql(flatten)]
    details: EventDetails,
}

/// Changes of an event. What is left out stays as it is. Null clears what may be empty; for what must have a value it is as left
/// out.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateEventInput {
    /// Its id.
    id: ID,
    /// Its version, as it was read.
    version: i64,
    /// The name.
    name: Option<String>,
    /// Where.
    at: Option<HostInput>,
    /// When it first begins, by the city's clock; with an offset, Z or a time zone it is taken to that clock.
    starts: Option<LocalDateTime>,
    /// How long it takes, minutes.
    duration_minutes: Option<u32>,
    #[graphql(flatten)]
    details: EventDetails,
}

payload! {
    /// An event as it is now.
    EventPayload, event: Event, "The event; null when it was not stored."
}

#[derive(Default)]
pub struct EventMutation;

#[Object]
impl EventMutation {
    /// Adds an event. Needs the role EDITOR.
    async fn create_event(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new event.")] input: CreateEventInput,
    ) -> Nullable<EventPayload> {
        Some(create(ctx, input).await.map(EventPayload::new))
    }

    /// Changes an event. Needs the role EDITOR.
    async fn update_event(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateEventInput,
    ) -> Nullable<EventPayload> {
        Some(update(ctx, input).await.map(EventPayload::new))
    }

    /// Deletes an event, its past times too; one that is over for good ends by its rule (UNTIL) instead. Needs the role
    /// EDITOR.
    async fn delete_event(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteInput,
    ) -> Nullable<DeletePayload> {
        Some(delete(ctx, Role::Editor, RecordKind::Event, input).await)
    }
}

async fn create(ctx: &Context<'_>, input: CreateEventInput) -> Result<Written> {
    crate::auth::require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let key = idempotent(ctx, input.idempotency_key.as_ref(), &input);
    let record = || {
        let host = input.at.read(&world.register)?;
        let (id, name) = (input.external_id.clone(), input.name.clone());
        let starts = input.starts.0.local(world.register.calendar.zone);
        let mut event = register::Event::new(id, name, host, starts, input.duration_minutes);
        input.details.clone().apply(&mut event, &world.register)?;
        Ok(event)
    };
    put(ctx, Role::Editor, record(), key).await
}

async fn update(ctx: &Context<'_>, input: UpdateEventInput) -> Result<Written> {
    crate::auth::require(ctx, Role::Editor)?;
    let world = super::world(ctx)?;
    let record = || {
        let mut event = known(&world.register.events, &input.id, input.version)?;
        if let Some(name) = input.name.clone() {
            event.name = name;
        }
        if let Some(at) = &input.at {
            event.host = at.read(&world.register)?;
        }
        if let Some(starts) = input.starts {
            event.starts = starts.0.local(world.register.calendar.zone);
        }
        if let Some(minutes) = input.duration_minutes {
            event.duration_min = minutes;
        }
        input.details.clone().apply(&mut event, &world.register)?;
        Ok(event)
    };
    put(ctx, Role::Editor, record(), Ok(None)).await
}

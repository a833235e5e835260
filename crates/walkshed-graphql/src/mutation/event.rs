//! Mutations of events.

use super::fields::{set, set_list, set_text};
use super::service::HostInput;
use super::write::{Checked, create, payload, reference, update};
use crate::context::Nullable;
use crate::enums::{Audience, Fee};
use crate::register::Event;
use crate::scalars::{Day, LocalDateTime};
use crate::types::Category;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use walkshed_register::{self as register, Register, Role};

/// The optional fields of an event. Omitted fields keep their value; null clears them.
#[derive(InputObject, Debug, Clone)]
pub struct EventDetails {
    /// The name in English.
    name_en: MaybeUndefined<String>,
    /// A description in free text, at most 4,000 characters.
    description: MaybeUndefined<String>,
    /// The service category.
    category: MaybeUndefined<Category>,
    /// The recurrence rule: an RRULE of RFC 5545 in local time, at most daily, such as "FREQ=MONTHLY;BYMONTHDAY=25". At
    /// most 300 characters. UNTIL is in local time, or with `Z` in UTC. An UNTIL date without time ends the rule at the
    /// start of that day.
    rrule: MaybeUndefined<String>,
    /// Additional start times in local time, for dates that no rule describes. At most 500.
    dates: MaybeUndefined<Vec<LocalDateTime>>,
    /// Dates on which it does not take place, at most 500.
    except: MaybeUndefined<Vec<Day>>,
    /// The people it is intended for. An empty list means everyone.
    audiences: MaybeUndefined<Vec<Audience>>,
    /// The ids of the services available at the event, at most 500.
    services: MaybeUndefined<Vec<ID>>,
    /// The fee.
    fee: MaybeUndefined<Fee>,
}

impl EventDetails {
    fn apply(self, e: &mut register::Event, register: &Register) -> Checked<()> {
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

/// An event to create.
#[derive(InputObject, Debug, Clone)]
pub struct CreateEventInput {
    /// An idempotency key of 1 to 200 bytes, chosen by the client. A repeated request with the same key and input
    /// creates nothing and returns the first result. Keys are kept for a week, separately for each token.
    idempotency_key: Option<String>,
    /// The identifier in the source system. It must be unique.
    external_id: String,
    /// The name, 1 to 500 characters.
    name: String,
    /// The place.
    at: HostInput,
    /// The first start, in the city's local time. A time with an offset, `Z` or a time zone is converted to local time.
    starts: LocalDateTime,
    /// The duration in minutes, 1 to 86,400 (60 days).
    duration_minutes: u32,
    #[graphql(flatten)]
    details: EventDetails,
}

/// Changes to an event. Omitted fields keep their value. Null clears an optional field; for a required field, null is
/// the same as omitting it.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateEventInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
    /// The name, 1 to 500 characters.
    name: Option<String>,
    /// The place.
    at: Option<HostInput>,
    /// The first start, in the city's local time. A time with an offset, `Z` or a time zone is converted to local time.
    starts: Option<LocalDateTime>,
    /// The duration in minutes, 1 to 86,400 (60 days).
    duration_minutes: Option<u32>,
    #[graphql(flatten)]
    details: EventDetails,
}

payload! {
    /// The result of a change to an event.
    EventPayload, event: Event, "The event. Null if it was not stored."
}

#[derive(Default)]
pub struct EventMutation;

#[Object]
impl EventMutation {
    /// Creates an event. Requires the role EDITOR.
    async fn create_event(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The event to create.")] input: CreateEventInput,
    ) -> Nullable<EventPayload> {
        let written = create(ctx, Role::Editor, (input.idempotency_key.as_ref(), &input), |world| {
            let host = input.at.read(&world.register)?;
            let (id, name) = (input.external_id.clone(), input.name.clone());
            let starts = input.starts.0.local(world.register.calendar.zone);
            let mut event = register::Event::new(id, name, host, starts, input.duration_minutes);
            input.details.clone().apply(&mut event, &world.register)?;
            Ok(event)
        });
        Some(written.await.map(EventPayload::new))
    }

    /// Updates an event. Requires the role EDITOR.
    async fn update_event(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record to change and its new values.")] input: UpdateEventInput,
    ) -> Nullable<EventPayload> {
        let target = (&input.id, input.version);
        let written = update(
            ctx,
            Role::Editor,
            |r| &r.events,
            target,
            |event, world| {
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
                input.details.clone().apply(event, &world.register)
            },
        );
        Some(written.await.map(EventPayload::new))
    }
}

//! Events.

use super::{Center, Facility, Service, id_of, moment, of_world};
use crate::error::bad_input;
use crate::paging::Total;
use crate::scalars::{DateTime, Day, LocalDateTime, Text};
use crate::types::Category;
use crate::words::{Audience, Fee};
use async_graphql::connection::Connection;
use async_graphql::{ID, Object, Result, SimpleObject};
use jiff::Timestamp;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_register::{self as register, MAX_OCCURRENCES};

of_world! {
    /// Something that takes place at a center or facility, once or again and again.
    Event, events
}

pub type EventConnection = Connection<String, Event, Total>;

/// Once that an event takes place.
#[derive(SimpleObject)]
pub struct Occurrence {
    /// When it begins.
    starts: DateTime,
    /// When it ends.
    ends: DateTime,
    /// When it begins, by the city's clock.
    local_start: LocalDateTime,
}

/// The times an event takes place in a range.
#[derive(SimpleObject)]
pub struct Occurrences {
    /// In their order.
    nodes: Vec<Occurrence>,
    /// How many were found.
    count: u64,
    /// Whether there are more than were looked for (1000).
    has_more: bool,
}

impl Occurrence {
    fn new(world: &World, found: register::Occurrence) -> Self {
        let local = world.register.calendar.zone.local(found.starts);
        let text = local.format("%Y-%m-%dT%H:%M:%S").to_string();
        Self {
            starts: DateTime(found.starts),
            ends: DateTime(found.ends),
            local_start: text.parse::<jiff::civil::DateTime>().unwrap_or_default().into(),
        }
    }
}

/// Checks a range of moments.
pub fn range(from: DateTime, to: DateTime) -> Result<(Timestamp, Timestamp)> {
    if to.0 < from.0 { Err(bad_input("to", to.0, "is before `from`")) } else { Ok((from.0, to.0)) }
}

/// Something that takes place at a center or facility, once or again and again.
#[Object]
impl Event {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// Counts its changes; an update must name the one it was made from.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The number or code it has where it comes from.
    async fn external_id(&self) -> &str {
        &self.row().external_id
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English, where it has one.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// What it is, in words.
    async fn description(&self) -> Option<Text<'_>> {
        self.row().description.as_deref().map(Text)
    }

    /// The service category.
    async fn category(&self) -> Option<Category> {
        self.row().category.map(Into::into)
    }

    /// The center it takes place at; null when at a facility.
    async fn center(&self) -> Option<Center> {
        Center::numbered(&self.world, self.row().host.center()?)
    }

    /// The facility it takes place at; null when at a center.
    async fn facility(&self) -> Option<Facility> {
        Facility::numbered(&self.world, self.row().host.facility()?)
    }

    /// When it first begins, by the city's clock.
    async fn starts(&self) -> LocalDateTime {
        self.row().starts.into()
    }

    /// How long it takes, minutes.
    async fn duration_minutes(&self) -> u32 {
        self.row().duration_min
    }

    /// How it recurs: an RRULE of RFC 5545 on the city's clock, such as FREQ=WEEKLY;BYDAY=FR.
    async fn rrule(&self) -> Option<&str> {
        self.row().rrule.as_deref()
    }

    /// Further times it begins, where no rule fits (the lunar calendar), by the city's clock.
    async fn dates(&self) -> Vec<LocalDateTime> {
        self.row().dates.iter().map(|&d| d.into()).collect()
    }

    /// Days on which it does not take place.
    async fn except(&self) -> Vec<Day> {
        self.row().except.iter().map(|&d| Day(d)).collect()
    }

    /// Whom it is for; empty for everyone.
    async fn audiences(&self) -> Vec<Audience> {
        self.row().audiences.iter().map(|&a| a.into()).collect()
    }

    /// The services one finds there.
    async fn services(&self) -> Vec<Service> {
        self.row().services.iter().filter_map(|&id| Service::numbered(&self.world, id)).collect()
    }

    /// What it costs.
    async fn fee(&self) -> Option<Fee> {
        self.row().fee.map(Into::into)
    }

    /// The times it takes place in a range, those that are going on at its beginning included, at most 1000.
    #[graphql(complexity = "50 + 20 * child_complexity")]
    async fn occurrences(
        &self,
        #[graphql(desc = "Those that end after this moment.")] from: DateTime,
        #[graphql(desc = "Those that begin before this moment.")] to: DateTime,
    ) -> Result<Occurrences> {
        let (from, to) = range(from, to)?;
        let (found, has_more) = self.row().occurrences(self.world.register.calendar.zone, from, to);
        debug_assert!(found.len() <= usize::from(MAX_OCCURRENCES), "the search is cut");
        let nodes: Vec<Occurrence> = found.iter().map(|&o| Occurrence::new(&self.world, o)).collect();
        Ok(Occurrences { count: nodes.len() as u64, nodes, has_more })
    }

    /// The first time it takes place that is not over, within some three years.
    #[graphql(complexity = "20 + child_complexity")]
    async fn next_occurrence(
        &self,
        #[graphql(desc = "After when; now when left out.")] at: Option<DateTime>,
    ) -> Option<Occurrence> {
        let found = self.row().next_occurrence(self.world.register.calendar.zone, moment(at))?;
        Some(Occurrence::new(&self.world, found))
    }
}

//! Events.

use super::{Center, Facility, Service, id_of, moment, of_world};
use crate::enums::{Audience, Fee};
use crate::error::bad_input;
use crate::scalars::{DateTime, Day, LocalDateTime, Text};
use crate::types::Category;
use async_graphql::{ID, Object, Result, SimpleObject};
use jiff::Timestamp;
use walkshed_analysis::world::World;
use walkshed_register::{self as register, MAX_OCCURRENCES};

of_world! {
    /// An event at a center or facility, single or recurring.
    Event, events
}

/// An occurrence of an event.
#[derive(SimpleObject)]
pub struct Occurrence {
    /// The start time.
    starts: DateTime,
    /// The end time.
    ends: DateTime,
    /// The start time in local time.
    local_start: LocalDateTime,
}

/// The occurrences of an event in a period.
#[derive(SimpleObject)]
pub struct Occurrences {
    /// The occurrences, in order of start time.
    nodes: Vec<Occurrence>,
    /// The number of occurrences found.
    count: u64,
    /// Whether there are more than the maximum of 1,000.
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

/// Checks that a period does not end before it starts.
pub fn range(from: DateTime, to: DateTime) -> Result<(Timestamp, Timestamp)> {
    if to.0 < from.0 { Err(bad_input("to", to.0, "is before `from`")) } else { Ok((from.0, to.0)) }
}

/// An event at a center or facility, single or recurring.
#[Object]
impl Event {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// The version, increased by every change. An update must name the version that it is based on.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The identifier in the source system.
    async fn external_id(&self) -> &str {
        &self.row().external_id
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English, if recorded.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// A description in free text.
    async fn description(&self) -> Option<Text<'_>> {
        self.row().description.as_deref().map(Text)
    }

    /// The service category.
    async fn category(&self) -> Option<Category> {
        self.row().category.map(Into::into)
    }

    /// The center where it takes place. Null if it takes place at a facility.
    async fn center(&self) -> Option<Center> {
        Center::by_id(&self.world, self.row().host.center()?)
    }

    /// The facility where it takes place. Null if it takes place at a center.
    async fn facility(&self) -> Option<Facility> {
        Facility::by_id(&self.world, self.row().host.facility()?)
    }

    /// The first start, in local time.
    async fn starts(&self) -> LocalDateTime {
        self.row().starts.into()
    }

    /// The duration in minutes.
    async fn duration_minutes(&self) -> u32 {
        self.row().duration_min
    }

    /// The recurrence rule: an RRULE of RFC 5545 in local time, such as FREQ=WEEKLY;BYDAY=FR.
    async fn rrule(&self) -> Option<&str> {
        self.row().rrule.as_deref()
    }

    /// Additional start times in local time, for dates that no rule describes (such as the lunar calendar).
    async fn dates(&self) -> Vec<LocalDateTime> {
        self.row().dates.iter().map(|&d| d.into()).collect()
    }

    /// Dates on which it does not take place.
    async fn except(&self) -> Vec<Day> {
        self.row().except.iter().map(|&d| Day(d)).collect()
    }

    /// The people it is intended for. An empty list means everyone.
    async fn audiences(&self) -> Vec<Audience> {
        self.row().audiences.iter().map(|&a| a.into()).collect()
    }

    /// The services available at the event.
    async fn services(&self) -> Vec<Service> {
        self.row().services.iter().filter_map(|&id| Service::by_id(&self.world, id)).collect()
    }

    /// The fee.
    async fn fee(&self) -> Option<Fee> {
        self.row().fee.map(Into::into)
    }

    /// The occurrences in a period, including those in progress at its start. At most 1,000.
    #[graphql(complexity = "50 + 20 * child_complexity")]
    async fn occurrences(
        &self,
        #[graphql(desc = "Only occurrences that end after this time.")] from: DateTime,
        #[graphql(desc = "Only occurrences that start before this time.")] to: DateTime,
    ) -> Result<Occurrences> {
        let (from, to) = range(from, to)?;
        let (found, has_more) = self.row().occurrences(self.world.register.calendar.zone, from, to);
        debug_assert!(found.len() <= usize::from(MAX_OCCURRENCES), "the search is cut");
        let nodes: Vec<Occurrence> = found.iter().map(|&o| Occurrence::new(&self.world, o)).collect();
        Ok(Occurrences { count: nodes.len() as u64, nodes, has_more })
    }

    /// The first occurrence that has not ended yet, within about three years.
    #[graphql(complexity = "20 + child_complexity")]
    async fn next_occurrence(
        &self,
        #[graphql(desc = "Find the first occurrence that ends after this time (default: now).")] at: Option<DateTime>,
    ) -> Option<Occurrence> {
        let found = self.row().next_occurrence(self.world.register.calendar.zone, moment(at))?;
        Some(Occurrence::new(&self.world, found))
    }
}

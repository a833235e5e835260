//! Services, and where they are offered.

use super::{Center, Facility, id_of, next_change, of_world, open};
use crate::paging::{PageArguments, Total, connection, counted, page, places};
use crate::scalars::{CityTime, DateTime, Text};
use crate::types::Category;
use crate::words::{Audience, Fee};
use async_graphql::connection::Connection;
use async_graphql::{ID, Object, Result};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_register as register;

of_world! {
    /// What one can get done, wherever it is offered.
    Service, services
}

of_world! {
    /// A service as one center or facility offers it.
    Offer, offers
}

pub type ServiceConnection = Connection<String, Service, Total>;
pub type OfferConnection = Connection<String, Offer, Total>;

/// What one can get done, wherever it is offered.
#[Object]
impl Service {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// Counts its changes; an update must name the one it was made from.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The key it goes by in files.
    async fn key(&self) -> &str {
        &self.row().key
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English, where it has one.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// The service category.
    async fn category(&self) -> Category {
        self.row().category.into()
    }

    /// Whom it is for; empty for everyone.
    async fn audiences(&self) -> Vec<Audience> {
        self.row().audiences.iter().map(|&a| a.into()).collect()
    }

    /// What it costs.
    async fn fee(&self) -> Option<Fee> {
        self.row().fee.map(Into::into)
    }

    /// Must one make an appointment? Null where that is not known.
    async fn appointment(&self) -> Option<bool> {
        self.row().appointment
    }

    /// What it is, in words.
    async fn description(&self) -> Option<Text<'_>> {
        self.row().description.as_deref().map(Text)
    }

    /// Where it is offered, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn offers(
        &self,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<OfferConnection> {
        let register = &self.world.register;
        let list = places(register.offers_of_service(self.index));
        let found = page(&list, |i| register.offers[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Offer::at(&self.world, i)))
    }
}

/// A service as one center or facility offers it.
#[Object]
impl Offer {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// Counts its changes; an update must name the one it was made from.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// What is offered.
    async fn service(&self) -> Option<Service> {
        Service::numbered(&self.world, self.row().service)
    }

    /// The center that offers it; null when a facility does.
    async fn center(&self) -> Option<Center> {
        Center::numbered(&self.world, self.row().host.center()?)
    }

    /// The facility that offers it; null when a center does.
    async fn facility(&self) -> Option<Facility> {
        Facility::numbered(&self.world, self.row().host.facility()?)
    }

    /// Its own hours in OpenStreetMap's `opening_hours` syntax, as those of a `Center`; null if it has those of its place.
    async fn opening_hours(&self) -> Option<&str> {
        self.row().opening_hours.as_deref()
    }

    /// Whether one can get it, by its own hours or those of its place. Null if they are not recorded, or say that it depends.
    async fn is_open(&self, #[graphql(desc = "When; now when left out.")] at: Option<DateTime>) -> Option<bool> {
        let register = &self.world.register;
        open(register.status_of_host(self.row().host), register.hours_of_offer(self.row()), at)
    }

    /// The next moment, within 400 days, at which that changes or becomes known or unknown, in the city's time zone. Null if
    /// there is none.
    async fn next_change(
        &self,
        #[graphql(desc = "After when; now when left out.")] at: Option<DateTime>,
    ) -> Option<CityTime> {
        let register = &self.world.register;
        next_change(&self.world, register.status_of_host(self.row().host), register.hours_of_offer(self.row()), at)
    }

    /// How many items one can get done, as 68 at a one-stop counter.
    async fn item_count(&self) -> Option<u32> {
        self.row().item_count
    }

    /// What is particular here.
    async fn note(&self) -> Option<Text<'_>> {
        self.row().note.as_deref().map(Text)
    }
}

//! Services and offers.

use super::{Center, Facility, id_of, next_change, of_world, open};
use crate::enums::{Audience, Fee};
use crate::paging::{PageArguments, Paged, counted, places};
use crate::scalars::{CityTime, DateTime, Text};
use crate::types::Category;
use async_graphql::{ID, Object, Result};

of_world! {
    /// A service, independent of where it is offered.
    Service, services
}

of_world! {
    /// An offer: a service at one center or facility.
    Offer, offers
}

/// A service, independent of where it is offered.
#[Object]
impl Service {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// The version, increased by every change. An update must name the version that it is based on.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The key, which identifies the service in files.
    async fn key(&self) -> &str {
        &self.row().key
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English, if recorded.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// The service category.
    async fn category(&self) -> Category {
        self.row().category.into()
    }

    /// The people it is intended for. An empty list means everyone.
    async fn audiences(&self) -> Vec<Audience> {
        self.row().audiences.iter().map(|&a| a.into()).collect()
    }

    /// The fee.
    async fn fee(&self) -> Option<Fee> {
        self.row().fee.map(Into::into)
    }

    /// Whether an appointment is required. Null if unknown.
    async fn appointment(&self) -> Option<bool> {
        self.row().appointment
    }

    /// A description in free text.
    async fn description(&self) -> Option<Text<'_>> {
        self.row().description.as_deref().map(Text)
    }

    /// The offers of this service, in order of id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn offers(
        &self,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Offer>> {
        let rows = places(self.world.register.offers_of_service(self.index));
        Offer::page(&self.world, &rows, &PageArguments { first, after, last, before })
    }
}

/// An offer: a service at one center or facility.
#[Object]
impl Offer {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// The version, increased by every change. An update must name the version that it is based on.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The service.
    async fn service(&self) -> Option<Service> {
        Service::by_id(&self.world, self.row().service)
    }

    /// The center that offers the service. Null if a facility offers it.
    async fn center(&self) -> Option<Center> {
        Center::by_id(&self.world, self.row().host.center()?)
    }

    /// The facility that offers the service. Null if a center offers it.
    async fn facility(&self) -> Option<Facility> {
        Facility::by_id(&self.world, self.row().host.facility()?)
    }

    /// Its own hours in OpenStreetMap's `opening_hours` syntax, as for `Center`. Null if the hours of its place apply.
    async fn opening_hours(&self) -> Option<&str> {
        self.row().opening_hours.as_deref()
    }

    /// Whether the service is available, by its own hours or those of its place. Null if they are not recorded or the
    /// state is unknown.
    async fn is_open(
        &self,
        #[graphql(desc = "The time to check (default: now).")] at: Option<DateTime>,
    ) -> Option<bool> {
        let register = &self.world.register;
        open(register.host_status(self.row().host), register.hours_of_offer(self.row()), at)
    }

    /// The next time within 400 days at which the service becomes available or unavailable, or at which that becomes
    /// known or unknown, in the city's time zone. Null if there is none.
    async fn next_change(
        &self,
        #[graphql(desc = "Find the first change after this time (default: now).")] at: Option<DateTime>,
    ) -> Option<CityTime> {
        let register = &self.world.register;
        next_change(&self.world, register.host_status(self.row().host), register.hours_of_offer(self.row()), at)
    }

    /// The number of items handled, such as 68 at a one-stop counter.
    async fn item_count(&self) -> Option<u32> {
        self.row().item_count
    }

    /// A note on this offer.
    async fn note(&self) -> Option<Text<'_>> {
        self.row().note.as_deref().map(Text)
    }
}

//! Facilities.

use super::event::EventConnection;
use super::service::OfferConnection;
use super::{Center, Event, Offer, id_of, next_change, of_world, open};
use crate::paging::{PageArguments, Total, connection, counted, page, places};
use crate::scalars::{CityTime, DateTime, PartialDate, Text};
use crate::types::{Category, PositionObject};
use crate::words::{Audience, PositionQuality, Status};
use async_graphql::connection::Connection;
use async_graphql::{ID, Object, Result};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_register as register;

of_world! {
    /// A place that offers services, in a center or anywhere else.
    Facility, facilities
}

pub type FacilityConnection = Connection<String, Facility, Total>;

/// A place that offers services, in a center or anywhere else.
#[Object]
impl Facility {
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

    /// The service category.
    async fn category(&self) -> Category {
        self.row().category.into()
    }

    /// The key of its kind, of those that `facilityKinds` lists.
    async fn kind(&self) -> Option<&str> {
        self.row().kind.as_deref()
    }

    /// Whether it can be used.
    async fn status(&self) -> Status {
        self.row().status.into()
    }

    /// Where it is.
    async fn position(&self) -> PositionObject {
        self.row().position.into()
    }

    /// How the position was found.
    async fn position_quality(&self) -> PositionQuality {
        self.row().position_quality.into()
    }

    /// The postal address.
    async fn address(&self) -> Option<&str> {
        self.row().address.as_deref()
    }

    /// The telephone.
    async fn phone(&self) -> Option<&str> {
        self.row().phone.as_deref()
    }

    /// What it is, in words.
    async fn description(&self) -> Option<Text<'_>> {
        self.row().description.as_deref().map(Text)
    }

    /// The center it is in, where it is in one that is registered.
    async fn center(&self) -> Option<Center> {
        let code = self.row().center.as_ref()?;
        let index = self.world.register.centers.place_of(code.as_str())?;
        Some(Center::at(&self.world, index))
    }

    /// The code of the division it stands in: its own, or that of the center it is in.
    async fn division(&self) -> Option<&str> {
        self.world.register.division_of(self.row())
    }

    /// The storey, as signs in the building call it.
    async fn floor(&self) -> Option<&str> {
        self.row().floor.as_deref()
    }

    /// How much it can take; `capacityUnit` says of what.
    async fn capacity(&self) -> Option<f64> {
        self.row().capacity
    }

    /// What the capacity counts: places, beds, seats, ...
    async fn capacity_unit(&self) -> Option<&str> {
        self.row().capacity_unit.as_deref()
    }

    /// Floor area in square metres.
    async fn floor_area_m2(&self) -> Option<f64> {
        self.row().floor_area_m2
    }

    /// Area of its grounds in square metres.
    async fn grounds_area_m2(&self) -> Option<f64> {
        self.row().grounds_area_m2
    }

    /// Whom it is for; empty for everyone.
    async fn audiences(&self) -> Vec<Audience> {
        self.row().audiences.iter().map(|&a| a.into()).collect()
    }

    /// Can it be entered without a step? Null where that is not known.
    async fn step_free(&self) -> Option<bool> {
        self.row().step_free
    }

    /// How to get in, in words.
    async fn access_note(&self) -> Option<Text<'_>> {
        self.row().access_note.as_deref().map(Text)
    }

    /// Since when it is open, as exactly as it is known.
    async fn opened_on(&self) -> Option<PartialDate> {
        self.row().opened_on.map(PartialDate)
    }

    /// When it was closed for good.
    async fn closed_on(&self) -> Option<PartialDate> {
        self.row().closed_on.map(PartialDate)
    }

    /// Its own opening hours in OpenStreetMap's `opening_hours` syntax, as those of a `Center`; null if it has those of its
    /// center.
    async fn opening_hours(&self) -> Option<&str> {
        self.row().opening_hours.as_deref()
    }

    /// Whether it is open, by its own hours or those of its center. Null if they are not recorded, or say that it depends: a
    /// comment, `unknown`, or an open end such as `10:00+`. What is planned or closed for good is not open.
    async fn is_open(&self, #[graphql(desc = "When; now when left out.")] at: Option<DateTime>) -> Option<bool> {
        open(self.row().status, self.world.register.hours_of_facility(self.row()), at)
    }

    /// The next moment, within 400 days, at which it opens or closes, or at which that becomes known or unknown, in the
    /// city's time zone. Null if there is none.
    async fn next_change(
        &self,
        #[graphql(desc = "After when; now when left out.")] at: Option<DateTime>,
    ) -> Option<CityTime> {
        next_change(&self.world, self.row().status, self.world.register.hours_of_facility(self.row()), at)
    }

    /// What it offers, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn offers(
        &self,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<OfferConnection> {
        let register = &self.world.register;
        let list = places(register.offers_of_facility(self.index));
        let found = page(&list, |i| register.offers[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Offer::at(&self.world, i)))
    }

    /// What takes place here, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn events(
        &self,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<EventConnection> {
        let register = &self.world.register;
        let list = places(register.events_of_facility(self.index));
        let found = page(&list, |i| register.events[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Event::at(&self.world, i)))
    }
}

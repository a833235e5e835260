//! Facilities.

use super::{Center, Event, Offer, id_of, next_change, of_world, open};
use crate::enums::{Audience, PositionQuality, Status};
use crate::paging::{PageArguments, Paged, counted, places};
use crate::scalars::{CityTime, DateTime, PartialDate, Text};
use crate::types::{Category, PositionObject};
use async_graphql::{ID, Object, Result};

of_world! {
    /// A place that offers services, in a center or elsewhere.
    Facility, facilities
}

/// A place that offers services, in a center or elsewhere.
#[Object]
impl Facility {
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

    /// The service category.
    async fn category(&self) -> Category {
        self.row().category.into()
    }

    /// The key of its kind, as listed by `facilityKinds`.
    async fn kind(&self) -> Option<&str> {
        self.row().kind.as_deref()
    }

    /// The status.
    async fn status(&self) -> Status {
        self.row().status.into()
    }

    /// The position.
    async fn position(&self) -> PositionObject {
        self.row().position.into()
    }

    /// How the position was determined.
    async fn position_quality(&self) -> PositionQuality {
        self.row().position_quality.into()
    }

    /// The postal address.
    async fn address(&self) -> Option<&str> {
        self.row().address.as_deref()
    }

    /// The telephone number.
    async fn phone(&self) -> Option<&str> {
        self.row().phone.as_deref()
    }

    /// A description in free text.
    async fn description(&self) -> Option<Text<'_>> {
        self.row().description.as_deref().map(Text)
    }

    /// The center that it is in, if that is registered.
    async fn center(&self) -> Option<Center> {
        let code = self.row().center.as_ref()?;
        let index = self.world.register.centers.index_of_key(code.as_str())?;
        Some(Center::at(&self.world, index))
    }

    /// The code of the division it is in: its own, or that of its center.
    async fn division(&self) -> Option<&str> {
        self.world.register.division_of(self.row())
    }

    /// The storey, as signposted in the building.
    async fn floor(&self) -> Option<&str> {
        self.row().floor.as_deref()
    }

    /// The capacity, in the unit given by `capacityUnit`.
    async fn capacity(&self) -> Option<f64> {
        self.row().capacity
    }

    /// The unit of the capacity: places, beds, seats, ...
    async fn capacity_unit(&self) -> Option<&str> {
        self.row().capacity_unit.as_deref()
    }

    /// Floor area in square metres.
    async fn floor_area_m2(&self) -> Option<f64> {
        self.row().floor_area_m2
    }

    /// The area of its grounds in square metres.
    async fn grounds_area_m2(&self) -> Option<f64> {
        self.row().grounds_area_m2
    }

    /// The people it is intended for. An empty list means everyone.
    async fn audiences(&self) -> Vec<Audience> {
        self.row().audiences.iter().map(|&a| a.into()).collect()
    }

    /// Whether it can be entered without a step. Null if unknown.
    async fn step_free(&self) -> Option<bool> {
        self.row().step_free
    }

    /// How to get in, in free text.
    async fn access_note(&self) -> Option<Text<'_>> {
        self.row().access_note.as_deref().map(Text)
    }

    /// The opening date, to the precision known.
    async fn opened_on(&self) -> Option<PartialDate> {
        self.row().opened_on.map(PartialDate)
    }

    /// The date of permanent closure.
    async fn closed_on(&self) -> Option<PartialDate> {
        self.row().closed_on.map(PartialDate)
    }

    /// Its own opening hours in OpenStreetMap's `opening_hours` syntax, as for `Center`. Null if the hours of its
    /// center apply.
    async fn opening_hours(&self) -> Option<&str> {
        self.row().opening_hours.as_deref()
    }

    /// Whether it is open, by its own hours or those of its center. Null if they are not recorded or the state is
    /// unknown: a comment, `unknown`, or an open end such as `10:00+`. False if it is planned or permanently closed.
    async fn is_open(
        &self,
        #[graphql(desc = "The time to check (default: now).")] at: Option<DateTime>,
    ) -> Option<bool> {
        open(self.row().status, self.world.register.hours_of_facility(self.row()), at)
    }

    /// The next time within 400 days at which it opens or closes, or at which its state becomes known or unknown, in
    /// the city's time zone. Null if there is none.
    async fn next_change(
        &self,
        #[graphql(desc = "Find the first change after this time (default: now).")] at: Option<DateTime>,
    ) -> Option<CityTime> {
        next_change(&self.world, self.row().status, self.world.register.hours_of_facility(self.row()), at)
    }

    /// Its offers, in order of id.
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
        let rows = places(self.world.register.offers_of_facility(self.index));
        Offer::page(&self.world, &rows, &PageArguments { first, after, last, before })
    }

    /// The events at this facility, in order of id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn events(
        &self,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Event>> {
        let rows = places(self.world.register.events_of_facility(self.index));
        Event::page(&self.world, &rows, &PageArguments { first, after, last, before })
    }
}

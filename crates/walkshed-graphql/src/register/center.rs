//! Service centers.

use super::event::EventConnection;
use super::facility::FacilityConnection;
use super::filter::words;
use super::service::OfferConnection;
use super::suggestion::SuggestionConnection;
use super::usage::{UsageObject, VisitDay, period};
use super::{Event, Facility, Offer, Region, Suggestion, id_of, next_change, of_world, open};
use crate::cost;
use crate::paging::{PageArguments, Total, connection, counted, page, places};
use crate::scalars::{CityTime, DateTime, Day, PartialDate, Text};
use crate::types::PositionObject;
use crate::words::{Audience, CenterKind, OperatingModel, PositionQuality, Status, SuggestionStatus};
use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{Period, center_usage};
use walkshed_register::{self as register, RegionCode};

of_world! {
    /// A party-mass service center of a village, a community or a larger area.
    Center, centers
}

pub type CenterConnection = Connection<String, Center, Total>;

/// A group of people a center serves.
#[derive(SimpleObject)]
pub struct GroupServed {
    /// Who.
    audience: Audience,
    /// How many.
    people: u32,
}

/// Who works with a center.
#[derive(SimpleObject)]
pub struct Partner {
    /// The name, or what sort of partners these are.
    name: String,
    /// What they do for it.
    role: Option<String>,
    /// 1, or how many of one sort that are not named singly.
    count: u32,
}

/// Where a center's money comes from.
#[derive(SimpleObject)]
pub struct FundingShare {
    /// From whom.
    source: String,
    /// Share of the whole, 0 to 1.
    share: f64,
}

/// A party-mass service center of a village, a community or a larger area.
#[Object]
impl Center {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// Counts its changes; an update must name the one it was made from.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The 12-digit division code; of centers for larger areas it ends in zeros.
    async fn code(&self) -> &str {
        self.row().code.as_str()
    }

    /// The name, as a rule in Chinese.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English, where it has one.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// Whom it is for, by its area.
    async fn kind(&self) -> CenterKind {
        self.row().kind.into()
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

    /// Floor area in square metres.
    async fn floor_area_m2(&self) -> Option<f64> {
        self.row().floor_area_m2
    }

    /// Share of the floor area that residents may use, 0 to 1.
    async fn open_share(&self) -> Option<f64> {
        self.row().open_share
    }

    /// Residents of its area.
    async fn residents_served(&self) -> Option<u32> {
        self.row().residents_served
    }

    /// Groups of its own that it serves.
    async fn groups_served(&self) -> Vec<GroupServed> {
        let group = |g: &register::GroupServed| GroupServed { audience: g.audience.into(), people: g.people };
        self.row().groups_served.iter().map(group).collect()
    }

    /// Since when it is open, as exactly as it is known.
    async fn opened_on(&self) -> Option<PartialDate> {
        self.row().opened_on.map(PartialDate)
    }

    /// When it was last rebuilt.
    async fn renovated_on(&self) -> Option<PartialDate> {
        self.row().renovated_on.map(PartialDate)
    }

    /// When it was closed for good.
    async fn closed_on(&self) -> Option<PartialDate> {
        self.row().closed_on.map(PartialDate)
    }

    /// Who runs it.
    async fn operating_model(&self) -> Option<OperatingModel> {
        self.row().operating_model.map(Into::into)
    }

    /// How it is run, in words.
    async fn operating_note(&self) -> Option<Text<'_>> {
        self.row().operating_note.as_deref().map(Text)
    }

    /// Who works with it.
    async fn partners(&self) -> Vec<Partner> {
        let partner = |p: &register::Partner| Partner { name: p.name.clone(), role: p.role.clone(), count: p.count };
        self.row().partners.iter().map(partner).collect()
    }

    /// Where its money comes from.
    async fn funding(&self) -> Vec<FundingShare> {
        let part = |f: &register::FundingShare| FundingShare { source: f.source.clone(), share: f.share };
        self.row().funding.iter().map(part).collect()
    }

    /// Can it be entered without a step? Null where that is not known.
    async fn step_free(&self) -> Option<bool> {
        self.row().step_free
    }

    /// Has it an entrance of its own for the night? Null where that is not known.
    async fn night_entrance(&self) -> Option<bool> {
        self.row().night_entrance
    }

    /// How to get in, in words.
    async fn access_note(&self) -> Option<Text<'_>> {
        self.row().access_note.as_deref().map(Text)
    }

    /// Opening hours in OpenStreetMap's `opening_hours` syntax, by the city's clock. `PH` are the public holidays; school
    /// holidays (`SH`) are not known, so that their rules never apply. `sunrise`, `sunset`, `dawn` and `dusk` are those of
    /// the place and day. A comment without `open` (`"by appointment"`), also as a fallback (`|| "by appointment"`), and an
    /// open end (`10:00+`) are unknown. A rule after `;` replaces those before it for the whole calendar day, with the hours
    /// after midnight that began the evening before; a rule after `,` adds to them.
    async fn opening_hours(&self) -> Option<&str> {
        self.row().opening_hours.as_deref()
    }

    /// Whether it is open. Null if its hours are not recorded, or say that it depends: a comment, `unknown`, or an open end
    /// such as `10:00+`. What is planned or closed for good is not open.
    async fn is_open(&self, #[graphql(desc = "When; now when left out.")] at: Option<DateTime>) -> Option<bool> {
        open(self.row().status, self.world.register.hours_of_center(self.row()), at)
    }

    /// The next moment, within 400 days, at which it opens or closes, or at which that becomes known or unknown, in the
    /// city's time zone. Null if there is none.
    async fn next_change(
        &self,
        #[graphql(desc = "After when; now when left out.")] at: Option<DateTime>,
    ) -> Option<CityTime> {
        next_change(&self.world, self.row().status, self.world.register.hours_of_center(self.row()), at)
    }

    /// The smallest region of the register it lies in: its division, town or district.
    async fn region(&self) -> Option<Region> {
        let register = &self.world.register;
        let code = RegionCode::new(self.row().code.as_str()).ok()?;
        let place = register.regions.place_of(code.as_str()).or_else(|| register.region_above(&code))?;
        Some(Region::at(&self.world, place))
    }

    /// The district it lies in, or the city where that has no districts; null where it is not in the register.
    async fn district(&self) -> Option<Region> {
        let place = self.world.register.regions.place_of(self.row().code.district())?;
        Some(Region::at(&self.world, place))
    }

    /// The town or sub-district it lies in, where that is in the register.
    async fn town(&self) -> Option<Region> {
        let place = self.world.register.regions.place_of(self.row().code.town()?)?;
        Some(Region::at(&self.world, place))
    }

    /// The facilities in this center, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn facilities(
        &self,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<FacilityConnection> {
        let register = &self.world.register;
        let list = places(register.facilities_of_center(self.index));
        let found = page(&list, |i| register.facilities[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Facility::at(&self.world, i)))
    }

    /// What the center itself offers, by id. Its facilities have offers of their own.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn offers(
        &self,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<OfferConnection> {
        let register = &self.world.register;
        let list = places(register.offers_of_center(self.index));
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
        let list = places(register.events_of_center(self.index));
        let found = page(&list, |i| register.events[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Event::at(&self.world, i)))
    }

    /// What was suggested for it, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these statuses, at most 1,000; all when empty or left out.")] statuses: Option<
            Vec<SuggestionStatus>,
        >,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<SuggestionConnection> {
        let register = &self.world.register;
        let wanted = words(ctx, "statuses", statuses)?;
        let mut list = places(register.suggestions_of_center(self.index));
        list.retain(|&i| wanted.is_empty() || wanted.contains(&register.suggestions[i].status.into()));
        let found = page(&list, |i| register.suggestions[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Suggestion::at(&self.world, i)))
    }

    /// How well it is used.
    #[graphql(complexity = "100 + child_complexity")]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "First day; when left out, the period is the 30 days up to `to`. A period has 3,660 days at most."
        )]
        from: Option<Day>,
        #[graphql(desc = "Last day; the last day that was counted when left out, or today.")] to: Option<Day>,
    ) -> Result<UsageObject> {
        let counted =
            self.world.register.visits_of(self.row().id).and_then(register::CenterVisits::span).map(|span| span.1);
        let period = period(&self.world, from, to, counted)?;
        let (world, index) = (self.world.clone(), self.index);
        let price = cost::City::of(&world).usage(1, period.days());
        let usage = cost::priced(ctx, price, move || center_usage(&world, index, period)).await?;
        Ok(UsageObject(usage))
    }

    /// Visits day by day, at most 366 days.
    #[graphql(complexity = "100 + 30 * child_complexity")]
    async fn visits(
        &self,
        #[graphql(desc = "First day.")] from: Day,
        #[graphql(desc = "Last day.")] to: Day,
    ) -> Result<Vec<VisitDay>> {
        let period: Period = period(&self.world, Some(from), Some(to), None)?;
        VisitDay::between(&self.world, self.row().id, period)
    }
}

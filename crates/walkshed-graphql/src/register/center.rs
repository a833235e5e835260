//! Service centers.

use super::usage::{UsageObject, VisitDay, period};
use super::{Event, Facility, Offer, Region, Suggestion, id_of, next_change, of_world, open};
use crate::arguments::distinct_values;
use crate::cost;
use crate::enums::{Audience, CenterKind, OperatingModel, PositionQuality, Status, SuggestionStatus};
use crate::paging::{PageArguments, Paged, counted, places};
use crate::scalars::{CityTime, DateTime, Day, PartialDate, Text};
use crate::types::PositionObject;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use walkshed_analysis::{Period, center_usage};
use walkshed_register::{self as register, RegionCode};

of_world! {
    /// A party-mass service center of a village, a community or a larger area.
    Center, centers
}

/// A group of people that a center serves.
#[derive(SimpleObject)]
pub struct GroupServed {
    /// The group.
    audience: Audience,
    /// The number of people.
    people: u32,
}

/// A partner organization of a center.
#[derive(SimpleObject)]
pub struct Partner {
    /// The name of the partner, or of the type of partners.
    name: String,
    /// The role of the partner.
    role: Option<String>,
    /// The number of partners: 1, or more for partners of one type that are not named individually.
    count: u32,
}

/// A source of funding of a center.
#[derive(SimpleObject)]
pub struct FundingShare {
    /// The source.
    source: String,
    /// The share of the total, 0 to 1.
    share: f64,
}

/// A party-mass service center of a village, a community or a larger area.
#[Object]
impl Center {
    /// The global id.
    pub async fn id(&self) -> ID {
        id_of(self.row())
    }

    /// The version, increased by every change. An update must name the version that it is based on.
    async fn version(&self) -> i64 {
        self.row().version
    }

    /// The 12-digit division code. The code of a center that serves a larger area ends in zeros.
    async fn code(&self) -> &str {
        self.row().code.as_str()
    }

    /// The name, usually in Chinese.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The name in English, if recorded.
    async fn name_en(&self) -> Option<&str> {
        self.row().name_en.as_deref()
    }

    /// The kind of center.
    async fn kind(&self) -> CenterKind {
        self.row().kind.into()
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

    /// Floor area in square metres.
    async fn floor_area_m2(&self) -> Option<f64> {
        self.row().floor_area_m2
    }

    /// The share of the floor area that is open to residents, 0 to 1.
    async fn open_share(&self) -> Option<f64> {
        self.row().open_share
    }

    /// The number of residents in its service area.
    async fn residents_served(&self) -> Option<u32> {
        self.row().residents_served
    }

    /// The special groups that the center serves.
    async fn groups_served(&self) -> Vec<GroupServed> {
        let group = |g: &register::GroupServed| GroupServed { audience: g.audience.into(), people: g.people };
        self.row().groups_served.iter().map(group).collect()
    }

    /// The opening date, to the precision known.
    async fn opened_on(&self) -> Option<PartialDate> {
        self.row().opened_on.map(PartialDate)
    }

    /// The date of the last renovation.
    async fn renovated_on(&self) -> Option<PartialDate> {
        self.row().renovated_on.map(PartialDate)
    }

    /// The date of permanent closure.
    async fn closed_on(&self) -> Option<PartialDate> {
        self.row().closed_on.map(PartialDate)
    }

    /// The operator.
    async fn operating_model(&self) -> Option<OperatingModel> {
        self.row().operating_model.map(Into::into)
    }

    /// How it is operated, in free text.
    async fn operating_note(&self) -> Option<Text<'_>> {
        self.row().operating_note.as_deref().map(Text)
    }

    /// The partner organizations.
    async fn partners(&self) -> Vec<Partner> {
        let partner = |p: &register::Partner| Partner { name: p.name.clone(), role: p.role.clone(), count: p.count };
        self.row().partners.iter().map(partner).collect()
    }

    /// The sources of funding.
    async fn funding(&self) -> Vec<FundingShare> {
        let part = |f: &register::FundingShare| FundingShare { source: f.source.clone(), share: f.share };
        self.row().funding.iter().map(part).collect()
    }

    /// Whether it can be entered without a step. Null if unknown.
    async fn step_free(&self) -> Option<bool> {
        self.row().step_free
    }

    /// Whether it has a separate entrance for the night. Null if unknown.
    async fn night_entrance(&self) -> Option<bool> {
        self.row().night_entrance
    }

    /// How to get in, in free text.
    async fn access_note(&self) -> Option<Text<'_>> {
        self.row().access_note.as_deref().map(Text)
    }

    /// The opening hours in OpenStreetMap's `opening_hours` syntax, in local time. `PH` are the public holidays. School
    /// holidays (`SH`) are unknown, so their rules never apply. `sunrise`, `sunset`, `dawn` and `dusk` depend on
    /// position and date. A comment without `open` (`"by appointment"`), also as a fallback (`|| "by appointment"`),
    /// and an open end (`10:00+`) make the state unknown. A rule after `;` replaces the rules before it for the whole
    /// calendar day, including hours after midnight that began the evening before. A rule after `,` adds to them.
    async fn opening_hours(&self) -> Option<&str> {
        self.row().opening_hours.as_deref()
    }

    /// Whether it is open. Null if the hours are not recorded or the state is unknown: a comment, `unknown`, or an open
    /// end such as `10:00+`. False if it is planned or permanently closed.
    async fn is_open(
        &self,
        #[graphql(desc = "The time to check (default: now).")] at: Option<DateTime>,
    ) -> Option<bool> {
        open(self.row().status, self.world.register.hours_of_center(self.row()), at)
    }

    /// The next time within 400 days at which it opens or closes, or at which its state becomes known or unknown, in
    /// the city's time zone. Null if there is none.
    async fn next_change(
        &self,
        #[graphql(desc = "Find the first change after this time (default: now).")] at: Option<DateTime>,
    ) -> Option<CityTime> {
        next_change(&self.world, self.row().status, self.world.register.hours_of_center(self.row()), at)
    }

    /// The smallest registered region that contains it: its division, town or district.
    async fn region(&self) -> Option<Region> {
        let register = &self.world.register;
        let code = RegionCode::new(self.row().code.as_str()).ok()?;
        let place = register.regions.index_of_key(code.as_str()).or_else(|| register.parent_region(&code))?;
        Some(Region::at(&self.world, place))
    }

    /// The district that contains it, or the city if the city has no districts. Null if that is not registered.
    async fn district(&self) -> Option<Region> {
        let place = self.world.register.regions.index_of_key(self.row().code.district())?;
        Some(Region::at(&self.world, place))
    }

    /// The town or sub-district that contains it, if registered.
    async fn town(&self) -> Option<Region> {
        let place = self.world.register.regions.index_of_key(self.row().code.town()?)?;
        Some(Region::at(&self.world, place))
    }

    /// The facilities in this center, in order of id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn facilities(
        &self,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Facility>> {
        let rows = places(self.world.register.facilities_of_center(self.index));
        Facility::page(&self.world, &rows, &PageArguments { first, after, last, before })
    }

    /// The offers of the center itself, in order of id. Its facilities have their own offers.
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
        let rows = places(self.world.register.offers_of_center(self.index));
        Offer::page(&self.world, &rows, &PageArguments { first, after, last, before })
    }

    /// The events at this center, in order of id.
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
        let rows = places(self.world.register.events_of_center(self.index));
        Event::page(&self.world, &rows, &PageArguments { first, after, last, before })
    }

    /// The suggestions for this center, in order of id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only suggestions with these statuses, at most 1,000. If empty or omitted, all suggestions.")]
        statuses: Option<Vec<SuggestionStatus>>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Suggestion>> {
        let register = &self.world.register;
        let wanted = distinct_values(ctx, "statuses", statuses)?;
        let mut list = places(register.suggestions_of_center(self.index));
        list.retain(|&i| wanted.is_empty() || wanted.contains(&register.suggestions[i].status.into()));
        Suggestion::page(&self.world, &list, &PageArguments { first, after, last, before })
    }

    /// The usage of the center in a period.
    #[graphql(complexity = "100 + child_complexity")]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "First day of the period. If omitted, the period is the 30 days up to `to`. A period has at most 3,660 days."
        )]
        from: Option<Day>,
        #[graphql(
            desc = "Last day of the period. The default is the last day with visit counts, or today if there is none."
        )]
        to: Option<Day>,
    ) -> Result<UsageObject> {
        let counted =
            self.world.register.visits_of(self.row().id).and_then(register::CenterVisits::span).map(|span| span.1);
        let period = period(&self.world, from, to, counted)?;
        let (world, index) = (self.world.clone(), self.index);
        let price = cost::City::of(&world).usage(1, period.days());
        let usage = cost::charge_and_run(ctx, price, move || center_usage(&world, index, period)).await?;
        Ok(UsageObject(usage))
    }

    /// The visits for each day of a period of at most 366 days.
    #[graphql(complexity = "100 + 30 * child_complexity")]
    async fn visits(
        &self,
        #[graphql(desc = "First day of the period.")] from: Day,
        #[graphql(desc = "Last day of the period.")] to: Day,
    ) -> Result<Vec<VisitDay>> {
        let period: Period = period(&self.world, Some(from), Some(to), None)?;
        VisitDay::between(&self.world, self.row().id, period)
    }
}

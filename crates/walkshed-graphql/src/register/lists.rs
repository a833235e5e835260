//! Lists of records, filtered, sorted and paged.

use super::event::range;
use super::filter::{Bounds, CenterFilter, FacilityFilter, OrderInput};
use super::{Center, Event, Facility, Region, Scenario, Service, Suggestion};
use crate::arguments::{distinct_values, region_code};
use crate::context::{current, kinds};
use crate::cost;
use crate::enums::{RegionLevel, SuggestionStatus};
use crate::error::{invalid, over_limit, stopped};
use crate::paging::{PageArguments, Paged, connection, counted, page_by};
use crate::scalars::DateTime;
use crate::types::Category;
use async_graphql::{Context, Error, Object, Result};
use walkshed_register as register;
use walkshed_register::query::{SearchText, suggestions_with};

/// Maximum number of regions in one response.
const MAX_REGIONS: usize = 20_000;

/// Returns the cost of a list. `filter` is whether the filter has a text, `None` without a filter.
const fn price(filter: Option<bool>, is_ordered: bool) -> usize {
    match filter {
        Some(true) if !is_ordered => cost::text_list(),
        filter => cost::list(filter.is_some() || is_ordered),
    }
}

#[derive(Default)]
pub struct ListQuery;

/// Queries that list records.
#[Object]
impl ListQuery {
    /// Lists centers, in order of id by default.
    #[graphql(
        complexity = "price(filter.as_ref().map(|f| f.text.is_some()), order_by.is_some()) + counted(first, last) * child_complexity"
    )]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conditions. If omitted, all records match.")] filter: Option<CenterFilter>,
        #[graphql(desc = "The sort order. The default is by id.")] order_by: Option<OrderInput>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Center>> {
        let world = current(ctx);
        let register = &*world.register;
        let price = cost::list(filter.is_some() || order_by.is_some());
        let shared = world.clone();
        let bounds = Bounds::of(ctx);
        let (order, sorted) = cost::run(ctx, price, move || {
            let list = filter.unwrap_or_default().select(&shared, &bounds)?;
            let order = OrderInput::order(order_by.as_ref(), &shared)?;
            Ok::<_, Error>((order, order.sort::<register::Center>(&shared.register, list)))
        })
        .await??;
        let found = page_by(
            &sorted,
            |i| order.key(&*register.centers[i]),
            |i| register.centers[i].id,
            order.is_descending(),
            &PageArguments { first, after, last, before },
        )?;
        Ok(connection(found, |i| Center::at(world, i)))
    }

    /// Lists facilities, in order of id by default.
    #[graphql(
        complexity = "price(filter.as_ref().map(|f| f.text.is_some()), order_by.is_some()) + counted(first, last) * child_complexity"
    )]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn facilities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conditions. If omitted, all records match.")] filter: Option<FacilityFilter>,
        #[graphql(desc = "The sort order. The default is by id.")] order_by: Option<OrderInput>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Facility>> {
        let world = current(ctx);
        let register = &*world.register;
        let price = cost::list(filter.is_some() || order_by.is_some());
        let kinds = kinds(ctx).clone();
        let shared = world.clone();
        let bounds = Bounds::of(ctx);
        let (order, sorted) = cost::run(ctx, price, move || {
            let list = filter.unwrap_or_default().select(&shared, &kinds, &bounds)?;
            let order = OrderInput::order(order_by.as_ref(), &shared)?;
            Ok::<_, Error>((order, order.sort::<register::Facility>(&shared.register, list)))
        })
        .await??;
        let found = page_by(
            &sorted,
            |i| order.key(&*register.facilities[i]),
            |i| register.facilities[i].id,
            order.is_descending(),
            &PageArguments { first, after, last, before },
        )?;
        Ok(connection(found, |i| Facility::at(world, i)))
    }

    /// Lists services, in order of id.
    #[graphql(complexity = "cost::list(false) + counted(first, last) * child_complexity")]
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only services of these categories, at most 1,000. If empty or omitted, all categories.")]
        categories: Option<Vec<Category>>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Service>> {
        let world = current(ctx);
        let rows = &world.register.services;
        let wanted = distinct_values(ctx, "categories", categories)?;
        let fits = |&i: &usize| wanted.is_empty() || wanted.contains(&rows[i].category.into());
        let list: Vec<usize> = (0..rows.len()).filter(fits).collect();
        Service::page(world, &list, &PageArguments { first, after, last, before })
    }

    /// Lists scenarios, in order of id.
    #[graphql(complexity = "cost::list(false) + counted(first, last) * child_complexity")]
    async fn scenarios(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Scenario>> {
        let world = current(ctx);
        let rows = &world.register.scenarios;
        let list: Vec<usize> = (0..rows.len()).collect();
        Scenario::page(world, &list, &PageArguments { first, after, last, before })
    }

    /// Lists events that take place in a period, in order of id. Without a period, all events.
    #[graphql(complexity = "cost::list(true) + counted(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only events with an occurrence that ends after this time. Requires `to`.")] from: Option<
            DateTime,
        >,
        #[graphql(desc = "Only events with an occurrence that starts before this time. Requires `from`.")] to: Option<
            DateTime,
        >,
        #[graphql(desc = "Only events at centers and facilities in the region with this code.")] region: Option<String>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Event>> {
        let world = current(ctx).clone();
        let span = match (from, to) {
            (Some(from), Some(to)) => Some(range(from, to)?),
            (None, None) => None,
            _ => return Err(invalid("from", "give both `from` and `to`, or neither")),
        };
        let region = region_code("region", region.as_deref())?;
        // The cost covers expanding recurring events.
        let price = cost::occurrences(world.register.events.len(), span.is_some());
        let list = cost::charge_and_run(ctx, price, {
            let world = world.clone();
            move || {
                let register = &*world.register;
                let code = |host: register::Host| match host {
                    register::Host::Center(id) => register.centers.get(id).map(|c| c.code.as_str().to_owned()),
                    register::Host::Facility(id) => {
                        register.facilities.get(id).and_then(|f| register.division_of(f)).map(str::to_owned)
                    }
                };
                let fits = |&i: &usize| {
                    let e = &register.events[i];
                    region.as_ref().is_none_or(|r| code(e.host).is_some_and(|c| r.contains(&c)))
                        && span.is_none_or(|(from, to)| e.takes_place(register.calendar.zone, from, to))
                };
                (0..register.events.len()).filter(fits).collect::<Vec<usize>>()
            }
        })
        .await?;
        Event::page(&world, &list, &PageArguments { first, after, last, before })
    }

    /// Lists suggestions, in order of id.
    #[graphql(complexity = "price(text.is_some().then_some(true), false) + counted(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only suggestions with these statuses, at most 1,000. If empty or omitted, all suggestions.")]
        statuses: Option<Vec<SuggestionStatus>>,
        #[graphql(desc = "Only suggestions for centers in the region with this code.")] region: Option<String>,
        #[graphql(
            desc = "Only suggestions with this text in `text`, `place`, `answer` or `doneNote`. Case-insensitive."
        )]
        text: Option<String>,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<Paged<Suggestion>> {
        let world = current(ctx);
        let register = &*world.register;
        let wanted = distinct_values(ctx, "statuses", statuses)?;
        let region = region_code("region", region.as_deref())?;
        let fits = |&i: &usize| {
            let s = &register.suggestions[i];
            (wanted.is_empty() || wanted.contains(&s.status.into()))
                && region.as_ref().is_none_or(|r| {
                    s.center.and_then(|id| register.centers.get(id)).is_some_and(|c| r.contains(c.code.as_str()))
                })
        };
        let with_text =
            suggestions_with(register, text.as_deref().and_then(SearchText::new).as_ref()).map_err(stopped)?;
        let list: Vec<usize> = with_text.iter().filter(fits).collect();
        Suggestion::page(world, &list, &PageArguments { first, after, last, before })
    }

    /// Lists regions, in order of code. An error if more than 20,000 match. The regions directly below a region are its
    /// `children`.
    #[graphql(complexity = "40 * child_complexity + cost::list(false)")]
    async fn regions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only regions of this level. If omitted, all levels.")] level: Option<RegionLevel>,
        #[graphql(
            desc = "Only regions within the region with this code, at every level below it. Empty if that region is unknown."
        )]
        parent: Option<String>,
    ) -> Result<Vec<Region>> {
        let world = current(ctx);
        let rows = &world.register.regions;
        let parent = region_code("parent", parent.as_deref())?;
        let fits = |&i: &usize| {
            let code = &rows[i].code;
            level.is_none_or(|level| code.level() == level.into())
                && parent.as_ref().is_none_or(|p| p != code && p.contains(code.as_str()))
        };
        let mut list: Vec<usize> = (0..rows.len()).filter(fits).collect();
        if list.len() > MAX_REGIONS {
            let why = format!("level: {} regions exceed the maximum ({MAX_REGIONS}); give a `parent`", list.len());
            return Err(over_limit("maxRegions", Some("level"), list.len(), MAX_REGIONS, why));
        }
        cost::charge_rows(ctx, list.len())?;
        list.sort_by(|&a, &b| rows[a].code.cmp(&rows[b].code));
        Ok(list.into_iter().map(|i| Region::at(world, i)).collect())
    }
}

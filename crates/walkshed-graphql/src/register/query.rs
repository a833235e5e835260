//! Queries about the register.

use super::center::CenterConnection;
use super::event::{EventConnection, range};
use super::facility::FacilityConnection;
use super::filter::{Bounds, CenterFilter, FacilityFilter, OrderInput, region_code, words};
use super::scenario::ScenarioConnection;
use super::service::ServiceConnection;
use super::suggestion::SuggestionConnection;
use super::usage::{UnderusedCenter, UnderusedCenters, last_counted, period};
use super::{Center, Event, Facility, Node, Region, Scenario, Service, Suggestion, node_of};
use crate::cost::City;
use crate::error::{bad_input, over_limit, stopped, within_bound};
use crate::ids::NodeId;
use crate::paging::{PageArguments, connection, counted, page, page_by, page_size};
use crate::scalars::{DateTime, Day};
use crate::types::Category;
use crate::words::{RegionLevel, SuggestionStatus};
use crate::{Nullable, cost, current, kinds, standards};
use async_graphql::{Context, Error, ID, Object, Result, SimpleObject};
use walkshed_analysis::underused;
use walkshed_register::{self as register, RecordKind, RegionCode};

/// Maximum number of ids in one call of `nodes`.
const MAX_NODES: usize = 1000;
/// Maximum number of regions in one response.
const MAX_REGIONS: usize = 20_000;

/// A service category and its number of facilities.
#[derive(SimpleObject)]
pub struct ServiceCategory {
    /// The category.
    category: Category,
    /// The name in English.
    name_en: &'static str,
    /// The name in Chinese.
    name_zh: &'static str,
    /// The number of open facilities in this category.
    facility_count: u64,
}

/// A kind of facility.
#[derive(SimpleObject)]
pub struct FacilityKind {
    /// The key.
    key: String,
    /// The name in Chinese.
    name: String,
    /// The name in English.
    name_en: String,
    /// The default category of facilities of this kind.
    category: Category,
}

#[derive(Default)]
pub struct RegisterQuery;

/// Queries about the register.
#[Object]
impl RegisterQuery {
    /// Finds a record by its global id. Null if there is none.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The global id.")] id: ID) -> Option<Node> {
        node_of(current(ctx), (kinds(ctx), standards(ctx)), &id)
    }

    /// Finds records by their global ids, in the order of the ids. Null for each id without a record.
    #[graphql(complexity = "ids.len() * child_complexity + 1")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global ids, at most 1,000.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        within_bound("maxNodes", "ids", ids.len(), MAX_NODES)?;
        let rules = (kinds(ctx), standards(ctx));
        Ok(ids.iter().map(|id| node_of(current(ctx), rules, id)).collect())
    }

    /// Finds a center by its division code. Null if it is not registered.
    async fn center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The 12-digit division code.")] code: String,
    ) -> Option<Center> {
        let world = current(ctx);
        world.register.centers.place_of(&code).map(|index| Center::at(world, index))
    }

    /// Lists centers, in order of id by default.
    #[graphql(
        complexity = "cost::list(filter.is_some() || order_by.is_some()) + counted(first, last) * child_complexity"
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
    ) -> Result<CenterConnection> {
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

    /// Finds a facility by its global id or its identifier in the source system. Give exactly one of the two. Null if
    /// it is not registered.
    async fn facility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The identifier in the source system.")] external_id: Option<String>,
    ) -> Nullable<Facility> {
        let world = current(ctx);
        let rows = &world.register.facilities;
        let index = match (id, external_id) {
            (Some(id), None) => NodeId::number_of(RecordKind::Facility, &id).and_then(|n| rows.place(n)),
            (None, Some(external)) => rows.place_of(&external),
            // An error inside the option makes only this field null.
            _ => return Some(Err(bad_input("id", "and externalId", "exactly one of the two must be given"))),
        };
        index.map(|index| Ok(Facility::at(world, index)))
    }

    /// Lists facilities, in order of id by default.
    #[graphql(
        complexity = "cost::list(filter.is_some() || order_by.is_some()) + counted(first, last) * child_complexity"
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
    ) -> Result<FacilityConnection> {
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

    /// Lists the seven service categories.
    #[graphql(complexity = "7 * child_complexity + 1")]
    async fn service_categories(&self, ctx: &Context<'_>) -> Vec<ServiceCategory> {
        let counts = current(ctx).facilities_by_category();
        let category = |(c, n): (register::Category, u64)| ServiceCategory {
            category: c.into(),
            name_en: c.english(),
            name_zh: c.chinese(),
            facility_count: n,
        };
        register::Category::ALL.into_iter().zip(counts).map(category).collect()
    }

    /// Lists the kinds of facilities: built-in ones and those of the server's configuration.
    #[graphql(complexity = "60 * child_complexity + 1")]
    async fn facility_kinds(&self, ctx: &Context<'_>) -> Vec<FacilityKind> {
        let kind = |k: &register::FacilityKind| FacilityKind {
            key: k.key.clone(),
            name: k.name.clone(),
            name_en: k.name_en.clone(),
            category: k.category.into(),
        };
        kinds(ctx).all().map(kind).collect()
    }

    /// Finds a service by its key. Null if it is not registered.
    async fn service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key of the service.")] key: String,
    ) -> Option<Service> {
        let world = current(ctx);
        world.register.services.place_of(&key).map(|index| Service::at(world, index))
    }

    /// Finds a scenario by its key. Null if there is none.
    async fn scenario(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key of the scenario.")] key: String,
    ) -> Option<Scenario> {
        let world = current(ctx);
        world.register.scenarios.place_of(&key).map(|index| Scenario::at(world, index))
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
    ) -> Result<ScenarioConnection> {
        let world = current(ctx);
        let rows = &world.register.scenarios;
        let list: Vec<usize> = (0..rows.len()).collect();
        let found = page(&list, |i| rows[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Scenario::at(world, i)))
    }

    /// Lists services, in order of id.
    #[graphql(complexity = "cost::list(false) + counted(first, last) * child_complexity")]
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only services of these categories. If empty or omitted, all categories.")] categories: Option<
            Vec<Category>,
        >,
        #[graphql(desc = "Maximum number of rows to return from the start of the list (default 20, maximum 1000).")]
        first: Option<i32>,
        #[graphql(desc = "Return only rows after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Maximum number of rows to return from the end of the list (maximum 1000). Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Return only rows before this cursor.")] before: Option<String>,
    ) -> Result<ServiceConnection> {
        let world = current(ctx);
        let rows = &world.register.services;
        let wanted = words(ctx, "categories", categories)?;
        let fits = |&i: &usize| wanted.is_empty() || wanted.contains(&rows[i].category.into());
        let list: Vec<usize> = (0..rows.len()).filter(fits).collect();
        let found = page(&list, |i| rows[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Service::at(world, i)))
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
    ) -> Result<EventConnection> {
        let world = current(ctx).clone();
        let span = match (from, to) {
            (Some(from), Some(to)) => Some(range(from, to)?),
            (None, None) => None,
            _ => return Err(bad_input("from", "and to", "must be given together")),
        };
        let region = region_code("region", region.as_deref())?;
        // The cost covers expanding recurring events.
        let price = cost::occurrences(world.register.events.len(), span.is_some());
        let list = cost::priced(ctx, price, {
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
                    region.as_ref().is_none_or(|r| code(e.host).is_some_and(|c| r.holds(&c)))
                        && span.is_none_or(|(from, to)| e.takes_place(register.calendar.zone, from, to))
                };
                (0..register.events.len()).filter(fits).collect::<Vec<usize>>()
            }
        })
        .await?;
        let found = page(&list, |i| world.register.events[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Event::at(&world, i)))
    }

    /// Lists suggestions, in order of id.
    #[graphql(complexity = "cost::list(text.is_some()) + counted(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only suggestions with these statuses. If empty or omitted, all suggestions.")]
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
    ) -> Result<SuggestionConnection> {
        let world = current(ctx);
        let register = &*world.register;
        let wanted = words(ctx, "statuses", statuses)?;
        let region = region_code("region", region.as_deref())?;
        let text = text.map(|t| t.trim().to_lowercase()).filter(|t| !t.is_empty());
        let fits = |&i: &usize| {
            let s = &register.suggestions[i];
            (wanted.is_empty() || wanted.contains(&s.status.into()))
                && region.as_ref().is_none_or(|r| {
                    s.center.and_then(|id| register.centers.get(id)).is_some_and(|c| r.holds(c.code.as_str()))
                })
                // Contact details are personal data. They are not searched, because a search would reveal them.
                && text.as_ref().is_none_or(|text| {
                    let searched = [Some(&s.text), s.place.as_ref(), s.answer.as_ref(), s.done_note.as_ref()];
                    searched.into_iter().flatten().any(|t| t.to_lowercase().contains(text))
                })
        };
        let list: Vec<usize> = (0..register.suggestions.len()).filter(fits).collect();
        let found = page(&list, |i| register.suggestions[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Suggestion::at(world, i)))
    }

    /// Finds a region by its code. Null if it is not registered.
    async fn region(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code: 50 is a city, 500106 a district, 500106013 a town, 500106013004 a division.")]
        code: String,
    ) -> Option<Region> {
        let world = current(ctx);
        let code = RegionCode::new(&code).ok()?;
        world.register.regions.place_of(code.as_str()).map(|index| Region::at(world, index))
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
                && parent.as_ref().is_none_or(|p| p != code && p.holds(code.as_str()))
        };
        let mut list: Vec<usize> = (0..rows.len()).filter(fits).collect();
        if list.len() > MAX_REGIONS {
            let why = format!("level: {} regions exceeds the maximum ({MAX_REGIONS}); give a `parent`", list.len());
            return Err(over_limit("maxRegions", Some("level"), list.len(), MAX_REGIONS, why));
        }
        cost::charge_rows(ctx, list.len())?;
        list.sort_by(|&a, &b| rows[a].code.cmp(&rows[b].code));
        Ok(list.into_iter().map(|i| Region::at(world, i)).collect())
    }

    /// Ranks centers with visit counts by usage relative to the people within 15 minutes on foot, least used first,
    /// with the main reason for each rank.
    #[graphql(complexity = "5000 + counted(first, None) * child_complexity")]
    async fn underused_centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only centers in the region with this code.")] region: Option<String>,
        #[graphql(
            desc = "First day of the period. If omitted, the period is the 30 days up to `to`. A period has at most 3,660 days."
        )]
        from: Option<Day>,
        #[graphql(
            desc = "Last day of the period. The default is the last day with visit counts at any center, or today if there is none."
        )]
        to: Option<Day>,
        #[graphql(desc = "Maximum number of centers to return (default 20, maximum 1000).")] first: Option<i32>,
    ) -> Result<UnderusedCenters> {
        let world = current(ctx).clone();
        crate::reach::network_of(&world)?;
        let period = period(&world, from, to, last_counted(&world))?;
        let (max, region) = (page_size("first", first)?, region_code("region", region.as_deref())?);
        let shared = world.clone();
        let count = region.as_ref().map_or(world.register.centers.len(), |r| world.register.centers_in(r).len());
        let price = City::of(&world).counted_usage(count, period.days());
        let work = move || underused(&shared, region.as_ref(), period).map_err(stopped);
        let (list, compared) = cost::priced(ctx, price, work).await??;
        let nodes = list.into_iter().take(max).map(|found| UnderusedCenter { world: world.clone(), found });
        Ok(UnderusedCenters {
            nodes: nodes.collect(),
            compared: compared as u64,
            from: Day(period.from),
            to: Day(period.to),
        })
    }
}

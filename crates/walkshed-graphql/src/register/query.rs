//! What can be asked of the register.

use super::center::CenterConnection;
use super::event::{EventConnection, range};
use super::facility::FacilityConnection;
use super::filter::{Bounds, CenterFilter, FacilityFilter, Listed, OrderInput, Ordered, region_code, words};
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
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use walkshed_analysis::underused;
use walkshed_register::{self as register, RecordKind, RegionCode};

/// Ids in one call of `nodes`.
const MAX_NODES: usize = 1000;
/// Regions in one answer.
const MAX_REGIONS: usize = 20_000;

/// A service category and how many facilities it has.
#[derive(SimpleObject)]
pub struct ServiceCategory {
    /// The category.
    category: Category,
    /// Its name in English.
    name_en: &'static str,
    /// Its name in Chinese.
    name_zh: &'static str,
    /// Open facilities of this category in the register.
    facility_count: u64,
}

/// A kind of facility.
#[derive(SimpleObject)]
pub struct FacilityKind {
    /// The key it goes by.
    key: String,
    /// Its name in Chinese.
    name: String,
    /// Its name in English.
    name_en: String,
    /// The category facilities of this kind belong to when nothing else is said.
    category: Category,
}

#[derive(Default)]
pub struct RegisterQuery;

/// What is in the register.
#[Object]
impl RegisterQuery {
    /// Anything by its global id; null when there is no such thing.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "A global id.")] id: ID) -> Option<Node> {
        node_of(current(ctx), (kinds(ctx), standards(ctx)), &id)
    }

    /// Many by their global ids, in the order of the ids; null where there is no such thing.
    #[graphql(complexity = "ids.len() * child_complexity + 1")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids, at most 1000.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        within_bound("maxNodes", "ids", ids.len(), MAX_NODES)?;
        let rules = (kinds(ctx), standards(ctx));
        Ok(ids.iter().map(|id| node_of(current(ctx), rules, id)).collect())
    }

    /// A center by its division code; null when it is not registered.
    async fn center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The 12-digit division code.")] code: String,
    ) -> Option<Center> {
        let world = current(ctx);
        world.register.centers.place_of(&code).map(|index| Center::at(world, index))
    }

    /// Centers, by id by default.
    #[graphql(
        complexity = "cost::list(filter.is_some() || order_by.is_some()) + counted(first, last) * child_complexity"
    )]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<CenterFilter>,
        #[graphql(desc = "In which order.")] order_by: Option<OrderInput>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<CenterConnection> {
        let world = current(ctx);
        let register = &*world.register;
        let price = cost::list(filter.is_some() || order_by.is_some());
        let shared = world.clone();
        let bounds = Bounds::of(ctx);
        let ordered = cost::run(ctx, price, move || {
            let list = filter.unwrap_or_default().places(&shared, &bounds)?;
            Ordered::new(&shared, Listed::Centers, list, order_by.as_ref())
        })
        .await??;
        let found = page_by(
            &ordered.rows,
            |i| ordered.key(register, Listed::Centers, i),
            |i| register.centers[i].id,
            ordered.descending,
            &PageArguments { first, after, last, before },
        )?;
        Ok(connection(found, |i| Center::at(world, i)))
    }

    /// A facility by its id or by the id it has where it comes from (exactly one of the two); null when it is not
    /// registered.
    async fn facility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The number or code it has where it comes from.")] external_id: Option<String>,
    ) -> Nullable<Facility> {
        let world = current(ctx);
        let rows = &world.register.facilities;
        let index = match (id, external_id) {
            (Some(id), None) => NodeId::number_of(RecordKind::Facility, &id).and_then(|n| rows.place(n)),
            (None, Some(external)) => rows.place_of(&external),
            // An error inside of the option leaves null here alone, and the rest of the answer stands.
            _ => return Some(Err(bad_input("id", "and externalId", "exactly one of the two must be given"))),
        };
        index.map(|index| Ok(Facility::at(world, index)))
    }

    /// Facilities, by id by default.
    #[graphql(
        complexity = "cost::list(filter.is_some() || order_by.is_some()) + counted(first, last) * child_complexity"
    )]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn facilities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<FacilityFilter>,
        #[graphql(desc = "In which order.")] order_by: Option<OrderInput>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<FacilityConnection> {
        let world = current(ctx);
        let register = &*world.register;
        let price = cost::list(filter.is_some() || order_by.is_some());
        let kinds = kinds(ctx).clone();
        let shared = world.clone();
        let bounds = Bounds::of(ctx);
        let ordered = cost::run(ctx, price, move || {
            let list = filter.unwrap_or_default().places(&shared, &kinds, &bounds)?;
            Ordered::new(&shared, Listed::Facilities, list, order_by.as_ref())
        })
        .await??;
        let found = page_by(
            &ordered.rows,
            |i| ordered.key(register, Listed::Facilities, i),
            |i| register.facilities[i].id,
            ordered.descending,
            &PageArguments { first, after, last, before },
        )?;
        Ok(connection(found, |i| Facility::at(world, i)))
    }

    /// The seven service categories.
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

    /// The kinds of facility; more of them come from the server's configuration.
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

    /// A service by its key; null when it is not registered.
    async fn service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key it goes by in files.")] key: String,
    ) -> Option<Service> {
        let world = current(ctx);
        world.register.services.place_of(&key).map(|index| Service::at(world, index))
    }

    /// A scenario by its key; null when there is none.
    async fn scenario(&self, ctx: &Context<'_>, #[graphql(desc = "Its key.")] key: String) -> Option<Scenario> {
        let world = current(ctx);
        world.register.scenarios.place_of(&key).map(|index| Scenario::at(world, index))
    }

    /// Scenarios, by id.
    #[graphql(complexity = "cost::list(false) + counted(first, last) * child_complexity")]
    async fn scenarios(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<ScenarioConnection> {
        let world = current(ctx);
        let rows = &world.register.scenarios;
        let list: Vec<usize> = (0..rows.len()).collect();
        let found = page(&list, |i| rows[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Scenario::at(world, i)))
    }

    /// Services, by id.
    #[graphql(complexity = "cost::list(false) + counted(first, last) * child_complexity")]
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these categories, at most 1,000; all when empty or left out.")] categories: Option<
            Vec<Category>,
        >,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<ServiceConnection> {
        let world = current(ctx);
        let rows = &world.register.services;
        let wanted = words(ctx, "categories", categories)?;
        let fits = |&i: &usize| wanted.is_empty() || wanted.contains(&rows[i].category.into());
        let list: Vec<usize> = (0..rows.len()).filter(fits).collect();
        let found = page(&list, |i| rows[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Service::at(world, i)))
    }

    /// Events that take place in a range of time, by id; all events when no range is given.
    #[graphql(complexity = "cost::list(true) + counted(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Taking place after this moment; given together with `to`.")] from: Option<DateTime>,
        #[graphql(desc = "Beginning before this moment.")] to: Option<DateTime>,
        #[graphql(desc = "At the centers, and the facilities of centers, of this region: its code.")] region: Option<
            String,
        >,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<EventConnection> {
        let world = current(ctx).clone();
        let span = match (from, to) {
            (Some(from), Some(to)) => Some(range(from, to)?),
            (None, None) => None,
            _ => return Err(bad_input("from", "and to", "must be given together")),
        };
        let region = region_code("region", region.as_deref())?;
        // Events that recur are unfolded.
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

    /// Suggestions, by id.
    #[graphql(complexity = "cost::list(text.is_some()) + counted(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these statuses, at most 1,000; all when empty or left out.")] statuses: Option<
            Vec<SuggestionStatus>,
        >,
        #[graphql(desc = "For the centers of this region: its code.")] region: Option<String>,
        #[graphql(desc = "With this text in what is suggested, answered or done; letter case does not matter.")]
        text: Option<String>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
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
                // The contact is personal: it is not searched, lest a search tell it.
                && text.as_ref().is_none_or(|text| {
                    let told = [Some(&s.text), s.place.as_ref(), s.answer.as_ref(), s.done_note.as_ref()];
                    told.into_iter().flatten().any(|t| t.to_lowercase().contains(text))
                })
        };
        let list: Vec<usize> = (0..register.suggestions.len()).filter(fits).collect();
        let found = page(&list, |i| register.suggestions[i].id, &PageArguments { first, after, last, before })?;
        Ok(connection(found, |i| Suggestion::at(world, i)))
    }

    /// A region by its code; null when it is not registered.
    async fn region(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its code: 50 a city, 500106 a district, 500106013 a town, 500106013004 a division.")]
        code: String,
    ) -> Option<Region> {
        let world = current(ctx);
        let code = RegionCode::new(&code).ok()?;
        world.register.regions.place_of(code.as_str()).map(|index| Region::at(world, index))
    }

    /// Regions, in the order of their codes; 20,000 at most. Those directly below a region are its `children`.
    #[graphql(complexity = "40 * child_complexity + cost::list(false)")]
    async fn regions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this level; all when left out.")] level: Option<RegionLevel>,
        #[graphql(
            desc = "Only those within this region, at every level below it: its code. Nothing where no such region is known."
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
            let why =
                format!("level: {} regions are more than one answer holds ({MAX_REGIONS}); name a parent", list.len());
            return Err(over_limit("maxRegions", Some("level"), list.len(), MAX_REGIONS, why));
        }
        cost::charge_rows(ctx, list.len())?;
        list.sort_by(|&a, &b| rows[a].code.cmp(&rows[b].code));
        Ok(list.into_iter().map(|i| Region::at(world, i)).collect())
    }

    /// Centers by use relative to the people within 15 minutes on foot, the least used first, among all whose visits were
    /// counted; each with the number that put it there.
    #[graphql(complexity = "5000 + counted(first, None) * child_complexity")]
    async fn underused_centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only in this region: its code.")] region: Option<String>,
        #[graphql(
            desc = "First day; when left out, the period is the 30 days up to `to`. A period has 3,660 days at most."
        )]
        from: Option<Day>,
        #[graphql(desc = "Last day; the last day that was counted anywhere when left out.")] to: Option<Day>,
        #[graphql(desc = "How many, at most 1000; 20 by default.")] first: Option<i32>,
    ) -> Result<UnderusedCenters> {
        let world = current(ctx).clone();
        crate::reach::network_of(&world)?;
        let period = period(&world, from, to, last_counted(&world))?;
        let (most, region) = (page_size("first", first)?, region_code("region", region.as_deref())?);
        let shared = world.clone();
        let count = region.as_ref().map_or(world.register.centers.len(), |r| world.register.centers_in(r).len());
        let price = City::of(&world).counted_usage(count, period.days());
        let work = move || underused(&shared, region.as_ref(), period).map_err(stopped);
        let (list, compared) = cost::priced(ctx, price, work).await??;
        let nodes = list.into_iter().take(most).map(|found| UnderusedCenter { world: world.clone(), found });
        Ok(UnderusedCenters {
            nodes: nodes.collect(),
            compared: compared as u64,
            from: Day(period.from),
            to: Day(period.to),
        })
    }
}

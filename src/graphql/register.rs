//! Centers and facilities.

use super::ids::NodeId;
use super::paging::{Page, PageArguments, Total, counted, cursor, page};
use super::types::{Category, PositionObject};
use super::{current, error};
use crate::registry;
use crate::world::World;
use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{Context, ID, Interface, Object, Result, SimpleObject};
use std::sync::Arc;

/// Anything with a global id.
#[derive(Interface, Clone)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
pub enum Node {
    Center(Center),
    Facility(Facility),
}

/// A party-mass service center of a village or community.
#[derive(Clone)]
pub struct Center {
    world: Arc<World>,
    index: usize,
}

/// A place that offers services, in a center or anywhere else.
#[derive(Clone)]
pub struct Facility {
    world: Arc<World>,
    index: usize,
}

/// A service category and how many facilities it has.
#[derive(SimpleObject)]
pub struct ServiceCategory {
    /// The category.
    category: Category,
    /// Its name in English.
    name_en: &'static str,
    /// Its name in Chinese.
    name_zh: &'static str,
    /// Facilities of this category in the register.
    facility_count: u64,
}

pub type CenterConnection = Connection<String, Center, Total>;
pub type FacilityConnection = Connection<String, Facility, Total>;

impl Center {
    fn row(&self) -> &registry::Center {
        &self.world.centers[self.index]
    }
}

impl Facility {
    /// A facility by its place in [`World::facilities`].
    pub fn at(world: &Arc<World>, index: usize) -> Self {
        Self { world: world.clone(), index }
    }

    fn row(&self) -> &registry::Facility {
        &self.world.facilities[self.index]
    }
}

/// A party-mass service center of a village or community.
#[Object]
impl Center {
    /// The global id.
    async fn id(&self) -> ID {
        NodeId::Center(self.row().id).into()
    }

    /// The 12-digit division code.
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

    /// Where it is.
    async fn position(&self) -> PositionObject {
        self.row().position.into()
    }

    /// The postal address.
    async fn address(&self) -> Option<&str> {
        self.row().address.as_deref()
    }

    /// The facilities in this center, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn facilities(
        &self,
        #[graphql(desc = "Rows from the start, at most 1000; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<FacilityConnection> {
        let all = self.world.facilities_in(self.row().code.as_str());
        let id = |&i: &u32| self.world.facilities[i as usize].id;
        let mut found = page(all, id, |_| true, &PageArguments { first, after, last, before })?;
        for row in &mut found.rows {
            *row = all[*row] as usize;
        }
        Ok(facility_page(&self.world, &found))
    }
}

/// A place that offers services, in a center or anywhere else.
#[Object]
impl Facility {
    /// The global id.
    async fn id(&self) -> ID {
        NodeId::Facility(self.row().id).into()
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

    /// Where it is.
    async fn position(&self) -> PositionObject {
        self.row().position.into()
    }

    /// The postal address.
    async fn address(&self) -> Option<&str> {
        self.row().address.as_deref()
    }

    /// The center it is in, where it is in one that is registered.
    async fn center(&self) -> Option<Center> {
        let index = self.world.center_place(self.row().center.as_ref()?.as_str())?;
        Some(Center { world: self.world.clone(), index })
    }
}

fn center_page(world: &Arc<World>, found: &Page) -> CenterConnection {
    let total = Total { total_count: found.total as u64 };
    let mut connection = Connection::with_additional_fields(found.has_previous, found.has_next, total);
    connection.edges.extend(
        found
            .rows
            .iter()
            .map(|&index| Edge::new(cursor(world.centers[index].id), Center { world: world.clone(), index })),
    );
    connection
}

fn facility_page(world: &Arc<World>, found: &Page) -> FacilityConnection {
    let total = Total { total_count: found.total as u64 };
    let mut connection = Connection::with_additional_fields(found.has_previous, found.has_next, total);
    connection.edges.extend(found.rows.iter().map(|&index| {
        Edge::<_, _, EmptyFields>::new(cursor(world.facilities[index].id), Facility { world: world.clone(), index })
    }));
    connection
}

fn node_of(world: &Arc<World>, id: &ID) -> Option<Node> {
    match NodeId::parse(id)? {
        NodeId::Center(n) => {
            let index = world.centers.binary_search_by_key(&n, |c| c.id).ok()?;
            Some(Node::Center(Center { world: world.clone(), index }))
        }
        NodeId::Facility(n) => {
            let index = world.facilities.binary_search_by_key(&n, |f| f.id).ok()?;
            Some(Node::Facility(Facility { world: world.clone(), index }))
        }
    }
}

/// Ids in one call of `nodes`.
const MAX_NODES: usize = 1000;

#[derive(Default)]
pub struct RegisterQuery;

/// What is in the register.
#[Object]
impl RegisterQuery {
    /// Anything by its global id; null when there is no such thing.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "A global id.")] id: ID) -> Option<Node> {
        node_of(current(ctx), &id)
    }

    /// Many by their global ids, in the order of the ids; null where there is no such thing.
    #[graphql(complexity = "ids.len() * child_complexity + 1")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids, at most 1000.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MAX_NODES {
            let why = format!("ids: {} ids are more than one request may name ({MAX_NODES})", ids.len());
            return Err(error::too_many("maxNodes", why));
        }
        Ok(ids.iter().map(|id| node_of(current(ctx), id)).collect())
    }

    /// A center by its division code; null when it is not registered.
    async fn center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The 12-digit division code.")] code: String,
    ) -> Option<Center> {
        let world = current(ctx);
        world.center_place(&code).map(|index| Center { world: world.clone(), index })
    }

    /// All centers, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn centers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<CenterConnection> {
        let world = current(ctx);
        let found = page(&world.centers, |c| c.id, |_| true, &PageArguments { first, after, last, before })?;
        Ok(center_page(world, &found))
    }

    /// A facility by its id or by the id it has where it comes from; null when it is not registered.
    async fn facility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The number or code it has where it comes from.")] external_id: Option<String>,
    ) -> Option<Result<Facility>> {
        let world = current(ctx);
        let index = match (id, external_id) {
            (Some(id), None) => match NodeId::parse(&id) {
                Some(NodeId::Facility(n)) => world.facilities.binary_search_by_key(&n, |f| f.id).ok(),
                _ => None,
            },
            (None, Some(external)) => world.facility_place(&external),
            // An error inside of the option leaves null here alone, and the rest of the answer stands.
            _ => return Some(Err(error::bad_input("id", "and externalId", "exactly one of the two must be given"))),
        };
        index.map(|index| Ok(Facility { world: world.clone(), index }))
    }

    /// All facilities, or those of some categories, by id.
    #[graphql(complexity = "counted(first, last) * child_complexity + 1")]
    async fn facilities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these categories; all when empty or left out.")] categories: Option<Vec<Category>>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, at most 1000.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
    ) -> Result<FacilityConnection> {
        let world = current(ctx);
        let kinds: Vec<registry::Category> = categories.unwrap_or_default().into_iter().map(Into::into).collect();
        let wanted = |f: &registry::Facility| kinds.is_empty() || kinds.contains(&f.category);
        let found = page(&world.facilities, |f| f.id, wanted, &PageArguments { first, after, last, before })?;
        Ok(facility_page(world, &found))
    }

    /// The seven service categories.
    async fn service_categories(&self, ctx: &Context<'_>) -> Vec<ServiceCategory> {
        let counts = current(ctx).facilities_by_category();
        let all = registry::Category::ALL.into_iter().zip(counts);
        all.map(|(c, facility_count)| ServiceCategory {
            category: c.into(),
            name_en: c.english(),
            name_zh: c.chinese(),
            facility_count,
        })
        .collect()
    }
}

//! Finding one record: by id, code or key.

use super::{Center, Facility, Node, Region, Scenario, Service, find_node};
use crate::context::{Nullable, current, kinds, standards};
use crate::error::{invalid, within_bound};
use crate::ids::NodeId;
use async_graphql::{Context, ID, Object, Result};
use walkshed_register::{RecordKind, RegionCode};

/// Maximum number of ids in one call of `nodes`.
const MAX_NODES: usize = 1000;

#[derive(Default)]
pub struct LookupQuery;

/// Queries that find one record.
#[Object]
impl LookupQuery {
    /// Finds a record by its global id. Null if there is none.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The global id.")] id: ID) -> Option<Node> {
        find_node(current(ctx), (kinds(ctx), standards(ctx)), &id)
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
        Ok(ids.iter().map(|id| find_node(current(ctx), rules, id)).collect())
    }

    /// Finds a center by its division code. Null if it is not registered.
    async fn center(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The 12-digit division code.")] code: String,
    ) -> Option<Center> {
        let world = current(ctx);
        world.register.centers.index_of_key(&code).map(|index| Center::at(world, index))
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
            (Some(id), None) => NodeId::number_of(RecordKind::Facility, &id).and_then(|n| rows.index_of(n)),
            (None, Some(external)) => rows.index_of_key(&external),
            // An error inside the option makes only this field null.
            _ => return Some(Err(invalid("id", "give exactly one of `id` and `externalId`"))),
        };
        index.map(|index| Ok(Facility::at(world, index)))
    }

    /// Finds a service by its key. Null if it is not registered.
    async fn service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key of the service.")] key: String,
    ) -> Option<Service> {
        let world = current(ctx);
        world.register.services.index_of_key(&key).map(|index| Service::at(world, index))
    }

    /// Finds a scenario by its key. Null if there is none.
    async fn scenario(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key of the scenario.")] key: String,
    ) -> Option<Scenario> {
        let world = current(ctx);
        world.register.scenarios.index_of_key(&key).map(|index| Scenario::at(world, index))
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
        world.register.regions.index_of_key(code.as_str()).map(|index| Region::at(world, index))
    }
}

//! Lookup of any record by its global id.

use super::{Center, Event, Facility, Offer, Region, Scenario, Service, Suggestion};
use crate::assessment::Standard;
use crate::ids::NodeId;
use async_graphql::{ID, Interface};
use std::sync::Arc;
use walkshed_analysis::Standards;
use walkshed_analysis::world::World;
use walkshed_register::{Kinds, RecordKind};

/// A record with a global id.
#[derive(Interface, Clone)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
pub enum Node {
    Center(Center),
    Facility(Facility),
    Service(Service),
    Offer(Offer),
    Event(Event),
    Suggestion(Suggestion),
    Region(Region),
    Scenario(Scenario),
    Standard(Standard),
}

/// Finds the record with a global id. Returns `None` if there is none.
pub fn node_of(world: &Arc<World>, (kinds, standards): (&Kinds, &Standards), id: &str) -> Option<Node> {
    let Some(NodeId { kind, number }) = NodeId::parse(id) else {
        return Standard::of_id(standards, id).map(Node::Standard);
    };
    Some(match kind {
        RecordKind::Center => Node::Center(Center::numbered(world, number)?),
        RecordKind::Facility => Node::Facility(Facility::numbered(world, number)?),
        RecordKind::Service => Node::Service(Service::numbered(world, number)?),
        RecordKind::Offer => Node::Offer(Offer::numbered(world, number)?),
        RecordKind::Event => Node::Event(Event::numbered(world, number)?),
        RecordKind::Suggestion => Node::Suggestion(Suggestion::numbered(world, number)?),
        RecordKind::Region => Node::Region(Region::numbered(world, number)?),
        RecordKind::Scenario => Node::Scenario(Scenario::numbered(world, number)?),
        RecordKind::Standard => Node::Standard(Standard::of_row(world.register.standards.get(number)?, kinds)?),
        RecordKind::Visits | RecordKind::Population => return None,
    })
}

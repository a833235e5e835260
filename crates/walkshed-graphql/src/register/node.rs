//! Lookup of any record by its global id.

use super::{Center, Event, Facility, Offer, Region, Scenario, Service, Suggestion};
use crate::ids::NodeId;
use crate::standard::Standard;
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
pub fn find_node(world: &Arc<World>, (kinds, standards): (&Kinds, &Standards), id: &str) -> Option<Node> {
    let Some(NodeId { kind, number }) = NodeId::parse(id) else {
        return Standard::of_id(standards, id).map(Node::Standard);
    };
    Some(match kind {
        RecordKind::Center => Node::Center(Center::by_id(world, number)?),
        RecordKind::Facility => Node::Facility(Facility::by_id(world, number)?),
        RecordKind::Service => Node::Service(Service::by_id(world, number)?),
        RecordKind::Offer => Node::Offer(Offer::by_id(world, number)?),
        RecordKind::Event => Node::Event(Event::by_id(world, number)?),
        RecordKind::Suggestion => Node::Suggestion(Suggestion::by_id(world, number)?),
        RecordKind::Region => Node::Region(Region::by_id(world, number)?),
        RecordKind::Scenario => Node::Scenario(Scenario::by_id(world, number)?),
        RecordKind::Standard => Node::Standard(Standard::of_row(world.register.standards.get(number)?, kinds)?),
        RecordKind::Visits | RecordKind::Population => return None,
    })
}

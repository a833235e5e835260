//! GraphQL types and queries of the register.

mod area;
mod center;
mod event;
mod facility;
mod facility_fields;
mod filter;
mod lists;
mod lookup;
mod node;
mod region;
mod scenario;
mod service;
mod suggestion;
mod underused;
mod usage;
mod vocabulary;

pub use center::Center;
pub use event::Event;
pub use facility::Facility;
pub use node::{Node, find_node};
pub use region::Region;
pub use scenario::{Scenario, world_with_scenario};
pub use service::{Offer, Service};
pub use suggestion::Suggestion;
pub use usage::VisitDay;

use super::cacheability;
use super::ids::NodeId;
use super::scalars::{CityTime, DateTime};
use async_graphql::{ID, MergedObject};
use jiff::Timestamp;
use walkshed_analysis::world::World;
use walkshed_register::{self as register, Record, Status, is_open};

/// Queries about the register.
#[derive(MergedObject, Default)]
pub struct RegisterQuery(lookup::LookupQuery, lists::ListQuery, vocabulary::VocabularyQuery, underused::UnderusedQuery);

/// Defines the GraphQL type of a record: a reference to a row of a world.
macro_rules! of_world {
    ($(#[$meta:meta])* $name:ident, $rows:ident) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            pub(super) world: std::sync::Arc<walkshed_analysis::world::World>,
            pub(super) index: usize,
        }

        impl $name {
            /// Returns the record at an index.
            pub fn at(world: &std::sync::Arc<walkshed_analysis::world::World>, index: usize) -> Self {
                Self { world: world.clone(), index }
            }

            /// Finds the record with an id.
            pub fn by_id(world: &std::sync::Arc<walkshed_analysis::world::World>, id: i64) -> Option<Self> {
                world.register.$rows.index_of(id).map(|index| Self::at(world, index))
            }

            /// Returns a page of the records at `indexes`, which are sorted by id.
            #[allow(dead_code, reason = "regions are not paged")]
            pub fn page(
                world: &std::sync::Arc<walkshed_analysis::world::World>,
                indexes: &[usize],
                arguments: &$crate::paging::PageArguments,
            ) -> async_graphql::Result<$crate::paging::Paged<Self>> {
                let rows = &world.register.$rows;
                let found = $crate::paging::page(indexes, |index| rows[index].id, arguments)?;
                Ok($crate::paging::connection(found, |index| Self::at(world, index)))
            }

            pub(super) fn row(&self) -> &walkshed_register::$name {
                &self.world.register.$rows[self.index]
            }
        }
    };
}

pub(crate) use of_world;

/// Returns the global id of a record.
fn id_of<T: Record>(record: &T) -> ID {
    NodeId::new(T::KIND, record.id()).into()
}

/// Returns the given time, or the current time.
fn moment(at: Option<DateTime>) -> Timestamp {
    at.map_or_else(cacheability::now, |at| at.0)
}

/// Returns whether a place is open.
fn open(status: Status, hours: Option<register::HoursAt<'_>>, at: Option<DateTime>) -> Option<bool> {
    is_open(status, hours, moment(at))
}

fn next_change(
    world: &World,
    status: Status,
    hours: Option<register::HoursAt<'_>>,
    at: Option<DateTime>,
) -> Option<CityTime> {
    let change = hours.filter(|_| status == Status::Open)?.next_change(moment(at))?;
    Some(CityTime(world.register.calendar.zone.rfc3339(change)))
}

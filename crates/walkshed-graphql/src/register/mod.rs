//! GraphQL types and queries of the register.

mod center;
mod event;
mod facility;
mod filter;
mod node;
mod query;
mod region;
mod scenario;
mod service;
mod suggestion;
mod usage;

pub use center::Center;
pub use event::Event;
pub use facility::Facility;
pub use filter::{kind_keys, region_code, service_numbers, words};
pub use node::{Node, node_of};
pub use query::RegisterQuery;
pub use region::Region;
pub use scenario::{Scenario, world_of};
pub use service::{Offer, Service};
pub use suggestion::Suggestion;
pub use usage::VisitDay;

use super::ids::NodeId;
use super::lasting;
use super::scalars::{CityTime, DateTime};
use async_graphql::ID;
use jiff::Timestamp;
use walkshed_analysis::world::World;
use walkshed_register::{self as register, Record, Status, is_open};

/// Defines the GraphQL type of a record: a reference to a row of a world.
macro_rules! of_world {
    ($(#[$meta:meta])* $name:ident, $rows:ident) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            pub(super) world: Arc<World>,
            pub(super) index: usize,
        }

        impl $name {
            /// Returns the record at an index.
            pub fn at(world: &Arc<World>, index: usize) -> Self {
                Self { world: world.clone(), index }
            }

            /// Finds the record with an id.
            pub fn numbered(world: &Arc<World>, id: i64) -> Option<Self> {
                world.register.$rows.place(id).map(|index| Self::at(world, index))
            }

            pub(super) fn row(&self) -> &register::$name {
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
    at.map_or_else(lasting::now, |at| at.0)
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

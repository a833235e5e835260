//! The register: its types and what can be asked of it.

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

/// Makes the type of a record: where it is in a world, and how to get there.
macro_rules! of_world {
    ($(#[$meta:meta])* $name:ident, $rows:ident) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            pub(super) world: Arc<World>,
            pub(super) index: usize,
        }

        impl $name {
            /// The record at a place.
            pub fn at(world: &Arc<World>, index: usize) -> Self {
                Self { world: world.clone(), index }
            }

            /// The record with a number.
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

/// The global id of a record.
fn id_of<T: Record>(record: &T) -> ID {
    NodeId::new(T::KIND, record.id()).into()
}

/// The moment asked about; now when none is given.
fn moment(at: Option<DateTime>) -> Timestamp {
    at.map_or_else(lasting::now, |at| at.0)
}

/// Whether something is open, and when that changes next.
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

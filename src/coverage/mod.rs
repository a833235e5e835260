//! What planners and maps ask of a world: who and what is within reach. Plain functions over a
//! [`World`](crate::world::World); no web, no SQL, no GraphQL.

mod assumptions;
mod example;
mod nearby;
mod reach;
mod usage;
mod wanted;

pub use assumptions::assumptions;
pub use example::example_places;
pub use nearby::{NearbyPage, NearbyQuery, Neighbour, nearby};
pub use reach::{Band, Walkshed, walkshed};
pub use usage::{Factor, Period, PeriodError, Underused, Usage, center_usage, region_usage, underused};
pub use wanted::{Wanted, Wishes};

//! What planners and maps ask of a world: who and what is within reach. Plain functions over a
//! [`World`](crate::world::World); no web, no SQL, no GraphQL.

mod assumptions;
mod example;
mod nearby;
mod reach;

pub use assumptions::assumptions;
pub use example::example_places;
pub use nearby::{NearbyPage, NearbyQuery, Neighbour, nearby};
pub use reach::{Band, Walkshed, walkshed};

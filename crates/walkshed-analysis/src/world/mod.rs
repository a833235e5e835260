//! An immutable snapshot of all data that requests are answered from.

mod cut_off;
mod error;
mod place;
mod problems;
mod snapshot;

pub use cut_off::{CutOff, CutOffPiece};
pub use error::NetworkUnavailable;
pub use place::SnappedPoint;
pub use snapshot::{AppliedScenario, World};

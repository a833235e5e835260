//! OpenStreetMap in: reading a `.osm.pbf`, deciding by its tags who may use which way, and what stands in the way.
//! The result ([`Extract`]) is plain data for the graph builder.

mod barrier;
mod block;
mod framing;
mod measures;
mod permission;
mod plaza;
mod read;
mod tagged;
mod tags;
mod way;

pub use barrier::{NodeRule, node_rule};
pub use framing::{BlobKind, BlobSpan, FramingError, blob_spans};
pub use plaza::cross_plaza;
pub use read::{Extract, OsmError, OsmWay, ReadCounts, read_pbf};
pub use tagged::{TaggedPlace, read_tagged};
pub use tags::Tags;
pub use way::{KeptWay, LeftOut, Outline, StreetRules, WayClass, classify};

//! Reads OpenStreetMap extracts (`.osm.pbf`), and derives from their tags who may use which way and what blocks it.
//!
//! The result, [`Extract`], is plain data for the network builder.

mod barrier;
mod blobs;
mod block;
mod decompress;
mod error;
mod extract;
mod framing;
mod measures;
mod permission;
mod plaza;
mod protobuf;
mod read;
mod rings;
mod tagged;
mod tags;
mod way;
mod way_access;
mod way_class;
mod way_defaults;
mod way_ground;

pub use barrier::{NodeRule, node_rule};
pub use error::{BlobError, OsmError};
pub use extract::{Extract, OsmArea, OsmWay, ReadCounts};
pub use framing::{BlobKind, BlobSpan, FramingError, blob_spans};
pub use plaza::cross_plaza;
pub use read::read_pbf;
pub use tagged::{TaggedPlace, read_tagged};
pub use tags::Tags;
pub use way::classify;
pub use way_class::{ClassifiedWay, ExclusionReason, Outline, StreetRules, WayClass};

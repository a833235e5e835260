//! Walking and cycling times on real street networks.
//!
//! The crate builds a routing network from an OpenStreetMap extract and elevation files ([`build`]), stores it in a
//! prepared file ([`Network::open`], [`Network::save`]), and answers queries on it:
//!
//! | question | entry point |
//! | --- | --- |
//! | Which street does a place join? | [`Network::snap`] |
//! | What is the fastest route between two places? | [`route`](fn@route) |
//! | How long does it take between many places? | [`matrix`](fn@matrix) |
//! | Which points are within a time limit of a place? | [`Search`] and [`PointLayer`] |
//! | Which points are nearest to a place? | [`PointLayer::nearest`] |
//! | Which of many points are nearest to every place? | [`Sweep`] |
//! | Which area is within a time limit of a place? | [`walkshed`] |
//! | What changes if streets are added or closed? | [`Network::with_changes`] |
//!
//! Times are whole [`Deciseconds`]; a time equal to a limit is within the limit. Heights and lengths are in metres.
//! Positions are WGS-84 ([`geo`]).
//!
//! A query has the same steps everywhere: snap the place ([`Network::snap`]), add the off-network leg ([`Start`]), run a
//! search. Long computations report progress to, and can be stopped by, the current [`task`].

pub mod access;
mod antimeridian;
pub mod build;
mod changes;
mod components;
mod cost;
mod cycling;
mod edge;
mod elevation;
mod format;
pub mod geo;
pub mod ground;
mod handicap;
mod hits;
mod islands;
mod layer;
mod map;
mod matrix;
mod nearest;
mod network;
pub mod osm;
mod overlay;
pub mod parallel;
mod path;
mod polyline;
pub mod private_file;
mod profile;
mod queue;
mod replace_file;
mod report;
mod route;
mod scratch;
mod search;
mod seeds;
mod segments;
mod snap;
mod spatial_index;
mod start;
mod surface;
mod sweep;
pub mod task;
mod units;
pub mod walkshed;
mod zone;

/// The attribution that every map of this data must show (ODbL 1.0).
pub const ATTRIBUTION: &str = "© OpenStreetMap contributors";

pub use access::AccessMode;
pub use antimeridian::ExtractTooWide;
pub use changes::{ChangedStreet, JOIN_LIMIT_M, StreetChange, StreetChangeError, StreetKind};
pub use edge::Edge;
pub use elevation::{Elevation, ElevationError, Extent, Sampled};
pub use format::FileError;
pub use handicap::handicap_m;
pub use hits::Hits;
pub use islands::{Island, Islands};
pub use layer::{PointLayer, Snapped};
pub use matrix::matrix;
pub use nearest::{NearestPage, NearestQuery};
pub use network::{Meta, Network, Tables};
pub use path::{PathPiece, PathStats, path_stats, path_to};
pub use profile::{Profile, ProfileError, ProfileParams, Profiles, SlopeModel, UnknownProfile};
pub use replace_file::{replace_file, replace_private_file};
pub use route::{Route, route};
pub use scratch::{Scratch, with_scratch};
pub use search::Search;
pub use seeds::Seeds;
pub use snap::{Snap, Unsnappable};
pub use start::{Seed, Start};
pub use sweep::{MAX_NEAREST, Sweep};
pub use units::{Deciseconds, Direction, EdgeId, VertexId};

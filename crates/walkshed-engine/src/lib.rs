//! The street network and everything that is computed on it: OpenStreetMap and heights in, the prepared file,
//! snapping, the search, routes and walksheds. Knows positions (`geo`) and nothing of registers or the web.

pub mod access;
mod antimeridian;
pub mod build;
mod components;
mod cost;
mod cycling;
mod elevation;
mod file;
mod format;
pub mod geo;
pub mod ground;
mod layer;
mod map;
pub mod osm;
mod overlay;
pub mod parallel;
mod pieces;
pub mod private_file;
mod profile;
mod queue;
mod route;
mod search;
mod snap;
mod sweep;
pub mod task;
mod units;
mod verify;
pub mod walkshed;
mod zone;

/// What must stand wherever a map of these streets is shown (ODbL 1.0).
pub const ATTRIBUTION: &str = "© OpenStreetMap contributors";

pub use antimeridian::TooFarRound;
pub use elevation::{Elevation, ElevationError, Extent};
pub use file::{Edge, FileError, Meta, Network, Tables};
pub use format::{replace_file, replace_private_file};
pub use layer::{Hits, PointLayer, Scratch, Snapped, with_scratch};
pub use overlay::{ChangedStreet, JOIN_LIMIT_M, StreetChange, StreetChangeError, StreetKind};
pub use pieces::{SeparatePiece, SeparatePieces};
pub use profile::{AccessMode, Profile, ProfileError, ProfileParams, Profiles, SlopeModel};
pub use route::{PathPiece, PathStats, Route, matrix, path_to, route, stats_of};
pub use search::{Search, Seed, Seeds, Start};
pub use snap::{Snap, Unsnappable, handicap_m};
pub use sweep::{MAX_NEAREST, Sweep};
pub use units::{Deciseconds, Direction, EdgeId, VertexId};

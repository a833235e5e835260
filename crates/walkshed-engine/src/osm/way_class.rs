//! The classes of ways, and the reasons for leaving ways out.

use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::ground::Ground;
use serde::{Deserialize, Serialize};

/// The properties of a way that the network keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WayClass {
    /// Who may use the way, and in which direction.
    pub access: Access,
    /// The kind of the way.
    pub kind: Kind,
    /// Whether it is a bridge or a tunnel.
    pub structure: Structure,
    /// Whether the way is underground, indoors, or unusual for pedestrians.
    pub flags: EdgeFlags,
    /// What wheels meet. Empty for ways that carry people, such as ferries and lifts.
    pub ground: Ground,
    /// Seconds from the `duration` tag of ferries, aerialways and funiculars.
    pub duration_s: Option<u32>,
    /// Whether this is an area that people walk across.
    pub is_area: bool,
    /// Lowest and highest storey from the `level` tag, in tenths.
    pub levels: Option<(i16, i16)>,
    /// The `name` tag.
    pub name: Option<String>,
}

/// A way that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassifiedWay {
    /// Its properties.
    pub class: WayClass,
    /// The reason why pedestrians may not use it, if this follows from a default and not from a tag.
    pub closed_on_foot: Option<ExclusionReason>,
}

/// The reason why a street-like way is left out. The names appear in the import report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExclusionReason {
    /// Motorways, motor roads, bus guideways and race tracks without a sidewalk.
    MotorTraffic,
    /// Trunk roads without tags for pedestrians or a sidewalk.
    Trunk,
    /// Road tunnels without tags for pedestrians or a sidewalk.
    RoadTunnel,
    /// Access `no`, military, emergency and the like.
    Forbidden,
    /// Proposed, under construction, razed or abandoned.
    NotBuilt,
    /// Not walkable: via ferrata, drag lifts, escape lanes, unknown values.
    NotForPeople,
}

/// Access defaults that differ between countries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StreetRules {
    /// Trunk roads are open to pedestrians and cyclists unless a tag says otherwise.
    pub walk_on_trunk: bool,
    /// Road tunnels are open to pedestrians unless a tag says otherwise.
    pub walk_in_road_tunnels: bool,
}

/// Whether an element is a line or the outline of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outline {
    /// An open way.
    Line,
    /// A closed way.
    Ring,
    /// A multipolygon.
    Multipolygon,
}

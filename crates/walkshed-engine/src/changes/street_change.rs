//! What can be changed in a street network, and the results and errors of changes.

use crate::access::{Access, Kind, Structure};
use crate::edge::Edge;
use crate::geo::{Fixed, Position};
use serde::{Deserialize, Serialize};

/// Maximum distance in metres from the end of a new street to the street it joins, and from a position to the street to
/// close.
pub const JOIN_LIMIT_M: f64 = 50.0;

/// The kind of a street that can be added or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreetKind {
    /// A carriageway for walking and cycling, in both directions.
    Street,
    /// A path for pedestrians.
    Footpath,
    /// A path for pedestrians and cyclists.
    Cycleway,
    /// Steps.
    Stairway,
    /// A lift, also for wheelchairs, strollers and bicycles.
    Lift,
    /// A pair of escalators, up and down.
    Escalator,
    /// A bridge for pedestrians, without steps.
    Footbridge,
}

impl StreetKind {
    /// Returns the kind, structure and access of an edge of this kind.
    pub(crate) const fn parts(self) -> (Kind, Structure, Access) {
        let both = Access::FOOT.with(Access::BIKE);
        match self {
            Self::Street => (Kind::Street, Structure::Ground, both),
            Self::Footpath => (Kind::Path, Structure::Ground, Access::FOOT),
            Self::Cycleway => (Kind::Path, Structure::Ground, both),
            Self::Stairway => (Kind::Steps, Structure::Ground, Access::FOOT),
            Self::Lift => (Kind::Lift, Structure::Ground, both),
            Self::Escalator => (Kind::Escalator, Structure::Ground, Access::FOOT),
            Self::Footbridge => (Kind::Path, Structure::Bridge, Access::FOOT),
        }
    }

    /// Returns whether an edge of the file is of this kind.
    pub(crate) fn matches(self, edge: &Edge) -> bool {
        let is_bridge = edge.structure() == Structure::Bridge;
        match (self, edge.kind()) {
            (Self::Street, Kind::Street)
            | (Self::Stairway, Kind::Steps)
            | (Self::Lift, Kind::Lift)
            | (Self::Escalator, Kind::Escalator) => true,
            (Self::Footpath, Kind::Path | Kind::Plaza) => !is_bridge,
            (Self::Cycleway, Kind::Path) => !is_bridge && edge.access.has(Access::BIKE),
            (Self::Footbridge, Kind::Path | Kind::Steps) => is_bridge,
            _ => false,
        }
    }

    /// Returns the English name of the kind, as used in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Street => "street",
            Self::Footpath => "footpath",
            Self::Cycleway => "cycleway",
            Self::Stairway => "stairway",
            Self::Lift => "lift",
            Self::Escalator => "escalator",
            Self::Footbridge => "footbridge",
        }
    }
}

/// A change of the street network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreetChange {
    /// Closes the segment (between two vertices) nearest to a position, of a given kind if there is one.
    Close {
        /// A position within [`JOIN_LIMIT_M`] of the segment.
        at: Position,
        /// The kind of the segment; `None` for any.
        kind: Option<StreetKind>,
    },
    /// Adds a street along a line of at least two positions. Its ends join the nearest streets, or other new streets. It
    /// crosses the streets between its ends without joining them.
    Add {
        /// The kind of the new street.
        kind: StreetKind,
        /// The line of the new street.
        line: Vec<Position>,
        /// The name of the new street.
        name: Option<String>,
    },
}

/// Why a street change cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StreetChangeError {
    /// There is no street to close near the position.
    #[error("there is no {} within {JOIN_LIMIT_M} m of ({}, {}){}", kind.map_or("street", StreetKind::name), at.lon(), at.lat(), nearest(*.nearest_m))]
    NothingToClose {
        /// The position given.
        at: Position,
        /// The kind given.
        kind: Option<StreetKind>,
        /// Metres to the nearest street of the kind; `None` if the network has none.
        nearest_m: Option<f64>,
    },
    /// An end of the line is not near a street or another new street.
    #[error(
        "the {end} of the line, ({}, {}), is not within {JOIN_LIMIT_M} m of a street or another new street{}; move it to a street",
        at.lon(), at.lat(), nearest(*.nearest_m)
    )]
    EndNotConnected {
        /// "start" or "end".
        end: &'static str,
        /// The position of the end.
        at: Position,
        /// Metres to the nearest street; `None` if the network has none.
        nearest_m: Option<f64>,
    },
    /// The line has fewer than two positions; the number is given.
    #[error("the line has {0} positions; at least two are required")]
    TooShort(usize),
    /// Neither the line nor the new streets it meets join an existing street.
    #[error("the line and the new streets it meets join no existing street; move one of them to a street")]
    NotConnected,
    /// All positions of the line are the same.
    #[error("the line has no length: it starts and ends at ({}, {})", .0.lon(), .0.lat())]
    NoLength(Position),
}

/// Returns the part of a message that gives the distance to the nearest street.
fn nearest(metres: Option<f64>) -> String {
    metres.map_or_else(String::new, |m| format!("; the nearest is {m:.0} m away"))
}

/// The result of a change.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChangedStreet {
    /// The line of the closed segment or the added street, ends included.
    pub line: Vec<Fixed>,
    /// Length in metres.
    pub length_m: f64,
    /// The name of the closed or added street.
    pub name: Option<String>,
    /// The names of the streets that an added street joins at its two ends, where they have names.
    pub joins: [Option<String>; 2],
    /// Height of the last point above the first, metres.
    pub rise_m: f64,
}

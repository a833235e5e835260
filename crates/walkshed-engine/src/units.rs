//! Newtypes for numbers that must not be mixed up.

use serde::{Deserialize, Serialize};
use std::ops::Add;

/// Travel time in tenths of a second: the unit of every cost in the network.
///
/// ```
/// use walkshed_engine::Deciseconds;
///
/// let limit = Deciseconds::from_minutes(15.0);
/// assert_eq!(limit, Deciseconds(9000));
/// assert_eq!(limit + Deciseconds::NEVER, Deciseconds::NEVER);
/// ```
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    bytemuck::Pod,
    bytemuck::Zeroable,
)]
#[repr(transparent)]
pub struct Deciseconds(pub u32);

impl Deciseconds {
    /// "Not passable" or "not reached".
    pub const NEVER: Self = Self(u32::MAX);

    /// Converts seconds, rounded to the nearest tenth. Returns [`Deciseconds::NEVER`] if the value is not finite.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float-to-int casts saturate")]
    pub fn from_seconds(seconds: f64) -> Self {
        if seconds.is_finite() { Self((seconds * 10.0).round() as u32) } else { Self::NEVER }
    }

    /// Converts minutes, rounded to the nearest tenth of a second.
    #[must_use]
    pub fn from_minutes(minutes: f64) -> Self {
        Self::from_seconds(minutes * 60.0)
    }

    /// Returns the time in minutes.
    #[must_use]
    pub fn minutes(self) -> f64 {
        f64::from(self.0) / 600.0
    }

    /// Returns whether this is a time, not [`Deciseconds::NEVER`].
    #[must_use]
    pub const fn is_some(self) -> bool {
        self.0 != u32::MAX
    }

    /// Returns the time for a fraction (0 to 1) of this edge cost: linear, rounded to the nearest tenth.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32")]
    pub fn share(self, fraction: f64) -> Self {
        if self.is_some() { Self((f64::from(self.0) * fraction).round() as u32) } else { Self::NEVER }
    }
}

/// Addition saturates at [`Deciseconds::NEVER`].
impl Add for Deciseconds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A vertex of the street network: its number in Hilbert order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct VertexId(pub u32);

/// An edge: a street segment between two vertices, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct EdgeId(pub u32);

impl VertexId {
    /// Returns the index into vertex tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl EdgeId {
    /// Returns the index into edge tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The direction of travel relative to the place in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// People travel to the place (the default: towards the facility).
    Towards,
    /// People travel away from the place.
    From,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Self; 2] = [Self::Towards, Self::From];

    /// Returns the opposite direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Towards => Self::From,
            Self::From => Self::Towards,
        }
    }
}

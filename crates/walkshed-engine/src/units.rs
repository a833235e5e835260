//! Numbers that must not be mixed up.

use serde::{Deserialize, Serialize};
use std::ops::Add;

/// Travel time in tenths of a second: the unit of every cost in the network.
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
    /// "Cannot be travelled", and "not reached".
    pub const NEVER: Self = Self(u32::MAX);

    /// From seconds, rounded to the nearest tenth; [`Deciseconds::NEVER`] when not finite.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float-to-int casts saturate")]
    pub fn from_seconds(seconds: f64) -> Self {
        if seconds.is_finite() { Self((seconds * 10.0).round() as u32) } else { Self::NEVER }
    }

    /// From minutes, rounded to the nearest tenth of a second.
    #[must_use]
    pub fn from_minutes(minutes: f64) -> Self {
        Self::from_seconds(minutes * 60.0)
    }

    /// In minutes.
    #[must_use]
    pub fn minutes(self) -> f64 {
        f64::from(self.0) / 600.0
    }

    /// Is this a time, or [`Deciseconds::NEVER`]?
    #[must_use]
    pub const fn is_some(self) -> bool {
        self.0 != u32::MAX
    }

    /// The time of a fraction (0 to 1) of this edge cost: linear, rounded to the nearest tenth.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32")]
    pub fn share(self, fraction: f64) -> Self {
        if self.is_some() { Self((f64::from(self.0) * fraction).round() as u32) } else { Self::NEVER }
    }
}

/// Addition that keeps [`Deciseconds::NEVER`].
impl Add for Deciseconds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A junction of the street network: its number in Hilbert order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct VertexId(pub u32);

/// A street segment between two junctions, both directions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct EdgeId(pub u32);

impl VertexId {
    /// As an index into vertex tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl EdgeId {
    /// As an index into edge tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which way people walk relative to the place asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// People walk to the place (the default: towards the facility).
    Towards,
    /// People walk away from the place.
    From,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Towards, Self::From];

    /// The other way round.
    #[must_use]
    pub const fn turned(self) -> Self {
        match self {
            Self::Towards => Self::From,
            Self::From => Self::Towards,
        }
    }
}

//! What a street segment is and who may use it: the tagging of OpenStreetMap reduced to a few bits.

use serde::{Deserialize, Serialize};

/// The OpenStreetMap access rules that apply to a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessMode {
    Foot,
    Wheelchair,
    Stroller,
    Bicycle,
}

/// Who may use a segment, and in which direction, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Access(pub u16);

impl Access {
    pub const FOOT_FORWARD: Self = Self(1);
    pub const FOOT_BACKWARD: Self = Self(2);
    pub const BIKE_FORWARD: Self = Self(4);
    pub const BIKE_BACKWARD: Self = Self(8);
    /// Cyclists must dismount.
    pub const DISMOUNT: Self = Self(16);
    pub const NO_WHEELCHAIR: Self = Self(32);
    pub const NO_STROLLER: Self = Self(64);
    /// `incline` says that the forward direction goes up.
    pub const STEPS_UP_FORWARD: Self = Self(128);
    /// `incline` says that the backward direction goes up.
    pub const STEPS_UP_BACKWARD: Self = Self(256);
    /// Open only to residents, staff and the like: passable at the start and end of a trip, never in between.
    pub const PRIVATE: Self = Self(512);
    /// Steps with a ramp that wheelchairs can use.
    pub const WHEELCHAIR_RAMP: Self = Self(1024);
    /// Steps with a ramp that strollers can use.
    pub const STROLLER_RAMP: Self = Self(2048);
    /// On foot, in both directions.
    pub const FOOT: Self = Self(3);
    /// By bicycle, in both directions.
    pub const BIKE: Self = Self(12);

    /// Returns whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the union of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns these bits without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns the bits of the same segment in the opposite direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        const PAIRS: [(u16, u16); 3] = [(1, 2), (4, 8), (128, 256)];
        let mut out = self.0;
        let mut i = 0;
        while i < PAIRS.len() {
            let (a, b) = PAIRS[i];
            out &= !(a | b);
            if self.0 & a != 0 {
                out |= b;
            }
            if self.0 & b != 0 {
                out |= a;
            }
            i += 1;
        }
        Self(out)
    }

    /// Returns whether anybody may use the segment in any direction.
    #[must_use]
    pub const fn any(self) -> bool {
        self.0 & (Self::FOOT.0 | Self::BIKE.0) != 0
    }

    /// Returns whether steps with these bits have a ramp for this mode. Bicycles are allowed on steps only if there is
    /// one.
    #[must_use]
    pub const fn has_ramp_for(self, mode: AccessMode) -> bool {
        match mode {
            AccessMode::Foot => false,
            AccessMode::Wheelchair => self.has(Self::WHEELCHAIR_RAMP),
            AccessMode::Stroller => self.has(Self::STROLLER_RAMP),
            AccessMode::Bicycle => self.0 & Self::BIKE.0 != 0,
        }
    }

    /// Returns whether the access rules let this mode pass in a direction, regardless of surface and slope.
    #[must_use]
    pub fn allows(self, mode: AccessMode, forward: bool) -> bool {
        let foot = self.has(if forward { Self::FOOT_FORWARD } else { Self::FOOT_BACKWARD });
        match mode {
            AccessMode::Foot => foot,
            AccessMode::Wheelchair => foot && !self.has(Self::NO_WHEELCHAIR),
            AccessMode::Stroller => foot && !self.has(Self::NO_STROLLER),
            AccessMode::Bicycle => self.has(if forward { Self::BIKE_FORWARD } else { Self::BIKE_BACKWARD }),
        }
    }
}

/// The kind of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Kind {
    /// A carriageway that people walk or ride along.
    Street = 0,
    /// A footway, path, cycleway, track, corridor or platform.
    Path = 1,
    Steps = 2,
    Escalator = 3,
    Lift = 4,
    Ferry = 5,
    /// A cable car or another aerialway.
    Aerialway = 6,
    /// The edge of a plaza, or a line of sight across it.
    Plaza = 7,
    /// A segment of zero length: a passage through a barrier, or into a restricted zone.
    Gate = 8,
    /// A cable-drawn railway on a slope.
    Funicular = 9,
    /// An unmapped connection between a disconnected component and the nearest street.
    #[serde(rename = "off_network")]
    OffNetwork = 10,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Street,
        Self::Path,
        Self::Steps,
        Self::Escalator,
        Self::Lift,
        Self::Ferry,
        Self::Aerialway,
        Self::Plaza,
        Self::Gate,
        Self::Funicular,
        Self::OffNetwork,
    ];

    /// Converts the number used in the prepared file. Unknown numbers become streets; the checksum of the file rules
    /// them out.
    #[must_use]
    pub fn from_u8(n: u8) -> Self {
        Self::ALL.get(usize::from(n)).copied().unwrap_or(Self::Street)
    }

    /// Returns whether places can be snapped to it. Nobody lives on an escalator or a ferry.
    #[must_use]
    pub const fn can_be_snapped_to(self) -> bool {
        matches!(self, Self::Street | Self::Path | Self::Steps | Self::Plaza)
    }
}

/// Whether a segment is a bridge or a tunnel. Their heights are interpolated between their ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Structure {
    Ground = 0,
    Bridge = 1,
    Tunnel = 2,
}

impl Structure {
    /// Converts the number used in the prepared file.
    #[must_use]
    pub const fn from_u8(n: u8) -> Self {
        match n {
            1 => Self::Bridge,
            2 => Self::Tunnel,
            _ => Self::Ground,
        }
    }
}

/// Properties of a segment that snapping and the search need, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct EdgeFlags(pub u8);

impl EdgeFlags {
    /// Below the ground without a `tunnel` tag: `layer` or `level` below 0, or `location=underground`.
    pub const UNDERGROUND: Self = Self(1);
    /// Inside a building, or a platform above the streets: `indoor`, corridors.
    pub const INDOOR: Self = Self(2);
    /// Open to pedestrians, but not where people usually walk: a cycleway without a `foot` tag, a bridleway.
    pub const UNUSUAL_ON_FOOT: Self = Self(4);
    /// In a restricted zone: passable at the start and end of a trip only. Set by the network builder.
    pub const RESTRICTED: Self = Self(8);
    /// The passage from a street (its tail) into a restricted zone (its head). Set by the network builder.
    pub const ENTRY: Self = Self(16);
    /// A road for through traffic, from residential streets up; not a service road, footway, path or track.
    pub const THROUGH: Self = Self(32);
    /// In a component that only off-network legs connect to the streets. Set by the network builder.
    pub const DETACHED: Self = Self(64);

    /// Returns whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the union of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

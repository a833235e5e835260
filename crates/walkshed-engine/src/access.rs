//! What a street segment is and who may use it: the few bits of OpenStreetMap tagging the engine keeps.

use super::profile::{AccessMode, Profile, ProfileParams};

/// Who may use a segment, in which direction, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Access(pub u16);

impl Access {
    pub const FOOT_FORWARD: Self = Self(1);
    pub const FOOT_BACKWARD: Self = Self(2);
    pub const BIKE_FORWARD: Self = Self(4);
    pub const BIKE_BACKWARD: Self = Self(8);
    /// Cyclists push.
    pub const DISMOUNT: Self = Self(16);
    pub const NO_WHEELCHAIR: Self = Self(32);
    pub const NO_STROLLER: Self = Self(64);
    /// `incline` says that the forward direction climbs.
    pub const STEPS_UP_FORWARD: Self = Self(128);
    /// `incline` says that the backward direction climbs.
    pub const STEPS_UP_BACKWARD: Self = Self(256);
    /// Open only to residents, staff and the like: passable as the first and the last leg of a trip, never between.
    pub const PRIVATE: Self = Self(512);
    /// Steps with a ramp that wheelchairs can use.
    pub const WHEELCHAIR_RAMP: Self = Self(1024);
    /// Steps with a ramp that strollers can use.
    pub const STROLLER_RAMP: Self = Self(2048);
    /// On foot in both directions.
    pub const FOOT: Self = Self(3);
    /// By bicycle in both directions.
    pub const BIKE: Self = Self(12);

    /// Are all bits of `other` set?
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of bits.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These bits without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The same segment seen from its other end.
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

    /// Can anybody go anywhere?
    #[must_use]
    pub const fn any(self) -> bool {
        self.0 & (Self::FOOT.0 | Self::BIKE.0) != 0
    }

    /// Do steps with these bits have a ramp for this mode? Bicycles are let on steps only where there is one.
    #[must_use]
    pub const fn has_ramp_for(self, mode: AccessMode) -> bool {
        match mode {
            AccessMode::Foot => false,
            AccessMode::Wheelchair => self.has(Self::WHEELCHAIR_RAMP),
            AccessMode::Stroller => self.has(Self::STROLLER_RAMP),
            AccessMode::Bicycle => self.0 & Self::BIKE.0 != 0,
        }
    }

    /// May this profile go (forward?) by these access rules alone, whatever the segment is made of?
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

/// What a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Kind {
    /// A carriageway people walk or ride along.
    Street = 0,
    /// A footway, path, cycleway, track, corridor, platform.
    Path = 1,
    Steps = 2,
    Escalator = 3,
    Lift = 4,
    Ferry = 5,
    /// A cable car or another aerialway.
    Aerialway = 6,
    /// The edge of a plaza, or a line of sight across it.
    Plaza = 7,
    /// A passage without length through a barrier, or into a restricted zone.
    Gate = 8,
    /// A railway on a slope, drawn by a cable.
    Funicular = 9,
    /// The way from a piece that is cut off to the nearest street, which nobody has mapped.
    #[serde(rename = "off_network")]
    OffNetwork = 10,
}

impl Kind {
    /// Every kind.
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

    /// From its number in the prepared file; unknown numbers are streets (the file's checksum guards against them).
    #[must_use]
    pub fn from_u8(n: u8) -> Self {
        Self::ALL.get(usize::from(n)).copied().unwrap_or(Self::Street)
    }

    /// May this profile use such a segment at all? Ramps on steps are another question ([`Access::has_ramp_for`]).
    #[must_use]
    pub fn open_to(self, params: &ProfileParams) -> bool {
        match self {
            Self::Steps => params.steps,
            Self::Escalator => params.escalators,
            Self::Lift => params.lifts,
            Self::Ferry => params.ferries,
            Self::Aerialway => params.aerialways,
            Self::Funicular => params.funiculars,
            Self::Street | Self::Path | Self::Plaza | Self::Gate | Self::OffNetwork => true,
        }
    }

    /// Can a place lie on it, wherever it runs? Nobody lives on an escalator or a ferry.
    #[must_use]
    pub const fn can_be_snapped_to(self) -> bool {
        matches!(self, Self::Street | Self::Path | Self::Steps | Self::Plaza)
    }
}

/// Bridges and tunnels take their heights from their ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Structure {
    Ground = 0,
    Bridge = 1,
    Tunnel = 2,
}

impl Structure {
    /// From its number in the prepared file.
    #[must_use]
    pub const fn from_u8(n: u8) -> Self {
        match n {
            1 => Self::Bridge,
            2 => Self::Tunnel,
            _ => Self::Ground,
        }
    }
}

/// What snapping and the search need to know of a segment, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct EdgeFlags(pub u8);

impl EdgeFlags {
    /// Below the ground without being tagged as a tunnel: `layer` or `level` below 0, `location=underground`.
    pub const UNDERGROUND: Self = Self(1);
    /// Inside a building, or a platform above the streets: `indoor`, corridors.
    pub const INDOOR: Self = Self(2);
    /// Open to walkers, but not where people ordinarily walk: a cycleway without a `foot` tag, a bridleway.
    pub const UNUSUAL_ON_FOOT: Self = Self(4);
    /// In a restricted zone: passable only as the first and the last leg of a trip. Set by the builder.
    pub const RESTRICTED: Self = Self(8);
    /// The passage from a street (its tail) into a restricted zone (its head). Set by the builder.
    pub const ENTRY: Self = Self(16);
    /// A road that carries through traffic, from residential streets up: no service road, footway, path or track.
    pub const THROUGH: Self = Self(32);
    /// In a piece that only legs off the network join to the streets. Set by the builder.
    pub const DETACHED: Self = Self(64);

    /// Are all bits of `other` set?
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of bits.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A set of profiles as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProfileSet(pub u8);

impl ProfileSet {
    /// Adds a profile.
    pub fn insert(&mut self, profile: Profile) {
        self.0 |= 1 << profile.index();
    }

    /// Is the profile in the set?
    #[must_use]
    pub const fn contains(self, profile: Profile) -> bool {
        self.0 & (1 << profile.index()) != 0
    }
}

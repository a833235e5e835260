//! The profiles, and sets of profiles.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Who travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Profile {
    Adult,
    Senior,
    Child,
    Wheelchair,
    Stroller,
    Bicycle,
}

impl Profile {
    /// All profiles, in the order of the cost tables in the prepared file.
    pub const ALL: [Self; 6] =
        [Self::Adult, Self::Senior, Self::Child, Self::Wheelchair, Self::Stroller, Self::Bicycle];
    /// The number of profiles.
    pub const COUNT: usize = Self::ALL.len();

    /// Returns the position in [`Profile::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the name used in files and command-line flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adult => "adult",
            Self::Senior => "senior",
            Self::Child => "child",
            Self::Wheelchair => "wheelchair",
            Self::Stroller => "stroller",
            Self::Bicycle => "bicycle",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Parses the name of a profile, in upper or lower case.
impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|p| p.name().eq_ignore_ascii_case(s)).ok_or_else(|| UnknownProfile(s.to_owned()))
    }
}

/// The error for an unknown profile name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile \"{0}\": expected one of {names}", names = Profile::ALL.map(Profile::name).join(", "))]
pub struct UnknownProfile(pub String);

/// A set of profiles, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProfileSet(pub u8);

impl ProfileSet {
    /// Adds a profile.
    pub fn insert(&mut self, profile: Profile) {
        self.0 |= 1 << profile.index();
    }

    /// Returns whether the profile is in the set.
    #[must_use]
    pub const fn contains(self, profile: Profile) -> bool {
        self.0 & (1 << profile.index()) != 0
    }
}

//! The meaning of an access tag for one mode, and of all access tags together.

use super::tags::Tags;
use crate::access::Access;

/// The meaning of an access value for the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Yes,
    /// Cyclists must dismount.
    Dismount,
    /// For residents, staff and those with business there.
    Private,
    No,
}

impl Permission {
    /// Parses a value. The first entry of a list such as `yes;permissive` counts.
    fn of(value: &str) -> Option<Self> {
        match value.split(';').next().unwrap_or(value).trim() {
            "yes" | "designated" | "permissive" | "official" | "public" | "destination" | "customers"
            | "discouraged" | "1" | "true" => Some(Self::Yes),
            "dismount" => Some(Self::Dismount),
            // `use_sidepath`: residents still use the road beside the path to reach their door.
            "private" | "permit" | "residents" | "delivery" | "employees" | "staff" | "agricultural" | "forestry"
            | "use_sidepath" => Some(Self::Private),
            "no" | "military" | "emergency" | "restricted" | "0" | "false" => Some(Self::No),
            _ => None,
        }
    }

    /// Returns whether the public may pass.
    pub(super) const fn is_public(self) -> bool {
        matches!(self, Self::Yes | Self::Dismount)
    }
}

/// Returns the value of the first of `keys` that is set. Callers list the most specific key first.
pub(super) fn lookup(tags: &Tags, keys: &[&str]) -> Option<Permission> {
    keys.iter().find_map(|key| tags.get(key).and_then(Permission::of))
}

/// Who may pass. If the public may pass in some mode, private permissions are ignored; otherwise private permissions
/// count and the way is private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowed {
    pub foot: bool,
    pub bike: bool,
    pub is_private: bool,
}

impl Allowed {
    pub(super) fn of(foot: Permission, bike: Permission) -> Self {
        let is_private = !foot.is_public() && !bike.is_public();
        let allows = |p: Permission| p.is_public() || is_private && p == Permission::Private;
        let (foot, bike) = (allows(foot), allows(bike));
        Self { foot, bike, is_private: is_private && (foot || bike) }
    }

    /// Returns the access bits for both directions.
    pub(super) fn bits(self) -> Access {
        let mut bits = self.private_bit();
        if self.foot {
            bits = bits.with(Access::FOOT);
        }
        if self.bike {
            bits = bits.with(Access::BIKE);
        }
        bits
    }

    /// Returns [`Access::PRIVATE`] if the way is private, else no bits.
    pub(super) const fn private_bit(self) -> Access {
        if self.is_private { Access::PRIVATE } else { Access(0) }
    }
}

//! What an access tag says of one kind of traveller, and what the tags of all of them come to together.

use super::tags::Tags;
use crate::access::Access;

/// What an access value means for the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Yes,
    /// Cyclists push.
    Dismount,
    /// For residents, staff and whoever has business there.
    Private,
    No,
}

impl Permission {
    /// From a value. A list such as `yes;permissive` counts by its first entry.
    fn of(value: &str) -> Option<Self> {
        match value.split(';').next().unwrap_or(value).trim() {
            "yes" | "designated" | "permissive" | "official" | "public" | "destination" | "customers"
            | "discouraged" | "1" | "true" => Some(Self::Yes),
            "dismount" => Some(Self::Dismount),
            // Whoever lives at a road that has a path beside it still goes along it to the door.
            "private" | "permit" | "residents" | "delivery" | "employees" | "staff" | "agricultural" | "forestry"
            | "use_sidepath" => Some(Self::Private),
            "no" | "military" | "emergency" | "restricted" | "0" | "false" => Some(Self::No),
            _ => None,
        }
    }

    /// May the public pass?
    pub(super) const fn is_public(self) -> bool {
        matches!(self, Self::Yes | Self::Dismount)
    }
}

/// The most specific access key that is given wins.
pub(super) fn lookup(tags: &Tags, keys: &[&str]) -> Option<Permission> {
    keys.iter().find_map(|key| tags.get(key).and_then(Permission::of))
}

/// Who may pass: where the public may in some way, whoever else has a key is left aside; else those who have one.
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

    /// As bits, in both directions.
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

    /// The bit of what is private, or none.
    pub(super) const fn private_bit(self) -> Access {
        if self.is_private { Access::PRIVATE } else { Access(0) }
    }
}

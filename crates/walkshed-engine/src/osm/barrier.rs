//! The effect of a node: barriers, kerbs, and lifts.

use super::measures::metres;
use super::permission::{Allowed, Permission, lookup};
use super::tags::Tags;
use crate::access::Access;
use crate::ground::{Ground, NodeGround, Obstacle};

/// The effect of a node on those who pass it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NodeRule {
    /// A barrier: who may still pass (no bits: nobody), and what wheels meet.
    Barrier(Access, Ground),
    /// The kerbs of a crossing, on the node where it meets the carriageway. They affect those who cross the
    /// carriageway, not those who stay on it.
    Crossing(Access, Ground),
    /// A lift between the ways that meet here.
    Lift(Access),
}

/// Linear barriers without an opening, unless tagged.
const WALLS: [&str; 9] =
    ["wall", "fence", "hedge", "retaining_wall", "city_wall", "ditch", "cable_barrier", "wire_fence", "debris"];
/// Openings too narrow for a bicycle.
const NARROW: [&str; 6] =
    ["stile", "horse_stile", "kissing_gate", "turnstile", "full-height_turnstile", "hampshire_gate"];
/// Barriers that can be locked.
const GATES: [&str; 9] = [
    "gate",
    "lift_gate",
    "swing_gate",
    "wicket_gate",
    "sliding_gate",
    "sliding_beam",
    "hampshire_gate",
    "door",
    "entrance",
];
/// Values of `kerb` that mean a raised kerb.
const RAISED: [&str; 4] = ["raised", "yes", "regular", "normal"];

/// Derives the rule of a node. Returns `None` if everyone may pass.
#[must_use]
pub fn node_rule(tags: &Tags) -> Option<NodeRule> {
    if tags.is("highway", "elevator") {
        return Some(NodeRule::Lift(lift(tags)));
    }
    let is_crossing = tags.is("highway", "crossing");
    let barrier = tags.get("barrier");
    let is_door = ["entrance", "door"].iter().any(|k| tags.yes(k));
    if barrier.is_none() && tags.get("kerb").is_none() && !is_door && !is_crossing {
        return None;
    }
    let mut access = if barrier.is_some() || is_door {
        barrier_access(tags, barrier.unwrap_or("door"))
    } else {
        Access::FOOT.with(Access::BIKE)
    };
    if tags.is("wheelchair", "no") {
        access = access.with(Access::NO_WHEELCHAIR);
    }
    if tags.is("stroller", "no") {
        access = access.with(Access::NO_STROLLER);
    }
    let ground = ground_of(tags, barrier);
    let stops = access != Access::FOOT.with(Access::BIKE) || ground != Ground::default();
    let rule = if is_crossing && barrier.is_none() { NodeRule::Crossing } else { NodeRule::Barrier };
    stops.then(|| rule(access, ground))
}

fn lift(tags: &Tags) -> Access {
    let foot = lookup(tags, &["foot", "access"]).unwrap_or(Permission::Yes);
    let bike = if tags.is("bicycle", "no") { Permission::No } else { foot };
    let bits = Allowed::of(foot, bike).bits();
    if tags.is("wheelchair", "no") { bits.with(Access::NO_WHEELCHAIR) } else { bits }
}

/// Returns who may pass a barrier.
///
/// A wall is passable only if a tag allows it. Other barriers that are closed to the public (`access=no`) or locked
/// count as private, because they are usually gates of compounds whose residents have keys. `foot=no` is taken
/// literally.
fn barrier_access(tags: &Tags, barrier: &str) -> Access {
    let is_wall = WALLS.contains(&barrier);
    let general = match tags.get("access") {
        Some("no" | "0" | "false") if !is_wall => Some(Permission::Private),
        _ => lookup(tags, &["access"]),
    };
    let otherwise = general.unwrap_or(if is_wall {
        Permission::No
    } else if GATES.contains(&barrier) && tags.is("locked", "yes") {
        Permission::Private
    } else {
        Permission::Yes
    });
    let foot = lookup(tags, &["foot"]).unwrap_or(otherwise);
    let by_default = if NARROW.contains(&barrier) && general.is_none() { Permission::No } else { otherwise };
    let bike = lookup(tags, &["bicycle", "vehicle"]).unwrap_or(by_default);
    Allowed::of(foot, bike).bits()
}

/// Returns what wheels meet at a node.
fn ground_of(tags: &Tags, barrier: Option<&str>) -> Ground {
    let kerb = tags.get("kerb");
    let is_kerb = barrier == Some("kerb") || barrier.is_none() && kerb.is_some();
    let height = |key: &str| tags.get(key).and_then(metres).filter(|h| *h > 0.0);
    let step_m = if is_kerb {
        height("kerb:height").or_else(|| height("height")).or_else(|| height("kerb"))
    } else if barrier == Some("step") {
        height("height")
    } else {
        None
    };
    let obstacle = if is_kerb {
        // A kerb without a tagged height is a raised one.
        kerb.is_none_or(|k| RAISED.contains(&k)).then(|| Obstacle::named("kerb")).flatten()
    } else {
        barrier.and_then(Obstacle::named)
    };
    Ground::from(NodeGround {
        obstacle,
        step_m,
        width_m: tags.get("maxwidth:physical").and_then(metres),
        wheelchair_fits: tags.says_yes("wheelchair"),
        stroller_fits: tags.says_yes("stroller"),
    })
}

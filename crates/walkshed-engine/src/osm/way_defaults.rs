//! The defaults of a way: its kind, and who may use it without further tags.

use super::tags::Tags;
use super::way_class::{ExclusionReason, StreetRules};
use crate::access::Kind;

/// The defaults of a way: its kind, and whether pedestrians and cyclists may use it.
pub(super) struct WayDefaults {
    pub kind: Kind,
    pub foot: bool,
    pub bike: bool,
    /// The reason for excluding those who are excluded by default.
    pub closed_by: ExclusionReason,
}

impl WayDefaults {
    const fn both(kind: Kind) -> Self {
        Self { kind, foot: true, bike: true, closed_by: ExclusionReason::MotorTraffic }
    }

    const fn foot_only(kind: Kind) -> Self {
        Self { bike: false, ..Self::both(kind) }
    }
}

/// The meaning of the `sidewalk` keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sidewalk {
    Yes,
    /// None on either side, or mapped as separate ways.
    No,
    Unknown,
}

impl Sidewalk {
    pub(super) fn of(tags: &Tags) -> Self {
        const KEYS: [&str; 4] = ["sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right"];
        let none = |key: &str| tags.is_any(key, &["no", "none", "separate"]);
        if KEYS.iter().any(|k| tags.is_any(k, &["both", "left", "right", "yes"])) {
            Self::Yes
        } else if none("sidewalk") || none("sidewalk:both") || none("sidewalk:left") && none("sidewalk:right") {
            Self::No
        } else {
            Self::Unknown
        }
    }
}

fn has_cycleway(tags: &Tags) -> bool {
    ["cycleway", "cycleway:both", "cycleway:left", "cycleway:right"]
        .iter()
        .any(|k| tags.get(k).is_some_and(|v| !matches!(v, "no" | "none" | "separate")))
}

fn default_of_highway(tags: &Tags, highway: &str, rules: StreetRules) -> Option<WayDefaults> {
    let sidewalk = Sidewalk::of(tags);
    let mut base = match highway {
        "motorway" | "motorway_link" => {
            WayDefaults { foot: sidewalk == Sidewalk::Yes, bike: false, ..WayDefaults::both(Kind::Street) }
        }
        // Urban expressways in China are tagged as trunk roads. They are closed to pedestrians and cyclists unless a
        // tag says otherwise.
        "trunk" | "trunk_link" => WayDefaults {
            kind: Kind::Street,
            foot: sidewalk == Sidewalk::Yes || rules.walk_on_trunk && sidewalk != Sidewalk::No,
            bike: rules.walk_on_trunk || has_cycleway(tags),
            closed_by: ExclusionReason::Trunk,
        },
        "primary" | "primary_link" | "secondary" | "secondary_link" | "tertiary" | "tertiary_link" | "unclassified"
        | "residential" | "living_street" | "service" | "road" => WayDefaults::both(Kind::Street),
        "track" | "path" | "cycleway" => WayDefaults::both(Kind::Path),
        "pedestrian" | "footway" | "corridor" | "platform" | "crossing" | "bridleway" => {
            WayDefaults::foot_only(Kind::Path)
        }
        "steps" => WayDefaults::foot_only(if tags.yes("conveying") { Kind::Escalator } else { Kind::Steps }),
        "elevator" => WayDefaults::foot_only(Kind::Lift),
        "busway" | "bus_guideway" | "raceway" => WayDefaults { foot: false, ..WayDefaults::foot_only(Kind::Street) },
        _ => return None,
    };
    let is_open_tunnel = rules.walk_in_road_tunnels && sidewalk != Sidewalk::No;
    if base.kind == Kind::Street && base.foot && is_tunnel(tags) && sidewalk != Sidewalk::Yes && !is_open_tunnel {
        base.foot = false;
        base.closed_by = ExclusionReason::RoadTunnel;
    }
    Some(base)
}

const NOT_BUILT: [&str; 8] =
    ["construction", "proposed", "planned", "razed", "abandoned", "demolished", "disused", "removed"];

pub(super) fn default_of(tags: &Tags, rules: StreetRules) -> Option<Result<WayDefaults, ExclusionReason>> {
    if let Some(highway) = tags.get("highway") {
        if NOT_BUILT.contains(&highway) {
            return Some(Err(ExclusionReason::NotBuilt));
        }
        return Some(default_of_highway(tags, highway, rules).ok_or(ExclusionReason::NotForPeople));
    }
    if tags.is("route", "ferry") {
        return Some(Ok(WayDefaults::both(Kind::Ferry)));
    }
    if let Some(aerialway) = tags.get("aerialway") {
        return match aerialway {
            "cable_car" | "gondola" | "mixed_lift" | "chair_lift" => Some(Ok(WayDefaults::foot_only(Kind::Aerialway))),
            "construction" | "proposed" => Some(Err(ExclusionReason::NotBuilt)),
            // Pylons and stations are points of the line, not ways.
            "pylon" | "station" => None,
            _ => Some(Err(ExclusionReason::NotForPeople)),
        };
    }
    if tags.is("railway", "funicular") {
        let carries_goods = tags.is_any("usage", &["industrial", "freight", "military"]) || tags.is("passenger", "no");
        return Some(if carries_goods {
            Err(ExclusionReason::NotForPeople)
        } else {
            Ok(WayDefaults::foot_only(Kind::Funicular))
        });
    }
    is_platform_or_pier(tags).then(|| Ok(WayDefaults::foot_only(Kind::Path)))
}

pub(super) fn is_platform_or_pier(tags: &Tags) -> bool {
    tags.is("railway", "platform") || tags.is("public_transport", "platform") || tags.is("man_made", "pier")
}

/// A passage through a building is on the ground, not in a tunnel.
pub(super) fn is_tunnel(tags: &Tags) -> bool {
    tags.yes("tunnel") && !tags.is("tunnel", "building_passage")
}

//! Who may use a way, by OpenStreetMap's access rules for foot and bicycle
//! (wiki pages "Key:access", "OSM tags for routing/Access restrictions", "Key:oneway", "Key:conveying").

use super::tags::Tags;
use crate::network::access::{Access, EdgeFlags, Kind, Structure};
use serde::Serialize;

/// What the graph keeps of a way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WayClass {
    pub access: Access,
    pub kind: Kind,
    pub structure: Structure,
    /// Underground, indoor, not where people ordinarily walk.
    pub flags: EdgeFlags,
    /// From the `duration` tag of ferries and aerialways, seconds.
    pub duration_s: Option<u32>,
    /// An area people walk across.
    pub is_area: bool,
    /// Lowest and highest storey from the `level` tag, in tenths.
    pub levels: Option<(i16, i16)>,
    pub name: Option<String>,
}

/// Why a way that looks like a street was left out. The names appear in the import report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Motorways, motor roads, bus guideways, race tracks without a sidewalk.
    MotorTraffic,
    /// `private`, `customers`-like access that the public does not have.
    Private,
    /// `no`, `use_sidepath`, agricultural, military and the like.
    Forbidden,
    /// Proposed, under construction, razed, abandoned.
    NotBuilt,
    /// Not something one walks on: via ferrata, drag lifts, escape lanes, unknown values.
    NotForPeople,
}

/// What an access value means for the public.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permission {
    Yes,
    Dismount,
    Private,
    No,
}

fn permission(value: &str) -> Option<Permission> {
    // A list such as "yes;permissive" counts by its first entry.
    match value.split(';').next().unwrap_or(value).trim() {
        "yes" | "designated" | "permissive" | "official" | "public" | "destination" | "customers" | "discouraged"
        | "1" | "true" => Some(Permission::Yes),
        "dismount" => Some(Permission::Dismount),
        "private" | "permit" | "residents" | "delivery" | "employees" | "staff" => Some(Permission::Private),
        "no" | "use_sidepath" | "agricultural" | "forestry" | "military" | "emergency" | "restricted" | "0"
        | "false" => Some(Permission::No),
        _ => None,
    }
}

/// The most specific access key that is given wins.
fn lookup(tags: &Tags, keys: &[&str]) -> Option<Permission> {
    keys.iter().find_map(|key| tags.get(key).and_then(permission))
}

/// What a way is by default: its kind, and whether walkers and cyclists may use it.
struct Default_ {
    kind: Kind,
    foot: bool,
    bike: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "a row of the table of defaults, most of which are options")]
const fn both(kind: Kind) -> Option<Default_> {
    Some(Default_ { kind, foot: true, bike: true })
}

#[expect(clippy::unnecessary_wraps, reason = "a row of the table of defaults, most of which are options")]
const fn foot_only(kind: Kind) -> Option<Default_> {
    Some(Default_ { kind, foot: true, bike: false })
}

#[expect(clippy::unnecessary_wraps, reason = "a row of the table of defaults, most of which are options")]
const fn closed(kind: Kind) -> Option<Default_> {
    Some(Default_ { kind, foot: false, bike: false })
}

fn default_of_highway(tags: &Tags, highway: &str) -> Option<Default_> {
    let sidewalk = ["sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right"]
        .iter()
        .any(|k| tags.is_any(k, &["both", "left", "right", "yes"]));
    match highway {
        "motorway" | "motorway_link" => Some(Default_ { kind: Kind::Street, foot: sidewalk, bike: false }),
        "trunk" | "trunk_link" => {
            // A trunk road that says it has no sidewalk, or has it mapped as a way of its own, is no place to walk.
            let barred = tags.is_any("sidewalk", &["no", "none", "separate"]) && !sidewalk;
            Some(Default_ { kind: Kind::Street, foot: !barred, bike: true })
        }
        "primary" | "primary_link" | "secondary" | "secondary_link" | "tertiary" | "tertiary_link" | "unclassified"
        | "residential" | "living_street" | "service" | "road" => both(Kind::Street),
        "track" | "path" | "cycleway" => both(Kind::Path),
        "pedestrian" | "footway" | "corridor" | "platform" | "crossing" | "bridleway" => foot_only(Kind::Path),
        "steps" => foot_only(if tags.yes("conveying") { Kind::Escalator } else { Kind::Steps }),
        "elevator" => foot_only(Kind::Lift),
        "busway" | "bus_guideway" | "raceway" => closed(Kind::Street),
        _ => None,
    }
}

const NOT_BUILT: [&str; 8] =
    ["construction", "proposed", "planned", "razed", "abandoned", "demolished", "disused", "removed"];

fn default_of(tags: &Tags) -> Option<Result<Default_, LeftOut>> {
    if let Some(highway) = tags.get("highway") {
        if NOT_BUILT.contains(&highway) {
            return Some(Err(LeftOut::NotBuilt));
        }
        return Some(default_of_highway(tags, highway).ok_or(LeftOut::NotForPeople));
    }
    if tags.is("route", "ferry") {
        return Some(Ok(Default_ { kind: Kind::Ferry, foot: true, bike: true }));
    }
    if let Some(aerialway) = tags.get("aerialway") {
        return match aerialway {
            "cable_car" | "gondola" | "mixed_lift" | "chair_lift" => {
                Some(Ok(Default_ { kind: Kind::Aerialway, foot: true, bike: false }))
            }
            "construction" | "proposed" => Some(Err(LeftOut::NotBuilt)),
            // Pylons and stations are points of the line, not ways to travel.
            "pylon" | "station" => None,
            _ => Some(Err(LeftOut::NotForPeople)),
        };
    }
    if tags.is("railway", "platform") || tags.is("public_transport", "platform") {
        return Some(Ok(Default_ { kind: Kind::Path, foot: true, bike: false }));
    }
    None
}

/// Does the way go one way for cyclists? `Some(true)`: forward only, `Some(false)`: backward only.
fn bike_oneway(tags: &Tags) -> Option<bool> {
    match tags.get("oneway:bicycle") {
        Some("no") => return None,
        Some("yes" | "1") => return Some(true),
        Some("-1") => return Some(false),
        _ => {}
    }
    let contraflow = tags.is_any("cycleway", &["opposite", "opposite_lane", "opposite_track", "opposite_share_busway"])
        || ["cycleway:left", "cycleway:right"].iter().any(|k| tags.get(k).is_some_and(|v| v.starts_with("opposite")))
        || ["cycleway:left:oneway", "cycleway:right:oneway", "cycleway:both:oneway"]
            .iter()
            .any(|k| tags.is_any(k, &["no", "-1"]));
    if contraflow {
        return None;
    }
    match tags.get("oneway") {
        Some("yes" | "1" | "true") => Some(true),
        Some("-1" | "reverse") => Some(false),
        Some("no" | "0" | "false") => None,
        _ => (tags.is_any("junction", &["roundabout", "circular"])
            || tags.is_any("highway", &["motorway", "motorway_link"]))
        .then_some(true),
    }
}

/// Does the way go one way for walkers? Plain `oneway` speaks of vehicles.
fn foot_oneway(tags: &Tags, kind: Kind) -> Option<bool> {
    match tags.get("conveying") {
        Some("forward") => return Some(true),
        Some("backward") => return Some(false),
        _ => {}
    }
    if matches!(kind, Kind::Ferry | Kind::Aerialway) {
        return match tags.get("oneway") {
            Some("yes" | "1" | "true") => Some(true),
            Some("-1" | "reverse") => Some(false),
            // OpenStreetMap takes aerialways as one-way by default only for drag lifts, which are left out.
            _ => None,
        };
    }
    match tags.get("oneway:foot").or_else(|| tags.get("foot:oneway")) {
        Some("yes" | "1") => Some(true),
        Some("-1") => Some(false),
        _ => match (tags.get("foot:forward"), tags.get("foot:backward")) {
            (Some("no"), _) => Some(false),
            (_, Some("no")) => Some(true),
            _ => None,
        },
    }
}

/// `duration` as minutes, `HH:MM`, `HH:MM:SS` or the ISO 8601 form `PT1H5M30S`, in seconds.
fn duration_s(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(iso) = text.strip_prefix("PT") {
        let (mut total, mut number) = (0u32, String::new());
        for c in iso.chars() {
            let unit = match c {
                '0'..='9' => {
                    number.push(c);
                    continue;
                }
                'H' => 3600,
                'M' => 60,
                'S' => 1,
                _ => return None,
            };
            total = total.checked_add(number.parse::<u32>().ok()?.checked_mul(unit)?)?;
            number.clear();
        }
        return (number.is_empty() && total > 0).then_some(total);
    }
    let parts: Vec<u32> = text.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [minutes] => minutes.checked_mul(60)?,
        [hours, minutes] => hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?,
        [hours, minutes, seconds] => {
            hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?
        }
        _ => return None,
    };
    (seconds > 0 && seconds <= 7 * 86_400).then_some(seconds)
}

/// Decides what a way is to the network.
///
/// Returns `None` for what is no street at all (buildings, rivers), `Some(Err)` for streets the public cannot use.
#[must_use]
pub fn classify(tags: &Tags) -> Option<Result<WayClass, LeftOut>> {
    let base = match default_of(tags)? {
        Ok(base) => base,
        Err(reason) => return Some(Err(reason)),
    };
    let motorroad = tags.is("motorroad", "yes");
    let impassable = tags.is("impassable", "yes") || tags.is("smoothness", "impassable");

    let foot_tag = lookup(tags, &["foot", "access"]);
    let foot = match foot_tag {
        // On motorways and busways a general access=yes speaks of cars: only foot=* lets walkers on.
        Some(Permission::Yes | Permission::Dismount) => base.foot && !motorroad || lookup(tags, &["foot"]).is_some(),
        Some(_) => false,
        None => base.foot && !motorroad,
    } && !impassable;

    let bike_keys: &[&str] = &["bicycle", "vehicle", "access"];
    let bike_tag = lookup(tags, bike_keys);
    let bike = match bike_tag {
        Some(Permission::Yes | Permission::Dismount) => {
            base.bike && !motorroad
                || matches!(lookup(tags, &["bicycle"]), Some(Permission::Yes | Permission::Dismount))
        }
        Some(_) => false,
        None => base.bike && !motorroad,
    } && !impassable
        && !matches!(base.kind, Kind::Steps | Kind::Escalator);
    let bike = bike || (base.kind == Kind::Lift && foot && !tags.is("bicycle", "no"));

    if !foot && !bike {
        let told = foot_tag.or(bike_tag);
        return Some(Err(match told {
            Some(Permission::Private) => LeftOut::Private,
            Some(Permission::No) => LeftOut::Forbidden,
            _ if impassable => LeftOut::Forbidden,
            _ => LeftOut::MotorTraffic,
        }));
    }

    let mut access = Access::default();
    if foot {
        access = access.with(match foot_oneway(tags, base.kind) {
            None => Access::FOOT,
            Some(true) => Access::FOOT_FORWARD,
            Some(false) => Access::FOOT_BACKWARD,
        });
    }
    if bike {
        access = access.with(match bike_oneway(tags) {
            None => Access::BIKE,
            Some(true) => Access::BIKE_FORWARD,
            Some(false) => Access::BIKE_BACKWARD,
        });
        if tags.is("bicycle", "dismount") {
            access = access.with(Access::DISMOUNT);
        }
    }
    if tags.is("wheelchair", "no") {
        access = access.with(Access::NO_WHEELCHAIR);
    }
    if tags.is("stroller", "no") {
        access = access.with(Access::NO_STROLLER);
    }
    match tags.get("incline") {
        Some("up") => access = access.with(Access::STEPS_UP_FORWARD),
        Some("down") => access = access.with(Access::STEPS_UP_BACKWARD),
        Some(v) if v.starts_with('-') => access = access.with(Access::STEPS_UP_BACKWARD),
        Some(v) if v.starts_with(|c: char| c.is_ascii_digit() && c != '0') => {
            access = access.with(Access::STEPS_UP_FORWARD);
        }
        _ => {}
    }

    let structure = if tags.yes("bridge") {
        Structure::Bridge
    } else if tags.yes("tunnel") && !tags.is("tunnel", "building_passage") {
        Structure::Tunnel
    } else {
        Structure::Ground
    };
    let is_area = foot && (tags.is("area", "yes") || tags.is("type", "multipolygon")) && is_plaza_like(tags);
    Some(Ok(WayClass {
        access,
        kind: if is_area { Kind::Plaza } else { base.kind },
        structure,
        flags: EdgeFlags::default(),
        duration_s: matches!(base.kind, Kind::Ferry | Kind::Aerialway)
            .then(|| tags.get("duration").and_then(duration_s))
            .flatten(),
        is_area,
        levels: tags.get("level").and_then(levels),
        name: tags.get("name").map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned),
    }))
}

/// `level`: one storey, a list (`0;1`), halves allowed; in tenths.
fn levels(text: &str) -> Option<(i16, i16)> {
    let tenths = |t: &str| t.trim().parse::<f64>().ok().filter(|l| l.abs() < 1000.0).map(|l| (l * 10.0).round() as i16);
    let all: Vec<i16> = text.split(';').map(tenths).collect::<Option<_>>()?;
    Some((*all.iter().min()?, *all.iter().max()?))
}

/// Is an area of this tagging one that people walk across?
fn is_plaza_like(tags: &Tags) -> bool {
    tags.is_any("highway", &["pedestrian", "footway", "platform", "living_street", "path", "corridor"])
        || tags.is("railway", "platform")
        || tags.is("public_transport", "platform")
}

#[cfg(test)]
mod tests {
    use super::duration_s;

    #[test]
    fn durations_are_read_in_all_their_forms() {
        for (text, seconds) in [
            ("7", Some(420)),
            ("00:20", Some(1200)),
            ("1:05:30", Some(3930)),
            ("PT20M", Some(1200)),
            ("PT1H5M30S", Some(3930)),
            ("", None),
            ("soon", None),
            ("0", None),
            ("PT", None),
            ("PT5", None),
            ("99999999999", None),
            ("-5", None),
            ("1:2:3:4", None),
        ] {
            assert_eq!(duration_s(text), seconds, "{text:?}");
        }
    }
}

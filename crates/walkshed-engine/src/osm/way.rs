//! What a way is and who may use it, by OpenStreetMap's access rules for foot and bicycle (wiki pages "Key:access",
//! "OSM tags for routing/Access restrictions", "Key:oneway", "Key:conveying", "Key:ramp").

use super::measures::{duration_s, incline, levels, metres};
use super::permission::{Allowed, Permission, lookup};
use super::tags::Tags;
use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::ground::{Ground, SacScale, Smoothness, Surface, WayGround};
use serde::{Deserialize, Serialize};

/// What the graph keeps of a way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WayClass {
    pub access: Access,
    pub kind: Kind,
    pub structure: Structure,
    /// Underground, indoor, not where people ordinarily walk.
    pub flags: EdgeFlags,
    /// What wheels meet; nothing for what carries people.
    pub ground: Ground,
    /// From the `duration` tag of ferries, aerialways and funiculars, seconds.
    pub duration_s: Option<u32>,
    /// An area people walk across.
    pub is_area: bool,
    /// Lowest and highest storey from the `level` tag, in tenths.
    pub levels: Option<(i16, i16)>,
    pub name: Option<String>,
}

/// A way that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWay {
    pub class: WayClass,
    /// Why walkers may not use it, where a default says so and no tag.
    pub closed_on_foot: Option<LeftOut>,
}

/// Why a way that looks like a street was left out. The names appear in the import report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Motorways, motor roads, bus guideways, race tracks without a sidewalk.
    MotorTraffic,
    /// Trunk roads that name neither walkers nor a sidewalk.
    Trunk,
    /// Tunnels of streets that name neither walkers nor a sidewalk.
    RoadTunnel,
    /// `no`, military, emergency and the like.
    Forbidden,
    /// Proposed, under construction, razed, abandoned.
    NotBuilt,
    /// Not something one walks on: via ferrata, drag lifts, escape lanes, unknown values.
    NotForPeople,
}

/// Defaults that differ from country to country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StreetRules {
    /// Trunk roads are open to walkers and cyclists unless a tag says otherwise.
    pub walk_on_trunk: bool,
    /// Tunnels of streets are open to walkers unless a tag says otherwise.
    pub walk_in_road_tunnels: bool,
}

/// Whether what is tagged is a line or the outline of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outline {
    /// A way with two ends.
    Line,
    /// A way that ends where it begins.
    Ring,
    /// A multipolygon.
    Multipolygon,
}

/// What a way is by default: its kind, and whether walkers and cyclists may use it.
struct Default_ {
    kind: Kind,
    foot: bool,
    bike: bool,
    /// Why those are closed out who are.
    closed_by: LeftOut,
}

impl Default_ {
    const fn both(kind: Kind) -> Self {
        Self { kind, foot: true, bike: true, closed_by: LeftOut::MotorTraffic }
    }

    const fn foot_only(kind: Kind) -> Self {
        Self { bike: false, ..Self::both(kind) }
    }
}

/// What the `sidewalk` keys say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sidewalk {
    Yes,
    /// None on either side, or mapped as ways of their own.
    No,
    NotTold,
}

impl Sidewalk {
    fn of(tags: &Tags) -> Self {
        const KEYS: [&str; 4] = ["sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right"];
        let none = |key: &str| tags.is_any(key, &["no", "none", "separate"]);
        if KEYS.iter().any(|k| tags.is_any(k, &["both", "left", "right", "yes"])) {
            Self::Yes
        } else if none("sidewalk") || none("sidewalk:both") || none("sidewalk:left") && none("sidewalk:right") {
            Self::No
        } else {
            Self::NotTold
        }
    }
}

fn has_cycleway(tags: &Tags) -> bool {
    ["cycleway", "cycleway:both", "cycleway:left", "cycleway:right"]
        .iter()
        .any(|k| tags.get(k).is_some_and(|v| !matches!(v, "no" | "none" | "separate")))
}

fn default_of_highway(tags: &Tags, highway: &str, rules: StreetRules) -> Option<Default_> {
    let sidewalk = Sidewalk::of(tags);
    let mut base = match highway {
        "motorway" | "motorway_link" => {
            Default_ { foot: sidewalk == Sidewalk::Yes, bike: false, ..Default_::both(Kind::Street) }
        }
        // The expressways of Chinese cities are trunk roads: no place to walk or ride, unless it says so.
        "trunk" | "trunk_link" => Default_ {
            kind: Kind::Street,
            foot: sidewalk == Sidewalk::Yes || rules.walk_on_trunk && sidewalk != Sidewalk::No,
            bike: rules.walk_on_trunk || has_cycleway(tags),
            closed_by: LeftOut::Trunk,
        },
        "primary" | "primary_link" | "secondary" | "secondary_link" | "tertiary" | "tertiary_link" | "unclassified"
        | "residential" | "living_street" | "service" | "road" => Default_::both(Kind::Street),
        "track" | "path" | "cycleway" => Default_::both(Kind::Path),
        "pedestrian" | "footway" | "corridor" | "platform" | "crossing" | "bridleway" => {
            Default_::foot_only(Kind::Path)
        }
        "steps" => Default_::foot_only(if tags.yes("conveying") { Kind::Escalator } else { Kind::Steps }),
        "elevator" => Default_::foot_only(Kind::Lift),
        "busway" | "bus_guideway" | "raceway" => Default_ { foot: false, ..Default_::foot_only(Kind::Street) },
        _ => return None,
    };
    let is_open_tunnel = rules.walk_in_road_tunnels && sidewalk != Sidewalk::No;
    if base.kind == Kind::Street && base.foot && is_tunnel(tags) && sidewalk != Sidewalk::Yes && !is_open_tunnel {
        base.foot = false;
        base.closed_by = LeftOut::RoadTunnel;
    }
    Some(base)
}

const NOT_BUILT: [&str; 8] =
    ["construction", "proposed", "planned", "razed", "abandoned", "demolished", "disused", "removed"];

fn default_of(tags: &Tags, rules: StreetRules) -> Option<Result<Default_, LeftOut>> {
    if let Some(highway) = tags.get("highway") {
        if NOT_BUILT.contains(&highway) {
            return Some(Err(LeftOut::NotBuilt));
        }
        return Some(default_of_highway(tags, highway, rules).ok_or(LeftOut::NotForPeople));
    }
    if tags.is("route", "ferry") {
        return Some(Ok(Default_::both(Kind::Ferry)));
    }
    if let Some(aerialway) = tags.get("aerialway") {
        return match aerialway {
            "cable_car" | "gondola" | "mixed_lift" | "chair_lift" => Some(Ok(Default_::foot_only(Kind::Aerialway))),
            "construction" | "proposed" => Some(Err(LeftOut::NotBuilt)),
            // Pylons and stations are points of the line, not ways to travel.
            "pylon" | "station" => None,
            _ => Some(Err(LeftOut::NotForPeople)),
        };
    }
    if tags.is("railway", "funicular") {
        let carries_goods = tags.is_any("usage", &["industrial", "freight", "military"]) || tags.is("passenger", "no");
        return Some(if carries_goods { Err(LeftOut::NotForPeople) } else { Ok(Default_::foot_only(Kind::Funicular)) });
    }
    is_platform_or_pier(tags).then(|| Ok(Default_::foot_only(Kind::Path)))
}

fn is_platform_or_pier(tags: &Tags) -> bool {
    tags.is("railway", "platform") || tags.is("public_transport", "platform") || tags.is("man_made", "pier")
}

/// A passage through a building lies on the ground.
fn is_tunnel(tags: &Tags) -> bool {
    tags.yes("tunnel") && !tags.is("tunnel", "building_passage")
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
        Some("no" | "0" | "false") => None,
        told => oneway(told).or_else(|| {
            (tags.is_any("junction", &["roundabout", "circular"])
                || tags.is_any("highway", &["motorway", "motorway_link"]))
            .then_some(true)
        }),
    }
}

fn oneway(value: Option<&str>) -> Option<bool> {
    match value {
        Some("yes" | "1" | "true") => Some(true),
        Some("-1" | "reverse") => Some(false),
        _ => None,
    }
}

/// Does the way go one way for walkers? Plain `oneway` speaks of vehicles, on footways and steps too (wiki "Key:oneway");
/// only where no vehicle can be meant does it speak of people.
fn foot_oneway(tags: &Tags, kind: Kind) -> Option<bool> {
    match tags.get("conveying") {
        Some("forward") => return Some(true),
        Some("backward") => return Some(false),
        _ => {}
    }
    if matches!(kind, Kind::Ferry | Kind::Aerialway | Kind::Funicular | Kind::Escalator) {
        // OpenStreetMap takes aerialways as one-way by default only for drag lifts, which are left out.
        return oneway(tags.get("oneway"));
    }
    oneway(tags.get("oneway:foot").or_else(|| tags.get("foot:oneway"))).or_else(|| {
        match (tags.get("foot:forward"), tags.get("foot:backward")) {
            (Some("no"), _) => Some(false),
            (_, Some("no")) => Some(true),
            _ => None,
        }
    })
}

/// Whether walkers may use a way: the most specific tag, else the default of the kind of way.
fn foot_permission(tags: &Tags, base: &Default_) -> Permission {
    let is_open = base.foot && !tags.is("motorroad", "yes");
    match lookup(tags, &["foot", "access"]) {
        None if is_open => Permission::Yes,
        // On motorways and busways a general access=yes speaks of cars: only foot=* lets walkers on.
        Some(told) if is_open || lookup(tags, &["foot"]).is_some() => told,
        None | Some(_) => Permission::No,
    }
}

/// Whether cyclists may use a way; `foot` is whether walkers may.
fn bike_permission(tags: &Tags, base: &Default_, foot: Permission) -> Permission {
    let is_open = base.bike && !tags.is("motorroad", "yes");
    match base.kind {
        // Bicycles are pushed on a ramp, by people on foot.
        Kind::Steps if has_bicycle_ramp(tags) && foot.is_public() => Permission::Dismount,
        Kind::Steps if has_bicycle_ramp(tags) => foot,
        Kind::Steps | Kind::Escalator => Permission::No,
        Kind::Lift if !tags.is("bicycle", "no") => foot,
        _ => match lookup(tags, &["bicycle", "vehicle", "access"]) {
            None if is_open => Permission::Yes,
            Some(told) if is_open || lookup(tags, &["bicycle"]).is_some() => told,
            None | Some(_) => Permission::No,
        },
    }
}

/// Is there a ramp on steps that bicycles can be pushed on? Every ramp is one, whoever it was built for.
fn has_bicycle_ramp(tags: &Tags) -> bool {
    const THERE: [&str; 2] = ["yes", "automatic"];
    ["ramp:bicycle", "ramp:stroller", "ramp:wheelchair"].iter().any(|k| tags.is_any(k, &THERE))
        || tags.is("ramp", "yes") && !tags.is("ramp:bicycle", "no") && !tags.is("bicycle", "no")
}

/// Ramps for wheelchairs and strollers on steps. A plain `ramp=yes` is most often a channel for bicycles: it opens nothing.
fn ramp_bits(tags: &Tags) -> Access {
    let wheelchair = tags.is("ramp:wheelchair", "yes");
    let mut bits = Access::default();
    if wheelchair {
        bits = bits.with(Access::WHEELCHAIR_RAMP);
    }
    if wheelchair && !tags.is("ramp:stroller", "no") || tags.is("ramp:stroller", "yes") {
        bits = bits.with(Access::STROLLER_RAMP);
    }
    bits
}

fn says_yes(tags: &Tags, key: &str) -> bool {
    tags.is_any(key, &["yes", "designated"])
}

/// Decides what a way is to the network.
///
/// Returns `None` for what is no street at all (buildings, rivers), `Some(Err)` for streets nobody can use.
#[must_use]
pub fn classify(tags: &Tags, outline: Outline, rules: StreetRules) -> Option<Result<KeptWay, LeftOut>> {
    let base = match default_of(tags, rules)? {
        Ok(base) => base,
        Err(reason) => return Some(Err(reason)),
    };
    let is_impassable = tags.is("impassable", "yes");
    let (foot, bike) = if is_impassable {
        (Permission::No, Permission::No)
    } else {
        let foot = foot_permission(tags, &base);
        (foot, bike_permission(tags, &base, foot))
    };
    let allowed = Allowed::of(foot, bike);
    if !allowed.foot && !allowed.bike {
        // A motorway that names bicycles besides is still left out as one.
        let is_forbidden = is_impassable || lookup(tags, &["foot", "access"]) == Some(Permission::No);
        return Some(Err(if is_forbidden { LeftOut::Forbidden } else { base.closed_by }));
    }
    let is_default = !allowed.foot && !base.foot && lookup(tags, &["foot", "access"]).is_none();
    let closed_on_foot =
        (is_default && matches!(base.closed_by, LeftOut::Trunk | LeftOut::RoadTunnel)).then_some(base.closed_by);

    let mut access = allowed.private_bit();
    if allowed.foot {
        access = access.with(match foot_oneway(tags, base.kind) {
            None => Access::FOOT,
            Some(true) => Access::FOOT_FORWARD,
            Some(false) => Access::FOOT_BACKWARD,
        });
    }
    if allowed.bike {
        let one_way = if base.kind == Kind::Steps { None } else { bike_oneway(tags) };
        access = access.with(match one_way {
            None => Access::BIKE,
            Some(true) => Access::BIKE_FORWARD,
            Some(false) => Access::BIKE_BACKWARD,
        });
        if bike == Permission::Dismount || base.kind == Kind::Steps {
            access = access.with(Access::DISMOUNT);
        }
    }
    if base.kind == Kind::Steps {
        access = access.with(ramp_bits(tags));
    }
    let is_chair_lift = tags.is("aerialway", "chair_lift");
    if tags.is("wheelchair", "no") || is_chair_lift && !says_yes(tags, "wheelchair") {
        access = access.with(Access::NO_WHEELCHAIR);
    }
    if tags.is("stroller", "no") || is_chair_lift && !says_yes(tags, "stroller") {
        access = access.with(Access::NO_STROLLER);
    }
    match tags.get("incline").map(|v| (v, incline(v).unwrap_or(0.0))) {
        Some(("up", _)) => access = access.with(Access::STEPS_UP_FORWARD),
        Some(("down", _)) => access = access.with(Access::STEPS_UP_BACKWARD),
        Some((_, g)) if g > 0.0 => access = access.with(Access::STEPS_UP_FORWARD),
        Some((_, g)) if g < 0.0 => access = access.with(Access::STEPS_UP_BACKWARD),
        _ => {}
    }

    let structure = if tags.yes("bridge") {
        Structure::Bridge
    } else if is_tunnel(tags) {
        Structure::Tunnel
    } else {
        Structure::Ground
    };
    let is_area = allowed.foot && is_plaza(tags, outline);
    let kind = if is_area { Kind::Plaza } else { base.kind };
    let has_timetable = matches!(kind, Kind::Ferry | Kind::Aerialway | Kind::Funicular);
    let class = WayClass {
        access,
        kind,
        structure,
        flags: flags_of(tags, structure, allowed.foot),
        ground: ground_of(tags, kind),
        duration_s: has_timetable.then(|| tags.get("duration").and_then(duration_s)).flatten(),
        is_area,
        levels: tags.get("level").and_then(levels),
        name: tags.get("name").map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned),
    };
    Some(Ok(KeptWay { class, closed_on_foot }))
}

/// Where a way lies, and whether people ordinarily walk there.
fn flags_of(tags: &Tags, structure: Structure, on_foot: bool) -> EdgeFlags {
    let storeys = tags.get("level").and_then(levels);
    let layers = tags.get("layer").and_then(levels);
    // What touches the ground with one end is on the ground: steps and ramps between storeys.
    let is_below = |range: Option<(i16, i16)>| range.is_some_and(|(_, high)| high < 0);
    let leads_up = storeys.is_some_and(|(low, high)| low < 0 && high >= 0);
    let is_passage = structure == Structure::Bridge || tags.is("tunnel", "building_passage");
    let is_platform = tags.is("highway", "platform") || is_platform_or_pier(tags);
    let is_subway_platform = is_platform && tags.is("subway", "yes") && storeys.is_none() && layers.is_none();

    let mut flags = EdgeFlags::default();
    if is_below(storeys)
        || is_below(layers) && !is_passage && !leads_up
        || tags.is_any("location", &["underground", "underwater"])
        || is_subway_platform
    {
        flags = flags.with(EdgeFlags::UNDERGROUND);
    }
    // A level above 0 alone says nothing of a way: on a hillside the street at the upper door of a lift has one. A platform
    // with one is in a station above the streets.
    let is_high_platform = is_platform && storeys.is_some_and(|(low, _)| low > 0);
    if tags.yes("indoor") || tags.is("location", "indoor") || tags.is("highway", "corridor") || is_high_platform {
        flags = flags.with(EdgeFlags::INDOOR);
    }
    let carries_traffic = |class: &str| {
        let class = class.strip_suffix("_link").unwrap_or(class);
        ["trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"].contains(&class)
    };
    if tags.get("highway").is_some_and(carries_traffic) {
        flags = flags.with(EdgeFlags::THROUGH);
    }
    if on_foot && is_unusual_on_foot(tags) {
        flags = flags.with(EdgeFlags::UNUSUAL_ON_FOOT);
    }
    flags
}

fn is_unusual_on_foot(tags: &Tags) -> bool {
    let names_walkers = lookup(tags, &["foot"]).is_some_and(Permission::is_public) || tags.get("segregated").is_some();
    let has_sidewalk = Sidewalk::of(tags) == Sidewalk::Yes;
    let by_class = match tags.get("highway").unwrap_or_default() {
        "cycleway" | "bridleway" => !names_walkers && !has_sidewalk,
        "path" => !names_walkers && tags.is_any("bicycle", &["designated", "official"]),
        "motorway" | "motorway_link" | "trunk" | "trunk_link" | "busway" | "bus_guideway" | "raceway" => !has_sidewalk,
        _ => tags.is("motorroad", "yes") && !has_sidewalk,
    };
    by_class || sac_scale(tags) > SacScale::HIKING || tags.is_any("trail_visibility", &["bad", "horrible", "no"])
}

fn sac_scale(tags: &Tags) -> SacScale {
    // "strolling" is the newer name of what needs no hiking at all.
    tags.get("sac_scale").and_then(SacScale::named).unwrap_or(SacScale::NONE)
}

/// What wheels meet on a way.
fn ground_of(tags: &Tags, kind: Kind) -> Ground {
    if !matches!(kind, Kind::Street | Kind::Path | Kind::Plaza | Kind::Steps) {
        return Ground::default();
    }
    let width = |key: &str| tags.get(key).and_then(metres).filter(|w| *w > 0.0);
    Ground::from(WayGround {
        surface: tags.get("surface").and_then(Surface::of_tag),
        smoothness: smoothness(tags),
        width_m: [width("maxwidth:physical"), width("width").or_else(|| width("est_width"))]
            .into_iter()
            .flatten()
            .reduce(f64::min),
        incline: tags.get("incline").and_then(incline),
        sac_scale: sac_scale(tags),
        wheelchair_fits: says_yes(tags, "wheelchair"),
        stroller_fits: says_yes(tags, "stroller"),
        has_sidewalk: kind == Kind::Street && Sidewalk::of(tags) == Sidewalk::Yes,
    })
}

/// `smoothness`, or what `tracktype` comes to; `mtb:scale` tells of rocks and roots besides.
fn smoothness(tags: &Tags) -> Option<Smoothness> {
    let told = tags.get("smoothness").and_then(Smoothness::named);
    let by_track = || {
        let name = match tags.get("tracktype")? {
            "grade2" => "intermediate",
            "grade3" => "bad",
            "grade4" => "very_bad",
            "grade5" => "horrible",
            _ => return None,
        };
        Smoothness::named(name)
    };
    let by_mtb = tags.get("mtb:scale").and_then(|v| v.chars().next()).and_then(|grade| {
        let name = match grade {
            '1' => "very_bad",
            '2' => "horrible",
            '3'..='6' => "very_horrible",
            _ => return None,
        };
        Smoothness::named(name)
    });
    told.or_else(by_track).max(by_mtb)
}

/// Is it an area that people walk across?
fn is_plaza(tags: &Tags, outline: Outline) -> bool {
    let by_class = tags.is_any("highway", &["pedestrian", "footway", "platform", "living_street", "path", "corridor"])
        || is_platform_or_pier(tags);
    by_class
        && match outline {
            Outline::Line => false,
            Outline::Multipolygon => true,
            // A closed street may be one around a block; a closed platform or pier is drawn by its edge.
            Outline::Ring => tags.is("area", "yes") || tags.get("highway").is_none() && !tags.is("area", "no"),
        }
}

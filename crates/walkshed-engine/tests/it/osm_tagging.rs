//! OpenStreetMap tagging: the meaning of ways and nodes for pedestrians and cyclists, one case per line. Expectations
//! follow the OSM wiki ("Key:access", "OSM tags for routing/Access restrictions", "Key:oneway", "Key:conveying",
//! "Tag:highway=*", "Key:barrier"), not the code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use walkshed_engine::access::{Access, EdgeFlags, Kind, Structure};
use walkshed_engine::ground::Ground;
use walkshed_engine::osm::{NodeRule, Outline, StreetRules, Tags, classify, node_rule};
use walkshed_engine::{Profile, Profiles};

/// Returns letters of the modes that the ground does not stop: wheelchairs, strollers, bicycles.
fn wheels(kind: Kind, ground: Ground) -> String {
    let profiles = Profiles::default();
    [(Profile::Wheelchair, 'w'), (Profile::Stroller, 's'), (Profile::Bicycle, 'b')]
        .iter()
        .filter(|(p, _)| !ground.stops(kind, profiles.get(*p)))
        .map(|(_, letter)| *letter)
        .collect()
}

/// Returns `kind foot bicycle` with `<>` for both directions, `>` along the way, `<` against it, `-` for closed; then
/// other properties.
fn way(text: &str) -> String {
    way_with(text, StreetRules::default())
}

/// `ring` among the tags means a closed way.
fn way_with(text: &str, rules: StreetRules) -> String {
    let tags: Tags = text.split(' ').filter_map(|pair| pair.split_once('=')).collect();
    let outline = if text.split(' ').any(|word| word == "ring") { Outline::Ring } else { Outline::Line };
    match classify(&tags, outline, rules) {
        None => "none".to_owned(),
        Some(Err(reason)) => format!("out {}", serde_json::to_value(reason).unwrap().as_str().unwrap()),
        Some(Ok(kept)) => {
            let class = kept.class;
            let ways = |both: Access, forward: Access, backward: Access| {
                if class.access.has(both) {
                    "<>"
                } else if class.access.has(forward) {
                    ">"
                } else if class.access.has(backward) {
                    "<"
                } else {
                    "-"
                }
            };
            let mut out = format!(
                "{} {} {}",
                serde_json::to_value(class.kind).unwrap().as_str().unwrap(),
                ways(Access::FOOT, Access::FOOT_FORWARD, Access::FOOT_BACKWARD),
                ways(Access::BIKE, Access::BIKE_FORWARD, Access::BIKE_BACKWARD)
            );
            for (bit, name) in [
                (Access::PRIVATE, " private"),
                (Access::DISMOUNT, " pushed"),
                (Access::WHEELCHAIR_RAMP, " wheelchair-ramp"),
                (Access::STROLLER_RAMP, " stroller-ramp"),
                (Access::NO_WHEELCHAIR, " no-wheelchair"),
                (Access::NO_STROLLER, " no-stroller"),
                (Access::STEPS_UP_FORWARD, " climbs>"),
                (Access::STEPS_UP_BACKWARD, " climbs<"),
            ] {
                if class.access.has(bit) {
                    out += name;
                }
            }
            match class.structure {
                Structure::Ground => {}
                Structure::Bridge => out += " bridge",
                Structure::Tunnel => out += " tunnel",
            }
            for (bit, name) in [
                (EdgeFlags::UNDERGROUND, " underground"),
                (EdgeFlags::INDOOR, " indoor"),
                (EdgeFlags::UNUSUAL_ON_FOOT, " unusual"),
            ] {
                if class.flags.has(bit) {
                    out += name;
                }
            }
            if class.is_area {
                out += " area";
            }
            if let Some(seconds) = class.duration_s {
                out = format!("{out} {seconds}s");
            }
            let wheels = wheels(class.kind, class.ground);
            if wheels != "wsb" {
                out = format!("{out} wheels:{wheels}");
            }
            if let Some(reason) = kept.closed_on_foot {
                out = format!("{out} closed:{}", serde_json::to_value(reason).unwrap().as_str().unwrap());
            }
            out
        }
    }
}

/// Returns who passes a node as letters (foot, wheelchair, stroller, bicycle), or `free` if the node has no rule.
fn node(text: &str) -> String {
    let tags: Tags = text.split(' ').filter_map(|pair| pair.split_once('=')).collect();
    let (name, access, ground) = match node_rule(&tags) {
        None => return "free".to_owned(),
        Some(NodeRule::Barrier(access, ground)) => ("barrier", access, ground),
        Some(NodeRule::Crossing(access, ground)) => ("crossing", access, ground),
        Some(NodeRule::Lift(access)) => ("lift", access, Ground::default()),
    };
    let foot = access.has(Access::FOOT);
    let wheels = wheels(Kind::Gate, ground);
    let letters = [
        (foot, 'f'),
        (foot && !access.has(Access::NO_WHEELCHAIR) && wheels.contains('w'), 'w'),
        (foot && !access.has(Access::NO_STROLLER) && wheels.contains('s'), 's'),
        (access.has(Access::BIKE), 'b'),
    ];
    let private = if access.has(Access::PRIVATE) { " private" } else { "" };
    format!("{name} {}{private}", letters.iter().filter(|l| l.0).map(|l| l.1).collect::<String>())
}

fn check(cases: &[(&str, &str)], found: impl Fn(&str) -> String) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(tags, expected)| (tags, expected, found(tags)))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(tags, expected, found)| format!("{tags}: expected {expected:?}, found {found:?}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn ways() {
    let cases = [
        // Streets by class.
        ("highway=residential", "street <> <>"),
        ("highway=living_street", "street <> <>"),
        ("highway=service", "street <> <>"),
        ("highway=unclassified", "street <> <>"),
        ("highway=tertiary", "street <> <>"),
        ("highway=secondary_link", "street <> <>"),
        ("highway=primary", "street <> <>"),
        ("highway=road", "street <> <>"),
        ("highway=trunk", "out trunk"),
        ("highway=trunk sidewalk=no", "out trunk"),
        ("highway=trunk sidewalk=no foot=yes", "street <> - unusual"),
        ("highway=motorway", "out motor_traffic"),
        ("highway=motorway bicycle=no", "out motor_traffic"),
        ("highway=motorway foot=no", "out forbidden"),
        ("highway=motorway_link foot=yes", "street <> - unusual"),
        ("highway=primary motorroad=yes", "out motor_traffic"),
        ("highway=primary motorroad=yes foot=yes", "street <> - unusual"),
        // Trunk roads (urban expressways in China): only those who are tagged.
        ("highway=trunk_link", "out trunk"),
        ("highway=trunk access=yes", "out trunk"),
        ("highway=trunk access=no", "out forbidden"),
        ("highway=trunk foot=yes", "street <> - unusual"),
        ("highway=trunk foot=designated bicycle=yes", "street <> <> unusual"),
        ("highway=trunk sidewalk=both", "street <> -"),
        ("highway=trunk sidewalk:left=yes", "street <> -"),
        ("highway=trunk sidewalk:both=separate foot=yes", "street <> - unusual"),
        ("highway=trunk bicycle=yes", "street - <> closed:trunk"),
        ("highway=trunk cycleway=lane", "street - <> closed:trunk"),
        ("highway=trunk cycleway:right=track sidewalk=right", "street <> <>"),
        ("highway=trunk cycleway=no", "out trunk"),
        ("highway=trunk foot=no bicycle=yes", "street - <>"),
        // Road tunnels.
        ("highway=primary tunnel=yes", "street - <> tunnel closed:road_tunnel"),
        ("highway=residential tunnel=yes bicycle=no", "out road_tunnel"),
        ("highway=primary tunnel=yes foot=yes", "street <> <> tunnel"),
        ("highway=primary tunnel=yes sidewalk=right", "street <> <> tunnel"),
        ("highway=primary tunnel=yes foot=no", "street - <> tunnel"),
        ("highway=service tunnel=building_passage", "street <> <>"),
        ("highway=service covered=yes", "street <> <>"),
        ("highway=pedestrian tunnel=yes", "path <> - tunnel"),
        ("highway=track tunnel=yes", "path <> <> tunnel"),
        ("highway=busway", "out motor_traffic"),
        ("highway=bus_guideway foot=yes", "street <> - unusual"),
        ("highway=raceway", "out motor_traffic"),
        // Paths.
        ("highway=footway", "path <> -"),
        ("highway=footway bicycle=yes", "path <> <>"),
        ("highway=footway bicycle=dismount", "path <> <> pushed"),
        ("highway=path", "path <> <>"),
        ("highway=path foot=designated bicycle=no", "path <> -"),
        ("highway=cycleway", "path <> <> unusual"),
        ("highway=cycleway foot=no", "path - <>"),
        ("highway=cycleway oneway=yes", "path <> > unusual"),
        ("highway=track", "path <> <>"),
        ("highway=bridleway", "path <> - unusual"),
        ("highway=corridor", "path <> - indoor"),
        ("highway=platform", "path <> -"),
        ("railway=platform", "path <> -"),
        ("public_transport=platform", "path <> -"),
        // Pedestrian areas.
        ("highway=pedestrian", "path <> -"),
        ("highway=pedestrian bicycle=yes", "path <> <>"),
        ("highway=pedestrian area=yes ring", "plaza <> - area"),
        ("highway=footway area=yes ring", "plaza <> - area"),
        ("railway=platform area=yes ring", "plaza <> - area"),
        ("highway=service area=yes", "street <> <>"),
        // Steps, escalators, lifts.
        ("highway=steps", "steps <> -"),
        ("highway=steps bicycle=yes", "steps <> -"),
        ("highway=steps incline=up", "steps <> - climbs>"),
        ("highway=steps incline=down", "steps <> - climbs<"),
        ("highway=steps incline=-20%", "steps <> - climbs<"),
        ("highway=steps conveying=forward", "escalator > -"),
        ("highway=steps conveying=backward", "escalator < -"),
        ("highway=steps conveying=reversible", "escalator <> -"),
        ("highway=steps conveying=no", "steps <> -"),
        ("highway=steps ramp=yes", "steps <> <> pushed"),
        ("highway=steps ramp=no", "steps <> -"),
        ("highway=steps ramp=separate", "steps <> -"),
        ("highway=steps ramp=yes bicycle=no", "steps <> -"),
        ("highway=steps ramp:bicycle=yes", "steps <> <> pushed"),
        ("highway=steps ramp:bicycle=yes bicycle=no", "steps <> <> pushed"),
        ("highway=steps ramp=yes ramp:bicycle=no", "steps <> -"),
        ("highway=steps ramp:stroller=yes", "steps <> <> pushed stroller-ramp"),
        ("highway=steps ramp:wheelchair=yes", "steps <> <> pushed wheelchair-ramp stroller-ramp"),
        (
            "highway=steps ramp:wheelchair=yes wheelchair=no",
            "steps <> <> pushed wheelchair-ramp stroller-ramp no-wheelchair",
        ),
        ("highway=steps ramp:wheelchair=separate", "steps <> -"),
        ("highway=steps ramp:luggage=yes", "steps <> -"),
        ("highway=steps wheelchair=yes", "steps <> -"),
        ("highway=steps ramp:bicycle=yes foot=no", "out forbidden"),
        ("highway=steps ramp:bicycle=yes access=private", "steps <> <> private pushed"),
        ("highway=elevator", "lift <> <>"),
        ("highway=elevator bicycle=no", "lift <> -"),
        ("highway=elevator wheelchair=no", "lift <> <> no-wheelchair"),
        // Access.
        ("highway=residential access=private", "street <> <> private"),
        ("highway=residential access=no", "out forbidden"),
        ("highway=residential access=no foot=yes", "street <> -"),
        ("highway=residential access=destination", "street <> <>"),
        ("highway=residential access=customers", "street <> <>"),
        ("highway=residential access=permissive", "street <> <>"),
        ("highway=residential foot=no", "street - <>"),
        ("highway=residential foot=private bicycle=private", "street <> <> private"),
        ("highway=residential vehicle=no", "street <> -"),
        ("highway=residential vehicle=no bicycle=yes", "street <> <>"),
        ("highway=residential bicycle=no", "street <> -"),
        ("highway=residential motor_vehicle=no", "street <> <>"),
        ("highway=residential foot=use_sidepath", "street - <>"),
        ("highway=residential foot=use_sidepath bicycle=no", "street <> - private"),
        ("highway=residential access=permit", "street <> <> private"),
        ("highway=residential access=residents", "street <> <> private"),
        ("highway=residential access=employees", "street <> <> private"),
        ("highway=residential access=staff", "street <> <> private"),
        ("highway=residential access=military", "out forbidden"),
        ("highway=residential access=emergency", "out forbidden"),
        ("highway=residential access=restricted", "out forbidden"),
        // If the public may pass, private permissions do not count.
        ("highway=residential access=private foot=yes", "street <> -"),
        ("highway=residential foot=private", "street - <>"),
        ("highway=residential foot=private bicycle=no", "street <> - private"),
        ("highway=residential access=private bicycle=no", "street <> - private"),
        ("highway=residential access=no foot=private", "street <> - private"),
        ("highway=footway access=private", "path <> - private"),
        ("highway=steps access=private", "steps <> - private"),
        ("highway=elevator access=private", "lift <> <> private"),
        ("highway=pedestrian area=yes access=private ring", "plaza <> - private area"),
        ("highway=residential access=private oneway=yes", "street <> > private"),
        // A private motorway is still a motorway.
        ("highway=motorway access=private", "out motor_traffic"),
        ("highway=trunk access=private", "out trunk"),
        ("highway=track access=agricultural", "path <> <> private"),
        ("highway=track access=forestry", "path <> <> private"),
        ("highway=track access=forestry foot=permissive", "path <> -"),
        ("highway=service access=delivery", "street <> <> private"),
        ("highway=residential impassable=yes", "out forbidden"),
        // Directions.
        ("highway=residential oneway=yes", "street <> >"),
        ("highway=residential oneway=-1", "street <> <"),
        ("highway=residential oneway=yes oneway:bicycle=no", "street <> <>"),
        ("highway=residential oneway=yes cycleway=opposite", "street <> <>"),
        ("highway=residential oneway=yes cycleway:left=opposite_lane", "street <> <>"),
        ("highway=residential oneway=yes oneway:foot=yes", "street > >"),
        ("highway=footway oneway=yes", "path <> -"),
        ("highway=footway oneway:foot=yes", "path > -"),
        ("highway=footway oneway:foot=-1", "path < -"),
        ("highway=footway foot:backward=no", "path > -"),
        ("highway=residential junction=roundabout", "street <> >"),
        ("highway=path oneway=yes", "path <> >"),
        ("highway=pedestrian oneway=yes", "path <> -"),
        ("highway=steps oneway=yes", "steps <> -"),
        ("highway=steps oneway=yes oneway:foot=yes", "steps > -"),
        ("highway=steps conveying=yes oneway=yes", "escalator > -"),
        ("highway=steps conveying=yes oneway=-1", "escalator < -"),
        ("highway=footway conveying=backward", "path < -"),
        // Below the ground, above it, indoors.
        ("highway=footway layer=-1", "path <> - underground"),
        ("highway=residential layer=-1", "street <> <> underground"),
        ("highway=footway layer=1", "path <> -"),
        ("highway=footway level=-1", "path <> - underground"),
        ("highway=footway level=-1;-2", "path <> - underground"),
        ("highway=footway level=-2--1", "path <> - underground"),
        ("highway=steps level=0;-1", "steps <> -"),
        ("highway=steps level=-1-0", "steps <> -"),
        ("highway=steps level=-1;0 layer=-1", "steps <> -"),
        ("highway=steps level=-2;-1 layer=-2", "steps <> - underground"),
        ("highway=footway level=0 layer=-1", "path <> - underground"),
        ("highway=footway level=-0.5", "path <> - underground"),
        ("highway=footway level=0", "path <> -"),
        ("highway=footway level=2", "path <> -"),
        ("highway=footway level=0;1", "path <> -"),
        ("highway=footway level=1-3", "path <> -"),
        ("highway=footway level=G", "path <> -"),
        ("highway=footway location=underground", "path <> - underground"),
        ("highway=footway location=underwater", "path <> - underground"),
        ("highway=footway location=indoor", "path <> - indoor"),
        ("highway=footway indoor=yes", "path <> - indoor"),
        ("highway=footway indoor=corridor level=-1", "path <> - underground indoor"),
        ("highway=footway indoor=no", "path <> -"),
        ("highway=footway covered=yes", "path <> -"),
        ("highway=footway tunnel=building_passage layer=-1", "path <> -"),
        ("highway=footway bridge=yes layer=-1", "path <> - bridge"),
        ("highway=footway tunnel=yes layer=-1", "path <> - tunnel underground"),
        ("railway=platform layer=-2", "path <> - underground"),
        ("railway=platform subway=yes", "path <> - underground"),
        ("public_transport=platform subway=yes level=2", "path <> - indoor"),
        ("railway=platform subway=yes layer=1", "path <> -"),
        // Open to pedestrians, but not where people usually walk.
        ("highway=cycleway foot=yes", "path <> <>"),
        ("highway=cycleway foot=designated segregated=yes", "path <> <>"),
        ("highway=cycleway segregated=no", "path <> <>"),
        ("highway=cycleway sidewalk=right", "path <> <>"),
        ("highway=bridleway foot=yes", "path <> -"),
        ("highway=path bicycle=designated", "path <> <> unusual"),
        ("highway=path bicycle=designated foot=designated", "path <> <>"),
        ("highway=path sac_scale=hiking", "path <> <> wheels:sb"),
        ("highway=path sac_scale=strolling", "path <> <>"),
        ("highway=path sac_scale=mountain_hiking", "path <> <> unusual wheels:"),
        ("highway=path trail_visibility=bad", "path <> <> unusual"),
        ("highway=path trail_visibility=good", "path <> <>"),
        // Bridges and tunnels.
        ("highway=footway bridge=yes", "path <> - bridge"),
        ("highway=footway bridge=viaduct", "path <> - bridge"),
        ("highway=footway bridge=no", "path <> -"),
        ("highway=footway tunnel=yes", "path <> - tunnel"),
        ("highway=footway tunnel=building_passage", "path <> -"),
        // Ferries and aerialways.
        ("route=ferry", "ferry <> <>"),
        ("route=ferry foot=yes duration=00:15", "ferry <> <> 900s"),
        ("route=ferry foot=no", "ferry - <>"),
        ("route=ferry foot=no bicycle=no", "out forbidden"),
        ("route=ferry duration=PT7M", "ferry <> <> 420s"),
        ("aerialway=cable_car", "aerialway <> -"),
        ("aerialway=gondola duration=5", "aerialway <> - 300s"),
        ("aerialway=cable_car bicycle=yes", "aerialway <> <>"),
        ("aerialway=chair_lift", "aerialway <> - no-wheelchair no-stroller"),
        ("aerialway=chair_lift wheelchair=yes", "aerialway <> - no-stroller"),
        ("aerialway=gondola wheelchair=no", "aerialway <> - no-wheelchair"),
        ("railway=funicular", "funicular <> -"),
        ("railway=funicular duration=4 wheelchair=no", "funicular <> - no-wheelchair 240s"),
        ("railway=funicular bicycle=yes oneway=yes", "funicular > >"),
        ("railway=funicular access=private", "funicular <> - private"),
        ("railway=funicular foot=no", "out forbidden"),
        ("railway=funicular usage=industrial", "out not_for_people"),
        ("man_made=pier", "path <> -"),
        ("man_made=pier ring", "plaza <> - area"),
        ("man_made=pier area=no ring", "path <> -"),
        ("man_made=pier bicycle=yes", "path <> <>"),
        ("man_made=pier access=private", "path <> - private"),
        ("man_made=pier foot=no", "out forbidden"),
        ("public_transport=platform ring", "plaza <> - area"),
        ("highway=pedestrian ring", "path <> -"),
        ("aerialway=goods", "out not_for_people"),
        ("aerialway=t-bar", "out not_for_people"),
        // Not built, or not for people.
        ("highway=construction construction=residential", "out not_built"),
        ("highway=proposed proposed=footway", "out not_built"),
        ("highway=razed", "out not_built"),
        ("highway=via_ferrata", "out not_for_people"),
        ("building=yes", "none"),
        ("waterway=river", "none"),
        ("railway=rail", "none"),
        ("", "none"),
        // Other prohibitions.
        ("highway=footway wheelchair=no", "path <> - no-wheelchair"),
        ("highway=path stroller=no", "path <> <> no-stroller"),
        // What wheels meet.
        ("highway=footway surface=gravel", "path <> - wheels:sb"),
        ("highway=footway surface=sand", "path <> - wheels:b"),
        ("highway=footway surface=paving_stones:30", "path <> -"),
        ("highway=footway surface=gravel wheelchair=yes", "path <> -"),
        ("highway=footway surface=gravel wheelchair=limited", "path <> - wheels:sb"),
        ("highway=footway surface=sand stroller=yes", "path <> - wheels:sb"),
        ("highway=residential surface=cobblestone", "street <> <> wheels:sb"),
        ("highway=residential surface=cobblestone sidewalk=both", "street <> <>"),
        ("highway=path smoothness=bad", "path <> <> wheels:sb"),
        ("highway=path smoothness=very_bad", "path <> <> wheels:b"),
        ("highway=path smoothness=impassable", "path <> <> wheels:"),
        ("highway=path smoothness=impassable bicycle=no", "path <> - wheels:"),
        ("highway=track tracktype=grade1", "path <> <>"),
        ("highway=track tracktype=grade3", "path <> <> wheels:sb"),
        ("highway=track tracktype=grade5", "path <> <> wheels:b"),
        ("highway=track tracktype=grade5 smoothness=good", "path <> <>"),
        ("highway=path mtb:scale=1", "path <> <> wheels:b"),
        ("highway=path mtb:scale=0", "path <> <>"),
        ("highway=footway width=0.8", "path <> - wheels:sb"),
        ("highway=footway maxwidth:physical=60cm", "path <> - wheels:b"),
        ("highway=footway width=3'", "path <> -"),
        ("highway=footway est_width=0.5", "path <> - wheels:b"),
        ("highway=footway width=narrow", "path <> -"),
    ];
    check(&cases, way);
}

/// The access defaults of another country.
#[test]
fn access_defaults_are_configurable() {
    let rules = StreetRules { walk_on_trunk: true, walk_in_road_tunnels: true };
    check(
        &[
            ("highway=trunk", "street <> <> unusual"),
            ("highway=trunk sidewalk=no", "street - <> closed:trunk"),
            ("highway=trunk sidewalk:both=no", "street - <> closed:trunk"),
            ("highway=trunk sidewalk:both=separate", "street - <> closed:trunk"),
            ("highway=trunk sidewalk:left=no sidewalk:right=separate", "street - <> closed:trunk"),
            ("highway=trunk sidewalk:left=no", "street <> <> unusual"),
            ("highway=trunk sidewalk:left=no sidewalk:right=yes", "street <> <>"),
            ("highway=trunk sidewalk:both=no foot=yes", "street <> <> unusual"),
            ("highway=trunk tunnel=yes", "street <> <> tunnel unusual"),
            ("highway=primary tunnel=yes", "street <> <> tunnel"),
            ("highway=primary tunnel=yes sidewalk:both=no", "street - <> tunnel closed:road_tunnel"),
        ],
        |tags| way_with(tags, rules),
    );
    let only_tunnels = StreetRules { walk_on_trunk: false, ..rules };
    assert_eq!(way_with("highway=trunk tunnel=yes", only_tunnels), "out trunk");
    let only_trunk = StreetRules { walk_in_road_tunnels: false, ..rules };
    assert_eq!(way_with("highway=trunk tunnel=yes", only_trunk), "street - <> tunnel closed:road_tunnel");
}

#[test]
fn nodes() {
    let cases = [
        ("barrier=bollard", "free"),
        ("barrier=gate", "free"),
        ("barrier=gate access=private", "barrier fwsb private"),
        ("barrier=gate access=no foot=yes", "barrier fws"),
        ("barrier=gate locked=yes", "barrier fwsb private"),
        ("barrier=lift_gate", "free"),
        ("barrier=kerb", "barrier fsb"),
        ("barrier=block", "barrier fsb"),
        ("barrier=cycle_barrier bicycle=no", "barrier fs"),
        ("barrier=stile", "barrier f"),
        ("barrier=kissing_gate", "barrier f"),
        ("barrier=kissing_gate wheelchair=yes", "barrier fws"),
        ("barrier=turnstile", "barrier f"),
        ("barrier=wall", "barrier "),
        ("barrier=fence foot=yes", "barrier fws"),
        ("barrier=gate foot=no", "barrier b"),
        // Residents have a key.
        ("barrier=gate access=no", "barrier fwsb private"),
        ("barrier=lift_gate access=private", "barrier fwsb private"),
        ("barrier=lift_gate access=private foot=yes", "barrier fws"),
        ("barrier=swing_gate access=residents", "barrier fwsb private"),
        ("barrier=bollard access=no", "barrier fwsb private"),
        ("barrier=gate access=permit foot=no", "barrier b private"),
        ("barrier=gate foot=private", "barrier b"),
        ("barrier=gate foot=private bicycle=no", "barrier fws private"),
        ("barrier=gate access=military", "barrier "),
        ("barrier=gate locked=yes foot=yes", "barrier fws"),
        ("barrier=gate locked=yes access=yes", "free"),
        ("barrier=gate vehicle=no", "barrier fws"),
        ("barrier=gate foot=no bicycle=no", "barrier "),
        ("barrier=wall access=no", "barrier "),
        ("barrier=fence access=private", "barrier fwsb private"),
        ("barrier=fence locked=yes", "barrier "),
        ("entrance=yes", "free"),
        ("entrance=main wheelchair=no", "barrier fsb"),
        ("entrance=yes access=private", "barrier fwsb private"),
        ("door=hinged locked=yes", "barrier fwsb private"),
        ("shop=yes wheelchair=no", "free"),
        ("highway=bus_stop wheelchair=no", "free"),
        // What wheels meet.
        ("barrier=kerb kerb=raised", "barrier fsb"),
        ("barrier=kerb kerb=lowered", "free"),
        ("barrier=kerb kerb=flush", "free"),
        ("barrier=kerb kerb=rolled", "free"),
        ("barrier=kerb kerb=lowered kerb:height=0.05", "barrier fsb"),
        ("barrier=kerb kerb=raised height=2cm", "barrier fwsb"),
        ("barrier=kerb height=0.25", "barrier fb"),
        ("barrier=kerb wheelchair=yes", "free"),
        ("kerb=raised", "barrier fsb"),
        ("kerb=yes", "barrier fsb"),
        ("kerb=lowered", "free"),
        ("kerb=no", "free"),
        ("highway=crossing kerb=raised", "crossing fsb"),
        ("highway=crossing kerb=lowered", "free"),
        ("highway=crossing wheelchair=no", "crossing fsb"),
        ("barrier=step", "barrier fb"),
        ("barrier=step height=0.1", "barrier fsb"),
        ("barrier=log", "barrier fb"),
        ("barrier=cycle_barrier", "barrier fsb"),
        ("barrier=cycle_barrier wheelchair=yes", "free"),
        ("barrier=cattle_grid", "barrier fsb"),
        ("barrier=bollard maxwidth:physical=0.8", "barrier fsb"),
        ("barrier=bollard maxwidth:physical=1.2", "barrier fwsb"),
        ("barrier=bollard wheelchair=no", "barrier fsb"),
        ("barrier=gate stroller=no", "barrier fwb"),
        ("barrier=toll_booth", "free"),
        ("barrier=entrance", "free"),
        ("highway=elevator", "lift fwsb"),
        ("highway=elevator wheelchair=no", "lift fsb"),
        ("highway=elevator bicycle=no", "lift fws"),
        ("highway=elevator access=private", "lift fwsb private"),
        ("highway=crossing", "free"),
        ("highway=traffic_signals", "free"),
    ];
    check(&cases, node);
}

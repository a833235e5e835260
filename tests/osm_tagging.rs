//! OpenStreetMap tagging: what ways and nodes mean to walkers and cyclists, one line a case. The expectations follow the
//! OSM wiki ("Key:access", "OSM tags for routing/Access restrictions", "Key:oneway", "Key:conveying", "Tag:highway=*",
//! "Key:barrier"), not the code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use walkshed::network::access::{Access, Structure};
use walkshed::network::osm::{NodeRule, Tags, classify, node_rule};

/// `kind walkers cyclists`, with `<>` both ways, `>` along the way, `<` against it, `-` not at all; then what else holds.
fn way(text: &str) -> String {
    let tags: Tags = text.split(' ').filter_map(|pair| pair.split_once('=')).collect();
    match classify(&tags) {
        None => "none".to_owned(),
        Some(Err(reason)) => format!("out {}", serde_json::to_value(reason).unwrap().as_str().unwrap()),
        Some(Ok(class)) => {
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
                (Access::DISMOUNT, " pushed"),
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
            if class.is_area {
                out += " area";
            }
            if let Some(seconds) = class.duration_s {
                out = format!("{out} {seconds}s");
            }
            out
        }
    }
}

/// Who passes a node: walkers, wheelchairs, strollers, cyclists as letters; `free` where nothing stops anyone.
fn node(text: &str) -> String {
    let tags: Tags = text.split(' ').filter_map(|pair| pair.split_once('=')).collect();
    let (name, access) = match node_rule(&tags) {
        None => return "free".to_owned(),
        Some(NodeRule::Barrier(access)) => ("barrier", access),
        Some(NodeRule::Lift(access)) => ("lift", access),
    };
    let foot = access.has(Access::FOOT);
    let letters = [
        (foot, 'f'),
        (foot && !access.has(Access::NO_WHEELCHAIR), 'w'),
        (foot && !access.has(Access::NO_STROLLER), 's'),
        (access.has(Access::BIKE), 'b'),
    ];
    format!("{name} {}", letters.iter().filter(|l| l.0).map(|l| l.1).collect::<String>())
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
        ("highway=trunk", "street <> <>"),
        ("highway=trunk sidewalk=no", "street - <>"),
        ("highway=trunk sidewalk=no foot=yes", "street <> <>"),
        ("highway=motorway", "out motor_traffic"),
        ("highway=motorway_link foot=yes", "street <> -"),
        ("highway=primary motorroad=yes", "out motor_traffic"),
        ("highway=busway", "out motor_traffic"),
        ("highway=bus_guideway foot=yes", "street <> -"),
        ("highway=raceway", "out motor_traffic"),
        // Paths.
        ("highway=footway", "path <> -"),
        ("highway=footway bicycle=yes", "path <> <>"),
        ("highway=footway bicycle=dismount", "path <> <> pushed"),
        ("highway=path", "path <> <>"),
        ("highway=path foot=designated bicycle=no", "path <> -"),
        ("highway=cycleway", "path <> <>"),
        ("highway=cycleway foot=no", "path - <>"),
        ("highway=cycleway oneway=yes", "path <> >"),
        ("highway=track", "path <> <>"),
        ("highway=bridleway", "path <> -"),
        ("highway=corridor", "path <> -"),
        ("highway=platform", "path <> -"),
        ("railway=platform", "path <> -"),
        ("public_transport=platform", "path <> -"),
        // Pedestrian areas and what can be walked across.
        ("highway=pedestrian", "path <> -"),
        ("highway=pedestrian bicycle=yes", "path <> <>"),
        ("highway=pedestrian area=yes", "plaza <> - area"),
        ("highway=footway area=yes", "plaza <> - area"),
        ("railway=platform area=yes", "plaza <> - area"),
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
        ("highway=elevator", "lift <> <>"),
        ("highway=elevator bicycle=no", "lift <> -"),
        ("highway=elevator wheelchair=no", "lift <> <> no-wheelchair"),
        // Access.
        ("highway=residential access=private", "out private"),
        ("highway=residential access=no", "out forbidden"),
        ("highway=residential access=no foot=yes", "street <> -"),
        ("highway=residential access=destination", "street <> <>"),
        ("highway=residential access=customers", "street <> <>"),
        ("highway=residential access=permissive", "street <> <>"),
        ("highway=residential foot=no", "street - <>"),
        ("highway=residential foot=private bicycle=private", "out private"),
        ("highway=residential vehicle=no", "street <> -"),
        ("highway=residential vehicle=no bicycle=yes", "street <> <>"),
        ("highway=residential bicycle=no", "street <> -"),
        ("highway=residential motor_vehicle=no", "street <> <>"),
        ("highway=residential foot=use_sidepath", "street - <>"),
        ("highway=track access=agricultural", "out forbidden"),
        ("highway=track access=forestry foot=permissive", "path <> -"),
        ("highway=service access=delivery", "out private"),
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
        ("aerialway=goods", "out not_for_people"),
        ("aerialway=t-bar", "out not_for_people"),
        // What is not there, or not for people.
        ("highway=construction construction=residential", "out not_built"),
        ("highway=proposed proposed=footway", "out not_built"),
        ("highway=razed", "out not_built"),
        ("highway=via_ferrata", "out not_for_people"),
        ("building=yes", "none"),
        ("waterway=river", "none"),
        ("railway=rail", "none"),
        ("", "none"),
        // Who else is stopped.
        ("highway=footway wheelchair=no", "path <> - no-wheelchair"),
        ("highway=path stroller=no", "path <> <> no-stroller"),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .map(|(tags, expected)| (tags, expected, way(tags)))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(tags, expected, found)| format!("{tags}: expected {expected:?}, found {found:?}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn nodes() {
    let cases = [
        ("barrier=bollard", "free"),
        ("barrier=gate", "free"),
        ("barrier=gate access=private", "barrier "),
        ("barrier=gate access=no foot=yes", "barrier fws"),
        ("barrier=gate locked=yes", "barrier "),
        ("barrier=lift_gate", "free"),
        ("barrier=kerb", "free"),
        ("barrier=block", "free"),
        ("barrier=cycle_barrier bicycle=no", "barrier fws"),
        ("barrier=stile", "barrier f"),
        ("barrier=kissing_gate", "barrier f"),
        ("barrier=kissing_gate wheelchair=yes", "barrier fw"),
        ("barrier=turnstile", "barrier f"),
        ("barrier=wall", "barrier "),
        ("barrier=fence foot=yes", "barrier fws"),
        ("barrier=gate foot=no", "barrier b"),
        ("barrier=toll_booth", "free"),
        ("barrier=entrance", "free"),
        ("highway=elevator", "lift fwsb"),
        ("highway=elevator wheelchair=no", "lift fsb"),
        ("highway=elevator bicycle=no", "lift fws"),
        ("highway=elevator access=private", "lift "),
        ("highway=crossing", "free"),
        ("highway=traffic_signals", "free"),
    ];
    for (tags, expected) in cases {
        assert_eq!(node(tags), expected, "{tags}");
    }
}

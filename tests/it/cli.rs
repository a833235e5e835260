//! The command line: output, files and exit codes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use walkshed_testing::pbf::Extract;

const FAILED: i32 = 1;
const PARTLY: i32 = 3;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("WALKSHED_DATA", "data")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(output)))
}

/// A cross of streets with a private way.
fn extract(folder: &Path) -> &'static str {
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 500.0, 0.0, &[])
        .node(3, 1000.0, 0.0, &[])
        .node(4, 500.0, 500.0, &[])
        .way(1, &[1, 2, 3], &[("highway", "residential"), ("name", "长江路")])
        .way(2, &[2, 4], &[("highway", "footway")])
        .way(3, &[1, 4], &[("highway", "service"), ("access", "private")]);
    extract.write(&folder.join("city.osm.pbf"));
    "city.osm.pbf"
}

fn places(folder: &Path) -> &'static str {
    let p = city::position(500.0, 10.0);
    let rows = format!(
        "id,name,category,lon,lat\na,诊所,health_care,{},{}\nb,Market,life_services,{},{}\n",
        p.lon(),
        p.lat(),
        p.lon() + 0.001,
        p.lat()
    );
    std::fs::write(folder.join("places.csv"), rows).unwrap();
    "places.csv"
}

#[test]
fn imports_and_checks_a_city() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let streets = run(at, &["import", "streets", extract(at)]);
    assert_eq!(code(&streets), 0, "{}", text(&streets));
    for expected in ["4 segments between 4 junctions", "private   ways: 1, gates: 0", "all ground counts as level"] {
        assert!(text(&streets).contains(expected), "{expected}: {}", text(&streets));
    }
    let facilities = run(at, &["import", "facilities", places(at), "--json"]);
    assert_eq!(code(&facilities), 0);
    assert_eq!(json_of(&facilities)["inserted"], 2);
    let again = json_of(&run(at, &["import", "facilities", "places.csv", "--json"]));
    assert_eq!((&again["inserted"], &again["unchanged"]), (&json!(0), &json!(2)));
    let check = run(at, &["check", "--json"]);
    assert_eq!(code(&check), 0);
    let check = json_of(&check);
    assert_eq!(
        (&check["facilities"], &check["streets"]["report"]["edges"], &check["damaged"]),
        (&json!(2), &json!(4), &json!(false))
    );
    assert!(text(&run(at, &["check"])).contains("walkshed import population FILE.csv"));
}

#[test]
fn flags_and_settings_allow_trunk_roads_and_tunnels() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut extract = Extract::new();
    extract
        .node(1, 0.0, 0.0, &[])
        .node(2, 500.0, 0.0, &[])
        .node(3, 1000.0, 0.0, &[])
        .node(4, 1500.0, 0.0, &[])
        .way(1, &[1, 2], &[("highway", "residential")])
        .way(2, &[2, 3], &[("highway", "trunk")])
        .way(3, &[3, 4], &[("highway", "primary"), ("tunnel", "yes")]);
    extract.write(&at.join("city.osm.pbf"));
    let import = |flags: &[&str]| {
        let args = [&["import", "streets", "city.osm.pbf", "--json"], flags].concat();
        let report = json_of(&run(at, &args))["report"].clone();
        (report["left_out"].clone(), report["closed_on_foot"].clone())
    };
    assert_eq!(import(&[]), (json!({ "trunk": 1 }), json!({ "road_tunnel": 1 })));
    assert!(text(&run(at, &["import", "streets", "city.osm.pbf"])).contains("on foot   closed: 1 road tunnel"));
    assert_eq!(import(&["--walk-on-trunk"]), (json!({}), json!({ "road_tunnel": 1 })));
    assert_eq!(import(&["--walk-on-trunk", "--walk-in-road-tunnels"]), (json!({}), json!({})));
    std::fs::write(at.join("walkshed.toml"), "walk_on_trunk = true\nwalk_in_road_tunnels = true\n").unwrap();
    assert_eq!(import(&[]), (json!({}), json!({})));
    assert_eq!(import(&["--walk-on-trunk=false"]), (json!({ "trunk": 1 }), json!({})));
}

#[test]
fn invalid_rows_stop_an_import_without_keep_going() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("p.csv"), "id,name,category,lon,lat\na,A,health_care,106.5,29.5\nb,B,shopping,106.5,29.5\n")
        .unwrap();
    let stopped = run(at, &["import", "facilities", "p.csv"]);
    assert_eq!(code(&stopped), FAILED);
    for expected in
        ["1 of 2 rows were refused, so nothing was imported", "line 3: category \"shopping\"", "--keep-going"]
    {
        assert!(text(&stopped).contains(expected), "{expected}: {}", text(&stopped));
    }
    assert!(!at.join("p.refused.csv").exists());
    let stopped = run(at, &["import", "facilities", "p.csv", "--json"]);
    assert_eq!((code(&stopped), &json_of(&stopped)["error"]["details"]["refused"][0]["line"]), (FAILED, &json!(3)));
    assert_eq!(json_of(&run(at, &["check", "--json"]))["facilities"], 0);

    let partly = run(at, &["import", "facilities", "p.csv", "--keep-going", "--json"]);
    assert_eq!(code(&partly), PARTLY);
    assert_eq!(json_of(&partly)["refusedFile"], "p.refused.csv");
    assert!(at.join("p.refused.csv").exists());
    assert_eq!(json_of(&run(at, &["check", "--json"]))["facilities"], 1);
}

#[test]
fn failures_name_the_file_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(code(&run(at, &["import", "streets", extract(at)])), 0);
    let prepared = std::fs::read(at.join("data/streets.walkshed")).unwrap();
    std::fs::write(at.join("bad.osm.pbf"), b"no extract").unwrap();
    std::fs::write(at.join("bad.tif"), b"no elevation").unwrap();
    for (arguments, expected) in [
        (&["import", "streets", "bad.osm.pbf"][..], "bad.osm.pbf"),
        (&["import", "streets", "none.osm.pbf"], "none.osm.pbf"),
        (&["import", "streets", "city.osm.pbf", "--elevation", "bad.tif"], "bad.tif"),
        (&["import", "facilities", "none.csv"], "none.csv"),
        (&["import", "population", "city.osm.pbf"], "the file name must end in"),
        (&["check", "--data", "elsewhere"], "elsewhere"),
        (&["config", "--config", "none.toml"], "none.toml"),
        (&["picture", "--point", "0,0", "--out", "p.svg"], "street"),
        (&["picture", "--point", "x", "--out", "p.svg"], "--point x"),
        (&["picture", "--center", "1", "--out", "p.svg"], "--center 1"),
        (&["serve", "--listen", "nowhere"], "nowhere"),
    ] {
        let output = run(at, arguments);
        assert!(code(&output) == FAILED && text(&output).contains(expected), "{arguments:?}: {}", text(&output));
        let as_json = run(at, &[arguments, &["--json"]].concat());
        assert!(json_of(&as_json)["error"]["message"].as_str().unwrap().contains(expected), "{arguments:?}");
    }
    assert_eq!(std::fs::read(at.join("data/streets.walkshed")).unwrap(), prepared);
    assert_eq!(code(&run(at, &["import", "facilities"])), 2);
    assert_eq!(code(&run(at, &["import", "facilities", "x.csv", "--datum", "mars"])), 2);
    // Damaged streets make the check fail.
    std::fs::write(at.join("data/streets.walkshed"), &prepared[..100]).unwrap();
    let check = run(at, &["check"]);
    assert!(code(&check) == FAILED && text(&check).contains("run: walkshed import streets"), "{}", text(&check));
}

#[test]
fn imports_report_ignored_columns_and_the_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let table = "name,kind,lon,lat,机构类型,rrule\n渝中区医院,clinic,106.555,29.565,甲,\n";
    let (gbk, _, _) = encoding_rs::GBK.encode(table);
    std::fs::write(at.join("gbk.csv"), &gbk).unwrap();
    let notes = [
        "the text was read as GB18030",
        "unknown columns were ignored: \"机构类型\"",
        "columns that do not apply to facilities were ignored: \"rrule\"",
    ];
    let output = run(at, &["import", "facilities", "gbk.csv"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    for note in notes {
        assert!(text(&output).contains(&format!("note: {note}\n")), "{}", text(&output));
    }
    assert_eq!(json_of(&run(at, &["import", "facilities", "gbk.csv", "--json"]))["notes"], json!(notes));
    // The notes appear with refused rows too.
    let (bad, _, _) = encoding_rs::GBK.encode("name,kind,lon,lat,机构类型,rrule\n渝中区医院,castle,106.5,29.5,甲,\n");
    std::fs::write(at.join("bad.csv"), &bad).unwrap();
    let output = run(at, &["import", "facilities", "bad.csv", "--json"]);
    assert_eq!(code(&output), FAILED);
    assert_eq!(json_of(&output)["error"]["details"]["notes"], json!(notes), "{}", text(&output));

    let (big5, _, _) = encoding_rs::BIG5.encode("name,kind,lon,lat\n臺北市立聯合醫院,clinic,121.5,25.0\n");
    std::fs::write(at.join("big5.csv"), &big5).unwrap();
    let output = run(at, &["import", "facilities", "big5.csv"]);
    let error = text(&output);
    assert!(code(&output) == FAILED && error.contains("big5.csv: the text looks like Big5"), "{error}");
    assert!(error.contains("--encoding big5") && error.contains("iconv -f BIG5 -t UTF-8"), "{error}");
    let output = run(at, &["import", "facilities", "big5.csv", "--encoding", "big5", "--json"]);
    assert_eq!((code(&output), &json_of(&output)["inserted"]), (0, &json!(1)), "{}", text(&output));
    let output = run(at, &["import", "facilities", "big5.csv", "--encoding", "utf-8"]);
    assert!(code(&output) == FAILED && text(&output).contains("line 2 is not valid UTF-8"), "{}", text(&output));
    assert_eq!(code(&run(at, &["import", "facilities", "big5.csv", "--encoding", "klingon"])), 2);
}

#[test]
fn prints_the_schema() {
    let schema = run(tempfile::tempdir().unwrap().path(), &["schema"]);
    assert_eq!(String::from_utf8(schema.stdout).unwrap(), include_str!("../../schema.graphql"));
}

#[test]
fn prints_the_settings_with_their_origins() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("walkshed.toml"), "listen = \"0.0.0.0:9\"\n[profiles.senior]\nlevel_kmh = 3\n")
        .unwrap();
    let config = json_of(&run(folder.path(), &["config", "--json", "--log", "debug"]));
    assert_eq!(config["listen"], json!({"value": "0.0.0.0:9", "source": "file walkshed.toml"}));
    assert_eq!(config["data"], json!({"value": "data", "source": "environment WALKSHED_DATA"}));
    assert_eq!(config["log"], json!({"value": "debug", "source": "flag --log"}));
    assert_eq!(config["workers"], json!({"value": "0", "source": "default"}));
    assert_eq!(config["profiles.senior.level_kmh"], json!({"value": "3", "source": "file walkshed.toml"}));
    std::fs::write(folder.path().join("walkshed.toml"), "[profiles.senior]\nlevel_kph = 3\n").unwrap();
    let wrong = run(folder.path(), &["config"]);
    assert!(code(&wrong) == FAILED && text(&wrong).contains("profiles.senior.level_kph"), "{}", text(&wrong));
}

#[test]
fn every_command_has_help_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &[][..],
        &["serve"],
        &["import"],
        &["import", "streets"],
        &["import", "facilities"],
        &["import", "centers"],
        &["import", "services"],
        &["import", "offers"],
        &["import", "events"],
        &["import", "visits"],
        &["import", "suggestions"],
        &["import", "regions"],
        &["import", "population"],
        &["demo"],
        &["coverage"],
        &["compare"],
        &["gaps"],
        &["sites"],
        &["assess"],
        &["schema"],
        &["check"],
        &["config"],
        &["token"],
        &["token", "create"],
        &["token", "list"],
        &["token", "revoke"],
        &["backup"],
        &["restore"],
        &["picture"],
    ] {
        let output = run(folder.path(), &[command, &["--help"]].concat());
        let help = text(&output);
        assert!(code(&output) == 0 && help.contains("Example") && help.contains("walkshed"), "{command:?}: {help}");
    }
}

#[test]
fn draws_a_picture() {
    let folder = city::folder();
    let at = folder.path();
    let output = run(
        at,
        &["picture", "--data", ".", "--center", "500106013004", "--minutes", "5,10", "--out", "w.svg", "--json"],
    );
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert_eq!(json_of(&output)["bands"][1]["minutes"], 10.0);
    let svg = std::fs::read_to_string(at.join("w.svg")).unwrap();
    for expected in ["<svg", "5 min: ", "10 min: ", "© OpenStreetMap contributors", "</svg>"] {
        assert!(svg.contains(expected), "{expected}");
    }
}

#[test]
fn serves_an_empty_folder_and_lists_the_next_steps() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args(["--json", "serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started: Value =
        serde_json::Deserializer::from_reader(server.stdout.take().unwrap()).into_iter().next().unwrap().unwrap();
    let problems: Vec<&str> = started["problems"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    assert_eq!(problems.len(), 4, "{problems:?}");
    for (problem, import) in problems.iter().zip(["streets", "facilities", "centers", "population"]) {
        assert!(problem.contains(&format!("walkshed import {import}")), "{problem}");
    }
    assert_eq!(started["data"], "walkshed-data");
    assert!(folder.path().join("walkshed-data/walkshed.db").exists());
    let address = started["listening"][0].as_str().unwrap().parse().unwrap();
    assert_eq!(crate::support::http::send(address, "GET", "/health/ready", &[], b"").status, 200);
    // SIGTERM stops the server after it has finished the running request, whose body is still incomplete.
    let body = r#"{"query":"{ __typename }"}"#;
    let mut running = std::net::TcpStream::connect(address).unwrap();
    write!(
        running,
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
        body.len(),
        &body[..10]
    )
    .unwrap();
    let running_requests = || crate::support::http::send(address, "GET", "/metrics", &[], b"").text();
    while !running_requests().contains("walkshed_http_requests_running 2") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let stopped = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    while std::net::TcpStream::connect(address).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    running.write_all(&body.as_bytes()[10..]).unwrap();
    let mut response = String::new();
    running.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.contains("__typename"), "{response}");
    assert!(server.wait().unwrap().success());
}

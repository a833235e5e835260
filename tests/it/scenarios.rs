//! Scenarios: a scenario equals the city with its changes made; gains and losses add up; invalid and stale changes are
//! reported.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]
#![allow(clippy::float_cmp, reason = "people are whole numbers here, whose sums are exact")]

use crate::support::city::{self, position, random_world};
use crate::support::server_with_tokens::ServerWithTokens;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use walkshed::server::ServerOptions;
use walkshed_analysis::world::{SnappedPoint, World};
use walkshed_analysis::{
    AccessMeasure, Balance, Candidates, Change as Becomes, Decay, Demand, FacilityCriteria, Measure, NearbyQuery, Need,
    Objective, Offered, Question, SiteSearch, Travel, apply_scenario, catchment, changes_geojson, compare, coverage,
    nearby, suggest_sites, surface,
};
use walkshed_engine::geo::cell_of;
use walkshed_engine::{Deciseconds, Direction, Profile, StreetChange, StreetKind};
use walkshed_register::{
    Audience, Category, Change, Facility, Host, NewFacility, PopulationCell, Register, RegisterRows, Role, Scenario,
};
use walkshed_testing::{Random, grid, random_point};

const CREATE: &str = "mutation($i: CreateScenarioInput!) { createScenario(input: $i) {
    scenario { id version key name changes { kind position { lon lat } street { lengthM joins } } problem }
    userErrors { field code message } } }";
const UPDATE: &str = "mutation($i: UpdateScenarioInput!) { updateScenario(input: $i) {
    scenario { id version key name nameEn changes { kind } } userErrors { field code message } } }";

fn point(x: f64, y: f64) -> Value {
    let p = position(x, y);
    json!({"lon": p.lon(), "lat": p.lat()})
}

/// A housing estate with couriers, a kilometre from the rest stop intended for them. Nobody lives near the rest stop.
fn estate() -> tempfile::TempDir {
    let cell =
        |x: f64, y: f64, people: f64| PopulationCell { cell: cell_of(position(x, y), h3o::Resolution::Nine), people };
    let sorted = |mut cells: Vec<PopulationCell>| {
        cells.sort_by_key(|c| c.cell);
        cells
    };
    let facility = |id: i64, x: f64, y: f64| Facility {
        id,
        version: 1,
        kind: Some("rider_rest_stop".into()),
        audiences: vec![Audience::Couriers],
        opening_hours: Some("10:00-02:00".into()),
        ..Facility::new(format!("rest-{id}"), format!("骑手驿站 {id}"), Category::Employment, position(x, y))
    };
    let rows = RegisterRows {
        facilities: vec![facility(1, 1500.0, 1500.0), facility(2, 300.0, 300.0)],
        population: sorted(vec![
            cell(2500.0, 1500.0, 900.0),
            cell(2500.0, 1800.0, 700.0),
            cell(300.0, 300.0, 400.0),
            cell(300.0, 2500.0, 300.0),
        ]),
        groups: [(
            "new_employment".to_owned(),
            sorted(vec![cell(2500.0, 1500.0, 90.0), cell(2500.0, 1800.0, 60.0), cell(300.0, 300.0, 20.0)]),
        )]
        .into(),
        ..RegisterRows::default()
    };
    let folder = tempfile::tempdir().unwrap();
    grid(30, 100.0).save(&folder.path().join("streets.walkshed")).unwrap();
    city::fill(folder.path(), &rows);
    folder
}

/// A planner compares the current location of a rest stop with one at the gate of the estate.
#[test]
fn moving_a_rest_stop_to_the_estate_covers_couriers() {
    let desk = ServerWithTokens::over(estate(), ServerOptions::default());
    let known = desk.edit("{ facilities { nodes { id name } } }", &Value::Null);
    let stop = known["facilities"]["nodes"][0]["id"].clone();
    assert_eq!(known["facilities"]["nodes"][0]["name"], "骑手驿站 1");
    let input = json!({"i": {
        "key": "to-the-gate", "name": "驿站迁至小区门口", "nameEn": "Rest stop at the gate",
        "changes": [{"moveFacility": {"facility": stop, "position": point(2400.0, 1600.0)}}],
    }});
    let made = desk.ask(Role::Contributor, CREATE, &input)["data"]["createScenario"].clone();
    assert_eq!(made["userErrors"], json!([]));
    assert_eq!(made["scenario"]["problem"], Value::Null);
    assert_eq!(made["scenario"]["changes"][0]["kind"], "MOVE_FACILITY");
    let compared = "query($after: ID!) { compareScenarios(after: $after, need: {kinds: [\"rider_rest_stop\"], minutes: 5,
            audience: COURIERS, openAt: \"2026-11-25T01:00:00+08:00\"}, group: \"new_employment\") {
        unit scenarioBefore { key } scenarioAfter { key nameEn }
        before { total { people covered share } } after { total { people covered } explain { parameters { name value } } }
        balance { gained lost nearer farther }
        byGroup { group people balance { gained lost } }
        cells(change: GAINED) { totalCount nodes { people before after } } lost: cells(change: LOST) { totalCount }
    } }";
    let found = desk.edit(compared, &json!({"after": made["scenario"]["id"]}))["compareScenarios"].clone();
    assert_eq!(found["unit"], "MINUTES");
    assert_eq!(found["before"]["total"], json!({"people": 170.0, "covered": 20.0, "share": 0.117_647}));
    assert_eq!(found["after"]["total"], json!({"people": 170.0, "covered": 170.0}));
    assert_eq!(found["balance"], json!({"gained": 150.0, "lost": 0.0, "nearer": 150.0, "farther": 0.0}));
    assert_eq!(found["cells"]["totalCount"], 2);
    let nearer = |row: &Value| row["before"].as_f64().unwrap() > 5.0 && row["after"].as_f64().unwrap() <= 5.0;
    assert!(found["cells"]["nodes"].as_array().unwrap().iter().all(nearer), "{found}");
    assert_eq!(found["lost"]["totalCount"], 0);
    assert_eq!(
        found["byGroup"],
        json!([
            // Of the total population, only people in cells with couriers are included.
            {"group": "all", "people": 2000.0, "balance": {"gained": 1600.0, "lost": 0.0}},
            {"group": "new_employment", "people": 170.0, "balance": {"gained": 150.0, "lost": 0.0}},
        ])
    );
    let explained = found["after"]["explain"]["parameters"].as_array().unwrap();
    let parameter = explained.iter().find(|p| p["name"] == "scenario").unwrap();
    assert_eq!(parameter["value"], "to-the-gate (\"驿站迁至小区门口\", version 1)");

    // The original city is unchanged; every analysis accepts either.
    for (scenario, minutes) in [("", 9.0), (", scenario: \"to-the-gate\"", 2.0)] {
        let query = format!(
            "{{ nearby(from: {{facility: {stop}}}, minutes: 30{scenario}) {{ edges {{ minutes node {{ name position {{ lon }} }} }} }}
               way: nearby(from: {{point: {{lon: {}, lat: {}}}}}, minutes: 30, first: 1{scenario}) {{ edges {{ minutes node {{ id }} }} }} }}",
            position(2500.0, 1500.0).lon(),
            position(2500.0, 1500.0).lat(),
        );
        let found = desk.edit(&query, &Value::Null);
        let far = found["way"]["edges"][0]["minutes"].as_f64().unwrap();
        assert!(far > minutes && far < minutes + 6.0, "{scenario}: {far}");
    }
    assert_eq!(desk.edit("{ facilities { totalCount } }", &Value::Null)["facilities"]["totalCount"], 2);

    // The command line accepts the scenario by key.
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(["coverage", "--kinds", "rider_rest_stop", "--minutes", "5", "--group", "new_employment", "--json"])
            .args(arguments)
            .env("WALKSHED_DATA", desk.folder.path())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let covered = |output: &str| serde_json::from_str::<Value>(output).unwrap()["covered"].clone();
    assert_eq!(covered(&run(&[]).1), 20.0);
    assert_eq!(covered(&run(&["--scenario", "to-the-gate"]).1), 170.0);
    let compared = Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args([
            "compare",
            "--scenario",
            "to-the-gate",
            "--kinds",
            "rider_rest_stop",
            "--minutes",
            "5",
            "--group",
            "new_employment",
        ])
        .args(["--out", "gains.csv"])
        .env("WALKSHED_DATA", desk.folder.path())
        .current_dir(desk.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(compared.stdout).unwrap();
    assert!(
        said.starts_with("100.0 % of 170 people are covered, 11.8 % before: 150 gain, 0 lose, 150 nearer, 0 farther"),
        "{said}"
    );
    assert!(said.contains("  group new_employment: 150 gain, 0 lose"), "{said}");
    let mut rows = csv::Reader::from_path(desk.folder.path().join("gains.csv")).unwrap();
    let gained =
        rows.records().map(|r| r.unwrap()).map(|r| r[3].parse::<f64>().unwrap() - r[2].parse::<f64>().unwrap());
    assert_eq!(gained.sum::<f64>(), 150.0);
    // Compared with itself, nothing changes.
    let same = Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args([
            "compare",
            "--before",
            "to-the-gate",
            "--scenario",
            "to-the-gate",
            "--kinds",
            "rider_rest_stop",
            "--json",
        ])
        .env("WALKSHED_DATA", desk.folder.path())
        .output()
        .unwrap();
    let same: Value = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!((&same["gained"], &same["nearer"], &same["before"]), (&json!(0.0), &json!(0.0), &same["after"]));
    let (succeeded, why) = run(&["--scenario", "to-the-moon"]);
    assert!(!succeeded && why.contains("unknown scenario. Available: to-the-gate"), "{why}");
}

/// With any argument omitted, the comparison is useful or the error says what to write.
#[test]
fn comparison_requires_only_a_scenario() {
    let desk = ServerWithTokens::over(estate(), ServerOptions::default());
    let compared = |arguments: &str| {
        let query = format!(
            "{{ compareScenarios{arguments} {{ scenarioBefore {{ key }} scenarioAfter {{ key }} before {{ limit total {{ people covered }} }}
                after {{ total {{ covered }} }} balance {{ gained lost nearer farther }}
                byCategory {{ category before {{ covered }} after {{ covered }} balance {{ gained lost nearer farther }} }} }} }}"
        );
        desk.ask(Role::Reader, &query, &Value::Null)
    };
    let why = |found: &Value| {
        assert_eq!(found["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{found}");
        found["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let run = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .arg("compare")
            .args(arguments)
            .env("WALKSHED_DATA", desk.folder.path())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.status.success(), text(done.stdout) + &text(done.stderr))
    };
    // Without a scenario there is nothing to compare.
    let none = why(&compared(""));
    assert!(
        none.contains("after: null names no scenario, and none exists yet") && none.contains("createScenario"),
        "{none}"
    );
    let (succeeded, said) = run(&[]);
    assert!(!succeeded && said.contains("none exists yet"), "{said}");

    let known = desk.edit("{ facilities { nodes { id } } }", &Value::Null);
    let stop = &known["facilities"]["nodes"][0]["id"];
    let moved = json!({"moveFacility": {"facility": stop, "position": point(2400.0, 1600.0)}});
    desk.edit(CREATE, &json!({"i": {"key": "gate", "name": "gate", "changes": [moved]}}));
    let message = why(&compared(""));
    assert_eq!(message, "after: null names no scenario. Available: gate. Example: compareScenarios(after: \"gate\")");
    let message = why(&compared("(need: {category: EMPLOYMENT})"));
    assert!(message.contains("after: \"gate\""), "{message}");

    // All seven categories within 15 minutes: nobody has all of them, before or after. Only one category changes.
    let found = compared("(after: \"gate\")")["data"]["compareScenarios"].clone();
    assert_eq!((&found["scenarioBefore"], &found["before"]["limit"]), (&Value::Null, &json!(15.0)));
    assert_eq!(found["before"]["total"], json!({"people": 2300.0, "covered": 0.0}));
    assert_eq!(found["balance"], json!({"gained": 0.0, "lost": 0.0, "nearer": 0.0, "farther": 0.0}));
    let categories = found["byCategory"].as_array().unwrap();
    assert_eq!(categories.len(), 7);
    for category in categories {
        let (before, after) =
            (category["before"]["covered"].as_f64().unwrap(), category["after"]["covered"].as_f64().unwrap());
        let balance = &category["balance"];
        assert_eq!(after - before, balance["gained"].as_f64().unwrap() - balance["lost"].as_f64().unwrap());
        let changes = category["category"] == "EMPLOYMENT";
        assert_eq!(balance["nearer"], if changes { 1600.0 } else { 0.0 }, "{category}");
        assert!(changes || after == 0.0);
    }
    // The reverse comparison shows what is lost without the scenario.
    let back = compared("(before: \"gate\")")["data"]["compareScenarios"].clone();
    assert_eq!((&back["scenarioBefore"]["key"], &back["scenarioAfter"]), (&json!("gate"), &Value::Null));
    let employment = |found: &Value| {
        found["byCategory"].as_array().unwrap().iter().find(|c| c["category"] == "EMPLOYMENT").unwrap()["balance"]
            .clone()
    };
    assert_eq!(employment(&back)["farther"], 1600.0);
    // A need of one category has exactly that category.
    let one =
        compared("(after: \"gate\", need: {category: EMPLOYMENT, minutes: 5})")["data"]["compareScenarios"].clone();
    assert_eq!(one["byCategory"].as_array().unwrap().len(), 1);
    assert_eq!((&one["balance"]["gained"], employment(&one)["gained"].as_f64()), (&json!(1600.0), Some(1600.0)));
    assert_eq!(compared("(after: \"gate\", need: {})")["data"]["compareScenarios"], found);
    let refused = why(&compared("(after: \"gate\", capacity: true)"));
    assert!(refused.contains("one category, kinds or one service"), "{refused}");
    let unknown = compared("(after: \"moon\")");
    assert_eq!(unknown["errors"][0]["extensions"]["code"], "NOT_FOUND", "{unknown}");

    // The command line gives the same results.
    let (succeeded, said) = run(&[]);
    assert!(
        !succeeded && said.contains("names no scenario. Available: gate. Example: walkshed compare --scenario gate"),
        "{said}"
    );
    let (succeeded, said) = run(&["--scenario", "gate"]);
    assert!(succeeded && said.starts_with("0.0 % of 2300 people are covered, 0.0 % before"), "{said}");
    let line = said.lines().find(|l| l.contains(Category::Employment.english())).unwrap();
    assert!(line.ends_with("1600 nearer, 300 farther"), "{said}");
    let (succeeded, said) = run(&["--before", "gate", "--json"]);
    let value: Value = serde_json::from_str(&said).unwrap();
    let employment = value["categories"].as_array().unwrap().iter().find(|c| c["name"] == "employment").unwrap();
    assert!(succeeded && employment["farther"] == 1600.0, "{said}");
}

#[test]
fn scenarios_can_be_created_updated_and_deleted() {
    let desk = ServerWithTokens::over(estate(), ServerOptions::default());
    let footbridge = json!({"addStreet": {"kind": "FOOTBRIDGE", "line": [point(1000.0, 1000.0), point(1900.0, 1900.0)], "name": "天桥"}});
    let closed = json!({"closeStreet": {"at": point(550.0, 500.0), "kind": "STREET"}});
    let input = |key: &str, changes: &Value| json!({"i": {"key": key, "name": "天桥", "changes": changes}});
    // Readers may query scenarios, but not create them.
    let refused = desk.ask(Role::Reader, CREATE, &input("s", &json!([footbridge])));
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let made = desk.edit(CREATE, &input("bridge", &json!([footbridge, closed])))["createScenario"].clone();
    assert_eq!(made["userErrors"], json!([]), "{made}");
    let changes = made["scenario"]["changes"].as_array().unwrap();
    assert_eq!(changes[0]["kind"], "ADD_STREET");
    assert!((changes[0]["street"]["lengthM"].as_f64().unwrap() - 1272.8).abs() < 1.0, "{made}");
    assert!((changes[1]["street"]["lengthM"].as_f64().unwrap() - 100.0).abs() < 0.5, "{made}");

    // Errors name the invalid change; nothing is stored.
    for (changes, why) in [
        (
            json!([footbridge, {"addStreet": {"kind": "LIFT", "line": [point(0.0, 0.0), point(-900.0, 0.0)]}}]),
            "changes [1]: the end of the line",
        ),
        (json!([{"addStreet": {"kind": "LIFT", "line": [point(0.0, 0.0)]}}]), "changes [0]: line has 1 positions"),
        (
            json!([{"closeStreet": {"at": point(550.0, 500.0), "kind": "LIFT"}}]),
            "changes [0]: there is no lift within 50 m",
        ),
        (json!([{"close": "nonsense"}]), "changes [0]: is not the id of a facility or center"),
        (json!([{"openFacility": made["scenario"]["id"]}]), "changes [0]: is not the id of an existing facility"),
        (
            json!([{"moveFacility": {"facility": "RmFjaWxpdHk6OTk", "position": point(0.0, 0.0)}}]),
            "changes [0]: names a facility that does not exist",
        ),
        (
            json!([{"setHours": {"of": "RmFjaWxpdHk6MQ", "openingHours": "always"}}]),
            "changes [0]: opening_hours \"always\"",
        ),
        (
            json!([{"addFacility": {"name": "", "category": "EMPLOYMENT", "position": {"lon": 29.5, "lat": 106.5}}}]),
            "changes [0]: position latitude 106.5",
        ),
    ] {
        let reply = desk.edit(CREATE, &input("wrong", &changes))["createScenario"].clone();
        assert_eq!(reply["scenario"], Value::Null, "{changes}");
        let message = reply["userErrors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with(why), "{message}");
    }
    let taken = desk.edit(CREATE, &input("bridge", &json!([])))["createScenario"]["userErrors"][0].clone();
    assert_eq!((&taken["field"], &taken["code"]), (&json!("key"), &json!("TAKEN")));

    let id = &made["scenario"]["id"];
    let update = json!({"i": {"id": id, "version": 1, "nameEn": "Footbridge", "changes": [footbridge]}});
    let updated = desk.edit(UPDATE, &update)["updateScenario"].clone();
    assert_eq!(updated["scenario"]["version"], 2, "{updated}");
    assert_eq!(updated["scenario"]["changes"].as_array().unwrap().len(), 1);
    assert_eq!(desk.edit(UPDATE, &update)["updateScenario"]["userErrors"][0]["code"], "CONFLICT");
    let listed =
        desk.edit("{ scenarios { totalCount nodes { key nameEn } } scenario(key: \"bridge\") { id } }", &Value::Null);
    assert_eq!(listed["scenarios"], json!({"totalCount": 1, "nodes": [{"key": "bridge", "nameEn": "Footbridge"}]}));
    let node = desk.edit("query($id: ID!) { node(id: $id) { id __typename } }", &json!({"id": id}));
    assert_eq!(node["node"]["__typename"], "Scenario");

    // The route uses the bridge only in the scenario.
    let route_metres = |scenario: &str| {
        let query = format!(
            "query($a: PlaceInput!, $b: PlaceInput!) {{ route(from: $a, to: $b{scenario}) {{ metres }} travelTimes(origins: [$a], destinations: [$b]{scenario}) {{ minutes }} }}"
        );
        let ends = json!({"a": {"point": point(1000.0, 1000.0)}, "b": {"point": point(1900.0, 1900.0)}});
        desk.edit(&query, &ends)["route"]["metres"].as_f64().unwrap()
    };
    assert!(route_metres("") > 1700.0 && route_metres(", scenario: \"bridge\"") < 1300.0);
    let unknown = desk.ask(Role::Reader, "{ coverage(scenario: \"nowhere\") { limit } }", &Value::Null);
    assert_eq!(unknown["errors"][0]["extensions"]["code"], "NOT_FOUND");

    let delete = "mutation($i: DeleteInput!) { deleteScenario(input: $i) { deletedId userErrors { code } } }";
    let gone = desk.edit(delete, &json!({"i": {"id": id, "version": 2}}));
    assert_eq!(gone["deleteScenario"]["deletedId"], *id);
    let audit = desk.ask(Role::Admin, "{ auditLog(kind: SCENARIO) { action key } }", &Value::Null);
    let entry = |action: &str| json!({"action": action, "key": "bridge"});
    assert_eq!(audit["data"]["auditLog"], json!([entry("delete"), entry("update"), entry("create")]));
}

/// A scenario reports a problem after something it changes has been deleted.
#[test]
fn stale_scenarios_report_the_missing_record() {
    let desk = ServerWithTokens::over(estate(), ServerOptions::default());
    let stops = desk.edit("{ facilities { nodes { id version } } }", &Value::Null);
    let stop = &stops["facilities"]["nodes"][1];
    let input = json!({"i": {"key": "more", "name": "扩容", "changes": [
        {"setCapacity": {"facility": stop["id"], "capacity": 40}},
        {"addFacility": {"name": "新驿站", "category": "EMPLOYMENT", "kind": "骑手驿站", "position": point(2400.0, 1600.0), "openingHours": "24/7"}},
    ]}});
    let made = desk.edit(CREATE, &input)["createScenario"].clone();
    assert_eq!(made["userErrors"], json!([]));
    let query =
        "{ coverage(need: {kinds: [\"rider_rest_stop\"], minutes: 5}, scenario: \"more\") { total { covered } } }";
    assert_eq!(desk.edit(query, &Value::Null)["coverage"]["total"]["covered"], 2000.0);
    // The id of a facility added by a scenario is valid only in that scenario.
    let changes = "{ scenario(key: \"more\") { changes { facility { id name capacity kind } } } }";
    let new = desk.edit(changes, &Value::Null)["scenario"]["changes"][1]["facility"].clone();
    assert_eq!((&new["name"], &new["kind"]), (&json!("新驿站"), &json!("rider_rest_stop")));
    let reach =
        "query($of: PlaceInput!, $s: ID) { catchment(of: $of, minutes: 5, scenario: $s) { people exclusivePeople } }";
    let of = json!({"facility": new["id"]});
    let found = desk.edit(reach, &json!({"of": of, "s": "more"}));
    assert_eq!(found["catchment"], json!({"people": 1600.0, "exclusivePeople": 1600.0}));
    assert_eq!(desk.edit(reach, &json!({"of": of, "s": null}))["catchment"], Value::Null);

    let delete = "mutation($i: DeleteInput!) { deleteFacility(input: $i) { deletedId userErrors { code } } }";
    let gone = desk.edit(delete, &json!({"i": {"id": stop["id"], "version": stop["version"]}}));
    assert_eq!(gone["deleteFacility"]["userErrors"], json!([]));
    let reply = desk.ask(Role::Reader, query, &Value::Null);
    assert_eq!(reply["errors"][0]["extensions"]["code"], "STALE");
    let why = "scenario: the scenario \"more\" cannot be applied to the current data: changes[0] names a facility that does not exist; correct it with updateScenario";
    assert_eq!(reply["errors"][0]["message"], why);
    let reply = desk.edit("{ scenario(key: \"more\") { problem } }", &Value::Null);
    assert!(reply["scenario"]["problem"].as_str().unwrap().contains("changes[0]"));
}

/// Returns the results of all analyses as text.
fn all_results(world: &World) -> Vec<String> {
    let network = world.network().unwrap();
    let mut all = Vec::new();
    let health = FacilityCriteria { categories: vec![Category::HealthCare], ..FacilityCriteria::default() };
    for profile in [Profile::Adult, Profile::Wheelchair, Profile::Bicycle] {
        let travel = Travel { profile, direction: Direction::Towards };
        let question = |need: Need| Question { need, travel, region: None, group: "all".into(), with_capacity: false };
        for need in [
            Need::all_categories(6.0),
            Need::single(health.clone(), Measure::Metres, 300.0),
            Need { min_count: 2, ..Need::single(health.clone(), Measure::Minutes, 5.0) },
        ] {
            let found = coverage(world, network, question(need)).unwrap();
            all.push(format!("{:?} {:?}", found.total, found.cells));
        }
        let one = Need::single(health.clone(), Measure::Minutes, 5.0);
        let full = Question { with_capacity: true, ..question(one.clone()) };
        all.push(format!("{:?}", coverage(world, network, full).unwrap().cells));
        let measure = AccessMeasure::Gravity(Decay::Gaussian { sigma: 3.0 });
        all.push(format!(
            "{:?}",
            surface(world, network, question(one.clone()), &measure, Offered::Count).unwrap().cells
        ));
        let search = SiteSearch::new(Objective::MaxCover, 3);
        let sites = suggest_sites(world, network, &question(one), &search, &Candidates::Cells).unwrap();
        all.push(format!("{:?}", sites.list));
        let demand = Demand::of(&world.register, "all").unwrap();
        for facility in world.register.facilities.iter().take(5) {
            let found = catchment(world, network, Host::Facility(facility.id), travel, 5.0, &demand);
            all.push(found.map_or_else(
                |e| e.to_string(),
                |c| c.map_or_else(String::new, |c| format!("{} {} {:?}", c.people, c.exclusive, c.overlaps)),
            ));
        }
        let home = world.register.population[3].cell;
        if let Ok(place) = SnappedPoint::new(network, walkshed_engine::geo::cell_centre(home), profile) {
            for direction in Direction::ALL {
                let query = NearbyQuery {
                    place: &place,
                    profile,
                    direction,
                    limit: Deciseconds::from_minutes(10.0),
                    criteria: &FacilityCriteria::default(),
                    from: None,
                    first: 100,
                    with_stats: true,
                    with_total: true,
                };
                all.push(format!("{:?}", nearby(world, network, &query)));
            }
        }
    }
    all
}

fn scenario(world: &World, r: &mut Random) -> Scenario {
    let network = world.network().unwrap();
    let mut changes = Vec::new();
    for n in 0..8 {
        let facility = 1 + r.below(60) as i64;
        let at = random_point(network, r);
        changes.push(match r.below(if n < 3 { 8 } else { 6 }) {
            0 => Change::Open { facility },
            1 => Change::Close { place: Host::Facility(facility) },
            2 => Change::Move { facility, position: at.into() },
            3 => Change::Capacity { facility, capacity: r.below(500) as f64 },
            4 => Change::Hours { place: Host::Facility(facility), opening_hours: Some("24/7".into()) },
            5 => Change::Add(NewFacility {
                name: "新".into(),
                name_en: None,
                category: Category::HealthCare,
                kind: None,
                position: at.into(),
                opening_hours: None,
                capacity: Some(300.0),
                audiences: Vec::new(),
                step_free: None,
                services: Vec::new(),
            }),
            6 => Change::Street(StreetChange::Close { at: at.into(), kind: None }),
            _ => {
                let line = vec![at.into(), at.lerp(random_point(network, r), 0.3).into()];
                Change::Street(StreetChange::Add { kind: StreetKind::Footpath, line, name: None })
            }
        });
    }
    Scenario { id: 1, version: 1, changes, ..Scenario::new("s".into(), "s".into()) }
}

/// A scenario shares layers and cached results with the original city; this must not affect its results.
#[test]
fn scenario_equals_the_city_with_its_changes_made() {
    let mut street_scenarios = 0;
    for seed in 0..4 {
        let world = random_world(seed + 300);
        let before = all_results(&world);
        let mut r = Random(seed);
        for _ in 0..5 {
            let scenario = scenario(&world, &mut r);
            // Invalid street changes are tested elsewhere.
            let Ok(changed_world) = apply_scenario(&world, &scenario) else { continue };
            let (done, streets) = scenario.resolve_changes(&world.register).unwrap();
            street_scenarios += usize::from(!streets.is_empty());
            let register: Register = world.register.with_edits(9, &done);
            let streets: Vec<StreetChange> = streets.into_iter().map(|s| s.1).collect();
            let network = world.network().unwrap().with_changes(&streets).unwrap().0;
            let made = World::from_register(Ok(Arc::new(network)), register);
            for (a, b) in all_results(&changed_world).iter().zip(&all_results(&made)) {
                assert_eq!(a, b, "seed {seed}, {:?}", scenario.changes);
            }
            assert_eq!(all_results(&world), before, "the original city is unchanged");
        }
    }
    assert!(street_scenarios > 5, "{street_scenarios}");
}

#[test]
fn gains_and_losses_add_up() {
    let mut changed = 0;
    for seed in 0..4 {
        let world = random_world(seed + 400);
        let mut r = Random(seed + 20);
        for _ in 0..4 {
            let Ok(changed_world) = apply_scenario(&world, &scenario(&world, &mut r)) else { continue };
            let need = Need::single(
                FacilityCriteria { categories: vec![Category::HealthCare], ..FacilityCriteria::default() },
                Measure::Minutes,
                4.0,
            );
            let question =
                Question { need, travel: Travel::default(), region: None, group: "all".into(), with_capacity: false };
            let found = compare(&world, &changed_world, &question).unwrap();
            let total = found.total();
            assert_eq!(found.after.total.covered - found.before.total.covered, total.gained - total.lost);
            changed += usize::from(total != Balance::default());
            let sum = |change| found.cells(change).iter().fold(0.0, |sum, c| sum + c.1);
            assert_eq!(sum(Becomes::Gained), total.gained);
            assert_eq!(sum(Becomes::Lost), total.lost);
            assert_eq!(sum(Becomes::Nearer), total.nearer);
            assert_eq!(sum(Becomes::Farther), total.farther);
            let regions = found.by_region(&changed_world.register);
            assert_eq!(regions.iter().fold(0.0, |sum, r| sum + r.balance.gained), total.gained);
            assert_eq!(found.by_group(&changed_world.register)[0].balance, total);
            // In the reverse comparison, gains are losses.
            let back = compare(&changed_world, &world, &question).unwrap().total();
            assert_eq!(
                (back.gained, back.lost, back.nearer, back.farther),
                (total.lost, total.gained, total.farther, total.nearer)
            );
            let text: Value = serde_json::from_str(&changes_geojson(&found, "ours")).unwrap();
            let of = |key: &str| {
                text["features"].as_array().unwrap().iter().fold(0.0, |s, f| s + f["properties"][key].as_f64().unwrap())
            };
            assert_eq!((of("gained"), of("lost")), (total.gained, total.lost));
        }
    }
    assert!(changed > 5, "{changed}");
}

/// Scenarios survive a restart and are part of backups.
#[test]
fn scenarios_survive_restart_and_backup() {
    let folder = estate();
    let file = folder.path().join("copy.db");
    let stored = |folder: &Path| {
        let server = crate::support::http::Server::start(folder, ServerOptions::default());
        let query = "{ scenarios { nodes { key changes { kind } } } }";
        let found = server.query(query, &Value::Null).json();
        server.stop();
        found["data"]["scenarios"]["nodes"].clone()
    };
    crate::support::register::block_on(async {
        let store = crate::support::register::open(folder.path()).await;
        let changes = vec![Change::Close { place: Host::Facility(1) }];
        let scenario = Scenario { changes, ..Scenario::new("less".into(), "少一个".into()) };
        let edition = walkshed_store::ChangeSet {
            edits: vec![walkshed_register::Edit::Put(scenario.into())],
            actor: "test".into(),
            at: "2026-11-25T00:00:00Z".into(),
            ..Default::default()
        };
        store.edit(&edition).await.unwrap();
        store.backup(&file).await.unwrap();
    });
    let expected = json!([{"key": "less", "changes": [{"kind": "CLOSE"}]}]);
    assert_eq!(stored(folder.path()), expected);
    let other = tempfile::tempdir().unwrap();
    crate::support::register::block_on(async {
        crate::support::register::open(other.path()).await.restore(&file, "test").await.unwrap();
    });
    assert_eq!(stored(other.path()), expected);
}

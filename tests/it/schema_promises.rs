//! Guarantees of schema descriptions that were once violated.

use crate::support::server_with_tokens::ServerWithTokens;
use serde_json::{Value, json};
use walkshed_register::Role;

fn ask(desk: &ServerWithTokens, query: &str) -> Value {
    desk.ask(Role::Reader, query, &json!({}))
}

#[test]
fn errors_in_nullable_fields_leave_the_rest_of_the_response() {
    let desk = ServerWithTokens::small();
    for (query, data, code) in [
        (
            "{ viewer { role } catchment(of: {center: \"500106013999\"}) { minutes } }",
            json!({ "viewer": { "role": "READER" }, "catchment": null }),
            None,
        ),
        ("{ catchment(of: {facility: \"x\"}) { minutes } }", json!({ "catchment": null }), None),
        ("{ viewer { role } jobs { id } }", json!({ "viewer": { "role": "READER" }, "jobs": null }), Some("FORBIDDEN")),
        ("{ tokens { name } auditLog { actor } }", json!({ "tokens": null, "auditLog": null }), Some("FORBIDDEN")),
        ("{ job(id: \"nobody\") { id } }", json!({ "job": null }), None),
        (
            "{ viewer { role } catchment(of: {point: {lon: 106, lat: 29}}) { minutes } }",
            json!({ "viewer": { "role": "READER" }, "catchment": null }),
            Some("BAD_USER_INPUT"),
        ),
    ] {
        let answer = ask(&desk, query);
        assert_eq!(answer["data"], data, "{query}: {answer}");
        let codes: Vec<&str> = answer["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|e| e["extensions"]["code"].as_str())
            .collect();
        assert!(codes.iter().all(|c| Some(*c) == code) && codes.is_empty() == code.is_none(), "{query}: {answer}");
    }
}

#[test]
fn standards_are_nodes() {
    let desk = ServerWithTokens::small();
    let standards = ask(&desk, "{ standards { id key } }")["data"]["standards"].clone();
    for standard in standards.as_array().unwrap() {
        let query = format!("{{ node(id: {}) {{ id ... on Standard {{ key }} }} }}", standard["id"]);
        assert_eq!(ask(&desk, &query)["data"]["node"], *standard);
    }
    let create = "mutation($i: CreateStandardInput!) { createStandard(input: $i) { standard { id key } userErrors { message } } }";
    let input = json!({ "i": { "key": "ours", "name": "我们", "nameEn": "Ours", "source": "us", "requirements": [
        { "key": "care", "name": "医疗", "nameEn": "Care", "category": "HEALTH_CARE", "minutes": 15 } ] } });
    let made = desk.edit(create, &input)["createStandard"]["standard"].clone();
    let query = format!("{{ node(id: {}) {{ id ... on Standard {{ key }} }} }}", made["id"]);
    assert_eq!(ask(&desk, &query)["data"]["node"], made);
}

#[test]
fn updates_without_changes_return_the_record() {
    let desk = ServerWithTokens::small();
    let center = ask(&desk, "{ center(code: \"500106013004\") { id version name } }")["data"]["center"].clone();
    let update = "mutation($i: UpdateCenterInput!) { updateCenter(input: $i) { center { id version name } userErrors { code } } }";
    let input = json!({ "i": { "id": center["id"], "version": center["version"], "name": center["name"] } });
    assert_eq!(desk.edit(update, &input)["updateCenter"], json!({ "center": center, "userErrors": [] }));
}

#[test]
fn stores_the_geometry_of_an_outline_given_as_feature() {
    let desk = ServerWithTokens::small();
    let geometry =
        json!({ "type": "Polygon", "coordinates": [[[106.0, 29.0], [106.1, 29.0], [106.1, 29.1], [106.0, 29.0]]] });
    let feature = json!({ "type": "Feature", "properties": { "a": 1 }, "geometry": geometry });
    let create =
        "mutation($i: CreateRegionInput!) { createRegion(input: $i) { region { outline } userErrors { message } } }";
    let made = desk.edit(create, &json!({ "i": { "code": "500199", "name": "x", "outline": feature } }));
    assert_eq!(made["createRegion"]["region"]["outline"], geometry, "{made}");
}

#[test]
fn rejects_invalid_scalars_before_execution() {
    let desk = ServerWithTokens::small();
    for (query, form) in [
        (
            "{ center(code: \"500106013004\") { isOpen(at: \"tomorrow\") } }",
            "\"tomorrow\" is not a moment such as 2026-11-23T08:00:00Z",
        ),
        ("{ nearby(from: {cell: \"zz\"}) { totalCount } }", "\"zz\" is not an H3 cell"),
        (
            "{ underusedCenters(from: \"2026-13-01\") { nodes { center { name } } } }",
            "\"2026-13-01\" is not of the form 2026-11-25",
        ),
    ] {
        let answer = ask(&desk, query);
        assert_eq!(answer.get("data"), None, "{answer}");
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
        assert!(error["message"].as_str().unwrap().contains(form), "{answer}");
    }
    // Fields before the invalid value are not executed either: a request is never executed in part.
    let text = "mutation($i: CreateEventInput!) { a: submitSuggestion(input: {text: \"x\", center: \"500106013004\"}) { suggestion { id } } createEvent(input: $i) { userErrors { code } } }";
    let answer =
        desk.ask(Role::Editor, text, &json!({ "i": { "name": "x", "starts": "noon", "durationMinutes": 60 } }));
    assert_eq!(answer.get("data"), None, "{answer}");
    assert_eq!(ask(&desk, "{ suggestions { totalCount } }")["data"]["suggestions"]["totalCount"], 0);
}

#[test]
fn fields_selected_twice_run_once() {
    let desk = ServerWithTokens::small();
    let count = || ask(&desk, "{ suggestions { totalCount } }")["data"]["suggestions"]["totalCount"].clone();
    let one = "submitSuggestion(input: {text: \"x\", center: \"Q2VudGVyOjE\"})";
    for mutation in [
        format!(
            "mutation {{ ...A ...B }} fragment A on Mutation {{ {one} {{ suggestion {{ id }} }} }} fragment B on Mutation {{ {one} {{ suggestion {{ text }} }} }}"
        ),
        format!("mutation {{ {one} {{ suggestion {{ id }} }} {one} {{ suggestion {{ text }} }} }}"),
        format!("mutation {{ {one} {{ suggestion {{ id }} }} ... {{ {one} {{ suggestion {{ text }} }} }} }}"),
    ] {
        let before = count().as_u64().unwrap();
        let answer = ask(&desk, &mutation);
        assert_eq!(count(), before + 1, "{mutation}");
        let suggestion = &answer["data"]["submitSuggestion"]["suggestion"];
        assert_eq!(suggestion["text"], "x", "{answer}");
        assert!(suggestion["id"].is_string(), "{answer}");
    }
    // An error in one of the selections makes their common parent null.
    let failing = "usage(from: \"2026-01-01\", to: \"1999-01-01\") { __typename }";
    for query in [
        format!(
            "{{ center(code: \"500106013004\") {{ name }} ...F }} fragment F on Query {{ center(code: \"500106013004\") {{ code {failing} }} }}"
        ),
        format!(
            "{{ ...F center(code: \"500106013004\") {{ name }} }} fragment F on Query {{ center(code: \"500106013004\") {{ code {failing} }} }}"
        ),
    ] {
        assert_eq!(ask(&desk, &query)["data"], json!({ "center": null }), "{query}");
    }
    let conflicting = "{ center(code: \"500106013004\") { name } center(code: \"500106013005\") { name } }";
    assert_eq!(ask(&desk, conflicting).get("data"), None);
}

#[test]
fn invalid_arguments_do_not_affect_other_mutations() {
    let desk = ServerWithTokens::small();
    let suggest = "submitSuggestion(input: {text: \"x\", center: \"Q2VudGVyOjE\"}) { suggestion { text } }";
    for wrong in [
        "createEvent(input: {name: \"e\", externalId: \"e\", at: {center: \"Q2VudGVyOjE\"}, starts: \"2026-01-01T08:00:00\", durationMinutes: -5}) { event { id } }",
        "recordVisits(input: {center: \"Q2VudGVyOjE\", day: \"2026-01-01\", counts: [{hour: 300, count: 1}]}) { visits { day } }",
        "updateCenter(input: {id: \"Q2VudGVyOjE\", version: 1, residentsServed: -1}) { center { id } }",
    ] {
        let mutation = format!("mutation {{ a: {suggest} b: {wrong} c: {suggest} }}");
        let answer = desk.ask(Role::Editor, &mutation, &json!({}));
        let done = json!({ "suggestion": { "text": "x" } });
        assert_eq!(answer["data"], json!({ "a": done, "b": null, "c": done }), "{answer}");
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[0]["path"]), (1, &json!(["b"])), "{answer}");
        assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    }
}

#[test]
fn custom_scalars_have_description_and_specification() {
    let sdl = walkshed_graphql::Api::new(walkshed_graphql::Limits::default()).sdl();
    let lines: Vec<&str> = sdl.lines().collect();
    let scalars: Vec<usize> = (0..lines.len()).filter(|&i| lines[i].starts_with("scalar ")).collect();
    assert!(scalars.len() >= 7, "{scalars:?}");
    for i in scalars {
        assert!(lines[i].contains("@specifiedBy(url: \"https://"), "{}", lines[i]);
        assert_eq!(lines[i - 1], "\"\"\"", "{}", lines[i]);
    }
}

#[test]
fn deprecated_fields_equal_their_replacements() {
    let desk = ServerWithTokens::small();
    let import = "mutation($i: ImportInput!) { importRecords(input: $i) { refused { reason why } } }";
    let csv = "code,name,lon,lat\n500113003010,x,106.52,\n";
    let reply = desk.edit(import, &json!({ "i": { "kind": "CENTERS", "format": "CSV", "content": csv } }));
    let row = &reply["importRecords"]["refused"][0];
    assert!(row["reason"].is_string(), "{reply}");
    assert_eq!(row["why"], row["reason"], "{reply}");
    let query = "{ dataset { streets { cutOff {
        peopleWithoutExit peopleWithoutWayOut facilitiesWithoutExit facilitiesWithoutWayOut } } } }";
    let reply = ask(&desk, query);
    let cut_off = &reply["data"]["dataset"]["streets"]["cutOff"];
    assert!(cut_off["peopleWithoutExit"].is_number() && cut_off["facilitiesWithoutExit"].is_number(), "{reply}");
    assert_eq!(cut_off["peopleWithoutWayOut"], cut_off["peopleWithoutExit"], "{reply}");
    assert_eq!(cut_off["facilitiesWithoutWayOut"], cut_off["facilitiesWithoutExit"], "{reply}");
}

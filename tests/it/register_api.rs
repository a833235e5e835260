//! Mutations over HTTP: effects, permissions, conflicts, confidential data.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::register::facts;
use crate::support::server_with_tokens::ServerWithTokens;
use serde_json::{Value, json};
use walkshed::server::ServerOptions;
use walkshed_register::{Demonstration, Role};
use walkshed_store::Store;

const JSON: (&str, &str) = ("Content-Type", "application/json");

const CREATE_CENTER: &str = "mutation($i: CreateCenterInput!) { createCenter(input: $i) {
    center { id version code name openShare openingHours funding { source share } } userErrors { field code message } } }";
const UPDATE_CENTER: &str = "mutation($i: UpdateCenterInput!) { updateCenter(input: $i) {
    center { id version name phone openShare } userErrors { field code message } } }";

fn point(x: f64, y: f64) -> Value {
    let p = city::position(x, y);
    json!({"lon": p.lon(), "lat": p.lat()})
}

fn new_center(code: &str) -> Value {
    json!({"code": code, "name": "龙苑", "position": point(500.0, 500.0), "openShare": 0.85,
           "openingHours": "Mo-Fr 09:00-18:00; PH off", "funding": [{"source": "society", "share": 0.43}]})
}

#[test]
fn creates_updates_and_deletes_every_type() {
    let desk = ServerWithTokens::small();
    let created = desk.edit(CREATE_CENTER, &json!({"i": new_center("500113003009")}));
    let center = &created["createCenter"]["center"];
    assert_eq!((&center["version"], &center["openShare"]), (&json!(1), &json!(0.85)));
    let center_id = center["id"].clone();

    // Omitted fields keep their value, null clears them.
    let update = json!({"i": {"id": center_id, "version": 1, "name": "龙苑社区", "phone": "023", "openShare": null}});
    let updated = desk.edit(UPDATE_CENTER, &update);
    assert_eq!(
        updated["updateCenter"]["center"],
        json!({"id": center_id, "version": 2, "name": "龙苑社区", "phone": "023", "openShare": null})
    );
    assert_eq!(updated["updateCenter"]["userErrors"], json!([]));
    let kept = desk.edit("{ center(code: \"500113003009\") { openingHours } }", &Value::Null);
    assert_eq!(kept["center"]["openingHours"], "Mo-Fr 09:00-18:00; PH off");

    let facility = desk.edit(
        "mutation($i: CreateFacilityInput!) { createFacility(input: $i) { facility { id version kind category center { name } } userErrors { field } } }",
        &json!({"i": {"externalId": "n-1", "name": "食堂", "category": "LIFE_SERVICES", "kind": "社区食堂", "position": point(500.0, 510.0),
                      "center": "500113003009", "audiences": ["ELDERLY"], "capacity": 60, "capacityUnit": "seats"}}),
    );
    let facility = &facility["createFacility"]["facility"];
    assert_eq!((&facility["kind"], &facility["center"]["name"]), (&json!("canteen"), &json!("龙苑社区")));
    let facility_id = facility["id"].clone();

    let service = desk.edit(
        "mutation { createService(input: {key: \"meal\", name: \"助餐\", category: ELDERLY_CARE, fee: LOW_COST, audiences: [ELDERLY]}) {
           service { id fee } userErrors { field } } }",
        &Value::Null,
    );
    let service_id = service["createService"]["service"]["id"].clone();
    let renamed = desk.edit(
        "mutation($i: UpdateServiceInput!) { updateService(input: $i) { service { name version } } }",
        &json!({"i": {"id": service_id, "version": 1, "name": "老年助餐"}}),
    );
    assert_eq!(renamed["updateService"]["service"], json!({"name": "老年助餐", "version": 2}));

    let offer = desk.edit(
        "mutation($i: CreateOfferInput!) { createOffer(input: $i) { offer { id service { name } facility { name } isOpen(at: \"2026-11-25T03:30:00Z\") } userErrors { field } } }",
        &json!({"i": {"service": service_id, "at": {"facility": facility_id}, "openingHours": "11:00-13:00"}}),
    );
    let offer = &offer["createOffer"]["offer"];
    assert_eq!((&offer["service"]["name"], &offer["isOpen"]), (&json!("老年助餐"), &json!(true)));
    let offer_id = offer["id"].clone();
    let changed = desk.edit(
        "mutation($i: UpdateOfferInput!) { updateOffer(input: $i) { offer { itemCount openingHours version } } }",
        &json!({"i": {"id": offer_id, "version": 1, "itemCount": 2}}),
    );
    assert_eq!(changed["updateOffer"]["offer"], json!({"itemCount": 2, "openingHours": "11:00-13:00", "version": 2}));

    let event = desk.edit(
        "mutation($i: CreateEventInput!) { createEvent(input: $i) { event { id services { key } nextOccurrence(at: \"2026-11-25T00:00:00Z\") { localStart } } userErrors { field message } } }",
        &json!({"i": {"externalId": "e-1", "name": "集市", "at": {"center": center_id}, "starts": "2026-01-25T09:00:00", "durationMinutes": 180,
                      "rrule": "FREQ=MONTHLY;BYMONTHDAY=25", "services": [service_id]}}),
    );
    let event = &event["createEvent"]["event"];
    assert_eq!(event["nextOccurrence"]["localStart"], "2026-11-25T09:00:00");
    assert_eq!(event["services"], json!([{"key": "meal"}]));
    let event_id = event["id"].clone();
    let moved = desk.edit(
        "mutation($i: UpdateEventInput!) { updateEvent(input: $i) { event { name durationMinutes facility { name } } } }",
        &json!({"i": {"id": event_id, "version": 1, "at": {"facility": facility_id}, "durationMinutes": 60}}),
    );
    assert_eq!(
        moved["updateEvent"]["event"],
        json!({"name": "集市", "durationMinutes": 60, "facility": {"name": "食堂"}})
    );

    let region = desk.edit(
        "mutation { createRegion(input: {code: \"500113\", name: \"巴南区\"}) { region { id level centerCount } userErrors { field } } }",
        &Value::Null,
    );
    assert_eq!(region["createRegion"]["region"]["centerCount"], 1);
    let region_id = region["createRegion"]["region"]["id"].clone();
    let outlined = desk.edit(
        "mutation($i: UpdateRegionInput!) { updateRegion(input: $i) { region { outline nameEn } userErrors { field message } } }",
        &json!({"i": {"id": region_id, "version": 1, "nameEn": "Banan",
                      "outline": {"type": "Polygon", "coordinates": [[[106.0, 29.0], [107.0, 29.0], [107.0, 30.0], [106.0, 29.0]]]}}}),
    );
    assert_eq!(outlined["updateRegion"]["region"]["outline"]["type"], "Polygon", "{outlined}");

    let visits = desk.edit(
        "mutation($i: RecordVisitsInput!) { recordVisits(input: $i) { visits { total } userErrors { field message } } }",
        &json!({"i": {"center": center_id, "day": "2026-11-24", "counts": [{"count": 40, "audience": "ELDERLY"}, {"count": 100}]}}),
    );
    assert_eq!(visits["recordVisits"]["visits"]["total"], 100);

    let suggestion = desk.edit(
        "mutation($i: SubmitSuggestionInput!) { submitSuggestion(input: $i) { suggestion { id status } userErrors { field } } }",
        &json!({"i": {"center": center_id, "text": "多些座椅"}}),
    );
    let suggestion_id = suggestion["submitSuggestion"]["suggestion"]["id"].clone();
    let done = desk.edit(
        "mutation($i: UpdateSuggestionInput!) { updateSuggestion(input: $i) { suggestion { status doneNote answeredAt closedAt } userErrors { field message } } }",
        &json!({"i": {"id": suggestion_id, "version": 1, "status": "DONE", "doneNote": "25 benches"}}),
    );
    let done = &done["updateSuggestion"]["suggestion"];
    assert!(done["answeredAt"].is_string() && done["closedAt"].is_string(), "{done}");

    // Records that others refer to cannot be deleted. In order of dependency, all can.
    let delete = |name: &str, id: &Value, version: i64| {
        let query = format!(
            "mutation($i: DeleteInput!) {{ {name}(input: $i) {{ deletedId userErrors {{ field code message }} }} }}"
        );
        desk.edit(&query, &json!({"i": {"id": id, "version": version}}))[name].clone()
    };
    for (name, id, version) in
        [("deleteCenter", &center_id, 2), ("deleteService", &service_id, 2), ("deleteFacility", &facility_id, 1)]
    {
        assert_eq!(delete(name, id, version)["userErrors"][0]["code"], "IN_USE", "{name}");
    }
    assert_eq!(delete("deleteOffer", &offer_id, 1)["userErrors"][0]["code"], "CONFLICT");
    assert_eq!(delete("deleteOffer", &center_id, 1)["userErrors"][0]["code"], "NOT_FOUND");
    for (name, id, version) in [
        ("deleteOffer", &offer_id, 2),
        ("deleteEvent", &event_id, 2),
        ("deleteService", &service_id, 2),
        ("deleteFacility", &facility_id, 1),
        ("deleteSuggestion", &suggestion_id, 2),
        ("deleteRegion", &region_id, 2),
    ] {
        let gone = delete(name, id, version);
        assert_eq!((&gone["deletedId"], &gone["userErrors"]), (id, &json!([])), "{name}");
        let node = desk.edit("query($i: ID!) { node(id: $i) { id } }", &json!({"i": id}));
        assert_eq!(node["node"], Value::Null, "{name}");
    }
    // Visits are not deleted with their center. They must be deleted day by day first.
    assert_eq!(delete("deleteCenter", &center_id, 2)["userErrors"][0]["code"], "IN_USE");
    desk.edit(
        "mutation($i: RecordVisitsInput!) { recordVisits(input: $i) { userErrors { field } } }",
        &json!({"i": {"center": center_id, "day": "2026-11-24", "counts": []}}),
    );
    assert_eq!(delete("deleteCenter", &center_id, 2)["deletedId"], center_id);

    // The audit log contains every change, with the record before and after.
    let log = desk.ask(
        Role::Admin,
        "query($o: ID!) { auditLog(object: $o) { actor action kind key before after } }",
        &json!({"o": center_id}),
    );
    let log = log["data"]["auditLog"].as_array().unwrap();
    assert_eq!(log.iter().map(|l| l["action"].as_str().unwrap()).collect::<Vec<_>>(), ["delete", "update", "create"]);
    assert_eq!((&log[1]["before"]["name"], &log[1]["after"]["name"]), (&json!("龙苑"), &json!("龙苑社区")));
    assert_eq!((&log[1]["actor"], &log[1]["key"]), (&json!("token editor"), &json!("500113003009")));
    // Ids are not reused.
    let again = desk.edit(CREATE_CENTER, &json!({"i": new_center("500113003010")}));
    assert_ne!(again["createCenter"]["center"]["id"], center_id);
}

#[test]
fn reports_errors_by_field_and_stores_nothing() {
    let desk = ServerWithTokens::small();
    let version = |reply: &Value| reply["extensions"]["worldVersion"].clone();
    let before = version(&desk.ask(Role::Editor, "{ __typename }", &Value::Null));
    let cases = [
        (json!({"code": "12"}), "code", "INVALID"),
        (json!({"code": "500106013004"}), "code", "TAKEN"),
        (json!({"name": "  "}), "name", "REQUIRED"),
        (json!({"name": "x".repeat(501)}), "name", "TOO_LONG"),
        (json!({"name": "a\u{7}b"}), "name", "INVALID"),
        (json!({"position": {"lon": 29.5, "lat": 106.5}}), "position", "INVALID"),
        (json!({"openShare": 1.5}), "openShare", "INVALID"),
        (json!({"floorAreaM2": -1.0}), "floorAreaM2", "INVALID"),
        (json!({"openingHours": "sometimes"}), "openingHours", "INVALID"),
        (json!({"funding": [{"source": "a", "share": 0.7}, {"source": "b", "share": 0.7}]}), "funding", "INVALID"),
        (json!({"openedOn": "2025-04", "closedOn": "2025-03"}), "closedOn", "INVALID"),
        (
            json!({"partners": (0..501).map(|i| json!({"name": i.to_string()})).collect::<Vec<_>>()}),
            "partners",
            "TOO_LONG",
        ),
    ];
    for (change, field, code) in cases {
        let mut input = new_center("500113003009");
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = desk.edit(CREATE_CENTER, &json!({"i": input}));
        let error = &reply["createCenter"]["userErrors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{change}: {reply}");
        assert_eq!(reply["createCenter"]["center"], Value::Null);
        assert!(error["message"].as_str().unwrap().starts_with(field), "{error}");
    }
    // Several errors are reported together.
    let mut input = new_center("500113003009");
    input["openShare"] = json!(7);
    input["openingHours"] = json!("?");
    let reply = desk.edit(CREATE_CENTER, &json!({"i": input}));
    assert_eq!(reply["createCenter"]["userErrors"].as_array().unwrap().len(), 2);
    for (query, field) in [
        (
            "createFacility(input: {externalId: \"f-11\", name: \"x\", category: EMPLOYMENT, position: {lon: 106.5, lat: 29.5}})",
            "externalId",
        ),
        (
            "createFacility(input: {externalId: \"q\", name: \"x\", category: EMPLOYMENT, kind: \"moon base\", position: {lon: 106.5, lat: 29.5}})",
            "kind",
        ),
        ("createOffer(input: {service: \"x\", at: {center: \"y\"}})", "service"),
        ("submitSuggestion(input: {text: \"x\"})", "center"),
        ("submitSuggestion(input: {text: \" \", position: {lon: 106.5, lat: 29.5}})", "text"),
        ("createRegion(input: {code: \"99\", name: \"x\"})", "code"),
        ("createService(input: {key: \"\", name: \"x\", category: EMPLOYMENT})", "key"),
        (
            "createService(input: {idempotencyKey: \"\", key: \"k\", name: \"x\", category: EMPLOYMENT})",
            "idempotencyKey",
        ),
        ("createToken(input: {name: \"\", role: READER})", "name"),
        ("revokeToken(input: {number: 99})", "number"),
    ] {
        let reply =
            desk.ask(Role::Admin, &format!("mutation {{ {query} {{ userErrors {{ field }} }} }}"), &Value::Null);
        let field_in_reply =
            reply["data"].as_object().unwrap().values().next().unwrap()["userErrors"][0]["field"].clone();
        assert_eq!(field_in_reply, json!(field), "{query}: {reply}");
    }
    assert_eq!(version(&desk.ask(Role::Editor, "{ __typename }", &Value::Null)), before, "nothing was stored");
}

#[test]
fn idempotency_keys_prevent_duplicates() {
    let desk = ServerWithTokens::small();
    let mut input = new_center("500113003009");
    input["idempotencyKey"] = json!("phone-17-0001");
    let first = desk.edit(CREATE_CENTER, &json!({"i": input}));
    let again = desk.edit(CREATE_CENTER, &json!({"i": input}));
    assert_eq!(first, again);
    input["name"] = json!("another");
    let other = desk.edit(CREATE_CENTER, &json!({"i": input}));
    assert_eq!(other["createCenter"]["userErrors"][0]["code"], "KEY_REUSED");
    // Keys are separate for each token.
    let theirs = desk.ask(Role::Admin, CREATE_CENTER, &json!({"i": input}));
    assert_eq!(theirs["data"]["createCenter"]["userErrors"][0]["code"], "TAKEN", "{theirs}");
    let suggestion = json!({"i": {"idempotencyKey": "s", "text": "more light", "position": point(0.0, 0.0)}});
    let submit = "mutation($i: SubmitSuggestionInput!) { submitSuggestion(input: $i) { suggestion { id } userErrors { message } } }";
    let ids: Vec<Value> = (0..3).map(|_| desk.edit(submit, &suggestion)).collect();
    assert!(ids[0]["submitSuggestion"]["suggestion"]["id"].is_string(), "{}", ids[0]);
    assert_eq!((&ids[0], &ids[0]), (&ids[1], &ids[2]));
    assert_eq!(desk.edit("{ suggestions { totalCount } }", &Value::Null)["suggestions"]["totalCount"], 1);
}

#[test]
fn concurrent_writers_never_overwrite_each_other() {
    let desk = ServerWithTokens::small();
    let id = desk.edit("{ center(code: \"500106013004\") { id version } }", &Value::Null)["center"].clone();
    let first_version = id["version"].as_i64().unwrap();
    let (rounds, writers) = (6, 8);
    let written: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let (desk, id) = (&desk, id["id"].clone());
                scope.spawn(move || {
                    let mut done = 0;
                    while done < rounds {
                        let read = desk.edit("{ center(code: \"500106013004\") { version description } }", &Value::Null);
                        let center = &read["center"];
                        let text = format!("{}{writer}", center["description"].as_str().unwrap_or_default());
                        let reply = desk.edit(
                            "mutation($i: UpdateCenterInput!) { updateCenter(input: $i) { center { version description } userErrors { code } } }",
                            &json!({"i": {"id": id, "version": center["version"], "description": text}}),
                        );
                        let payload = &reply["updateCenter"];
                        if payload["userErrors"] == json!([]) {
                            // A client sees its own write immediately.
                            assert_eq!(payload["center"]["description"], json!(text));
                            done += 1;
                        } else {
                            assert_eq!(payload["userErrors"][0]["code"], "CONFLICT", "{reply}");
                        }
                    }
                    done
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    let after = desk.edit("{ center(code: \"500106013004\") { version description } }", &Value::Null);
    let text = after["center"]["description"].as_str().unwrap();
    assert_eq!(after["center"]["version"].as_i64().unwrap(), first_version + written as i64);
    assert_eq!(text.len(), writers * rounds, "every write is there: {text}");
    for writer in 0..writers {
        assert_eq!(text.matches(&writer.to_string()).count(), rounds, "{text}");
    }
}

/// Every mutation and every restricted field, with the lowest role that may use it.
const REQUIRED_ROLES: [(&str, &str, Role); 35] = [
    (
        "createCenter",
        "(input: {code: \"x\", name: \"x\", position: {lon: 0, lat: 0}}) { userErrors { field } }",
        Role::Editor,
    ),
    ("updateCenter", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("deleteCenter", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    (
        "createFacility",
        "(input: {externalId: \"\", name: \"x\", category: EMPLOYMENT, position: {lon: 0, lat: 0}}) { userErrors { field } }",
        Role::Editor,
    ),
    ("updateFacility", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("deleteFacility", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("createService", "(input: {key: \"\", name: \"x\", category: EMPLOYMENT}) { userErrors { field } }", Role::Editor),
    ("updateService", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("deleteService", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("createOffer", "(input: {service: \"x\", at: {center: \"x\"}}) { userErrors { field } }", Role::Editor),
    ("updateOffer", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("deleteOffer", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    (
        "createEvent",
        "(input: {externalId: \"x\", name: \"x\", at: {center: \"x\"}, starts: \"2026-01-01T00:00:00\", durationMinutes: 1}) { userErrors { field } }",
        Role::Editor,
    ),
    ("updateEvent", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("deleteEvent", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("createRegion", "(input: {code: \"x\", name: \"x\"}) { userErrors { field } }", Role::Editor),
    ("updateRegion", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("deleteRegion", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("createScenario", "(input: {key: \"\", name: \"x\", changes: []}) { userErrors { field } }", Role::Contributor),
    ("updateScenario", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Contributor),
    ("deleteScenario", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Contributor),
    (
        "createStandard",
        "(input: {key: \"\", name: \"x\", nameEn: \"x\", source: \"x\", requirements: []}) { userErrors { field } }",
        Role::Editor,
    ),
    ("updateStandard", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("deleteStandard", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("startJob", "(input: {query: \"\"}) { userErrors { field } }", Role::Contributor),
    ("cancelJob", "(input: {id: \"x\"}) { userErrors { field } }", Role::Reader),
    ("submitSuggestion", "(input: {text: \"\"}) { userErrors { field } }", Role::Reader),
    ("updateSuggestion", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    ("deleteSuggestion", "(input: {id: \"x\", version: 1}) { userErrors { field } }", Role::Editor),
    (
        "recordVisits",
        "(input: {center: \"x\", day: \"2026-01-01\", counts: []}) { userErrors { field } }",
        Role::Contributor,
    ),
    ("importRecords", "(input: {kind: CENTERS, format: CSV, content: \"\"}) { problem }", Role::Editor),
    ("createToken", "(input: {name: \"\", role: READER}) { userErrors { field } }", Role::Admin),
    ("revokeToken", "(input: {number: 0}) { userErrors { field } }", Role::Admin),
    ("auditLog", " { number }", Role::Admin),
    ("tokens", " { name }", Role::Admin),
];

#[test]
fn mutations_require_their_role() {
    let desk = ServerWithTokens::small();
    let all = desk.edit("{ __schema { mutationType { fields { name } } } }", &Value::Null);
    let mut known: Vec<&str> =
        REQUIRED_ROLES.iter().map(|n| n.0).filter(|n| !matches!(*n, "auditLog" | "tokens")).collect();
    let mut served: Vec<&str> = all["__schema"]["mutationType"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["name"].as_str().unwrap())
        .collect();
    known.sort_unstable();
    served.sort_unstable();
    assert_eq!(known, served, "every mutation is in this table");
    for (name, rest, needed) in REQUIRED_ROLES {
        let keyword = if matches!(name, "auditLog" | "tokens") { "query" } else { "mutation" };
        let query = format!("{keyword} {{ {name}{rest} }}");
        let anonymous = desk.server.query(&query, &Value::Null).json();
        let code = |reply: &Value| reply["errors"][0]["extensions"]["code"].clone();
        if needed == Role::Reader {
            assert_eq!(anonymous.get("errors"), None, "{name}: {anonymous}");
        } else {
            assert_eq!(code(&anonymous), "UNAUTHENTICATED", "{name}: {anonymous}");
            assert_eq!(anonymous["data"], json!({name: null}));
        }
        for &role in Role::ALL {
            let reply = desk.ask(role, &query, &Value::Null);
            if role >= needed {
                assert_eq!(reply.get("errors"), None, "{name} as {role}: {reply}");
            } else {
                assert_eq!(code(&reply), "FORBIDDEN", "{name} as {role}: {reply}");
                assert_eq!(reply["data"], json!({name: null}));
            }
        }
    }
    let visits = desk.ask(
        Role::Contributor,
        "mutation { importRecords(input: {kind: VISITS, format: CSV, content: \"center,day,count\\n500106013004,2026-11-01,12\"}) { imported problem } }",
        &Value::Null,
    );
    assert_eq!(visits["data"]["importRecords"]["imported"], true, "{visits}");
}

/// A contact that must never appear in a response.
const SECRET: &str = "13800001234";

#[test]
fn contacts_are_visible_to_editors_only() {
    let desk = ServerWithTokens::over(facts(), ServerOptions::default());
    let submit = "mutation($i: SubmitSuggestionInput!) { submitSuggestion(input: $i) { suggestion { id contact } userErrors { message } } }";
    let variables =
        json!({"i": {"position": point(0.0, 0.0), "text": "more light", "contact": SECRET, "idempotencyKey": "k"}});
    let mine = desk.server.query(submit, &variables).json();
    let id = mine["data"]["submitSuggestion"]["suggestion"]["id"].as_str().unwrap().to_owned();
    assert_eq!(mine["data"]["submitSuggestion"]["suggestion"]["contact"], Value::Null, "hidden from the author too");
    let ways = [
        format!("{{ node(id: \"{id}\") {{ ... on Suggestion {{ contact }} }} }}"),
        format!("{{ nodes(ids: [\"{id}\"]) {{ ... on Suggestion {{ text contact version }} }} }}"),
        "{ suggestions { nodes { contact } edges { node { contact center { suggestions { nodes { contact } } } } } } }".into(),
        "{ centers { nodes { suggestions { nodes { contact } } } } }".into(),
        "fragment F on Suggestion { a: contact } { suggestions { nodes { ...F } } }".into(),
        format!("{{ suggestions(text: \"{SECRET}\") {{ totalCount }} }}"),
        format!("{{ suggestions(after: \"{SECRET}\") {{ totalCount }} }}"),
        "{ suggestions(first: 1000) { edges { cursor } } }".into(),
        format!("{{ centers(filter: {{text: \"{SECRET}\"}}) {{ totalCount }} }}"),
        "{ auditLog { before after } }".into(),
        format!("mutation {{ updateSuggestion(input: {{id: \"{id}\", version: 1, contact: null}}) {{ suggestion {{ contact }} }} }}"),
        format!("mutation {{ deleteSuggestion(input: {{id: \"{id}\", version: 7}}) {{ userErrors {{ message }} }} }}"),
        "mutation { importRecords(input: {kind: SUGGESTIONS, format: CSV, dryRun: true, content: \"text,center\\nx,500106013004\"}) { problem } }".into(),
        "{ dataset { imports { source } problems } }".into(),
    ];
    for role in [None, Some(Role::Reader), Some(Role::Contributor)] {
        for query in &ways {
            let reply = match role {
                None => desk.server.query(query, &Value::Null).json(),
                Some(role) => desk.ask(role, query, &Value::Null),
            };
            let text = reply.to_string();
            // The text of the query itself is not confidential.
            let answered = text.replace(&format!("\\\"{SECRET}\\\""), "").replace(&format!("\"{SECRET}\\\""), "");
            assert!(!answered.contains(SECRET), "{role:?} {query}: {text}");
            assert!(!text.contains("骑手群") && !text.contains("84岁"), "{role:?} {query}: {text}");
            if let Some(n) = reply.pointer("/data/suggestions/totalCount") {
                assert_eq!(n, &json!(0), "a search for a contact finds nothing: {query}");
            }
        }
        // Repeating the mutation does not reveal it either.
        let again = match role {
            None => desk.server.query(submit, &variables).json(),
            Some(role) => desk.ask(role, submit, &variables),
        };
        assert!(!again.to_string().contains(SECRET), "{again}");
    }
    for role in [Role::Editor, Role::Admin] {
        let reply = desk.ask(role, &ways[0], &Value::Null);
        assert_eq!(reply["data"]["node"]["contact"], json!(SECRET), "{role}");
    }
    // Metrics and health do not contain it.
    for path in ["/metrics", "/health/ready", "/schema"] {
        assert!(!desk.server.get(path).text().contains(SECRET), "{path}");
    }
}

#[test]
fn limits_rate_and_size_of_suggestions_and_never_interprets_them() {
    let limits = walkshed_graphql::Limits { suggestions_per_hour: 3, ..Default::default() };
    let desk = ServerWithTokens::over(city::folder(), ServerOptions { limits, ..Default::default() });
    let submit = "mutation($i: SubmitSuggestionInput!) { submitSuggestion(input: $i) { suggestion { text } userErrors { code } } }";
    let odd = "<script>alert(1)</script> '); DROP TABLE suggestion; -- {{7*7}} ${jndi:x} \u{202e}\n第二行";
    let send =
        |text: &str| desk.server.query(submit, &json!({"i": {"text": text, "position": point(0.0, 0.0)}})).json();
    assert_eq!(send(odd)["data"]["submitSuggestion"]["suggestion"]["text"], json!(odd));
    assert_eq!(send(&"x".repeat(2001))["data"]["submitSuggestion"]["userErrors"][0]["code"], "TOO_LONG");
    assert_eq!(send("third")["data"]["submitSuggestion"]["suggestion"]["text"], "third");
    let fourth = send("fourth");
    assert_eq!(fourth["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{fourth}");
    assert!(fourth["errors"][0]["extensions"]["retryAfterSeconds"].as_u64().unwrap() <= 1201);
    // A contributor's token has no rate limit.
    for _ in 0..5 {
        let reply = desk.ask(Role::Contributor, submit, &json!({"i": {"text": "x", "position": point(0.0, 0.0)}}));
        assert_eq!(reply["data"]["submitSuggestion"]["userErrors"], json!([]), "{reply}");
    }
    assert_eq!(desk.edit("{ suggestions { totalCount } }", &Value::Null)["suggestions"]["totalCount"], 7);
}

#[test]
fn shows_tokens_once_and_rejects_revoked_and_expired_ones() {
    let desk = ServerWithTokens::small();
    let made = desk.ask(
        Role::Admin,
        "mutation { createToken(input: {name: \"door\", role: CONTRIBUTOR}) { token number } }",
        &Value::Null,
    );
    let token = made["data"]["createToken"]["token"].as_str().unwrap().to_owned();
    let viewer = |token: &str| desk.server.query_as(token, "{ viewer { role token } }", &Value::Null);
    assert_eq!(viewer(&token)["data"]["viewer"], json!({"role": "CONTRIBUTOR", "token": "door"}));
    let list = desk.ask(Role::Admin, "{ tokens { number name role inForce } auditLog { after before } }", &Value::Null);
    assert!(!list.to_string().contains(&token[4..]), "the token is not stored");
    assert_eq!(list["data"]["tokens"].as_array().unwrap().len(), 5);
    let number = &made["data"]["createToken"]["number"];
    let revoke = "mutation($n: Int!) { revokeToken(input: {number: $n}) { number } }";
    assert_eq!(desk.ask(Role::Admin, revoke, &json!({"n": number}))["data"]["revokeToken"]["number"], *number);
    let refused = viewer(&token);
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("revoked"), "{refused}");
    // Its name cannot be reused, because the audit log identifies tokens by name.
    let taken = desk.ask(
        Role::Admin,
        "mutation { createToken(input: {name: \" door \", role: READER}) { token userErrors { field code message } } }",
        &Value::Null,
    );
    let payload = &taken["data"]["createToken"];
    assert_eq!((&payload["token"], &payload["userErrors"][0]["code"]), (&Value::Null, &json!("TAKEN")), "{taken}");
    assert_eq!(payload["userErrors"][0]["field"], "name");
    let past = desk.ask(
        Role::Admin,
        "mutation { createToken(input: {name: \"old\", role: EDITOR, expiresAt: \"2020-01-01T00:00:00Z\"}) { userErrors { field } } }",
        &Value::Null,
    );
    assert_eq!(past["data"]["createToken"]["userErrors"][0]["field"], "expiresAt");
    for wrong in ["", "wsk_nothing", "x y"] {
        let body = br#"{"query":"{ __typename }"}"#;
        let authorization = format!("Bearer {wrong}");
        let reply = desk.server.send("POST", "/graphql", &[JSON, ("Authorization", &authorization)], body);
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")), "{wrong}");
    }
}

#[test]
fn can_require_tokens_for_all_requests() {
    let desk = ServerWithTokens::over(city::folder(), ServerOptions { anonymous: false, ..Default::default() });
    let refused = desk.server.query("{ __typename }", &Value::Null);
    assert_eq!((refused.status, &refused.json()["errors"][0]["extensions"]["code"]), (401, &json!("UNAUTHENTICATED")));
    assert_eq!(desk.ask(Role::Reader, "{ __typename }", &Value::Null)["data"]["__typename"], "Query");
    assert_eq!(desk.server.get("/health/ready").status, 200);
}

#[test]
fn restricts_cross_origin_requests() {
    let options = ServerOptions { cors_origins: vec!["https://map.example.cn".into()], ..Default::default() };
    let desk = ServerWithTokens::over(city::folder(), options);
    let body = br#"{"query":"{ __typename }"}"#;
    let from = |origin: &str| desk.server.send("POST", "/graphql", &[JSON, ("Origin", origin)], body);
    assert_eq!(from("https://map.example.cn").header("access-control-allow-origin"), Some("https://map.example.cn"));
    assert_eq!(from("https://evil.example").header("access-control-allow-origin"), None);
    let preflight = |origin: &str| {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "content-type"),
        ];
        desk.server.send("OPTIONS", "/graphql", &headers, b"")
    };
    assert_eq!(preflight("https://map.example.cn").status, 200);
    assert_ne!(preflight("https://evil.example").header("access-control-allow-origin"), Some("https://evil.example"));
    // A form on another site cannot send requests that need no preflight.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let mutation = br#"{"query":"mutation { submitSuggestion(input: {text: \"x\"}) { userErrors { field } } }"}"#;
        assert_eq!(desk.server.send("POST", "/graphql", &[("Content-Type", kind)], mutation).status, 415, "{kind}");
    }
}

#[test]
fn imports_by_request_report_as_the_command_line_does() {
    let desk = ServerWithTokens::small();
    let import =
        "mutation($i: ImportInput!) { importRecords(input: $i) { imported rows inserted updated unchanged refusedCount
        refused { line field value why } notes problem } }";
    let csv = "code,name,lon,lat\n500113003009,龙苑,106.52,29.38\n500113003010,x,106.52,\n";
    let mut input = json!({"kind": "CENTERS", "format": "CSV", "content": csv});
    insta::assert_json_snapshot!(desk.edit(import, &json!({"i": input})));
    input["keepGoing"] = json!(true);
    input["dryRun"] = json!(true);
    let dry = desk.edit(import, &json!({"i": input}));
    assert_eq!((&dry["importRecords"]["imported"], &dry["importRecords"]["inserted"]), (&json!(false), &json!(1)));
    assert_eq!(desk.edit("{ centers { totalCount } }", &Value::Null)["centers"]["totalCount"], 2);
    input["dryRun"] = json!(false);
    let done = desk.edit(import, &json!({"i": input}));
    assert_eq!((&done["importRecords"]["imported"], &done["importRecords"]["refusedCount"]), (&json!(true), &json!(1)));
    assert_eq!(desk.edit("{ centers { totalCount } }", &Value::Null)["centers"]["totalCount"], 3);
    let again = desk.edit(import, &json!({"i": input}));
    assert_eq!(again["importRecords"]["unchanged"], 1);
    for (change, message) in [
        (json!({"content": ""}), "empty"),
        (json!({"format": "XLSX", "content": "UEs="}), "not an Excel workbook"),
        (json!({"format": "GEO_JSON", "content": "{"}), "not GeoJSON"),
    ] {
        let mut input = input.clone();
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = desk.edit(import, &json!({"i": input}));
        assert!(reply["importRecords"]["problem"].as_str().unwrap().contains(message), "{reply}");
    }
    // Unread columns are reported whether or not the import succeeds.
    for (row, imported) in [("500113003011,x,106.52,29.38,乙", true), ("500113003011,x,,29.38,乙", false)] {
        let csv = format!("code,name,lon,lat,机构类型\n{row}\n");
        let reply =
            desk.edit(import, &json!({"i": {"kind": "CENTERS", "format": "CSV", "content": csv, "dryRun": true}}));
        let payload = &reply["importRecords"];
        assert_eq!(payload["notes"], json!(["unknown columns were ignored: \"机构类型\""]), "{reply}");
        assert_eq!(payload["problem"].is_null(), imported, "{reply}");
    }
    // Text content is UTF-8; its encoding is not guessed.
    let csv = "code,name,lon,lat\n500113003011,\u{423}\u{421},106.52,29.38\n";
    let reply = desk.edit(import, &json!({"i": {"kind": "CENTERS", "format": "CSV", "content": csv, "dryRun": true}}));
    assert_eq!(reply["importRecords"]["problem"], Value::Null, "{reply}");
    let log = desk.ask(Role::Admin, "{ auditLog(first: 1) { action kind actor key after } }", &Value::Null);
    let entry = &log["data"]["auditLog"][0];
    assert_eq!(
        (&entry["action"], &entry["kind"], &entry["key"]),
        (&json!("import"), &json!("centers"), &json!("upload"))
    );
    assert_eq!(entry["after"]["new"], json!(["500113003009"]));
}

#[test]
fn demonstration_city_is_marked_and_rejects_imports() {
    let folder = city::folder();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(&Store::url_of(&folder.path().join("walkshed.db"))).await.unwrap();
        let mark = Demonstration { seed: 1, scale: 1.0, is_whole: true };
        store.mark_demonstration(mark, "2026-11-25T00:00:00Z").await.unwrap();
        store.close().await;
    });
    let desk = ServerWithTokens::over(folder, ServerOptions::default());
    let dataset = desk.edit("{ dataset { synthetic notice } }", &Value::Null);
    assert_eq!(dataset["dataset"]["synthetic"], true);
    assert!(dataset["dataset"]["notice"].as_str().unwrap().starts_with("SYNTHETIC"), "{dataset}");
    let input =
        json!({"kind": "CENTERS", "format": "CSV", "content": "code,name,lon,lat\n500113003009,x,106.5,29.4\n"});
    let import = "mutation($i: ImportInput!) { importRecords(input: $i) { imported problem } }";
    let refused = desk.edit(import, &json!({"i": input}));
    assert_eq!(refused["importRecords"]["imported"], false);
    assert!(refused["importRecords"]["problem"].as_str().unwrap().contains("walkshed demo --remove"), "{refused}");
    assert_eq!(desk.edit("{ centers { totalCount } }", &Value::Null)["centers"]["totalCount"], 2);
    // Other mutations are allowed.
    let created = desk.edit(CREATE_CENTER, &json!({"i": new_center("500113003009")}));
    assert_eq!(created["createCenter"]["userErrors"], json!([]));
    // Real data have no notice.
    let real = ServerWithTokens::small().edit("{ dataset { synthetic notice } }", &Value::Null);
    assert_eq!(real["dataset"], json!({"synthetic": false, "notice": null}));
}

/// Adds a standard and assesses the city against it.
#[test]
fn adds_updates_and_assesses_standards() {
    let desk = ServerWithTokens::small();
    let create = "mutation($i: CreateStandardInput!) { createStandard(input: $i) {
        standard { id version key source requirements { key category kinds unit limit minCount placesPer1000 circle } }
        userErrors { field code message } } }";
    let doctor = json!({"key": "doctor", "name": "诊所", "nameEn": "Doctor", "category": "HEALTH_CARE", "minutes": 5, "circle": 5});
    let clinic =
        json!({"key": "clinic", "name": "诊所", "nameEn": "Clinic", "kinds": ["诊所"], "metres": 400, "minCount": 2});
    let input = |key: &str, requirements: Value| json!({"i": {"key": key, "name": "十分钟", "nameEn": "Ours", "source": "our plan of 2026", "requirements": requirements}});
    let made = desk.edit(create, &input("ours", json!([doctor, clinic])))["createStandard"].clone();
    assert_eq!(made["userErrors"], json!([]));
    let standard = &made["standard"];
    assert_eq!(
        standard["requirements"],
        json!([
            {"key": "doctor", "category": "HEALTH_CARE", "kinds": [], "unit": "MINUTES", "limit": 5.0, "minCount": 1, "placesPer1000": null, "circle": 5},
            {"key": "clinic", "category": null, "kinds": ["clinic"], "unit": "METRES", "limit": 400.0, "minCount": 2, "placesPer1000": null, "circle": null},
        ])
    );
    let assessed = "{ assessment(standard: \"ours\") { score standard { id version } requirements { requirement { key } people { share } } } }";
    let found = desk.edit(assessed, &Value::Null)["assessment"].clone();
    assert_eq!(found["standard"]["id"], standard["id"]);
    assert_eq!(found["requirements"][0]["requirement"]["key"], "doctor");
    let shares: Vec<f64> =
        found["requirements"].as_array().unwrap().iter().map(|r| r["people"]["share"].as_f64().unwrap()).collect();
    assert!(shares[0] > 0.0 && shares[1].abs() < 1e-12, "{found}");
    assert!((found["score"].as_f64().unwrap() - shares[0] * 50.0).abs() < 0.01);

    let update = "mutation($i: UpdateStandardInput!) { updateStandard(input: $i) { standard { version nameEn requirements { key } } userErrors { code message } } }";
    let changed = desk.edit(
        update,
        &json!({"i": {"id": standard["id"], "version": 1, "nameEn": "Ours, again", "requirements": [doctor]}}),
    );
    assert_eq!(
        changed["updateStandard"]["standard"],
        json!({"version": 2, "nameEn": "Ours, again", "requirements": [{"key": "doctor"}]})
    );
    let keys = desk.edit("{ standards { key id version } }", &Value::Null);
    let last = keys["standards"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["key"], &last["id"]), (&json!("ours"), &standard["id"]));
    assert_eq!(keys["standards"][0]["version"], Value::Null, "built-in standards cannot be changed");

    for (key, requirements, field, why) in [
        ("gb_50180_2018", json!([doctor]), "key", "is a built-in or configured standard"),
        ("ours", json!([doctor]), "key", "already exists"),
        ("Ours!", json!([doctor]), "requirements", "lower-case letters"),
        ("more", json!([]), "requirements", "has no requirements"),
        ("more", json!([doctor, doctor]), "requirements", "two requirements \"doctor\""),
        (
            "more",
            json!([{"key": "x", "name": "x", "nameEn": "x", "minutes": 5}]),
            "requirements",
            "either a category or kinds",
        ),
        (
            "more",
            json!([{"key": "x", "name": "x", "nameEn": "x", "kinds": ["moon base"], "minutes": 5}]),
            "requirements",
            "moon base",
        ),
        (
            "more",
            json!([{"key": "x", "name": "x", "nameEn": "x", "category": "HEALTH_CARE"}]),
            "requirements",
            "either minutes or metres",
        ),
    ] {
        let reply = desk.edit(create, &input(key, requirements))["createStandard"].clone();
        assert_eq!((&reply["standard"], &reply["userErrors"][0]["field"]), (&Value::Null, &json!(field)), "{reply}");
        assert!(reply["userErrors"][0]["message"].as_str().unwrap().contains(why), "{reply}");
    }
    // The command line assesses it too.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args(["assess", "--standard", "ours"])
        .env("WALKSHED_DATA", desk.folder.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.starts_with("Ours, again:") && stdout.contains("Doctor"), "{stdout}");
    let delete = "mutation($i: DeleteInput!) { deleteStandard(input: $i) { deletedId userErrors { code } } }";
    let gone = desk.edit(delete, &json!({"i": {"id": standard["id"], "version": 2}}));
    assert_eq!(gone["deleteStandard"]["deletedId"], standard["id"]);
    let reply = desk.ask(Role::Reader, assessed, &Value::Null);
    assert!(reply["errors"][0]["message"].as_str().unwrap().contains("is unknown. Available:"), "{reply}");
}

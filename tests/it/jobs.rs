//! Jobs: execution, queueing, cancellation, retention for a day and across a restart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{self, position};
use crate::support::events::Events;
use crate::support::http::Server;
use crate::support::register::{block_on, open};
use crate::support::server_with_tokens::ServerWithTokens;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use walkshed::server::ServerOptions;
use walkshed_engine::geo::cell_of;
use walkshed_graphql::Limits;
use walkshed_register::{PopulationCell, RegisterRows, Role};
use walkshed_store::{JobRow, JobState};

const START: &str = "mutation($i: StartJobInput!) { startJob(input: $i) {
    job { id state progress waitingBefore request createdAt } userErrors { field code message } } }";
const READ: &str = "query($id: ID!) { job(id: $id) {
    id state progress waitingBefore startedAt finishedAt expiresAt worldVersion error result } }";
const CANCEL: &str = "mutation($id: ID!) { cancelJob(input: {id: $id}) { job { state error } userErrors { code } } }";

/// Creates a city whose exact sites take a solver far longer than a test: nearly uniform population on a level grid.
fn hard_folder() -> tempfile::TempDir {
    let mut population: Vec<PopulationCell> = Vec::new();
    for n in 0..900 {
        let at = position(f64::from(n % 30) * 100.0, f64::from(n / 30) * 100.0);
        let cell = cell_of(at, h3o::Resolution::Nine);
        if population.iter().all(|c| c.cell != cell) {
            population.push(PopulationCell { cell, people: 100.0 + f64::from(n % 7) });
        }
    }
    population.sort_by_key(|c| c.cell);
    let folder = tempfile::tempdir().unwrap();
    city::network().save(&folder.path().join("streets.walkshed")).unwrap();
    city::fill(folder.path(), &RegisterRows { population, ..city::rows() });
    folder
}

const HARD: &str = "{ siteSuggestions(need: {category: ELDERLY_CARE, minutes: 12}, objective: MIN_MEAN_TIME, count: 9, exact: true) { exact } }";

fn started(desk: &ServerWithTokens, query: &str) -> Value {
    let reply = desk.ask(Role::Contributor, START, &json!({"i": {"query": query}}));
    assert_eq!(reply["data"]["startJob"]["userErrors"], json!([]), "{reply}");
    reply["data"]["startJob"]["job"].clone()
}

fn read(server: &Server, id: &Value) -> Value {
    server.query(READ, &json!({"id": id})).json()["data"]["job"].clone()
}

/// Polls a job until it has a state.
fn wait(server: &Server, id: &Value, state: &str) -> Value {
    let began = Instant::now();
    loop {
        let job = read(server, id);
        if job["state"] == state {
            return job;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "not {state} after 30 s: {job}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_job_returns_the_response_to_its_query() {
    let desk = ServerWithTokens::small();
    let query = "query($m: Float!) { coverage(need: {minutes: $m}) { total { people covered } byCategory { category people { covered } } } dataset { version } }";
    let variables = json!({"m": 10.0});
    let input = json!({"i": {"query": query, "variables": variables}});
    let reply = desk.ask(Role::Contributor, START, &input)["data"]["startJob"].clone();
    assert_eq!(reply["userErrors"], json!([]));
    let id = reply["job"]["id"].clone();
    assert_eq!(reply["job"]["request"], json!({"query": query, "variables": variables, "operationName": null}));
    let job = wait(&desk.server, &id, "DONE");
    let now = desk.server.query(query, &variables).json();
    assert_eq!(job["result"], now);
    assert_eq!((&job["progress"], &job["error"]), (&json!(1.0), &Value::Null));
    assert_eq!(job["worldVersion"], now["data"]["dataset"]["version"]);
    let moment = |key: &str| job[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(moment("finishedAt") >= moment("startedAt"));
    assert_eq!(moment("expiresAt").duration_since(moment("finishedAt")).as_hours(), 24);

    // The result as a file.
    let path = format!("/jobs/{}", id.as_str().unwrap());
    let file = desk.server.get(&path);
    assert_eq!((file.status, file.json()), (200, now));
    assert!(file.header("content-disposition").unwrap().contains("attachment"));
    let missing = desk.server.get("/jobs/nothing");
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("No job has this id"), "{}", missing.text());

    // The result survives a restart.
    let ServerWithTokens { server, folder, .. } = desk;
    server.stop();
    let server = Server::start(folder.path(), ServerOptions::default());
    let again = read(&server, &id);
    assert_eq!((&again["state"], &again["result"]), (&json!("DONE"), &job["result"]));
    server.stop();
    // A job does not change the version of the register.
    let version = block_on(async { open(folder.path()).await.version().await.unwrap() });
    assert_eq!(json!(version.to_string()), job["worldVersion"].as_str().unwrap().split('-').next().unwrap());
}

#[test]
fn rejects_invalid_jobs_and_reports_failures() {
    let desk = ServerWithTokens::small();
    for (input, field, why) in [
        (json!({"query": "{ coverage"}), "query", "is invalid"),
        (json!({"query": "mutation { revokeToken(input: {number: 1}) { number } }"}), "query", "is not a query"),
        (
            json!({"query": "query a { dataset { version } } query b { dataset { version } }"}),
            "operationName",
            "is not the name of an operation",
        ),
        (json!({"query": "{ dataset { version } }", "variables": [1]}), "variables", "is not an object"),
    ] {
        let reply = desk.ask(Role::Contributor, START, &json!({"i": input}))["data"]["startJob"].clone();
        let error = &reply["userErrors"][0];
        assert_eq!((&reply["job"], &error["field"]), (&Value::Null, &json!(field)), "{reply}");
        assert!(error["message"].as_str().unwrap().contains(why), "{reply}");
    }
    // A query that fails makes the job fail with the same reason.
    let failed = started(&desk, "{ coverage(region: \"500199\") { limit } }");
    let job = wait(&desk.server, &failed["id"], "FAILED");
    assert!(job["error"].as_str().unwrap().contains("no region or center with the code \"500199\" exists"), "{job}");
    assert_eq!(job["result"]["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let failed = started(&desk, "{ nonsense }");
    assert!(wait(&desk.server, &failed["id"], "FAILED")["error"].as_str().unwrap().contains("nonsense"));
    // A job has a higher cost limit than a query, and names it when it is exceeded.
    let costly = |n: usize| {
        let all: Vec<String> =
            (0..n).map(|i| format!("a{i}: assessment(standard: \"service_circle\") {{ score }}")).collect();
        format!("{{ {} }}", all.join(" "))
    };
    let refused = desk.server.query(&costly(3), &Value::Null).json();
    assert_eq!(refused["errors"][0]["extensions"]["limit"], "maxComplexity");
    let done = started(&desk, &costly(3));
    assert_eq!(wait(&desk.server, &done["id"], "DONE")["result"]["errors"], Value::Null);
    let failed = started(&desk, &costly(60));
    let job = wait(&desk.server, &failed["id"], "FAILED");
    assert!(job["error"].as_str().unwrap().contains("exceeds maxComplexity (1000000)"), "{job}");
    assert_eq!(job["result"]["errors"][0]["extensions"]["code"], "TOO_COMPLEX");
    // Anyone who knows the id can read the result, so a job runs as an anonymous caller, whoever starts it.
    let secret = desk.ask(Role::Admin, START, &json!({"i": {"query": "{ auditLog { key } tokens { name } }"}}));
    let job = wait(&desk.server, &secret["data"]["startJob"]["job"]["id"], "FAILED");
    assert_eq!(job["result"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{job}");
    let submit = "mutation { submitSuggestion(input: {text: \"灯\", center: \"Q2VudGVyOjE\", contact: \"023\"}) { userErrors { message } } }";
    assert_eq!(desk.edit(submit, &Value::Null)["submitSuggestion"]["userErrors"], json!([]));
    let read_contacts = "{ suggestions { nodes { text contact } } }";
    assert_eq!(desk.edit(read_contacts, &Value::Null)["suggestions"]["nodes"][0]["contact"], "023");
    let reply = desk.ask(Role::Editor, START, &json!({"i": {"query": read_contacts}}));
    let job = wait(&desk.server, &reply["data"]["startJob"]["job"]["id"], "DONE");
    assert_eq!(job["result"]["data"]["suggestions"]["nodes"], json!([{"text": "灯", "contact": null}]));
    let unknown = desk.server.query(CANCEL, &json!({"id": "x"})).json();
    assert_eq!(unknown["data"]["cancelJob"]["userErrors"][0]["code"], "NOT_FOUND");
    assert_eq!(read(&desk.server, &json!("x")), Value::Null);
    let refused = desk.ask(Role::Contributor, "{ jobs { id } }", &Value::Null);
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let all = desk.ask(Role::Admin, "{ jobs { state startedBy } }", &Value::Null);
    assert_eq!(all["data"]["jobs"].as_array().unwrap().len(), 6);
    assert_eq!(all["data"]["jobs"][0]["startedBy"], "token editor");
    assert_eq!(all["data"]["jobs"][1]["startedBy"], "token admin");
    let own = format!("{{ job(id: {}) {{ startedBy }} }}", failed["id"]);
    assert_eq!(desk.ask(Role::Contributor, &own, &Value::Null)["data"]["job"]["startedBy"], Value::Null);
}

#[test]
fn jobs_are_queued_and_can_be_cancelled() {
    let limits = Limits { max_jobs: 1, max_waiting_jobs: 2, ..Limits::default() };
    let desk = ServerWithTokens::over(hard_folder(), ServerOptions { limits, ..ServerOptions::default() });
    let first = started(&desk, HARD);
    let running = wait(&desk.server, &first["id"], "RUNNING");
    assert!(running["progress"].as_f64().unwrap() < 1.0);
    let second = started(&desk, "{ dataset { version } }");
    let third = started(&desk, "{ dataset { version } }");
    assert_eq!((&second["state"], &second["waitingBefore"]), (&json!("QUEUED"), &json!(0)));
    assert_eq!(third["waitingBefore"], json!(1));
    let fourth = desk.ask(Role::Contributor, START, &json!({"i": {"query": "{ dataset { version } }"}}));
    assert_eq!(fourth["errors"][0]["extensions"]["code"], "BUSY", "{fourth}");
    assert!(fourth["errors"][0]["message"].as_str().unwrap().starts_with("2 jobs are already waiting"), "{fourth}");

    let follow = |id: &Value| {
        let query = format!("subscription {{ jobProgress(id: {id}) {{ state progress }} }}");
        Events::open(&desk.server, &query)
    };
    let (mut events, mut cancelled) = (follow(&second["id"]), follow(&first["id"]));
    assert_eq!(events.next().1["data"]["jobProgress"]["state"], "QUEUED");
    assert_eq!(cancelled.next().1["data"]["jobProgress"]["state"], "RUNNING");
    let stop =
        |job: &Value| desk.server.query(CANCEL, &json!({"id": job["id"]})).json()["data"]["cancelJob"]["job"].clone();
    // Cancels a queued job, then the running one: the next job runs.
    assert_eq!(stop(&third)["state"], "CANCELLED");
    let began = Instant::now();
    assert_eq!(stop(&first)["state"], "CANCELLED");
    assert!(began.elapsed() < Duration::from_secs(10), "cancelling does not wait for the solver");
    let states = |events: &mut Events| {
        let mut states = Vec::new();
        loop {
            let (name, data) = events.next();
            if name == "complete" {
                return states;
            }
            states.push(data["data"]["jobProgress"]["state"].as_str().unwrap().to_owned());
        }
    };
    assert_eq!(states(&mut cancelled).last().unwrap(), "CANCELLED");
    assert_eq!(states(&mut events).last().unwrap(), "DONE");
    assert_eq!(wait(&desk.server, &second["id"], "DONE")["result"]["errors"], Value::Null);
    assert_eq!(read(&desk.server, &third["id"])["result"], Value::Null);
    // Cancelling a finished job changes nothing.
    assert_eq!(stop(&second)["state"], "DONE");
    // A server that stops marks its running jobs as failed.
    let last = started(&desk, HARD);
    wait(&desk.server, &last["id"], "RUNNING");
    let ServerWithTokens { server, folder, .. } = desk;
    server.stop();
    let row = block_on(async { open(folder.path()).await.job(last["id"].as_str().unwrap()).await.unwrap().unwrap() });
    assert_eq!(row.state, JobState::Failed);
    assert!(row.error.unwrap().contains("The server was stopped"));
}

/// Jobs without a heartbeat are those of a killed process.
#[test]
fn jobs_without_a_heartbeat_fail_and_old_jobs_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        let now = jiff::Timestamp::now();
        let row = |id: &str, hours: i64| JobRow {
            id: id.into(),
            state: JobState::Queued,
            request: "{}".into(),
            actor: "test".into(),
            created_at: now - jiff::SignedDuration::from_hours(hours),
            started_at: None,
            finished_at: None,
            world_version: None,
            error: None,
        };
        store.add_job(&row("fresh", 0)).await.unwrap();
        assert_eq!(store.job("fresh").await.unwrap().unwrap().state, JobState::Queued);
        store.add_job(&row("silent", 2)).await.unwrap();
        let silent = store.job("silent").await.unwrap().unwrap();
        assert_eq!(silent.state, JobState::Failed);
        assert!(silent.error.unwrap().contains("The server was stopped. Start the job again."));
        store.touch_job("silent").await.unwrap();
        assert_eq!(store.job("silent").await.unwrap().unwrap().state, JobState::Queued);
        store.add_job(&row("old", 30)).await.unwrap();
        assert!(store.job("old").await.unwrap().is_none(), "no heartbeat for a day");
        store.end_job("fresh", JobState::Done, Some("{\"data\":1}"), None).await.unwrap();
        store.add_job(&row("next", 0)).await.unwrap();
        let mut ids: Vec<String> = store.jobs(10).await.unwrap().into_iter().map(|j| j.id).collect();
        assert_eq!(ids.last().unwrap(), "silent", "the newest first");
        ids.sort();
        assert_eq!(ids, ["fresh", "next", "silent"]);
        assert_eq!(store.job_result("fresh").await.unwrap().as_deref(), Some("{\"data\":1}"));
        assert_eq!(store.job_result("next").await.unwrap(), None);
    });
}

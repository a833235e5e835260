//! Queries answered in the background: so many at once, others in line, cancelled, kept for a day and over a restart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{self, position};
use crate::support::desk::Desk;
use crate::support::events::Events;
use crate::support::http::Server;
use crate::support::register::{block_on, open};
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

/// A city for whose best sites a solver needs far longer than a test: people all alike, all over a level grid.
fn hard() -> tempfile::TempDir {
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

fn started(desk: &Desk, query: &str) -> Value {
    let reply = desk.ask(Role::Contributor, START, &json!({"i": {"query": query}}));
    assert_eq!(reply["data"]["startJob"]["userErrors"], json!([]), "{reply}");
    reply["data"]["startJob"]["job"].clone()
}

fn read(server: &Server, id: &Value) -> Value {
    server.query(READ, &json!({"id": id})).json()["data"]["job"].clone()
}

/// Asks until a job has come so far.
fn wait(server: &Server, id: &Value, state: &str) -> Value {
    let began = Instant::now();
    loop {
        let job = read(server, id);
        if job["state"] == state {
            return job;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "never {state}: {job}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_job_answers_as_the_query_would() {
    let desk = Desk::small();
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

    // As a file.
    let path = format!("/jobs/{}", id.as_str().unwrap());
    let file = desk.server.get(&path);
    assert_eq!((file.status, file.json()), (200, now));
    assert!(file.header("content-disposition").unwrap().contains("attachment"));
    let missing = desk.server.get("/jobs/nothing");
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("there is no job"), "{}", missing.text());

    // A restart leaves it where it is.
    let Desk { server, folder, .. } = desk;
    server.stop();
    let server = Server::start(folder.path(), ServerOptions::default());
    let again = read(&server, &id);
    assert_eq!((&again["state"], &again["result"]), (&json!("DONE"), &job["result"]));
    server.stop();
    // And the audit log and the version of the register know nothing of it.
    let version = block_on(async { open(folder.path()).await.version().await.unwrap() });
    assert_eq!(json!(version.to_string()), job["worldVersion"].as_str().unwrap().split('-').next().unwrap());
}

#[test]
fn what_is_no_job_is_told() {
    let desk = Desk::small();
    for (input, field, why) in [
        (json!({"query": "{ coverage"}), "query", "cannot be used"),
        (json!({"query": "mutation { revokeToken(input: {number: 1}) { number } }"}), "query", "is no query"),
        (
            json!({"query": "query a { dataset { version } } query b { dataset { version } }"}),
            "operationName",
            "names no operation",
        ),
        (json!({"query": "{ dataset { version } }", "variables": [1]}), "variables", "is no object"),
    ] {
        let reply = desk.ask(Role::Contributor, START, &json!({"i": input}))["data"]["startJob"].clone();
        let error = &reply["userErrors"][0];
        assert_eq!((&reply["job"], &error["field"]), (&Value::Null, &json!(field)), "{reply}");
        assert!(error["message"].as_str().unwrap().contains(why), "{reply}");
    }
    // What fails as a query fails as a job, and says why.
    let failed = started(&desk, "{ coverage(region: \"500199\") { limit } }");
    let job = wait(&desk.server, &failed["id"], "FAILED");
    assert!(job["error"].as_str().unwrap().contains("there is no region"), "{job}");
    assert_eq!(job["result"]["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let failed = started(&desk, "{ nonsense }");
    assert!(wait(&desk.server, &failed["id"], "FAILED")["error"].as_str().unwrap().contains("nonsense"));
    // A job may cost more than a query; what costs more still is told by name.
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
    assert!(job["error"].as_str().unwrap().contains("maxComplexity allows (1000000)"), "{job}");
    assert_eq!(job["result"]["errors"][0]["extensions"]["code"], "TOO_COMPLEX");
    // Whoever knows the id reads the answer, so that it holds nothing for editors and admins alone, whoever asks.
    let secret = desk.ask(Role::Admin, START, &json!({"i": {"query": "{ auditLog { key } tokens { name } }"}}));
    let job = wait(&desk.server, &secret["data"]["startJob"]["job"]["id"], "FAILED");
    assert_eq!(job["result"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{job}");
    let submit = "mutation { submitSuggestion(input: {text: \"灯\", center: \"Q2VudGVyOjE\", contact: \"023\"}) { userErrors { message } } }";
    assert_eq!(desk.edit(submit, &Value::Null)["submitSuggestion"]["userErrors"], json!([]));
    let read_contacts = "{ suggestions { nodes { text contact } } }";
    assert_eq!(desk.edit(read_contacts, &Value::Null)["suggestions"]["nodes"][0]["contact"], "023");
    let asked = desk.ask(Role::Editor, START, &json!({"i": {"query": read_contacts}}));
    let job = wait(&desk.server, &asked["data"]["startJob"]["job"]["id"], "DONE");
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
fn jobs_stand_in_line_and_can_be_cancelled() {
    let limits = Limits { max_jobs: 1, max_waiting_jobs: 2, ..Limits::default() };
    let desk = Desk::over(hard(), ServerOptions { limits, ..ServerOptions::default() });
    let first = started(&desk, HARD);
    let running = wait(&desk.server, &first["id"], "RUNNING");
    assert!(running["progress"].as_f64().unwrap() < 1.0);
    let second = started(&desk, "{ dataset { version } }");
    let third = started(&desk, "{ dataset { version } }");
    assert_eq!((&second["state"], &second["waitingBefore"]), (&json!("QUEUED"), &json!(0)));
    assert_eq!(third["waitingBefore"], json!(1));
    let fourth = desk.ask(Role::Contributor, START, &json!({"i": {"query": "{ dataset { version } }"}}));
    assert_eq!(fourth["errors"][0]["extensions"]["code"], "BUSY", "{fourth}");
    assert!(fourth["errors"][0]["message"].as_str().unwrap().starts_with("2 jobs are waiting"), "{fourth}");

    let follow = |id: &Value| {
        let query = format!("subscription {{ jobProgress(id: {id}) {{ state progress }} }}");
        Events::open(&desk.server, &query)
    };
    let (mut events, mut cancelled) = (follow(&second["id"]), follow(&first["id"]));
    assert_eq!(events.next().1["data"]["jobProgress"]["state"], "QUEUED");
    assert_eq!(cancelled.next().1["data"]["jobProgress"]["state"], "RUNNING");
    let stop =
        |job: &Value| desk.server.query(CANCEL, &json!({"id": job["id"]})).json()["data"]["cancelJob"]["job"].clone();
    // One in line, then the one that runs: the next gets its turn.
    assert_eq!(stop(&third)["state"], "CANCELLED");
    let began = Instant::now();
    assert_eq!(stop(&first)["state"], "CANCELLED");
    assert!(began.elapsed() < Duration::from_secs(10), "a solver is not waited for");
    let told = |events: &mut Events| {
        let mut states = Vec::new();
        loop {
            let (name, data) = events.next();
            if name == "complete" {
                return states;
            }
            states.push(data["data"]["jobProgress"]["state"].as_str().unwrap().to_owned());
        }
    };
    assert_eq!(told(&mut cancelled).last().unwrap(), "CANCELLED");
    assert_eq!(told(&mut events).last().unwrap(), "DONE");
    assert_eq!(wait(&desk.server, &second["id"], "DONE")["result"]["errors"], Value::Null);
    assert_eq!(read(&desk.server, &third["id"])["result"], Value::Null);
    // Cancelling what has ended changes nothing.
    assert_eq!(stop(&second)["state"], "DONE");
    // A server that stops says so of what it worked on.
    let last = started(&desk, HARD);
    wait(&desk.server, &last["id"], "RUNNING");
    let Desk { server, folder, .. } = desk;
    server.stop();
    let row = block_on(async { open(folder.path()).await.job(last["id"].as_str().unwrap()).await.unwrap().unwrap() });
    assert_eq!(row.state, JobState::Failed);
    assert!(row.error.unwrap().contains("the server was stopped"));
}

/// What a process left behind that was killed, and what is older than a day.
#[test]
fn jobs_of_a_process_that_is_gone_have_failed_and_old_ones_are_forgotten() {
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
        assert!(silent.error.unwrap().contains("start the job again"));
        store.touch_job("silent").await.unwrap();
        assert_eq!(store.job("silent").await.unwrap().unwrap().state, JobState::Queued);
        store.add_job(&row("old", 30)).await.unwrap();
        assert!(store.job("old").await.unwrap().is_none(), "nobody has heard of it for a day");
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

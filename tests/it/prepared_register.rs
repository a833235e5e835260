//! The prepared register file: a second start uses it, and it never changes an answer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::http::send;
use crate::support::register::{block_on, facts, open};
use crate::support::server_with_tokens::ServerWithTokens;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use walkshed_engine::{Profile, Profiles};
use walkshed_live::Live;
use walkshed_live::folder::DataFolder;
use walkshed_register::{Category, Edit, Service};
use walkshed_store::{ChangeSet, Store};

const READ: &str = "read the prepared register";
const WROTE: &str = "wrote the prepared register";

/// A server process whose log is in a file.
struct Process {
    child: Child,
    address: SocketAddr,
    log: std::path::PathBuf,
}

impl Process {
    fn start(data: &Path, log: &str) -> Self {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = data.join(log);
        let mut child = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(["serve", "--listen", &address.to_string(), "--workers", "2", "--log", "info"])
            .env("WALKSHED_DATA", data)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "the server has ended");
            assert!(began.elapsed() < Duration::from_mins(1), "the server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, address, log }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until the log contains a text.
    fn wait_for(&self, text: &str) {
        let began = Instant::now();
        while !self.log().contains(text) {
            assert!(began.elapsed() < Duration::from_mins(1), "{text}: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Returns the answers that depend on records, positions on the streets and travel times.
    fn answers(&self) -> Value {
        let query = r#"{
            dataset { version facilitiesOffNetwork population { people cellsOffNetwork groups { name people } } problems }
            nearby(from: {center: "500106013004"}, minutes: 15) { edges { node { id name } minutes } }
            towards: nearby(from: {center: "500106013004"}, direction: TOWARDS) { totalCount }
            centers(first: 50) { nodes { code name phone openingHours facilities { totalCount } } }
        }"#;
        let body = json!({ "query": query }).to_string();
        let answer = send(self.address, "POST", "/graphql", &[("Content-Type", "application/json")], body.as_bytes());
        let answer = answer.json();
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the server as an operator does.
    fn stop(mut self) {
        let mut kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).spawn().unwrap();
        kill.wait().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_second_start_reads_the_prepared_register_and_answers_the_same() {
    let folder = city::folder();
    let file = folder.path().join("register.walkshed");
    let first = Process::start(folder.path(), "1.log");
    let expected = first.answers();
    first.wait_for(WROTE);
    assert!(first.log().contains("there is none") && !first.log().contains(READ), "{}", first.log());
    first.kill();
    let good = std::fs::read(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let second = Process::start(folder.path(), "2.log");
    assert_eq!(second.answers(), expected);
    assert!(second.log().contains(READ) && !second.log().contains(WROTE), "{}", second.log());
    second.kill();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 0x10;
    let damaged = [Some(&good[..good.len() / 3]), Some(&flipped[..]), Some(b"no register"), Some(b""), None];
    for (n, bytes) in damaged.into_iter().enumerate() {
        match bytes {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let server = Process::start(folder.path(), &format!("damaged-{n}.log"));
        assert_eq!(server.answers(), expected, "{n}");
        server.wait_for(WROTE);
        assert!(server.log().contains("cannot be used") && !server.log().contains(READ), "{n}: {}", server.log());
        server.kill();
        assert!(std::fs::read(&file).unwrap() == good, "{n}: the file is made again");
    }
}

#[test]
fn changes_make_the_prepared_register_stale_and_a_stop_writes_it() {
    let folder = city::folder();
    let server = Process::start(folder.path(), "1.log");
    server.wait_for(WROTE);
    server.kill();
    // Another process changes the register.
    block_on(async { open(folder.path()).await.edit(&service("one")).await.unwrap() });
    let server = Process::start(folder.path(), "2.log");
    server.wait_for(WROTE);
    assert!(server.log().contains("the database contains version"), "{}", server.log());
    // The register changes while the server runs; the file follows when it stops.
    let before = server.answers()["data"]["dataset"]["version"].clone();
    block_on(async { open(folder.path()).await.edit(&service("two")).await.unwrap() });
    let began = Instant::now();
    while server.answers()["data"]["dataset"]["version"] == before {
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
    let expected = server.answers();
    server.stop();
    let server = Process::start(folder.path(), "3.log");
    assert!(server.log().contains(READ), "{}", server.log());
    assert_eq!(server.answers(), expected);
    server.kill();
}

fn service(key: &str) -> ChangeSet {
    let service = Service::new(key.into(), "服务".into(), Category::Employment);
    ChangeSet {
        edits: vec![Edit::Put(service.into())],
        actor: "test".into(),
        at: "2026-11-27T00:00:00Z".into(),
        ..ChangeSet::default()
    }
}

#[test]
fn the_prepared_world_equals_the_world_of_the_database() {
    let folder = facts();
    city::network().save(&folder.path().join("streets.walkshed")).unwrap();
    block_on(async {
        let load = async || {
            let data = DataFolder::new(folder.path(), None, Profiles::default()).unwrap();
            Live::load(data.clone(), data.store().await.unwrap()).await.unwrap()
        };
        let from_database = load().await;
        from_database.write_prepared_register().await;
        assert!(folder.path().join("register.walkshed").exists());
        let from_file = load().await;
        let (a, b) = (from_database.world(), from_file.world());
        let (one, other) = (&a.register, &b.register);
        assert_eq!((&a.version, a.problems()), (&b.version, b.problems()));
        assert_eq!(one.centers[..], other.centers[..]);
        assert_eq!(one.facilities[..], other.facilities[..]);
        assert_eq!(one.services[..], other.services[..]);
        assert_eq!(one.offers[..], other.offers[..]);
        assert_eq!(one.events[..], other.events[..]);
        assert_eq!(one.suggestions[..], other.suggestions[..]);
        assert_eq!(one.regions[..], other.regions[..]);
        assert_eq!((&one.visits, &one.population, &one.groups), (&other.visits, &other.population, &other.groups));
        assert_eq!((&one.imports, one.demonstration), (&other.imports, other.demonstration));
        for layers in [[&a.facility_layer, &b.facility_layer], [&a.population_layer, &b.population_layer]] {
            let [one, other] = layers.map(|layer| &layer.snapped(a.network().unwrap(), Profile::Adult).snaps);
            assert_eq!(one, other);
        }
        assert_eq!(a.layer_bytes(), b.layer_bytes());
        assert!(!one.facilities.is_empty() && !one.visits.is_empty());
    });
}

/// A copy of the database that reaches the same version with other content has another stamp.
#[test]
fn a_stamp_identifies_the_content_of_a_version() {
    let (folder, copy) = (city::folder(), tempfile::tempdir().unwrap());
    block_on(async {
        let store = open(folder.path()).await;
        store.backup(&copy.path().join("walkshed.db")).await.unwrap();
        let other = open(copy.path()).await;
        let (one, two) = (store.state().await.unwrap(), other.state().await.unwrap());
        assert!(one == two && one.stamp.is_some());
        let applied = store.edit(&service("one")).await.unwrap();
        other.edit(&service("two")).await.unwrap();
        let (one, two) = (store.state().await.unwrap(), other.state().await.unwrap());
        assert_eq!((one.version, applied.version, applied.stamp), (two.version, one.version, one.stamp));
        assert!(one.stamp.is_some() && two.stamp.is_some() && one.stamp != two.stamp);
        // A rejected edit keeps the stamp; rows changed by another program remove it.
        store.edit(&service("one")).await.unwrap_err();
        assert_eq!(store.state().await.unwrap(), one);
        let pool = sqlx::SqlitePool::connect(&Store::url_of(&folder.path().join("walkshed.db"))).await.unwrap();
        for text in ["UPDATE service SET name = 'x' WHERE key = 'one'", "DELETE FROM service WHERE key = 'one'"] {
            sqlx::raw_sql("UPDATE register_version SET version = version + 1").execute(&pool).await.unwrap();
            assert!(store.state().await.unwrap().stamp.is_some());
            sqlx::raw_sql(text).execute(&pool).await.unwrap();
            assert_eq!(store.state().await.unwrap().stamp, None, "{text}");
        }
        pool.close().await;
    });
}

#[test]
fn rows_of_every_table_that_another_program_changes_remove_the_stamp() {
    let folder = facts();
    block_on(async {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("walkshed.db")).foreign_keys(false);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let mut tables = 0;
        for (table, column) in [
            ("center", "name"),
            ("facility", "name"),
            ("service", "name"),
            ("offer", "id"),
            ("event", "id"),
            ("visit", "day"),
            ("suggestion", "id"),
            ("population", "people"),
        ] {
            let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
                .fetch_one(&pool)
                .await
                .unwrap();
            tables += usize::from(rows > 0);
            for text in [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")] {
                let mut tx = pool.begin().await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(text.clone())).execute(&mut *tx).await.unwrap();
                let stamp: Option<Vec<u8>> =
                    sqlx::query_scalar("SELECT stamp FROM register_version").fetch_one(&mut *tx).await.unwrap();
                assert_eq!(stamp.is_none(), rows > 0, "{text}");
                tx.rollback().await.unwrap();
            }
        }
        assert!(tables >= 6, "{tables} tables have rows");
        pool.close().await;
    });
}

/// Between two checks for changes by other programs, an edit must not hide such a change.
#[test]
fn a_row_changed_by_another_program_before_an_edit_is_loaded() {
    let server = ServerWithTokens::small();
    let center = |server: &ServerWithTokens| {
        server.edit("{ center(code: \"500106013004\") { id version phone } }", &json!({}))["center"].clone()
    };
    let (database, found) = (server.folder.path().join("walkshed.db"), center(&server));
    block_on(async {
        let pool = sqlx::SqlitePool::connect(&Store::url_of(&database)).await.unwrap();
        let text = "UPDATE center SET phone = '023-1' WHERE code = '500106013004'";
        sqlx::raw_sql(text).execute(&pool).await.unwrap();
        pool.close().await;
    });
    let mutation = "mutation($key: String!) { createService(input: {key: $key, name: \"n\", category: HEALTH_CARE}) {
        userErrors { message } } }";
    server.edit(mutation, &json!({ "key": "one" }));
    assert_eq!(center(&server)["phone"], "023-1", "before: {found}");
}

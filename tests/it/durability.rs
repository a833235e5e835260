//! Durability: acknowledged changes survive a kill at any time, and changes are never stored partially. Also backup, restore
//! and migrations.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::http::send;
use crate::support::register::{block_on, facts, open, token};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use walkshed_engine::geo::Position;
use walkshed_engine::{StreetChange, StreetKind};
use walkshed_register::{Center, Change, Demonstration, DivisionCode, Edit, Host, Role, Scenario};
use walkshed_store::{BackupError, ChangeSet, MIGRATIONS, Store};
use walkshed_testing::Random;

const JSON: (&str, &str) = ("Content-Type", "application/json");
/// Number of times a server is killed during mutations, and an import during its run.
const KILLS: usize = 40;
const IMPORT_KILLS: usize = 15;

/// A server process and its address.
struct Process(Child, SocketAddr);

impl Process {
    fn serve(data: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(["serve", "--listen", &port.to_string(), "--workers", "2", "--log", "error"])
            .env("WALKSHED_DATA", data)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while std::net::TcpStream::connect(port).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self(child, port)
    }

    /// Sends a request; returns `None` if no response arrives.
    fn try_ask(&self, token: &str, query: &str, variables: &Value) -> Option<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let authorization = format!("Bearer {token}");
        let address = self.1;
        let response = std::panic::catch_unwind(|| {
            send(address, "POST", "/graphql", &[JSON, ("Authorization", &authorization)], body.as_bytes())
        });
        serde_json::from_slice(&response.ok()?.body).ok()
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn acknowledged_mutations_survive_a_kill() {
    let folder = city::folder();
    let editor = token(folder.path(), Role::Editor);
    let quiet = std::panic::take_hook();
    // Interrupted requests panic in their threads, which is expected.
    std::panic::set_hook(Box::new(|_| {}));
    let mut random = Random(2026);
    let acknowledged: Mutex<Vec<String>> = Mutex::default();
    let mut begun = 0;
    for round in 0..KILLS {
        let server = Process::serve(folder.path());
        let known = acknowledged.lock().unwrap().clone();
        if let Some(last) = known.last() {
            let found = server.try_ask(
                &editor,
                "query($k: String!) { service(key: $k) { key offers { totalCount } } }",
                &json!({"k": last}),
            );
            assert_eq!(
                found.unwrap()["data"]["service"],
                json!({"key": last, "offers": {"totalCount": 0}}),
                "round {round}"
            );
        }
        std::thread::scope(|scope| {
            for writer in 0..3 {
                let (server, editor, acknowledged) = (&server, &editor, &acknowledged);
                scope.spawn(move || {
                    for n in 0.. {
                        let key = format!("r{round}-w{writer}-{n}");
                        let query = "mutation($i: CreateServiceInput!) { createService(input: $i) { service { key } userErrors { message } } }";
                        let input = json!({"i": {"key": key, "name": "服务", "category": "EMPLOYMENT"}});
                        match server.try_ask(editor, query, &input) {
                            Some(reply) if reply["data"]["createService"]["service"]["key"] == json!(key) => {
                                acknowledged.lock().unwrap().push(key);
                            }
                            _ => return,
                        }
                    }
                });
            }
            // In every other round the kill comes after the first acknowledgement, however slow the machine is.
            let began = Instant::now();
            while round % 2 == 1
                && acknowledged.lock().unwrap().len() == known.len()
                && began.elapsed() < Duration::from_secs(20)
            {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(5_000 + random.next() % 60_000));
            let mut child = Command::new("kill").args(["-KILL", &server.0.id().to_string()]).spawn().unwrap();
            child.wait().unwrap();
        });
        server.kill();
        begun += 1;
    }
    std::panic::set_hook(quiet);
    assert_eq!(begun, KILLS);
    let known = acknowledged.into_inner().unwrap();
    assert!(known.len() > KILLS, "too few writes between the kills: {}", known.len());
    let (rows, log) = block_on(async {
        let store = open(folder.path()).await;
        (store.load().await.unwrap(), store.audit(&walkshed_store::AuditFilter::default(), 100_000).await.unwrap())
    });
    let stored: std::collections::HashSet<&str> = rows.services.iter().map(|s| s.key.as_str()).collect();
    let lost: Vec<&String> = known.iter().filter(|key| !stored.contains(key.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged writes are lost: {lost:?}", lost.len(), known.len());
    // The record, its audit row and the new version are stored in one transaction.
    let logged: std::collections::HashSet<&str> =
        log.iter().filter(|l| l.kind == "service").map(|l| l.key.as_str()).collect();
    assert_eq!(stored, logged);
    assert_eq!(rows.version, 3 + rows.services.len() as u64, "three imports, then one version per write");
    println!("{} acknowledged writes, {} kills, no write lost", known.len(), KILLS);
}

#[test]
fn a_killed_import_is_stored_completely_or_not_at_all() {
    let folder = city::folder();
    let rows = 4000;
    let file = folder.path().join("many.csv");
    let mut random = Random(7);
    let mut outcomes = [0, 0];
    for round in 0..IMPORT_KILLS {
        let lines: Vec<String> = (0..rows).map(|i| format!("k{i},第{round}次 {i},health_care,106.56,29.57")).collect();
        let lines = lines.join("\n");
        std::fs::write(&file, format!("id,name,category,lon,lat\n{lines}")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(["import", "facilities"])
            .arg(&file)
            .env("WALKSHED_DATA", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + random.next() % 700));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = block_on(async { open(folder.path()).await.load().await.unwrap() });
        let of_round = |r: usize| now.facilities.iter().filter(|f| f.name.starts_with(&format!("第{r}次"))).count();
        let fresh = of_round(round);
        assert!(fresh == 0 || fresh == rows, "round {round}: {fresh} of {rows}");
        outcomes[usize::from(fresh == rows)] += 1;
        // All other rows belong to one earlier round.
        let imported = now.facilities.iter().filter(|f| f.external_id.starts_with('k')).count();
        assert!(imported == 0 || imported == rows, "round {round}: {imported}");
    }
    println!("{} kills before and {} after the commit", outcomes[0], outcomes[1]);
}

#[test]
fn backup_and_restore_work_while_the_server_runs() {
    let folder = facts();
    let editor = token(folder.path(), Role::Editor);
    let server = Process::serve(folder.path());
    let file = folder.path().join("copy.db");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(arguments)
            .arg(&file)
            .env("WALKSHED_DATA", folder.path())
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    };
    assert_eq!(run(&["backup"]).0, 0);
    let (code, text) = run(&["backup"]);
    assert!(code == 1 && text.contains("never overwrites"), "{text}");
    let read = "{ center(code: \"500106013004\") { id version phone } services { totalCount } }";
    let before = server.try_ask(&editor, read, &Value::Null).unwrap()["data"].clone();
    let update = "mutation($i: UpdateCenterInput!) { updateCenter(input: $i) { userErrors { message } } }";
    let input = json!({"i": {"id": before["center"]["id"], "version": before["center"]["version"], "phone": "lost"}});
    assert_eq!(server.try_ask(&editor, update, &input).unwrap()["data"]["updateCenter"]["userErrors"], json!([]));
    let create =
        "mutation { createService(input: {key: \"lost\", name: \"x\", category: EMPLOYMENT}) { service { id } } }";
    server.try_ask(&editor, create, &Value::Null).unwrap();
    let (code, text) = run(&["restore"]);
    assert_eq!(code, 0, "{text}");
    let began = Instant::now();
    let mut now = Value::Null;
    while began.elapsed() < Duration::from_secs(10) && now != before {
        std::thread::sleep(Duration::from_millis(100));
        now = server.try_ask(&editor, read, &Value::Null).unwrap()["data"].clone();
    }
    assert_eq!(now, before, "the server has loaded the restored register");
    // It still accepts changes. Ids of the lost records are not reused.
    let created = server.try_ask(&editor, create, &Value::Null).unwrap();
    assert!(created["data"]["createService"]["service"]["id"].is_string(), "{created}");
    server.kill();
    let log =
        block_on(async { open(folder.path()).await.audit(&walkshed_store::AuditFilter::default(), 10).await.unwrap() });
    assert_eq!(log[1].action, "restore");
    assert_eq!(log[1].actor, "command line");

    // Files that are not backups are refused and change nothing.
    let other = folder.path().join("other");
    std::fs::write(&other, "not a database").unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        let version = store.version().await.unwrap();
        assert!(matches!(store.restore(&other, "test").await, Err(BackupError::NotABackup { .. })));
        assert!(matches!(store.restore(Path::new("/nowhere"), "test").await, Err(BackupError::File { .. })));
        assert!(matches!(store.backup(&other,).await, Err(BackupError::Exists { .. })));
        assert_eq!(store.version().await.unwrap(), version);
    });
}

#[test]
fn tokens_revoked_after_the_backup_stay_revoked() {
    let folder = tempfile::tempdir().unwrap();
    token(folder.path(), Role::Admin);
    block_on(async {
        let store = open(folder.path()).await;
        let file = folder.path().join("b.db");
        store.backup(&file).await.unwrap();
        assert!(store.revoke_token(1, jiff::Timestamp::now(), "test").await.unwrap());
        store.restore(&file, "test").await.unwrap();
        assert!(store.tokens().await.unwrap()[0].revoked_at.is_some());
    });
}

#[test]
fn a_backup_restored_elsewhere_includes_its_whole_audit_log() {
    let (here, there) = (facts(), tempfile::tempdir().unwrap());
    // The other database already has its own audit log.
    token(there.path(), Role::Admin);
    token(there.path(), Role::Reader);
    block_on(async {
        let (from, to) = (open(here.path()).await, open(there.path()).await);
        let file = there.path().join("b.db");
        from.backup(&file).await.unwrap();
        to.restore(&file, "test").await.unwrap();
        let all = walkshed_store::AuditFilter::default();
        let (old, new) = (from.audit(&all, 1000).await.unwrap(), to.audit(&all, 1000).await.unwrap());
        assert_eq!(new.len(), old.len() + 3, "their rows, our two tokens, and the restore");
        for row in &old {
            let same = |r: &&walkshed_store::AuditRow| (&r.kind, &r.key, &r.after) == (&row.kind, &row.key, &row.after);
            assert_eq!(new.iter().filter(same).count(), 1, "{row:?}");
        }
        let (a, b) = (from.load().await.unwrap(), to.load().await.unwrap());
        assert_eq!((a.centers, a.offers, a.visits, a.suggestions), (b.centers, b.offers, b.visits, b.suggestions));
        // A second restore duplicates no rows.
        to.restore(&file, "test").await.unwrap();
        let again = to.audit(&all, 1000).await.unwrap();
        assert_eq!(again.len(), new.len() + 1, "only the row of the second restore");
    });
}

/// Creates a database of every earlier version, with a row in each table of that version.
#[test]
fn migrates_databases_of_every_earlier_version() {
    let all: Vec<_> = MIGRATIONS.iter().cloned().collect();
    for known in 1..=all.len() {
        let folder = tempfile::tempdir().unwrap();
        let url = Store::url_of(&folder.path().join("old.db"));
        block_on(async {
            let pool = sqlx::SqlitePool::connect(&format!("{url}?mode=rwc")).await.unwrap();
            sqlx::migrate::Migrator::with_migrations(all[..known].to_vec()).run(&pool).await.unwrap();
            sqlx::raw_sql(
                "INSERT INTO center (id, code, name, lon, lat, address, created_at, updated_at)
                     VALUES (7, '500106013004', '模范村', 106.46, 29.54, '土湾', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
                 INSERT INTO facility (id, external_id, name, category, lon, lat, center_code, created_at, updated_at)
                     VALUES (9, 'f', '诊所', 'health_care', 106.46, 29.54, '500106013004', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
                 INSERT INTO population (cell, demand_group, people) VALUES (619966308144644095, 'all', 12.5);
                 UPDATE register_version SET version = 5 WHERE id = 1;",
            )
            .execute(&pool)
            .await
            .unwrap();
            if known >= 3 {
                let mark = "INSERT INTO demonstration (id, seed, scale, is_whole, made_at) VALUES (1, 4, 0.5, 1, '2026-11-25T00:00:00Z')";
                sqlx::query(mark).execute(&pool).await.unwrap();
            }
            if known >= 4 {
                let row = "INSERT INTO scenario (id, version, key, name, changes, created_at, updated_at) VALUES
                    (3, 2, 'less', '少一个', '[{\"close\":{\"place\":{\"facility\":9}}},{\"street\":{\"add\":{\"kind\":\"footbridge\",\"line\":[{\"lon\":106.46,\"lat\":29.54},{\"lon\":106.47,\"lat\":29.54}],\"name\":null}}}]',
                     '2026-11-25T00:00:00Z', '2026-11-25T00:00:00Z')";
                sqlx::query(row).execute(&pool).await.unwrap();
            }
            if known >= 5 {
                let row = "INSERT INTO job (id, state, request, actor, created_at, finished_at, alive_at, result) VALUES
                    ('j', 'done', '{}', 'test', strftime('%Y-%m-%dT%H:%M:%fZ'), strftime('%Y-%m-%dT%H:%M:%fZ'), strftime('%Y-%m-%dT%H:%M:%fZ'), '{\"data\":1}')";
                sqlx::query(row).execute(&pool).await.unwrap();
            }
            if known >= 6 {
                let row = "INSERT INTO standard (id, version, key, name, name_en, source, requirements, created_at, updated_at) VALUES
                    (2, 1, 'ours', '我们', 'Ours', 'us', '[{\"key\":\"k\",\"name\":\"x\",\"name_en\":\"x\",\"category\":\"health_care\",\"minutes\":5.0}]',
                     '2026-11-25T00:00:00Z', '2026-11-25T00:00:00Z')";
                sqlx::query(row).execute(&pool).await.unwrap();
            }
            // Before version 7, token names were not unique, and a name could end in a number in parentheses.
            let twice = (2..7).contains(&known);
            if twice {
                let rows = "INSERT INTO token (name, role, hash, created_at) VALUES
                    ('door', 'reader', randomblob(32), '2026-01-01T00:00:00Z'), ('door', 'editor', randomblob(32), '2026-01-01T00:00:00Z'),
                    ('door (#2)', 'editor', randomblob(32), '2026-01-01T00:00:00Z'), ('desk', 'editor', randomblob(32), '2026-01-01T00:00:00Z'),
                    ('door', 'editor', randomblob(32), '2026-01-01T00:00:00Z')";
                sqlx::query(rows).execute(&pool).await.unwrap();
            }
            pool.close().await;
            let store = Store::open(&url).await.unwrap_or_else(|e| panic!("version {known}: {e}"));
            let tokens = store.tokens().await.unwrap();
            let names: std::collections::BTreeSet<&str> = tokens.iter().map(|t| t.name.as_str()).collect();
            assert_eq!((names.len(), tokens.len()), if twice { (5, 5) } else { (0, 0) }, "{names:?}");
            if twice {
                let kept = ["door", "", "", "desk", "door (#5)"];
                for (token, name) in tokens.iter().zip(kept).filter(|(_, name)| !name.is_empty()) {
                    assert_eq!(token.name, name);
                }
                assert!(names.contains("door (#2)"), "{names:?}");
            }
            let rows = store.load().await.unwrap();
            let mark = (known >= 3).then_some(Demonstration { seed: 4, scale: 0.5, is_whole: true });
            assert_eq!(rows.demonstration, mark);
            let place = Host::Facility(9);
            let line = [106.46, 106.47].map(|lon| Position::new(lon, 29.54).unwrap()).to_vec();
            let bridge = StreetChange::Add { kind: StreetKind::Footbridge, line, name: None };
            let changes = vec![Change::Close { place }, Change::Street(bridge)];
            let scenario = Scenario { id: 3, version: 2, changes, ..Scenario::new("less".into(), "少一个".into()) };
            assert_eq!(rows.scenarios, if known >= 4 { vec![scenario] } else { vec![] });
            let job = store.job_result("j").await.unwrap();
            assert_eq!(job.as_deref(), (known >= 5).then_some("{\"data\":1}"));
            let rule = |s: &walkshed_register::Standard| (s.key.clone(), s.requirements[0].minutes);
            let expected = if known >= 6 { vec![("ours".to_owned(), Some(5.0))] } else { vec![] };
            assert_eq!(rows.standards.iter().map(rule).collect::<Vec<_>>(), expected);
            let (center, facility) = (&rows.centers[0], &rows.facilities[0]);
            assert_eq!((center.id, center.version, center.name.as_str()), (7, 1, "模范村"));
            assert_eq!(center.address.as_deref(), Some("土湾"));
            assert_eq!((facility.id, facility.center.as_ref().map(DivisionCode::as_str)), (9, Some("500106013004")));
            assert_eq!((rows.population[0].people, rows.version), (12.5, 5));
            // The migrated database can be changed.
            let changed = Center { phone: Some("023".into()), ..center.clone() };
            let edits = vec![Edit::Put(changed.into())];
            let edition =
                ChangeSet { edits, actor: "test".into(), at: "2026-11-25T00:00:00Z".into(), ..ChangeSet::default() };
            assert_eq!(store.edit(&edition).await.unwrap().updated, 1);
            store.close().await;
        });
    }
}

//! Faults of files, disks and rows: unaffected parts keep working, errors say how to fix the fault, and only the owner can read
//! the data. Each of these tests failed in version 0.1.0.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::http::{Server, send};
use crate::support::register::{block_on, open, token};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use walkshed::server::ServerOptions;
use walkshed_engine::Profiles;
use walkshed_graphql::{Api, ApiRequest, Limits, Variables};
use walkshed_live::Live;
use walkshed_live::access::Caller;
use walkshed_live::folder::DataFolder;
use walkshed_register::{Category, Edit, Facility, Role, Service};
use walkshed_store::{ChangeSet, EditError, Store, StoreError};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn walkshed(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_walkshed")).args(arguments).env("WALKSHED_DATA", data).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn assert_success(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

fn change_set(edit: Edit) -> ChangeSet {
    ChangeSet { edits: vec![edit], actor: "test".into(), at: "2026-11-27T00:00:00Z".into(), ..ChangeSet::default() }
}

fn service(key: &str) -> ChangeSet {
    change_set(Edit::Put(Service::new(key.into(), "x".into(), Category::Employment).into()))
}

fn facility(id: &str) -> ChangeSet {
    let at = city::position(100.0, 0.0);
    change_set(Edit::Put(Facility::new(id.into(), "诊所".into(), Category::HealthCare, at).into()))
}

async fn live(folder: &Path) -> Live {
    let data = DataFolder::new(folder, None, Profiles::default()).unwrap();
    Live::load(data.clone(), data.store().await.unwrap()).await.unwrap()
}

/// Runs SQL directly on the database file, as another program could.
async fn sql(folder: &Path, text: &'static str) {
    let pool = sqlx::SqlitePool::connect(&Store::url_of(&folder.join("walkshed.db"))).await.unwrap();
    sqlx::raw_sql(text).execute(&pool).await.unwrap();
    pool.close().await;
}

/// A server process.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listen = address.to_string();
        let command = command.args(["serve", "--listen", &listen, "--workers", "2", "--log", "error"]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "the server has ended");
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, address }
    }

    fn ask(&self, token: Option<&str>, query: &str, variables: &Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let authorization = token.map(|t| format!("Bearer {t}"));
        let mut headers = vec![JSON];
        headers.extend(authorization.as_deref().map(|a| ("Authorization", a)));
        send(self.address, "POST", "/graphql", &headers, body.as_bytes()).json()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn problems(reply: &Value) -> String {
    reply["problems"].to_string()
}

#[test]
fn unreadable_streets_do_not_block_other_changes() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions::default());
    let before = server.get("/health/ready").json();
    let streets = folder.path().join("streets.walkshed");
    std::fs::write(folder.path().join("new"), b"WALKSHED but no network, and longer than a header").unwrap();
    std::fs::rename(folder.path().join("new"), &streets).unwrap();
    let health = server.wait_for("/health/ready", |r| problems(&r.json()).contains("cannot be opened"));
    let health = health.json();
    assert_eq!((&health["status"], &health["streets"]), (&json!("ready"), &json!(true)), "{health}");
    let first = health["problems"][0].as_str().unwrap();
    assert!(first.contains("the previous ones stay in use") && first.contains("walkshed import streets"), "{first}");
    // Changes by another process are loaded nevertheless.
    for (n, what) in ["first", "second"].iter().enumerate() {
        block_on(async { open(folder.path()).await.edit(&facility(what)).await.unwrap() });
        let expected = before["facilities"].as_u64().unwrap() + n as u64 + 1;
        let now = server.wait_for("/health/ready", |r| r.json()["facilities"] == json!(expected)).json();
        assert_eq!(now["facilities"], json!(expected));
        assert!(problems(&now).contains("cannot be opened"), "the problem is reported until it is fixed: {now}");
    }
    let query = "{ dataset { problems } nearby(from: {center: \"500106013004\"}) { totalCount } }";
    let answer = server.query(query, &Value::Null).json();
    assert!(problems(&answer["data"]["dataset"]).contains("cannot be opened"), "{answer}");
    assert!(answer["data"]["nearby"]["totalCount"].as_u64().unwrap() > 0, "{answer}");
    // A valid file replaces it.
    city::network().save(&streets).unwrap();
    let fixed = server.wait_for("/health/ready", |r| !problems(&r.json()).contains("cannot be opened"));
    assert!(!problems(&fixed.json()).contains("cannot be opened"));
}

#[test]
fn server_survives_truncated_and_overwritten_streets() {
    let folder = city::folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_walkshed"));
    command.env("WALKSHED_DATA", folder.path());
    let mut server = Process::start(command);
    let query = "query($m: [Float!]) { walkshed(from: {center: \"500106013004\"}, minutes: $m) { bands { minutes } } nearby(from: {center: \"500106013004\"}) { totalCount } }";
    let before = server.ask(None, query, &json!({"m": [7.0]}));
    assert_eq!(before.get("errors"), None, "{before}");
    let streets = folder.path().join("streets.walkshed");
    let size = std::fs::metadata(&streets).unwrap().len();
    for bytes in [0, 1] {
        let file = std::fs::File::options().write(true).open(&streets).unwrap();
        file.set_len(bytes * size / 2).unwrap();
        if bytes > 0 {
            std::io::Write::write_all(&mut &file, &vec![0xee; size as usize]).unwrap();
        }
        // Immediately, and again after the server has polled the file.
        for _ in 0..2 {
            let now = server.ask(None, query, &json!({"m": [7.0]}));
            assert_eq!(now["data"], before["data"]);
            let other = server.ask(None, query, &json!({"m": [11.0]}));
            assert_eq!(other.get("errors"), None, "{other}");
            std::thread::sleep(Duration::from_millis(2500));
        }
    }
    assert!(server.child.try_wait().unwrap().is_none());
    let health = send(server.address, "GET", "/health/ready", &[], b"").json();
    assert!(problems(&health).contains("the previous ones stay in use"), "{health}");
}

#[test]
fn stored_changes_are_not_reported_as_failures() {
    let folder = city::folder();
    block_on(async {
        let live = live(folder.path()).await;
        let before = live.world();
        // A change by another process forces the next change to reload the register, in which one row is unreadable.
        open(folder.path()).await.edit(&service("theirs")).await.unwrap();
        sql(folder.path(), "UPDATE facility SET opened_on = 'once upon a time' WHERE id = 2").await;
        let (applied, world) = live.edit(&service("ours")).await.unwrap();
        assert_eq!(applied.inserted, 1);
        assert!(world.register.services.find("ours").is_some(), "the writer sees its change");
        let found = live.problems(&world);
        assert!(found[0].contains("facility 2") && found[0].contains("opened_on"), "{found:?}");
        assert!(
            found[0].contains("the previous one stays in use") && found[0].contains("walkshed restore"),
            "{found:?}"
        );
        assert_eq!(world.register.facilities.len(), before.register.facilities.len());
        // A refresh retries after a delay, and succeeds when the row is fixed.
        assert!(live.refresh().await.is_err());
        assert!(matches!(live.refresh().await, Ok(false)), "no retry before the delay has passed");
        sql(folder.path(), "UPDATE facility SET opened_on = NULL WHERE id = 2").await;
        let began = Instant::now();
        while live.world().register.services.find("theirs").is_none() {
            assert!(began.elapsed() < Duration::from_secs(20), "the change is never loaded");
            tokio::time::sleep(Duration::from_millis(100)).await;
            let _ = live.refresh().await;
        }
        let now = live.world();
        assert!(now.register.services.find("ours").is_some());
        assert_eq!(now.register.version, live.store().version().await.unwrap());
        assert!(!live.problems(&now).iter().any(|p| p.contains("cannot be read")), "{:?}", live.problems(&now));
    });
}

#[test]
fn unreadable_rows_are_named_in_errors_and_by_check() {
    let folder = city::folder();
    block_on(sql(folder.path(), "UPDATE center SET opened_on = 'soon' WHERE id = 1"));
    let data = DataFolder::new(folder.path(), None, Profiles::default()).unwrap();
    let error = block_on(async { Live::load(data.clone(), data.store().await.unwrap()).await.err().unwrap() });
    assert!(error.to_string().contains("center 1") && error.to_string().contains("walkshed restore"), "{error}");
    let checked = walkshed(folder.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(text(&checked).contains("center 1") && text(&checked).contains("walkshed restore"), "{}", text(&checked));
}

#[test]
fn unreadable_tokens_do_not_affect_other_tokens() {
    let folder = city::folder();
    let (_broken, good) = (token(folder.path(), Role::Admin), token(folder.path(), Role::Editor));
    block_on(async {
        sql(folder.path(), "UPDATE token SET created_at = 'x' WHERE id = 1").await;
        let live = live(folder.path()).await;
        assert_eq!(live.caller(&good, None).unwrap().role, Role::Editor);
        let found = live.problems(&live.world());
        assert!(found[0].contains("token 1"), "{found:?}");
        // The register is still refreshed.
        open(folder.path()).await.edit(&service("k")).await.unwrap();
        assert!(live.refresh().await.unwrap());
        sql(folder.path(), "UPDATE token SET created_at = '2026-01-01T00:00:00Z' WHERE id = 1").await;
        live.refresh().await.unwrap();
        assert!(!live.problems(&live.world())[0].contains("token 1"));
    });
}

#[test]
fn token_names_are_unique() {
    let folder = tempfile::tempdir().unwrap();
    let create = |name| walkshed(folder.path(), &["token", "create", "--role", "reader", "--name", name]);
    assert_success(&create("door"));
    for name in ["door", " door "] {
        let again = create(name);
        assert_eq!(again.status.code(), Some(1));
        assert!(
            text(&again).contains("--name \"door\"") && text(&again).contains("Choose another"),
            "{}",
            text(&again)
        );
    }
    assert_success(&walkshed(folder.path(), &["token", "revoke", "1"]));
    assert_eq!(create("door").status.code(), Some(1), "the audit log identifies tokens by name, revoked ones too");
    assert_success(&create("other door"));
}

#[test]
fn idempotency_keys_are_scoped_to_their_sender() {
    let folder = city::folder();
    block_on(async {
        let live = Arc::new(live(folder.path()).await);
        let api = Api::new(Limits::default());
        let submit = async |caller: Caller, text: &str| {
            let p = city::position(0.0, 0.0);
            let variables =
                json!({"i": {"idempotencyKey": "1", "text": text, "position": {"lon": p.lon(), "lat": p.lat()}}});
            let request = ApiRequest {
                query: "mutation($i: SubmitSuggestionInput!) { submitSuggestion(input: $i) { suggestion { id } userErrors { field code } } }".into(),
                variables: Variables::from_json(variables),
                caller: Some(caller),
                live: Some(live.clone()),
                ..ApiRequest::default()
            };
            let world = live.world();
            let answer = api.execute(&world, request).await;
            let data = city::answer(&answer)["data"]["submitSuggestion"].clone();
            (data["suggestion"]["id"].clone(), data["userErrors"][0]["code"].clone())
        };
        let from = |address: &str| Caller::anonymous(Some(address.parse().unwrap()));
        let a = submit(from("203.0.113.1"), "more light").await;
        assert!(a.0.is_string(), "{a:?}");
        assert_eq!(submit(from("203.0.113.1"), "more light").await, a, "sent again");
        assert_eq!(submit(from("203.0.113.1"), "less light").await.1, "KEY_REUSED");
        // The same key from another address is independent.
        let b = submit(from("203.0.113.2"), "more light").await;
        assert!(b.0.is_string() && b != a, "{b:?}");
        assert!(submit(from("203.0.113.3"), "a bench").await.0.is_string());
        // A household has many IPv6 addresses: the /64 prefix counts.
        let c = submit(from("2001:db8::1"), "more light").await;
        assert_eq!(submit(from("2001:db8::2"), "more light").await, c);
        assert!(submit(from("2001:db8:0:1::1"), "more light").await != c);
        // Senders without a token or address cannot use keys.
        assert_eq!(submit(Caller::anonymous(None), "more light").await, (Value::Null, json!("INVALID")));
        let token = Caller { role: Role::Contributor, token: Some("door".into()), address: None };
        assert!(submit(token, "more light").await.0.is_string());
    });
    // Addresses are not stored.
    let bytes = std::fs::read(folder.path().join("walkshed.db")).unwrap();
    assert!(!bytes.windows(11).any(|w| w == b"203.0.113.1"));
}

#[test]
fn data_folders_may_have_any_name() {
    let parent = tempfile::tempdir().unwrap();
    let names = ["a b", "what?", "what?mode=memory", "100%", "%41", "a#b", "渝中区", "it's", ":memory:", "file:x"];
    for name in names {
        let data = parent.path().join(name);
        assert_success(&walkshed(&data, &["token", "create", "--role", "reader", "--name", "door"]));
        let backup = data.join("copy of 100%?.db");
        assert_success(&walkshed(&data, &["backup", backup.to_str().unwrap()]));
        assert_success(&walkshed(&data, &["restore", backup.to_str().unwrap()]));
        assert_success(&walkshed(&data, &["check"]));
        let listed = walkshed(&data, &["token", "list"]);
        assert!(text(&listed).contains("door"), "{name}: {}", text(&listed));
        assert!(data.join("walkshed.db").exists(), "{name}");
        let kept: Vec<_> = std::fs::read_dir(&data).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(kept.len(), 2, "{name}: {kept:?}");
    }
    let mut actual: Vec<String> =
        std::fs::read_dir(parent.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    actual.sort_unstable();
    let mut expected = names.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(actual, expected, "no other folders are created");
    // A server with a relative path.
    let mut command = Command::new(env!("CARGO_BIN_EXE_walkshed"));
    command.current_dir(parent.path()).env("WALKSHED_DATA", "what?");
    let server = Process::start(command);
    assert_eq!(send(server.address, "GET", "/health/ready", &[], b"").status, 200);
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs the program with umask 0.
#[cfg(unix)]
fn with_umask_zero(data: &Path, arguments: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", "umask 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_walkshed")])
        .args(arguments)
        .env("WALKSHED_DATA", data)
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_database_and_its_backups() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    assert_success(&with_umask_zero(&data, &["token", "create", "--role", "reader", "--name", "door"]));
    let database = data.join("walkshed.db");
    assert_eq!((mode(&data), mode(&database)), (0o700, 0o600));
    let backup = parent.path().join("b.db");
    assert_success(&with_umask_zero(&data, &["backup", backup.to_str().unwrap()]));
    assert_eq!(mode(&backup), 0o600);
    // Refused rows can contain personal data.
    let suggestions = parent.path().join("s.csv");
    std::fs::write(&suggestions, "text,lon,lat,contact\nlight,106.5,29.5,13800000000\n,1,1,13900000000\n").unwrap();
    let imported = with_umask_zero(&data, &["import", "suggestions", suggestions.to_str().unwrap(), "--keep-going"]);
    assert_eq!(imported.status.code(), Some(3), "{}", text(&imported));
    assert_eq!(mode(&parent.path().join("s.refused.csv")), 0o600);
    // An existing database is restricted when it is opened, together with its -wal and -shm files.
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_walkshed")]).env("WALKSHED_DATA", &data);
    let _server = Process::start(command);
    for end in ["", "-wal", "-shm"] {
        assert_eq!(mode(Path::new(&format!("{}{end}", database.display()))), 0o600, "{end}");
    }
}

#[cfg(unix)]
#[test]
fn a_killed_restore_leaves_no_readable_files() {
    let folder = city::folder();
    let (elsewhere, backups) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    block_on(async {
        // Large enough to be killed during the restore.
        let store = open(folder.path()).await;
        let mut one = Service::new("k".into(), "x".into(), Category::Employment);
        for n in 0..3000 {
            one.key = format!("k{n}");
            one.description = Some("what is secret, again and again ".repeat(100));
            if n == 0 {
                store.edit(&change_set(Edit::Put(one.clone().into()))).await.unwrap();
            }
        }
        let edits = (1..3000).map(|n| Edit::Put(Service { key: format!("k{n}"), ..one.clone() }.into())).collect();
        store.edit(&ChangeSet { edits, ..service("") }).await.unwrap();
        store.backup(&backups.path().join("b.db")).await.unwrap();
        store.close().await;
    });
    let names = |at: &Path| -> Vec<PathBuf> { std::fs::read_dir(at).unwrap().map(|e| e.unwrap().path()).collect() };
    let mut caught = 0;
    for round in 0..12u64 {
        let mut child = Command::new("sh")
            .args(["-c", "umask 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_walkshed"), "restore"])
            .arg(backups.path().join("b.db"))
            .envs([("WALKSHED_DATA", folder.path()), ("TMPDIR", elsewhere.path())])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let is_part = |p: &PathBuf| p.to_str().unwrap().contains(".walkshed-restore-");
        while child.try_wait().unwrap().is_none()
            && !names(folder.path()).iter().any(is_part)
            && began.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(round * 15));
        let _ = child.kill();
        child.wait().unwrap();
        assert_eq!(names(elsewhere.path()).len(), 0, "nothing in the temporary folder");
        let left: Vec<PathBuf> = names(folder.path()).into_iter().filter(is_part).collect();
        caught += usize::from(!left.is_empty());
        assert!(left.iter().all(|p| mode(p) == 0o600), "{left:?}");
        // The register is complete, before or after the restore.
        let rows = block_on(async { open(folder.path()).await.load().await.unwrap() });
        assert_eq!(rows.services.iter().filter(|s| s.key.starts_with('k')).count(), 3000, "round {round}");
    }
    println!("{caught} of 12 kills left a temporary file");
    assert_success(&walkshed(folder.path(), &["restore", backups.path().join("b.db").to_str().unwrap()]));
    let left: Vec<PathBuf> = names(folder.path());
    assert!(
        !left.iter().any(|p| p.to_str().unwrap().contains(".walkshed-")),
        "the next restore removes leftovers: {left:?}"
    );
    assert_eq!(names(backups.path()).len(), 1);
}

/// A file size limit simulates a full disk: incomplete backups and copies are removed.
#[cfg(unix)]
#[test]
fn a_backup_without_disk_space_leaves_no_files() {
    let folder = city::folder();
    let elsewhere = tempfile::tempdir().unwrap();
    let limited = |arguments: &[&str]| {
        Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_walkshed")])
            .args(arguments)
            .env("WALKSHED_DATA", folder.path())
            .output()
            .unwrap()
    };
    let count = |at: &Path| std::fs::read_dir(at).unwrap().count();
    let before = count(folder.path());
    let file = elsewhere.path().join("b.db");
    let refused = limited(&["backup", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("b.db"), "{}", text(&refused));
    assert_eq!(count(elsewhere.path()), 0);
    assert_success(&walkshed(folder.path(), &["backup", file.to_str().unwrap()]));
    let refused = limited(&["restore", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert_eq!((count(folder.path()), count(elsewhere.path())), (before, 1));
    assert_success(&walkshed(folder.path(), &["check"]));
}

/// Mounts a disk of 3 MB in a separate namespace.
#[cfg(target_os = "linux")]
#[test]
fn a_server_recovers_from_a_full_disk_without_a_restart() {
    let disk = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=3m tmpfs \"$1\" && shift && exec \"$@\"";
    let in_namespace = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["-Urm", "sh", "-c", mount, "sh"]).arg(disk.path()).args(arguments);
        command
    };
    if !in_namespace(&["true"]).output().is_ok_and(|o| o.status.success()) {
        walkshed_testing::skip("cannot create a mount namespace with a small tmpfs (unshare -Urm, mount -t tmpfs)");
        return;
    }
    // Only the server sees the mount; this process accesses it through /proc.
    let data = disk.path().join("data");
    let secret = walkshed_live::access::new_token().unwrap();
    let prepared = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(prepared.path()).await;
        let row = walkshed_store::TokenRow {
            id: 0,
            name: "desk".into(),
            role: Role::Editor,
            hash: walkshed_live::access::hash(secret.as_bytes()),
            created_at: jiff::Timestamp::now(),
            expires_at: None,
            revoked_at: None,
        };
        store.add_token(&row, "test").await.unwrap();
        store.close().await;
    });
    let copy = format!("cp -r {} {} && exec \"$@\"", prepared.path().display(), data.display());
    let mut command = in_namespace(&["sh", "-c", &copy, "sh", env!("CARGO_BIN_EXE_walkshed")]);
    command.env("WALKSHED_DATA", &data);
    let server = Process::start(command);
    let seen = PathBuf::from(format!("/proc/{}/root{}", server.child.id(), disk.path().display()));
    let mut n = 0;
    let mut write = || {
        n += 1;
        let input = json!({"i": {"key": format!("k{n}"), "name": "服务", "category": "EMPLOYMENT", "description": "x".repeat(3000)}});
        let query =
            "mutation($i: CreateServiceInput!) { createService(input: $i) { service { key } userErrors { message } } }";
        server.ask(Some(&secret), query, &input)
    };
    let count =
        || server.ask(None, "{ services { totalCount } }", &Value::Null)["data"]["services"]["totalCount"].clone();
    for round in 0..2 {
        let stored = write();
        assert!(stored["data"]["createService"]["service"]["key"].is_string(), "round {round}: {stored}");
        // Fill the disk completely.
        let filler = seen.join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        while std::io::Write::write(&mut file, &[1; 4096]).is_ok_and(|n| n > 0) {}
        let (before, mut refused) = (count(), Value::Null);
        let mut stored = 0;
        // Writes succeed until the space already allocated to the write-ahead log is used up.
        while stored < 2000 {
            let reply = write();
            if reply.get("errors").is_some() {
                refused = reply;
                break;
            }
            stored += 1;
        }
        assert_eq!(refused["errors"][0]["extensions"]["code"], "STORAGE_FULL", "{refused}");
        let message = refused["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("nothing was changed"), "{message}");
        for _ in 0..12 {
            let again = write();
            assert_eq!(again["errors"][0]["extensions"]["code"], "STORAGE_FULL", "{again}");
        }
        assert_eq!(count().as_u64(), before.as_u64().map(|n| n + stored), "refused changes are not stored");
        drop(file);
        std::fs::remove_file(&filler).unwrap();
        for _ in 0..8 {
            let stored = write();
            assert!(stored["data"]["createService"]["service"]["key"].is_string(), "round {round}: {stored}");
        }
    }
}

#[test]
fn removes_leftovers_of_killed_processes_at_start() {
    let folder = city::folder();
    let left = ["streets.tmp123", "streets.held9-0", ".walkshed-backup-1-0.part"].map(|n| folder.path().join(n));
    let in_use = folder.path().join("streets.tmp77");
    for path in left.iter().chain([&in_use, &folder.path().join("mine.tmp1")]) {
        std::fs::write(path, b"half").unwrap();
    }
    let held = std::fs::File::open(&in_use).unwrap();
    held.lock().unwrap();
    assert_success(&walkshed(folder.path(), &["check"]));
    assert!(left.iter().all(|path| !path.exists()), "{left:?}");
    assert!(in_use.exists() && folder.path().join("mine.tmp1").exists());
}

#[test]
fn check_reports_a_damaged_database() {
    let folder = city::folder();
    assert_success(&walkshed(folder.path(), &["check"]));
    // A row with a dangling reference.
    block_on(sql(
        folder.path(),
        "PRAGMA foreign_keys = OFF;
         INSERT INTO suggestion (id, version, external_id, center_id, text, status, received_at, created_at, updated_at)
         VALUES (77, 1, 'orphan', 4711, 'x', 'received', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')",
    ));
    let checked = walkshed(folder.path(), &["--json", "check"]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked));
    let value: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(value["databaseDamage"], json!(["suggestion 77 refers to a center that does not exist"]));
    assert!(problems(&value).contains("walkshed restore FILE"), "{value}");
    assert_eq!(value["damaged"], json!(true));
    // An overwritten page in the middle of the file.
    let path = folder.path().join("walkshed.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xee);
    std::fs::write(&path, &bytes).unwrap();
    let checked = walkshed(folder.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(text(&checked).contains("walkshed restore FILE"), "{}", text(&checked));
}

#[test]
fn queues_some_concurrent_changes_and_refuses_the_rest() {
    let folder = city::folder();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
        let live = Arc::new(live(folder.path()).await.with_max_waiting_writes(4));
        let tasks: Vec<_> = (0..40)
            .map(|n| {
                let live = live.clone();
                tokio::spawn(async move { live.edit(&service(&format!("k{n}"))).await.map(|_| ()) })
            })
            .collect();
        let (mut stored, mut refused) = (0, 0);
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => stored += 1,
                Err(error @ EditError::Busy { .. }) => {
                    assert!(error.to_string().contains("try again"), "{error}");
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!(stored >= 5 && refused > 0 && stored + refused == 40, "{stored} stored, {refused} refused");
        assert_eq!(live.world().register.services.iter().filter(|s| s.key.starts_with('k')).count(), stored);
        // GraphQL reports it with its own error code.
        let none = Arc::new(self::live(folder.path()).await.with_max_waiting_writes(0));
        let api = Arc::new(Api::new(Limits::default()));
        let requests: Vec<_> = (0..20)
            .map(|n| {
                let (api, live) = (api.clone(), none.clone());
                tokio::spawn(async move {
                    let request = ApiRequest {
                        query: format!("mutation {{ createService(input: {{key: \"w{n}\", name: \"x\", category: EMPLOYMENT}}) {{ service {{ key }} }} }}"),
                        caller: Some(Caller { role: Role::Editor, token: Some("desk".into()), address: None }),
                        live: Some(live.clone()),
                        ..ApiRequest::default()
                    };
                    let world = live.world();
                    city::answer(&api.execute(&world, request).await)
                })
            })
            .collect();
        let mut busy = 0;
        for task in requests {
            let reply = task.await.unwrap();
            if let Some(error) = reply.get("errors") {
                assert_eq!(error[0]["extensions"]["code"], "BUSY", "{reply}");
                assert!(error[0]["message"].as_str().unwrap().contains("nothing was changed"), "{reply}");
                busy += 1;
            }
        }
        assert!(busy > 0 && busy < 20, "{busy}");
    });
}

#[test]
fn database_errors_say_how_to_fix_them() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        store.edit(&service("a")).await.unwrap();
        store.close().await;
        sql(folder.path(), "UPDATE service SET audiences = '[\"martians\"]' WHERE id = 1").await;
        let error = open(folder.path()).await.load().await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }));
        let text = error.to_string();
        assert!(text.contains("service 1") && text.contains("martians") && text.contains("walkshed restore"), "{text}");
    });
}

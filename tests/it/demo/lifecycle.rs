//! Removing the city, and stopping its creation.

use super::*;

#[test]
fn removes_the_city_completely_and_rejects_imports_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let created = walkshed(at, &["--json", "demo", "--scale", "0.01", "--export", "files"]);
    let value: Value = serde_json::from_slice(&created.stdout).unwrap();
    assert_eq!((&value["synthetic"], &value["imported"]), (&json!(true), &json!(true)));
    // A second city is rejected. Its files may be exported elsewhere, but not over existing files.
    let again = walkshed(at, &["demo"]);
    assert!(
        !again.status.success() && output_text(&again).contains("walkshed demo --remove"),
        "{}",
        output_text(&again)
    );
    let over = walkshed(at, &["demo", "--scale", "0.01", "--export", "files"]);
    assert!(!over.status.success() && output_text(&over).contains("not empty"), "{}", output_text(&over));
    for (kind, file) in [("centers", "centers.csv"), ("population", "population.csv"), ("streets", "streets.osm.pbf")] {
        let rejected = walkshed(at, &["import", kind, &format!("files/{file}")]);
        assert!(!rejected.status.success(), "{kind} were imported over the demonstration city");
        assert!(output_text(&rejected).contains("walkshed demo --remove"), "{}", output_text(&rejected));
    }
    // Records added by users, including standards, are removed with it and reported.
    let data = DataFolder::new(&at.join("walkshed-data"), None, Profiles::default()).unwrap();
    let rt = tokio::runtime::Runtime::new().unwrap();
    rt.block_on(async {
        let store = data.store().await.unwrap();
        let rows = store.load().await.unwrap();
        assert!(rows.demonstration.unwrap().is_whole && rows.scenarios.len() == 1, "{:?}", rows.demonstration);
        let standard = walkshed_register::Standard {
            id: 0,
            version: 0,
            key: "ours".into(),
            name: "我们".into(),
            name_en: "Ours".into(),
            source: "us".into(),
            note: None,
            requirements: Vec::new(),
        };
        let mut center = rows.centers[0].clone();
        center.phone = Some("023".into());
        let edits = vec![Edit::Put(standard.into()), Edit::Put(center.into())];
        let edition =
            ChangeSet { edits, actor: "token desk".into(), at: "2026-11-27T00:00:00Z".into(), ..ChangeSet::default() };
        store.edit(&edition).await.unwrap();
        store.close().await;
    });
    let removed = walkshed(at, &["--json", "demo", "--remove"]);
    assert!(removed.status.success(), "{}", output_text(&removed));
    let removed: Value = serde_json::from_slice(&removed.stdout).unwrap();
    assert_eq!(removed["addedByUsers"]["standard"], json!(["ours"]), "{removed}");
    assert_eq!(removed["addedByUsers"].as_object().unwrap().keys().collect::<Vec<_>>(), ["center", "standard"]);
    assert_eq!((&removed["rows"]["standard"], &removed["rows"]["scenario"]), (&json!(1), &json!(1)));
    rt.block_on(async {
        let store = data.store().await.unwrap();
        assert!(store.is_empty().await.unwrap());
        store.close().await;
    });
    assert!(!at.join("walkshed-data/streets.walkshed").exists());
    let checked: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    assert_eq!((&checked["centers"], &checked["facilities"]), (&json!(0), &json!(0)));
    assert!(!walkshed(at, &["demo", "--remove"]).status.success());
    // Its files can then be imported like any others. This is no longer a demonstration, but the position quality still
    // says SYNTHETIC.
    let own = walkshed(at, &["--json", "import", "centers", "files/centers.csv"]);
    assert!(own.status.success(), "{}", output_text(&own));
    let beside = walkshed(at, &["demo"]);
    assert!(!beside.status.success() && output_text(&beside).contains("--data"), "{}", output_text(&beside));
    for bad in ["0", "8.1", "-1", "nan", "inf", "x"] {
        let refused = walkshed(at, &["demo", &format!("--scale={bad}")]);
        assert_eq!(refused.status.code(), Some(2), "{bad}");
        let text = output_text(&refused);
        assert!(text.contains(bad) && text.contains("--scale") && text.contains("at most 8"), "{text}");
    }
}

/// Killed during the import: the incomplete city is reported, cannot be extended, and is created again.
#[test]
fn an_incomplete_city_is_created_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(walkshed(at, &["demo", "--scale", "0.01"]).status.success());
    let whole: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    let data = DataFolder::new(&at.join("walkshed-data"), None, Profiles::default()).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = data.store().await.unwrap();
        let mark = store.demonstration().await.unwrap().unwrap();
        store.mark_demonstration(Demonstration { is_whole: false, ..mark }, "2026-11-25T00:00:00Z").await.unwrap();
        store.close().await;
    });
    // `check` reports it, with the command to run.
    let half: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    assert!(half["problems"][0].as_str().unwrap().contains("incomplete"), "{half}");
    assert!(half["problems"][0].as_str().unwrap().contains("Run `walkshed demo`"), "{half}");
    std::fs::write(data.streets(), b"half a file").unwrap();
    let rejected = walkshed(at, &["import", "centers", "nothing.csv"]);
    assert!(!rejected.status.success());
    let again = walkshed(at, &["demo", "--scale", "0.01"]);
    assert!(again.status.success(), "{}", output_text(&again));
    let found: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    for what in ["centers", "facilities", "population"] {
        assert_eq!(found[what], whole[what], "{what}");
    }
    assert!(found["centers"].as_u64().unwrap() > 0, "{found}");
}

/// Returns the child processes of a process.
#[cfg(target_os = "linux")]
fn children(of: u32) -> Vec<u32> {
    let task = format!("/proc/{of}/task/{of}/children");
    // Every thread has its own list.
    let tasks = std::fs::read_dir(format!("/proc/{of}/task")).map(|d| d.flatten().map(|t| t.path().join("children")));
    let lists = tasks.map_or_else(|_| vec![task.into()], Iterator::collect::<Vec<std::path::PathBuf>>);
    let lists = lists.iter().filter_map(|list| std::fs::read_to_string(list).ok());
    lists.flat_map(|l| l.split_whitespace().map(|n| n.parse().unwrap()).collect::<Vec<u32>>()).collect()
}

/// However the creation is stopped, no process continues, and no incomplete city looks complete.
#[cfg(target_os = "linux")]
#[test]
fn stopping_the_creation_leaves_no_process_and_no_partial_city() {
    use std::time::{Duration, Instant};
    for (signal, arguments) in [("-KILL", &[][..]), ("-TERM", &[]), ("-INT", &["demo"]), ("-KILL", &["demo"])] {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .env("WALKSHED_LISTEN", "127.0.0.1:0")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let part = folder.path().join("walkshed-data/demo.part");
        let began = Instant::now();
        while !part.join("files").exists() {
            assert!(
                began.elapsed() < Duration::from_secs(30) && process.try_wait().unwrap().is_none(),
                "the city is not created"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        let started = children(process.id());
        assert_eq!(
            started.len(),
            usize::from(arguments.is_empty()),
            "a first start creates the city in another process"
        );
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
        assert!(sent.success() && !process.wait().unwrap().success());
        let began = Instant::now();
        // A process that has ended and has not been waited for is a zombie until its new parent notices.
        let lives = |pid: &u32| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            !status.is_empty() && !status.contains("State:\tZ")
        };
        while started.iter().any(lives) {
            assert!(began.elapsed() < Duration::from_secs(10), "{signal}: an orphan is still running");
            std::thread::sleep(Duration::from_millis(20));
        }
        let checked: Value = serde_json::from_slice(&walkshed(folder.path(), &["--json", "check"]).stdout).unwrap();
        assert_eq!((&checked["centers"], &checked["streets"]), (&json!(0), &Value::Null), "{signal}");
        // The next start removes whatever was left. Checking this once is enough.
        if (signal, arguments.len()) != ("-KILL", 1) {
            continue;
        }
        let created = walkshed(folder.path(), &["demo", "--scale", "0.01"]);
        assert!(created.status.success() && !part.exists(), "{}", output_text(&created));
    }
}

//! The data folder: damaged prepared files are rejected, and the register changes completely or not at all.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use std::path::Path;
use walkshed_engine::{FileError, Network};
use walkshed_register::{AnyRecord, Edit, Facility, ImportRecord, PopulationCell, ProblemCode, Record, RegisterRows};
use walkshed_store::{Applied, ChangeSet, EditError, Store, StoreError};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn open_at(path: &Path, bytes: &[u8]) -> Result<Network, FileError> {
    std::fs::write(path, bytes).unwrap();
    Network::open(path)
}

#[test]
fn rejects_damaged_prepared_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streets.walkshed");
    let network = walkshed_testing::grid(6, 100.0);
    network.save(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    assert_eq!(Network::open(&path).unwrap().edge_count(), network.edge_count());

    // Truncated at many lengths.
    for end in (0..good.len()).step_by(97) {
        let error = open_at(&path, &good[..end]).err().unwrap().to_string();
        assert!(error.contains("run: walkshed import streets"), "cut at {end}: {error}");
    }
    // Any byte changed.
    for i in (0..good.len()).step_by(53) {
        let mut bytes = good.clone();
        bytes[i] ^= 0x55;
        assert!(open_at(&path, &bytes).is_err(), "byte {i} changed");
    }
    // Longer or shorter than the header says.
    for more in 1..20 {
        assert!(open_at(&path, &[&good[..], &vec![0; more]].concat()).is_err(), "{more} bytes more");
        assert!(open_at(&path, &good[..good.len() - more]).is_err(), "{more} bytes fewer");
    }
    // Another kind of file.
    assert!(matches!(
        open_at(&path, b"PK\x03\x04 a zip file, not a network, and long enough").err(),
        Some(FileError::Foreign(_))
    ));
    // Another format version: the number after the eight bytes of the magic.
    let mut other = good.clone();
    other[8] = other[8].wrapping_add(1);
    let error = open_at(&path, &other).err().unwrap();
    assert!(matches!(error, FileError::Version { .. }), "{error}");
    assert!(error.to_string().contains("another version of walkshed") && error.to_string().contains("run:"), "{error}");
    assert!(matches!(Network::open(&folder.path().join("none")).err(), Some(FileError::Missing(_))));
}

#[test]
fn saving_replaces_a_prepared_file_atomically() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streets.walkshed");
    walkshed_testing::grid(6, 100.0).save(&path).unwrap();
    let old = Network::open(&path).unwrap();
    // Files left behind by an interrupted import do not disturb the next one.
    for entry in ["streets.walkshed.part", "streets.walkshed.tmp", ".streets.walkshed.new"] {
        std::fs::write(folder.path().join(entry), b"half").unwrap();
    }
    walkshed_testing::grid(9, 100.0).save(&path).unwrap();
    assert_eq!(Network::open(&path).unwrap().vertices().len(), 81);
    // A network opened before stays usable.
    assert_eq!(old.vertices().len(), 36);
    assert!(old.snap(walkshed_testing::at(100.0, 100.0), walkshed_engine::Profile::Adult).is_ok());
    // The error of a failed write contains the path.
    let error =
        walkshed_testing::grid(3, 100.0).save(Path::new("/proc/nowhere/streets.walkshed")).unwrap_err().to_string();
    assert!(error.contains("/proc/nowhere"), "{error}");
}

fn record(kind: &str) -> ImportRecord {
    ImportRecord { kind: kind.into(), ..city::rows().imports[0].clone() }
}

fn edition(kind: &str, edits: Vec<Edit>) -> ChangeSet {
    let import = Some(record(kind));
    ChangeSet { edits, actor: "test".into(), at: "2026-11-25T01:00:00Z".into(), import, ..ChangeSet::default() }
}

/// Edits that insert records, without ids.
fn inserts<T: Record + Into<Box<AnyRecord>>>(list: &[T]) -> Vec<Edit> {
    let edit = |r: &T| {
        let mut r = r.clone();
        r.set_id_and_version(0, 0);
        Edit::Put(r.into())
    };
    list.iter().map(edit).collect()
}

/// Edits that update existing records.
fn updates<T: Record + Into<Box<AnyRecord>>>(list: &[T]) -> Vec<Edit> {
    list.iter().map(|r| Edit::Put(r.clone().into())).collect()
}

fn everyone(cells: &[PopulationCell]) -> Vec<Edit> {
    vec![Edit::Population { group: "all".into(), cells: cells.to_vec() }]
}

fn counts(applied: &Applied) -> [u64; 4] {
    [applied.inserted, applied.updated, applied.unchanged, applied.deleted]
}

async fn open(folder: &Path) -> Store {
    Store::open(&Store::url_of(&folder.join("w.db"))).await.unwrap()
}

/// Returns everything except the import log, for comparison.
fn content(rows: &RegisterRows) -> String {
    format!("{:?} {:?} {:?}", rows.centers, rows.facilities, rows.population)
}

#[test]
fn the_same_import_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        let rows = city::rows();
        for (kind, edits, n) in [
            ("centers", inserts(&rows.centers), 2),
            ("facilities", inserts(&rows.facilities), 7),
            ("population", everyone(&rows.population), 3),
        ] {
            let first = store.edit(&edition(kind, edits)).await.unwrap();
            assert_eq!(counts(&first), [n, 0, 0, 0], "{kind}");
        }
        let before = store.load().await.unwrap();
        for (kind, edits, n) in [
            ("centers", updates(&before.centers), 2),
            ("facilities", updates(&before.facilities), 7),
            ("population", everyone(&before.population), 3),
        ] {
            let again = store.edit(&edition(kind, edits)).await.unwrap();
            assert_eq!((counts(&again), again.version), ([0, 0, n, 0], again.before), "{kind}");
        }
        let after = store.load().await.unwrap();
        assert_eq!(
            (before.version, content(&before), before.imports.len()),
            (after.version, content(&after), after.imports.len())
        );
        assert_eq!(after.imports.len(), 3);

        // One name changed: one row is updated, keeps its id and gets a new version.
        let mut changed = before.facilities.clone();
        changed[2].name = "又一个".into();
        let applied = store.edit(&edition("facilities", updates(&changed))).await.unwrap();
        assert_eq!(counts(&applied), [0, 1, 6, 0]);
        let now = store.load().await.unwrap();
        assert_eq!((now.version, now.facilities[2].id), (before.version + 1, before.facilities[2].id));
        assert_eq!((now.facilities[2].name.as_str(), now.facilities[2].version), ("又一个", 2));

        // A population file replaces the population of its group.
        let applied = store.edit(&edition("population", everyone(&rows.population[..1]))).await.unwrap();
        assert_eq!(counts(&applied), [0, 2, 1, 0]);
        let elderly = vec![Edit::Population { group: "60_plus".into(), cells: rows.population[..2].to_vec() }];
        store.edit(&edition("population", elderly)).await.unwrap();
        let now = store.load().await.unwrap();
        assert_eq!((now.population.len(), now.groups["60_plus"].len()), (1, 2));
    });
}

#[test]
fn a_failed_import_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        let rows = city::rows();
        store.edit(&edition("facilities", inserts(&rows.facilities[..3]))).await.unwrap();
        let before = store.load().await.unwrap();
        let fails = async |bad: Vec<Facility>, message: &str| {
            let error = store.edit(&edition("facilities", updates(&bad))).await.unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
            let after = store.load().await.unwrap();
            assert_eq!((before.version, content(&before)), (after.version, content(&after)), "{message}");
            error
        };
        let mut bad = before.facilities.clone();
        bad[0].name = "changed".into();
        // The last row violates a constraint of the table, which validation would otherwise prevent.
        bad.push(Facility { id: 0, version: 0, name: String::new(), ..rows.facilities[5].clone() });
        let error = fails(bad.clone(), "CHECK").await;
        assert!(matches!(error, EditError::Store(StoreError::Sql(_))), "{error}");
        // Or its external id exists already, or its version is outdated, or the record does not exist.
        bad[3] = Facility { id: 0, version: 0, ..before.facilities[1].clone() };
        let error = fails(bad.clone(), "\"f-11\" already exists").await;
        assert!(matches!(error, EditError::Problem { index: 3, ref problem } if problem.code == ProblemCode::Taken));
        bad[3] = Facility { version: 9, ..before.facilities[1].clone() };
        fails(bad.clone(), "is not the current version").await;
        bad[3] = Facility { id: 99, version: 1, ..before.facilities[1].clone() };
        fails(bad, "no longer exists").await;
    });
}

#[test]
fn concurrent_imports_are_serialized() {
    let folder = tempfile::tempdir().unwrap();
    let rows = city::rows();
    block_on(async { open(folder.path()).await.close().await });
    std::thread::scope(|scope| {
        for i in 0..4 {
            let (path, rows) = (folder.path(), &rows);
            scope.spawn(move || {
                block_on(async {
                    let store = open(path).await;
                    let mut list = rows.facilities.clone();
                    for f in &mut list {
                        f.external_id = format!("{i}-{}", f.external_id);
                    }
                    store.edit(&edition("facilities", inserts(&list))).await.unwrap();
                    store.close().await;
                });
            });
        }
    });
    let all = block_on(async { open(folder.path()).await.load().await.unwrap() });
    assert_eq!((all.facilities.len(), all.version), (28, 4));
    // Every record has its own id.
    assert_eq!(all.facilities.iter().map(|f| f.id).collect::<Vec<_>>(), (1..=28).collect::<Vec<i64>>());
}

#[test]
fn rejects_unusable_databases_with_a_clear_message() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let error = Store::open("postgres://localhost/walkshed").await.unwrap_err().to_string();
        assert!(error.contains("postgres://localhost/walkshed") && error.contains("sqlite://"), "{error}");
        let path = folder.path().join("text.db");
        std::fs::write(&path, "this is a text and no database, however long it may be made to seem".repeat(20))
            .unwrap();
        let error = Store::open(&Store::url_of(&path)).await.unwrap_err().to_string();
        assert!(error.contains("text.db"), "{error}");
        let nowhere = Store::open("sqlite:///nowhere/at/all.db").await.unwrap_err().to_string();
        assert!(nowhere.contains("/nowhere/at/all.db"), "{nowhere}");
        // A database of a later version of walkshed, with an unknown migration.
        let later = folder.path().join("later.db");
        Store::open(&Store::url_of(&later)).await.unwrap().close().await;
        let pool = sqlx::SqlitePool::connect(&Store::url_of(&later)).await.unwrap();
        sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
        let error = Store::open(&Store::url_of(&later)).await.unwrap_err().to_string();
        assert!(error.contains("newer or another version"), "{error}");
    });
}

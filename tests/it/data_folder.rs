//! What lies on disk: the prepared file refuses what it should, the register changes whole or not at all.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use std::path::Path;
use walkshed_engine::{FileError, Network};
use walkshed_register::{AnyRecord, Edit, Facility, ImportRecord, PopulationCell, ProblemCode, Record, RegisterRows};
use walkshed_store::{Applied, EditError, Edition, Store, StoreError};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn open_at(path: &Path, bytes: &[u8]) -> Result<Network, FileError> {
    std::fs::write(path, bytes).unwrap();
    Network::open(path)
}

#[test]
fn a_prepared_file_is_opened_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streets.walkshed");
    let network = walkshed_testing::grid(6, 100.0);
    network.save(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    assert_eq!(Network::open(&path).unwrap().edge_count(), network.edge_count());

    // Cut anywhere.
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
    // Longer than it says.
    for more in 1..20 {
        assert!(open_at(&path, &[&good[..], &vec![0; more]].concat()).is_err(), "{more} bytes more");
        assert!(open_at(&path, &good[..good.len() - more]).is_err(), "{more} bytes fewer");
    }
    // Not ours at all.
    assert!(matches!(
        open_at(&path, b"PK\x03\x04 a zip file, not a network, and long enough").err(),
        Some(FileError::Foreign(_))
    ));
    // Of another version: the number after the eight bytes of the name.
    let mut other = good.clone();
    other[8] = other[8].wrapping_add(1);
    let error = open_at(&path, &other).err().unwrap();
    assert!(matches!(error, FileError::Version { .. }), "{error}");
    assert!(error.to_string().contains("another version of walkshed") && error.to_string().contains("run:"), "{error}");
    assert!(matches!(Network::open(&folder.path().join("none")).err(), Some(FileError::Missing(_))));
}

#[test]
fn a_new_prepared_file_replaces_the_old_one_in_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streets.walkshed");
    walkshed_testing::grid(6, 100.0).save(&path).unwrap();
    let old = Network::open(&path).unwrap();
    // What an import that was stopped half-way leaves behind is not in the way of the next.
    for entry in ["streets.walkshed.part", "streets.walkshed.tmp", ".streets.walkshed.new"] {
        std::fs::write(folder.path().join(entry), b"half").unwrap();
    }
    walkshed_testing::grid(9, 100.0).save(&path).unwrap();
    assert_eq!(Network::open(&path).unwrap().vertices().len(), 81);
    // The old one is still whole for those who hold it.
    assert_eq!(old.vertices().len(), 36);
    assert!(old.snap(walkshed_testing::at(100.0, 100.0), walkshed_engine::Profile::Adult).is_ok());
    // Where nothing can be written the old one stays, and the error names the place.
    let error =
        walkshed_testing::grid(3, 100.0).save(Path::new("/proc/nowhere/streets.walkshed")).unwrap_err().to_string();
    assert!(error.contains("/proc/nowhere"), "{error}");
}

fn record(kind: &str) -> ImportRecord {
    ImportRecord { kind: kind.into(), ..city::rows().imports[0].clone() }
}

fn edition(kind: &str, edits: Vec<Edit>) -> Edition {
    let import = Some(record(kind));
    Edition { edits, actor: "test".into(), at: "2026-11-25T01:00:00Z".into(), import, ..Edition::default() }
}

/// Records as a file brings them in: without numbers.
fn fresh<T: Record + Into<Box<AnyRecord>>>(list: &[T]) -> Vec<Edit> {
    let edit = |r: &T| {
        let mut r = r.clone();
        r.numbered(0, 0);
        Edit::Put(r.into())
    };
    list.iter().map(edit).collect()
}

/// Records as a file brings them in when they are there already.
fn known<T: Record + Into<Box<AnyRecord>>>(list: &[T]) -> Vec<Edit> {
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

/// What can be compared: everything but the log.
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
            ("centers", fresh(&rows.centers), 2),
            ("facilities", fresh(&rows.facilities), 7),
            ("population", everyone(&rows.population), 3),
        ] {
            let first = store.edit(&edition(kind, edits)).await.unwrap();
            assert_eq!(counts(&first), [n, 0, 0, 0], "{kind}");
        }
        let before = store.load().await.unwrap();
        for (kind, edits, n) in [
            ("centers", known(&before.centers), 2),
            ("facilities", known(&before.facilities), 7),
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

        // One name changed: one row changes, its id stays, its version goes up.
        let mut changed = before.facilities.clone();
        changed[2].name = "又一个".into();
        let applied = store.edit(&edition("facilities", known(&changed))).await.unwrap();
        assert_eq!(counts(&applied), [0, 1, 6, 0]);
        let now = store.load().await.unwrap();
        assert_eq!((now.version, now.facilities[2].id), (before.version + 1, before.facilities[2].id));
        assert_eq!((now.facilities[2].name.as_str(), now.facilities[2].version), ("又一个", 2));

        // A population file is the whole population of its group.
        let applied = store.edit(&edition("population", everyone(&rows.population[..1]))).await.unwrap();
        assert_eq!(counts(&applied), [0, 2, 1, 0]);
        let elderly = vec![Edit::Population { group: "60_plus".into(), cells: rows.population[..2].to_vec() }];
        store.edit(&edition("population", elderly)).await.unwrap();
        let now = store.load().await.unwrap();
        assert_eq!((now.population.len(), now.groups["60_plus"].len()), (1, 2));
    });
}

#[test]
fn an_import_that_fails_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        let rows = city::rows();
        store.edit(&edition("facilities", fresh(&rows.facilities[..3]))).await.unwrap();
        let before = store.load().await.unwrap();
        let unchanged = async |bad: Vec<Facility>, told: &str| {
            let error = store.edit(&edition("facilities", known(&bad))).await.unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
            let after = store.load().await.unwrap();
            assert_eq!((before.version, content(&before)), (after.version, content(&after)), "{told}");
            error
        };
        let mut bad = before.facilities.clone();
        bad[0].name = "changed".into();
        // The last row breaks a rule of the table itself, which no door lets through.
        bad.push(Facility { id: 0, version: 0, name: String::new(), ..rows.facilities[5].clone() });
        let error = unchanged(bad.clone(), "CHECK").await;
        assert!(matches!(error, EditError::Store(StoreError::Sql(_))), "{error}");
        // Or has an id that is there already, or has been changed by another, or is there no more.
        bad[3] = Facility { id: 0, version: 0, ..before.facilities[1].clone() };
        let error = unchanged(bad.clone(), "\"f-11\" is there already").await;
        assert!(matches!(error, EditError::Problem { index: 3, ref problem } if problem.code == ProblemCode::Taken));
        bad[3] = Facility { version: 9, ..before.facilities[1].clone() };
        unchanged(bad.clone(), "is not the version").await;
        bad[3] = Facility { id: 99, version: 1, ..before.facilities[1].clone() };
        unchanged(bad, "does not exist").await;
    });
}

#[test]
fn two_importers_at_once_queue() {
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
                    store.edit(&edition("facilities", fresh(&list))).await.unwrap();
                    store.close().await;
                });
            });
        }
    });
    let all = block_on(async { open(folder.path()).await.load().await.unwrap() });
    assert_eq!((all.facilities.len(), all.version), (28, 4));
    // Each has its number.
    assert_eq!(all.facilities.iter().map(|f| f.id).collect::<Vec<_>>(), (1..=28).collect::<Vec<i64>>());
}

#[test]
fn databases_that_cannot_be_used_are_refused_with_a_sentence() {
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
        // One of a later walkshed: it has a migration we do not know.
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

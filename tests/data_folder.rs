//! What lies on disk: the prepared file refuses what it should, the register changes whole or not at all.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod support;

use std::path::Path;
use support::city;
use walkshed::network::{FileError, Network};
use walkshed::registry::{ImportRecord, RegisterRows};
use walkshed::store::{Applied, Change, Store, StoreError};

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
    let network = support::grid(6, 100.0);
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
    assert!(open_at(&path, &[&good[..], b"more bytes"].concat()).is_err());
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
    support::grid(6, 100.0).save(&path).unwrap();
    let old = Network::open(&path).unwrap();
    // What an import that was stopped half-way leaves behind is not in the way of the next.
    for entry in ["streets.walkshed.part", "streets.walkshed.tmp", ".streets.walkshed.new"] {
        std::fs::write(folder.path().join(entry), b"half").unwrap();
    }
    support::grid(9, 100.0).save(&path).unwrap();
    assert_eq!(Network::open(&path).unwrap().vertices().len(), 81);
    // The old one is still whole for those who hold it.
    assert_eq!(old.vertices().len(), 36);
    assert!(old.snap(support::at(100.0, 100.0), walkshed::network::Profile::Adult).is_ok());
    // Where nothing can be written the old one stays, and the error names the place.
    let error = support::grid(3, 100.0).save(Path::new("/proc/nowhere/streets.walkshed")).unwrap_err().to_string();
    assert!(error.contains("/proc/nowhere"), "{error}");
}

fn record(kind: &str) -> ImportRecord {
    ImportRecord { kind: kind.into(), ..city::rows().imports[0].clone() }
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
        let changes = [
            ("centers", Change::Centers(&rows.centers), 2),
            ("facilities", Change::Facilities(&rows.facilities), 7),
            ("population", Change::Population(&rows.population), 3),
        ];
        for (kind, change, n) in changes {
            let first = store.apply(change, &record(kind)).await.unwrap();
            assert_eq!(first, Applied { inserted: n, updated: 0, unchanged: 0 }, "{kind}");
        }
        let before = store.load().await.unwrap();
        for (kind, change, n) in changes {
            let again = store.apply(change, &record(kind)).await.unwrap();
            assert_eq!(again, Applied { inserted: 0, updated: 0, unchanged: n }, "{kind}");
        }
        let after = store.load().await.unwrap();
        assert_eq!(
            (before.version, content(&before), before.imports.len()),
            (after.version, content(&after), after.imports.len())
        );
        assert_eq!(after.imports.len(), 3);

        // One name changed: one row changes, its id stays.
        let mut changed = rows.facilities.clone();
        changed[2].name = "又一个".into();
        let applied = store.apply(Change::Facilities(&changed), &record("facilities")).await.unwrap();
        assert_eq!(applied, Applied { inserted: 0, updated: 1, unchanged: 6 });
        let now = store.load().await.unwrap();
        assert_eq!((now.version, now.facilities[2].id), (before.version + 1, before.facilities[2].id));
        assert_eq!(now.facilities[2].name, "又一个");

        // A population file is the whole population.
        let applied = store.apply(Change::Population(&rows.population[..1]), &record("population")).await.unwrap();
        assert_eq!(applied, Applied { inserted: 0, updated: 2, unchanged: 1 });
        assert_eq!(store.load().await.unwrap().population.len(), 1);
    });
}

#[test]
fn an_import_that_fails_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        let rows = city::rows();
        store.apply(Change::Facilities(&rows.facilities[..3]), &record("facilities")).await.unwrap();
        let before = store.load().await.unwrap();
        // The last row breaks a rule of the table itself, which no importer lets through.
        let mut bad = rows.facilities.clone();
        bad[0].name = "changed".into();
        bad.last_mut().unwrap().name = String::new();
        let error = store.apply(Change::Facilities(&bad), &record("facilities")).await.unwrap_err();
        assert!(matches!(error, StoreError::Sql(_)), "{error}");
        let after = store.load().await.unwrap();
        assert_eq!((before.version, content(&before)), (after.version, content(&after)));
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
                    store.apply(Change::Facilities(&list), &record("facilities")).await.unwrap();
                    store.close().await;
                });
            });
        }
    });
    let all = block_on(async { open(folder.path()).await.load().await.unwrap() });
    assert_eq!((all.facilities.len(), all.version), (28, 4));
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

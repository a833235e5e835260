//! Fills a register from files, as the command line does.

use std::path::Path;
use walkshed_engine::Profiles;
use walkshed_exchange::{Kind, Options, Plan, PlanError, plan, read_table};
use walkshed_live::folder::DataFolder;
use walkshed_register::{Calendar, Kinds, Register, Rules};
use walkshed_store::{Applied, ChangeSet, Store};

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub async fn open(folder: &Path) -> Store {
    DataFolder::new(folder, None, Profiles::default()).unwrap().store().await.unwrap()
}

/// Plans the import of a file into the register of a store.
pub async fn planned(store: &Store, file: &Path, kind: Kind, keep_going: bool) -> Result<Plan, PlanError> {
    let (kinds, calendar) = (Kinds::default(), Calendar::default());
    let register = Register::new(store.load().await.unwrap(), std::sync::Arc::default());
    let rules = Rules { register: &register, kinds: &kinds, calendar: &calendar };
    let options = Options { now: "2026-11-25T01:00:00Z".parse().unwrap(), ..Options::default() };
    let source = file.file_name().unwrap().to_str().unwrap();
    plan(&read_table(file, kind, &calendar)?, kind, options, rules, keep_going, source)
}

/// Imports a file. A rejected row fails the test.
pub async fn import(store: &Store, file: &Path, kind: Kind) -> Applied {
    let plan = planned(store, file, kind, false)
        .await
        .unwrap_or_else(|e| panic!("{}: {e}: {:?}", file.display(), e.refused()));
    let at = plan.record.at.clone();
    let edition =
        ChangeSet { edits: plan.edits, actor: "test".into(), at, import: Some(plan.record), ..ChangeSet::default() };
    store.edit(&edition).await.unwrap()
}

/// Creates a data folder with the reported facts in its register.
pub fn facts() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        for kind in Kind::ALL.into_iter().filter(|k| *k != Kind::Population) {
            import(&store, &fact_file(kind), kind).await;
        }
        store.close().await;
    });
    folder
}

pub fn fact_file(kind: Kind) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/walkshed-demo/src/facts").join(format!("{}.csv", kind.name()))
}

/// Creates a token of a role in the database, before a server starts.
pub fn token(folder: &Path, role: walkshed_register::Role) -> String {
    use walkshed_live::access::{hash, new_token};
    use walkshed_store::TokenRow;
    let token = new_token().unwrap();
    // Token names are unique, so a second token of a role gets a number.
    let name = |n: usize| if n == 0 { role.key().to_owned() } else { format!("{} {n}", role.key()) };
    let row = TokenRow {
        id: 0,
        name: name(0),
        role,
        hash: hash(token.as_bytes()),
        created_at: jiff::Timestamp::now(),
        expires_at: None,
        revoked_at: None,
    };
    block_on(async {
        let store = open(folder).await;
        for n in 0.. {
            match store.add_token(&TokenRow { name: name(n), ..row.clone() }, "test").await {
                Err(walkshed_store::StoreError::TokenNameTaken(_)) => {}
                other => {
                    other.unwrap();
                    break;
                }
            }
        }
        store.close().await;
    });
    token
}

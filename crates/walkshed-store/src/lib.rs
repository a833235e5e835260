//! Database storage of the register, in an embedded `SQLite` file. All SQL of walkshed is in this crate.
//!
//! Every change is one transaction that also increments the register version and writes the audit log.

mod attached;
mod audit;
mod backup;
mod demonstration;
mod edit;
mod error;
mod integrity;
mod jobs;
mod load;
mod location;
mod migrations;
mod store;
mod table;
mod tables;
mod tokens;
mod transaction;
mod visit_counts;

pub use audit::{AuditFilter, AuditRow};
pub use backup::BackupError;
pub use demonstration::{DEMONSTRATION_ACTOR, RemovedDemonstration};
pub use edit::{Applied, ChangeSet, EditError, IdempotencyKey, Progress};
pub use error::StoreError;
pub use jobs::{JOB_RETENTION, JobRow, JobState};
pub use location::Database;
pub use migrations::MIGRATIONS;
pub use store::Store;
pub use tokens::TokenRow;
pub use transaction::{RegisterStamp, RegisterState};

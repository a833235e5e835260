//! The migrations of the database schema.

use sqlx::migrate::Migrator;

/// The schema migrations, oldest first.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

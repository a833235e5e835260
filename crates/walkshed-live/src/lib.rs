//! The current world and its changes.
//!
//! An edit is stored in the database first and then applied to the world. Changes made by other processes are detected and
//! loaded. Subscribers receive an event for every change.

pub mod access;
mod background;
mod changed;
mod current;
mod events;
pub mod folder;
mod live;
mod load_problems;
mod prepared;
mod prepared_writer;
mod reload;
mod tokens;
mod write_queue;

pub use events::{Change, ChangedItem, ImportProgress};
pub use live::{Live, MAX_WAITING_WRITES};
pub use prepared_writer::keep_prepared_register;
pub use reload::watch_data;
pub use tokens::TokenError;

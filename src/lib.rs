//! walkshed: who reaches which service on foot, over a real street network, answered through one GraphQL API.
//!
//! The rooms, from the ground up: `geo`, `network`, `registry` and `coverage`, `store` and `exchange`, `graphql`,
//! `server`, `cli`. Arrows point down only; ARCHITECTURE.md tells more.

pub mod access;
pub mod cli;
pub mod coverage;
pub mod demo;
pub mod exchange;
pub mod folder;
pub mod geo;
pub mod graphql;
pub mod live;
pub mod memo;
pub mod network;
pub mod parallel;
pub mod private_file;
pub mod registry;
pub mod server;
pub mod spreadsheet;
pub mod store;
pub mod task;
pub mod world;

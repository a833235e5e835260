//! walkshed: measures which services people can reach on foot over the street network, and serves the results through a
//! GraphQL API.
//!
//! ARCHITECTURE.md describes the modules and their dependencies.

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

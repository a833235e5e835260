//! Settings of the server.

use super::address::Proxies;
use std::path::PathBuf;
use walkshed_graphql::Limits;

/// Settings of the server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub listen: String,
    /// Worker threads; 0 for one per core.
    pub workers: usize,
    /// Maximum length of a request body in bytes.
    pub max_body_bytes: usize,
    /// Seconds that running requests may take to finish when the server stops.
    pub shutdown_seconds: u64,
    pub limits: Limits,
    /// Whether callers without a token may read.
    pub anonymous: bool,
    /// Origins of pages that may send requests, such as `https://map.example.cn`; `*` for all. Empty: only the server's own
    /// origin.
    pub cors_origins: Vec<String>,
    /// Manifest of trusted documents; with it, all other documents are refused.
    pub trusted_documents: Option<PathBuf>,
    /// Proxies whose headers `Forwarded` and `X-Forwarded-For` are trusted.
    pub proxies: Proxies,
    /// Maximum number of connections; 0 for the limit of open files, less 128.
    pub max_connections: usize,
    /// Maximum number of clients with subscriptions; at most half of the connections.
    pub max_followers: usize,
    /// Maximum number of subscriptions of one WebSocket.
    pub max_subscriptions: usize,
    /// Seconds between keep-alive messages to clients with subscriptions; at least 1.
    pub ping_seconds: u64,
    /// Maximum memory in bytes for all long request bodies that are being read.
    pub max_bodies_bytes: usize,
    /// Minimum rate of a request body in bytes per second; 0 for no minimum.
    pub min_receive_rate: u64,
    /// Minimum rate in bytes per second at which clients must read a response; 0 for no minimum.
    pub min_send_rate: u64,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            workers: 0,
            max_body_bytes: 8 * 1024 * 1024,
            shutdown_seconds: 30,
            limits: Limits::default(),
            anonymous: true,
            cors_origins: Vec::new(),
            trusted_documents: None,
            proxies: Proxies::default(),
            max_connections: 0,
            max_followers: 500,
            max_subscriptions: 50,
            ping_seconds: 15,
            max_bodies_bytes: 128 * 1024 * 1024,
            min_receive_rate: 4 * 1024,
            min_send_rate: 32 * 1024,
        }
    }
}

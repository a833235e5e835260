//! State that all handlers share.

use super::address::Proxies;
use super::caching::EntityTagCache;
use super::connections::Connections;
use super::metrics::Metrics;
use super::subscribers::SubscriberSlots;
use std::sync::Arc;
use std::time::Duration;
use walkshed_graphql::{Api, MemoryPool};
use walkshed_live::Live;

/// The state that all handlers share.
pub struct Shared {
    pub live: Arc<Live>,
    pub api: Arc<Api>,
    pub sdl: String,
    pub metrics: Metrics,
    pub anonymous: bool,
    pub cors_origins: Vec<String>,
    pub proxies: Proxies,
    pub limits: RequestLimits,
    /// The memory of long request bodies.
    pub bodies: Arc<MemoryPool>,
    pub connections: Arc<Connections>,
    pub subscriber_slots: SubscriberSlots,
    pub tags: EntityTagCache,
}

/// Limits of the HTTP layer.
pub struct RequestLimits {
    pub max_body_bytes: usize,
    pub max_subscriptions: usize,
    pub min_receive_rate: u64,
    pub ping_every: Duration,
}

//! The limit on clients with subscriptions, over all transports.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots for subscribed clients.
pub struct SubscriberSlots {
    max: usize,
    free: Arc<Semaphore>,
}

/// The slot of one client; freed when it is dropped.
pub struct SubscriberSlot {
    _permit: OwnedSemaphorePermit,
}

impl SubscriberSlots {
    pub fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        Self { max, free: Arc::new(Semaphore::new(max)) }
    }

    /// Takes a slot, if one is free.
    pub fn enter(&self) -> Option<SubscriberSlot> {
        self.free.clone().try_acquire_owned().ok().map(|permit| SubscriberSlot { _permit: permit })
    }
}

/// Returns "503 Service Unavailable": all slots are taken.
pub fn full(slots: &SubscriberSlots) -> HttpResponse {
    let max = slots.max;
    let why = format!("The maximum of {max} subscribed clients (maxFollowers) is reached; try again later.");
    let error = json!({ "message": why, "extensions": { "code": "BUSY", "limit": "maxFollowers" } });
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "30"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "errors": [error] }))
}

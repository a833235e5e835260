//! How many follow something at a time, over whatever transport.

use super::Shared;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places there are for those who follow something.
pub struct Followers {
    most: usize,
    free: Arc<Semaphore>,
}

/// The place of one; free again when it is dropped.
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Followers {
    pub fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { most, free: Arc::new(Semaphore::new(most)) }
    }

    /// Takes a place, where one is free.
    pub fn enter(&self) -> Option<Place> {
        self.free.clone().try_acquire_owned().ok().map(|permit| Place { _permit: permit })
    }
}

/// Says that there is no place.
pub fn full(shared: &Shared) -> HttpResponse {
    let why = format!(
        "{} clients follow something already, as many as maxFollowers allows; try again in a while",
        shared.followers.most
    );
    let error = json!({ "message": why, "extensions": { "code": "BUSY", "limit": "maxFollowers" } });
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "30"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "errors": [error] }))
}

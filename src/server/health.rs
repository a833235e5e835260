//! Health checks: liveness and readiness.

use super::auth;
use super::shared::Shared;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

/// `GET /health/live`: returns 200 while the process responds.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({ "status": "live" }))
}

/// `GET /health/ready`: returns 200 when the data are loaded, and 503 while the server stops.
pub async fn ready(shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    if shared.live.is_stopping() {
        return HttpResponse::ServiceUnavailable()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({ "status": "stopping" }));
    }
    let mut ready = HttpResponse::Ok();
    ready.insert_header((CACHE_CONTROL, "no-store"));
    // Load balancers have no token; only callers who may read see what is loaded.
    if auth::session(&shared, &request).is_err() {
        return ready.json(json!({ "status": "ready" }));
    }
    let world = shared.live.world();
    ready.json(json!({
        "status": "ready",
        "worldVersion": world.version,
        "streets": world.network().is_ok(),
        "centers": world.register.centers.len(),
        "facilities": world.register.facilities.len(),
        "populationCells": world.register.population.len(),
        "problems": shared.live.problems(&world),
    }))
}

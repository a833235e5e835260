//! Is it alive, and may it be given requests?

use super::Shared;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

/// The process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// The data are loaded, and the server is not about to stop.
pub async fn ready(shared: Data<Shared>) -> HttpResponse {
    if shared.live.is_stopping() {
        return HttpResponse::ServiceUnavailable().json(json!({ "status": "stopping" }));
    }
    let world = shared.live.world();
    HttpResponse::Ok().json(json!({
        "status": "ready",
        "worldVersion": world.version,
        "streets": world.network().is_ok(),
        "centers": world.register.centers.len(),
        "facilities": world.register.facilities.len(),
        "populationCells": world.register.population.len(),
        "problems": shared.live.problems(&world),
    }))
}

//! The route for metrics.

use super::auth;
use super::shared::Shared;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

/// `GET /metrics`: returns all metrics in the text format of Prometheus.
pub async fn show(shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    if let Some(reply) = auth::refusal(&shared, &request) {
        return reply;
    }
    let (world, metrics, api) = (shared.live.world(), &shared.metrics, &shared.api);
    let (junctions, segments) = world.network().map_or((0, 0), |n| (n.vertices().len(), n.edge_count()));
    for (kind, count) in [
        ("centers", world.register.centers.len()),
        ("facilities", world.register.facilities.len()),
        ("population_cells", world.register.population.len()),
        ("street_junctions", junctions),
        ("street_segments", segments),
    ] {
        metrics.set_loaded(kind, count);
    }
    metrics.set_work("analysis", api.analyses());
    metrics.set_work("small", api.small_work());
    metrics.set_counts(shared.connections.count(), api.response_memory().bytes(), api.subscription_runs());
    match metrics.encode() {
        Ok(text) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(text),
        Err(e) => HttpResponse::InternalServerError().body(e.to_string()),
    }
}

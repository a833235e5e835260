//! Routes and the CORS policy.

use super::shared::Shared;
use super::{auth, caching, graphql_http, health, jobs, metrics_route, playground};
use actix_cors::Cors;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, guard};

/// The CORS policy for pages of other origins.
pub fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST"])
        .allowed_headers([
            "accept",
            "authorization",
            "content-encoding",
            "content-type",
            "if-none-match",
            "x-request-id",
        ])
        .expose_headers(["etag", "retry-after", "x-request-id"])
        // Requests of other origins are executed, but the page cannot read the response; mutations require a preflight.
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| {
        if origin == "*" { cors.allow_any_origin().send_wildcard() } else { cors.allowed_origin(origin) }
    })
}

/// Registers all routes.
pub fn routes(app: &mut web::ServiceConfig) {
    // actix-web omits the body of a response to HEAD.
    let get = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    app.service(
        web::resource("/graphql")
            .route(get().to(graphql_http::get))
            .route(web::post().to(graphql_http::post))
            .default_service(web::to(graphql_http::wrong_method)),
    )
    .route("/graphiql/{file}", get().to(playground::file))
    .route("/jobs/{id}", get().to(jobs::result))
    .route("/health/live", get().to(health::live))
    .route("/health/ready", get().to(health::ready))
    .route("/metrics", get().to(metrics_route::show))
    .route("/schema", get().to(schema))
    .route("/", get().to(home))
    .default_service(web::to(not_found));
}

async fn schema(shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    if let Some(reply) = auth::refusal(&shared, &request) {
        return reply;
    }
    let cache_policy = if shared.anonymous { "no-cache" } else { "private, no-cache" };
    caching::static_response(&request, "text/plain; charset=utf-8", cache_policy, shared.sdl.as_bytes()).await
}

/// `/`: redirects to the playground.
async fn home() -> HttpResponse {
    HttpResponse::Found().insert_header(("Location", "/graphql")).finish()
}

async fn not_found() -> HttpResponse {
    let paths = ["/graphql", "/schema", "/jobs/ID", "/health/live", "/health/ready", "/metrics"];
    HttpResponse::NotFound().json(serde_json::json!({ "error": "Unknown path.", "paths": paths }))
}

//! The GraphiQL playground. Its files are part of the binary, because government networks cannot reach a CDN.

use super::auth;
use super::caching::{EntityTag, VARY_HEADERS, not_modified, static_response};
use super::encoding::ContentCoding;
use super::shared::Shared;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;
use walkshed_analysis::example_places;
use walkshed_analysis::world::World;
use walkshed_engine::geo::Position;

const PAGE: &str = include_str!("../../web/playground.html");

/// Allows only resources of this server. GraphiQL's editor needs inline styles.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                   img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The cache policy for the files of the page.
const FILE_CACHE_POLICY: &str = "public, max-age=3600";

/// Name, media type, content, and whether the content is compressed with gzip.
const FILES: [(&str, &str, &[u8], bool); 6] = [
    ("graphiql.min.js", "text/javascript; charset=utf-8", include_bytes!("../../web/vendor/graphiql.min.js.gz"), true),
    ("graphiql.min.css", "text/css; charset=utf-8", include_bytes!("../../web/vendor/graphiql.min.css.gz"), true),
    (
        "react.production.min.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../web/vendor/react.production.min.js.gz"),
        true,
    ),
    (
        "react-dom.production.min.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../web/vendor/react-dom.production.min.js.gz"),
        true,
    ),
    ("playground.js", "text/javascript; charset=utf-8", include_bytes!("../../web/playground.js"), false),
    ("playground.css", "text/css; charset=utf-8", include_bytes!("../../web/playground.css"), false),
];

/// The example queries, one for each tab.
pub const EXAMPLES: [&str; 7] = [
    include_str!("../../web/examples/1-what-is-loaded.graphql"),
    include_str!("../../web/examples/2-nearby.graphql"),
    include_str!("../../web/examples/3-walkshed.graphql"),
    include_str!("../../web/examples/4-ways-and-times.graphql"),
    include_str!("../../web/examples/5-the-register.graphql"),
    include_str!("../../web/examples/6-coverage.graphql"),
    include_str!("../../web/examples/7-what-if.graphql"),
];

/// Returns the page.
pub async fn page(request: &HttpRequest) -> HttpResponse {
    let mut response = static_response(request, "text/html; charset=utf-8", "no-cache", PAGE.as_bytes()).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// `GET /graphiql/{file}`: returns a file of the page.
pub async fn file(name: Path<String>, shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    if *name == "tabs.json" {
        if let Some(reply) = auth::refusal(&shared, &request) {
            return reply;
        }
        return HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(tabs(&shared.live.world()));
    }
    let Some((_, kind, bytes, is_gzipped)) = FILES.iter().find(|f| f.0 == name.as_str()) else {
        return HttpResponse::NotFound().finish();
    };
    let mut response = if *is_gzipped && ContentCoding::takes_gzip(request.headers()) {
        let tag = EntityTag::of(kind, bytes);
        if tag.matches(request.headers()) {
            return not_modified(tag, FILE_CACHE_POLICY);
        }
        let mut response = HttpResponse::Ok();
        response
            .content_type(*kind)
            .insert_header((CONTENT_ENCODING, "gzip"))
            .insert_header((ETAG, tag.header()))
            .insert_header((CACHE_CONTROL, FILE_CACHE_POLICY))
            .insert_header((VARY, VARY_HEADERS));
        response.body(*bytes)
    } else if *is_gzipped {
        let mut plain = Vec::new();
        if let Err(error) = GzDecoder::new(*bytes).read_to_end(&mut plain) {
            return HttpResponse::InternalServerError().body(error.to_string());
        }
        static_response(&request, kind, FILE_CACHE_POLICY, &plain).await
    } else {
        static_response(&request, kind, FILE_CACHE_POLICY, bytes).await
    };
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Returns the example queries, with positions and a scenario of the loaded city as their variables.
#[must_use]
pub fn tabs(world: &World) -> Vec<Value> {
    let point = |p: Position| json!({ "point": { "lon": round(p.lon()), "lat": round(p.lat()) } });
    let places = example_places(world);
    let scenario = world.register.scenarios.first();
    EXAMPLES
        .iter()
        // Queries about scenarios need one.
        .filter(|query| scenario.is_some() || !query.contains("$scenario:"))
        .map(|query| {
            let mut variables = serde_json::Map::new();
            if let Some(scenario) = scenario.filter(|_| query.contains("$scenario:")) {
                variables.insert("scenario".to_owned(), json!(scenario.key));
            }
            if let Some([place, other]) = places {
                for (name, position) in [("place", place), ("other", other)] {
                    if query.contains(&format!("${name}:")) {
                        variables.insert(name.to_owned(), point(position));
                    }
                }
            }
            let text = serde_json::to_string_pretty(&variables).unwrap_or_default();
            json!({ "query": query, "variables": text })
        })
        .collect()
}

fn round(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

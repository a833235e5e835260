//! GraphiQL for browsers, its files in the binary: government networks reach no CDN.

use super::caching::{DEPENDS_ON, Tag, fixed, not_modified};
use super::encoding::Coding;
use super::{Shared, auth};
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

/// Everything from here alone; GraphiQL's editor sets styles of its own.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                   img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How long what the page loads may be kept without asking.
const KEEPING: &str = "public, max-age=3600";

/// Name, media type, bytes, packed by gzip or not.
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

/// The example queries, one a tab.
pub const EXAMPLES: [&str; 7] = [
    include_str!("../../web/examples/1-what-is-loaded.graphql"),
    include_str!("../../web/examples/2-nearby.graphql"),
    include_str!("../../web/examples/3-walkshed.graphql"),
    include_str!("../../web/examples/4-ways-and-times.graphql"),
    include_str!("../../web/examples/5-the-register.graphql"),
    include_str!("../../web/examples/6-coverage.graphql"),
    include_str!("../../web/examples/7-what-if.graphql"),
];

/// The page itself.
pub async fn page(request: &HttpRequest) -> HttpResponse {
    let mut response = fixed(request, "text/html; charset=utf-8", "no-cache", PAGE.as_bytes()).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What the page loads.
pub async fn file(name: Path<String>, shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    if *name == "tabs.json" {
        if let Some(reply) = auth::refusal(&shared, &request) {
            return reply;
        }
        return HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(tabs(&shared.live.world()));
    }
    let Some((_, kind, bytes, is_packed)) = FILES.iter().find(|f| f.0 == name.as_str()) else {
        return HttpResponse::NotFound().finish();
    };
    let mut response = if *is_packed && Coding::takes_gzip(request.headers()) {
        let tag = Tag::of(kind, bytes);
        if tag.is_known(request.headers()) {
            return not_modified(tag, KEEPING);
        }
        let mut response = HttpResponse::Ok();
        response
            .content_type(*kind)
            .insert_header((CONTENT_ENCODING, "gzip"))
            .insert_header((ETAG, tag.header()))
            .insert_header((CACHE_CONTROL, KEEPING))
            .insert_header((VARY, DEPENDS_ON));
        response.body(*bytes)
    } else if *is_packed {
        let mut plain = Vec::new();
        if let Err(error) = GzDecoder::new(*bytes).read_to_end(&mut plain) {
            return HttpResponse::InternalServerError().body(error.to_string());
        }
        fixed(&request, kind, KEEPING, &plain).await
    } else {
        fixed(&request, kind, KEEPING, bytes).await
    };
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The example queries with places and a scenario of the loaded city as their variables.
#[must_use]
pub fn tabs(world: &World) -> Vec<Value> {
    let point = |p: Position| json!({ "point": { "lon": round(p.lon()), "lat": round(p.lat()) } });
    let places = example_places(world);
    let scenario = world.register.scenarios.first();
    EXAMPLES
        .iter()
        // Without a scenario there is none to compare.
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

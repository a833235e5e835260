//! GraphiQL for browsers, its files in the binary: government networks reach no CDN.

use super::Shared;
use crate::coverage::example_places;
use crate::geo::Position;
use crate::world::World;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../web/playground.html");

/// Everything from here alone; GraphiQL's editor sets styles of its own.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                   img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
pub fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", CSP))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Vary", "Accept"))
        .body(PAGE)
}

/// What the page loads.
pub async fn file(name: Path<String>, shared: Data<Shared>) -> HttpResponse {
    if *name == "tabs.json" {
        return HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(tabs(&shared.live.world()));
    }
    let Some((_, kind, bytes, packed)) = FILES.iter().find(|f| f.0 == name.as_str()) else {
        return HttpResponse::NotFound().finish();
    };
    let mut response = HttpResponse::Ok();
    response
        .content_type(*kind)
        .insert_header(("Cache-Control", "public, max-age=3600"))
        .insert_header(("X-Content-Type-Options", "nosniff"));
    if *packed {
        response.insert_header(("Content-Encoding", "gzip"));
    }
    response.body(*bytes)
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

//! The HTTP server: routes, health, metrics, the playground. Answers come from [`crate::graphql`]; nothing here reads
//! the database but the watch that notices imports, and what hands out the answers of jobs.

mod auth;
mod graphql_http;
mod health;
mod jobs;
mod metrics;
mod parameters;
mod playground;
mod requests;
mod sse;
mod ws;

pub use playground::tabs as example_tabs;

use crate::folder::DataFolder;
use crate::graphql::{Api, Limits};
use crate::live::{self, Live};
use crate::store::Store;
use actix_cors::Cors;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use metrics::Metrics;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub listen: String,
    /// Threads that answer; 0 for one a core.
    pub workers: usize,
    /// Bytes of a request's body at most.
    pub max_body_bytes: usize,
    /// Seconds running requests are given when the server stops.
    pub shutdown_seconds: u64,
    pub limits: Limits,
    /// Whether those without a token may read.
    pub anonymous: bool,
    /// Origins whose pages may ask, as `https://map.example.cn`; `*` for all. Empty: none but our own.
    pub cors_origins: Vec<String>,
    /// Whether the server stands behind a proxy that tells addresses in `Forwarded` or `X-Forwarded-For`.
    pub behind_proxy: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            workers: 0,
            max_body_bytes: 8 * 1024 * 1024,
            shutdown_seconds: 30,
            limits: Limits::default(),
            anonymous: true,
            cors_origins: Vec::new(),
            behind_proxy: false,
        }
    }
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {listen}: {source}; choose another address with --listen, such as 127.0.0.1:8081")]
    Listen { listen: String, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// A server that has begun to listen.
pub struct Running {
    pub addresses: Vec<SocketAddr>,
    pub live: Arc<Live>,
    server: Server,
}

/// What every handler shares.
struct Shared {
    live: Arc<Live>,
    api: Arc<Api>,
    sdl: String,
    metrics: Metrics,
    anonymous: bool,
    cors_origins: Vec<String>,
    behind_proxy: bool,
}

/// Loads the world and begins to listen. Imports by other processes are noticed within some two seconds.
///
/// # Errors
/// [`ServeError`].
pub async fn start(folder: DataFolder, store: Store, options: &ServerOptions) -> Result<Running, ServeError> {
    let live = Arc::new(Live::load(folder, store).await?);
    let api = Arc::new(Api::new(options.limits.clone()));
    let sdl = api.sdl();
    let shared = Data::new(Shared {
        live: live.clone(),
        api,
        sdl,
        metrics: Metrics::new(),
        anonymous: options.anonymous,
        cors_origins: options.cors_origins.clone(),
        behind_proxy: options.behind_proxy,
    });
    let max_body = options.max_body_bytes;
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(max_body))
            .wrap(Compress::default())
            .wrap(cors(&shared.cors_origins))
            .wrap(from_fn(requests::follow))
            .configure(routes)
    })
    .disable_signals()
    // Who closes the connection has gone, and the work for them stops. (No client of HTTP closes one half of it and waits.)
    .h1_allow_half_closed(false)
    .shutdown_timeout(options.shutdown_seconds)
    .keep_alive(Duration::from_secs(75));
    if options.workers > 0 {
        server = server.workers(options.workers);
    }
    let server =
        server.bind(&options.listen).map_err(|source| ServeError::Listen { listen: options.listen.clone(), source })?;
    Ok(Running { addresses: server.addrs(), live, server: server.run() })
}

impl Running {
    /// Stops the server from elsewhere.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until a signal (or the handle) says to stop; running requests are finished first.
    ///
    /// # Errors
    /// [`std::io::Error`] when the server fails.
    pub async fn run(self) -> std::io::Result<()> {
        let watch = tokio::spawn(live::watch_data(self.live.clone()));
        let (handle, live) = (self.server.handle(), self.live.clone());
        let signals = tokio::spawn(async move {
            let name = stop_signal().await;
            tracing::info!(signal = name, "stopping: no new requests, running ones are finished");
            live.stop();
            handle.stop(true).await;
        });
        let outcome = self.server.await;
        watch.abort();
        signals.abort();
        self.live.idle().await;
        self.live.close().await;
        outcome
    }
}

/// Which pages of other origins may ask; browsers hold them to it.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST"])
        .allowed_headers(["accept", "authorization", "content-type", "x-request-id"])
        .expose_headers(["x-request-id"])
        // Requests of other origins are answered without leave to read the answer; mutations need a preflight.
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| {
        if origin == "*" { cors.allow_any_origin().send_wildcard() } else { cors.allowed_origin(origin) }
    })
}

#[cfg(unix)]
async fn stop_signal() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return "interrupt";
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => "interrupt",
        _ = terminate.recv() => "terminate",
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> &'static str {
    let _ = tokio::signal::ctrl_c().await;
    "interrupt"
}

fn routes(app: &mut web::ServiceConfig) {
    app.service(
        web::resource("/graphql")
            .route(web::get().to(graphql_http::get))
            .route(web::post().to(graphql_http::post))
            .default_service(web::to(graphql_http::wrong_method)),
    )
    .service(web::resource("/graphiql/{file}").route(web::get().to(playground::file)))
    .route("/jobs/{id}", web::get().to(jobs::result))
    .route("/health/live", web::get().to(health::live))
    .route("/health/ready", web::get().to(health::ready))
    .route("/metrics", web::get().to(metrics::show))
    .route("/schema", web::get().to(schema))
    .route("/", web::get().to(home))
    .default_service(web::to(nothing));
}

async fn schema(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(shared.sdl.clone())
}

async fn home() -> HttpResponse {
    HttpResponse::Found().insert_header(("Location", "/graphql")).finish()
}

async fn nothing() -> HttpResponse {
    let paths = ["/graphql", "/schema", "/jobs/ID", "/health/live", "/health/ready", "/metrics"];
    HttpResponse::NotFound().json(serde_json::json!({ "error": "there is nothing here", "paths": paths }))
}

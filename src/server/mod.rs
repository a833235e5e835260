//! The HTTP server: routes, health, metrics, the playground. Answers come from [`walkshed_graphql`]; nothing here reads
//! the database but the watch that notices imports, and what hands out the answers of jobs.

mod address;
mod auth;
mod bodies;
mod caching;
mod connections;
mod encoding;
mod followers;
mod frames;
mod graphql_http;
mod health;
mod jobs;
mod metrics;
mod parameters;
mod playground;
mod requests;
mod sending;
mod sse;
mod ws;

pub use address::{Network, Proxies};
pub use playground::tabs as example_tabs;

use actix_cors::Cors;
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::ServerBuilder;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, guard};
use caching::Tags;
use connections::{Connections, HEAD_TIMEOUT, KEEP_ALIVE, Stream};
use followers::Followers;
use metrics::Metrics;
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use walkshed_graphql::{Api, Limits, ManifestError, Trusted, UnderWay};
use walkshed_live::folder::DataFolder;
use walkshed_live::{self as live, Live};
use walkshed_store::Store;

/// How long a client may still send what is not read any more.
const LAST_READ: Duration = Duration::from_secs(1);

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
    /// A manifest of trusted documents; with it no others are answered.
    pub trusted_documents: Option<PathBuf>,
    /// Who tells addresses of clients in `Forwarded` or `X-Forwarded-For`.
    pub proxies: Proxies,
    /// Connections at a time; 0 for as many as the process may have open files, less 128.
    pub max_connections: usize,
    /// Clients that follow something at a time; half of the connections at most.
    pub max_followers: usize,
    /// Subscriptions of one WebSocket at a time.
    pub max_subscriptions: usize,
    /// Seconds between signs of life that are sent to those who follow something; 1 at least.
    pub ping_seconds: u64,
    /// Bytes of all long bodies of requests that are being read.
    pub max_bodies_bytes: usize,
    /// Bytes a second by which a body has to come; 0 for any rate.
    pub min_receive_rate: u64,
    /// Bytes a second by which an answer has to be read; 0 for any rate.
    pub min_send_rate: u64,
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
            trusted_documents: None,
            proxies: Proxies::default(),
            max_connections: 0,
            max_followers: 500,
            max_subscriptions: 50,
            ping_seconds: 15,
            max_bodies_bytes: 128 * 1024 * 1024,
            min_receive_rate: 4 * 1024,
            min_send_rate: 32 * 1024,
        }
    }
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {listen}: {source}; choose another address with --listen, such as 127.0.0.1:8081")]
    Listen { listen: String, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] walkshed_store::StoreError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
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
    proxies: Proxies,
    limits: RequestLimits,
    /// The bytes of long bodies that are being read.
    bodies: Arc<UnderWay>,
    connections: Arc<Connections>,
    followers: Followers,
    tags: Tags,
}

/// What one request may do.
struct RequestLimits {
    max_body_bytes: usize,
    max_subscriptions: usize,
    min_receive_rate: u64,
    ping_every: Duration,
}

/// Loads the world and begins to listen. Imports by other processes are noticed within some two seconds.
///
/// # Errors
/// [`ServeError`].
pub async fn start(folder: DataFolder, store: Store, options: &ServerOptions) -> Result<Running, ServeError> {
    let live = Live::load(folder, store).await?.with_waiting_writes(options.limits.max_waiting_writes);
    let live = Arc::new(live);
    let trusted = options.trusted_documents.as_deref().map(|path| Trusted::read(path, &options.limits)).transpose()?;
    let api = Arc::new(Api::with_documents(options.limits.clone(), trusted));
    api.check_manifest().await?;
    let sdl = api.sdl();
    let under_way = api.under_way().clone();
    let most = if options.max_connections == 0 { connections::usual_most() } else { options.max_connections };
    let connections = Arc::new(Connections::new(most, options.min_send_rate, move || under_way.is_short()));
    let shared = Data::new(Shared {
        live: live.clone(),
        api,
        sdl,
        metrics: Metrics::new(),
        anonymous: options.anonymous,
        cors_origins: options.cors_origins.clone(),
        proxies: options.proxies.clone(),
        limits: RequestLimits {
            max_body_bytes: options.max_body_bytes,
            max_subscriptions: options.max_subscriptions,
            min_receive_rate: options.min_receive_rate,
            ping_every: Duration::from_secs(options.ping_seconds.max(1)),
        },
        bodies: Arc::new(UnderWay::new(options.max_bodies_bytes)),
        connections: connections.clone(),
        followers: Followers::new(options.max_followers.min(most.div_ceil(2))),
        tags: Tags::new(),
    });
    let mut builder = ServerBuilder::default().disable_signals().shutdown_timeout(options.shutdown_seconds);
    if options.workers > 0 {
        builder = builder.workers(options.workers);
    }
    // Those who are refused are told so, and for that they have to be let in.
    builder = builder.max_concurrent_connections(usize::MAX >> 1);
    let listening = |source| ServeError::Listen { listen: options.listen.clone(), source };
    let listeners = listen(&options.listen).map_err(listening)?;
    let addresses = listeners.iter().filter_map(|l| l.local_addr().ok()).collect();
    for listener in listeners {
        let (shared, connections) = (shared.clone(), connections.clone());
        let shutdown = builder.graceful_shutdown_signal();
        let factory = move || {
            let (connections, shutdown) = (connections.clone(), shutdown.clone());
            let app = App::new()
                .app_data(shared.clone())
                .wrap(cors(&shared.cors_origins))
                .wrap(from_fn(requests::follow))
                .configure(routes);
            let app = map_config(app.into_factory().map_err(|e: actix_web::Error| e.error_response()), |()| {
                AppConfig::default()
            });
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let shutdown = shutdown.clone();
                    async move { shutdown.notified().await }
                })
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD_TIMEOUT)
                .client_disconnect_timeout(LAST_READ)
                // Who closes its side is gone, and what it has asked for is given up.
                .h1_allow_half_closed(false)
                .on_connect_ext(|stream: &Stream, data| {
                    data.insert(stream.connection().clone());
                })
                .finish(app);
            fn_service(move |stream: TcpStream| {
                let connections = connections.clone();
                async move {
                    let peer = stream.peer_addr().ok();
                    match connections.admit(stream) {
                        Ok(stream) => Ok((stream, Protocol::Http1, peer)),
                        Err(stream) => {
                            connections::refuse(stream, connections.most()).await;
                            Err(DispatchError::DisconnectTimeout)
                        }
                    }
                }
            })
            .and_then(http)
        };
        builder = builder.listen("walkshed", listener, factory).map_err(listening)?;
    }
    Ok(Running { addresses, live, server: builder.run() })
}

/// Listens on every address a name stands for; one is enough.
fn listen(address: &str) -> std::io::Result<Vec<TcpListener>> {
    let mut failed = None;
    let mut listeners = Vec::new();
    for address in address.to_socket_addrs()? {
        match listen_on(address) {
            Ok(listener) => listeners.push(listener),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok(listeners),
    }
}

fn listen_on(address: SocketAddr) -> std::io::Result<TcpListener> {
    const BACKLOG: i32 = 1024;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(socket2::Protocol::TCP))?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
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
        // Requests of other origins are answered without leave to read the answer; mutations need a preflight.
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| {
        if origin == "*" { cors.allow_any_origin().send_wildcard() } else { cors.allowed_origin(origin) }
    })
}

/// Waits for a signal to stop; says which.
#[cfg(unix)]
pub(crate) async fn stop_signal() -> &'static str {
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
pub(crate) async fn stop_signal() -> &'static str {
    let _ = tokio::signal::ctrl_c().await;
    "interrupt"
}

fn routes(app: &mut web::ServiceConfig) {
    // What answers GET answers HEAD; its body is left out when it is sent.
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
    .route("/metrics", get().to(metrics::show))
    .route("/schema", get().to(schema))
    .route("/", get().to(home))
    .default_service(web::to(nothing));
}

async fn schema(shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    if let Some(reply) = auth::refusal(&shared, &request) {
        return reply;
    }
    let keeping = if shared.anonymous { "no-cache" } else { "private, no-cache" };
    caching::fixed(&request, "text/plain; charset=utf-8", keeping, shared.sdl.as_bytes()).await
}

async fn home() -> HttpResponse {
    HttpResponse::Found().insert_header(("Location", "/graphql")).finish()
}

async fn nothing() -> HttpResponse {
    let paths = ["/graphql", "/schema", "/jobs/ID", "/health/live", "/health/ready", "/metrics"];
    HttpResponse::NotFound().json(serde_json::json!({ "error": "there is nothing here", "paths": paths }))
}

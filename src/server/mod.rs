//! The HTTP server: routes, health checks, metrics and the playground. [`walkshed_graphql`] executes requests. Only the watcher
//! for imports and the route for results of jobs read the database.

mod address;
mod auth;
mod caching;
mod connections;
mod encoding;
mod frames;
mod graphql_http;
mod health;
mod jobs;
mod metrics;
mod middleware;
mod parameters;
mod playground;
mod request_bodies;
mod response_bodies;
mod sse;
mod subscribers;
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
use caching::EntityTagCache;
use connections::{Connections, HEAD_TIMEOUT, KEEP_ALIVE, Stream};
use metrics::Metrics;
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use subscribers::SubscriberSlots;
use tokio::net::TcpStream;
use walkshed_graphql::{Api, Limits, ManifestError, MemoryPool, TrustedDocuments};
use walkshed_live::folder::DataFolder;
use walkshed_live::{self as live, Live};
use walkshed_store::Store;

/// Maximum time for which the server waits for a client to close its side of a connection.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Settings of the server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub listen: String,
    /// Worker threads; 0 for one per core.
    pub workers: usize,
    /// Maximum length of a request body in bytes.
    pub max_body_bytes: usize,
    /// Seconds that running requests may take to finish when the server stops.
    pub shutdown_seconds: u64,
    pub limits: Limits,
    /// Whether callers without a token may read.
    pub anonymous: bool,
    /// Origins of pages that may send requests, such as `https://map.example.cn`; `*` for all. Empty: only the server's own
    /// origin.
    pub cors_origins: Vec<String>,
    /// Manifest of trusted documents; with it, all other documents are refused.
    pub trusted_documents: Option<PathBuf>,
    /// Proxies whose headers `Forwarded` and `X-Forwarded-For` are trusted.
    pub proxies: Proxies,
    /// Maximum number of connections; 0 for the limit of open files, less 128.
    pub max_connections: usize,
    /// Maximum number of clients with subscriptions; at most half of the connections.
    pub max_followers: usize,
    /// Maximum number of subscriptions of one WebSocket.
    pub max_subscriptions: usize,
    /// Seconds between keep-alive messages to clients with subscriptions; at least 1.
    pub ping_seconds: u64,
    /// Maximum memory in bytes for all long request bodies that are being read.
    pub max_bodies_bytes: usize,
    /// Minimum rate of a request body in bytes per second; 0 for no minimum.
    pub min_receive_rate: u64,
    /// Minimum rate in bytes per second at which clients must read a response; 0 for no minimum.
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

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {listen}: {source}; choose another address with --listen, such as 127.0.0.1:8081")]
    Listen { listen: String, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] walkshed_store::StoreError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// A server that listens. [`Running::run`] processes requests.
pub struct Running {
    pub addresses: Vec<SocketAddr>,
    pub live: Arc<Live>,
    server: Server,
}

/// The state that all handlers share.
struct Shared {
    live: Arc<Live>,
    api: Arc<Api>,
    sdl: String,
    metrics: Metrics,
    anonymous: bool,
    cors_origins: Vec<String>,
    proxies: Proxies,
    limits: RequestLimits,
    /// The memory of long request bodies.
    bodies: Arc<MemoryPool>,
    connections: Arc<Connections>,
    subscriber_slots: SubscriberSlots,
    tags: EntityTagCache,
}

/// Limits of the HTTP layer.
struct RequestLimits {
    max_body_bytes: usize,
    max_subscriptions: usize,
    min_receive_rate: u64,
    ping_every: Duration,
}

/// Loads the world and starts to listen. Imports by other processes take effect within about two seconds.
///
/// # Errors
/// [`ServeError`].
pub async fn start(folder: DataFolder, store: Store, options: &ServerOptions) -> Result<Running, ServeError> {
    let live = Live::load(folder, store).await?.with_waiting_writes(options.limits.max_waiting_writes);
    let live = Arc::new(live);
    let trusted =
        options.trusted_documents.as_deref().map(|path| TrustedDocuments::read(path, &options.limits)).transpose()?;
    let api = Arc::new(Api::with_documents(options.limits.clone(), trusted));
    api.check_manifest().await?;
    let sdl = api.sdl();
    let response_memory = api.response_memory().clone();
    let max_connections =
        if options.max_connections == 0 { connections::default_max_connections() } else { options.max_connections };
    let connections =
        Arc::new(Connections::new(max_connections, options.min_send_rate, move || response_memory.is_short()));
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
        bodies: Arc::new(MemoryPool::new(options.max_bodies_bytes)),
        connections: connections.clone(),
        subscriber_slots: SubscriberSlots::new(options.max_followers.min(max_connections.div_ceil(2))),
        tags: EntityTagCache::new(),
    });
    let mut builder = ServerBuilder::default().disable_signals().shutdown_timeout(options.shutdown_seconds);
    if options.workers > 0 {
        builder = builder.workers(options.workers);
    }
    // Connections beyond the maximum are accepted, to refuse them with status 503.
    builder = builder.max_concurrent_connections(usize::MAX >> 1);
    let listen_error = |source| ServeError::Listen { listen: options.listen.clone(), source };
    let listeners = listen(&options.listen).map_err(listen_error)?;
    let addresses = listeners.iter().filter_map(|l| l.local_addr().ok()).collect();
    for listener in listeners {
        let (shared, connections) = (shared.clone(), connections.clone());
        let shutdown = builder.graceful_shutdown_signal();
        let factory = move || {
            let (connections, shutdown) = (connections.clone(), shutdown.clone());
            let app = App::new()
                .app_data(shared.clone())
                .wrap(cors(&shared.cors_origins))
                .wrap(from_fn(middleware::track))
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
                .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                // A client that closes its sending side is gone: its request is cancelled.
                .h1_allow_half_closed(false)
                .on_connect_ext(|stream: &Stream, data| {
                    data.insert(stream.connection().clone());
                })
                .finish(app);
            fn_service(move |stream: TcpStream| {
                let connections = connections.clone();
                async move {
                    let peer = stream.peer_addr().ok();
                    match Stream::admit(&connections, stream) {
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
        builder = builder.listen("walkshed", listener, factory).map_err(listen_error)?;
    }
    Ok(Running { addresses, live, server: builder.run() })
}

/// Listens on every address of a host name. Fails only when none can be used.
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
    /// Returns a handle that stops the server.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Processes requests until a signal or the handle stops the server. Running requests are finished first.
    ///
    /// # Errors
    /// [`std::io::Error`] when the server fails.
    pub async fn run(self) -> std::io::Result<()> {
        let watch = tokio::spawn(live::watch_data(self.live.clone()));
        let (handle, live) = (self.server.handle(), self.live.clone());
        let signals = tokio::spawn(async move {
            let name = stop_signal().await;
            tracing::info!(signal = name, "stopping: no new requests are accepted, running ones are finished");
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

/// The CORS policy for pages of other origins.
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
        // Requests of other origins are executed, but the page cannot read the response; mutations require a preflight.
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| {
        if origin == "*" { cors.allow_any_origin().send_wildcard() } else { cors.allowed_origin(origin) }
    })
}

/// Waits for a termination signal and returns its name.
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
    .route("/metrics", get().to(metrics::show))
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

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
mod listen;
mod metrics;
mod metrics_route;
mod middleware;
mod options;
mod parameters;
mod playground;
mod request_bodies;
mod response_bodies;
mod routes;
mod shared;
mod sse;
mod subscribers;
mod ws;

pub use address::{Network, Proxies};
pub use options::ServerOptions;
pub use playground::tabs as example_tabs;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::ServerBuilder;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use caching::EntityTagCache;
use connections::{Connections, HEAD_TIMEOUT, KEEP_ALIVE, Stream};
use listen::listen;
use metrics::Metrics;
use routes::{cors, routes};
use shared::{RequestLimits, Shared};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use subscribers::SubscriberSlots;
use tokio::net::TcpStream;
use walkshed_graphql::{Api, ManifestError, MemoryPool, TrustedDocuments};
use walkshed_live::folder::DataFolder;
use walkshed_live::{self as live, Live};
use walkshed_store::Store;

/// Maximum time for which the server waits for a client to close its side of a connection.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

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

/// Loads the world and starts to listen. Imports by other processes take effect within about two seconds.
///
/// # Errors
/// [`ServeError`].
pub async fn start(folder: DataFolder, store: Store, options: &ServerOptions) -> Result<Running, ServeError> {
    let trusted =
        options.trusted_documents.as_deref().map(|path| TrustedDocuments::read(path, &options.limits)).transpose()?;
    let limits = options.limits.clone();
    // The schema is built while the data are loaded.
    let api = tokio::task::spawn_blocking(move || {
        let api = Api::with_documents(limits, trusted);
        let sdl = api.sdl();
        (Arc::new(api), sdl)
    });
    let live = Live::load(folder, store).await?.with_max_waiting_writes(options.limits.max_waiting_writes);
    let live = Arc::new(live);
    let (api, sdl) = api.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
    api.check_manifest().await?;
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
        let prepare = tokio::spawn(live::keep_prepared_register(self.live.clone()));
        let (handle, live) = (self.server.handle(), self.live.clone());
        let signals = tokio::spawn(async move {
            let name = stop_signal().await;
            tracing::info!(signal = name, "stopping: no new requests are accepted, running ones are finished");
            live.stop();
            handle.stop(true).await;
        });
        let outcome = self.server.await;
        watch.abort();
        prepare.abort();
        signals.abort();
        self.live.idle().await;
        self.live.write_prepared_register().await;
        self.live.close().await;
        outcome
    }
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

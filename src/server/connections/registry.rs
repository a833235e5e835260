//! The open connections and their states.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// Minimum waiting time of a connection that is closed to make room for another.
pub const MIN_EVICTION_AGE: Duration = Duration::from_secs(1);
/// Factor on the required read rate while memory for responses is low.
const LOW_MEMORY_FACTOR: u64 = 4;

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Between requests.
    Idle,
    /// A request is being received.
    Reading,
    /// A request is being processed, or its response sent.
    Answering,
}

/// The state of one connection, shared by its stream and its requests.
pub struct Connection {
    id: u64,
    phase: AtomicU8,
    /// Start of the phase, in milliseconds since the server started.
    since: AtomicU64,
    active_requests: AtomicUsize,
    /// Number of requests so far.
    total_requests: AtomicU64,
    is_evicted: AtomicBool,
    /// Whether the next response holds `Sec-WebSocket-Protocol`.
    names_protocol: AtomicBool,
    waker: Mutex<Option<Waker>>,
    all: Arc<Connections>,
}

/// Marks a connection as processing a request, until it is dropped.
pub struct RequestGuard(Arc<Connection>);

/// Marks a connection as receiving a body, until it is dropped. Meanwhile it may be closed to make room for others.
pub struct BodyGuard<'c>(&'c Connection);

/// All connections of a server.
pub struct Connections {
    max: usize,
    min_send_rate: u64,
    is_memory_low: Box<dyn Fn() -> bool + Send + Sync>,
    started: Instant,
    next_id: AtomicU64,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
}

impl Connections {
    /// Creates a registry for at most `max` connections. `min_send_rate` is the rate in bytes per second at which clients must
    /// read responses; 0 for no minimum.
    pub fn new(max: usize, min_send_rate: u64, is_memory_low: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self {
            max,
            min_send_rate,
            is_memory_low: Box::new(is_memory_low),
            started: Instant::now(),
            next_id: AtomicU64::new(0),
            open: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the maximum number of connections.
    pub const fn most(&self) -> usize {
        self.max
    }

    /// Returns the number of open connections.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Registers a connection. When the maximum is reached, closes the connection that has waited longest for its client.
    /// Returns `None` when no connection has waited long enough.
    pub fn admit(self: &Arc<Self>) -> Option<Arc<Connection>> {
        let mut open = self.lock();
        if open.len() >= self.max {
            let (now, min_age) = (self.now(), MIN_EVICTION_AGE.as_millis() as u64);
            // Slow requests first, then idle connections.
            let oldest = |phase: Phase| {
                let in_phase = open.values().filter(move |c| c.phase.load(Relaxed) == phase as u8);
                in_phase
                    .filter(move |c| now.saturating_sub(c.since.load(Relaxed)) >= min_age)
                    .min_by_key(|c| c.since.load(Relaxed))
                    .cloned()
            };
            let evicted = oldest(Phase::Reading).or_else(|| oldest(Phase::Idle))?;
            open.remove(&evicted.id);
            evicted.evict();
        }
        let id = self.next_id.fetch_add(1, Relaxed);
        let connection = Arc::new(Connection {
            id,
            phase: AtomicU8::new(Phase::Reading as u8),
            since: AtomicU64::new(self.now()),
            active_requests: AtomicUsize::new(0),
            total_requests: AtomicU64::new(0),
            is_evicted: AtomicBool::new(false),
            names_protocol: AtomicBool::new(false),
            waker: Mutex::default(),
            all: self.clone(),
        });
        open.insert(id, connection.clone());
        Some(connection)
    }
}

impl Connection {
    fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.since.store(self.all.now(), Relaxed);
    }

    /// Closes the connection: wakes its stream, whose next read or write fails.
    fn evict(&self) {
        self.is_evicted.store(true, Relaxed);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Marks the start of a request.
    pub fn begin(self: &Arc<Self>) -> RequestGuard {
        self.active_requests.fetch_add(1, Relaxed);
        self.total_requests.fetch_add(1, Relaxed);
        self.set(Phase::Answering);
        RequestGuard(self.clone())
    }

    /// Marks the start of a body.
    pub fn reads_body(&self) -> BodyGuard<'_> {
        self.set(Phase::Reading);
        BodyGuard(self)
    }

    /// Writes `Sec-WebSocket-Protocol` in the next response with capital letters. actix-web writes header names in lower case;
    /// gql for Python compares this one case-sensitively and falls back to another protocol.
    pub fn names_protocol(&self) {
        self.names_protocol.store(true, Relaxed);
    }

    /// Returns whether a request is being processed.
    pub fn is_answering(&self) -> bool {
        self.active_requests.load(Relaxed) > 0
    }

    /// Marks the first bytes of a request head.
    pub fn begin_head(&self) {
        self.set(Phase::Reading);
    }

    /// Returns the number of requests so far.
    pub fn total_requests(&self) -> u64 {
        self.total_requests.load(Relaxed)
    }

    /// Returns whether the connection must close to make room for another.
    pub fn is_evicted(&self) -> bool {
        self.is_evicted.load(Relaxed)
    }

    /// Returns whether the next response holds `Sec-WebSocket-Protocol`.
    pub fn expects_protocol_header(&self) -> bool {
        self.names_protocol.load(Relaxed)
    }

    /// Records that the response with `Sec-WebSocket-Protocol` has been sent.
    pub fn protocol_header_sent(&self) {
        self.names_protocol.store(false, Relaxed);
    }

    /// Stores the waker of the task that an eviction wakes.
    pub fn register_waker(&self, new: &Waker) {
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if waker.as_ref().is_none_or(|w| !w.will_wake(new)) {
            *waker = Some(new.clone());
        }
    }

    /// Returns the rate in bytes per second at which the client must read a response now; 0 for no minimum.
    pub fn min_send_rate(&self) -> u64 {
        let factor = if (self.all.is_memory_low)() { LOW_MEMORY_FACTOR } else { 1 };
        self.all.min_send_rate.saturating_mul(factor)
    }

    /// Removes the connection from the registry.
    pub fn close(&self) {
        self.all.lock().remove(&self.id);
    }
}

impl Drop for BodyGuard<'_> {
    fn drop(&mut self) {
        self.0.set(Phase::Answering);
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if self.0.active_requests.fetch_sub(1, Relaxed) == 1 {
            self.0.set(Phase::Idle);
        }
    }
}

/// Returns the default maximum of connections: the limit of open files, less those the process needs for itself.
pub fn default_max_connections() -> usize {
    const OWN_FILES: usize = 128;
    const MAX: usize = 10_000;
    const DEFAULT_FILES: usize = 1024;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next())
        .map_or(DEFAULT_FILES, |soft| soft.parse().unwrap_or(MAX));
    files.saturating_sub(OWN_FILES).clamp(16, MAX)
}

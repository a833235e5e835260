//! Limits on connections: their number, and timeouts for slow senders and slow readers.
//!
//! actix-web limits the time for the first request head and the idle time between requests. It limits neither a later head,
//! nor a body, nor a response that the client does not read. [`Stream`] does, for everything that is sent over it.

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use std::collections::HashMap;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Sleep;

/// Maximum time for a request head, from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum idle time of a connection between requests.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Period over which the rate of a stalled response is measured.
const SEND_WINDOW: Duration = Duration::from_secs(10);
/// Maximum time without a TCP acknowledgement.
const ACK_TIMEOUT: Duration = Duration::from_mins(1);
/// Size of the socket's send buffer in bytes.
const SEND_BUFFER: usize = 256 * 1024;
/// Minimum waiting time of a connection that is closed to make room for another.
const MIN_EVICTION_AGE: Duration = Duration::from_secs(1);
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
    ///
    /// # Errors
    /// Returns the stream when no connection has waited long enough.
    pub fn admit(self: &Arc<Self>, stream: TcpStream) -> std::result::Result<Stream, TcpStream> {
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
            let Some(evicted) = oldest(Phase::Reading).or_else(|| oldest(Phase::Idle)) else { return Err(stream) };
            open.remove(&evicted.id);
            evicted.evict();
        }
        let socket = socket2::SockRef::from(&stream);
        // These options improve latency and memory use; the connection works without them.
        let _ = socket.set_tcp_nodelay(true);
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
        #[cfg(target_os = "linux")]
        let _ = socket.set_tcp_user_timeout(Some(ACK_TIMEOUT));
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
        // One second more than the limit of actix-web, which answers a slow first head with status 408.
        let first_head = Box::pin(tokio::time::sleep(HEAD_TIMEOUT + Duration::from_secs(1)));
        Ok(Stream {
            socket: stream,
            connection,
            read_deadline: Some(first_head),
            has_partial_head: true,
            seen_requests: 0,
            stalled_send: None,
        })
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

    fn is_answering(&self) -> bool {
        self.active_requests.load(Relaxed) > 0
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

/// A TCP stream with read and write timeouts.
pub struct Stream {
    socket: TcpStream,
    connection: Arc<Connection>,
    /// Deadline for the next request head.
    read_deadline: Option<Pin<Box<Sleep>>>,
    /// Whether a part of the next request head has arrived.
    has_partial_head: bool,
    /// Number of requests that the two fields above account for.
    seen_requests: u64,
    /// A response that the client did not accept at once.
    stalled_send: Option<StalledSend>,
}

/// A window over which the rate of a stalled response is measured.
struct StalledSend {
    bytes: u64,
    end: Pin<Box<Sleep>>,
}

impl Stream {
    /// Returns the state of the connection.
    pub const fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    fn check(&self) -> Result<()> {
        if self.connection.is_evicted.load(Relaxed) {
            return Err(Error::new(ErrorKind::ConnectionAborted, "closed to make room for other connections"));
        }
        Ok(())
    }

    /// Resets the deadline after each complete request head.
    fn update_requests(&mut self) {
        let total = self.connection.total_requests.load(Relaxed);
        if total != self.seen_requests {
            (self.seen_requests, self.read_deadline, self.has_partial_head) = (total, None, false);
        }
    }

    /// Waits for more data, or fails after the deadline.
    fn wait_to_read(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        {
            let mut waker = self.connection.waker.lock().unwrap_or_else(PoisonError::into_inner);
            if waker.as_ref().is_none_or(|w| !w.will_wake(context.waker())) {
                *waker = Some(context.waker().clone());
            }
        }
        // The connection may have been evicted before the waker was set.
        self.check()?;
        self.update_requests();
        if self.connection.is_answering() {
            return Poll::Pending;
        }
        // actix-web closes idle connections itself; this is for data that it takes for a request although it is none.
        let idle = || Box::pin(tokio::time::sleep(KEEP_ALIVE + HEAD_TIMEOUT));
        match self.read_deadline.get_or_insert_with(idle).as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the request arrived too slowly"))),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Measures the rate of a client that does not accept data at present, and fails when it is too low.
    fn wait_to_send(&mut self, context: &mut Context<'_>) -> Result<()> {
        let all = self.connection.all.clone();
        if all.min_send_rate == 0 {
            return Ok(());
        }
        let window = || Box::pin(tokio::time::sleep(SEND_WINDOW));
        let stalled = self.stalled_send.get_or_insert_with(|| StalledSend { bytes: 0, end: window() });
        while stalled.end.as_mut().poll(context).is_ready() {
            let factor = if (all.is_memory_low)() { LOW_MEMORY_FACTOR } else { 1 };
            let expected = all.min_send_rate.saturating_mul(SEND_WINDOW.as_secs()).saturating_mul(factor);
            if stalled.bytes < expected {
                return Err(Error::new(ErrorKind::TimedOut, "the client reads the response too slowly"));
            }
            *stalled = StalledSend { bytes: 0, end: window() };
        }
        Ok(())
    }

    fn record_sent(&mut self, context: &mut Context<'_>, poll: Poll<Result<usize>>) -> Poll<Result<usize>> {
        match &poll {
            Poll::Ready(Ok(n)) => {
                if let Some(stalled) = &mut self.stalled_send {
                    stalled.bytes = stalled.bytes.saturating_add(*n as u64);
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.wait_to_send(context)?,
        }
        poll
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.all.lock().remove(&self.connection.id);
    }
}

/// Replaces the header name `sec-websocket-protocol` by its spelling in RFC 6455.
fn capitalize_protocol(bytes: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"Sec-WebSocket-Protocol";
    let at = bytes.windows(NAME.len()).position(|window| window.eq_ignore_ascii_case(NAME))?;
    let mut bytes = bytes.to_vec();
    bytes[at..at + NAME.len()].copy_from_slice(NAME);
    Some(bytes)
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        self.check()?;
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.socket).poll_read(context, buffer);
        if poll.is_pending() {
            return self.wait_to_read(context);
        }
        self.update_requests();
        if buffer.filled().len() > before && !self.has_partial_head && !self.connection.is_answering() {
            // The deadline counts from the first byte of the head; further bytes do not extend it.
            self.has_partial_head = true;
            self.read_deadline = Some(Box::pin(tokio::time::sleep(HEAD_TIMEOUT)));
            self.connection.set(Phase::Reading);
        }
        poll
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.check()?;
        let replaced = if self.connection.names_protocol.load(Relaxed) { capitalize_protocol(bytes) } else { None };
        let poll = Pin::new(&mut self.socket).poll_write(context, replaced.as_deref().unwrap_or(bytes));
        if poll.is_ready() && replaced.is_some() {
            self.connection.names_protocol.store(false, Relaxed);
        }
        self.record_sent(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.check()?;
        let poll = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.record_sent(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        // The client has accepted everything: it keeps up.
        self.stalled_send = None;
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

/// Sends "503 Service Unavailable" to a client and closes its connection.
pub async fn refuse(stream: TcpStream, max: usize) {
    // Refused connections use file descriptors too: beyond 32 at a time they are closed without a response.
    static REFUSALS: Semaphore = Semaphore::const_new(32);
    let Ok(_permit) = REFUSALS.try_acquire() else { return };
    let why = format!("{{\"error\":\"All {max} connections are in use (max_connections); try again.\"}}");
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Retry-After: 5\r\nConnection: close\r\n\r\n{why}",
        why.len()
    );
    let mut stream = stream;
    let send = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await?;
        // Closing a socket with unread data resets the connection, and the client may lose the response.
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<(), Error>(())
    };
    let _ = tokio::time::timeout(MIN_EVICTION_AGE, send).await;
}

/// Returns the default maximum of connections: the limit of open files, less those the process needs for itself.
pub fn usual_most() -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn with_connection<T>(work: impl AsyncFnOnce(Stream, TcpStream) -> T) -> T {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        rt.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let all = Arc::new(Connections::new(10, 1, || false));
            let stream = all.admit(listener.accept().await.unwrap().0).unwrap_or_else(|_| panic!("refused"));
            work(stream, client).await
        })
    }

    #[test]
    fn sockets_have_nodelay_and_a_small_send_buffer() {
        with_connection(async |stream, _client| {
            assert!(stream.socket.nodelay().unwrap());
            assert!(socket2::SockRef::from(&stream.socket).send_buffer_size().unwrap() <= 2 * SEND_BUFFER);
        });
    }

    #[test]
    fn capitalizes_the_websocket_protocol_header_once() {
        with_connection(async |mut stream, mut client| {
            let text = b"HTTP/1.1 101 x\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n";
            stream.connection().names_protocol();
            for expected in ["Sec-WebSocket-Protocol: graphql", "sec-websocket-protocol: graphql"] {
                stream.write_all(text).await.unwrap();
                let mut got = vec![0; text.len()];
                client.read_exact(&mut got).await.unwrap();
                assert!(String::from_utf8(got).unwrap().contains(expected), "{expected}");
            }
        });
    }

    #[test]
    fn evicts_the_connection_that_has_waited_longest() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        rt.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let all = Arc::new(Connections::new(2, 1, || false));
            let mut clients = Vec::new();
            let mut open = async || {
                clients.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
                all.admit(listener.accept().await.unwrap().0)
            };
            let first = open().await.unwrap_or_else(|_| panic!("the first is admitted"));
            let second = open().await.unwrap_or_else(|_| panic!("the second is admitted"));
            assert!(open().await.is_err(), "neither has waited long enough");
            tokio::time::sleep(MIN_EVICTION_AGE + Duration::from_millis(100)).await;
            let busy = first.connection().begin();
            let third = open().await.unwrap_or_else(|_| panic!("the second is evicted"));
            assert!(second.check().is_err() && first.check().is_ok() && third.check().is_ok());
            assert!(open().await.is_err(), "the first is busy and the third is new");
            drop((busy, second));
            assert_eq!(all.count(), 2);
            drop((first, third));
            assert_eq!(all.count(), 0);
        });
    }
}

//! Connections with time limits of their own: how many there are, who is slow to send, who is slow to read.
//!
//! actix-web limits the time of the first request's head and the pause between requests. It does not limit a later
//! head, a body, or an answer that nobody reads. The stream below does, for whatever is sent over it.

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

/// How long the head of a request may take, from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may wait for its next request.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a stalled answer is watched before its rate is judged.
const SEND_WINDOW: Duration = Duration::from_secs(10);
/// How long the network may leave what was sent without an acknowledgement.
const UNACKNOWLEDGED: Duration = Duration::from_mins(1);
/// Bytes the system keeps of an answer for a client that does not read.
const SEND_BUFFER: usize = 256 * 1024;
/// A connection that has waited for less is not closed to make room for another.
const MAKES_ROOM_AFTER: Duration = Duration::from_secs(1);
/// Where memory for answers is short, answers have to be read so many times as fast.
const HURRY: u64 = 4;

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Between requests.
    Idle,
    /// A request comes in.
    Reading,
    /// A request is answered.
    Answering,
}

/// One connection, as its stream and its requests see it.
pub struct Connection {
    id: u64,
    phase: AtomicU8,
    /// Milliseconds since the first connection, when the phase began.
    since: AtomicU64,
    requests: AtomicUsize,
    /// How many requests there have been.
    begun: AtomicU64,
    is_cut: AtomicBool,
    /// Whether the next answer names a protocol of WebSocket.
    names_protocol: AtomicBool,
    waker: Mutex<Option<Waker>>,
    all: Arc<Connections>,
}

/// A request that is being read or answered; however it ends, its connection is free for the next one then.
pub struct Busy(Arc<Connection>);

/// A request whose body is being read: it makes room for others when there are too many connections.
pub struct ReadsBody<'c>(&'c Connection);

/// All connections of a server.
pub struct Connections {
    most: usize,
    min_send_rate: u64,
    is_short_of_memory: Box<dyn Fn() -> bool + Send + Sync>,
    began: Instant,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
}

impl Connections {
    /// So many at most; answers are read by so many bytes a second at least (0 for any rate).
    pub fn new(most: usize, min_send_rate: u64, is_short_of_memory: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self {
            most,
            min_send_rate,
            is_short_of_memory: Box::new(is_short_of_memory),
            began: Instant::now(),
            next: AtomicU64::new(0),
            open: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there may be.
    pub const fn most(&self) -> usize {
        self.most
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    /// Lets a connection in. Where there are as many as there may be, the one is closed that has waited longest for its
    /// client; `None` where none has waited long enough.
    pub fn admit(self: &Arc<Self>, stream: TcpStream) -> std::result::Result<Stream, TcpStream> {
        let mut open = self.lock();
        if open.len() >= self.most {
            let (now, long) = (self.now(), MAKES_ROOM_AFTER.as_millis() as u64);
            // Slow requests first, then idle connections.
            let waits = |phase: Phase| {
                let waiting = open.values().filter(move |c| c.phase.load(Relaxed) == phase as u8);
                waiting
                    .filter(move |c| now.saturating_sub(c.since.load(Relaxed)) >= long)
                    .min_by_key(|c| c.since.load(Relaxed))
                    .cloned()
            };
            let Some(slowest) = waits(Phase::Reading).or_else(|| waits(Phase::Idle)) else { return Err(stream) };
            open.remove(&slowest.id);
            slowest.cut();
        }
        let socket = socket2::SockRef::from(&stream);
        // None of these has to succeed for an answer to be right.
        let _ = socket.set_tcp_nodelay(true);
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
        #[cfg(target_os = "linux")]
        let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let id = self.next.fetch_add(1, Relaxed);
        let connection = Arc::new(Connection {
            id,
            phase: AtomicU8::new(Phase::Reading as u8),
            since: AtomicU64::new(self.now()),
            requests: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
            names_protocol: AtomicBool::new(false),
            waker: Mutex::default(),
            all: self.clone(),
        });
        open.insert(id, connection.clone());
        // actix-web limits the first head as well, and answers with 408: it goes first.
        let first_head = Box::pin(tokio::time::sleep(HEAD_TIMEOUT + Duration::from_secs(1)));
        Ok(Stream { socket: stream, connection, reading: Some(first_head), has_begun: true, begun: 0, sending: None })
    }
}

impl Connection {
    fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.since.store(self.all.now(), Relaxed);
    }

    /// Closes it at its next step, which is now.
    fn cut(&self) {
        self.is_cut.store(true, Relaxed);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A request has come in.
    pub fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Relaxed);
        self.begun.fetch_add(1, Relaxed);
        self.set(Phase::Answering);
        Busy(self.clone())
    }

    /// The body of a request is waited for, until what is returned is dropped.
    pub fn reads_body(&self) -> ReadsBody<'_> {
        self.set(Phase::Reading);
        ReadsBody(self)
    }

    /// Spells `Sec-WebSocket-Protocol` in the next answer as the standard does. actix-web writes names of headers in small
    /// letters; gql for Python looks for this one as it is written there, and speaks another protocol without it.
    pub fn names_protocol(&self) {
        self.names_protocol.store(true, Relaxed);
    }

    fn is_answering(&self) -> bool {
        self.requests.load(Relaxed) > 0
    }
}

impl Drop for ReadsBody<'_> {
    fn drop(&mut self) {
        self.0.set(Phase::Answering);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Relaxed) == 1 {
            self.0.set(Phase::Idle);
        }
    }
}

/// The bytes of a connection.
pub struct Stream {
    socket: TcpStream,
    connection: Arc<Connection>,
    /// Until when the next request has to be there.
    reading: Option<Pin<Box<Sleep>>>,
    /// Whether bytes of the next request have come.
    has_begun: bool,
    /// The requests that were there when that was looked at.
    begun: u64,
    /// What is being sent and was not taken at once.
    sending: Option<Sending>,
}

struct Sending {
    bytes: u64,
    until: Pin<Box<Sleep>>,
}

impl Stream {
    /// What its requests need of it.
    pub const fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    fn check(&self) -> Result<()> {
        if self.connection.is_cut.load(Relaxed) {
            return Err(Error::new(ErrorKind::ConnectionAborted, "closed to make room for other connections"));
        }
        Ok(())
    }

    /// With each request that has come in, the time for the next begins anew.
    fn look_for_requests(&mut self) {
        let begun = self.connection.begun.load(Relaxed);
        if begun != self.begun {
            (self.begun, self.reading, self.has_begun) = (begun, None, false);
        }
    }

    /// Nothing more is there to be read: for how long still?
    fn wait_to_read(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        {
            let mut waker = self.connection.waker.lock().unwrap_or_else(PoisonError::into_inner);
            if waker.as_ref().is_none_or(|w| !w.will_wake(context.waker())) {
                *waker = Some(context.waker().clone());
            }
        }
        // It may have been cut before the waker was there to be woken.
        self.check()?;
        self.look_for_requests();
        if self.connection.is_answering() {
            return Poll::Pending;
        }
        // Idle connections are closed by actix-web; this is for what it takes for a request and is none.
        let idle = || Box::pin(tokio::time::sleep(KEEP_ALIVE + HEAD_TIMEOUT));
        match self.reading.get_or_insert_with(idle).as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the request came in too slowly"))),
            Poll::Pending => Poll::Pending,
        }
    }

    /// The client takes nothing at present: is it too slow?
    fn wait_to_send(&mut self, context: &mut Context<'_>) -> Result<()> {
        let all = self.connection.all.clone();
        if all.min_send_rate == 0 {
            return Ok(());
        }
        let window = || Box::pin(tokio::time::sleep(SEND_WINDOW));
        let sending = self.sending.get_or_insert_with(|| Sending { bytes: 0, until: window() });
        while sending.until.as_mut().poll(context).is_ready() {
            let hurry = if (all.is_short_of_memory)() { HURRY } else { 1 };
            let expected = all.min_send_rate.saturating_mul(SEND_WINDOW.as_secs()).saturating_mul(hurry);
            if sending.bytes < expected {
                return Err(Error::new(ErrorKind::TimedOut, "the client reads the answer too slowly"));
            }
            *sending = Sending { bytes: 0, until: window() };
        }
        Ok(())
    }

    fn sent(&mut self, context: &mut Context<'_>, poll: Poll<Result<usize>>) -> Poll<Result<usize>> {
        match &poll {
            Poll::Ready(Ok(n)) => {
                if let Some(sending) = &mut self.sending {
                    sending.bytes = sending.bytes.saturating_add(*n as u64);
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

/// The same bytes with the name of the header as the standard writes it.
fn spelled(bytes: &[u8]) -> Option<Vec<u8>> {
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
        self.look_for_requests();
        if buffer.filled().len() > before && !self.has_begun && !self.connection.is_answering() {
            // From its first byte, a head has so long; more bytes give it no more time.
            self.has_begun = true;
            self.reading = Some(Box::pin(tokio::time::sleep(HEAD_TIMEOUT)));
            self.connection.set(Phase::Reading);
        }
        poll
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.check()?;
        let spelled = if self.connection.names_protocol.load(Relaxed) { spelled(bytes) } else { None };
        let poll = Pin::new(&mut self.socket).poll_write(context, spelled.as_deref().unwrap_or(bytes));
        if poll.is_ready() && spelled.is_some() {
            self.connection.names_protocol.store(false, Relaxed);
        }
        self.sent(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.check()?;
        let poll = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.sent(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        // Flushed when everything there was has been taken: the client keeps up.
        self.sending = None;
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

/// Tells a client that there are too many connections, as far as it listens.
pub async fn refuse(stream: TcpStream, most: usize) {
    // Those who are told take files as well; whoever comes while many are being told is not.
    static TOLD: Semaphore = Semaphore::const_new(32);
    let Ok(_turn) = TOLD.try_acquire() else { return };
    let why = format!("{{\"error\":\"there are {most} connections, as many as max_connections allows; try again\"}}");
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Retry-After: 5\r\nConnection: close\r\n\r\n{why}",
        why.len()
    );
    let mut stream = stream;
    let tell = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // Closed with a request unread, the answer would be lost on the way.
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<(), Error>(())
    };
    // Who has not read it by then does not want to.
    let _ = tokio::time::timeout(MAKES_ROOM_AFTER, tell).await;
}

/// Connections there can be where the settings do not say: as many as the process may have open files, less those it
/// needs for itself.
pub fn usual_most() -> usize {
    const OWN_FILES: usize = 128;
    const MOST: usize = 10_000;
    const USUAL_FILES: usize = 1024;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next())
        .map_or(USUAL_FILES, |soft| soft.parse().unwrap_or(MOST));
    files.saturating_sub(OWN_FILES).clamp(16, MOST)
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
            let stream = all.admit(listener.accept().await.unwrap().0).unwrap_or_else(|_| panic!("there is room"));
            work(stream, client).await
        })
    }

    #[test]
    fn small_answers_do_not_wait_to_be_sent() {
        with_connection(async |stream, _client| {
            assert!(stream.socket.nodelay().unwrap());
            assert!(socket2::SockRef::from(&stream.socket).send_buffer_size().unwrap() <= 2 * SEND_BUFFER);
        });
    }

    #[test]
    fn a_protocol_is_named_as_clients_look_for_it() {
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
    fn whoever_waits_longest_makes_room() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        rt.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let all = Arc::new(Connections::new(2, 1, || false));
            let mut clients = Vec::new();
            let mut open = async || {
                clients.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
                all.admit(listener.accept().await.unwrap().0)
            };
            let first = open().await.unwrap_or_else(|_| panic!("there is room"));
            let second = open().await.unwrap_or_else(|_| panic!("there is room"));
            assert!(open().await.is_err(), "neither has waited long enough");
            tokio::time::sleep(MAKES_ROOM_AFTER + Duration::from_millis(100)).await;
            let busy = first.connection().begin();
            let third = open().await.unwrap_or_else(|_| panic!("the second makes room"));
            assert!(second.check().is_err() && first.check().is_ok() && third.check().is_ok());
            assert!(open().await.is_err(), "one answers and one is new");
            drop((busy, second));
            assert_eq!(all.count(), 2);
            drop((first, third));
            assert_eq!(all.count(), 0);
        });
    }
}

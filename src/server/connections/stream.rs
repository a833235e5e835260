//! A TCP stream with timeouts.

use super::registry::{Connection, Connections};
use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
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
    /// Registers a connection with [`Connections::admit`].
    ///
    /// # Errors
    /// Returns the socket when the maximum of connections is reached.
    pub fn admit(connections: &Arc<Connections>, socket: TcpStream) -> std::result::Result<Self, TcpStream> {
        let Some(connection) = connections.admit() else { return Err(socket) };
        let options = socket2::SockRef::from(&socket);
        // These options improve latency and memory use; the connection works without them.
        let _ = options.set_tcp_nodelay(true);
        let _ = options.set_send_buffer_size(SEND_BUFFER);
        #[cfg(target_os = "linux")]
        let _ = options.set_tcp_user_timeout(Some(ACK_TIMEOUT));
        // One second more than the limit of actix-web, which answers a slow first head with status 408.
        let first_head = Box::pin(tokio::time::sleep(HEAD_TIMEOUT + Duration::from_secs(1)));
        Ok(Self {
            socket,
            connection,
            read_deadline: Some(first_head),
            has_partial_head: true,
            seen_requests: 0,
            stalled_send: None,
        })
    }

    /// Returns the state of the connection.
    pub const fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    fn check(&self) -> Result<()> {
        if self.connection.is_evicted() {
            return Err(Error::new(ErrorKind::ConnectionAborted, "closed to make room for other connections"));
        }
        Ok(())
    }

    /// Resets the deadline after each complete request head.
    fn update_requests(&mut self) {
        let total = self.connection.total_requests();
        if total != self.seen_requests {
            (self.seen_requests, self.read_deadline, self.has_partial_head) = (total, None, false);
        }
    }

    /// Waits for more data, or fails after the deadline.
    fn wait_to_read(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.connection.register_waker(context.waker());
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
        if self.connection.min_send_rate() == 0 {
            return Ok(());
        }
        let window = || Box::pin(tokio::time::sleep(SEND_WINDOW));
        let stalled = self.stalled_send.get_or_insert_with(|| StalledSend { bytes: 0, end: window() });
        while stalled.end.as_mut().poll(context).is_ready() {
            let expected = self.connection.min_send_rate().saturating_mul(SEND_WINDOW.as_secs());
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
        self.connection.close();
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
            self.connection.begin_head();
        }
        poll
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.check()?;
        let replaced = if self.connection.expects_protocol_header() { capitalize_protocol(bytes) } else { None };
        let poll = Pin::new(&mut self.socket).poll_write(context, replaced.as_deref().unwrap_or(bytes));
        if poll.is_ready() && replaced.is_some() {
            self.connection.protocol_header_sent();
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

#[cfg(test)]
mod tests {
    use super::super::registry::MIN_EVICTION_AGE;
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn with_connection<T>(work: impl AsyncFnOnce(Stream, TcpStream) -> T) -> T {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        rt.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let all = Arc::new(Connections::new(10, 1, || false));
            let stream = Stream::admit(&all, listener.accept().await.unwrap().0).unwrap_or_else(|_| panic!("refused"));
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
                Stream::admit(&all, listener.accept().await.unwrap().0)
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

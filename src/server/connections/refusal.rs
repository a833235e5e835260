//! Refusal of connections beyond the maximum.

use std::io::Error;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Maximum time to send the refusal.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

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
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, send).await;
}

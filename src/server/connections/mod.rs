//! Limits on connections: their number, and timeouts for slow senders and slow readers.
//!
//! actix-web limits the time for the first request head and the idle time between requests. It limits neither a later head,
//! nor a body, nor a response that the client does not read. [`Stream`] does, for everything that is sent over it.

mod refusal;
mod registry;
mod stream;

pub use refusal::refuse;
pub use registry::{Connection, Connections, RequestGuard, default_max_connections};
pub use stream::{HEAD_TIMEOUT, KEEP_ALIVE, Stream};

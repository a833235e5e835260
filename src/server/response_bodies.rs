//! Response bodies: passed to the connection in chunks as the client reads them, and charged to the memory budget until the
//! last one.

use super::connections::RequestGuard;
use super::metrics::Running;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use futures_util::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use walkshed_graphql::MemoryBudget;

/// Bytes of a chunk. actix-web copies chunks; the copies are not charged.
const CHUNK: usize = 64 * 1024;

fn next_chunk(bytes: &mut Bytes) -> Bytes {
    bytes.split_to(bytes.len().min(CHUNK))
}

/// A body that is complete in memory.
pub struct BudgetedBody {
    bytes: Bytes,
    _budget: MemoryBudget,
}

impl BudgetedBody {
    pub fn new(bytes: Vec<u8>, budget: MemoryBudget) -> Self {
        Self { bytes: bytes.into(), _budget: budget }
    }
}

impl MessageBody for BudgetedBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready((!self.bytes.is_empty()).then(|| Ok(next_chunk(&mut self.bytes))))
    }
}

/// A body that is produced by a stream. The stream is polled only after the client has read the previous piece.
pub struct StreamedBody<S> {
    pieces: Pin<Box<S>>,
    current: Bytes,
}

impl<S> StreamedBody<S> {
    pub fn new(pieces: S) -> Self {
        Self { pieces: Box::pin(pieces), current: Bytes::new() }
    }
}

impl<S: Stream<Item = Bytes>> MessageBody for StreamedBody<S> {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        while self.current.is_empty() {
            match self.pieces.as_mut().poll_next(context) {
                Poll::Ready(Some(next)) => self.current = next,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Some(Ok(next_chunk(&mut self.current))))
    }
}

/// A body with the guards that must live until it has been sent.
pub struct TrackedBody {
    body: BoxBody,
    _running: Option<Running>,
    _busy: Option<RequestGuard>,
}

impl TrackedBody {
    pub const fn new(body: BoxBody, running: Option<Running>, busy: Option<RequestGuard>) -> Self {
        Self { body, _running: running, _busy: busy }
    }
}

impl MessageBody for TrackedBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

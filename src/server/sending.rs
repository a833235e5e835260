//! Bodies of answers: given to the connection in pieces as the client takes them, and counted until the last one.

use super::connections::Busy;
use super::metrics::Running;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use futures_util::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use walkshed_graphql::Budget;

/// Bytes handed over at a time: those are copied, and no longer counted.
const PIECE: usize = 64 * 1024;

fn piece(bytes: &mut Bytes) -> Bytes {
    bytes.split_to(bytes.len().min(PIECE))
}

/// An answer that is there as a whole.
pub struct Whole {
    bytes: Bytes,
    /// What counts its bytes.
    _budget: Budget,
}

impl Whole {
    pub fn new(bytes: Vec<u8>, budget: Budget) -> Self {
        Self { bytes: bytes.into(), _budget: budget }
    }
}

impl MessageBody for Whole {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready((!self.bytes.is_empty()).then(|| Ok(piece(&mut self.bytes))))
    }
}

/// An answer that goes on and on. Nothing more is asked for before the last piece has been taken.
pub struct Pieces<S> {
    pieces: Pin<Box<S>>,
    current: Bytes,
}

impl<S> Pieces<S> {
    pub fn new(pieces: S) -> Self {
        Self { pieces: Box::pin(pieces), current: Bytes::new() }
    }
}

impl<S: Stream<Item = Bytes>> MessageBody for Pieces<S> {
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
        Poll::Ready(Some(Ok(piece(&mut self.current))))
    }
}

/// A body, and what lasts as long as it is being sent.
pub struct Followed {
    body: BoxBody,
    _running: Option<Running>,
    _busy: Option<Busy>,
}

impl Followed {
    pub const fn new(body: BoxBody, running: Option<Running>, busy: Option<Busy>) -> Self {
        Self { body, _running: running, _busy: busy }
    }
}

impl MessageBody for Followed {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

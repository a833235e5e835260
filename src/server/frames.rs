//! Messages of a WebSocket as frames: read whole and within a limit, written without a copy.

use actix_codec::{Decoder, Encoder};
use actix_http::ws::{CloseReason, Codec, Frame, Item, Message, ProtocolError};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

/// Bytes of a message; documents are shorter.
const MAX_MESSAGE: usize = 256 * 1024;

/// What a client has sent.
pub enum Heard {
    Text(Vec<u8>),
    Binary,
    Ping(Bytes),
    Pong,
    Close(Option<CloseReason>),
    /// What is against the protocol: the code to close with, and why.
    Wrong(u16, &'static str),
}

/// The messages of a client. Waiting for the next one may be given up and begun again.
pub struct Incoming {
    payload: Payload,
    codec: Codec,
    buffer: BytesMut,
    /// A text that has come in part.
    part: Option<Vec<u8>>,
}

impl Incoming {
    pub fn new(payload: Payload) -> Self {
        Self { payload, codec: Codec::new().max_size(MAX_MESSAGE), buffer: BytesMut::new(), part: None }
    }

    /// The next message; `None` when the connection is gone.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            match self.codec.decode(&mut self.buffer) {
                Ok(Some(frame)) => {
                    if let Some(heard) = self.heard(frame) {
                        return Some(heard);
                    }
                }
                Ok(None) => match self.payload.next().await? {
                    Ok(bytes) => self.buffer.extend_from_slice(&bytes),
                    Err(_) => return None,
                },
                Err(ProtocolError::Overflow) => return Some(Heard::Wrong(1009, "a message is too long")),
                Err(_) => return Some(Heard::Wrong(1002, "a frame is against the protocol")),
            }
        }
    }

    fn heard(&mut self, frame: Frame) -> Option<Heard> {
        let text = |bytes: Vec<u8>| match std::str::from_utf8(&bytes) {
            Ok(_) => Heard::Text(bytes),
            Err(_) => Heard::Wrong(1007, "a text is not UTF-8"),
        };
        Some(match frame {
            Frame::Text(bytes) => text(bytes.to_vec()),
            Frame::Binary(_) | Frame::Continuation(Item::FirstBinary(_)) => Heard::Binary,
            Frame::Ping(bytes) => Heard::Ping(bytes),
            Frame::Pong(_) => Heard::Pong,
            Frame::Close(reason) => Heard::Close(reason),
            Frame::Continuation(Item::FirstText(bytes)) => {
                self.part = Some(bytes.to_vec());
                return None;
            }
            Frame::Continuation(item) => {
                let (bytes, is_last) = match item {
                    Item::Last(bytes) => (bytes, true),
                    Item::Continue(bytes) | Item::FirstText(bytes) | Item::FirstBinary(bytes) => (bytes, false),
                };
                let part = self.part.as_mut()?;
                if part.len() + bytes.len() > MAX_MESSAGE {
                    return Some(Heard::Wrong(1009, "a message is too long"));
                }
                part.extend_from_slice(&bytes);
                if !is_last {
                    return None;
                }
                text(self.part.take().unwrap_or_default())
            }
        })
    }
}

/// A text in parts, as one frame.
pub fn text_frame(parts: Vec<Bytes>) -> Vec<Bytes> {
    const TEXT: u8 = 0x81;
    let length: usize = parts.iter().map(Bytes::len).sum();
    let mut head = vec![TEXT];
    // Lengths in one, two or eight bytes, as RFC 6455 has it.
    if length < 126 {
        head.push(length as u8);
    } else if let Ok(short) = u16::try_from(length) {
        head.push(126);
        head.extend_from_slice(&short.to_be_bytes());
    } else {
        head.push(127);
        head.extend_from_slice(&(length as u64).to_be_bytes());
    }
    std::iter::once(head.into()).chain(parts).collect()
}

pub fn ping_frame() -> Bytes {
    encoded(Message::Ping(Bytes::new()))
}

pub fn pong_frame(bytes: Bytes) -> Bytes {
    encoded(Message::Pong(bytes))
}

/// The last frame; reasons are cut to what a frame may hold.
pub fn close_frame(mut reason: Option<CloseReason>) -> Bytes {
    const MOST: usize = 123;
    if let Some(text) = reason.as_mut().and_then(|r| r.description.as_mut()) {
        text.truncate(text.floor_char_boundary(MOST));
    }
    encoded(Message::Close(reason))
}

fn encoded(message: Message) -> Bytes {
    let mut out = BytesMut::new();
    // Control frames that are short enough are always written.
    let _ = Codec::new().encode(message, &mut out);
    out.freeze()
}

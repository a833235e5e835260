//! WebSocket frames: reads whole messages up to a maximum length, and writes messages without copying them.

use actix_codec::{Decoder, Encoder};
use actix_http::ws::{CloseReason, Codec, Frame, Item, Message, ProtocolError};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

/// Maximum length of a message in bytes. Documents are limited to less.
const MAX_MESSAGE: usize = 256 * 1024;

/// A message from a client.
pub enum ClientMessage {
    Text(Vec<u8>),
    Binary,
    Ping(Bytes),
    Pong,
    Close(Option<CloseReason>),
    /// A violation of the protocol: the close code and the reason.
    Wrong(u16, &'static str),
}

/// Reads the messages of a client. [`MessageReader::next`] is cancel safe.
pub struct MessageReader {
    payload: Payload,
    codec: Codec,
    buffer: BytesMut,
    /// The fragments of an incomplete text message.
    part: Option<Vec<u8>>,
}

impl MessageReader {
    pub fn new(payload: Payload) -> Self {
        Self { payload, codec: Codec::new().max_size(MAX_MESSAGE), buffer: BytesMut::new(), part: None }
    }

    /// Returns the next message; `None` when the connection is closed.
    pub async fn next(&mut self) -> Option<ClientMessage> {
        loop {
            match self.codec.decode(&mut self.buffer) {
                Ok(Some(frame)) => {
                    if let Some(message) = self.read_frame(frame) {
                        return Some(message);
                    }
                }
                Ok(None) => match self.payload.next().await? {
                    Ok(bytes) => self.buffer.extend_from_slice(&bytes),
                    Err(_) => return None,
                },
                Err(ProtocolError::Overflow) => return Some(ClientMessage::Wrong(1009, "the message is too long")),
                Err(_) => return Some(ClientMessage::Wrong(1002, "the frame violates the protocol")),
            }
        }
    }

    fn read_frame(&mut self, frame: Frame) -> Option<ClientMessage> {
        let text = |bytes: Vec<u8>| match std::str::from_utf8(&bytes) {
            Ok(_) => ClientMessage::Text(bytes),
            Err(_) => ClientMessage::Wrong(1007, "the text is not UTF-8"),
        };
        Some(match frame {
            Frame::Text(bytes) => text(bytes.to_vec()),
            Frame::Binary(_) | Frame::Continuation(Item::FirstBinary(_)) => ClientMessage::Binary,
            Frame::Ping(bytes) => ClientMessage::Ping(bytes),
            Frame::Pong(_) => ClientMessage::Pong,
            Frame::Close(reason) => ClientMessage::Close(reason),
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
                    return Some(ClientMessage::Wrong(1009, "the message is too long"));
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

/// Builds one text frame from the parts of a message.
pub fn text_frame(parts: Vec<Bytes>) -> Vec<Bytes> {
    const TEXT: u8 = 0x81;
    let length: usize = parts.iter().map(Bytes::len).sum();
    let mut head = vec![TEXT];
    // RFC 6455: lengths take 7 bits, or 2 or 8 further bytes.
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

/// Builds a close frame. Truncates the reason to the maximum length of a control frame.
pub fn close_frame(mut reason: Option<CloseReason>) -> Bytes {
    const MAX_REASON: usize = 123;
    if let Some(text) = reason.as_mut().and_then(|r| r.description.as_mut()) {
        text.truncate(text.floor_char_boundary(MAX_REASON));
    }
    encoded(Message::Close(reason))
}

fn encoded(message: Message) -> Bytes {
    let mut out = BytesMut::new();
    // Encoding fails only for control frames that are too long.
    let _ = Codec::new().encode(message, &mut out);
    out.freeze()
}

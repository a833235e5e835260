//! Subscriptions and queries over WebSocket, with the protocol `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use super::auth::{self, Session};
use super::frames::{ClientMessage, MessageReader, close_frame, ping_frame, pong_frame, text_frame};
use super::parameters::{read_request, refuse_reserved_names};
use super::response_bodies::StreamedBody;
use super::shared::Shared;
use super::subscribers::SubscriberSlot;
use super::{middleware, subscribers};
use actix_http::ws::{CloseCode, CloseReason, handshake};
use actix_web::body::MessageBody;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::{AbortHandle, BoxFuture};
use futures_util::stream::{self, BoxStream, SelectAll};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use walkshed_graphql::{ApiRequest, EventText, SubscriptionMessage};
use walkshed_live::access::bearer;

const PROTOCOL: &str = "graphql-transport-ws";
const TOKEN_ENDED: &str = "Forbidden: the token has expired or was revoked";
/// A connection is closed when the client has sent nothing, not even a pong, for this many ping intervals.
const MAX_MISSED_PINGS: u32 = 3;
/// Maximum time until `connection_init`.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns whether the client requests an upgrade to WebSocket.
pub fn is_upgrade(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(UPGRADE).and_then(|v| v.to_str().ok());
    request.method() == Method::GET && upgrade.is_some_and(|v| v.eq_ignore_ascii_case("websocket"))
}

/// Returns whether a page of this origin may connect. Browsers do not apply CORS to WebSockets, so the server checks the
/// origin.
fn may_connect(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN).and_then(|v| v.to_str().ok()) else { return true };
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host));
    own || shared.cors_origins.iter().any(|allowed| allowed == "*" || allowed == origin)
}

/// Upgrades a request to a WebSocket.
pub fn open(shared: &Data<Shared>, request: &HttpRequest, payload: Payload) -> HttpResponse {
    let headers = request.headers();
    if !may_connect(shared, headers) {
        return HttpResponse::Forbidden().body("Pages of this origin may not connect; see the setting cors_origins.");
    }
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|v| v.to_str().ok());
    if !offered.flat_map(|v| v.split(',')).any(|p| p.trim() == PROTOCOL) {
        return HttpResponse::BadRequest().body(format!("The WebSocket subprotocol must be {PROTOCOL}."));
    }
    // Clients send their token in a header, or later in `connection_init`.
    let from_header = match auth::session(shared, request) {
        Ok(session) => Some(session),
        Err(_) if headers.get(AUTHORIZATION).is_none() => None,
        Err(error) => return HttpResponse::Unauthorized().body(error.message),
    };
    let Some(slot) = shared.subscriber_slots.enter() else { return subscribers::full(&shared.subscriber_slots) };
    let mut response = match handshake(request.head()) {
        Ok(response) => response,
        Err(error) => return HttpResponse::BadRequest().body(error.to_string()),
    };
    response.insert_header((SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL)));
    if let Some(connection) = middleware::connection(request) {
        connection.names_protocol();
    }
    // A capacity of 1: the next message is produced only after the client has read the previous one.
    let (out, messages) = mpsc::channel::<Vec<Bytes>>(1);
    let pieces = stream::unfold(messages, |mut messages| async {
        let message = messages.recv().await?;
        Some((stream::iter(message), messages))
    });
    let response = match response.message_body(StreamedBody::new(pieces.flatten()).boxed()) {
        Ok(response) => response,
        Err(error) => return HttpResponse::InternalServerError().body(error.to_string()),
    };
    let connection = Connection {
        shared: shared.clone(),
        address: auth::address(shared, request),
        from_header,
        session: None,
        ended: std::future::pending().boxed(),
        out,
        subscriptions: SelectAll::new(),
        active: HashMap::new(),
        _slot: slot,
    };
    actix_web::rt::spawn(connection.run(MessageReader::new(payload)));
    response.into()
}

/// The close code and the reason.
struct Closing(Option<CloseReason>);

impl Closing {
    fn of(code: u16, why: impl Into<String>) -> Self {
        Self(Some(CloseReason { code: CloseCode::from(code), description: Some(why.into()) }))
    }

    fn invalid(why: impl Into<String>) -> Self {
        Self::of(4400, why)
    }
}

/// Why the connection ends.
enum Stop {
    /// The server sends a close frame.
    Close(Closing),
    /// The client is gone.
    Gone,
}

impl From<Closing> for Stop {
    fn from(closing: Closing) -> Self {
        Self::Close(closing)
    }
}

type Tagged = BoxStream<'static, (String, SubscriptionMessage)>;

struct Connection {
    shared: Data<Shared>,
    address: Option<IpAddr>,
    from_header: Option<Session>,
    /// The caller, after `connection_init`.
    session: Option<Session>,
    ended: BoxFuture<'static, ()>,
    out: mpsc::Sender<Vec<Bytes>>,
    subscriptions: SelectAll<Tagged>,
    /// Active operations by the ids of the client.
    active: HashMap<String, AbortHandle>,
    _slot: SubscriberSlot,
}

impl Connection {
    /// Processes messages until the connection ends.
    async fn run(mut self, mut incoming: MessageReader) {
        if let Err(Stop::Close(Closing(reason))) = self.process(&mut incoming).await {
            let _ = self.out.send(vec![close_frame(reason)]).await;
        }
    }

    async fn process(&mut self, incoming: &mut MessageReader) -> Result<(), Stop> {
        let interval = self.shared.limits.ping_every;
        let mut stopped = Box::pin(self.shared.live.stopped());
        let mut pings = tokio::time::interval_at(Instant::now() + interval, interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let started = Instant::now();
        let mut last_received = started;
        loop {
            let gone = self.out.clone();
            tokio::select! {
                biased;
                () = &mut self.ended => return Err(Closing::of(4403, TOKEN_ENDED).into()),
                () = &mut stopped => return Err(Closing::of(1001, "The server is stopping").into()),
                () = gone.closed() => return Err(Stop::Gone),
                () = tokio::time::sleep_until(started + INIT_TIMEOUT), if self.session.is_none() => {
                    return Err(Closing::of(4408, "Connection initialisation timeout").into());
                }
                received = incoming.next() => {
                    last_received = Instant::now();
                    self.handle(received.ok_or(Stop::Gone)?).await?;
                }
                message = self.subscriptions.next(), if !self.subscriptions.is_empty() => {
                    if let Some((id, message)) = message {
                        self.forward(&id, message).await?;
                    }
                }
                _ = pings.tick() => {
                    if last_received.elapsed() > interval * MAX_MISSED_PINGS {
                        return Err(Stop::Gone);
                    }
                    self.send(vec![ping_frame()]).await?;
                }
            }
        }
    }

    async fn send(&self, message: Vec<Bytes>) -> Result<(), Stop> {
        self.out.send(message).await.map_err(|_| Stop::Gone)
    }

    async fn send_json(&self, message: &Value) -> Result<(), Stop> {
        self.send(text_frame(vec![message.to_string().into()])).await
    }

    async fn handle(&mut self, received: ClientMessage) -> Result<(), Stop> {
        match received {
            ClientMessage::Text(text) => self.handle_text(&text).await,
            ClientMessage::Binary => Err(Closing::invalid("Invalid message: expected text").into()),
            ClientMessage::Ping(bytes) => self.send(vec![pong_frame(bytes)]).await,
            ClientMessage::Pong => Ok(()),
            // Returns the close code of the client.
            ClientMessage::Close(reason) => Err(Closing(reason.map(|r| CloseReason { description: None, ..r })).into()),
            ClientMessage::Wrong(code, why) => Err(Closing::of(code, why).into()),
        }
    }

    async fn handle_text(&mut self, text: &[u8]) -> Result<(), Stop> {
        let parsed = refuse_reserved_names(text).ok().and_then(|()| serde_json::from_slice(text).ok());
        let Some(Value::Object(mut message)) = parsed else {
            return Err(Closing::invalid("Invalid message: expected a JSON object").into());
        };
        let kind = message.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = match message.remove("id") {
            Some(Value::String(id)) if !id.is_empty() => Some(id),
            _ => None,
        };
        match (kind.as_str(), id, message.remove("payload")) {
            ("connection_init", _, None | Some(Value::Null)) => self.initialise(&Map::new()).await,
            ("connection_init", _, Some(Value::Object(payload))) => self.initialise(&payload).await,
            ("ping", ..) => self.send_json(&json!({ "type": "pong" })).await,
            ("pong", ..) => Ok(()),
            ("subscribe", Some(id), Some(Value::Object(payload))) => self.subscribe(id, payload).await,
            ("complete", Some(id), _) => {
                if let Some(operation) = self.active.remove(&id) {
                    operation.abort();
                }
                Ok(())
            }
            ("connection_init" | "subscribe" | "complete", ..) => {
                Err(Closing::invalid(format!("Invalid message: \"{kind}\" lacks an id or a payload")).into())
            }
            _ => Err(Closing::invalid("Invalid message: unknown type").into()),
        }
    }

    async fn initialise(&mut self, payload: &Map<String, Value>) -> Result<(), Stop> {
        if self.session.is_some() {
            return Err(Closing::of(4429, "Too many initialisation requests").into());
        }
        let authorization =
            payload.iter().find(|(key, _)| key.eq_ignore_ascii_case("authorization")).map(|(_, value)| value);
        let session = match (authorization, self.from_header.take()) {
            (Some(value), _) => {
                let token = value.as_str().and_then(bearer).unwrap_or_default();
                auth::token_session(&self.shared, token, self.address)
            }
            (None, Some(session)) => Ok(session),
            (None, None) => auth::without_token(&self.shared, self.address),
        };
        let session = session.map_err(|error| Closing::of(4403, format!("Forbidden: {}", error.message)))?;
        self.ended = session.ended(&self.shared).boxed();
        self.session = Some(session);
        self.send_json(&json!({ "type": "connection_ack" })).await
    }

    async fn subscribe(&mut self, id: String, payload: Map<String, Value>) -> Result<(), Stop> {
        let Some(session) = &self.session else { return Err(Closing::of(4401, "Unauthorized").into()) };
        if self.active.contains_key(&id) {
            return Err(Closing::of(4409, format!("Subscriber for {id} already exists")).into());
        }
        let refuse = |why: String, values: Value| json!({ "id": id, "type": "error", "payload": [{ "message": why, "extensions": values }] });
        let max = self.shared.limits.max_subscriptions;
        if self.active.len() >= max {
            let why = format!("A connection may have at most {max} subscriptions (maxSubscriptions).");
            return self.send_json(&refuse(why, json!({ "code": "TOO_COMPLEX", "limit": "maxSubscriptions" }))).await;
        }
        let request = match read_request(payload) {
            Ok(request) => request,
            Err(refusal) => return self.send_json(&refuse(refusal.message, json!({ "code": "BAD_REQUEST" }))).await,
        };
        self.shared.metrics.graphql("followed");
        let (caller, live) = (Some(session.caller.clone()), Some(self.shared.live.clone()));
        let request = ApiRequest { queries_only: false, caller, live, ..request };
        let api = self.shared.api.clone();
        let messages = async move { api.subscribe(request).await }.flatten_stream();
        let (messages, abort_handle) = stream::abortable(messages);
        self.active.insert(id.clone(), abort_handle);
        self.subscriptions.push(messages.map(move |message| (id.clone(), message)).boxed());
        Ok(())
    }

    /// Sends a message of an operation to the client.
    async fn forward(&mut self, id: &str, message: SubscriptionMessage) -> Result<(), Stop> {
        // The client may have completed the operation after the message was produced.
        if !self.active.contains_key(id) {
            return Ok(());
        }
        let tagged = |kind: &str, text: EventText| {
            let before = format!("{{\"id\":{},\"type\":\"{kind}\",\"payload\":", Value::from(id));
            text_frame(vec![before.into(), Bytes::from_owner(text), Bytes::from_static(b"}")])
        };
        match message {
            SubscriptionMessage::Next(text) => {
                // The token may have ended after the message was produced.
                if !self.session.as_ref().is_some_and(|session| session.is_valid(&self.shared)) {
                    return Err(Closing::of(4403, TOKEN_ENDED).into());
                }
                self.send(tagged("next", text)).await
            }
            SubscriptionMessage::Error(errors) => {
                self.active.remove(id);
                self.send(tagged("error", errors)).await
            }
            SubscriptionMessage::Complete => {
                if let Some(operation) = self.active.remove(id) {
                    operation.abort();
                }
                self.send_json(&json!({ "id": id, "type": "complete" })).await
            }
        }
    }
}

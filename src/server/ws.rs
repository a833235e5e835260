//! Subscriptions and queries over WebSocket, by the protocol `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use super::auth::{self, Session};
use super::followers::Place;
use super::frames::{Heard, Incoming, close_frame, ping_frame, pong_frame, text_frame};
use super::parameters::read_request;
use super::sending::Pieces;
use super::{Shared, followers, requests};
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
use walkshed_graphql::{ApiRequest, EventText, Told};
use walkshed_live::access::bearer;

const PROTOCOL: &str = "graphql-transport-ws";
/// Pings without any sign of life after which a client is taken for dead. Answers to our pings are signs of life.
const UNANSWERED: u32 = 3;
/// How long a client may take to say who it is.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Does the client want to upgrade?
pub fn wanted(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(UPGRADE).and_then(|v| v.to_str().ok());
    request.method() == Method::GET && upgrade.is_some_and(|v| v.eq_ignore_ascii_case("websocket"))
}

/// May a page of this origin connect? Browsers send the origin and do not hold WebSockets to CORS, so that we must.
fn may_connect(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN).and_then(|v| v.to_str().ok()) else { return true };
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host));
    own || shared.cors_origins.iter().any(|allowed| allowed == "*" || allowed == origin)
}

/// Opens a connection.
pub fn open(shared: &Data<Shared>, request: &HttpRequest, payload: Payload) -> HttpResponse {
    let headers = request.headers();
    if !may_connect(shared, headers) {
        return HttpResponse::Forbidden().body("pages of this origin may not connect; see the setting cors_origins");
    }
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|v| v.to_str().ok());
    if !offered.flat_map(|v| v.split(',')).any(|p| p.trim() == PROTOCOL) {
        return HttpResponse::BadRequest().body(format!("the WebSocket protocol must be {PROTOCOL}"));
    }
    // Who has sent a token in a header is known already; others may send it when the connection is initialised.
    let from_header = match auth::session(shared, request) {
        Ok(session) => Some(session),
        Err(_) if headers.get(AUTHORIZATION).is_none() => None,
        Err(error) => return HttpResponse::Unauthorized().body(error.message),
    };
    let Some(place) = shared.followers.enter() else { return followers::full(shared) };
    let mut response = match handshake(request.head()) {
        Ok(response) => response,
        Err(error) => return HttpResponse::BadRequest().body(error.to_string()),
    };
    response.insert_header((SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL)));
    if let Some(connection) = requests::connection(request) {
        connection.names_protocol();
    }
    // One message waits at most: the next is not made before the client takes the last.
    let (out, messages) = mpsc::channel::<Vec<Bytes>>(1);
    let pieces = stream::unfold(messages, |mut messages| async {
        let message = messages.recv().await?;
        Some((stream::iter(message), messages))
    });
    let response = match response.message_body(Pieces::new(pieces.flatten()).boxed()) {
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
        followed: SelectAll::new(),
        known: HashMap::new(),
        _place: place,
    };
    actix_web::rt::spawn(connection.talk(Incoming::new(payload)));
    response.into()
}

/// Why a connection is closed.
struct Closing(Option<CloseReason>);

impl Closing {
    fn of(code: u16, why: impl Into<String>) -> Self {
        Self(Some(CloseReason { code: CloseCode::from(code), description: Some(why.into()) }))
    }

    fn invalid(why: impl Into<String>) -> Self {
        Self::of(4400, why)
    }
}

/// How a step ends: it goes on, it is closed with a word, or there is nobody to say it to.
enum Stop {
    Close(Closing),
    Gone,
}

impl From<Closing> for Stop {
    fn from(closing: Closing) -> Self {
        Self::Close(closing)
    }
}

type Tagged = BoxStream<'static, (String, Told)>;

struct Connection {
    shared: Data<Shared>,
    address: Option<IpAddr>,
    from_header: Option<Session>,
    /// Who it is, once the connection is initialised.
    session: Option<Session>,
    ended: BoxFuture<'static, ()>,
    out: mpsc::Sender<Vec<Bytes>>,
    followed: SelectAll<Tagged>,
    /// What is followed, by the ids the client has given.
    known: HashMap<String, AbortHandle>,
    _place: Place,
}

impl Connection {
    async fn talk(mut self, mut incoming: Incoming) {
        if let Err(Stop::Close(Closing(reason))) = self.converse(&mut incoming).await {
            let _ = self.out.send(vec![close_frame(reason)]).await;
        }
    }

    async fn converse(&mut self, incoming: &mut Incoming) -> Result<(), Stop> {
        let every = self.shared.limits.ping_every;
        let mut stopped = Box::pin(self.shared.live.stopped());
        let mut pings = tokio::time::interval_at(Instant::now() + every, every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let began = Instant::now();
        let mut last_heard = began;
        loop {
            let gone = self.out.clone();
            tokio::select! {
                biased;
                () = &mut self.ended => return Err(Closing::of(4403, "Forbidden: the token has ended").into()),
                () = &mut stopped => return Err(Closing::of(1001, "the server stops").into()),
                () = gone.closed() => return Err(Stop::Gone),
                () = tokio::time::sleep_until(began + INIT_TIMEOUT), if self.session.is_none() => {
                    return Err(Closing::of(4408, "Connection initialisation timeout").into());
                }
                heard = incoming.next() => {
                    last_heard = Instant::now();
                    self.answer(heard.ok_or(Stop::Gone)?).await?;
                }
                told = self.followed.next(), if !self.followed.is_empty() => {
                    if let Some((id, told)) = told {
                        self.tell(&id, told).await?;
                    }
                }
                _ = pings.tick() => {
                    if last_heard.elapsed() > every * UNANSWERED {
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

    async fn say(&self, message: &Value) -> Result<(), Stop> {
        self.send(text_frame(vec![message.to_string().into()])).await
    }

    async fn answer(&mut self, heard: Heard) -> Result<(), Stop> {
        match heard {
            Heard::Text(text) => self.message(&text).await,
            Heard::Binary => Err(Closing::invalid("Invalid message: it must be text").into()),
            Heard::Ping(bytes) => self.send(vec![pong_frame(bytes)]).await,
            Heard::Pong => Ok(()),
            // With the word the client has given.
            Heard::Close(reason) => Err(Closing(reason.map(|r| CloseReason { description: None, ..r })).into()),
            Heard::Wrong(code, why) => Err(Closing::of(code, why).into()),
        }
    }

    async fn message(&mut self, text: &[u8]) -> Result<(), Stop> {
        let Ok(Value::Object(mut message)) = serde_json::from_slice(text) else {
            return Err(Closing::invalid("Invalid message: it must be a JSON object").into());
        };
        let kind = message.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = match message.remove("id") {
            Some(Value::String(id)) if !id.is_empty() => Some(id),
            _ => None,
        };
        match (kind.as_str(), id, message.remove("payload")) {
            ("connection_init", _, None | Some(Value::Null)) => self.initialise(&Map::new()).await,
            ("connection_init", _, Some(Value::Object(payload))) => self.initialise(&payload).await,
            ("ping", ..) => self.say(&json!({ "type": "pong" })).await,
            ("pong", ..) => Ok(()),
            ("subscribe", Some(id), Some(Value::Object(payload))) => self.subscribe(id, payload).await,
            ("complete", Some(id), _) => {
                if let Some(following) = self.known.remove(&id) {
                    following.abort();
                }
                Ok(())
            }
            ("connection_init" | "subscribe" | "complete", ..) => {
                Err(Closing::invalid(format!("Invalid message: \"{kind}\" lacks an id or a payload")).into())
            }
            _ => Err(Closing::invalid("Invalid message: its type is not known").into()),
        }
    }

    async fn initialise(&mut self, payload: &Map<String, Value>) -> Result<(), Stop> {
        if self.session.is_some() {
            return Err(Closing::of(4429, "Too many initialisation requests").into());
        }
        let told = payload.iter().find(|(key, _)| key.eq_ignore_ascii_case("authorization")).map(|(_, value)| value);
        let session = match (told, self.from_header.take()) {
            (Some(told), _) => {
                let token = told.as_str().and_then(bearer).unwrap_or_default();
                auth::token_session(&self.shared, token, self.address)
            }
            (None, Some(session)) => Ok(session),
            (None, None) => auth::without_token(&self.shared, self.address),
        };
        let session = session.map_err(|error| Closing::of(4403, format!("Forbidden: {}", error.message)))?;
        self.ended = session.ended(&self.shared).boxed();
        self.session = Some(session);
        self.say(&json!({ "type": "connection_ack" })).await
    }

    async fn subscribe(&mut self, id: String, payload: Map<String, Value>) -> Result<(), Stop> {
        let Some(session) = &self.session else { return Err(Closing::of(4401, "Unauthorized").into()) };
        if self.known.contains_key(&id) {
            return Err(Closing::of(4409, format!("Subscriber for {id} already exists")).into());
        }
        let refuse = |why: String, values: Value| json!({ "id": id, "type": "error", "payload": [{ "message": why, "extensions": values }] });
        let most = self.shared.limits.max_subscriptions;
        if self.known.len() >= most {
            let why = format!("a connection has at most {most} subscriptions at a time (maxSubscriptions)");
            return self.say(&refuse(why, json!({ "code": "TOO_COMPLEX", "limit": "maxSubscriptions" }))).await;
        }
        let request = match read_request(payload) {
            Ok(request) => request,
            Err(refusal) => return self.say(&refuse(refusal.message, json!({ "code": "BAD_REQUEST" }))).await,
        };
        self.shared.metrics.graphql("followed");
        let (caller, live) = (Some(session.caller.clone()), Some(self.shared.live.clone()));
        let request = ApiRequest { queries_only: false, caller, live, ..request };
        let api = self.shared.api.clone();
        let told = async move { api.follow(request).await }.flatten_stream();
        let (told, following) = stream::abortable(told);
        self.known.insert(id.clone(), following);
        self.followed.push(told.map(move |told| (id.clone(), told)).boxed());
        Ok(())
    }

    async fn tell(&mut self, id: &str, told: Told) -> Result<(), Stop> {
        // What was told before the client was done with it.
        if !self.known.contains_key(id) {
            return Ok(());
        }
        let tagged = |kind: &str, text: EventText| {
            let before = format!("{{\"id\":{},\"type\":\"{kind}\",\"payload\":", Value::from(id));
            text_frame(vec![before.into(), Bytes::from_owner(text), Bytes::from_static(b"}")])
        };
        match told {
            Told::Next(text) => {
                // What was told before a token ended is not for who has none.
                if !self.session.as_ref().is_some_and(|session| session.holds(&self.shared)) {
                    return Err(Closing::of(4403, "Forbidden: the token has ended").into());
                }
                self.send(tagged("next", text)).await
            }
            Told::Error(errors) => {
                self.known.remove(id);
                self.send(tagged("error", errors)).await
            }
            Told::Complete => {
                if let Some(following) = self.known.remove(id) {
                    following.abort();
                }
                self.say(&json!({ "id": id, "type": "complete" })).await
            }
        }
    }
}

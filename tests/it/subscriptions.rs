//! What can be followed, over both transports: changes of a center, of the register, of imports as they go.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::events::Events;
use crate::support::http::Server;
use crate::support::register::token;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};
use walkshed::server::ServerOptions;
use walkshed_graphql::Limits;
use walkshed_register::Role;

fn serve(options: ServerOptions) -> (tempfile::TempDir, Server, String) {
    let folder = city::folder();
    let editor = token(folder.path(), Role::Editor);
    let server = Server::start(folder.path(), options);
    (folder, server, editor)
}

const CENTER: &str =
    "subscription { centerChanged(code: \"500106013004\") { kind center { phone version } worldVersion } }";

fn set_phone(server: &Server, editor: &str, phone: &str) -> Value {
    let read = server.query("{ center(code: \"500106013004\") { id version } }", &Value::Null).json();
    let center = &read["data"]["center"];
    let input = json!({"i": {"id": center["id"], "version": center["version"], "phone": phone}});
    server.query_as(
        editor,
        "mutation($i: UpdateCenterInput!) { updateCenter(input: $i) { center { version } userErrors { message } } }",
        &input,
    )
}

#[test]
fn changes_of_a_center_come_as_events() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    let mut events = Events::open(&server, CENTER);
    events.alive();
    set_phone(&server, &editor, "023-1");
    let (name, data) = events.next();
    assert_eq!(name, "next");
    let change = &data["data"]["centerChanged"];
    assert_eq!((&change["kind"], &change["center"]["phone"]), (&json!("CENTER"), &json!("023-1")));
    // What belongs to it counts, other centers do not.
    let submit = "mutation($i: SubmitSuggestionInput!) { submitSuggestion(input: $i) { suggestion { id } userErrors { message } } }";
    let id = |code: &str| {
        server.query(&format!("{{ center(code: \"{code}\") {{ id }} }}"), &Value::Null).json()["data"]["center"]["id"]
            .clone()
    };
    server.query(submit, &json!({"i": {"center": id("500106013005"), "text": "elsewhere"}}));
    let own = server.query(submit, &json!({"i": {"center": id("500106013004"), "text": "here"}})).json();
    assert!(own["data"]["submitSuggestion"]["suggestion"]["id"].is_string(), "{own}");
    let (_, data) = events.next();
    assert_eq!(data["data"]["centerChanged"]["kind"], "SUGGESTION", "{data}");
    // The version told is one that answers carry.
    let now = server.query("{ __typename }", &Value::Null).json();
    assert_eq!(data["data"]["centerChanged"]["worldVersion"], now["extensions"]["worldVersion"]);
}

#[test]
fn an_import_is_followed_to_its_end() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    let mut events = Events::open(&server, "subscription { importProgress(id: \"my-import\") { stage done total } }");
    events.alive();
    let rows: Vec<String> = (0..1200).map(|i| format!("q{i},Place {i},health_care,106.56,29.57")).collect();
    let rows = rows.join("\n");
    let input = json!({"kind": "FACILITIES", "format": "CSV", "content": format!("id,name,category,lon,lat\n{rows}"), "progressId": "my-import"});
    let reply = server.query_as(
        &editor,
        "mutation($i: ImportInput!) { importRecords(input: $i) { imported inserted } }",
        &json!({"i": input}),
    );
    assert_eq!(reply["data"]["importRecords"], json!({"imported": true, "inserted": 1200}));
    let mut stages = Vec::new();
    loop {
        let (name, data) = events.next();
        if name == "complete" {
            break;
        }
        let progress = &data["data"]["importProgress"];
        stages.push((progress["stage"].as_str().unwrap().to_owned(), progress["done"].as_u64().unwrap()));
    }
    let names: Vec<&str> = stages.iter().map(|s| s.0.as_str()).collect();
    assert_eq!((names[0], names[1], *names.last().unwrap()), ("reading", "checking", "done"));
    assert!(names.iter().filter(|n| **n == "storing").count() >= 2, "{names:?}");
    assert_eq!(stages.last().unwrap().1, 1200);
}

#[test]
fn an_import_whose_client_has_gone_goes_on_to_its_end() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    let mut events = Events::open(&server, "subscription { importProgress(id: \"left-alone\") { stage done total } }");
    events.alive();
    let rows: Vec<String> = (0..3000).map(|i| format!("q{i},Place {i},health_care,106.56,29.57")).collect();
    let content = format!("id,name,category,lon,lat\n{}", rows.join("\n"));
    let input = json!({"kind": "FACILITIES", "format": "CSV", "content": content, "progressId": "left-alone"});
    let query = "mutation($i: ImportInput!) { importRecords(input: $i) { imported } }";
    let body = json!({"query": query, "variables": {"i": input}}).to_string();
    let mut client = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAuthorization: Bearer {editor}\r\nContent-Length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    std::io::Write::write_all(&mut client, [head.as_bytes(), body.as_bytes()].concat().as_slice()).unwrap();
    // It goes as soon as the import has begun.
    let (_, first) = events.next();
    assert_eq!(first["data"]["importProgress"]["stage"], "reading", "{first}");
    drop(client);
    let mut last = Value::Null;
    loop {
        let (name, data) = events.next();
        if name == "complete" {
            break;
        }
        last = data["data"]["importProgress"].clone();
    }
    assert_eq!((&last["stage"], &last["done"]), (&json!("done"), &json!(3000)));
    let found = server.query("{ facilities(first: 1) { totalCount } }", &Value::Null).json();
    assert!(found["data"]["facilities"]["totalCount"].as_u64().unwrap() >= 3000, "{found}");
}

#[test]
fn imports_without_an_id_of_their_own_cannot_be_followed() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    for id in ["", "short", &"x".repeat(201)] {
        let mut events = Events::open(&server, &format!("subscription {{ importProgress(id: \"{id}\") {{ stage }} }}"));
        let (_, data) = events.next();
        let error = &data["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{data}");
        assert!(error["message"].as_str().unwrap().contains("8 to 200 characters"), "{data}");
        let input = json!({"kind": "FACILITIES", "format": "CSV", "content": "id,name\n", "progressId": id});
        let query = "mutation($i: ImportInput!) { importRecords(input: $i) { imported } }";
        let reply = server.query_as(&editor, query, &json!({"i": input}));
        assert_eq!(reply["errors"][0]["extensions"]["field"], "progressId", "{reply}");
    }
}

#[test]
fn queries_by_event_stream_end_and_mutations_are_refused() {
    let (_folder, server, _) = serve(ServerOptions::default());
    let mut events = Events::open(&server, "{ center(code: \"500106013004\") { nameEn } }");
    assert_eq!(events.next().1["data"]["center"]["nameEn"], "Mofancun");
    assert_eq!(events.next().0, "complete");
    let mut events =
        Events::open(&server, "mutation { submitSuggestion(input: {text: \"x\"}) { userErrors { field } } }");
    assert!(events.next().1["errors"][0]["message"].as_str().unwrap().contains("POST"));
    assert_eq!(events.next().0, "complete");
    let mut events = Events::open(&server, "subscription { nothing }");
    assert!(events.next().1["errors"].is_array());
    assert_eq!(events.next().0, "complete");
    // A subscription sent as a query says where to go.
    let reply = server.query(CENTER, &Value::Null).json();
    assert!(reply["errors"][0]["message"].as_str().unwrap().contains("graphql-transport-ws"), "{reply}");
}

type Socket = WebSocket<TcpStream>;

fn dial(server: &Server, protocol: &str, origin: Option<&str>) -> Result<Socket, String> {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut request = format!("ws://{}/graphql", server.address).into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    if let Some(origin) = origin {
        request.headers_mut().insert("Origin", origin.parse().unwrap());
    }
    tungstenite::client(request, stream).map(|(socket, _)| socket).map_err(|e| e.to_string())
}

fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).unwrap();
}

/// The next message that says something, or why the connection was closed.
fn hear(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(frame)) => return Err(frame.map_or(0, |f| f.code.into())),
            Ok(_) => {}
            Err(_) => return Err(0),
        }
    }
}

#[test]
fn the_protocol_graphql_transport_ws_is_spoken() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    let mut socket = dial(&server, "graphql-transport-ws", None).unwrap();
    say(&mut socket, json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {editor}")}}));
    assert_eq!(hear(&mut socket).unwrap()["type"], "connection_ack");
    say(&mut socket, json!({"type": "ping"}));
    assert_eq!(hear(&mut socket).unwrap()["type"], "pong");
    // A query is answered once, in the name of the token.
    say(&mut socket, json!({"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { role } }"}}));
    let answer = hear(&mut socket).unwrap();
    assert_eq!((&answer["type"], &answer["payload"]["data"]["viewer"]["role"]), (&json!("next"), &json!("EDITOR")));
    assert_eq!(hear(&mut socket).unwrap(), json!({"id": "1", "type": "complete"}));
    // A subscription is followed.
    say(
        &mut socket,
        json!({"id": "2", "type": "subscribe", "payload": {"query": "subscription { registerChanged { kind deleted node { id } } }"}}),
    );
    std::thread::sleep(Duration::from_millis(300));
    set_phone(&server, &editor, "023-9");
    let change = hear(&mut socket).unwrap();
    assert_eq!((&change["id"], &change["payload"]["data"]["registerChanged"]["kind"]), (&json!("2"), &json!("CENTER")));
    assert!(change["payload"]["data"]["registerChanged"]["node"]["id"].is_string());
    // A mutation is not: those are sent by POST.
    say(
        &mut socket,
        json!({"id": "3", "type": "subscribe", "payload": {"query": "mutation { createService(input: {key: \"k\", name: \"x\", category: EMPLOYMENT}) { service { id } } }"}}),
    );
    assert!(hear(&mut socket).unwrap().to_string().contains("POST"));
    assert_eq!(server.query("{ services { totalCount } }", &Value::Null).json()["data"]["services"]["totalCount"], 0);
}

#[test]
fn sockets_are_refused_to_strangers() {
    let options =
        ServerOptions { anonymous: false, cors_origins: vec!["https://map.example.cn".into()], ..Default::default() };
    let (_folder, server, editor) = serve(options);
    assert!(dial(&server, "chat", None).unwrap_err().contains("400"));
    assert!(dial(&server, "graphql-transport-ws", Some("https://evil.example")).unwrap_err().contains("403"));
    let own = format!("http://{}", server.address);
    for origin in [None, Some("https://map.example.cn"), Some(own.as_str())] {
        let mut socket = dial(&server, "graphql-transport-ws", origin).unwrap();
        say(&mut socket, json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {editor}")}}));
        assert_eq!(hear(&mut socket).unwrap()["type"], "connection_ack", "{origin:?}");
    }
    // Without a token, or with one that is none, the connection ends before anything is answered.
    for payload in [json!({}), json!({"Authorization": "Bearer wsk_none"})] {
        let mut socket = dial(&server, "graphql-transport-ws", None).unwrap();
        say(&mut socket, json!({"type": "connection_init", "payload": payload}));
        assert!(hear(&mut socket).is_err_and(|code| code >= 1000), "{payload}");
    }
    let mut socket = dial(&server, "graphql-transport-ws", None).unwrap();
    say(&mut socket, json!({"id": "1", "type": "subscribe", "payload": {"query": "{ __typename }"}}));
    assert!(hear(&mut socket).is_err(), "nothing before connection_init");
}

fn init(server: &Server, token: Option<&str>) -> Socket {
    let mut socket = dial(server, "graphql-transport-ws", None).unwrap();
    let payload = token.map(|token| json!({ "Authorization": format!("Bearer {token}") }));
    say(&mut socket, json!({ "type": "connection_init", "payload": payload }));
    assert_eq!(hear(&mut socket).unwrap()["type"], "connection_ack");
    socket
}

fn subscribe(socket: &mut Socket, id: &str, query: &str) {
    say(socket, json!({ "id": id, "type": "subscribe", "payload": { "query": query } }));
}

/// Waits until what was subscribed to stands: messages are taken in their order.
fn stands(socket: &mut Socket) {
    subscribe(socket, "stands", "{ __typename }");
    assert_eq!(hear(socket).unwrap()["payload"]["data"]["__typename"], "Query");
    assert_eq!(hear(socket).unwrap()["type"], "complete");
}

#[test]
fn every_fault_of_a_client_has_its_code() {
    let (_folder, server, _) = serve(ServerOptions::default());
    let address = &server;
    std::thread::scope(|scope| {
        // Ten seconds to say who one is.
        let late = scope.spawn(move || hear(&mut dial(address, "graphql-transport-ws", None).unwrap()));
        let text = |message: &str| {
            let mut socket = init(address, None);
            socket.send(Message::text(message)).unwrap();
            hear(&mut socket)
        };
        for wrong in [
            "{",
            "7",
            "{}",
            r#"{"type":"nothing"}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"complete"}"#,
        ] {
            assert_eq!(text(wrong), Err(4400), "{wrong}");
        }
        let mut socket = init(address, None);
        socket.send(Message::binary(vec![1, 2])).unwrap();
        assert_eq!(hear(&mut socket), Err(4400));
        let mut socket = dial(address, "graphql-transport-ws", None).unwrap();
        subscribe(&mut socket, "1", "{ __typename }");
        assert_eq!(hear(&mut socket), Err(4401));
        let mut socket = dial(address, "graphql-transport-ws", None).unwrap();
        say(&mut socket, json!({ "type": "connection_init", "payload": { "Authorization": "Bearer wsk_none" } }));
        assert_eq!(hear(&mut socket), Err(4403));
        let mut socket = init(address, None);
        say(&mut socket, json!({ "type": "connection_init" }));
        assert_eq!(hear(&mut socket), Err(4429));
        let mut socket = init(address, None);
        subscribe(&mut socket, "1", CENTER);
        subscribe(&mut socket, "1", CENTER);
        assert_eq!(hear(&mut socket), Err(4409));
        // What is refused before it is carried out is an error and no answer, and the connection goes on.
        let mut socket = init(address, None);
        for wrong in [
            "{ nothing }",
            "{",
            "subscription { nothing }",
            "subscription { registerChanged { kind } __typename }",
            "mutation { __typename }",
        ] {
            subscribe(&mut socket, "1", wrong);
            let message = hear(&mut socket).unwrap();
            assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{message}");
            assert!(
                message["payload"][0]["message"].is_string() && message["payload"][0]["extensions"]["code"].is_string()
            );
        }
        say(&mut socket, json!({ "id": "1", "type": "subscribe", "payload": { "query": 7 } }));
        assert_eq!(hear(&mut socket).unwrap()["type"], "error");
        subscribe(&mut socket, "1", "{ __typename }");
        assert_eq!(hear(&mut socket).unwrap()["type"], "next");
        // The code of the client is said back to it.
        let mut socket = init(address, None);
        let frame = tungstenite::protocol::CloseFrame { code: 4123.into(), reason: "done".into() };
        socket.close(Some(frame)).unwrap();
        assert_eq!(hear(&mut socket), Err(4123));
        assert_eq!(late.join().unwrap(), Err(4408));
    });
}

#[test]
fn idle_followers_live_as_long_as_they_answer_pings() {
    let (_folder, server, editor) = serve(ServerOptions { ping_seconds: 1, ..Default::default() });
    let mut events = Events::open(&server, CENTER);
    let mut alive = init(&server, None);
    subscribe(&mut alive, "1", CENTER);
    stands(&mut alive);
    // This one does not read, and so does not answer.
    let mut dead = init(&server, None);
    subscribe(&mut dead, "1", CENTER);
    // The other answers pings and says nothing else, four times as long as is waited for.
    alive.get_ref().set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(12);
    while std::time::Instant::now() < end {
        match alive.read() {
            Ok(Message::Ping(_)) => {}
            Ok(other) => panic!("{other}"),
            Err(tungstenite::Error::Io(e)) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
        let _ = alive.flush();
    }
    alive.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    set_phone(&server, &editor, "023-5");
    assert_eq!(hear(&mut alive).unwrap()["payload"]["data"]["centerChanged"]["center"]["phone"], "023-5");
    assert_eq!(events.next().1["data"]["centerChanged"]["center"]["phone"], "023-5");
    assert!(hear(&mut dead).is_err(), "who answers no pings is taken for dead");
}

#[test]
fn a_token_that_ends_ends_what_it_follows() {
    let folder = city::folder();
    let admin = token(folder.path(), Role::Admin);
    let server = Server::start(folder.path(), ServerOptions::default());
    let create = |name: &str, ends_in: Option<i64>| {
        let expires = ends_in.map(|s| (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(s)).to_string());
        let reply = server.query_as(
            &admin,
            "mutation($i: CreateTokenInput!) { createToken(input: $i) { token number } }",
            &json!({ "i": { "name": name, "role": "EDITOR", "expiresAt": expires } }),
        );
        let made = &reply["data"]["createToken"];
        (made["token"].as_str().unwrap().to_owned(), made["number"].as_i64().unwrap())
    };
    let follow = |token: &str| {
        let mut socket = init(&server, Some(token));
        subscribe(&mut socket, "1", CENTER);
        stands(&mut socket);
        socket
    };
    let quickly = |socket: &mut Socket, what: &str, within: Duration| {
        let began = std::time::Instant::now();
        assert_eq!(hear(socket), Err(4403), "{what}");
        assert!(began.elapsed() < within, "{what}: {:?}", began.elapsed());
    };
    // Revoked here: at once.
    let (revoked, number) = create("revoked", None);
    let (mut socket, mut other) = (follow(&revoked), follow(&admin));
    let mut events = Events::open_as(&server, CENTER, Some(&revoked));
    events.alive();
    let revoke = "mutation($n: Int!) { revokeToken(input: {number: $n}) { number } }";
    assert_eq!(server.query_as(&admin, revoke, &json!({ "n": number }))["data"]["revokeToken"]["number"], number);
    quickly(&mut socket, "revoked", Duration::from_secs(1));
    assert_eq!(events.next().1["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(events.next().0, "complete");
    // Expired: when it does.
    let (expired, _) = create("expired", Some(2));
    quickly(&mut follow(&expired), "expired", Duration::from_secs(4));
    // Revoked by another process: when the tokens are read again.
    let (elsewhere, number) = create("elsewhere", None);
    let mut socket = follow(&elsewhere);
    crate::support::register::block_on(async {
        let store = crate::support::register::open(folder.path()).await;
        assert!(store.revoke_token(number, jiff::Timestamp::now(), "test").await.unwrap());
        store.close().await;
    });
    quickly(&mut socket, "revoked elsewhere", Duration::from_secs(5));
    // Others follow on.
    set_phone(&server, &admin, "023-6");
    assert_eq!(hear(&mut other).unwrap()["payload"]["data"]["centerChanged"]["center"]["phone"], "023-6");
}

fn suggest(server: &Server, text: &str) {
    let id = &server.query("{ center(code: \"500106013004\") { id } }", &Value::Null).json()["data"]["center"]["id"];
    let submit = "mutation($i: SubmitSuggestionInput!) { submitSuggestion(input: $i) { suggestion { id } userErrors { message } } }";
    let reply = server.query(submit, &json!({ "i": { "center": id, "text": text, "contact": "138" } })).json();
    assert!(reply["data"]["submitSuggestion"]["suggestion"]["id"].is_string(), "{reply}");
}

#[test]
fn equal_subscriptions_are_carried_out_once() {
    const CARRIED_OUT: &str = "walkshed_subscriptions_carried_out";
    let (_folder, server, editor) = serve(ServerOptions::default());
    let fields: Vec<String> = (0..90).map(|n| format!("f{n}: __typename")).collect();
    let query = format!(
        "subscription {{ registerChanged {{ node {{ ... on Suggestion {{ contact }} }} center {{ {} }} }} }}",
        fields.join(" ")
    );
    let mut sockets: Vec<Socket> = (0..5).map(|n| init(&server, (n == 4).then_some(editor.as_str()))).collect();
    for socket in &mut sockets {
        for id in 0..10 {
            subscribe(socket, &id.to_string(), &query);
        }
        stands(socket);
    }
    suggest(&server, "more benches");
    for (n, socket) in sockets.iter_mut().enumerate() {
        let mut ids = std::collections::BTreeSet::new();
        for _ in 0..10 {
            let message = hear(socket).unwrap();
            let change = &message["payload"]["data"]["registerChanged"];
            assert_eq!(change["center"].as_object().unwrap().len(), 90);
            // What is personal is for editors, whoever else follows the same.
            let contact = if n == 4 { json!("138") } else { Value::Null };
            assert_eq!(change["node"]["contact"], contact, "{message}");
            ids.insert(message["id"].to_string());
        }
        assert_eq!(ids.len(), 10);
    }
    // Once for readers, once for the editor.
    assert_eq!(server.metric(CARRIED_OUT), 2);
    drop(sockets);
}

#[test]
fn what_is_followed_is_bounded_and_the_limit_is_named() {
    let limits = Limits { max_followed_complexity: 12, ..Limits::default() };
    let (_folder, server, _) = serve(ServerOptions { limits, max_subscriptions: 3, ..Default::default() });
    let limit_of = |message: &Value| message["payload"][0]["extensions"]["limit"].as_str().unwrap_or("").to_owned();
    let mut socket = init(&server, None);
    subscribe(&mut socket, "1", "subscription { registerChanged { kind id deleted worldVersion } }");
    // The same again costs nothing more.
    subscribe(&mut socket, "2", "subscription { registerChanged { kind id deleted worldVersion } }");
    stands(&mut socket);
    subscribe(
        &mut socket,
        "3",
        "subscription { registerChanged { a: kind b: kind c: kind d: kind e: kind f: kind g: kind h: kind } }",
    );
    let message = hear(&mut socket).unwrap();
    assert_eq!((&message["type"], limit_of(&message).as_str()), (&json!("error"), "maxFollowedComplexity"));
    subscribe(&mut socket, "3", "subscription { registerChanged { kind } }");
    subscribe(&mut socket, "4", "subscription { registerChanged { kind } }");
    let message = hear(&mut socket).unwrap();
    assert_eq!((&message["id"], limit_of(&message).as_str()), (&json!("4"), "maxSubscriptions"));
    // What is no longer followed makes room.
    for id in ["1", "2"] {
        say(&mut socket, json!({ "id": id, "type": "complete" }));
    }
    stands(&mut socket);
    subscribe(
        &mut socket,
        "5",
        "subscription { registerChanged { a: kind b: kind c: kind d: kind e: kind f: kind g: kind h: kind } }",
    );
    stands(&mut socket);
    // One selection may not cost more than a query.
    let limits = Limits { max_complexity: 5, ..Limits::default() };
    let (_folder, server, _) = serve(ServerOptions { limits, ..Default::default() });
    let mut socket = init(&server, None);
    subscribe(&mut socket, "1", "subscription { registerChanged { a: kind b: kind c: kind d: kind e: kind f: kind } }");
    assert_eq!(limit_of(&hear(&mut socket).unwrap()), "maxComplexity");
}

#[test]
fn those_who_follow_keep_no_old_world_in_memory() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    // Neither of them reads.
    let mut events = Events::open(&server, CENTER);
    events.alive();
    let mut socket = init(&server, None);
    subscribe(&mut socket, "1", "subscription { registerChanged { kind center { name } node { id } } }");
    stands(&mut socket);
    let old: Vec<_> = (0..5)
        .map(|n| {
            let old = std::sync::Arc::downgrade(&server.live.world());
            set_phone(&server, &editor, &format!("023-{n}"));
            old
        })
        .collect();
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while old.iter().any(|world| world.strong_count() > 0) {
        assert!(std::time::Instant::now() < end, "an old world is kept");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(hear(&mut socket).is_ok());
}

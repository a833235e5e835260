//! Subscriptions over server-sent events and WebSockets: changes of centers and the register, progress of imports.
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
fn changes_of_a_center_are_published() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    let mut events = Events::open(&server, CENTER);
    events.alive();
    set_phone(&server, &editor, "023-1");
    let (name, data) = events.next();
    assert_eq!(name, "next");
    let change = &data["data"]["centerChanged"];
    assert_eq!((&change["kind"], &change["center"]["phone"]), (&json!("CENTER"), &json!("023-1")));
    // Changes of records of the center are published, those of other centers are not.
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
    // The version of the event is the version of the world.
    let now = server.query("{ __typename }", &Value::Null).json();
    assert_eq!(data["data"]["centerChanged"]["worldVersion"], now["extensions"]["worldVersion"]);
}

#[test]
fn the_progress_of_an_import_is_published() {
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
fn an_import_continues_after_its_client_disconnects() {
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
    // The client disconnects as soon as the import has started.
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
fn rejects_invalid_progress_ids() {
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
fn event_streams_execute_queries_once_and_refuse_mutations() {
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
    // A subscription over plain HTTP fails with an error that names the transports.
    let reply = server.query(CENTER, &Value::Null).json();
    assert!(reply["errors"][0]["message"].as_str().unwrap().contains("graphql-transport-ws"), "{reply}");
}

type Socket = WebSocket<TcpStream>;

fn connect(server: &Server, protocol: &str, origin: Option<&str>) -> Result<Socket, String> {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut request = format!("ws://{}/graphql", server.address).into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    if let Some(origin) = origin {
        request.headers_mut().insert("Origin", origin.parse().unwrap());
    }
    tungstenite::client(request, stream).map(|(socket, _)| socket).map_err(|e| e.to_string())
}

fn send(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).unwrap();
}

/// Returns the next text message, or the code with which the connection was closed.
fn receive(socket: &mut Socket) -> Result<Value, u16> {
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
fn supports_the_protocol_graphql_transport_ws() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    let mut socket = connect(&server, "graphql-transport-ws", None).unwrap();
    send(&mut socket, json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {editor}")}}));
    assert_eq!(receive(&mut socket).unwrap()["type"], "connection_ack");
    send(&mut socket, json!({"type": "ping"}));
    assert_eq!(receive(&mut socket).unwrap()["type"], "pong");
    // A query is executed once, with the role of the token.
    send(&mut socket, json!({"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { role } }"}}));
    let answer = receive(&mut socket).unwrap();
    assert_eq!((&answer["type"], &answer["payload"]["data"]["viewer"]["role"]), (&json!("next"), &json!("EDITOR")));
    assert_eq!(receive(&mut socket).unwrap(), json!({"id": "1", "type": "complete"}));
    // A subscription receives events.
    send(
        &mut socket,
        json!({"id": "2", "type": "subscribe", "payload": {"query": "subscription { registerChanged { kind deleted node { id } } }"}}),
    );
    std::thread::sleep(Duration::from_millis(300));
    set_phone(&server, &editor, "023-9");
    let change = receive(&mut socket).unwrap();
    assert_eq!((&change["id"], &change["payload"]["data"]["registerChanged"]["kind"]), (&json!("2"), &json!("CENTER")));
    assert!(change["payload"]["data"]["registerChanged"]["node"]["id"].is_string());
    // A mutation is refused.
    send(
        &mut socket,
        json!({"id": "3", "type": "subscribe", "payload": {"query": "mutation { createService(input: {key: \"k\", name: \"x\", category: EMPLOYMENT}) { service { id } } }"}}),
    );
    assert!(receive(&mut socket).unwrap().to_string().contains("POST"));
    assert_eq!(server.query("{ services { totalCount } }", &Value::Null).json()["data"]["services"]["totalCount"], 0);
}

#[test]
fn websockets_require_a_token_and_an_allowed_origin() {
    let options =
        ServerOptions { anonymous: false, cors_origins: vec!["https://map.example.cn".into()], ..Default::default() };
    let (_folder, server, editor) = serve(options);
    assert!(connect(&server, "chat", None).unwrap_err().contains("400"));
    assert!(connect(&server, "graphql-transport-ws", Some("https://evil.example")).unwrap_err().contains("403"));
    let own = format!("http://{}", server.address);
    for origin in [None, Some("https://map.example.cn"), Some(own.as_str())] {
        let mut socket = connect(&server, "graphql-transport-ws", origin).unwrap();
        send(&mut socket, json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {editor}")}}));
        assert_eq!(receive(&mut socket).unwrap()["type"], "connection_ack", "{origin:?}");
    }
    // Without a valid token the connection is closed before anything is executed.
    for payload in [json!({}), json!({"Authorization": "Bearer wsk_none"})] {
        let mut socket = connect(&server, "graphql-transport-ws", None).unwrap();
        send(&mut socket, json!({"type": "connection_init", "payload": payload}));
        assert!(receive(&mut socket).is_err_and(|code| code >= 1000), "{payload}");
    }
    let mut socket = connect(&server, "graphql-transport-ws", None).unwrap();
    send(&mut socket, json!({"id": "1", "type": "subscribe", "payload": {"query": "{ __typename }"}}));
    assert!(receive(&mut socket).is_err(), "nothing before connection_init");
}

fn init(server: &Server, token: Option<&str>) -> Socket {
    let mut socket = connect(server, "graphql-transport-ws", None).unwrap();
    let payload = token.map(|token| json!({ "Authorization": format!("Bearer {token}") }));
    send(&mut socket, json!({ "type": "connection_init", "payload": payload }));
    assert_eq!(receive(&mut socket).unwrap()["type"], "connection_ack");
    socket
}

fn subscribe(socket: &mut Socket, id: &str, query: &str) {
    send(socket, json!({ "id": id, "type": "subscribe", "payload": { "query": query } }));
}

/// Waits until all subscriptions are active: messages are processed in order.
fn wait_until_active(socket: &mut Socket) {
    subscribe(socket, "wait", "{ __typename }");
    assert_eq!(receive(socket).unwrap()["payload"]["data"]["__typename"], "Query");
    assert_eq!(receive(socket).unwrap()["type"], "complete");
}

#[test]
fn protocol_violations_close_the_connection_with_their_codes() {
    let (_folder, server, _) = serve(ServerOptions::default());
    let address = &server;
    std::thread::scope(|scope| {
        // `connection_init` must arrive within ten seconds.
        let late = scope.spawn(move || receive(&mut connect(address, "graphql-transport-ws", None).unwrap()));
        let text = |message: &str| {
            let mut socket = init(address, None);
            socket.send(Message::text(message)).unwrap();
            receive(&mut socket)
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
        assert_eq!(receive(&mut socket), Err(4400));
        let mut socket = connect(address, "graphql-transport-ws", None).unwrap();
        subscribe(&mut socket, "1", "{ __typename }");
        assert_eq!(receive(&mut socket), Err(4401));
        let mut socket = connect(address, "graphql-transport-ws", None).unwrap();
        send(&mut socket, json!({ "type": "connection_init", "payload": { "Authorization": "Bearer wsk_none" } }));
        assert_eq!(receive(&mut socket), Err(4403));
        let mut socket = init(address, None);
        send(&mut socket, json!({ "type": "connection_init" }));
        assert_eq!(receive(&mut socket), Err(4429));
        let mut socket = init(address, None);
        subscribe(&mut socket, "1", CENTER);
        subscribe(&mut socket, "1", CENTER);
        assert_eq!(receive(&mut socket), Err(4409));
        // A refused operation is answered with an error message, and the connection stays open.
        let mut socket = init(address, None);
        for wrong in [
            "{ nothing }",
            "{",
            "subscription { nothing }",
            "subscription { registerChanged { kind } __typename }",
            "mutation { __typename }",
        ] {
            subscribe(&mut socket, "1", wrong);
            let message = receive(&mut socket).unwrap();
            assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{message}");
            assert!(
                message["payload"][0]["message"].is_string() && message["payload"][0]["extensions"]["code"].is_string()
            );
        }
        send(&mut socket, json!({ "id": "1", "type": "subscribe", "payload": { "query": 7 } }));
        assert_eq!(receive(&mut socket).unwrap()["type"], "error");
        subscribe(&mut socket, "1", "{ __typename }");
        assert_eq!(receive(&mut socket).unwrap()["type"], "next");
        // The server returns the close code of the client.
        let mut socket = init(address, None);
        let frame = tungstenite::protocol::CloseFrame { code: 4123.into(), reason: "done".into() };
        socket.close(Some(frame)).unwrap();
        assert_eq!(receive(&mut socket), Err(4123));
        assert_eq!(late.join().unwrap(), Err(4408));
    });
}

#[test]
fn idle_connections_stay_open_while_they_answer_pings() {
    let (_folder, server, editor) = serve(ServerOptions { ping_seconds: 1, ..Default::default() });
    let mut events = Events::open(&server, CENTER);
    let mut alive = init(&server, None);
    subscribe(&mut alive, "1", CENTER);
    wait_until_active(&mut alive);
    // This client does not read, and so does not answer pings.
    let mut dead = init(&server, None);
    subscribe(&mut dead, "1", CENTER);
    // The other client only answers pings, for four times as long as the timeout.
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
    assert_eq!(receive(&mut alive).unwrap()["payload"]["data"]["centerChanged"]["center"]["phone"], "023-5");
    assert_eq!(events.next().1["data"]["centerChanged"]["center"]["phone"], "023-5");
    assert!(receive(&mut dead).is_err(), "a client that answers no pings is disconnected");
}

#[test]
fn the_end_of_a_token_ends_its_subscriptions() {
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
        wait_until_active(&mut socket);
        socket
    };
    let quickly = |socket: &mut Socket, what: &str, within: Duration| {
        let began = std::time::Instant::now();
        assert_eq!(receive(socket), Err(4403), "{what}");
        assert!(began.elapsed() < within, "{what}: {:?}", began.elapsed());
    };
    // Revoked by this process: at once.
    let (revoked, number) = create("revoked", None);
    let (mut socket, mut other) = (follow(&revoked), follow(&admin));
    let mut events = Events::open_as(&server, CENTER, Some(&revoked));
    events.alive();
    let revoke = "mutation($n: Int!) { revokeToken(input: {number: $n}) { number } }";
    assert_eq!(server.query_as(&admin, revoke, &json!({ "n": number }))["data"]["revokeToken"]["number"], number);
    quickly(&mut socket, "revoked", Duration::from_secs(1));
    assert_eq!(events.next().1["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(events.next().0, "complete");
    // Expired: at the time of expiry.
    let (expired, _) = create("expired", Some(2));
    quickly(&mut follow(&expired), "expired", Duration::from_secs(4));
    // Revoked by another process: when the watcher reads the tokens again.
    let (elsewhere, number) = create("elsewhere", None);
    let mut socket = follow(&elsewhere);
    crate::support::register::block_on(async {
        let store = crate::support::register::open(folder.path()).await;
        assert!(store.revoke_token(number, jiff::Timestamp::now(), "test").await.unwrap());
        store.close().await;
    });
    quickly(&mut socket, "revoked elsewhere", Duration::from_secs(5));
    // Subscriptions of other tokens continue.
    set_phone(&server, &admin, "023-6");
    assert_eq!(receive(&mut other).unwrap()["payload"]["data"]["centerChanged"]["center"]["phone"], "023-6");
}

fn suggest(server: &Server, text: &str) {
    let id = &server.query("{ center(code: \"500106013004\") { id } }", &Value::Null).json()["data"]["center"]["id"];
    let submit = "mutation($i: SubmitSuggestionInput!) { submitSuggestion(input: $i) { suggestion { id } userErrors { message } } }";
    let reply = server.query(submit, &json!({ "i": { "center": id, "text": text, "contact": "138" } })).json();
    assert!(reply["data"]["submitSuggestion"]["suggestion"]["id"].is_string(), "{reply}");
}

#[test]
fn equal_subscriptions_share_one_execution() {
    const EXECUTIONS: &str = "walkshed_subscriptions_carried_out";
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
        wait_until_active(socket);
    }
    suggest(&server, "more benches");
    for (n, socket) in sockets.iter_mut().enumerate() {
        let mut ids = std::collections::BTreeSet::new();
        for _ in 0..10 {
            let message = receive(socket).unwrap();
            let change = &message["payload"]["data"]["registerChanged"];
            assert_eq!(change["center"].as_object().unwrap().len(), 90);
            // Only editors receive contact data, although others have the same subscription.
            let contact = if n == 4 { json!("138") } else { Value::Null };
            assert_eq!(change["node"]["contact"], contact, "{message}");
            ids.insert(message["id"].to_string());
        }
        assert_eq!(ids.len(), 10);
    }
    // Once for readers, once for the editor.
    assert_eq!(server.metric(EXECUTIONS), 2);
    drop(sockets);
}

#[test]
fn subscriptions_are_limited_and_errors_name_the_limit() {
    let limits = Limits { max_followed_complexity: 12, ..Limits::default() };
    let (_folder, server, _) = serve(ServerOptions { limits, max_subscriptions: 3, ..Default::default() });
    let limit_of = |message: &Value| message["payload"][0]["extensions"]["limit"].as_str().unwrap_or("").to_owned();
    let mut socket = init(&server, None);
    subscribe(&mut socket, "1", "subscription { registerChanged { kind id deleted worldVersion } }");
    // An equal subscription adds no cost.
    subscribe(&mut socket, "2", "subscription { registerChanged { kind id deleted worldVersion } }");
    wait_until_active(&mut socket);
    subscribe(
        &mut socket,
        "3",
        "subscription { registerChanged { a: kind b: kind c: kind d: kind e: kind f: kind g: kind h: kind } }",
    );
    let message = receive(&mut socket).unwrap();
    assert_eq!((&message["type"], limit_of(&message).as_str()), (&json!("error"), "maxFollowedComplexity"));
    subscribe(&mut socket, "3", "subscription { registerChanged { kind } }");
    subscribe(&mut socket, "4", "subscription { registerChanged { kind } }");
    let message = receive(&mut socket).unwrap();
    assert_eq!((&message["id"], limit_of(&message).as_str()), (&json!("4"), "maxSubscriptions"));
    // Completed subscriptions no longer count.
    for id in ["1", "2"] {
        send(&mut socket, json!({ "id": id, "type": "complete" }));
    }
    wait_until_active(&mut socket);
    subscribe(
        &mut socket,
        "5",
        "subscription { registerChanged { a: kind b: kind c: kind d: kind e: kind f: kind g: kind h: kind } }",
    );
    wait_until_active(&mut socket);
    // A subscription has the cost limit of a query.
    let limits = Limits { max_complexity: 5, ..Limits::default() };
    let (_folder, server, _) = serve(ServerOptions { limits, ..Default::default() });
    let mut socket = init(&server, None);
    subscribe(&mut socket, "1", "subscription { registerChanged { a: kind b: kind c: kind d: kind e: kind f: kind } }");
    assert_eq!(limit_of(&receive(&mut socket).unwrap()), "maxComplexity");
}

#[test]
fn subscriptions_keep_no_old_world_in_memory() {
    let (_folder, server, editor) = serve(ServerOptions::default());
    // Neither client reads.
    let mut events = Events::open(&server, CENTER);
    events.alive();
    let mut socket = init(&server, None);
    subscribe(&mut socket, "1", "subscription { registerChanged { kind center { name } node { id } } }");
    wait_until_active(&mut socket);
    let old: Vec<_> = (0..5)
        .map(|n| {
            let old = std::sync::Arc::downgrade(&server.live.world());
            set_phone(&server, &editor, &format!("023-{n}"));
            old
        })
        .collect();
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while old.iter().any(|world| world.strong_count() > 0) {
        assert!(std::time::Instant::now() < end, "an old world is still in memory");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(receive(&mut socket).is_ok());
}

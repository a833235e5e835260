//! What can be followed, over both transports: changes of a center, of the register, of imports as they go.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod support;

use serde_json::{Value, json};
use std::net::TcpStream;
use std::time::Duration;
use support::city;
use support::events::Events;
use support::http::Server;
use support::register::token;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};
use walkshed::registry::Role;
use walkshed::server::ServerOptions;

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

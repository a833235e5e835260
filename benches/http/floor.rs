//! The floor: what actix-web and async-graphql need at least. A schema with 100,000 rows in memory, of which it returns 20 with the same
//! four fields as `nearby`, without any search.

use actix_web::{App, HttpResponse, HttpServer, web};
use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Schema, SimpleObject};
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(SimpleObject, Clone)]
struct Row {
    id: String,
    name: String,
    category: &'static str,
}

#[derive(SimpleObject)]
struct Edge {
    minutes: f64,
    node: Row,
}

#[derive(SimpleObject)]
struct Connection {
    edges: Vec<Edge>,
}

struct Query(Arc<Vec<Row>>);

#[Object]
impl Query {
    async fn rows(&self, from: usize, first: usize) -> Connection {
        let rows = self.0.iter().skip(from).take(first);
        let edges = rows.enumerate().map(|(n, row)| Edge { minutes: n as f64 / 10.0, node: row.clone() });
        Connection { edges: edges.collect() }
    }
}

pub const QUERY: &str =
    "query($from: Int!) { rows(from: $from, first: 20) { edges { minutes node { id name category } } } }";

type FloorSchema = Schema<Query, EmptyMutation, EmptySubscription>;

async fn answer(schema: web::Data<FloorSchema>, request: web::Json<Request>) -> HttpResponse {
    HttpResponse::Ok().json(schema.execute(request.into_inner()).await)
}

/// Serves the rows on a free port, with as many workers as walkshed has here, until the process ends.
pub fn start(rows: usize) -> SocketAddr {
    let row = |n: usize| Row { id: format!("facility-{n}"), name: format!("Facility {n}"), category: "HEALTH_CARE" };
    let rows = Arc::new((0..rows).map(row).collect::<Vec<_>>());
    let schema = web::Data::new(Schema::build(Query(rows), EmptyMutation, EmptySubscription).finish());
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = move || App::new().app_data(schema.clone()).route("/graphql", web::post().to(answer));
            let server = HttpServer::new(app).workers(2).bind("127.0.0.1:0").unwrap();
            sender.send(server.addrs()[0]).unwrap();
            server.disable_signals().run().await.unwrap();
        });
    });
    receiver.recv().unwrap()
}

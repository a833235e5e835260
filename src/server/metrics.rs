//! Figures for Prometheus.

use super::{Shared, auth};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// The figures of one server.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    graphql: IntCounterVec,
    loaded: IntGaugeVec,
    running: IntGauge,
    open: IntGauge,
    carried_out: IntGauge,
    answers: IntGauge,
    work: IntGaugeVec,
}

/// A request that is being answered; it counts until it is dropped, however it ends.
pub struct Running(IntGauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let buckets = vec![0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
        let made = (|| {
            Ok::<_, prometheus::Error>(Self {
                requests: IntCounterVec::new(
                    Opts::new("walkshed_http_requests_total", "Requests answered, by route and status."),
                    &["route", "status"],
                )?,
                seconds: HistogramVec::new(
                    HistogramOpts::new("walkshed_http_request_seconds", "Time to answer, by route.").buckets(buckets),
                    &["route"],
                )?,
                graphql: IntCounterVec::new(
                    Opts::new(
                        "walkshed_graphql_total",
                        "GraphQL requests by outcome: ok, failed fields, refused, followed, not modified.",
                    ),
                    &["outcome"],
                )?,
                loaded: IntGaugeVec::new(Opts::new("walkshed_loaded", "What is loaded, by kind."), &["kind"])?,
                running: IntGauge::new("walkshed_http_requests_running", "Requests being answered.")?,
                open: IntGauge::new("walkshed_http_connections", "Connections that are open.")?,
                answers: IntGauge::new("walkshed_answers_bytes", "Bytes of answers that are being built or sent.")?,
                carried_out: IntGauge::new(
                    "walkshed_subscriptions_carried_out",
                    "How often a subscription was carried out at an event, for all who follow it.",
                )?,
                work: IntGaugeVec::new(
                    Opts::new("walkshed_work", "Analyses and smaller work that run, or wait for their turn."),
                    &["size", "state"],
                )?,
                registry,
            })
        })();
        let metrics = made.unwrap_or_else(|e| unreachable!("names and labels are fixed and valid: {e}"));
        for collector in [
            Box::new(metrics.requests.clone()) as Box<dyn prometheus::core::Collector>,
            Box::new(metrics.seconds.clone()),
            Box::new(metrics.graphql.clone()),
            Box::new(metrics.loaded.clone()),
            Box::new(metrics.running.clone()),
            Box::new(metrics.open.clone()),
            Box::new(metrics.carried_out.clone()),
            Box::new(metrics.answers.clone()),
            Box::new(metrics.work.clone()),
        ] {
            metrics.registry.register(collector).unwrap_or_else(|e| unreachable!("registered once each: {e}"));
        }
        metrics
    }

    /// A request has come in.
    pub fn begin(&self) -> Running {
        self.running.inc();
        Running(self.running.clone())
    }

    /// A request has been answered.
    pub fn end(&self, route: &str, status: u16, took: Duration) {
        let mut digits = [0u8; 3];
        for (digit, unit) in digits.iter_mut().zip([100, 10, 1]) {
            *digit = b'0' + (status / unit % 10) as u8;
        }
        let status = std::str::from_utf8(&digits).unwrap_or("000");
        self.requests.with_label_values(&[route, status]).inc();
        self.seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// A GraphQL request ended so.
    pub fn graphql(&self, outcome: &str) {
        self.graphql.with_label_values(&[outcome]).inc();
    }
}

/// The figures as text.
pub async fn show(shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    if let Some(reply) = auth::refusal(&shared, &request) {
        return reply;
    }
    let (world, metrics) = (shared.live.world(), &shared.metrics);
    let streets = world.network().map_or((0, 0), |n| (n.vertices().len(), n.edge_count()));
    for (kind, count) in [
        ("centers", world.register.centers.len()),
        ("facilities", world.register.facilities.len()),
        ("population_cells", world.register.population.len()),
        ("street_junctions", streets.0),
        ("street_segments", streets.1),
    ] {
        metrics.loaded.with_label_values(&[kind]).set(count as i64);
    }
    for (size, (running, waiting)) in [("analysis", shared.api.analyses()), ("small", shared.api.small_work())] {
        metrics.work.with_label_values(&[size, "running"]).set(running as i64);
        metrics.work.with_label_values(&[size, "waiting"]).set(waiting as i64);
    }
    metrics.open.set(shared.connections.count() as i64);
    metrics.answers.set(shared.api.under_way().bytes() as i64);
    metrics.carried_out.set(shared.api.carried_out() as i64);
    let mut text = Vec::new();
    match TextEncoder::new().encode(&metrics.registry.gather(), &mut text) {
        Ok(()) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(text),
        Err(e) => HttpResponse::InternalServerError().body(e.to_string()),
    }
}

//! Metrics for Prometheus.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// The metrics of one server.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    graphql: IntCounterVec,
    loaded: IntGaugeVec,
    running: IntGauge,
    open: IntGauge,
    subscription_runs: IntGauge,
    response_bytes: IntGauge,
    work: IntGaugeVec,
}

/// Counts a request as running until it is dropped.
pub struct Running(IntGauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Registers all metrics.
    pub fn new() -> Self {
        let registry = Registry::new();
        let buckets = vec![0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
        let created = (|| {
            Ok::<_, prometheus::Error>(Self {
                requests: IntCounterVec::new(
                    Opts::new("walkshed_http_requests_total", "Completed requests, by route and status."),
                    &["route", "status"],
                )?,
                seconds: HistogramVec::new(
                    HistogramOpts::new("walkshed_http_request_seconds", "Duration of requests, by route.")
                        .buckets(buckets),
                    &["route"],
                )?,
                graphql: IntCounterVec::new(
                    Opts::new(
                        "walkshed_graphql_total",
                        "GraphQL requests by outcome: ok, failed fields, refused, followed, not modified.",
                    ),
                    &["outcome"],
                )?,
                loaded: IntGaugeVec::new(
                    Opts::new("walkshed_loaded", "Number of loaded objects, by kind."),
                    &["kind"],
                )?,
                running: IntGauge::new("walkshed_http_requests_running", "Requests in progress.")?,
                open: IntGauge::new("walkshed_http_connections", "Open connections.")?,
                response_bytes: IntGauge::new(
                    "walkshed_answers_bytes",
                    "Bytes of responses that are being built or sent.",
                )?,
                subscription_runs: IntGauge::new(
                    "walkshed_subscriptions_carried_out",
                    "Executions of subscriptions for events; equal subscriptions share one execution.",
                )?,
                work: IntGaugeVec::new(
                    Opts::new("walkshed_work", "Analyses and small work, running or waiting."),
                    &["size", "state"],
                )?,
                registry,
            })
        })();
        let metrics = created.unwrap_or_else(|e| unreachable!("names and labels are fixed and valid: {e}"));
        for collector in [
            Box::new(metrics.requests.clone()) as Box<dyn prometheus::core::Collector>,
            Box::new(metrics.seconds.clone()),
            Box::new(metrics.graphql.clone()),
            Box::new(metrics.loaded.clone()),
            Box::new(metrics.running.clone()),
            Box::new(metrics.open.clone()),
            Box::new(metrics.subscription_runs.clone()),
            Box::new(metrics.response_bytes.clone()),
            Box::new(metrics.work.clone()),
        ] {
            metrics.registry.register(collector).unwrap_or_else(|e| unreachable!("registered once each: {e}"));
        }
        metrics
    }

    /// Records the start of a request.
    pub fn begin(&self) -> Running {
        self.running.inc();
        Running(self.running.clone())
    }

    /// Records the end of a request.
    pub fn end(&self, route: &str, status: u16, took: Duration) {
        let mut digits = [0u8; 3];
        for (digit, unit) in digits.iter_mut().zip([100, 10, 1]) {
            *digit = b'0' + (status / unit % 10) as u8;
        }
        let status = std::str::from_utf8(&digits).unwrap_or("000");
        self.requests.with_label_values(&[route, status]).inc();
        self.seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// Sets the number of loaded objects of a kind.
    pub fn set_loaded(&self, kind: &str, count: usize) {
        self.loaded.with_label_values(&[kind]).set(count as i64);
    }

    /// Sets the numbers of running and waiting pieces of work of a size.
    pub fn set_work(&self, size: &str, (running, waiting): (usize, usize)) {
        self.work.with_label_values(&[size, "running"]).set(running as i64);
        self.work.with_label_values(&[size, "waiting"]).set(waiting as i64);
    }

    /// Sets the metrics that other parts of the server count.
    pub fn set_counts(&self, connections: usize, response_bytes: usize, subscription_runs: u64) {
        self.open.set(connections as i64);
        self.response_bytes.set(response_bytes as i64);
        self.subscription_runs.set(subscription_runs as i64);
    }

    /// Returns all metrics in the text format of Prometheus.
    pub fn encode(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Records the outcome of a GraphQL request.
    pub fn graphql(&self, outcome: &str) {
        self.graphql.with_label_values(&[outcome]).inc();
    }
}

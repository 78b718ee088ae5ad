//! Prometheus metrics: handles are registered at start, figures of the store are read on scrape.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use latchkey_actors::api_keys::Refusal;
use latchkey_actors::registry::Registry;
use latchkey_storage::{CommitObserver, Store};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::endpoint::Endpoint;
use crate::serve::Tally;

mod process;

/// Seconds: from what a cache hit takes to what a caller gives up on.
const SECONDS: [f64; 14] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
    10.0,
];
const COMMANDS: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// Answers after which histograms are summed up.
const UPKEEP_EVERY: u64 = 16_384;
/// Statuses that have a handle of their own.
const STATUSES: [u16; 17] =
    [200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 429, 503];

/// The metrics of a process.
pub struct Metrics {
    handle: PrometheusHandle,
    verdicts: [Counter; Refusal::ALL.len() + 1],
    /// Requests that no route takes.
    pub(crate) unknown: RouteMetrics,
    gauges: Gauges,
    answered: AtomicU64,
}

/// Figures that are read when somebody asks.
struct Gauges {
    store_failed: Gauge,
    tenants_awake: Gauge,
    mailbox_depth: Gauge,
    cache_bytes: Gauge,
    connections: Gauge,
}

/// Where the calls of one route are counted.
#[derive(Clone)]
pub struct RouteMetrics(Arc<RouteHandles>);

struct RouteHandles {
    labels: [(&'static str, &'static str); 3],
    statuses: [OnceLock<Counter>; STATUSES.len() + 1],
    seconds: Histogram,
}

/// Why the metrics of the process could not be set up.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the metrics of the process could not be set up: {0}")]
pub struct InstallError(String);

/// Installs the recorder of the process, once; later calls share it.
///
/// # Errors
/// When another recorder is there already.
pub fn install() -> Result<Arc<Metrics>, InstallError> {
    static INSTALLED: OnceLock<Result<Arc<Metrics>, InstallError>> = OnceLock::new();
    INSTALLED.get_or_init(|| build().map(Metrics::new).map(Arc::new)).clone()
}

fn build() -> Result<PrometheusHandle, InstallError> {
    let failed = |error: metrics_exporter_prometheus::BuildError| InstallError(error.to_string());
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .and_then(|b| b.set_buckets_for_metric(Matcher::Suffix("_records".into()), &COMMANDS))
        .map_err(failed)?
        .install_recorder()
        .map_err(failed)
}

impl Metrics {
    fn new(handle: PrometheusHandle) -> Self {
        describe();
        gauge!("latchkey_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Self {
            handle,
            verdicts: std::array::from_fn(|at| {
                let refusal = at.checked_sub(1).and_then(|at| Refusal::ALL.get(at)).copied();
                counter!("latchkey_key_validations_total", "verdict" => verdict(refusal))
            }),
            unknown: RouteMetrics::new("unknown", "ANY", "iam"),
            answered: AtomicU64::new(0),
            gauges: Gauges {
                store_failed: gauge!("latchkey_store_failed"),
                tenants_awake: gauge!("latchkey_tenants_awake"),
                mailbox_depth: gauge!("latchkey_mailbox_depth", "actor" => "tenant"),
                cache_bytes: gauge!("latchkey_cache_bytes"),
                connections: gauge!("latchkey_http_connections"),
            },
        }
    }

    /// Counts the verdict on a key.
    pub(crate) fn validated(&self, refusal: Option<Refusal>) {
        let at = refusal.map_or(0, |refusal| refusal as usize + 1);
        if let Some(counter) = self.verdicts.get(at) {
            counter.increment(1);
        }
        if refusal == Some(Refusal::RateLimitExceeded) {
            counter!("latchkey_rate_limited_total", "window" => "key").increment(1);
        }
    }

    /// An answer has left. Now and then what histograms have collected is summed up.
    pub(crate) fn answered(&self) {
        if self.answered.fetch_add(1, Ordering::Relaxed) % UPKEEP_EVERY == UPKEEP_EVERY - 1 {
            self.handle.run_upkeep();
        }
    }

    /// The text that Prometheus reads.
    pub fn render(&self, registry: &Registry, store: &Store, tally: &Tally) -> String {
        let gauges = &self.gauges;
        gauges.store_failed.set(if store.is_failed() { 1.0 } else { 0.0 });
        gauges.tenants_awake.set(figure(registry.awake_count() as u64));
        gauges.mailbox_depth.set(figure(registry.depth() as u64));
        gauges.cache_bytes.set(figure(registry.cached_bytes() as u64));
        gauges.connections.set(figure(tally.open.get()));
        store_figures(store);
        let processor = process::figures();
        self.handle.run_upkeep();
        self.handle.render() + &processor
    }
}

impl RouteMetrics {
    /// The handles of an endpoint.
    pub fn of(endpoint: &Endpoint) -> Self {
        Self::new(endpoint.path, endpoint.method.word(), endpoint.dialect.word())
    }

    fn new(route: &'static str, method: &'static str, dialect: &'static str) -> Self {
        let seconds = histogram!(
            "latchkey_http_request_duration_seconds", "route" => route, "method" => method
        );
        let labels = [("route", route), ("method", method), ("dialect", dialect)];
        Self(Arc::new(RouteHandles {
            labels,
            statuses: std::array::from_fn(|_| OnceLock::new()),
            seconds,
        }))
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: u16, took_ns: u64) {
        let at = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        if let Some(place) = self.0.statuses.get(at) {
            place.get_or_init(|| self.counter(status)).increment(1);
        }
        self.0.seconds.record(Duration::from_nanos(took_ns));
    }

    fn counter(&self, status: u16) -> Counter {
        let status = if STATUSES.contains(&status) { status.to_string() } else { "500".into() };
        let [route, method, dialect] = self.0.labels;
        counter!(
            "latchkey_http_requests_total",
            route.0 => route.1, method.0 => method.1, dialect.0 => dialect.1, "status" => status
        )
    }
}

/// Tells of every batch that reached the store.
pub struct CommitMetrics {
    seconds: Histogram,
}

impl CommitMetrics {
    pub fn new() -> Self {
        Self { seconds: histogram!("latchkey_commit_duration_seconds") }
    }
}

impl Default for CommitMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl CommitObserver for CommitMetrics {
    fn committed(&self, _: usize, _: usize, nanos_write_and_sync: u64) {
        self.seconds.record(Duration::from_nanos(nanos_write_and_sync));
    }
}

/// Counters of decisions, by door and answer.
pub(crate) struct CheckMetrics {
    allow: Counter,
    deny: Counter,
}

impl CheckMetrics {
    pub(crate) fn of(door: &'static str) -> Self {
        let of = |decision: &'static str| counter!("latchkey_permission_checks_total", "door" => door, "decision" => decision);
        Self { allow: of("allow"), deny: of("deny") }
    }

    pub(crate) fn decided(&self, allowed: u64, denied: u64) {
        self.allow.increment(allowed);
        self.deny.increment(denied);
    }
}

fn store_figures(store: &Store) {
    let Ok(figures) = store.estimates() else { return };
    for (name, value) in figures.named() {
        gauge!(format!("latchkey_rocksdb_{name}")).set(figure(value));
    }
}

fn verdict(refusal: Option<Refusal>) -> String {
    refusal.map_or_else(|| "valid".into(), |refusal| refusal.word().to_ascii_lowercase())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people and their plots")]
fn figure(value: u64) -> f64 {
    value as f64
}

fn describe() {
    describe_counter!(
        "latchkey_http_requests_total",
        "Requests, by route, method, status and dialect."
    );
    describe_histogram!(
        "latchkey_http_request_duration_seconds",
        "Time from a request's head to its answer."
    );
    describe_counter!("latchkey_key_validations_total", "Keys judged, by verdict.");
    describe_counter!("latchkey_permission_checks_total", "Decisions, by door and answer.");
    describe_counter!("latchkey_rate_limited_total", "Requests refused by a window.");
    describe_counter!("latchkey_cache_requests_total", "Look-ups in the caches of tenants.");
    describe_counter!(
        "latchkey_mailbox_refusals_total",
        "Messages refused because too many were under way."
    );
    describe_gauge!("latchkey_mailbox_depth", "Messages under way.");
    describe_histogram!("latchkey_commit_duration_seconds", "Time to write and sync a batch.");
    describe_histogram!("latchkey_commit_records", "Commands a commit.");
    describe_gauge!("latchkey_store_failed", "1 once a write has failed: no more are taken.");
    describe_gauge!("latchkey_tenants_awake", "Tenants with an actor.");
    describe_gauge!("latchkey_cache_bytes", "Bytes that the caches of tenants hold.");
    describe_gauge!("latchkey_http_connections", "Open connections.");
    describe_gauge!("latchkey_build_info", "1, with the version as a label.");
    for (name, help) in STORE_FIGURES {
        describe_gauge!(format!("latchkey_rocksdb_{name}"), help);
    }
    process::describe();
}

/// What the figures of the store are, by the names that it gives them.
const STORE_FIGURES: [(&str, &str); 9] = [
    ("memtable_bytes", "Bytes of memory tables, those being flushed included."),
    ("block_cache_bytes", "Bytes of blocks in the cache."),
    ("sst_bytes", "Bytes of live table files."),
    ("pending_compaction_bytes", "Bytes that compactions have to rewrite, roughly."),
    ("running_compactions", "Compactions under way."),
    ("running_flushes", "Flushes under way."),
    ("keys_estimate", "Rows, roughly: overwritten ones may count twice."),
    ("background_errors", "Errors of flushes and compactions since the start."),
    ("log_syncs", "Syncs of the log beside commits, since the start."),
];

//! The application: what all requests share, and how the front calls it.

use std::sync::Arc;

use http::{Request, Response};
use latchkey_actors::rate_limits::{AddressLimit, AddressLimiter};
use latchkey_actors::registry::Registry;
use latchkey_storage::Store;

use crate::config::Config;
use crate::dialect::Dialect;
use crate::metrics::Metrics;
use crate::pipeline::{self, Remembered, RequestIds, Routes};
use crate::serve::{App, Connection, Failure, RequestBody, ResponseBody, Shutdown, Tally};

/// What a gateway is made of.
pub struct Parts {
    pub registry: Arc<Registry>,
    pub store: Arc<Store>,
    pub config: Arc<Config>,
    pub shutdown: Shutdown,
    pub tally: Arc<Tally>,
    pub metrics: Arc<Metrics>,
}

/// What all requests share.
pub struct Shared {
    pub registry: Arc<Registry>,
    pub store: Arc<Store>,
    pub config: Arc<Config>,
    pub shutdown: Shutdown,
    pub tally: Arc<Tally>,
    pub metrics: Arc<Metrics>,
    pub(crate) addresses: AddressLimiter,
    pub(crate) access_log: pipeline::AccessLog,
    pub(crate) ids: RequestIds,
    pub(crate) checks: crate::api::decisions::Checks,
    pub(crate) denials: crate::denials::Denials,
    pub(crate) routes: Routes,
    /// Made when first asked for.
    pub(crate) documents: std::sync::OnceLock<crate::openapi::Documents>,
    /// Unix milliseconds.
    pub started_ms: i64,
}

/// The gateway as the front knows it.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

impl Gateway {
    /// Puts the parts together and reads the endpoint tables.
    pub fn new(parts: Parts) -> Self {
        Self::with(parts, Routes::all())
    }

    /// A gateway that answers health and metrics alone.
    pub fn operator(parts: Parts) -> Self {
        Self::with(parts, Routes::operator())
    }

    fn with(parts: Parts, routes: Routes) -> Self {
        let limit = &parts.config.rate_limit;
        let addresses = AddressLimiter::new(AddressLimit {
            requests_max: limit.max_requests,
            window_s: limit.window_secs,
            addresses_max: limit.addresses_max,
        });
        let clock = Arc::clone(&parts.registry.shared().clock);
        let entropy = parts.registry.shared().entropy.as_ref();
        Self(Arc::new(Shared {
            addresses,
            access_log: pipeline::AccessLog::default(),
            ids: RequestIds::new(entropy),
            checks: crate::api::decisions::Checks::new(),
            denials: crate::denials::Denials::default(),
            routes,
            documents: std::sync::OnceLock::new(),
            started_ms: clock.now_ms(),
            registry: parts.registry,
            store: parts.store,
            config: parts.config,
            shutdown: parts.shutdown,
            tally: parts.tally,
            metrics: parts.metrics,
        }))
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl App for Gateway {
    type Memo = Remembered;
    type Outline = Dialect;

    fn outline(&self, request: &Request<RequestBody>) -> Dialect {
        Dialect::of_unknown(request.uri().path())
    }

    async fn call(
        &self,
        request: Request<RequestBody>,
        connection: &Arc<Connection<Remembered>>,
    ) -> Response<ResponseBody> {
        pipeline::run(&self.0, request, connection).await
    }

    fn fallback(&self, dialect: Dialect, failure: Failure) -> Response<ResponseBody> {
        pipeline::failed(&self.0, dialect, failure)
    }
}

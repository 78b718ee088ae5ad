//! The last stage: counts, logs, and the audit entry of a refusal.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, request};
use latchkey_actors::error::{Error, Kind};
use latchkey_actors::tenant::{Caller, Tenant};

use latchkey_storage::id::TenantId;

use super::admit::Window;
use super::ids::RequestId;
use crate::app::Shared;
use crate::dialect::Dialect;
use crate::endpoint::Endpoint;
use crate::metrics::RouteMetrics;

/// What is known of a request when it is answered.
pub(crate) struct Record {
    pub(crate) id: RequestId,
    pub(crate) dialect: Dialect,
    pub(crate) route: Option<RouteMetrics>,
    pub(crate) endpoint: Option<&'static Endpoint>,
    pub(crate) window: Option<Window>,
    /// The methods that a path knows, when it was asked for another.
    pub(crate) allow: Option<String>,
    pub(crate) caller: Option<Arc<Caller>>,
    pub(crate) tenant: Option<Arc<Tenant>>,
    pub(crate) ip: Option<IpAddr>,
    /// The tenant that a failed credential names.
    pub(crate) named: Option<TenantId>,
    /// Unix milliseconds.
    pub(crate) now_ms: i64,
    began_ns: u64,
}

impl Record {
    pub(super) fn begin(shared: &Shared, parts: &request::Parts) -> Self {
        Self::bare(shared, Dialect::Iam, &parts.headers)
    }

    pub(super) fn bare(shared: &Shared, dialect: Dialect, headers: &HeaderMap) -> Self {
        let clock = &shared.registry.shared().clock;
        Self {
            id: shared.ids.of(headers),
            dialect,
            route: None,
            endpoint: None,
            window: None,
            allow: None,
            caller: None,
            tenant: None,
            ip: None,
            named: None,
            now_ms: clock.now_ms(),
            began_ns: clock.ticks_ns(),
        }
    }

    /// Counts, and logs what deserves a line.
    pub(super) fn end(self, shared: &Arc<Shared>, status: u16, error: Option<&Error>) {
        let took_ns = shared.registry.shared().clock.ticks_ns().saturating_sub(self.began_ns);
        let route = self.route.as_ref().unwrap_or(&shared.metrics.unknown);
        route.answered(status, took_ns);
        shared.metrics.answered();
        if status >= 400
            && let (Some(caller), Some(tenant)) = (&self.caller, &self.tenant)
            && caller.tenant == tenant.id()
        {
            tenant.failed(caller.entry.key.id);
        }
        shared.access_log.answered(
            &shared.config.log,
            &self,
            status,
            Duration::from_nanos(took_ns),
            error,
        );
        if let Some(error) = error {
            self.audit(shared, error);
        }
    }

    /// A denial is audited; the answer does not wait for its entry.
    fn audit(&self, shared: &Arc<Shared>, error: &Error) {
        if matches!(error.kind(), Kind::Unauthenticated | Kind::Forbidden) {
            crate::denials::denied(shared, self, error);
        }
    }
}

//! Health and metrics: what load balancers, Kubernetes and Prometheus ask.

use bytes::Bytes;
use latchkey_actors::error::Result;
use latchkey_storage::id::TenantId;
use serde_json::{Value, json};

use crate::answer::{Answer, Answers, Raw};
use crate::context::{Ctx, Face};
use crate::endpoints;
use crate::extract::Operation;
use crate::permissions_of_gateway::INSTANCE_READ;
use crate::wire::Millis;

endpoints! { TABLE, "health", Platform;
    /// Is it well?
    GET "/health" => root, Probe, Unaudited;
    /// Is the API well?
    GET "/api/v1/health" => api, Probe, Unaudited;
    /// Is it well, in detail for administrators?
    ///
    /// The parts for keys of the master tenant that hold `instance:read` or may enter any tenant;
    /// the status alone for everybody else.
    GET "/api/v1/admin/health" => admin, Probe, Unaudited;
    /// May requests be sent here?
    ///
    /// 503 while it starts or drains, and when the store takes no writes.
    GET "/ready" => ready, Probe, Unaudited;
    /// Is the process alive?
    ///
    /// Never depends on the store.
    GET "/live" => live, Probe, Unaudited;
    /// The state of each part.
    GET "/health/detailed" => detailed, Probe, Unaudited;
    /// Metrics for Prometheus.
    GET "/metrics" => metrics, Probe, Unaudited;
}

/// How the instance is, and the words for it.
struct Health {
    healthy: bool,
    body: Value,
}

impl Answers for Health {
    fn answer(self, _: &Face) -> Result<Answer> {
        let status = if self.healthy { 200 } else { 503 };
        Ok(Answer::json(status, self.body.to_string()))
    }

    fn describe(operation: &mut Operation) {
        operation.answers_raw("application/json");
    }
}

fn is_healthy(ctx: &Ctx) -> bool {
    !ctx.shared.store.is_failed()
}

fn now(ctx: &Ctx) -> Value {
    json!(Millis(ctx.now_ms))
}

fn word(healthy: bool) -> &'static str {
    if healthy { "healthy" } else { "unhealthy" }
}

/// How long the process runs, as people say it.
fn uptime(ctx: &Ctx) -> String {
    let minutes = (ctx.now_ms - ctx.shared.started_ms).max(0) / 60_000;
    format!("{}d {}h {}m", minutes / 1_440, minutes / 60 % 24, minutes % 60)
}

async fn root(ctx: Ctx) -> Result<Health> {
    let healthy = is_healthy(&ctx);
    let state = if healthy { "ok" } else { "unhealthy" };
    let message = if healthy { "Service is healthy" } else { "Service is unhealthy" };
    let body = json!({
        "success": healthy,
        "message": message,
        "status": state,
        "data": { "status": word(healthy), "uptime": uptime(&ctx) },
        "timestamp": now(&ctx),
    });
    Ok(Health { healthy, body })
}

async fn api(ctx: Ctx) -> Result<Health> {
    let healthy = is_healthy(&ctx);
    let body = json!({ "status": word(healthy), "timestamp": now(&ctx) });
    Ok(Health { healthy, body })
}

async fn admin(ctx: Ctx) -> Result<Health> {
    let healthy = is_healthy(&ctx);
    // The instance is none of the tenants' own: their `*` does not reach it.
    let known = ctx.caller.as_ref().is_some_and(|caller| {
        caller.enters_all || caller.tenant == TenantId::MASTER && caller.rights.holds(INSTANCE_READ)
    });
    if !known {
        let body = json!({ "status": word(healthy), "timestamp": now(&ctx) });
        return Ok(Health { healthy, body });
    }
    let message = if healthy { "Service is healthy" } else { "Service is unhealthy" };
    let parts = parts(&ctx);
    let body = json!({
        "success": healthy,
        "message": message,
        "data": {
            "status": word(healthy),
            "version": env!("CARGO_PKG_VERSION"),
            "uptime": uptime(&ctx),
            "timestamp": now(&ctx),
            "services": {
                "database": parts.store,
                "storage": parts.store,
                "cache": parts.cache,
                "queue": parts.queue,
            },
            "metrics": {
                "tenantsAwake": ctx.shared.registry.awake_count(),
                "messagesUnderWay": ctx.shared.registry.depth(),
                "cacheBytes": ctx.shared.registry.cached_bytes(),
                "connections": ctx.shared.tally.open.get(),
            },
        },
        "timestamp": now(&ctx),
    });
    Ok(Health { healthy, body })
}

/// The words for the parts of the instance.
struct Parts {
    store: &'static str,
    cache: &'static str,
    queue: &'static str,
}

/// A part that is past its bound refuses or forgets: it is degraded, not broken.
fn parts(ctx: &Ctx) -> Parts {
    let registry = &ctx.shared.registry;
    let limits = registry.shared().limits;
    let within = |within: bool| if within { "healthy" } else { "degraded" };
    Parts {
        store: word(is_healthy(ctx)),
        cache: within(registry.cached_bytes() <= limits.cache_bytes_max),
        queue: within(registry.depth() < limits.mailboxes_max),
    }
}

async fn ready(ctx: Ctx) -> Result<Health> {
    let healthy = is_healthy(&ctx) && !ctx.shared.shutdown.is_draining();
    let status = if healthy { "ready" } else { "not_ready" };
    Ok(Health { healthy, body: json!({ "data": { "status": status }, "status": status }) })
}

async fn live(_: Ctx) -> Result<Health> {
    let body = json!({ "data": { "status": "alive" }, "status": "alive" });
    Ok(Health { healthy: true, body })
}

async fn detailed(ctx: Ctx) -> Result<Health> {
    let healthy = is_healthy(&ctx);
    let parts = parts(&ctx);
    let components = json!({
        "database": { "status": parts.store },
        "cache": { "status": parts.cache },
        "queue": { "status": parts.queue },
    });
    let data = json!({ "status": word(healthy), "components": components });
    Ok(Health { healthy, body: json!({ "data": data, "status": word(healthy) }) })
}

async fn metrics(ctx: Ctx) -> Result<Raw> {
    let shared = &ctx.shared;
    let text = shared.metrics.render(&shared.registry, &shared.store, &shared.tally);
    Ok(Raw {
        status: 200,
        content_type: "text/plain; version=0.0.4; charset=utf-8",
        body: Bytes::from(text),
        headers: Vec::new(),
    })
}

//! Bodies that show how the main endpoints are called. A test holds each against its schema.

use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Method};

const USER: &str = "0197f3a0-5c1e-7b3a-9d2f-4e5a6b7c8d9e";
const KEY: &str = "lk_live_0123456789abcdef";

/// The example of an endpoint's body.
pub(super) fn of(endpoint: &Endpoint) -> Option<Value> {
    if endpoint.method != Method::POST {
        return None;
    }
    let (_, example) = EXAMPLES.iter().find(|(path, _)| *path == endpoint.path)?;
    Some(example())
}

type Example = (&'static str, fn() -> Value);

/// By path; all are of `POST`.
pub(super) const EXAMPLES: &[Example] = &[
    ("/api/v1/api-keys", platform_key),
    ("/api/v1/api-keys/validate", validate),
    ("/api/v1/api-key/validate", validate),
    ("/api/v1/api-keys/{keyId}/validate", validate),
    ("/api/v1/api-keys/validate/batch", validate_batch),
    ("/api/v1/api-keys/authorize", authorize),
    ("/api/v1/tenants", tenant),
    ("/api/v1/tenants/{id}/api-keys", iam_key),
    ("/api/v1/tenants/{id}/users", user),
    ("/api/v1/tenants/{id}/roles", role),
    ("/api/v1/tenants/{id}/permissions", permission),
    ("/api/v1/tenants/{id}/integration/check-permission", check),
    ("/api/v1/tenants/{id}/integration/batch-check-permissions", check_batch),
    ("/v1/api-keys", workspace_key),
];

fn platform_key() -> Value {
    json!({
        "name": "Orders, production",
        "description": "Reads orders for the warehouse",
        "scopes": ["orders:read", "orders:write"],
        "environment": "live",
        "ipWhitelist": ["203.0.113.0/24"],
        "expiresIn": 90,
        "rateLimit": { "requestsPerMinute": 600 },
    })
}

fn validate() -> Value {
    json!({ "apiKey": KEY, "clientIp": "203.0.113.7", "requiredScopes": ["orders:read"] })
}

fn validate_batch() -> Value {
    json!({ "keys": [{ "apiKey": KEY }, { "apiKey": KEY, "requiredScopes": ["orders:write"] }] })
}

fn authorize() -> Value {
    json!({ "resource": "orders", "action": "read" })
}

fn tenant() -> Value {
    json!({ "name": "Example Ltd", "slug": "example", "issue_admin_key": true })
}

fn iam_key() -> Value {
    json!({
        "name": "orders-production",
        "scopes": ["orders:read"],
        "environment": "live",
        "ip_restrictions": ["203.0.113.0/24"],
        "expires_at": "2027-01-31T12:00:00Z",
        "rate_limit": { "requests_per_minute": 600 },
    })
}

fn user() -> Value {
    json!({
        "username": "ada",
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Example",
        "locale": "en",
    })
}

fn role() -> Value {
    json!({ "name": "order-clerk", "description": "Reads and writes orders" })
}

fn permission() -> Value {
    json!({ "name": "orders:read", "resource": "orders", "action": "read" })
}

fn check() -> Value {
    json!({ "user_id": USER, "resource": "orders", "action": "read" })
}

fn check_batch() -> Value {
    json!({
        "user_id": USER,
        "checks": [
            { "resource": "orders", "action": "read" },
            { "resource": "orders/2026", "action": "write" },
        ],
    })
}

fn workspace_key() -> Value {
    json!({
        "name": "orders-production",
        "permissions": ["orders:read"],
        "environment": "live",
        "allowed_ips": ["203.0.113.7"],
        "rate_limit": { "requests_per_minute": 600 },
    })
}

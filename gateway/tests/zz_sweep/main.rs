//! The sweep alone, while other files of the binary are being written.
#[path = "../http/completeness/mod.rs"]
mod completeness;
#[path = "../http/directory/mod.rs"]
mod directory;
#[allow(dead_code, unused_imports)]
#[path = "../http/harness/mod.rs"]
mod harness;
#[path = "../http/sweep/mod.rs"]
mod sweep;
#[path = "../http/api_keys_platform.rs"]
mod api_keys_platform;
#[path = "../http/api_keys_iam.rs"]
mod api_keys_iam;
#[path = "../http/api_keys_workspace.rs"]
mod api_keys_workspace;
#[path = "../http/validation.rs"]
mod validation;
#[path = "../http/tenants.rs"]
mod tenants;
#[path = "../http/decisions.rs"]
mod decisions;
#[path = "../http/limits.rs"]
mod limits;
#[path = "../http/protocol.rs"]
mod protocol;
#[path = "../http/idempotency.rs"]
mod idempotency;
#[path = "../http/audit.rs"]
mod audit;

//! Which tenant a request is about, and whether the caller may do this there.

use std::sync::Arc;

use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::permissions::Right;
use latchkey_actors::tenant::{Caller, Tenant, refused_credential};
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::TenantStatus;

use crate::config::TenantHeader;
use crate::context::Ctx;
use crate::dialect::Dialect;
use crate::endpoint::{Access, Endpoint};
use crate::extract::KeyId;
use crate::permissions_of_gateway::REVOKE;

/// Finds the tenant and judges the caller's right. The right comes before any object: 403 before
/// 404; a tenant that the caller may not enter is not there at all: 404 by path, 403 by header.
pub(super) async fn authorize(ctx: &mut Ctx) -> Result<()> {
    if matches!(ctx.endpoint.access, Access::Probe | Access::Public) {
        return Ok(());
    }
    let Some(caller) = ctx.caller.clone() else {
        // An open door: the tenant is named by what is shown there.
        return header_tenant(ctx).map(drop);
    };
    let wanted = wanted_tenant(ctx, &caller)?;
    let tenant = enter(ctx, &caller, wanted).await?;
    // Known from here on: a refusal counts, and is audited, as one of this tenant.
    ctx.tenant = Some(Arc::clone(&tenant));
    realm(ctx, &tenant)?;
    allowed(ctx, &caller)
}

/// Where the request says which tenant it is about.
fn wanted_tenant(ctx: &Ctx, caller: &Caller) -> Result<TenantId> {
    if is_by_path(ctx.endpoint) {
        let text = ctx.parameter("id").unwrap_or_default();
        return text
            .parse()
            .map_err(|_| crate::extract::malformed("id", text, ctx.endpoint.dialect));
    }
    if ctx.endpoint.dialect == Dialect::Platform {
        return match header_tenant(ctx)? {
            Some(id) => Ok(id),
            None if ctx.shared.config.platform_tenant_header == TenantHeader::Derive => {
                Ok(caller.tenant)
            }
            None if ctx.endpoint.access == Access::Probe => Ok(caller.tenant),
            None => Err(Error::new(
                Kind::Malformed,
                Code::MissingHeader,
                "Required header 'x-tenantid' is missing",
            )
            .field("x-tenantid", "Header is required")),
        };
    }
    Ok(header_tenant(ctx)?.unwrap_or(caller.tenant))
}

/// Paths under a tenant name it.
pub(crate) fn is_by_path(endpoint: &Endpoint) -> bool {
    endpoint.path.starts_with("/api/v1/tenants/{id}")
}

/// The tenant that `x-tenantid` names.
pub(crate) fn header_tenant(ctx: &Ctx) -> Result<Option<TenantId>> {
    let Some(text) = ctx.header("x-tenantid") else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Error::new(Kind::Malformed, Code::InvalidParameter, "Invalid header 'x-tenantid'")
            .field("x-tenantid", "must be a valid UUID")
    })
}

async fn enter(ctx: &Ctx, caller: &Caller, wanted: TenantId) -> Result<Arc<Tenant>> {
    let by_path = is_by_path(ctx.endpoint);
    let elsewhere = || {
        if by_path {
            Error::not_found("Tenant")
        } else {
            let message = "The credential is of another tenant than `x-tenantid` names";
            Error::new(Kind::Forbidden, Code::TenantMismatch, message)
        }
    };
    if wanted != caller.tenant && !caller.enters_all {
        return Err(elsewhere());
    }
    let found = ctx.shared.registry.tenant(wanted).await;
    let tenant = found.map_err(|error| match error.kind() {
        Kind::NotFound => elsewhere(),
        _ => error,
    })?;
    let reads_or_restores = matches!(ctx.endpoint.path, "/api/v1/tenants/{id}/restore")
        || (ctx.endpoint.path == "/api/v1/tenants/{id}"
            && ctx.endpoint.method == crate::endpoint::Method::GET);
    match tenant.status() {
        TenantStatus::Active | TenantStatus::Suspended => Ok(tenant),
        TenantStatus::Deleted if reads_or_restores => Ok(tenant),
        TenantStatus::Deleted | TenantStatus::Creating => Err(elsewhere()),
    }
}

/// `realmname`, when it is there, is the slug of the tenant.
fn realm(ctx: &Ctx, tenant: &Tenant) -> Result<()> {
    match ctx.header("realmname") {
        Some(realm) if !tenant.is_called(realm) => Err(refused_credential()),
        _ => Ok(()),
    }
}

fn allowed(ctx: &Ctx, caller: &Caller) -> Result<()> {
    let right = match ctx.endpoint.access {
        Access::Can(right) | Access::Open(right) => right,
        Access::Master(right) => {
            if caller.tenant != TenantId::MASTER {
                return Err(missing(right).detail("only keys of the master tenant may do this"));
            }
            right
        }
        Access::AnyKey | Access::Probe | Access::Public => return Ok(()),
    };
    if caller.rights.holds(right) || is_own_end(ctx, right, caller) {
        Ok(())
    } else {
        Err(missing(right))
    }
}

/// A key may always revoke itself.
fn is_own_end(ctx: &Ctx, right: Right, caller: &Caller) -> bool {
    let named = ctx.parameter("keyId").or_else(|| ctx.parameter("key_id"));
    right == REVOKE && named.and_then(KeyId::parse) == Some(caller.entry.key.id)
}

#[cold]
fn missing(right: Right) -> Error {
    Error::forbidden("The credential does not hold the permission that this needs")
        .detail(format!("required permission: {}", right.name()))
}

//! What other systems ask about a user.

use latchkey_actors::error::Result;
use latchkey_actors::tenant::Judge;
use latchkey_actors::users as domain;
use latchkey_storage::id::{TenantId, UserId};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::answer::Found;
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::Path;

endpoints! { TABLE, "integration", Iam;
    /// Get a user with all that counts for it now.
    ///
    /// Its roles, those of its groups included, its groups, and the permissions that follow. What
    /// has ended does not count; a user that is not active holds no permission.
    GET "/api/v1/tenants/{id}/integration/users/{uid}" => user_info, Can(Users, Read), Unaudited;
}

/// A user for another system.
#[derive(Serialize, JsonSchema)]
struct UserInfo {
    id: Uuid,
    tenant_id: Uuid,
    username: String,
    email: String,
    email_verified: bool,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    locale: Option<String>,
    timezone: Option<String>,
    roles: Vec<RoleInfo>,
    groups: Vec<GroupInfo>,
    permissions: Vec<String>,
    metadata: serde_json::Value,
}

/// A role, in short.
#[derive(Serialize, JsonSchema)]
struct RoleInfo {
    id: Uuid,
    name: String,
    display_name: Option<String>,
}

/// A group, in short.
#[derive(Serialize, JsonSchema)]
struct GroupInfo {
    id: Uuid,
    name: String,
    path: String,
}

impl UserInfo {
    fn of(info: domain::UserInfo, permissions: Vec<String>, tenant: TenantId) -> Self {
        let user = info.user;
        let roles = info.roles.into_iter().map(|role| RoleInfo {
            id: role.id.uuid(),
            name: role.name,
            display_name: role.display_name,
        });
        let groups = info.groups.into_iter().map(|(group, path)| GroupInfo {
            id: group.id.uuid(),
            name: group.name,
            path,
        });
        Self {
            id: user.id.uuid(),
            tenant_id: tenant.uuid(),
            username: user.username,
            email: user.email,
            email_verified: user.email_verified,
            first_name: user.first_name,
            last_name: user.last_name,
            display_name: user.display_name,
            locale: Some(user.locale),
            timezone: Some(user.timezone),
            roles: roles.collect(),
            groups: groups.collect(),
            permissions,
            metadata: serde_json::from_str(&user.metadata).unwrap_or_default(),
        }
    }
}

async fn user_info(ctx: Ctx, Path(id): Path<UserId>) -> Result<Found<UserInfo>> {
    let (tenant, now_ms) = (ctx.tenant()?, ctx.now_ms);
    let info = tenant.read(move |view| domain::user_info(view, id, now_ms)).await?;
    let rights = tenant.rights(Judge::User(id)).await?;
    let names = rights.map(|rights| rights.names()).unwrap_or_default();
    let permissions = names.iter().map(ToString::to_string).collect();
    Ok(Found::plain(UserInfo::of(info, permissions, tenant.id())))
}

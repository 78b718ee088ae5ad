//! The nine roles that every tenant has. They have no rows: their ids follow from the tenant's.

use latchkey_storage::id::{PermissionId, RoleId, TenantId};

use crate::permissions::{PermissionName, tenant_admin_names};

/// A built-in role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemRole {
    SuperAdmin,
    TenantAdmin,
    ApiAdmin,
    OauthAdmin,
    IntegrationAdmin,
    IntegrationViewer,
    AuditViewer,
    SecurityAdmin,
    SystemAdmin,
}

impl SystemRole {
    /// All of them, in the order of lists.
    pub const ALL: [Self; 9] = [
        Self::SuperAdmin,
        Self::TenantAdmin,
        Self::ApiAdmin,
        Self::OauthAdmin,
        Self::IntegrationAdmin,
        Self::IntegrationViewer,
        Self::AuditViewer,
        Self::SecurityAdmin,
        Self::SystemAdmin,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::TenantAdmin => "tenant_admin",
            Self::ApiAdmin => "api_admin",
            Self::OauthAdmin => "oauth_admin",
            Self::IntegrationAdmin => "integration_admin",
            Self::IntegrationViewer => "integration_viewer",
            Self::AuditViewer => "audit_viewer",
            Self::SecurityAdmin => "security_admin",
            Self::SystemAdmin => "system_admin",
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Self::SuperAdmin => "Everything",
            Self::TenantAdmin => "Administers the tenant, without its secrets",
            Self::ApiAdmin => "Administers API keys",
            Self::OauthAdmin => "Administers OAuth clients",
            Self::IntegrationAdmin => "Administers credentials, and reads them",
            Self::IntegrationViewer => "Sees credentials without their secrets",
            Self::AuditViewer => "Reads, verifies and exports the audit trail",
            Self::SecurityAdmin => "Administers keys, sessions and devices",
            Self::SystemAdmin => "Runs background jobs",
        }
    }

    /// The permissions it holds.
    pub fn permissions(self) -> Vec<PermissionName> {
        let names: &[&str] = match self {
            Self::SuperAdmin => &["*"],
            Self::TenantAdmin => return tenant_admin_names(),
            Self::ApiAdmin => &["api_keys:*"],
            Self::OauthAdmin => &["oauth_clients:*"],
            Self::IntegrationAdmin => &["credentials:*"],
            Self::IntegrationViewer => &["credentials:read"],
            Self::AuditViewer => &["audit:*"],
            Self::SecurityAdmin => &["dek:*", "signing_keys:*", "sessions:*", "devices:*"],
            Self::SystemAdmin => &["jobs:*"],
        };
        names.iter().filter_map(|name| PermissionName::parse(name).ok()).collect()
    }

    /// The role's id in a tenant: a UUIDv8 made of the tenant's, which no random id can equal.
    pub fn id(self, tenant: TenantId) -> RoleId {
        RoleId::new(derived(tenant, 0xA0, self as u8))
    }

    /// The built-in role that has this id in this tenant.
    pub fn of(tenant: TenantId, id: RoleId) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id(tenant) == id)
    }

    /// The built-in role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The id of its `n`th permission in a tenant.
    pub fn permission_id(self, tenant: TenantId, n: usize) -> PermissionId {
        let n = u8::try_from(n).unwrap_or(u8::MAX);
        PermissionId::new(derived(tenant, 0xB0 | self as u8, n))
    }
}

fn derived(tenant: TenantId, kind: u8, n: u8) -> [u8; 16] {
    let mut bytes = *tenant.as_bytes();
    bytes[6] = 0x80 | (bytes[6] & 0x0F);
    bytes[8] = 0x80 | (bytes[8] & 0x3F);
    bytes[14] ^= kind;
    bytes[15] ^= n.wrapping_add(1);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_again_in_their_tenant_and_in_no_other() {
        let (here, there) = (TenantId::MASTER, TenantId::new([7; 16]));
        for role in SystemRole::ALL {
            assert_eq!(SystemRole::of(here, role.id(here)), Some(role));
            assert_eq!(SystemRole::of(there, role.id(here)), None);
            assert_eq!(SystemRole::named(role.name()), Some(role));
            assert!(!role.permissions().is_empty());
        }
    }
}

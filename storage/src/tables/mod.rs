//! The one list of tables: tag, key, value. A tag once given never changes; retired ones stay listed.

use crate::crypto::{Fingerprint, WrappedKey};
use crate::id::{ApiKeyId, GroupId, PermissionId, RoleId, TenantId, UserId};
use crate::tables;

mod api_keys;
mod audit;
mod common;
mod groups;
pub mod instance;
mod permissions;
mod roles;
mod tenants;
mod users;

pub use api_keys::{
    ApiKey, ApiKeyRef, Environment, KeyUsage, KeyVerdict, Limits, Owner, PreviousSecret, Protocol,
    Quota, QuotaInterval, QuotaRefill,
};
pub use audit::{AuditEntry, AuditHead};
pub use common::{Assignment, Author, Count, Idempotency, Present, Version};
pub use groups::{Group, GroupRef};
pub use permissions::{Permission, PermissionRef};
pub use roles::{Role, RoleRef};
pub use tenants::{Tenant, TenantRef, TenantStatus};
pub use users::{User, UserRef, UserStatus};

tables! {
    /// The directory of tenants; rows of the master tenant.
    Tenants              = 0x01: (TenantId, TenantId) => Tenant;
    /// A tenant by its slug; rows of the master tenant.
    TenantsBySlug        = 0x02: (TenantId, String) => TenantRef;
    /// A tenant by the eight characters that name it in a key; rows of the master tenant.
    TenantsByCode        = 0x03: (TenantId, String) => TenantRef;
    /// Tenants that were deleted and may come back; rows of the master tenant.
    TenantsDeleted       = 0x04: (TenantId, TenantId) => Tenant;

    /// Issued API keys.
    ApiKeys              = 0x10: (TenantId, ApiKeyId) => ApiKey;
    /// All that a validation needs, in one point read: written with the key, in the same batch.
    ApiKeysBySecret      = 0x11: (TenantId, Fingerprint) => KeyVerdict;
    /// Names of the keys that are not revoked.
    ApiKeysByName        = 0x12: (TenantId, String) => ApiKeyRef;
    /// How often a key was used; written behind.
    ApiKeyUsage          = 0x13: (TenantId, ApiKeyId) => KeyUsage;
    /// What is left of a key's quota.
    ApiKeyQuotas         = 0x14: (TenantId, ApiKeyId) => Quota;
    /// Keys of the tenant itself that may hold `*`.
    ApiKeysAdministering = 0x15: (TenantId, ApiKeyId) => Present;

    /// Users.
    Users                = 0x20: (TenantId, UserId) => User;
    /// Users that were deleted and may come back.
    UsersDeleted         = 0x21: (TenantId, UserId) => User;
    /// A user by the canonical form of its username.
    UsersByUsername      = 0x22: (TenantId, String) => UserRef;
    /// A user by the canonical form of its e-mail address.
    UsersByEmail         = 0x23: (TenantId, String) => UserRef;
    /// Roles assigned to a user.
    UserRoles            = 0x24: (TenantId, UserId, RoleId) => Assignment;
    /// Groups a user is a member of.
    UserGroups           = 0x25: (TenantId, UserId, GroupId) => Assignment;

    /// Roles.
    Roles                = 0x30: (TenantId, RoleId) => Role;
    /// Roles that were deleted and may come back.
    RolesDeleted         = 0x31: (TenantId, RoleId) => Role;
    /// A role by its name.
    RolesByName          = 0x32: (TenantId, String) => RoleRef;
    /// Permissions granted to a role.
    RolePermissions      = 0x33: (TenantId, RoleId, PermissionId) => Assignment;
    /// The users of a role: the other side of `UserRoles`.
    RoleUsers            = 0x34: (TenantId, RoleId, UserId) => Present;
    /// The groups of a role: the other side of `GroupRoles`.
    RoleGroups           = 0x35: (TenantId, RoleId, GroupId) => Present;

    /// Permissions.
    Permissions          = 0x40: (TenantId, PermissionId) => Permission;
    /// Permissions that were deleted and may come back.
    PermissionsDeleted   = 0x41: (TenantId, PermissionId) => Permission;
    /// A permission by its name.
    PermissionsByName    = 0x42: (TenantId, String) => PermissionRef;
    /// The roles that hold a permission: the other side of `RolePermissions`.
    PermissionRoles      = 0x43: (TenantId, PermissionId, RoleId) => Present;

    /// Groups.
    Groups               = 0x50: (TenantId, GroupId) => Group;
    /// Groups that were deleted and may come back.
    GroupsDeleted        = 0x51: (TenantId, GroupId) => Group;
    /// A group by its parent (all zeros at the top) and its name.
    GroupsByName         = 0x52: (TenantId, GroupId, String) => GroupRef;
    /// Members of a group: the other side of `UserGroups`.
    GroupMembers         = 0x53: (TenantId, GroupId, UserId) => Assignment;
    /// Roles assigned to a group.
    GroupRoles           = 0x54: (TenantId, GroupId, RoleId) => Assignment;

    /// Counters kept by the commits that change what they count.
    Counts               = 0x60: (TenantId, u8) => Count;
    /// Answers of creates that carried an `Idempotency-Key`: by principal and hash of the key.
    Idempotencies        = 0x61: (TenantId, [u8; 16], [u8; 32]) => Idempotency;
    /// The sequence of a tenant's last applied record.
    Versions             = 0x62: (TenantId) => Version;

    /// The audit trail, in order.
    AuditEntries         = 0x70 in Audit: (TenantId, u64) => AuditEntry;
    /// The end of the audit chain.
    AuditHeads           = 0x71 in Audit: (TenantId) => AuditHead;

    /// Data keys of a tenant by version, wrapped by the key encryption key.
    DataKeys             = 0x80 in DataKeys: (TenantId, u32) => WrappedKey;
}

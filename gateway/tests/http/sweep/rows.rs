//! The endpoints as the sweep sees them: what is common to all that belong to a tenant.

use latchkey_gateway::dialect::Dialect;
use latchkey_gateway::endpoint::{Access, Endpoint};
use latchkey_gateway::pipeline::all_endpoints;

/// One endpoint.
#[derive(Clone, Copy)]
pub(super) struct Row(pub(super) &'static Endpoint);

/// Every endpoint that belongs to a tenant: all that take a credential.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    all_endpoints().map(Row).filter(|row| row.belongs_to_a_tenant())
}

/// Every other endpoint.
pub(super) fn public_rows() -> impl Iterator<Item = Row> {
    all_endpoints().map(Row).filter(|row| !row.belongs_to_a_tenant())
}

impl Row {
    fn belongs_to_a_tenant(self) -> bool {
        !matches!(self.0.access, Access::Probe | Access::Public)
    }

    /// As the golden lists write it.
    pub(super) fn name(self) -> String {
        format!("{} {}", self.0.method.word(), self.0.path)
    }

    /// Whether the path says which tenant it is about.
    pub(super) fn is_by_path(self) -> bool {
        self.0.path.starts_with("/api/v1/tenants/{id}")
    }

    pub(super) fn is_platform(self) -> bool {
        self.0.dialect == Dialect::Platform
    }

    /// Whether only keys of the master tenant may call.
    pub(super) fn is_masters(self) -> bool {
        matches!(self.0.access, Access::Master(_))
    }

    pub(super) fn is_open(self) -> bool {
        matches!(self.0.access, Access::Open(_))
    }

    /// The permission that a caller needs.
    pub(super) fn permission(self) -> Option<String> {
        match self.0.access {
            Access::Can(right) | Access::Open(right) | Access::Master(right) => Some(right.name()),
            Access::AnyKey | Access::Probe | Access::Public => None,
        }
    }

    /// The parameters of the path.
    pub(super) fn parameters(self) -> impl Iterator<Item = &'static str> {
        self.0.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The path with a value for each parameter.
    pub(super) fn path(self, value: impl Fn(&str) -> String) -> String {
        let part = |part: &'static str| match part.strip_prefix('{') {
            Some(name) => value(name.trim_end_matches('}')),
            None => part.to_owned(),
        };
        self.0.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// The status of a body that is well-formed and wrong.
    pub(super) fn invalid(self) -> u16 {
        if self.0.dialect == Dialect::Workspace { 400 } else { 422 }
    }
}

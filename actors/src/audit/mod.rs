//! The audit trail: every commit carries its entries, chained from the first one on.

use jiff::Timestamp;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::{AuditEntries, AuditEntry, AuditHead, AuditHeads};
use latchkey_storage::{StoreError, View};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The end of a tenant's chain while a group of commands is computed.
pub struct Chain {
    head: AuditHead,
    entries: Vec<AuditEntry>,
}

impl Chain {
    /// Reads where the chain ends.
    pub fn load(view: &View<'_>) -> Result<Self, StoreError> {
        let head = view.get::<AuditHeads>(&())?;
        Ok(Self { head: head.unwrap_or(AuditHead { seq: 0, hash: [0; 32] }), entries: Vec::new() })
    }

    /// Entries that were added so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds an entry; its place in the chain is given when the group is sealed.
    pub fn push(&mut self, entry: AuditEntry) {
        self.entries.push(entry);
    }

    /// Drops the entries of a command that failed.
    pub fn truncate(&mut self, length: usize) {
        self.entries.truncate(length);
    }

    /// Chains what was added and writes it into the view.
    pub fn seal(mut self, view: &mut View<'_>) {
        if self.entries.is_empty() {
            return;
        }
        let tenant = view.tenant();
        for entry in &mut self.entries {
            entry.seq = self.head.seq + 1;
            entry.prev_hash = self.head.hash;
            entry.hash = hash(tenant, entry);
            self.head = AuditHead { seq: entry.seq, hash: entry.hash };
            view.put::<AuditEntries>(&(entry.seq,), entry);
        }
        view.put::<AuditHeads>(&(), &self.head);
    }
}

/// SHA-256 of the RFC 8785 form of an entry as [`exported`], without `hash`.
pub fn hash(tenant: TenantId, entry: &AuditEntry) -> [u8; 32] {
    Sha256::digest(Value::Object(members(tenant, entry)).to_string().as_bytes()).into()
}

/// An entry as a line of the export shows it.
pub fn exported(tenant: TenantId, entry: &AuditEntry) -> Value {
    let mut members = members(tenant, entry);
    members.insert("hash".into(), hex::encode(entry.hash).into());
    Value::Object(members)
}

/// All members but `hash`. `serde_json` keeps them sorted and writes strings and integers as
/// RFC 8785 asks; there are no other numbers in an entry.
fn members(tenant: TenantId, entry: &AuditEntry) -> Map<String, Value> {
    let time = Timestamp::from_millisecond(entry.time).unwrap_or_default();
    let actor = json!({
        "type": entry.actor.kind,
        "id": uuid::Uuid::from_bytes(entry.actor.id).to_string(),
        "name": entry.actor.name,
    });
    let value = json!({
        "seq": entry.seq,
        "id": uuid::Uuid::from_bytes(entry.id).to_string(),
        "tenant_id": tenant.to_string(),
        "time": format!("{time:.3}"),
        "actor": actor,
        "action": entry.action,
        "resource_type": entry.resource_type,
        "resource_id": entry.resource_id,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "ip": entry.ip,
        "user_agent": entry.user_agent,
        "request_id": entry.request_id,
        "cross_tenant": entry.cross_tenant,
        "count": entry.count,
        "diff": serde_json::from_str::<Value>(&entry.diff).unwrap_or_default(),
        "prev_hash": hex::encode(entry.prev_hash),
    });
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A denial, as an entry of its own.
#[derive(Clone, Debug)]
pub struct Denied {
    /// 401 or 403.
    pub status: u16,
    /// The code that the caller was told.
    pub reason: String,
    /// How many like it the entry stands for.
    pub count: u32,
}

impl crate::tenant::Command for Denied {
    type Answer = ();

    fn run(self, tx: &mut crate::tenant::Tx<'_, '_>) -> crate::error::Result<()> {
        let mut entry =
            tx.entry("access.denied", "request", None, &json!({ "status": self.status }));
        "denied".clone_into(&mut entry.outcome);
        entry.reason = Some(self.reason);
        entry.count = self.count;
        tx.push(entry);
        Ok(())
    }
}

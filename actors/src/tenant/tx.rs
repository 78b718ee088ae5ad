//! What a command works on: a view of its tenant, who asks, the moment, and the trail it leaves.

use std::sync::Arc;

use latchkey_storage::id::TenantId;
use latchkey_storage::table::Table;
use latchkey_storage::tables::{AuditEntry, Author, Count, Counts};
use latchkey_storage::{Page, View, key::KeyPart};
use serde_json::Value;
use uuid::Uuid;

use crate::audit::Chain;
use crate::entropy::{Entropy, uuid_v7};
use crate::error::{Code, Error, Kind, Result};

/// On whose behalf something happens; the audit trail says it.
#[derive(Clone)]
pub struct Who {
    pub author: Author,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// The caller belongs to the master tenant and works in another one.
    pub cross_tenant: bool,
}

impl Who {
    /// The command line.
    pub fn system(name: &str) -> Self {
        Self {
            author: Author { kind: "system".into(), id: [0; 16], name: name.into() },
            ip: None,
            user_agent: None,
            request_id: None,
            cross_tenant: false,
        }
    }
}

/// A synchronous function from a view to a batch. What it has put when it fails is dropped.
pub trait Command: Send + 'static {
    type Answer: Send + 'static;
    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Self::Answer>;
}

impl<F, T> Command for F
where
    F: FnOnce(&mut Tx<'_, '_>) -> Result<T> + Send + 'static,
    T: Send + 'static,
{
    type Answer = T;
    fn run(self, tx: &mut Tx<'_, '_>) -> Result<T> {
        self(tx)
    }
}

/// One command at work.
pub struct Tx<'t, 'v> {
    pub(crate) view: &'t mut View<'v>,
    pub(crate) chain: &'t mut Chain,
    pub(crate) entropy: &'t Arc<dyn Entropy>,
    pub(crate) who: &'t Who,
    /// Unix milliseconds.
    pub now: i64,
}

/// What is counted: the totals that lists show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Counted {
    Tenants = 1,
    ApiKeys = 2,
    Users = 3,
    Roles = 4,
    Permissions = 5,
    Groups = 6,
}

impl Tx<'_, '_> {
    pub fn tenant(&self) -> TenantId {
        self.view.tenant()
    }

    pub fn view(&self) -> &View<'_> {
        self.view
    }

    pub fn who(&self) -> &Who {
        self.who
    }

    /// A new UUIDv7.
    pub fn uuid(&self) -> Uuid {
        uuid_v7(self.now, self.entropy.as_ref())
    }

    pub fn entropy(&self) -> &dyn Entropy {
        self.entropy.as_ref()
    }

    pub fn get<T: Table>(&self, key: &T::Key) -> Result<Option<T::Value>> {
        Ok(self.view.get::<T>(key)?)
    }

    pub fn contains<T: Table>(&self, key: &T::Key) -> Result<bool> {
        Ok(self.view.contains::<T>(key)?)
    }

    pub fn put<T: Table>(&mut self, key: &T::Key, value: &T::Value) {
        self.view.put::<T>(key, value);
    }

    pub fn delete<T: Table>(&mut self, key: &T::Key) {
        self.view.delete::<T>(key);
    }

    /// At most `limit` rows under a prefix, in the order of their keys.
    pub fn scan<T: Table>(
        &self,
        prefix: &impl KeyPart,
        limit: usize,
    ) -> Result<Vec<(T::Key, T::Value)>> {
        Ok(self.view.scan::<T>(prefix, Page { after: None, skip: 0, limit })?)
    }

    /// Adds to a total.
    pub fn count(&mut self, what: Counted, by: i64) -> Result<()> {
        let total = total(self.view, what)?.saturating_add_signed(by);
        self.view.put::<Counts>(&(what as u8,), &Count(total));
        Ok(())
    }

    /// Leaves an entry in the audit trail.
    pub fn audit(&mut self, action: &str, noun: &str, id: &impl ToString, diff: &Value) {
        let entry = self.entry(action, noun, Some(id.to_string()), diff);
        self.chain.push(entry);
    }

    /// Leaves an entry that was made by [`Tx::entry`].
    pub(crate) fn push(&mut self, entry: AuditEntry) {
        self.chain.push(entry);
    }

    /// An entry of this moment and caller; its outcome may be set before it is pushed.
    pub(crate) fn entry(
        &self,
        action: &str,
        noun: &str,
        id: Option<String>,
        diff: &Value,
    ) -> AuditEntry {
        AuditEntry {
            seq: 0,
            id: self.uuid().into_bytes(),
            time: self.now,
            actor: self.who.author.clone(),
            action: action.to_owned(),
            resource_type: noun.to_owned(),
            resource_id: id,
            outcome: "success".to_owned(),
            reason: None,
            ip: self.who.ip.clone(),
            user_agent: self.who.user_agent.clone(),
            request_id: self.who.request_id.clone(),
            cross_tenant: self.who.cross_tenant,
            count: 1,
            diff: diff.to_string(),
            prev_hash: [0; 32],
            hash: [0; 32],
        }
    }
}

/// A total, without a scan.
pub fn total(view: &View<'_>, what: Counted) -> Result<u64> {
    Ok(view.get::<Counts>(&(what as u8,))?.map_or(0, |Count(total)| total))
}

/// Compares the version that a caller has seen with the one that stands.
pub fn if_match(expected: Option<u64>, stands: u64) -> Result<()> {
    match expected {
        Some(version) if version != stands => Err(Error::new(
            Kind::PreconditionFailed,
            Code::PreconditionFailed,
            "The object has changed since you read it",
        )
        .detail(format!("`If-Match` names version {version}, the object is at {stands}"))),
        _ => Ok(()),
    }
}

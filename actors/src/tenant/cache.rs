//! What a tenant holds in memory, bounded: its keys by secret, and its users' assignments.
//!
//! Keys that do not exist are remembered too, in a bounded place of their own.

use std::sync::Arc;

use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::UserId;
use quick_cache::{Weighter, unsync::Cache};

use super::principals::Principal;
use super::rights::{Caller, Rights};
use crate::api_keys::KeyEntry;

/// Bytes that each kind may use at least: what is read for somebody who waits must find room, or
/// it would be read again and again.
const KIND_BYTES_MIN: usize = 8 << 20;

/// One cached secret.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) entry: Arc<KeyEntry>,
    /// Unix milliseconds of the last use.
    pub(crate) last_used_at: Option<i64>,
    pub(crate) judged: Option<Judged>,
}

/// The rights of a key, while they hold.
#[derive(Clone)]
pub(crate) struct Judged {
    pub(crate) rights: Rights,
    pub(crate) caller: Arc<Caller>,
    /// Unix milliseconds until which they hold if nothing is committed.
    pub(crate) until_ms: i64,
}

/// What is known of a fingerprint.
pub(crate) enum Known {
    Key(Slot),
    Absent,
    Nothing,
}

/// Weighs by bytes in memory.
#[derive(Clone)]
pub(crate) struct Bytes;

impl Weighter<Fingerprint, Slot> for Bytes {
    fn weight(&self, _: &Fingerprint, slot: &Slot) -> u64 {
        slot.entry.bytes() as u64
    }
}

impl Weighter<UserId, Option<Principal>> for Bytes {
    fn weight(&self, _: &UserId, principal: &Option<Principal>) -> u64 {
        principal.as_ref().map_or(64, Principal::bytes) as u64
    }
}

/// The caches of one tenant.
pub(crate) struct Caches {
    slots: Cache<Fingerprint, Slot, Bytes>,
    absent: Cache<Fingerprint, ()>,
    users: Cache<UserId, Option<Principal>, Bytes>,
    absent_max: usize,
}

impl Caches {
    /// Each kind may use half of `bytes_max`, and never less than the largest row needs.
    pub(crate) fn new(bytes_max: usize, absent_max: usize) -> Self {
        let half = (bytes_max / 2).max(KIND_BYTES_MIN) as u64;
        Self {
            slots: Cache::with_weighter(4, half, Bytes),
            absent: Cache::new(0),
            users: Cache::with_weighter(4, half, Bytes),
            absent_max,
        }
    }

    /// What is known of a fingerprint. Entries are cheap to clone: they are shared.
    pub(crate) fn key(&self, fingerprint: &Fingerprint) -> Known {
        match self.slots.get(fingerprint) {
            Some(slot) => Known::Key(slot.clone()),
            None if self.absent.get(fingerprint).is_some() => Known::Absent,
            None => Known::Nothing,
        }
    }

    /// Changes a cached secret in place.
    pub(crate) fn touch(&mut self, fingerprint: &Fingerprint, change: impl FnOnce(&mut Slot)) {
        if let Some(mut slot) = self.slots.get_mut(fingerprint) {
            change(&mut slot);
        }
    }

    pub(crate) fn put_key(&mut self, fingerprint: Fingerprint, entry: Option<KeyEntry>) {
        let Some(entry) = entry else {
            // The place for absent keys is made when the first one turns up.
            if self.absent.capacity() == 0 {
                self.absent = Cache::new(self.absent_max);
            }
            self.absent.insert(fingerprint, ());
            return;
        };
        let last_used_at = entry.usage.last_used_at;
        let slot = Slot { entry: Arc::new(entry), last_used_at, judged: None };
        self.slots.insert(fingerprint, slot);
    }

    pub(crate) fn forget_key(&mut self, fingerprint: &Fingerprint) {
        self.slots.remove(fingerprint);
        self.absent.remove(fingerprint);
    }

    /// The assignments of a user: nothing known, known to be absent, or there.
    pub(crate) fn user(&self, id: UserId) -> Option<Option<&Principal>> {
        self.users.get(&id).map(Option::as_ref)
    }

    pub(crate) fn put_user(&mut self, id: UserId, principal: Option<Principal>) {
        self.users.insert(id, principal);
    }

    pub(crate) fn touch_user(&mut self, id: UserId, change: impl FnOnce(&mut Principal)) {
        if let Some(mut held) = self.users.get_mut(&id) {
            held.as_mut().map(change);
        }
    }

    pub(crate) fn forget_user(&mut self, id: UserId) {
        self.users.remove(&id);
    }

    /// What keys may do is judged anew: the model or the tenant has changed.
    pub(crate) fn forget_judgements(&mut self) {
        let held: Vec<Fingerprint> = self.slots.iter().map(|(f, _)| *f).collect();
        for fingerprint in held {
            self.touch(&fingerprint, |slot| slot.judged = None);
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let absent = self.absent.len() * 80;
        usize::try_from(self.slots.weight() + self.users.weight()).unwrap_or(usize::MAX) + absent
    }

    /// Gives about half of what is held back.
    pub(crate) fn shrink(&mut self) {
        let (keys, users) = (self.slots.capacity(), self.users.capacity());
        self.slots.set_capacity(self.slots.weight() / 2);
        self.slots.set_capacity(keys);
        self.users.set_capacity(self.users.weight() / 2);
        self.users.set_capacity(users);
        self.absent = Cache::new(0);
    }
}

//! The rights of principals: from the cache while they hold, else judged now.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::{TenantId, UserId};

use super::cache_result;
use crate::api_keys::{KeyEntry, good_until};
use crate::decisions::{Direct as Grants, Effective, Model};
use crate::permissions::PermissionName;
use crate::tenant::actor::State;
use crate::tenant::cache::{Judged, Known, Slot};
use crate::tenant::messages::{Judge, Need};
use crate::tenant::rights::{Caller, Rights};

impl State {
    /// The rights of a key, from the cache or judged now.
    pub(in crate::tenant) fn judged(
        &mut self,
        by: &Fingerprint,
        slot: &Slot,
        now: i64,
    ) -> Result<Judged, Need> {
        if let Some(judged) = slot.judged.as_ref().filter(|judged| judged.until_ms > now) {
            return Ok(judged.clone());
        }
        let (rights, until_ms) = self.rights_of_key(&slot.entry, now)?;
        let bits = rights.gateway();
        // By what a grant covers: a question could be answered by one that stands for itself.
        let all_tenants = PermissionName::parse("tenants:*");
        let holds_all = all_tenants.is_ok_and(|name| rights.covers(&name));
        let enters_all = self.id == TenantId::MASTER && holds_all;
        let caller = Arc::new(Caller {
            tenant: self.id,
            entry: Arc::clone(&slot.entry),
            rights: bits,
            enters_all,
            until_ms,
            uses: AtomicU64::new(0),
            told_ms: AtomicI64::new(now),
        });
        let judged = Judged { rights, caller, until_ms };
        self.caches.touch(by, |slot| slot.judged = Some(judged.clone()));
        Ok(judged)
    }

    pub(in crate::tenant) fn rights_of_key(
        &mut self,
        entry: &Arc<KeyEntry>,
        now: i64,
    ) -> Result<(Rights, i64), Need> {
        let mut until = good_until(entry);
        let mut rights =
            Rights { model: None, key: Some(Arc::clone(entry)), roles: None, owner: None };
        if !entry.key.roles.is_empty() {
            let model = self.model()?;
            let roles: Vec<_> = entry.key.roles.iter().map(|role| (*role, None)).collect();
            rights.roles = Some(resolve(&model, &roles, &[], now));
            rights.model = Some(model);
        }
        if let Some(user) = entry.owning_user() {
            let model = self.model()?;
            let (effective, _) = self.rights_of_user(&model, user, now)?;
            rights.owner = Some(effective.unwrap_or_else(|| resolve(&model, &[], &[], now)));
            rights.model = Some(model);
        }
        for part in [&rights.roles, &rights.owner].into_iter().flatten() {
            until = part.until().map_or(until, |at| at.min(until));
        }
        Ok((rights, until))
    }

    /// The rights of an active user, and whether there is such a user at all.
    pub(in crate::tenant) fn rights_of_user(
        &mut self,
        model: &Arc<Model>,
        user: UserId,
        now: i64,
    ) -> Result<(Option<Arc<Effective>>, bool), Need> {
        let Some(known) = self.caches.user(user) else {
            cache_result("principals", "miss");
            return Err(Need::User(user));
        };
        let Some(principal) = known else { return Ok((None, false)) };
        if !principal.direct.active {
            return Ok((None, true));
        }
        if let Some(effective) = principal.known(model, now) {
            return Ok((Some(Arc::clone(effective)), true));
        }
        let effective = resolve(model, &principal.direct.roles, &principal.direct.groups, now);
        self.caches.touch_user(user, |held| held.effective = Some(Arc::clone(&effective)));
        Ok((Some(effective), true))
    }

    pub(in crate::tenant) fn judge(&mut self, whose: &Judge) -> Result<Option<Rights>, Need> {
        let now = self.shared.clock.now_ms();
        let model = self.model()?;
        let roles = match whose {
            Judge::Key(fingerprint) => {
                return match self.caches.key(fingerprint) {
                    Known::Key(slot) => Ok(Some(self.judged(fingerprint, &slot, now)?.rights)),
                    Known::Absent => Ok(None),
                    Known::Nothing => Err(Need::Key(*fingerprint)),
                };
            }
            Judge::User(user) => match self.rights_of_user(&model, *user, now)? {
                (_, false) => return Ok(None),
                (effective, true) => effective,
            },
            Judge::Roles(roles) => {
                let roles: Vec<_> = roles.iter().map(|role| (*role, None)).collect();
                Some(resolve(&model, &roles, &[], now))
            }
            Judge::Groups(groups) => {
                let groups: Vec<_> = groups.iter().map(|group| (*group, None)).collect();
                Some(resolve(&model, &[], &groups, now))
            }
        };
        Ok(Some(Rights { model: Some(model), key: None, roles, owner: None }))
    }

    pub(in crate::tenant) fn model(&self) -> Result<Arc<Model>, Need> {
        self.model.clone().ok_or(Need::Model)
    }
}

fn resolve(
    model: &Model,
    roles: &[(latchkey_storage::id::RoleId, Option<i64>)],
    groups: &[(latchkey_storage::id::GroupId, Option<i64>)],
    now: i64,
) -> Arc<Effective> {
    Arc::new(model.resolve(&Grants { roles, groups, scopes: &[] }, now))
}

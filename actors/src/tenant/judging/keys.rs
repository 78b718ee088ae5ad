//! Judging a presented key: what the row says, then what is spent.

use std::sync::Arc;

use latchkey_storage::tables::Owner;

use super::cache_result;
use crate::api_keys::{Presented, Refusal, Verdict, judge_row};
use crate::tenant::actor::State;
use crate::tenant::cache::{Known, Slot};
use crate::tenant::messages::Need;
use crate::tenant::quota::Taken;

impl State {
    pub(in crate::tenant) fn validate_rest(
        &mut self,
        keys: &[Presented],
        so_far: &mut Vec<Verdict>,
    ) -> Result<(), Need> {
        for presented in keys.iter().skip(so_far.len()) {
            so_far.push(self.validate(presented, false)?);
        }
        Ok(())
    }

    pub(in crate::tenant) fn validate(
        &mut self,
        presented: &Presented,
        as_caller: bool,
    ) -> Result<Verdict, Need> {
        let slot = match self.caches.key(&presented.fingerprint) {
            Known::Key(slot) => slot,
            Known::Absent => return Ok(self.unknown_key()),
            Known::Nothing => {
                cache_result("keys", "miss");
                return Err(Need::Key(presented.fingerprint));
            }
        };
        let now = self.shared.clock.now_ms();
        let owner_active = self.owner_active(&slot)?;
        let mut refusal = judge_row(&slot.entry, presented, self.row.status, owner_active, now);
        let mut judged = None;
        if refusal.is_none() && (as_caller || !presented.required.is_empty()) {
            let fresh = self.judged(&presented.fingerprint, &slot, now)?;
            let held = presented.required.iter().all(|name| fresh.rights.covers(name));
            refusal = (!held).then_some(Refusal::ScopeInvalid);
            judged = Some(fresh);
        }
        let window = self.spend(&slot, presented, &mut refusal, now)?;
        let last_used_at = slot.last_used_at;
        if refusal.is_none() && !presented.dry_run {
            self.used(presented, &slot, now);
        }
        Ok(Verdict {
            entry: Some(slot.entry),
            refusal,
            window,
            last_used_at,
            tenant: Arc::clone(&self.row),
            caller: judged.filter(|_| as_caller && refusal.is_none()).map(|judged| judged.caller),
        })
    }

    pub(in crate::tenant) fn unknown_key(&self) -> Verdict {
        Verdict {
            entry: None,
            refusal: Some(Refusal::InvalidKey),
            window: None,
            last_used_at: None,
            tenant: Arc::clone(&self.row),
            caller: None,
        }
    }

    /// Charges the windows and the quota of a key that nothing else refuses: both or neither.
    pub(in crate::tenant) fn spend(
        &mut self,
        slot: &Slot,
        presented: &Presented,
        refusal: &mut Option<Refusal>,
        now: i64,
    ) -> Result<Option<crate::rate_limits::State>, Need> {
        let key = &slot.entry.key;
        let limited = [key.limits.per_minute, key.limits.per_hour, key.limits.per_day];
        if limited.iter().all(Option::is_none) && !key.has_quota {
            return Ok(None);
        }
        let windows_max = self.shared.limits.rate_windows_max;
        let windows =
            limited.iter().any(Option::is_some).then(|| self.windows.of(key.id, windows_max, now));
        let mut state = match windows {
            Some(Some(windows)) => windows.tightest(&key.limits, now),
            // No room for the windows of one more key: it is refused, not let through uncounted.
            Some(None) => {
                *refusal = refusal.or(Some(Refusal::RateLimitExceeded));
                return Ok(None);
            }
            None => None,
        };
        if refusal.is_some() {
            return Ok(state);
        }
        if state.is_some_and(|state| state.remaining == 0) {
            *refusal = Some(Refusal::RateLimitExceeded);
            return Ok(state);
        }
        if key.has_quota {
            match self.leases.peek(key.id, now) {
                Taken::Yes => {}
                Taken::Spent => {
                    *refusal = Some(Refusal::QuotaExceeded);
                    return Ok(state);
                }
                Taken::Unknown => return Err(Need::Lease(key.id)),
            }
        }
        if !presented.dry_run {
            self.leases.take(key.id);
            if let Some(windows) = self.windows.existing(key.id) {
                windows.charge(&key.limits, now);
                state = windows.tightest(&key.limits, now);
            }
        }
        Ok(state)
    }

    pub(in crate::tenant) fn used(&mut self, presented: &Presented, slot: &Slot, now: i64) {
        self.caches.touch(&presented.fingerprint, |slot| slot.last_used_at = Some(now));
        let uses = self.uses.entry(slot.entry.key.id).or_default();
        uses.total += 1;
        uses.first_used_at = uses.first_used_at.or(Some(now));
        uses.last_used_at = Some(now);
        uses.last_used_from = presented.client_ip.or(uses.last_used_from);
        self.schedule_flush();
    }

    pub(in crate::tenant) fn owner_active(&mut self, slot: &Slot) -> Result<bool, Need> {
        match slot.entry.key.owner {
            Owner::Tenant => Ok(true),
            Owner::User(user) => {
                let known = self.caches.user(user).ok_or(Need::User(user))?;
                Ok(known.is_some_and(|principal| principal.direct.active))
            }
            Owner::ServiceAccount(_) | Owner::Application(_) => Ok(false),
        }
    }
}

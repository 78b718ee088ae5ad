//! Answers from memory; what is missing is read once, and the question asked again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use latchkey_storage::StoreError;
use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::{ApiKeyId, TenantId, UserId};
use latchkey_storage::tables::{ApiKeyUsage, ApiKeysBySecret, Owner};

use super::actor::State;
use super::cache::{Judged, Known, Slot};
use super::effects::compile;
use super::group::Submitted;
use super::messages::{Fill, Judge, Lease, Mail, Need, Waiting};
use super::principals::{Direct, Principal};
use super::quota::{Taken, give_back, lease};
use super::rights::{Caller, Rights};
use super::tx::{Tx, Who};
use crate::api_keys::{KeyEntry, Presented, Refusal, Verdict, good_until, judge_row};
use crate::decisions::{Direct as Grants, Effective, Model, Question};
use crate::error::{Code, Error, Kind, Result};

impl State {
    /// Answers, or lets the message wait for what is missing.
    pub(super) fn answer(&mut self, message: Waiting) {
        let (need, message) = match message {
            Waiting::Validate(body, reply) => match self.validate(&body.presented, body.as_caller) {
                Ok(verdict) => return reply.send(Ok(verdict)),
                Err(_) if !body.may_read => return reply.send(Err(later())),
                Err(need) => (need, Waiting::Validate(body, reply)),
            },
            Waiting::ValidateMany(body, mut so_far, reply) => {
                match self.validate_rest(&body.0, &mut so_far) {
                    Ok(()) => return reply.send(Ok(so_far)),
                    Err(need) => (need, Waiting::ValidateMany(body, so_far, reply)),
                }
            }
            Waiting::Judge(body, reply) => match self.judge(&body) {
                Ok(rights) => return reply.send(Ok(rights)),
                Err(need) => (need, Waiting::Judge(body, reply)),
            },
        };
        if self.flights.wait(need, message) {
            self.fetch(need);
        }
    }

    fn validate_rest(&mut self, keys: &[Presented], so_far: &mut Vec<Verdict>) -> Result<(), Need> {
        for presented in keys.iter().skip(so_far.len()) {
            so_far.push(self.validate(presented, false)?);
        }
        Ok(())
    }

    fn validate(&mut self, presented: &Presented, as_caller: bool) -> Result<Verdict, Need> {
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

    fn unknown_key(&self) -> Verdict {
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
    fn spend(
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
        let windows = limited.iter().any(Option::is_some).then(|| self.windows.of(key.id, windows_max, now));
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

    fn used(&mut self, presented: &Presented, slot: &Slot, now: i64) {
        self.caches.touch(&presented.fingerprint, |slot| slot.last_used_at = Some(now));
        let uses = self.uses.entry(slot.entry.key.id).or_default();
        uses.total += 1;
        uses.first_used_at = uses.first_used_at.or(Some(now));
        uses.last_used_at = Some(now);
        uses.last_used_from = presented.client_ip.or(uses.last_used_from);
        self.schedule_flush();
    }

    fn owner_active(&mut self, slot: &Slot) -> Result<bool, Need> {
        match slot.entry.key.owner {
            Owner::Tenant => Ok(true),
            Owner::User(user) => {
                let known = self.caches.user(user).ok_or(Need::User(user))?;
                Ok(known.is_some_and(|principal| principal.direct.active))
            }
            Owner::ServiceAccount(_) | Owner::Application(_) => Ok(false),
        }
    }

    /// The rights of a key, from the cache or judged now.
    fn judged(&mut self, by: &Fingerprint, slot: &Slot, now: i64) -> Result<Judged, Need> {
        if let Some(judged) = slot.judged.as_ref().filter(|judged| judged.until_ms > now) {
            return Ok(judged.clone());
        }
        let (rights, until_ms) = self.rights_of_key(&slot.entry, now)?;
        let bits = rights.gateway();
        let star = |resource| {
            Question::new(resource, "any").is_ok_and(|question| rights.allows(&question))
        };
        let enters_all = self.id == TenantId::MASTER && star("tenants");
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

    fn rights_of_key(&mut self, entry: &Arc<KeyEntry>, now: i64) -> Result<(Rights, i64), Need> {
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
    fn rights_of_user(
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

    fn judge(&mut self, whose: &Judge) -> Result<Option<Rights>, Need> {
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

    fn model(&self) -> Result<Arc<Model>, Need> {
        self.model.clone().ok_or(Need::Model)
    }

    /// Starts the read that a message waits for.
    fn fetch(&mut self, need: Need) {
        let me = self.me.clone();
        let refused = match need {
            Need::Key(fingerprint) => self.shared.store.read_detached(self.id, move |view| {
                let _ = me.cast(Mail::Filled(need, read_key(view, fingerprint)));
            }),
            Need::User(user) => self.shared.store.read_detached(self.id, move |view| {
                let fill = Direct::load(view, user).map(Fill::User).map_err(|error| as_store_error(&error));
                let _ = me.cast(Mail::Filled(need, fill));
            }),
            Need::Model => self.shared.store.read_detached(self.id, move |view| {
                let fill = compile(view).map(|model| Fill::Model(Arc::new(model)));
                let _ = me.cast(Mail::Filled(need, fill.map_err(|error| as_store_error(&error))));
            }),
            Need::Lease(key) => {
                self.take_lease(key);
                Ok(())
            }
        };
        if let Err(error) = refused {
            self.fail(need, &error.into());
        }
    }

    /// A read has come back.
    pub(super) fn filled(&mut self, need: Need, fill: Result<Fill, StoreError>) {
        let flight = self.flights.land(&need);
        if flight.spoiled {
            self.flights.again(need, flight.waiting);
            return self.fetch(need);
        }
        let fill = match fill {
            Ok(fill) => fill,
            Err(error) => {
                fail_all(flight.waiting, &error.into());
                return self.rest_if_told();
            }
        };
        match (need, fill) {
            (Need::Key(fingerprint), Fill::Key(row)) => {
                let entry = row.map(|row| KeyEntry::new(row.0, row.1));
                self.caches.put_key(fingerprint, entry);
            }
            (Need::User(user), Fill::User(direct)) => {
                self.caches.put_user(user, direct.map(Principal::new));
            }
            (_, Fill::Model(model)) => self.model = Some(model),
            _ => {}
        }
        self.report_bytes();
        flight.waiting.into_iter().for_each(|message| self.answer(message));
        self.rest_if_told();
    }

    pub(super) fn leased(&mut self, key: ApiKeyId, lease: Result<Lease>) {
        let need = Need::Lease(key);
        match lease {
            Ok(lease) => {
                self.leases.add(key, lease);
                let flight = self.flights.land(&need);
                flight.waiting.into_iter().for_each(|message| self.answer(message));
            }
            Err(error) => self.fail(need, &error),
        }
        self.rest_if_told();
    }

    fn fail(&mut self, need: Need, error: &Error) {
        fail_all(self.flights.land(&need).waiting, error);
    }

    fn take_lease(&mut self, key: ApiKeyId) {
        let command = move |tx: &mut Tx<'_, '_>| lease(tx, key);
        let (job, answer) = Submitted::new(Who::system("quota"), command, None);
        self.pending.push_back(Box::new(job));
        self.start_group();
        let me = self.me.clone();
        tokio::spawn(async move {
            let lease = answer.await.unwrap_or_else(|_| Err(Error::unavailable("The tenant ended")));
            let _ = me.cast(Mail::Leased(key, lease));
        });
    }

    pub(super) fn give_leases_back(&mut self) {
        let left = self.leases.drain();
        if !left.is_empty() {
            self.put_by(move |tx| give_back(tx, &left));
        }
    }

    /// Writes down the uses that were collected.
    pub(super) fn flush(&mut self) {
        self.flush_scheduled = false;
        if self.uses.is_empty() {
            return;
        }
        let uses = std::mem::take(&mut self.uses);
        self.put_by(move |tx| {
            for (key, uses) in &uses {
                let written = tx.get::<ApiKeyUsage>(&(*key,))?.unwrap_or_default();
                tx.put::<ApiKeyUsage>(&(*key,), &uses.add_to(written));
            }
            Ok(())
        });
    }

    /// A command of the tenant's own, for whose answer nobody waits.
    fn put_by(&mut self, command: impl FnOnce(&mut Tx<'_, '_>) -> Result<()> + Send + 'static) {
        let (job, _) = Submitted::new(Who::system("tenant"), command, None);
        self.pending.push_back(Box::new(job));
        self.start_group();
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

fn read_key(
    view: &latchkey_storage::View<'_>,
    fingerprint: Fingerprint,
) -> Result<Fill, StoreError> {
    let Some(row) = view.get::<ApiKeysBySecret>(&(fingerprint,))? else {
        return Ok(Fill::Key(None));
    };
    let usage = view.get::<ApiKeyUsage>(&(row.key.id,))?.unwrap_or_default();
    Ok(Fill::Key(Some(Box::new((row, usage)))))
}

fn as_store_error(error: &Error) -> StoreError {
    let detail = error.cause_text().unwrap_or_else(|| error.message()).to_owned();
    StoreError::Io { doing: "reading what a request waits for", detail }
}

fn fail_all(waiting: Vec<Waiting>, error: &Error) {
    for message in waiting {
        match message {
            Waiting::Validate(_, reply) => reply.send(Err(error.clone())),
            Waiting::ValidateMany(_, _, reply) => reply.send(Err(error.clone())),
            Waiting::Judge(_, reply) => reply.send(Err(error.clone())),
        }
    }
}

/// The answer would need a read that the caller may not cause now.
fn later() -> Error {
    let message = "The address has made more requests than it may";
    Error::new(Kind::RateLimited, Code::RateLimitExceeded, message).retry_after(1)
}

fn cache_result(cache: &'static str, result: &'static str) {
    metrics::counter!("latchkey_cache_requests_total", "cache" => cache, "result" => result)
        .increment(1);
}

//! Quotas are leased: a durable commit takes a block out of what remains, the actor spends it in
//! memory. A crash forfeits the rest of a block and never grants more.

use hashbrown::HashMap;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{ApiKeyQuotas, Quota, QuotaInterval};

use super::messages::Lease;
use super::tx::Tx;
use crate::error::Result;

/// What the actor holds of its keys' quotas.
#[derive(Default)]
pub(crate) struct Leases {
    left: HashMap<ApiKeyId, u64>,
    /// Keys with nothing left, until their next refill in Unix milliseconds.
    spent: HashMap<ApiKeyId, i64>,
}

/// What taking one use gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    Spent,
    /// A lease must be taken first.
    Unknown,
}

impl Leases {
    /// Is there a use left? Nothing is taken.
    pub(crate) fn peek(&self, key: ApiKeyId, now_ms: i64) -> Taken {
        if self.left.get(&key).is_some_and(|left| *left > 0) {
            return Taken::Yes;
        }
        let spent = self.spent.get(&key).is_some_and(|again_at| *again_at > now_ms);
        if spent { Taken::Spent } else { Taken::Unknown }
    }

    /// Takes one use that [`Leases::peek`] has found.
    pub(crate) fn take(&mut self, key: ApiKeyId) {
        if let Some(left) = self.left.get_mut(&key) {
            *left = left.saturating_sub(1);
        }
    }

    pub(crate) fn left(&self, key: ApiKeyId) -> u64 {
        self.left.get(&key).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, key: ApiKeyId, lease: Lease) {
        if lease.granted == 0 {
            self.spent.insert(key, lease.again_at);
        } else {
            self.spent.remove(&key);
            *self.left.entry(key).or_default() += lease.granted;
        }
    }

    /// The quota was set anew: what was leased of the old one is over.
    pub(crate) fn forget(&mut self, key: ApiKeyId) {
        self.left.remove(&key);
        self.spent.remove(&key);
    }

    /// Everything that is left, to be given back.
    pub(crate) fn drain(&mut self) -> Vec<(ApiKeyId, u64)> {
        self.spent.clear();
        self.left.drain().filter(|(_, left)| *left > 0).collect()
    }
}

/// Takes a block out of a key's quota, after the refill that is due.
pub(crate) fn lease(tx: &mut Tx<'_, '_>, key: ApiKeyId) -> Result<Lease> {
    let Some(mut quota) = tx.get::<ApiKeyQuotas>(&(key,))? else {
        return Ok(Lease { granted: 0, again_at: i64::MAX });
    };
    refill(&mut quota, tx.now);
    let granted = block(&quota).min(quota.remaining);
    quota.remaining -= granted;
    tx.put::<ApiKeyQuotas>(&(key,), &quota);
    Ok(Lease { granted, again_at: next_refill(&quota).unwrap_or(i64::MAX) })
}

/// Gives back what was leased and not spent.
pub(crate) fn give_back(tx: &mut Tx<'_, '_>, left: &[(ApiKeyId, u64)]) -> Result<()> {
    for (key, left) in left {
        if let Some(mut quota) = tx.get::<ApiKeyQuotas>(&(*key,))? {
            quota.remaining = quota.remaining.saturating_add(*left);
            tx.put::<ApiKeyQuotas>(&(*key,), &quota);
        }
    }
    Ok(())
}

/// At most 1 % of the refill, 1 to 1,000.
fn block(quota: &Quota) -> u64 {
    let whole = quota.refill.map_or(quota.initial, |refill| refill.amount);
    (whole / 100).clamp(1, 1_000)
}

/// Fills the quota again when its calendar interval has passed.
pub fn refill(quota: &mut Quota, now_ms: i64) {
    if let (Some(refill), Some(at)) = (quota.refill, next_refill(quota))
        && at <= now_ms
    {
        quota.remaining = refill.amount;
        quota.refilled_at = now_ms;
    }
}

/// Unix milliseconds of the next midnight, or first of a month, in UTC.
pub fn next_refill(quota: &Quota) -> Option<i64> {
    let interval = quota.refill?.interval;
    let day =
        TimeZone::UTC.to_datetime(Timestamp::from_millisecond(quota.refilled_at).ok()?).date();
    let next = match interval {
        QuotaInterval::Daily => day.checked_add(1.day()).ok()?,
        QuotaInterval::Monthly => {
            Date::new(day.year(), day.month(), 1).ok()?.checked_add(1.month()).ok()?
        }
    };
    Some(TimeZone::UTC.to_timestamp(next.to_datetime(Time::midnight())).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use latchkey_storage::tables::QuotaRefill;

    use super::*;

    const JAN_31: i64 = 1_769_860_800_000; // 2026-01-31T12:00:00Z

    fn quota(interval: QuotaInterval) -> Quota {
        let refill = Some(QuotaRefill { amount: 500, interval });
        Quota { remaining: 3, initial: 3, refill, refilled_at: JAN_31 }
    }

    #[test]
    fn refills_at_midnight_and_on_the_first() {
        for interval in [QuotaInterval::Daily, QuotaInterval::Monthly] {
            let mut quota = quota(interval);
            let at = next_refill(&quota).unwrap();
            assert_eq!(at, 1_769_904_000_000, "2026-02-01T00:00:00Z either way");
            refill(&mut quota, at - 1);
            assert_eq!(quota.remaining, 3);
            refill(&mut quota, at);
            assert_eq!(quota.remaining, 500);
        }
    }

    #[test]
    fn a_block_is_a_hundredth_within_its_bounds() {
        let sized = |initial| block(&Quota { remaining: 0, initial, refill: None, refilled_at: 0 });
        assert_eq!([sized(5), sized(700), sized(10_000_000)], [1, 7, 1_000]);
    }

    #[test]
    fn what_is_spent_stays_spent_until_the_refill() {
        let (mut leases, key) = (Leases::default(), ApiKeyId::new([1; 16]));
        assert_eq!(leases.peek(key, 0), Taken::Unknown);
        leases.add(key, Lease { granted: 1, again_at: 50 });
        assert_eq!(leases.peek(key, 0), Taken::Yes);
        leases.take(key);
        leases.add(key, Lease { granted: 0, again_at: 50 });
        assert_eq!(leases.peek(key, 49), Taken::Spent);
        assert_eq!(leases.peek(key, 50), Taken::Unknown);
    }
}

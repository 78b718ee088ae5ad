//! The window of each client address: for requests that no window of a key counts.

use std::net::IpAddr;

use hashbrown::HashMap;
use parking_lot::Mutex;

use super::{Ring, State};

/// Parts of the table, each with a lock of its own.
const SHARDS: usize = 64;

/// How many requests an address may make, and how many addresses are remembered.
#[derive(Clone, Copy, Debug)]
pub struct AddressLimit {
    pub requests_max: u32,
    pub window_s: u32,
    /// Addresses that are remembered at once; past it, unknown ones are refused.
    pub addresses_max: usize,
}

/// What became of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Counted; the state after it.
    Counted(State),
    /// Spent; nothing was counted.
    Spent(State),
}

/// Sliding windows by address: IPv4 whole, IPv6 by /64.
pub struct AddressLimiter {
    limit: AddressLimit,
    shards: Vec<Mutex<HashMap<u64, Ring>>>,
}

impl AddressLimiter {
    pub fn new(limit: AddressLimit) -> Self {
        Self { limit, shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Counts one request of an address, unless its window is spent.
    pub fn charge(&self, address: IpAddr, now_ms: i64) -> Charge {
        self.with(address, now_ms, |ring, limit| {
            let state = ring.state(limit.requests_max, limit.window_s, now_ms);
            if state.remaining == 0 {
                return Charge::Spent(state);
            }
            ring.charge(limit.window_s, now_ms);
            Charge::Counted(ring.state(limit.requests_max, limit.window_s, now_ms))
        })
    }

    /// The window of the address is spent; nothing is counted.
    pub fn is_spent(&self, address: IpAddr, now_ms: i64) -> bool {
        let AddressLimit { requests_max, window_s, .. } = self.limit;
        let number = number(address);
        let shard = self.shard(number).map(Mutex::lock);
        shard
            .and_then(|mut shard| {
                shard.get_mut(&number).map(|r| r.state(requests_max, window_s, now_ms))
            })
            .is_some_and(|state| state.remaining == 0)
    }

    fn with(
        &self,
        address: IpAddr,
        now_ms: i64,
        act: impl FnOnce(&mut Ring, &AddressLimit) -> Charge,
    ) -> Charge {
        let number = number(address);
        let Some(mut shard) = self.shard(number).map(Mutex::lock) else {
            return Charge::Spent(self.unknown(now_ms));
        };
        let room = (self.limit.addresses_max / SHARDS).max(1);
        if shard.len() >= room && !shard.contains_key(&number) {
            shard.retain(|_, r| r.empty_at(self.limit.window_s).is_some_and(|at| at > now_ms));
            if shard.len() >= room {
                return Charge::Spent(self.unknown(now_ms));
            }
        }
        act(shard.entry(number).or_default(), &self.limit)
    }

    fn shard(&self, number: u64) -> Option<&Mutex<HashMap<u64, Ring>>> {
        // The upper half of a product with a large odd number: neighbours land apart.
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
        self.shards.get(usize::try_from(spread).unwrap_or(0) % SHARDS)
    }

    /// What an address without a place in the table is told.
    fn unknown(&self, now_ms: i64) -> State {
        let AddressLimit { requests_max, window_s, .. } = self.limit;
        let later = now_ms + i64::from(window_s) * 1000;
        State { limit: requests_max, remaining: 0, window_s, free_at_ms: later, reset_at_ms: later }
    }
}

/// An IPv4 address, or the /64 of an IPv6 one (an IPv4 inside IPv6 is that IPv4).
fn number(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u64::from(u32::from(v4)),
        // No global /64 begins with 32 zero bits: the two kinds cannot meet.
        IpAddr::V6(v6) => u64::try_from(u128::from(v6) >> 64).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(requests_max: u32, addresses_max: usize) -> AddressLimiter {
        AddressLimiter::new(AddressLimit { requests_max, window_s: 60, addresses_max })
    }

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ipv6_counts_by_64_and_mapped_ipv4_as_itself() {
        let limiter = limiter(1, 1_000);
        assert!(matches!(limiter.charge(at("2001:db8::1"), 0), Charge::Counted(_)));
        assert!(matches!(limiter.charge(at("2001:db8::ffff:2"), 0), Charge::Spent(_)));
        assert!(matches!(limiter.charge(at("2001:db8:0:1::1"), 0), Charge::Counted(_)));
        assert!(matches!(limiter.charge(at("192.0.2.1"), 0), Charge::Counted(_)));
        assert!(matches!(limiter.charge(at("::ffff:192.0.2.1"), 0), Charge::Spent(_)));
        assert!(limiter.is_spent(at("192.0.2.1"), 0) && !limiter.is_spent(at("192.0.2.2"), 0));
    }

    #[test]
    fn concurrent_callers_never_get_more_than_the_limit() {
        let limiter = limiter(500, 1_000);
        let counted = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        if matches!(limiter.charge(at("192.0.2.1"), 5), Charge::Counted(_)) {
                            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(counted.into_inner(), 500);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_what_is_over() {
        let limiter = limiter(5, 64);
        let charged = |last: u16, now| {
            let [high, low] = last.to_be_bytes();
            let address = IpAddr::from([10, 0, high, low]);
            matches!(limiter.charge(address, now), Charge::Counted(_))
        };
        let first = (0..1000).filter(|&last| charged(last, 0)).count();
        assert!(first <= 64);
        let later = (1000..2000).filter(|&last| charged(last, 120_000)).count();
        assert!(later > 0 && later <= 64);
    }
}

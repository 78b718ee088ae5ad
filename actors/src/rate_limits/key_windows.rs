//! The windows of a tenant's keys. They stand apart from the cache and outlive its entries.

use hashbrown::HashMap;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::Limits;

use super::{Ring, State};

const MINUTE_S: u32 = 60;
const HOUR_S: u32 = 3_600;
const DAY_S: u32 = 86_400;

/// Up to three windows of one key.
#[derive(Clone, Default)]
pub struct KeyWindows {
    minute: Option<Ring>,
    hour: Option<Ring>,
    day: Option<Ring>,
}

impl KeyWindows {
    /// The window that leaves least, before anything is charged; none without limits.
    pub fn tightest(&mut self, limits: &Limits, now_ms: i64) -> Option<State> {
        let parts = self.parts(limits);
        let states = parts.into_iter().flatten();
        states.map(|(ring, limit, window_s)| ring.state(limit, window_s, now_ms)).min_by_key(
            |state| (state.remaining, std::cmp::Reverse(state.free_at_ms), state.window_s),
        )
    }

    /// Counts one request in each window.
    pub fn charge(&mut self, limits: &Limits, now_ms: i64) {
        for (ring, _, window_s) in self.parts(limits).into_iter().flatten() {
            ring.charge(window_s, now_ms);
        }
    }

    /// Requests in the last minute, hour and day, where there is a window for it.
    pub fn counts(&mut self, now_ms: i64) -> [Option<u32>; 3] {
        let count = |ring: &mut Option<Ring>, s| ring.as_mut().map(|ring| ring.count(s, now_ms));
        [
            count(&mut self.minute, MINUTE_S),
            count(&mut self.hour, HOUR_S),
            count(&mut self.day, DAY_S),
        ]
    }

    /// No window holds anything any more.
    fn is_over(&self, now_ms: i64) -> bool {
        [(&self.minute, MINUTE_S), (&self.hour, HOUR_S), (&self.day, DAY_S)].into_iter().all(
            |(ring, s)| {
                ring.as_ref().and_then(|ring| ring.empty_at(s)).is_none_or(|at| at <= now_ms)
            },
        )
    }

    fn parts(&mut self, limits: &Limits) -> [Option<(&mut Ring, u32, u32)>; 3] {
        let part = |ring: &mut Option<Ring>, limit: Option<u32>| {
            if limit.is_some() && ring.is_none() {
                *ring = Some(Ring::default());
            }
        };
        part(&mut self.minute, limits.per_minute);
        part(&mut self.hour, limits.per_hour);
        part(&mut self.day, limits.per_day);
        [
            limits.per_minute.and_then(|l| self.minute.as_mut().map(|ring| (ring, l, MINUTE_S))),
            limits.per_hour.and_then(|l| self.hour.as_mut().map(|ring| (ring, l, HOUR_S))),
            limits.per_day.and_then(|l| self.day.as_mut().map(|ring| (ring, l, DAY_S))),
        ]
    }
}

/// All windows of one tenant, at most `windows_max`.
#[derive(Default)]
pub struct WindowTable {
    by_key: HashMap<ApiKeyId, KeyWindows>,
}

impl WindowTable {
    /// The windows of a key; none when there is no room for another.
    pub fn of(
        &mut self,
        key: ApiKeyId,
        windows_max: usize,
        now_ms: i64,
    ) -> Option<&mut KeyWindows> {
        if !self.by_key.contains_key(&key) && self.by_key.len() >= windows_max {
            self.drop_what_is_over(now_ms);
            if self.by_key.len() >= windows_max {
                return None;
            }
        }
        Some(self.by_key.entry(key).or_default())
    }

    /// The windows of a key, if it has any.
    pub fn existing(&mut self, key: ApiKeyId) -> Option<&mut KeyWindows> {
        self.by_key.get_mut(&key)
    }

    /// Forgets windows that hold nothing.
    pub fn drop_what_is_over(&mut self, now_ms: i64) {
        self.by_key.retain(|_, windows| !windows.is_over(now_ms));
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub fn len(&self) -> usize {
        self.by_key.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_minute: Option<u32>, per_hour: Option<u32>) -> Limits {
        Limits { per_minute, per_hour, ..Limits::default() }
    }

    #[test]
    fn the_tightest_window_speaks() {
        let mut windows = KeyWindows::default();
        let both = limits(Some(5), Some(3));
        for _ in 0..3 {
            windows.charge(&both, 0);
        }
        let state = windows.tightest(&both, 0).unwrap();
        assert_eq!((state.limit, state.remaining, state.window_s), (3, 0, HOUR_S));
        assert_eq!(windows.counts(0), [Some(3), Some(3), None]);
        assert_eq!(windows.tightest(&Limits::default(), 0), None);
    }

    #[test]
    fn a_full_table_makes_room_only_by_what_is_over() {
        let mut table = WindowTable::default();
        let (a, b) = (ApiKeyId::new([1; 16]), ApiKeyId::new([2; 16]));
        table.of(a, 1, 0).unwrap().charge(&limits(Some(1), None), 0);
        assert!(table.of(b, 1, 30_000).is_none());
        assert!(table.of(b, 1, 62_000).is_some());
        assert_eq!(table.len(), 1);
    }
}

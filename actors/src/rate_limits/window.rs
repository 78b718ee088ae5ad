//! One sliding window: 64 sub-windows, and the one that is being filled.
//!
//! The partial oldest sub-window counts in full, so no window of the stated length ever holds
//! more than the limit, and a place is free again at most 1/64 of the window late.

/// Into how many sub-windows a window is cut.
const CUTS: i64 = 64;
/// Sub-windows that a window can touch: one more than it is cut into.
const SLOTS: usize = 65;

/// Counts requests over a window of fixed length.
#[derive(Clone)]
pub struct Ring {
    slots: Box<[u32; SLOTS]>,
    /// Number of the sub-window that is being filled, counted from the epoch.
    newest: i64,
    total: u32,
}

/// What a window says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub limit: u32,
    pub remaining: u32,
    /// Length of the window, in seconds.
    pub window_s: u32,
    /// Unix milliseconds when a place is free again; the moment asked about, when one is.
    pub free_at_ms: i64,
    /// Unix milliseconds when the window is empty if nothing more comes.
    pub reset_at_ms: i64,
}

impl Default for Ring {
    fn default() -> Self {
        Self { slots: Box::new([0; SLOTS]), newest: 0, total: 0 }
    }
}

impl Ring {
    /// How the window stands at a moment, before anything is charged.
    pub fn state(&mut self, limit: u32, window_s: u32, now_ms: i64) -> State {
        self.roll(window_s, now_ms);
        let remaining = limit.saturating_sub(self.total);
        State {
            limit,
            remaining,
            window_s,
            free_at_ms: if remaining > 0 { now_ms } else { self.free_at(limit, window_s) },
            reset_at_ms: self.empty_at(window_s).unwrap_or(now_ms),
        }
    }

    /// Counts one request. Call it only when [`Ring::state`] has just left a place.
    pub fn charge(&mut self, window_s: u32, now_ms: i64) {
        self.roll(window_s, now_ms);
        if let Some(slot) = self.slots.get_mut(place(self.newest)) {
            *slot = slot.saturating_add(1);
            self.total = self.total.saturating_add(1);
        }
    }

    /// Requests that the window holds.
    pub fn count(&mut self, window_s: u32, now_ms: i64) -> u32 {
        self.roll(window_s, now_ms);
        self.total
    }

    /// Unix milliseconds when the window is empty if nothing more comes; none when it is.
    pub fn empty_at(&self, window_s: u32) -> Option<i64> {
        let last = (0..=CUTS).map(|back| self.newest - back).find(|&at| self.slot(at) > 0)?;
        Some(leaves_at(last, window_s))
    }

    /// Drops the sub-windows that have left the window.
    ///
    /// A clock that goes back finds the newest sub-window where it was: nothing is forgotten.
    fn roll(&mut self, window_s: u32, now_ms: i64) {
        let current = now_ms.saturating_mul(CUTS).div_euclid(length_ms(window_s));
        for step in 1..=current.saturating_sub(self.newest).min(CUTS + 1) {
            if let Some(slot) = self.slots.get_mut(place(self.newest + step)) {
                self.total = self.total.saturating_sub(*slot);
                *slot = 0;
            }
        }
        self.newest = self.newest.max(current);
    }

    fn free_at(&self, limit: u32, window_s: u32) -> i64 {
        let mut must_leave = self.total.saturating_sub(limit).saturating_add(1);
        for at in (0..=CUTS).rev().map(|back| self.newest - back) {
            if self.slot(at) >= must_leave {
                return leaves_at(at, window_s);
            }
            must_leave -= self.slot(at);
        }
        leaves_at(self.newest, window_s)
    }

    fn slot(&self, number: i64) -> u32 {
        self.slots.get(place(number)).copied().unwrap_or(0)
    }
}

fn place(number: i64) -> usize {
    usize::try_from(number.rem_euclid(CUTS + 1)).unwrap_or(0)
}

fn length_ms(window_s: u32) -> i64 {
    i64::from(window_s.max(1)) * 1000
}

/// The first millisecond at which a sub-window no longer touches the window.
fn leaves_at(number: i64, window_s: u32) -> i64 {
    let scaled = (number + CUTS + 1).saturating_mul(length_ms(window_s));
    scaled.div_euclid(CUTS) + i64::from(scaled.rem_euclid(CUTS) > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Remembers every request: what a sliding window is, by definition.
    #[derive(Default)]
    struct Log(Vec<i64>);

    impl Log {
        fn held(&self, window_ms: i64, now: i64) -> usize {
            self.0.iter().filter(|&&at| at > now - window_ms).count()
        }
    }

    fn admit(ring: &mut Ring, limit: u32, window_s: u32, now: i64) -> bool {
        let free = ring.state(limit, window_s, now).remaining > 0;
        if free {
            ring.charge(window_s, now);
        }
        free
    }

    proptest! {
        #[test]
        fn never_admits_what_a_log_refuses_and_is_late_by_a_64th_at_most(
            limit in 1_u32..20,
            window_s in 1_u32..120,
            start in 0_i64..2_000_000_000_000,
            gaps in prop::collection::vec(0_i64..9_000, 1..300),
        ) {
            let (mut ring, mut log, mut now) = (Ring::default(), Log::default(), start);
            let window_ms = i64::from(window_s) * 1000;
            let late_ms = window_ms / CUTS + 1;
            for gap in gaps {
                now += gap;
                let held = log.held(window_ms, now);
                let held_with_lateness = log.held(window_ms + late_ms, now);
                let admitted = admit(&mut ring, limit, window_s, now);
                if admitted {
                    prop_assert!(held < limit as usize, "more than the limit in one window");
                    log.0.push(now);
                } else {
                    prop_assert!(held_with_lateness >= limit as usize, "refused for too long");
                }
            }
        }

        #[test]
        fn says_exactly_when_a_place_is_free_again(
            limit in 1_u32..6, window_s in 1_u32..90, start in 0_i64..2_000_000_000_000,
            gaps in prop::collection::vec(0_i64..4_000, 6..40),
        ) {
            let (mut ring, mut now) = (Ring::default(), start);
            for gap in gaps {
                now += gap;
                if !admit(&mut ring, limit, window_s, now) {
                    let free_at = ring.state(limit, window_s, now).free_at_ms;
                    prop_assert!(free_at > now);
                    prop_assert_eq!(ring.clone().state(limit, window_s, free_at - 1).remaining, 0);
                    prop_assert!(ring.clone().state(limit, window_s, free_at).remaining > 0);
                }
            }
        }
    }

    #[test]
    fn a_clock_that_goes_back_forgives_nothing() {
        let mut ring = Ring::default();
        assert!(admit(&mut ring, 1, 60, 1_000_000));
        assert!(!admit(&mut ring, 1, 60, 900_000));
        assert!(!admit(&mut ring, 1, 60, 1_030_000));
        assert!(admit(&mut ring, 1, 60, 1_061_000));
    }
}

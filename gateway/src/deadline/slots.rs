//! A slot a request: its stage and the tick at which that began, in one word, without a lock.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::Waker;

use super::Waits;

/// The slots of one connection, made 16 at a time as they are needed.
#[derive(Debug)]
pub(super) struct Slots {
    chunks: Box<[OnceLock<Box<[Slot]>>]>,
    chunk_len: usize,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The handler is at work.
    Handler = 1,
    /// The handler waits for the rest of the body.
    Body = 2,
}

/// A request's hold on its slot, with the word that it wrote there last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    index: usize,
    word: u64,
}

/// What a look at slots found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Review {
    /// The tick at which to look again.
    pub(super) due_ms: u64,
    /// A request that an earlier look found late is still there.
    pub(super) overdue: bool,
}

#[derive(Debug, Default)]
struct Slot {
    /// `FREE`, or the tick shifted by two and the stage below it.
    word: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

const CHUNK_LEN: usize = 16;
const FREE: u64 = 0;
const LATE: u64 = 3;
const STAGE: u64 = 3;

fn word(stage: Stage, since_ms: u64) -> u64 {
    since_ms << 2 | stage as u64
}

impl Slots {
    pub(super) fn new(slots_max: usize) -> Self {
        let chunk_len = slots_max.clamp(1, CHUNK_LEN);
        let chunks = (0..slots_max.max(1).div_ceil(chunk_len)).map(|_| OnceLock::new()).collect();
        Self { chunks, chunk_len }
    }

    /// Takes the first free slot for a handler that begins at a tick.
    pub(super) fn claim(&self, now_ms: u64) -> Option<Mark> {
        let word = word(Stage::Handler, now_ms);
        let slots = self.chunks.iter().flat_map(|chunk| {
            chunk.get_or_init(|| (0..self.chunk_len).map(|_| Slot::default()).collect()).iter()
        });
        slots
            .enumerate()
            .find(|(_, slot)| slot.word.compare_exchange(FREE, word, AcqRel, Relaxed).is_ok())
            .map(|(index, _)| Mark { index, word })
    }

    pub(super) fn release(&self, mark: Mark) {
        if let Some(slot) = self.get(mark) {
            slot.word.store(FREE, Release);
        }
    }

    /// Moves a request on. False when it was late; it may go on in its new stage all the same, to
    /// say so.
    pub(super) fn enter(&self, mark: &mut Mark, stage: Stage, now_ms: u64) -> bool {
        let Some(slot) = self.get(*mark) else { return false };
        let new = word(stage, now_ms);
        let was = slot.word.compare_exchange(mark.word, new, AcqRel, Acquire);
        // A body that outlives its request must not move the slot's next owner: the word tells.
        let late = mark.word | LATE;
        let moved = was.is_ok() || slot.word.compare_exchange(late, new, AcqRel, Acquire).is_ok();
        if moved {
            mark.word = new;
        }
        was.is_ok()
    }

    pub(super) fn is_late(&self, mark: Mark) -> bool {
        self.get(mark).is_some_and(|slot| slot.word.load(Acquire) & STAGE == LATE)
    }

    /// Whether the slot no longer holds what the mark wrote: late, or no longer the mark's.
    pub(super) fn has_run_out(&self, mark: Mark) -> bool {
        self.get(mark).is_none_or(|slot| slot.word.load(Acquire) != mark.word)
    }

    /// Keeps the waker for a request that is late. Ask [`is_late`](Self::is_late) after this, not
    /// before: the lock orders the two against [`review`](Self::review).
    pub(super) fn wake_when_late(&self, mark: Mark, waker: &Waker) {
        let Some(slot) = self.get(mark) else { return };
        let mut kept = slot.waker.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_mut() {
            Some(kept) => kept.clone_from(waker),
            None => *kept = Some(waker.clone()),
        }
    }

    /// Marks and wakes what is late.
    pub(super) fn review(&self, now_ms: u64, waits: &Waits) -> Review {
        let made = self.chunks.iter().filter_map(OnceLock::get).flatten();
        let none = Review { due_ms: now_ms + waits.handler_ms, overdue: false };
        made.map(|slot| slot.review(now_ms, waits)).fold(none, |all, one| Review {
            due_ms: all.due_ms.min(one.due_ms),
            overdue: all.overdue || one.overdue,
        })
    }

    fn get(&self, mark: Mark) -> Option<&Slot> {
        let chunk = self.chunks.get(mark.index / self.chunk_len)?.get()?;
        chunk.get(mark.index % self.chunk_len)
    }
}

impl Slot {
    fn review(&self, now_ms: u64, waits: &Waits) -> Review {
        let handler_due_ms = now_ms + waits.handler_ms;
        let word = self.word.load(Acquire);
        if word == FREE {
            return Review { due_ms: handler_due_ms, overdue: false };
        }
        let overdue = word & STAGE == LATE;
        let due_ms = (word >> 2) + Self::limit_ms(word, waits);
        if !overdue && due_ms > now_ms {
            // The handler's time may begin while the driver sleeps.
            return Review { due_ms: due_ms.min(handler_due_ms), overdue };
        }
        if self.word.compare_exchange(word, word | LATE, AcqRel, Relaxed).is_ok() {
            self.wake();
        }
        Review { due_ms: now_ms + waits.header_ms, overdue }
    }

    fn limit_ms(word: u64, waits: &Waits) -> u64 {
        if word & STAGE == Stage::Body as u64 { waits.body_ms } else { waits.handler_ms }
    }

    fn wake(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

//! The stages of a connection, on a clock that tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

const WAITS: Waits = Waits { header_ms: 10, body_ms: 20, handler_ms: 30, idle_ms: 100 };

fn watch(streams_max: Option<usize>) -> Watch {
    Watch::new(WAITS, Ticks::start(), streams_max)
}

async fn after(watch: &Watch, ms: u64) -> u64 {
    tokio::time::advance(Duration::from_millis(ms)).await;
    watch.tick()
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn at_rest_the_first_byte_of_a_head_begins_its_time() {
    let watch = watch(None);
    let begun = watch.tick();
    assert_eq!(watch.due_ms(begun), begun + 100);
    let now = after(&watch, 50).await;
    watch.received();
    assert_eq!(watch.due_ms(now), now + 10);
    after(&watch, 5).await;
    watch.received();
    assert_eq!(watch.review(watch.tick()), Finding::Next { due_ms: now + 10 });
    assert_eq!(watch.review(after(&watch, 5).await), Finding::HeaderLate);
}

#[tokio::test(start_paused = true)]
async fn with_many_streams_bytes_alone_begin_nothing() {
    let watch = watch(Some(4));
    let begun = watch.tick();
    watch.received();
    assert_eq!(watch.due_ms(begun), begun + 100);
    assert_eq!(watch.review(after(&watch, 100).await), Finding::Idle);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_taken_begins_the_idle_time_anew() {
    let watch = watch(None);
    assert_eq!(watch.due_ms(watch.tick()), 101);
    let now = after(&watch, 60).await;
    watch.sent();
    assert_eq!(watch.due_ms(now), now + 100);
}

#[tokio::test(start_paused = true)]
async fn a_late_request_is_marked_and_woken_once() {
    let watch = watch(Some(40));
    let woken = Arc::new(Woken::default());
    let waker = Arc::clone(&woken).into();
    let first = watch.claim().unwrap();
    after(&watch, 10).await;
    let second = watch.claim().unwrap();
    assert!(!watch.is_late(first, &waker) && !watch.is_late(second, &waker));

    let now = after(&watch, 20).await;
    watch.review(now);
    watch.review(now);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert!(watch.is_late(first, &waker) && !watch.is_late(second, &waker));
}

#[tokio::test(start_paused = true)]
async fn a_late_request_that_does_not_end_is_given_up_when_nothing_of_an_answer_is_taken() {
    let watch = watch(None);
    let _mark = watch.claim().unwrap();
    let now = after(&watch, 30).await;
    assert_eq!(watch.review(now), Finding::Next { due_ms: now + 10 });
    watch.sent();
    assert_eq!(watch.review(after(&watch, 9).await), Finding::Next { due_ms: now + 19 });
    assert_eq!(watch.review(after(&watch, 1).await), Finding::Idle);
}

#[tokio::test(start_paused = true)]
async fn the_body_has_its_own_time_and_the_handler_begins_anew_after_it() {
    let watch = watch(None);
    let mut mark = watch.claim().unwrap();
    after(&watch, 25).await;
    assert!(watch.enter(&mut mark, Stage::Body));
    let now = after(&watch, 15).await;
    assert_eq!(watch.review(now), Finding::Next { due_ms: now + 5 });
    assert!(watch.enter(&mut mark, Stage::Handler));
    assert_eq!(watch.review(now), Finding::Next { due_ms: now + 30 });
    assert!(watch.enter(&mut mark, Stage::Body));
    watch.review(after(&watch, 20).await);
    assert!(watch.has_run_out(mark));
    assert!(!watch.enter(&mut mark, Stage::Handler), "says that the body was late");
    assert!(!watch.is_late(mark, Waker::noop()), "and leaves time to answer so");
}

#[tokio::test(start_paused = true)]
async fn the_alarm_never_stands_behind_what_may_begin_while_the_driver_sleeps() {
    let waits = Waits { body_ms: 1_000, handler_ms: 30, ..WAITS };
    let watch = Watch::new(waits, Ticks::start(), Some(2));
    let mut mark = watch.claim().unwrap();
    let now = watch.tick();
    assert_eq!(watch.due_ms(now), now + 30);
    watch.enter(&mut mark, Stage::Body);
    assert_eq!(watch.review(now), Finding::Next { due_ms: now + 30 });
}

#[test]
fn slots_are_bounded_and_used_again() {
    let slots = Slots::new(40);
    let marks: Vec<_> = (0..48).map_while(|tick| slots.claim(tick)).collect();
    assert_eq!(marks.len(), 48, "whole chunks");
    assert_eq!(slots.claim(99), None);
    slots.release(marks[17]);
    assert!(slots.claim(99).is_some());
    assert_eq!(slots.claim(99), None);
}

#[test]
fn a_mark_that_is_over_does_not_move_the_slots_next_owner() {
    let slots = Slots::new(1);
    let mut old = slots.claim(1).unwrap();
    slots.release(old);
    let new = slots.claim(2).unwrap();
    assert!(!slots.enter(&mut old, Stage::Body, 3));
    assert!(slots.has_run_out(old) && !slots.has_run_out(new));
}

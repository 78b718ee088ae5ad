//! The local log: groups, versions, order, limits, refusals.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use latchkey_storage::batch::RecordError;
use latchkey_storage::{
    AppendError, CommitLog, Family, Feed, LocalLog, LogError, LogOptions, Op, Page, Record,
    SeededEntropy, Seq, Store, StoreError, Version, View,
};

use crate::harness::{Heard, Notes, Observed, World, buffered, master, note, small, start, tenant};

#[test]
fn a_committed_row_is_read_and_survives() {
    for options in [small(), buffered()] {
        let world = World::with(&options, LogOptions::default());
        assert_eq!(world.note(tenant(1), 1, "one"), Seq(1));
        assert_eq!(world.note(tenant(2), 1, "two"), Seq(2));
        assert_eq!(world.read_note(tenant(1), 1).as_deref(), Some("one"));
        let world = world.reopened().unwrap();
        assert_eq!(world.store.last_applied(), Seq(2));
        assert_eq!(world.store.view(tenant(1)).version().unwrap(), Version(1));
        assert_eq!(world.read_note(tenant(2), 1).as_deref(), Some("two"));
        assert_eq!(world.note(tenant(1), 1, "three"), Seq(3));
    }
}

#[test]
fn a_stale_record_is_refused_and_changes_nothing() {
    let world = World::new();
    let seq = world.note(tenant(1), 1, "first");
    let op = Op { family: Family::Rows, key: row(1), value: None };
    for prev in [Version(0), Version(seq.0 + 1)] {
        let stale = world.record(tenant(1), prev, vec![op.clone()]);
        let refused = world.log.append(stale).wait();
        assert_eq!(refused, Err(AppendError::Conflict { current: seq.into() }));
    }
    assert_eq!(world.read_note(tenant(1), 1).as_deref(), Some("first"));
    assert_eq!(world.store.last_applied(), seq);
    assert_eq!(world.heard.0.lock().unwrap().len(), 1);
}

fn row(key: u64) -> Vec<u8> {
    latchkey_storage::table::row_key::<Notes>(tenant(1), &(key,))
}

/// A feed that says when it hears a record, and goes on when it is told.
struct Gate {
    heard: Mutex<Sender<Seq>>,
    go_on: Mutex<Receiver<()>>,
}

impl Feed for Gate {
    fn applied(&self, seq: Seq, _: &Arc<Record>) {
        self.heard.lock().unwrap().send(seq).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
    }
}

/// A store whose committer stands still within the first batch until `go_on` is sent.
struct Held {
    world: World,
    heard: Receiver<Seq>,
    go_on: Sender<()>,
}

fn held(options: LogOptions) -> Held {
    let ((to_test, heard), (go_on, from_test)) = (channel(), channel());
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let path = dir.path().join("store");
    let store = Store::create(path, &small(), &master(), &SeededEntropy::new(1)).unwrap();
    let other = World::with(&small(), LogOptions::default());
    let gate = Gate { heard: Mutex::new(to_test), go_on: Mutex::new(from_test) };
    let log = start(&store, Arc::new(gate), Arc::new(Observed::default()), options);
    let world = World { log, store, dir, ..other };
    Held { world, heard, go_on }
}

fn put(world: &World, number: u128, prev: u64, text: &str) -> Record {
    let mut view = world.store.view(tenant(number));
    view.put::<Notes>(&(1,), &note(text));
    world.record(tenant(number), Version(prev), view.into_ops())
}

#[test]
fn the_feed_hears_before_the_waiter_and_the_row_is_there_already() {
    let Held { world, heard, go_on } = held(LogOptions::default());
    let mut answer = world.log.append(put(&world, 1, 0, "x"));
    assert_eq!(heard.recv(), Ok(Seq(1)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = Pin::new(&mut answer).poll(&mut context);
    assert!(polled.is_pending(), "the feed is still at work");
    assert_eq!(world.read_note(tenant(1), 1).as_deref(), Some("x"));
    go_on.send(()).unwrap();
    assert_eq!(answer.wait(), Ok(Seq(1)));
}

#[test]
fn a_full_queue_refuses_at_once_and_the_others_go_on() {
    let options = LogOptions { queue_records_max: 3, ..LogOptions::default() };
    let Held { world, heard, go_on } = held(options);
    let first = world.log.append(put(&world, 1, 0, "x"));
    assert_eq!(heard.recv(), Ok(Seq(1)));
    let waiting: Vec<_> = (2..5).map(|n| world.log.append(put(&world, n, 0, "x"))).collect();
    let refused = world.log.append(put(&world, 5, 0, "x")).wait();
    assert_eq!(refused, Err(AppendError::Full));
    drop(go_on);
    // The feed panics now that nobody tells it to go on: the committer ends.
    assert!(matches!(first.wait(), Err(AppendError::OutcomeUnknown(_))));
    for answer in waiting {
        assert!(matches!(answer.wait(), Err(AppendError::OutcomeUnknown(_))));
    }
    assert!(world.store.is_failed());
    let refused = world.log.append(put(&world, 6, 0, "x")).wait();
    assert_eq!(refused, Err(AppendError::ReadOnly));
}

#[test]
fn a_queue_bounds_its_bytes_but_takes_one_record_of_any_size() {
    let options = LogOptions { queue_bytes_max: 1000, ..LogOptions::default() };
    let Held { world, heard, go_on } = held(options);
    let long = "x".repeat(2000);
    let first = world.log.append(put(&world, 1, 0, &long));
    assert_eq!(heard.recv(), Ok(Seq(1)));
    let second = world.log.append(put(&world, 2, 0, &long));
    assert_eq!(world.log.append(put(&world, 3, 0, "x")).wait(), Err(AppendError::Full));
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    assert_eq!((first.wait(), second.wait()), (Ok(Seq(1)), Ok(Seq(2))));
}

#[test]
fn what_waits_becomes_one_batch_up_to_its_size() {
    let options = LogOptions { group_bytes_max: 1000, ..LogOptions::default() };
    let Held { world, heard, go_on } = held(options);
    let first = world.log.append(put(&world, 100, 0, "x"));
    assert_eq!(heard.recv(), Ok(Seq(1)));
    let waiting: Vec<_> = (0..20).map(|n| world.log.append(put(&world, n, 0, "x"))).collect();
    for _ in 0..21 {
        go_on.send(()).unwrap();
    }
    assert_eq!(first.wait(), Ok(Seq(1)));
    for (place, answer) in waiting.into_iter().enumerate() {
        assert_eq!(answer.wait(), Ok(Seq(place as u64 + 2)));
    }
}

#[test]
fn two_records_of_one_tenant_in_one_batch_follow_each_other() {
    let Held { world, heard, go_on } = held(LogOptions::default());
    let first = world.log.append(put(&world, 9, 0, "x"));
    assert_eq!(heard.recv(), Ok(Seq(1)));
    let good = world.log.append(put(&world, 1, 0, "kept"));
    let stale = world.log.append(put(&world, 1, 0, "stale"));
    let next = world.log.append(put(&world, 1, 2, "last"));
    for _ in 0..3 {
        go_on.send(()).unwrap();
    }
    assert_eq!((first.wait(), good.wait(), next.wait()), (Ok(Seq(1)), Ok(Seq(2)), Ok(Seq(3))));
    assert_eq!(stale.wait(), Err(AppendError::Conflict { current: Version(2) }));
    assert_eq!(world.read_note(tenant(1), 1).as_deref(), Some("last"));
}

#[test]
fn unfit_records_are_refused() {
    let world =
        World::with(&small(), LogOptions { record_bytes_max: 200, ..LogOptions::default() });
    let large = put(&world, 1, 0, &"x".repeat(200));
    let bytes = large.bytes();
    let refused = world.log.append(large).wait();
    assert_eq!(refused, Err(AppendError::TooLarge { bytes, bytes_max: 200 }));
    let op = Op { family: Family::Rows, key: row(1), value: None };
    let foreign = world.record(tenant(2), Version(0), vec![op]);
    let refused = world.log.append(foreign).wait();
    assert_eq!(refused, Err(AppendError::Malformed(RecordError::ForeignRow)));
    let mut changed = put(&world, 1, 0, "x");
    changed.schema += 1;
    let refused = world.log.append(changed).wait();
    assert_eq!(refused, Err(AppendError::Malformed(RecordError::Checksum)));
    assert_eq!(world.store.last_applied(), Seq(0));
    world.log.close();
    assert_eq!(world.log.append(put(&world, 1, 0, "x")).wait(), Err(AppendError::ReadOnly));
}

#[test]
fn a_store_has_one_log() {
    let world = World::new();
    let again = LocalLog::start(
        Arc::clone(&world.store),
        Arc::new(Heard::default()),
        LogOptions::default(),
        Arc::new(Observed::default()),
        Arc::new(|| 0),
    );
    assert!(matches!(again.err(), Some(StoreError::Io { .. })));
}

/// Writers of many tenants at once, some of them sharing one: every acknowledged record is there,
/// sequences are dense, the feed heard them in order, versions are those of the last record.
#[test]
fn concurrent_writers() {
    for options in [small(), buffered()] {
        let log = LogOptions { versions_max: 5, ..LogOptions::default() };
        concurrent(&World::with(&options, log));
    }
}

const WRITERS: u64 = 32;
const TENANTS: u64 = 12;
const RECORDS: u64 = 20;

fn concurrent(world: &World) {
    let begin = Barrier::new(32);
    let conflicts = AtomicU64::new(0);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (begin, conflicts) = (&begin, &conflicts);
            scope.spawn(move || {
                begin.wait();
                (0..RECORDS).for_each(|n| write(world, writer, n, conflicts));
            });
        }
    });
    let heard = world.heard.0.lock().unwrap();
    assert_eq!(heard.len() as u64, WRITERS * RECORDS);
    assert!(heard.iter().zip(1..).all(|((seq, _), place)| seq.0 == place), "dense and in order");
    for number in 0..TENANTS {
        let view = world.store.view(tenant(u128::from(number)));
        let last = heard.iter().rfind(|(_, record)| record.tenant == view.tenant()).unwrap().0;
        assert_eq!(view.version().unwrap(), last.into());
        let mut prev = Version(0);
        for (seq, record) in heard.iter().filter(|(_, record)| record.tenant == view.tenant()) {
            assert_eq!(record.prev, prev, "each record was computed on the one before");
            prev = (*seq).into();
        }
        let page = Page { after: None, skip: 0, limit: usize::MAX };
        let writers = (0..WRITERS).filter(|writer| writer % TENANTS == number).count();
        let rows = view.scan::<Notes>(&(), page).unwrap();
        assert_eq!(rows.len(), writers * usize::try_from(RECORDS).unwrap());
    }
    assert!(conflicts.load(Ordering::SeqCst) > 0, "writers of one tenant met");
    let batches = world.observed.batches.load(Ordering::SeqCst);
    assert_eq!(world.observed.records.load(Ordering::SeqCst), WRITERS * RECORDS);
    assert!(batches < WRITERS * RECORDS, "some shared a batch: {batches}");
}

/// Appends until no other writer of the tenant is in between.
fn write(world: &World, writer: u64, number: u64, conflicts: &AtomicU64) {
    let tenant = tenant(u128::from(writer % TENANTS));
    let key = writer * RECORDS + number;
    loop {
        match world.commit(tenant, |view| view.put::<Notes>(&(key,), &note(number))) {
            Ok(_) => break,
            Err(AppendError::Conflict { .. }) => drop(conflicts.fetch_add(1, Ordering::SeqCst)),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(world.read_note(tenant, key), Some(number.to_string()), "read your writes");
}

/// Waits for an answer as an asynchronous caller does.
fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn a_follower_sees_every_record_in_order() {
    let world = World::with(&small(), LogOptions { tail_records_max: 4, ..LogOptions::default() });
    let mut tail = world.log.tail(Seq(1)).unwrap();
    for number in 1..=3 {
        world.note(tenant(number), 1, "x");
    }
    for number in 1..=3 {
        let (seq, record) = block(tail.next()).unwrap();
        assert_eq!((seq.0, record.tenant), (number, tenant(u128::from(number))));
    }
    let (heard, appended) = block(async {
        tokio::join!(tail.next(), async { world.log.append(put(&world, 4, 0, "x")).await })
    });
    assert_eq!((heard.map(|(seq, _)| seq), appended), (Ok(Seq(4)), Ok(Seq(4))));
    for number in 5..=9 {
        world.note(tenant(number), 1, "x");
    }
    assert_eq!(world.log.bounds(), Seq(6)..Seq(10));
    let behind = block(tail.next()).map(drop);
    assert_eq!(behind, Err(LogError::Trimmed { from: Seq(5), first: Seq(6) }));
    let ahead = world.log.tail(Seq(11)).map(drop);
    assert_eq!(ahead, Err(LogError::Ahead { from: Seq(11), next: Seq(10) }));
    let mut tail = world.log.tail(Seq(10)).unwrap();
    let end = block(async { tokio::join!(tail.next(), async { world.log.close() }).0 });
    assert_eq!(end.map(drop), Err(LogError::Closed));
    assert_eq!(world.log.trim(Seq(3)), Ok(()));
}

#[test]
fn reads_run_on_readers_and_are_bounded() {
    let options = latchkey_storage::Options { readers_max: 1, reads_queued_max: 1, ..small() };
    let world = World::with(&options, LogOptions::default());
    world.note(tenant(1), 1, "x");
    let read = |view: &mut View<'_>| view.get::<Notes>(&(1,)).unwrap();
    assert_eq!(block(world.store.read(tenant(1), read)), Ok(Some(note("x"))));

    // A reader that panics takes nobody with it.
    let failed = block(world.store.read(tenant(1), |_| -> () { panic!("a reader fails") }));
    assert_eq!(failed, Err(StoreError::Abandoned));

    let ((begun, has_begun), (finish, may_finish)) = (channel(), channel::<()>());
    let held = world.store.read_detached(tenant(1), move |_| {
        begun.send(()).unwrap();
        let _ = may_finish.recv();
    });
    assert_eq!((held, has_begun.recv()), (Ok(()), Ok(())));
    let mut queued = Box::pin(world.store.read(tenant(1), read));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(queued.as_mut().poll(&mut context).is_pending());
    assert_eq!(block(world.store.read(tenant(1), read)), Err(StoreError::Busy));
    drop(finish);
    assert_eq!(block(queued), Ok(Some(note("x"))));
}

/// Commits two records and closes the log, with a clock that goes on by so much at every look.
fn log_syncs(options: &latchkey_storage::Options, tick_nanos: u64) -> (u64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(dir.path(), options, &master(), &SeededEntropy::new(1)).unwrap();
    let now = AtomicU64::new(0);
    let clock = Arc::new(move || now.fetch_add(tick_nanos, Ordering::SeqCst));
    let (feed, observer) = (Arc::new(Heard::default()), Arc::new(Observed::default()));
    let log =
        LocalLog::start(Arc::clone(&store), feed, LogOptions::default(), observer, clock).unwrap();
    for number in 1..=2 {
        let mut view = store.view(tenant(number));
        view.put::<Notes>(&(1,), &note("x"));
        let id = latchkey_storage::id::TransactionId::new(number.to_be_bytes());
        let record = Record::new(id, tenant(number), Version(0), 0, 0, view.into_ops());
        log.append(record).wait().unwrap();
    }
    let before = store.estimates().unwrap().log_syncs;
    log.close();
    (before, store.estimates().unwrap().log_syncs)
}

#[test]
fn buffered_writes_are_synced_when_they_are_due_and_at_the_end() {
    // Always due: the first record was synced before the second one was taken.
    let (before, after) = log_syncs(&buffered(), 1_000_000_000);
    assert!(before >= 1 && after == 2, "{before} {after}");
    // Never due: once, at the end.
    assert_eq!(log_syncs(&buffered(), 0), (0, 1));
    assert_eq!(log_syncs(&small(), 1_000_000_000), (0, 0));
}

/// The same history in one batch or in many ends in the same state.
#[test]
fn a_history_gives_the_same_rows_however_it_is_grouped() {
    let one_by_one = World::new();
    for number in 1..=5 {
        one_by_one.note(tenant(number), 1, "x");
    }
    let Held { world, heard, go_on } = held(LogOptions::default());
    (0..5).for_each(|_| go_on.send(()).unwrap());
    let answers: Vec<_> = (1..=5).map(|n| world.log.append(put(&world, n, 0, "x"))).collect();
    assert_eq!(
        answers.into_iter().map(|it| it.wait().unwrap().0).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    assert_eq!(heard.iter().take(5).count(), 5);
    assert_eq!(world.store.digest().unwrap(), one_by_one.store.digest().unwrap());
    one_by_one.note(tenant(1), 1, "y");
    assert_ne!(world.store.digest().unwrap(), one_by_one.store.digest().unwrap());
}

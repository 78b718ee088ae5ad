//! Damaged logs, on real files: a torn tail starts, anything else that lost a record does not.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use latchkey_storage::journal::wal;
use latchkey_storage::{LogOptions, Seq, Store, StoreError};
use tempfile::TempDir;

use crate::harness::{Notes, World, buffered, copy_folder, log_files, master, note, small, tenant};

/// The folder of a store that crashed, and how long its log was after each record.
struct Crashed {
    dir: TempDir,
    lengths: Vec<usize>,
    log: Vec<u8>,
}

/// Writes notes of these sizes, and takes the folder as it is while the store is open.
fn crashed(sizes: &[usize]) -> Crashed {
    let world = World::new();
    let path = world.path();
    let file = log_files(&path).pop().unwrap();
    let lengths = sizes.iter().zip(1..).map(|(size, number)| {
        let text: String = ('a'..='w').cycle().take(*size).collect();
        assert_eq!(world.note(tenant(number), 1, &text), Seq(u64::try_from(number).unwrap()));
        usize::try_from(fs::metadata(&file).unwrap().len()).unwrap()
    });
    let lengths = lengths.collect();
    let dir = tempfile::tempdir().unwrap();
    copy_folder(&path, &dir.path().join("store"));
    let log = fs::read(log_files(&dir.path().join("store")).pop().unwrap()).unwrap();
    Crashed { dir, lengths, log }
}

impl Crashed {
    fn path(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// A copy of the folder with another log.
    fn with_log(&self, log: &[u8]) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.path(), copy.path());
        fs::write(log_files(copy.path()).pop().unwrap(), log).unwrap();
        copy
    }

    /// The records that lie whole within so many bytes.
    fn whole(&self, bytes: usize) -> u64 {
        self.lengths.iter().filter(|length| **length <= bytes).count() as u64
    }
}

fn is_damage<T>(result: Result<T, StoreError>) -> bool {
    matches!(result.err(), Some(StoreError::Corrupt(_)))
}

/// What opening a folder finds: the last record, after every record up to it was read.
fn open(path: &Path) -> Result<u64, StoreError> {
    let store = Store::open(path, &small(), &master())?;
    let last = store.last_applied().0;
    for number in 1..=u128::from(last) {
        let view = store.view(tenant(number));
        assert!(view.get::<Notes>(&(1,)).unwrap().is_some(), "record {number} of {last}");
        assert_eq!(u128::from(view.version().unwrap().0), number);
    }
    assert!(store.view(tenant(u128::from(last) + 1)).get::<Notes>(&(1,)).unwrap().is_none());
    Ok(last)
}

/// Checks a log alone, in a file of its own.
struct Scratch(TempDir);

impl Scratch {
    fn check(&self, log: &[u8]) -> (Result<Seq, StoreError>, usize) {
        let file = self.0.path().join("000009.log");
        fs::write(&file, log).unwrap();
        let end = wal::check(self.0.path(), 0, Seq(0));
        (end, usize::try_from(fs::metadata(file).unwrap().len()).unwrap())
    }

    /// Checks the log that was checked last with one byte changed, and changes it back.
    fn flipped(&self, log: &[u8], at: usize, flip: u8) -> Result<Seq, StoreError> {
        let file = OpenOptions::new().write(true).open(self.0.path().join("000009.log")).unwrap();
        let place = u64::try_from(at).unwrap();
        file.write_all_at(&[log[at] ^ flip], place).unwrap();
        let result = wal::check(self.0.path(), 0, Seq(0));
        assert_eq!(file.metadata().unwrap().len(), log.len() as u64, "damage is left as it is");
        file.write_all_at(&log[at..=at], place).unwrap();
        result
    }
}

fn scratch() -> Scratch {
    Scratch(tempfile::tempdir().unwrap())
}

/// Records small and large: some cross a block, one spans several.
const SIZES: [usize; 14] =
    [10, 200, 31_000, 900, 5, 33_000, 100_000, 1, 2_000, 29_500, 3_000, 4_000, 70_000, 20];

#[test]
fn every_flipped_byte_of_a_log_is_damage() {
    let crashed = crashed(&[10, 300, 20, 600, 40]);
    let scratch = scratch();
    assert_eq!(scratch.check(&crashed.log).0, Ok(Seq(5)));
    for at in 0..crashed.log.len() {
        for flip in [1, 4, 0x80, 0xFF] {
            let result = scratch.flipped(&crashed.log, at, flip);
            assert!(is_damage(result), "byte {at} flipped by {flip:#x}");
        }
    }
    assert_eq!(scratch.check(&crashed.log).0, Ok(Seq(5)));
}

#[test]
fn flipped_bytes_of_a_log_of_many_blocks_are_damage() {
    let crashed = crashed(&SIZES);
    let scratch = scratch();
    assert_eq!(scratch.check(&crashed.log).0, Ok(Seq(14)));
    // The borders of blocks, the ends of records, and places in between.
    let borders = (0..crashed.log.len()).step_by(32 * 1024);
    let near =
        borders.chain(crashed.lengths.iter().copied()).flat_map(|at| at.saturating_sub(9)..at + 9);
    let places = near.chain((0..crashed.log.len()).step_by(4999));
    for at in places.filter(|at| *at < crashed.log.len()) {
        for flip in [1, 0x10, 0xFF] {
            let result = scratch.flipped(&crashed.log, at, flip);
            assert!(is_damage(result), "byte {at} flipped by {flip:#x}");
        }
    }
}

#[test]
fn a_store_with_a_flipped_byte_in_its_log_does_not_start() {
    let crashed = crashed(&SIZES);
    assert_eq!(open(crashed.with_log(&crashed.log).path()), Ok(14));
    let in_the_middle = crashed.lengths[11];
    for at in (0..in_the_middle).step_by(in_the_middle / 20).chain([0, 4, 5, 6, 7]) {
        let mut log = crashed.log.clone();
        log[at] ^= 4;
        let copy = crashed.with_log(&log);
        let refused = Store::open(copy.path(), &small(), &master());
        let shown = refused.as_ref().err().map(ToString::to_string);
        assert!(is_damage(refused), "byte {at}");
        assert!(shown.unwrap().contains(".log"), "the file is named");
        assert_eq!(fs::read(log_files(copy.path()).pop().unwrap()).unwrap(), log);
    }
}

#[test]
fn a_log_torn_at_any_byte_ends_with_the_last_whole_record() {
    let crashed = crashed(&[10, 300, 20, 600, 40]);
    let scratch = scratch();
    // Every byte of the first records, then every few.
    let lengths = (0..500).chain((500..crashed.log.len()).step_by(11));
    for length in lengths.chain(crashed.lengths.iter().copied()) {
        let whole = crashed.whole(length);
        let torn = &crashed.log[..length];
        let (result, kept) = scratch.check(torn);
        assert_eq!(result, Ok(Seq(whole)), "torn at {length}");
        assert!(kept <= length && crashed.whole(kept) == whole, "cut to a border");
        if length % 5 == 0 {
            // The file had grown, its bytes had not arrived.
            let (result, kept) = scratch.check(&[torn, &[0; 3000]].concat());
            assert_eq!(result, Ok(Seq(whole)), "zeros from {length} on");
            assert!(kept <= length + 3000);
        }
    }
}

#[test]
fn a_store_with_a_torn_log_starts_and_goes_on() {
    let crashed = crashed(&SIZES);
    let mut places: Vec<usize> = (0..crashed.log.len()).step_by(crashed.log.len() / 12).collect();
    for end in [crashed.lengths[5], crashed.lengths[6], crashed.lengths[13]] {
        places.extend([end - 1, end, end + 1, end + 6, end + 7, end + 8]);
    }
    for length in places.into_iter().filter(|length| *length <= crashed.log.len()) {
        let copy = crashed.with_log(&crashed.log[..length]);
        let whole = crashed.whole(length);
        assert_eq!(open(copy.path()), Ok(whole), "torn at {length}");
        let store = Store::open(copy.path(), &small(), &master()).unwrap();
        let world = World::over(copy.into(), store, LogOptions::default());
        assert_eq!(world.note(tenant(99), 1, "on"), Seq(whole + 1));
    }
}

#[test]
fn a_log_that_grew_without_its_bytes_starts() {
    let crashed = crashed(&[10, 300, 20, 5000]);
    // The last record up to a sector's border, then zeros in place of the rest.
    for border in [crashed.lengths[2].next_multiple_of(512), crashed.lengths[2] + 1024] {
        let border = border.next_multiple_of(512);
        let mut log = crashed.log.clone();
        log[border..].fill(0);
        assert_eq!(open(crashed.with_log(&log).path()), Ok(3));
    }
    // Zeros in place of a record that is not the last are damage.
    let mut log = crashed.log.clone();
    log[crashed.lengths[0]..crashed.lengths[1]].fill(0);
    assert!(is_damage(open(crashed.with_log(&log).path())));
}

/// A store that crashed, was opened and crashed again: two folders, and the log of each.
fn crashed_twice() -> (Crashed, PathBuf, TempDir, PathBuf) {
    let first = crashed(&[10, 20, 30]);
    let again = tempfile::tempdir().unwrap();
    copy_folder(&first.path(), again.path());
    let store = Store::open(again.path(), &small(), &master()).unwrap();
    let world = World::over(again.into(), store, LogOptions::default());
    for number in 4..=6 {
        world.note(tenant(number), 1, "later");
    }
    let second = tempfile::tempdir().unwrap();
    copy_folder(world.dir.path(), second.path());
    let old = log_files(&first.path()).pop().unwrap();
    let new = log_files(second.path()).pop().unwrap();
    assert_ne!(old.file_name(), new.file_name());
    (first, old, second, new)
}

fn copy_into(file: &Path, folder: &Path) -> PathBuf {
    let to = folder.join(file.file_name().unwrap());
    fs::copy(file, &to).unwrap();
    to
}

#[test]
fn a_log_file_that_is_not_needed_any_more_changes_nothing() {
    let (_first, old, second, _) = crashed_twice();
    assert_eq!(open(second.path()), Ok(6));
    copy_into(&old, second.path());
    assert_eq!(open(second.path()), Ok(6));
    let stale = copy_into(&old, second.path());
    OpenOptions::new().write(true).open(&stale).unwrap().set_len(100).unwrap();
    assert_eq!(open(second.path()), Ok(6));
}

#[test]
fn a_missing_log_file_is_damage() {
    let (first, old, _second, new) = crashed_twice();
    // The tables hold nothing yet, and the log begins with the fourth record.
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&first.path(), copy.path());
    fs::remove_file(copy.path().join(old.file_name().unwrap())).unwrap();
    copy_into(&new, copy.path());
    let refused = Store::open(copy.path(), &small(), &master()).err().unwrap();
    assert!(refused.to_string().contains("some are missing"), "{refused}");
    // Both files, but the older one ends a record too early.
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&first.path(), copy.path());
    copy_into(&new, copy.path());
    let older = copy.path().join(old.file_name().unwrap());
    let cut = u64::try_from(first.lengths[1]).unwrap();
    OpenOptions::new().write(true).open(older).unwrap().set_len(cut).unwrap();
    assert!(is_damage(open(copy.path())));
    // Both files as they were.
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&first.path(), copy.path());
    copy_into(&new, copy.path());
    assert_eq!(open(copy.path()), Ok(6));
}

#[test]
fn a_buffered_store_loses_nothing_when_its_process_ends() {
    let world = World::with(&buffered(), LogOptions::default());
    for number in 1..=50 {
        world.commit(tenant(number), |view| view.put::<Notes>(&(1,), &note(number))).unwrap();
    }
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&world.path(), copy.path());
    assert_eq!(open(copy.path()), Ok(50));
}

//! Creating, opening, backing up, restoring and verifying a store.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use latchkey_storage::store::CORRUPT_LISTED_MAX;
use latchkey_storage::{
    CommitLog, Family, LogOptions, MasterKey, Op, Options, SeededEntropy, Seq, Store, StoreError,
    Version, restore,
};

use crate::harness::{Notes, Trail, World, catalogue, master, note, retired, small, tenant};

fn open(path: &Path) -> Result<Arc<Store>, StoreError> {
    Store::open(path, &small(), &master())
}

fn create(path: &Path) -> Result<Arc<Store>, StoreError> {
    Store::create(path, &small(), &master(), &SeededEntropy::new(1))
}

#[test]
fn a_folder_without_a_store_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert_eq!(open(&missing).err(), Some(StoreError::NotInitialised(missing.clone())));
    assert!(!missing.exists(), "opening makes nothing");
    let empty = dir.path().to_owned();
    assert_eq!(open(&empty).err(), Some(StoreError::NotInitialised(empty)));
}

#[test]
fn a_store_is_created_once_and_used_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path()).unwrap();
    let locked = Some(StoreError::Locked(dir.path().to_owned()));
    assert_eq!(open(dir.path()).err(), locked);
    assert_eq!(create(dir.path()).err(), locked);
    drop(store);
    let exists = Some(StoreError::AlreadyInitialised(dir.path().to_owned()));
    assert_eq!(create(dir.path()).err(), exists);
    assert!(open(dir.path()).is_ok());
}

#[test]
fn a_creation_that_was_cut_short_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = rocksdb::Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    for families in [vec![], vec!["rows", "instance"]] {
        drop(rocksdb::DB::open_cf(&options, dir.path(), families).unwrap());
        let none = Some(StoreError::NotInitialised(dir.path().to_owned()));
        assert_eq!(open(dir.path()).err(), none);
    }
    drop(create(dir.path()).unwrap());
    assert!(open(dir.path()).is_ok());
}

#[test]
fn another_master_key_opens_nothing() {
    let world = World::new();
    world.note(tenant(1), 1, "x");
    let dir = world.shut();
    let path = dir.path().join("store");
    let wrong = Store::open(&path, &small(), &MasterKey::new([8; 32])).err();
    assert_eq!(wrong, Some(StoreError::WrongMasterKey));
    assert_eq!(open(&path).unwrap().last_applied(), Seq(1));
}

#[test]
fn the_pepper_is_kept_and_is_the_stores_own() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let store = create(&one).unwrap();
    let fingerprint = store.fingerprint(b"secret");
    assert_ne!(fingerprint, store.fingerprint(b"secreu"));
    drop(store);
    assert_eq!(open(&one).unwrap().fingerprint(b"secret"), fingerprint);
    let other = Store::create(&two, &small(), &master(), &SeededEntropy::new(2)).unwrap();
    assert_ne!(other.fingerprint(b"secret"), fingerprint, "same master key, another pepper");
}

/// Writes a row of the instance behind the store's back.
fn write_instance_row(path: &Path, name: &str, value: &[u8]) {
    let options = rocksdb::Options::default();
    let families = rocksdb::DB::list_cf(&options, path).unwrap();
    let db = rocksdb::DB::open_cf(&options, path, families).unwrap();
    let family = db.cf_handle("instance").unwrap();
    db.put_cf(family, name, value).unwrap();
    db.flush_cf(family).unwrap();
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()).unwrap());
    write_instance_row(dir.path(), "format", &2_u32.to_be_bytes());
    let newer = StoreError::Newer { found: 2, supported: 1 };
    assert_eq!(open(dir.path()).err(), Some(newer.clone()));
    assert_eq!(create(dir.path()).err(), Some(newer));
    write_instance_row(dir.path(), "format", &1_u32.to_be_bytes());
    assert!(open(dir.path()).is_ok());
}

#[test]
fn damaged_rows_of_the_instance_are_damage() {
    for (name, value) in
        [("format", &[1][..]), ("applied", &[1, 2]), ("pepper", &[1, 9]), ("check", &[9])]
    {
        let dir = tempfile::tempdir().unwrap();
        drop(create(dir.path()).unwrap());
        write_instance_row(dir.path(), name, value);
        let refused = open(dir.path()).err().unwrap();
        assert!(
            matches!(&refused, StoreError::Corrupt(corrupt) if corrupt.reason.contains(name)),
            "{refused}"
        );
    }
}

#[test]
fn a_backup_of_a_running_store_is_restored() {
    let world = World::new();
    world.note(tenant(1), 1, "in the backup");
    let backup = world.dir.path().join("backup");
    world.store.checkpoint(&backup).unwrap();
    world.note(tenant(1), 1, "after the backup");
    assert_eq!(world.store.checkpoint(&backup), Err(StoreError::NotEmpty(backup.clone())));

    let restored = world.dir.path().join("restored");
    restore(&backup, &restored).unwrap();
    assert_eq!(restore(&backup, &restored), Err(StoreError::NotEmpty(restored.clone())));
    let store = open(&restored).unwrap();
    assert_eq!(store.fingerprint(b"secret"), world.store.fingerprint(b"secret"));
    let copy = World::over(Arc::clone(&world.dir), store, LogOptions::default());
    assert_eq!(copy.read_note(tenant(1), 1).as_deref(), Some("in the backup"));
    assert_eq!(copy.note(tenant(1), 1, "goes on"), Seq(2));
    assert_eq!(world.read_note(tenant(1), 1).as_deref(), Some("after the backup"));

    let nothing = world.dir.path().join("nothing");
    let none = Err(StoreError::NotInitialised(nothing.clone()));
    assert_eq!(restore(&nothing, &world.dir.path().join("elsewhere")), none);
    let running = Err(StoreError::Locked(world.path()));
    assert_eq!(restore(&world.path(), &world.dir.path().join("elsewhere")), running);
}

#[test]
fn a_backup_taken_while_writers_write_is_whole() {
    let world = World::new();
    let backup = world.dir.path().join("backup");
    std::thread::scope(|scope| {
        for number in 1..=4 {
            let world = &world;
            scope.spawn(move || {
                for key in 0..100 {
                    world
                        .commit(tenant(number), |view| {
                            view.put::<Notes>(&(key,), &note(key));
                            view.put::<Trail>(&(key,), &note(key));
                        })
                        .unwrap();
                }
            });
        }
        world.store.checkpoint(&backup).unwrap();
    });
    let restored = world.dir.path().join("restored");
    restore(&backup, &restored).unwrap();
    let store = open(&restored).unwrap();
    let mut records = 0;
    for number in 1..=4 {
        let view = store.view(tenant(number));
        let notes = view.count::<Notes>(&(), usize::MAX).unwrap();
        assert_eq!(view.count::<Trail>(&(), usize::MAX).unwrap(), notes, "no torn record");
        records += notes as u64;
    }
    assert_eq!(store.last_applied(), Seq(records));
}

#[test]
fn every_row_is_verified() {
    let world = World::new();
    for number in 1..=3 {
        world
            .commit(tenant(number), |view| {
                view.put::<Notes>(&(1,), &note("x"));
                view.put::<Trail>(&(1,), &note("x"));
            })
            .unwrap();
    }
    let report = world.store.verify_against(catalogue(), retired()).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.tenants, report.rows_total()), (3, 9));
    assert_eq!(
        (report.rows["Notes"], report.rows["Trail"], report.rows["VersionsHere"]),
        (3, 3, 3)
    );

    let row = |tag: u8, own: &[u8], value: &[u8]| Op {
        family: Family::Rows,
        key: [tenant(9).as_bytes().as_slice(), &[tag], own].concat(),
        value: Some(value.to_vec()),
    };
    let ops = vec![
        row(0xE0, &[0; 7], &note("a short key").0.into_bytes()),
        row(0xE0, &[0; 8], b"\x01\x09short"),
        row(0xE4, b"retired", b"anything"),
        row(0xEE, b"unknown", b"anything"),
    ];
    world.log.append(world.record(tenant(9), Version(0), ops)).wait().unwrap();
    let report = world.store.verify_against(catalogue(), retired()).unwrap();
    assert_eq!((report.corrupt_rows, report.corrupt.len(), report.is_clean()), (3, 3, false));
    assert_eq!(report.unknown[&(Family::Rows, 0xE4)], 1);
    assert_eq!(report.unknown[&(Family::Rows, 0xEE)], 1);
    assert!(report.corrupt.iter().any(|it| it.to_string().starts_with("Notes `00000000000000`")));
    let read = world.store.view(tenant(9)).get::<Notes>(&(0,));
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");

    let ops = (0..150_u8).map(|n| row(0xEE, &[n], b"")).collect();
    world.log.append(world.record(tenant(9), Version(4), ops)).wait().unwrap();
    let report = world.store.verify_against(catalogue(), retired()).unwrap();
    assert_eq!((report.corrupt_rows, report.corrupt.len()), (153, CORRUPT_LISTED_MAX));
}

#[test]
fn a_damaged_table_file_is_found() {
    let world = World::new();
    for key in 0..200 {
        world.note(tenant(1), key, &"text ".repeat(50));
    }
    // Opening replays the log into a table file.
    let world = world.reopened().unwrap();
    let path = world.path();
    let _dir = world.shut();
    let tables = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
    let largest = tables
        .filter(|file| file.extension().is_some_and(|it| it == "sst"))
        .max_by_key(|file| fs::metadata(file).unwrap().len())
        .unwrap();
    let mut bytes = fs::read(&largest).unwrap();
    bytes[200] ^= 1;
    fs::write(&largest, bytes).unwrap();
    let found = open(&path).and_then(|store| store.verify_against(catalogue(), retired()));
    assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
}

#[test]
fn figures_are_there() {
    let world = World::new();
    for key in 0..100 {
        world.note(tenant(1), key, "x");
    }
    let figures = world.store.estimates().unwrap();
    assert!(figures.memtable_bytes > 0 && figures.keys >= 100, "{figures:?}");
    assert_eq!((figures.background_errors, world.store.is_failed()), (0, false));
    assert_eq!(world.store.path(), world.path());
    let options = Options::default();
    assert!(options.readers_max > 0 && options.reads_queued_max > 0);
}

#[test]
fn errors_are_sentences_that_help() {
    let path = Path::new("/data").to_owned();
    let shown = [
        StoreError::NotInitialised(path.clone()).to_string(),
        StoreError::Locked(path).to_string(),
        StoreError::Newer { found: 2, supported: 1 }.to_string(),
        StoreError::WrongMasterKey.to_string(),
        StoreError::ReadOnly.to_string(),
        StoreError::Busy.to_string(),
    ];
    for text in shown {
        assert!(text.starts_with(char::is_lowercase) && text.contains(':'), "{text}");
    }
}

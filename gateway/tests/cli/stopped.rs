//! Commands over a store that nobody serves.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use latchkey_actors::api_keys::presented;
use latchkey_storage::id::{TenantId, TransactionId};
use latchkey_storage::{
    CommitLog, CommitObserver, Feed, LocalLog, LogOptions, MasterKey, Op, Options, Record, Seq,
    Store, Version,
};

use crate::harness::{World, text};

const MASTER: &str = "00000000-0000-0000-0000-000000000001";

#[test]
fn init_makes_a_store_once_and_tells_its_key_once() {
    let world = World::new();
    let made = world.json(&["init", "--json"]);
    assert_eq!(made["tenantId"], MASTER);
    assert!(presented(made["apiKey"].as_str().unwrap()).is_some());
    assert_eq!(made["keyId"].as_str().unwrap().len(), 36);
    assert_eq!(made.as_object().unwrap().len(), 3);
    let file = world.data().join("master.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&file).unwrap();
    world.fails(&["init"], 1, "has been initialised before");
    world.fails(&["init", "--json"], 1, "has been initialised before");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn init_says_in_plain_words_what_it_made() {
    let world = World::new();
    let ended = world.run(&["init", "--data", "elsewhere"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains(MASTER) && ended.stdout.contains("lk_live_"));
    assert!(ended.stderr.contains("WARNING: no master key was given"), "{}", ended.stderr);
    assert!(world.path("elsewhere").join("CURRENT").exists());
}

#[test]
fn a_store_is_opened_by_its_own_master_key_alone() {
    let (right, wrong) = ("11".repeat(32), "22".repeat(32));
    let world = World::new().set("MASTER_KEY", &right);
    world.json(&["init", "--json"]);
    assert!(!world.data().join("master.key").exists());
    assert_eq!(world.run(&["check"]).code, 0);
    let data = world.data();
    let other = World::new().set("MASTER_KEY", &wrong);
    other.fails(&["check", "--data", text(&data)], 1, "the master key does not open this store");
    let without = World::new();
    without.fails(&["check", "--data", text(&data)], 2, "there is no master key for the store");
    let malformed = World::new().set("MASTER_KEY", "short");
    malformed.fails(&["check", "--data", text(&data)], 2, "`MASTER_KEY` holds no master key");
}

#[test]
fn production_takes_a_given_master_key_alone() {
    let world = World::new().set("LATCHKEY_ENVIRONMENT", "production");
    for command in ["init", "demo"] {
        world.fails(&[command], 2, "production takes the master key from `MASTER_KEY`");
        assert!(!world.data().exists(), "{command} left something behind");
    }
    let developed = World::new();
    developed.json(&["init", "--json"]);
    let data = developed.data();
    world.fails(&["recover", "--data", text(&data)], 2, "production takes the master key");
    let given = world.set("MASTER_KEY", &"33".repeat(32));
    given.json(&["init", "--json"]);
}

#[test]
fn a_store_that_is_missing_or_in_use_is_said_to_be() {
    let world = World::new();
    for command in ["check", "recover", "serve"] {
        world.fails(&[command], 1, "there is no store in `data`: run `latchkey init` first");
    }
    world.fails(&["backup", "--to", "copy"], 1, "there is no store in `data`");
    world.json(&["init", "--json"]);
    let _open = open(&world);
    for command in ["check", "recover", "demo", "serve"] {
        world.fails(&[command], 1, "in use by another process: stop it first");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_said_to_be() {
    let world = World::new();
    fs::write(world.path("file"), "").unwrap();
    world.fails(&["init", "--data", "file/data"], 1, "`file/data`");
    let given = World::new().set("MASTER_KEY", &"44".repeat(32));
    fs::write(given.path("file"), "").unwrap();
    given.fails(&["init", "--data", "file/data"], 1, "`file/data`");
}

#[test]
fn arguments_and_configuration_that_cannot_be_used_end_with_2() {
    let world = World::new().set("RATE_LIMIT_WINDOW_SECS", "soon");
    world.fails(&["init"], 2, "`RATE_LIMIT_WINDOW_SECS`: `soon` is not a whole number");
    let world = World::new();
    fs::write(world.path("latchkey.toml"), "[log]\nfromat = \"json\"\n").unwrap();
    world.fails(&["serve", "--config", "latchkey.toml"], 2, "did you mean `format`?");
    world.fails(&["serve", "--config", "absent.toml"], 2, "cannot read the configuration");
    world.fails(
        &["backup", "--to", "a/b", "--url", "http://h", "--api-key", "k"],
        2,
        "no name of a backup",
    );
    world.fails(&["backup", "--to", "a", "--url", "http://h"], 2, "`LATCHKEY_API_KEY`");
    world.fails(&["backup", "--to", "a", "--url", "ftp://h", "--api-key", "k"], 2, "`ftp://h`");
    for wrong in [&["nonsense"][..], &["init", "--nonsense"], &["restore", "--from", "x"], &[]] {
        assert_eq!(world.run(wrong).code, 2, "{wrong:?}");
    }
    let filter = World::new().set("RUST_LOG", "latchkey=loud");
    filter.fails(&["init"], 2, "`RUST_LOG`");
}

#[test]
fn help_names_every_command_and_variable() {
    let ended = World::new().run(&["--help"]);
    assert_eq!(ended.code, 0);
    let words = [
        "serve",
        "init",
        "demo",
        "check",
        "backup",
        "restore",
        "recover",
        "keygen",
        "BIND_ADDR",
        "METRICS_BIND_ADDR",
        "DATABASE_URL",
        "DATA_DIR",
        "BACKUP_DIR",
        "PUBLIC_BASE_URL",
        "TLS_CERT_FILE",
        "TLS_KEY_FILE",
        "TRUSTED_PROXIES",
        "RATE_LIMIT_MAX_REQUESTS",
        "RATE_LIMIT_WINDOW_SECS",
        "PLATFORM_TENANT_HEADER",
        "LOG_FORMAT",
        "RUST_LOG",
        "MASTER_KEY",
        "MASTER_KEY_FILE",
        "BOOTSTRAP_ADMIN_KEY",
        "BOOTSTRAP_ADMIN_KEY_FILE",
        "LATCHKEY_API_KEY",
        "LATCHKEY_ENVIRONMENT",
        "Exit codes: 0 done, 1 failed, 2 unusable",
    ];
    for word in words {
        assert!(ended.stdout.contains(word), "`{word}` is missing in:\n{}", ended.stdout);
    }
}

#[test]
fn keygen_prints_a_key_whose_checksum_holds() {
    let world = World::new();
    let [one, other] = [(); 2].map(|()| world.run(&["keygen"]).stdout);
    for key in [&one, &other] {
        assert_eq!(presented(key.trim_end()).map(str::len), Some(8), "{key}");
    }
    assert_ne!(one[8..16], other[8..16], "each is of a tenant of its own");
}

#[test]
fn check_names_a_row_that_is_damaged() {
    let world = World::new();
    world.json(&["init", "--json"]);
    let clean = world.run(&["check"]);
    assert_eq!(clean.code, 0, "{}", clean.stderr);
    assert!(clean.stdout.contains("ApiKeys") && clean.stdout.contains("of 1 tenants were read"));
    damage(&world);
    world.fails(&["check"], 1, "1 of ");
    let found = world.run(&["check"]).stdout;
    assert!(found.contains("damaged: Users `"), "{found}");
}

#[test]
fn check_refuses_a_file_that_is_damaged() {
    let world = World::new();
    world.json(&["init", "--json"]);
    let current = world.data().join("CURRENT");
    fs::write(current, "MANIFEST-999999\n").unwrap();
    assert_eq!(world.run(&["check"]).code, 1);
}

#[test]
fn a_backup_comes_back_as_it_was() {
    let world = World::new().set("MASTER_KEY", &"55".repeat(32));
    world.json(&["init", "--json"]);
    let ended = world.run(&["backup", "--to", "copies/one"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("The master key is not in a backup"));
    world.fails(&["backup", "--to", "copies/one"], 1, "is not empty");
    let rows = world.run(&["check"]).stdout;
    world.json(&["recover", "--json"]);
    assert_ne!(world.run(&["check"]).stdout, rows);

    world.fails(&["restore", "--from", "copies/one", "--data", "data"], 1, "is not empty");
    world.fails(&["restore", "--from", "copies", "--data", "new"], 1, "there is no store in");
    let ended = world.run(&["restore", "--from", "copies/one", "--data", "new"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("The master key is not in a backup"));
    assert_eq!(world.run(&["check", "--data", "new"]).stdout, rows);
    world.json(&["recover", "--data", "new", "--json"]);
}

#[test]
fn recover_issues_a_new_administrator_key_each_time() {
    let world = World::new();
    let first = world.json(&["init", "--json"]);
    let [second, third] = [(); 2].map(|()| world.json(&["recover", "--json"]));
    let keys = [&first, &second, &third].map(|printed| printed["apiKey"].as_str().unwrap());
    let code = |key| presented(key).unwrap();
    assert_eq!([code(keys[0]); 2], [code(keys[1]), code(keys[2])], "all of the master tenant");
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    assert_eq!(second["tenantId"], MASTER);
    let rows = world.run(&["check"]).stdout;
    let count = |table: &str| {
        let line = rows.lines().find(|line| line.ends_with(&format!("  {table}"))).unwrap();
        line.split_whitespace().next().unwrap().parse::<u32>().unwrap()
    };
    assert_eq!((count("ApiKeys"), count("ApiKeysAdministering")), (3, 3));
    // The data key, the first key and the tenant by `init`; a key by each `recover`.
    assert_eq!(count("AuditEntries"), 5);
}

/// Opens the store of a world as another process would.
fn open(world: &World) -> Arc<Store> {
    let text = fs::read_to_string(world.data().join("master.key")).unwrap();
    let key = MasterKey::from_text(&text).unwrap();
    Store::open(world.data(), &Options::default(), &key).unwrap()
}

struct Nobody;

impl Feed for Nobody {
    fn applied(&self, _: Seq, _: &Arc<Record>) {}
}

impl CommitObserver for Nobody {
    fn committed(&self, _: usize, _: usize, _: u64) {}
}

/// Writes a user whose row says nothing that a user is.
fn damage(world: &World) {
    use latchkey_storage::Table;
    use latchkey_storage::tables::Users;
    let store = open(world);
    let version = store.view(TenantId::MASTER).version().unwrap();
    let options = LogOptions::default();
    let log = LocalLog::start(store, Arc::new(Nobody), options, Arc::new(Nobody), Arc::new(|| 0));
    let log = log.unwrap();
    let key = [TenantId::MASTER.as_bytes(), &[Users::TAG][..], &[7; 16]].concat();
    let op = Op { family: Users::FAMILY, key, value: Some(vec![1, 0xff]) };
    let transaction = TransactionId::new([1; 16]);
    let record = Record::new(transaction, TenantId::MASTER, version, 0, 1, vec![op]);
    assert_ne!(version, Version(0));
    log.append(record).wait().unwrap();
    log.close();
}

//! Layers and their order; every sentence that a wrong configuration is answered with.

use std::fs;

use latchkey_actors::shared::ActorLimits;
use tempfile::TempDir;

use super::*;

fn load(variables: impl Into<Variables>, flags: &Flags) -> Result<Config, String> {
    Config::load(flags, &variables.into()).map_err(|error| error.to_string())
}

fn file(text: &str) -> (TempDir, Flags) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("latchkey.toml");
    fs::write(&path, text).unwrap();
    (folder, Flags { config: Some(path), ..Flags::default() })
}

#[test]
fn the_defaults_are_those_of_the_parts() {
    let config = load([], &Flags::default()).unwrap();
    let debug = |value: &dyn std::fmt::Debug| format!("{value:?}");
    assert_eq!(debug(&config.front_limits()), debug(&crate::serve::Limits::default()));
    assert_eq!(debug(&config.actor_limits()), debug(&ActorLimits::default()));
    assert_eq!(config.store_options(), latchkey_storage::Options::default());
    assert_eq!(
        (config.limits.body_bytes_max, config.limits.batch_body_bytes_max),
        (1 << 20, 8 << 20)
    );
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.backup_dir(), PathBuf::from("data/backups"));
    assert!(config.tls.is_none() && config.metrics_listen.is_none() && !config.is_production());
}

#[test]
fn every_default_has_a_sentence() {
    let mut commented = false;
    for line in DEFAULTS.lines().filter(|line| !line.is_empty() && !line.starts_with('[')) {
        let comment = line.starts_with("# ");
        assert!(comment || commented, "`{line}` has no sentence");
        commented = comment;
    }
}

#[test]
fn a_later_layer_wins() {
    let (_folder, mut flags) =
        file("listen = \"10.0.0.1:1\"\ndata_dir = \"/file\"\n[rate_limit]\nmax_requests = 5\n");
    assert_eq!(load([], &flags).unwrap().listen.port(), 1);
    let prefixed = [("LATCHKEY_LISTEN", "10.0.0.1:2"), ("LATCHKEY_RATE_LIMIT__WINDOW_SECS", "7")];
    let config = load(prefixed, &flags).unwrap();
    assert_eq!(config.listen.port(), 2);
    let limit = config.rate_limit;
    assert_eq!((limit.max_requests, limit.window_secs, limit.addresses_max), (5, 7, 100_000));
    let plain = [("LATCHKEY_LISTEN", "10.0.0.1:2"), ("BIND_ADDR", "10.0.0.1:3")];
    assert_eq!(load(plain, &flags).unwrap().listen.port(), 3);
    assert_eq!(load([("DATABASE_URL", "/url")], &flags).unwrap().data_dir, PathBuf::from("/url"));
    let both = [("DATABASE_URL", "/url"), ("DATA_DIR", "/dir")];
    assert_eq!(load(both, &flags).unwrap().data_dir, PathBuf::from("/dir"));
    flags.listen = Some("10.0.0.1:4".into());
    flags.data = Some("/flag".into());
    let config = load([("BIND_ADDR", "10.0.0.1:3"), ("DATA_DIR", "/dir")], &flags).unwrap();
    assert_eq!((config.listen.port(), config.data_dir), (4, PathBuf::from("/flag")));
}

#[test]
fn each_documented_variable_sets_its_key() {
    let variables = [
        ("METRICS_BIND_ADDR", "127.0.0.1:9090"),
        ("BACKUP_DIR", "/backups"),
        ("PUBLIC_BASE_URL", "https://keys.example/"),
        ("TLS_CERT_FILE", "/c.pem"),
        ("TLS_KEY_FILE", "/k.pem"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("RATE_LIMIT_MAX_REQUESTS", "9"),
        ("RATE_LIMIT_WINDOW_SECS", "8"),
        ("PLATFORM_TENANT_HEADER", "derive"),
        ("LOG_FORMAT", "pretty"),
        ("LOG_SAMPLE_READS", "100"),
        ("LATCHKEY_ENVIRONMENT", "production"),
        ("LATCHKEY_DURABILITY", "buffered"),
    ];
    let config = load(variables, &Flags::default()).unwrap();
    assert_eq!(config.metrics_listen.map(|address| address.port()), Some(9090));
    assert_eq!(config.backup_dir(), PathBuf::from("/backups"));
    assert_eq!(config.public_base_url.as_deref(), Some("https://keys.example"));
    let files = config.tls_files().unwrap();
    assert_eq!((files.certificate, files.key), (PathBuf::from("/c.pem"), PathBuf::from("/k.pem")));
    let proxies: Vec<_> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
    assert_eq!((config.rate_limit.max_requests, config.rate_limit.window_secs), (9, 8));
    assert_eq!(config.platform_tenant_header, TenantHeader::Derive);
    assert_eq!((config.log.format, config.log.sample_reads), (LogFormat::Pretty, 100));
    assert!(config.is_production());
    assert_eq!(config.durability, Durability::Buffered);
}

#[test]
fn what_is_empty_or_of_somebody_else_is_no_setting() {
    let variables = [
        ("BIND_ADDR", ""),
        ("LATCHKEY_LISTEN", ""),
        ("REDIS_URL", ""),
        ("LATCHKEY_API_KEY", "lk_live_x"),
        ("LATCHKEY_SERVICE_HOST", "10.0.0.1"),
        ("LATCHKEY_SERVICE_PORT_HTTP", "80"),
        ("LATCHKEY_PORT", "tcp://10.0.0.1:80"),
        ("LATCHKEY_PORT_80_TCP_ADDR", "10.0.0.1"),
    ];
    assert_eq!(load(variables, &Flags::default()).unwrap().listen.port(), 8080);
}

#[test]
fn a_wrong_variable_is_named_in_one_sentence() {
    let table = [
        (
            ("BIND_ADDR", "localhost"),
            "`listen`, given by the variable `BIND_ADDR`: `localhost` is not an IP address and a port, such as `127.0.0.1:8080`",
        ),
        (
            ("RATE_LIMIT_MAX_REQUESTS", "many"),
            "`rate_limit.max_requests`, given by the variable `RATE_LIMIT_MAX_REQUESTS`: `many` is not a whole number",
        ),
        (
            ("RATE_LIMIT_WINDOW_SECS", "0"),
            "`rate_limit.window_secs`, given by the variable `RATE_LIMIT_WINDOW_SECS`: `0` is out of range: it begins at 1",
        ),
        (
            ("LATCHKEY_LIMITS__STREAMS_MAX", "4294967296"),
            "`limits.streams_max`, given by the variable `LATCHKEY_LIMITS__STREAMS_MAX`: `4294967296` is out of range: it begins at 1",
        ),
        (
            ("TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
            "`trusted_proxies`, given by the variable `TRUSTED_PROXIES`: `proxy` is not an address or range, such as `10.0.0.0/8`",
        ),
        (
            ("PUBLIC_BASE_URL", "keys.example"),
            "`public_base_url`, given by the variable `PUBLIC_BASE_URL`: `keys.example` is not an http or https URL, such as `https://keys.example`",
        ),
        (
            ("LATCHKEY_ENVIRONMENT", "prod"),
            "`environment`, given by the variable `LATCHKEY_ENVIRONMENT`: `prod` is none of `development`, `production`",
        ),
        (
            ("LOG_FORMAT", "xml"),
            "`log.format`, given by the variable `LOG_FORMAT`: `xml` is none of `json`, `pretty`",
        ),
        (
            ("TLS_CERT_FILE", "/c.pem"),
            "`tls`, given by the variable `TLS_CERT_FILE`: name both `cert_file` and `key_file`, or neither",
        ),
        (
            ("LATCHKEY_LISTN", "x"),
            "there is no key `listn`, given by the variable `LATCHKEY_LISTN`; did you mean `listen`?",
        ),
        (
            ("LATCHKEY_LIMITS", "x"),
            "`limits`, given by the variable `LATCHKEY_LIMITS`: it is a table of keys",
        ),
        (
            ("LATCHKEY_LIMITS__NONSENSE_MS", "1"),
            "there is no key `limits.nonsense_ms`, given by the variable `LATCHKEY_LIMITS__NONSENSE_MS`; `latchkey --help` says where they are listed",
        ),
        (
            ("DATABASE_URL", "postgres://user:secret@db/keys"),
            "`DATABASE_URL` names a database of the kind `postgres`, and the store is embedded: give the path of a folder instead, or unset it and use `DATA_DIR`",
        ),
        (
            ("REDIS_URL", "redis://cache"),
            "`REDIS_URL` is set, and rate limits cannot be shared through Redis yet: unset it, every gateway counts for itself",
        ),
    ];
    for (variable, sentence) in table {
        assert_eq!(load([variable], &Flags::default()).unwrap_err(), sentence);
    }
}

#[test]
fn a_wrong_file_is_named_in_one_sentence() {
    let table = [
        ("listen = 8080", "`listen`, given by `FILE`: `8080` is not text in quotes"),
        (
            "[rate_limit]\nmax_requests = \"5\"",
            "`rate_limit.max_requests`, given by `FILE`: `5` is not a whole number",
        ),
        (
            "[rate_limits]\nmax_requests = 5",
            "there is no key `rate_limits`, given by `FILE`; did you mean `rate_limit`?",
        ),
        (
            "[limits]\nbody_max = 5",
            "there is no key `limits.body_max`, given by `FILE`; did you mean `body_ms`?",
        ),
        (
            "trusted_proxies = \"10.0.0.0/8\"",
            "`trusted_proxies`, given by `FILE`: `10.0.0.0/8` is not a list",
        ),
        ("listen = ", "`FILE` is not valid TOML: at line 1, column 10: "),
    ];
    for (text, sentence) in table {
        let (_folder, flags) = file(text);
        let path = flags.config.as_ref().unwrap().display().to_string();
        let error = load([], &flags).unwrap_err();
        let sentence = sentence.replace("FILE", &path);
        assert!(error.starts_with(&sentence) && !error.contains('\n'), "{error}\n{sentence}");
    }
    let absent = Flags { config: Some("/nowhere/latchkey.toml".into()), ..Flags::default() };
    let error = load([], &absent).unwrap_err();
    assert!(
        error.starts_with("cannot read the configuration `/nowhere/latchkey.toml`: "),
        "{error}"
    );
}

/// The published vector.
const KEY: &str = "lk_live_0Ab3Cd9Z00112233445566778899AABBCCDDEEFF2nhFgd";

#[test]
fn secrets_are_read_from_one_place_and_never_repeated() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, format!("{}\n", "ab".repeat(32))).unwrap();
    let path = path.to_str().unwrap();
    let read = |variables: Variables| {
        let secrets = Secrets::read(&variables);
        secrets.map(|secrets| (secrets.master_key.is_some(), secrets.bootstrap.is_some()))
    };
    let wrong = |variables: Variables| read(variables).unwrap_err().to_string();
    assert_eq!(read([].into()).unwrap(), (false, false));
    assert_eq!(read([("MASTER_KEY_FILE", path)].into()).unwrap(), (true, false));
    assert_eq!(read([("BOOTSTRAP_ADMIN_KEY", KEY)].into()).unwrap(), (false, true));
    let short = wrong([("MASTER_KEY", "c2hvcnQ")].into());
    assert!(
        short.starts_with("`MASTER_KEY` holds no master key: ") && !short.contains("c2hv"),
        "{short}"
    );
    let mistyped = KEY.replace("2nhFgd", "2nhFge");
    let mistyped = wrong([("BOOTSTRAP_ADMIN_KEY", mistyped.as_str())].into());
    assert_eq!(
        mistyped,
        "`BOOTSTRAP_ADMIN_KEY` holds no API key string: make one with `latchkey keygen`"
    );
    let twice = wrong([("MASTER_KEY", "x"), ("MASTER_KEY_FILE", path)].into());
    assert_eq!(twice, "`MASTER_KEY` and `MASTER_KEY_FILE` are both set: unset one of them");
    let absent = wrong([("MASTER_KEY_FILE", "/nowhere/key")].into());
    assert!(
        absent.starts_with("cannot read the file that `MASTER_KEY_FILE` names, `/nowhere/key`: "),
        "{absent}"
    );
}

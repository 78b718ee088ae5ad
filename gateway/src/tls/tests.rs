//! Certificates on disk, replaced in every way that they are in practice.

use std::process::Command;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::*;
use crate::serve::tests::World;
use crate::serve::{Limits, Shutdown};

/// A certificate for `localhost`, its key, and a folder that holds them as files.
pub(crate) struct Pair {
    folder: TempDir,
    made: CertifiedKey<KeyPair>,
}

fn make() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

impl Pair {
    pub(crate) fn write() -> Self {
        let pair = Self { folder: TempDir::new().unwrap(), made: make() };
        pair.put(&pair.made);
        pair
    }

    fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.folder.path().join("tls.crt"),
            key: self.folder.path().join("tls.key"),
        }
    }

    fn put(&self, made: &CertifiedKey<KeyPair>) {
        fs::write(self.files().certificate, made.cert.pem()).unwrap();
        fs::write(self.files().key, made.signing_key.serialize_pem()).unwrap();
    }

    pub(crate) fn reloader(&self) -> Arc<TlsReloader> {
        TlsReloader::load(self.files()).unwrap()
    }

    /// A client that trusts this certificate.
    pub(crate) fn client(&self, alpn: Option<&str>) -> Arc<ClientConfig> {
        trusting(&self.made, alpn)
    }
}

fn trusting(made: &CertifiedKey<KeyPair>, alpn: Option<&str>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// Whether the front shows this certificate to a new connection.
async fn shows(world: &World, made: &CertifiedKey<KeyPair>) -> bool {
    let stream = TcpStream::connect(world.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(trusting(made, Some("h2"))).connect(name, stream).await.is_ok()
}

#[tokio::test]
async fn the_next_handshake_has_the_new_certificate() {
    let pair = Pair::write();
    let reloader = pair.reloader();
    let world = World::with(Limits::default(), Some(Arc::clone(&reloader)));
    assert!(shows(&world, &pair.made).await);

    let next = make();
    pair.put(&next);
    reloader.reload().unwrap();
    assert!(shows(&world, &next).await);
    assert!(!shows(&world, &pair.made).await);
}

#[tokio::test]
async fn a_broken_file_keeps_the_old_certificate() {
    let pair = Pair::write();
    let reloader = pair.reloader();
    let world = World::with(Limits::default(), Some(Arc::clone(&reloader)));
    let other = make();
    for (certificate, said) in [
        ("nothing like PEM".to_owned(), "holds no usable PEM"),
        (other.cert.pem(), "they must be a pair"),
    ] {
        fs::write(pair.files().certificate, certificate).unwrap();
        let error = reloader.reload().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert!(shows(&world, &pair.made).await);
    }
    assert_eq!(*reloader.loads().borrow(), 1);
}

#[tokio::test]
async fn a_file_that_is_missing_is_a_sentence() {
    let pair = Pair::write();
    fs::remove_file(pair.files().key).unwrap();
    let error = TlsReloader::load(pair.files()).err().unwrap().to_string();
    assert!(error.starts_with("cannot read `") && error.contains("TLS_KEY_FILE"), "{error}");
}

/// Follows the files of a pair while `change` is made, and waits for the reload.
async fn follow(change: impl FnOnce(&Pair)) -> Pair {
    let pair = Pair::write();
    let reloader = pair.reloader();
    let mut loads = reloader.loads();
    let shutdown = Shutdown::new();
    let follower = Follower::start(Arc::clone(&reloader)).unwrap();
    let following = tokio::spawn(follower.run(shutdown.clone()));
    change(&pair);
    loads.changed().await.unwrap();
    shutdown.trigger();
    following.await.unwrap();
    assert_eq!(*loads.borrow(), 2);
    pair
}

#[tokio::test]
async fn files_written_in_place_are_seen() {
    follow(|pair| pair.put(&make())).await;
}

#[tokio::test]
async fn files_moved_into_place_are_seen() {
    follow(|pair| {
        let (next, files) = (make(), pair.files());
        let (certificate, key) = (pair.folder.path().join("a"), pair.folder.path().join("b"));
        fs::write(&certificate, next.cert.pem()).unwrap();
        fs::write(&key, next.signing_key.serialize_pem()).unwrap();
        fs::rename(certificate, files.certificate).unwrap();
        fs::rename(key, files.key).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_half_written_change_is_taken_when_it_is_whole() {
    let pair = Pair::write();
    let reloader = pair.reloader();
    let mut loads = reloader.loads();
    let shutdown = Shutdown::new();
    let follower = Follower::start(Arc::clone(&reloader)).unwrap();
    let following = tokio::spawn(follower.run(shutdown.clone()));
    let next = make();
    fs::write(pair.files().certificate, next.cert.pem()).unwrap();
    fs::write(pair.files().key, next.signing_key.serialize_pem()).unwrap();
    loads.changed().await.unwrap();
    let world = World::with(Limits::default(), Some(reloader));
    assert!(shows(&world, &next).await);
    shutdown.trigger();
    following.await.unwrap();
}

#[tokio::test]
async fn sighup_reloads_files_that_have_not_changed() {
    follow(|_| {
        let own = std::process::id().to_string();
        let sent = Command::new("sh").args(["-c", &format!("kill -HUP {own}")]).status();
        assert!(sent.unwrap().success());
    })
    .await;
}

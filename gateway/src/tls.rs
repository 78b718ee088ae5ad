//! TLS from certificate files, and their reload while connections go on.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use tokio::sync::watch;
use zeroize::Zeroizing;

pub use self::follow::Follower;

mod follow;

/// The certificate in use. A handshake takes the newest; connections keep the one they began with.
pub struct TlsReloader {
    files: TlsFiles,
    current: ArcSwap<ServerConfig>,
    /// The state of the files that were read last, whether they were good or not.
    seen: Mutex<[Option<Stamp>; 2]>,
    loads: watch::Sender<u64>,
}

/// Where the certificate is, as PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate, then what links it to its authority.
    pub certificate: PathBuf,
    /// The private key: PKCS#8, PKCS#1 or SEC 1.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read `{}`: {cause}; check `TLS_CERT_FILE`, `TLS_KEY_FILE` and their permissions", path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("`{}` holds no usable PEM: {cause}; put {wanted} there", path.display())]
    NotPem { path: PathBuf, cause: pem::Error, wanted: &'static str },
    #[error(
        "the certificate in `{}` and the key in `{}` cannot be used: {cause}; they must be a pair",
        files.certificate.display(), files.key.display()
    )]
    Unusable { files: TlsFiles, cause: rustls::Error },
    #[error("cannot watch the certificate files: {0}")]
    Unwatchable(#[source] notify::Error),
    #[error("cannot listen to SIGHUP: {0}")]
    NoSignal(#[source] io::Error),
}

impl TlsReloader {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// Files that cannot be read, are not PEM, or do not fit each other.
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let seen = Mutex::new(files.stamps());
        let current = ArcSwap::from(files.config()?);
        Ok(Arc::new(Self { files, current, seen, loads: watch::Sender::new(1) }))
    }

    /// Reads the files again; the next handshake has what they hold.
    ///
    /// # Errors
    /// As [`load`](Self::load); the certificate in use then stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        // Taken before the files are read: what is written meanwhile counts as a change.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.files.stamps();
        self.current.store(self.files.config()?);
        self.loads.send_modify(|loads| *loads += 1);
        Ok(())
    }

    /// How often a certificate was loaded, and a way to wait for the next.
    pub fn loads(&self) -> watch::Receiver<u64> {
        self.loads.subscribe()
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    fn has_changed(&self) -> bool {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != self.files.stamps()
    }
}

impl TlsFiles {
    fn config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = certificates(&self.certificate)?;
        let key = private_key(&self.key)?;
        config_of(chain, key)
            .map(Arc::new)
            .map_err(|cause| TlsError::Unusable { files: self.clone(), cause })
    }

    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key].map(|path| fs::metadata(path).ok().as_ref().map(Stamp::of))
    }
}

fn config_of(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(config)
}

/// What tells one state of a file from the next.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let not_pem = |cause| TlsError::NotPem {
        path: path.into(),
        cause,
        wanted: "the certificate and its chain",
    };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(not_pem)?;
    if chain.is_empty() { Err(not_pem(pem::Error::NoItemsFound)) } else { Ok(chain) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|cause| TlsError::NotPem {
        path: path.into(),
        cause,
        wanted: "the certificate's private key",
    })
}

/// The bytes of a file, wiped when they are dropped.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    fs::read(path)
        .map(Zeroizing::new)
        .map_err(|cause| TlsError::Unreadable { path: path.into(), cause })
}

#[cfg(test)]
pub(crate) mod tests;

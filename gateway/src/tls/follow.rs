//! Follows the certificate files: reloads on SIGHUP, and when the system says that they changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{TlsError, TlsReloader};
use crate::serve::Shutdown;

/// Waits for a reason to reload. Nothing is polled.
pub struct Follower {
    reloader: Arc<TlsReloader>,
    hangup: Signal,
    changes: mpsc::Receiver<()>,
    /// Watches for as long as it lives.
    _watcher: RecommendedWatcher,
}

/// A certificate and its key are two files: a change of one waits for that of the other.
const SETTLE: Duration = Duration::from_millis(200);
/// A folder in which something always moves must not put the reload off for ever.
const SETTLE_ROUNDS_MAX: usize = 50;

impl Follower {
    /// Begins to listen; [`run`](Self::run) acts on what comes from here on.
    ///
    /// # Errors
    /// No signal handler, or a folder that the system cannot watch.
    pub fn start(reloader: Arc<TlsReloader>) -> Result<Self, TlsError> {
        let hangup = signal(SignalKind::hangup()).map_err(TlsError::NoSignal)?;
        // One place is enough: a second change before the first is seen is the same news.
        let (news, changes) = mpsc::channel(1);
        let tell = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                let _ = news.try_send(());
            }
        };
        let mut watcher = notify::recommended_watcher(tell).map_err(TlsError::Unwatchable)?;
        for folder in folders(&reloader) {
            watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(TlsError::Unwatchable)?;
        }
        Ok(Self { reloader, hangup, changes, _watcher: watcher })
    }

    /// Reloads until the shutdown begins. A failure is logged, and the certificate in use stays.
    pub async fn run(mut self, shutdown: Shutdown) {
        loop {
            let wanted = tokio::select! {
                biased;
                () = shutdown.triggered() => return,
                hangup = self.hangup.recv() => hangup.is_some(),
                change = self.changes.recv() => change.is_some() && self.settle().await,
            };
            if wanted {
                self.reload().await;
            }
        }
    }

    /// Waits until nothing moves any more. True when the files are not as they were.
    async fn settle(&mut self) -> bool {
        for _ in 0..SETTLE_ROUNDS_MAX {
            if timeout(SETTLE, self.changes.recv()).await.is_err() {
                break;
            }
        }
        self.reloader.has_changed()
    }

    async fn reload(&self) {
        let reloader = Arc::clone(&self.reloader);
        let failure = match tokio::task::spawn_blocking(move || reloader.reload()).await {
            Ok(Ok(())) => return tracing::info!("certificate reloaded"),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(failure, "certificate not reloaded, the old one stays");
    }
}

/// The folders in which a change can show: those of the names, and those of what they link to.
/// A folder is watched rather than a file, because a file is most often replaced by another.
fn folders(reloader: &TlsReloader) -> BTreeSet<PathBuf> {
    let files = [&reloader.files.certificate, &reloader.files.key];
    let targets = files.iter().filter_map(|path| path.canonicalize().ok());
    let of_targets = targets.map(|path| folder(&path));
    files.iter().map(|path| folder(path)).chain(of_targets).collect()
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.into(),
        _ => PathBuf::from("."),
    }
}

/// Whether something was written; that a file was read is no news.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

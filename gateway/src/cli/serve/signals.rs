//! Signals: the first SIGTERM or SIGINT drains, the second ends the process at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use super::super::failure::Failure;
use crate::serve::Shutdown;

/// The exit code of a process that was told twice.
const CUT_SHORT: i32 = 1;

/// Begins to listen. Without TLS there is nothing that a SIGHUP could reload: it is only kept from
/// ending the process.
pub(super) fn listen(shutdown: &Shutdown, without_tls: bool) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::failed(format_args!("cannot listen to signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if shutdown.is_draining() {
                tracing::warn!("told to end a second time: ending at once");
                std::process::exit(CUT_SHORT);
            }
            tracing::info!("draining: finishing what is in progress");
            shutdown.trigger();
        }
    });
    if without_tls {
        let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                tracing::info!("SIGHUP: there is no certificate to load again");
            }
        });
    }
    Ok(())
}

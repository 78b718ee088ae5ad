//! The word that ends the front: given once, seen by every listener and connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Asks everything that serves to finish. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    draining: AtomicBool,
    told: Notify,
}

impl Shutdown {
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins the drain. Saying it twice changes nothing.
    pub fn trigger(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
        self.0.told.notify_waiters();
    }

    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// Returns once the drain has begun.
    pub async fn triggered(&self) {
        let told = self.0.told.notified();
        // `notified` counts as waiting from its creation on, so a trigger after this line is seen.
        if !self.is_draining() {
            told.await;
        }
    }
}

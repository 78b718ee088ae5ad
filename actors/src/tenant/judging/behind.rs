//! Commands of the tenant's own: statistics written behind, leases given back.

use latchkey_storage::tables::ApiKeyUsage;

use crate::error::Result;
use crate::tenant::actor::State;
use crate::tenant::group::Submitted;
use crate::tenant::quota::give_back;
use crate::tenant::tx::{Tx, Who};

impl State {
    pub(in crate::tenant) fn give_leases_back(&mut self) {
        let left = self.leases.drain();
        if !left.is_empty() {
            self.put_by(move |tx| give_back(tx, &left));
        }
    }

    /// Writes down the uses that were collected.
    pub(in crate::tenant) fn flush(&mut self) {
        self.flush_scheduled = false;
        if self.uses.is_empty() {
            return;
        }
        let uses = std::mem::take(&mut self.uses);
        self.put_by(move |tx| {
            for (key, uses) in &uses {
                let written = tx.get::<ApiKeyUsage>(&(*key,))?.unwrap_or_default();
                tx.put::<ApiKeyUsage>(&(*key,), &uses.add_to(written));
            }
            Ok(())
        });
    }

    /// A command of the tenant's own, for whose answer nobody waits.
    pub(in crate::tenant) fn put_by(
        &mut self,
        command: impl FnOnce(&mut Tx<'_, '_>) -> Result<()> + Send + 'static,
    ) {
        let (job, _) = Submitted::new(Who::system("tenant"), command, None);
        self.pending.push_back(Box::new(job));
        self.start_group();
    }
}

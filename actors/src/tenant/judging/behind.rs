//! Commands of the tenant's own: statistics written behind, leases given back.

use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{ApiKeyUsage, ApiKeys};

use crate::error::Result;
use crate::tenant::actor::State;
use crate::tenant::group::Submitted;
use crate::tenant::messages::Uses;
use crate::tenant::quota::give_back;
use crate::tenant::tx::{Tx, Who};

/// Rows of one of these commands, at most: a record takes no more than its share of bytes.
const ROWS_MAX: usize = 1_000;

impl State {
    pub(in crate::tenant) fn give_leases_back(&mut self) {
        let left = self.leases.drain();
        for left in left.chunks(ROWS_MAX).map(<[_]>::to_vec) {
            self.put_by(move |tx| give_back(tx, &left));
        }
    }

    /// Writes down the uses that were collected.
    pub(in crate::tenant) fn flush(&mut self) {
        self.flush_scheduled = false;
        if self.uses.is_empty() {
            return;
        }
        let uses: Vec<(ApiKeyId, Uses)> = std::mem::take(&mut self.uses).into_iter().collect();
        for uses in uses.chunks(ROWS_MAX).map(<[_]>::to_vec) {
            self.put_by(move |tx| write(tx, &uses));
        }
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

/// Adds uses to what is written. Those of a key that was deleted meanwhile are nobody's.
fn write(tx: &mut Tx<'_, '_>, uses: &[(ApiKeyId, Uses)]) -> Result<()> {
    for (key, uses) in uses {
        if tx.contains::<ApiKeys>(&(*key,))? {
            let written = tx.get::<ApiKeyUsage>(&(*key,))?.unwrap_or_default();
            tx.put::<ApiKeyUsage>(&(*key,), &uses.add_to(written));
        }
    }
    Ok(())
}

//! `RocksDB`'s own figures, for metrics.

use std::sync::atomic::Ordering;

use rocksdb::properties;

use crate::error::StoreError;
use crate::store::Store;
use crate::table::Family;

/// What `RocksDB` holds and has to do, summed over the column families.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimates {
    /// Memory tables, those being flushed included.
    pub memtable_bytes: u64,
    pub block_cache_bytes: u64,
    /// Live table files.
    pub sst_bytes: u64,
    pub pending_compaction_bytes: u64,
    pub running_compactions: u64,
    pub running_flushes: u64,
    /// Rows, roughly: those that are overwritten may count twice.
    pub keys: u64,
    /// Errors of flushes and compactions since the start.
    pub background_errors: u64,
    /// Syncs of the log beside commits, since the start: none where every commit is synced.
    pub log_syncs: u64,
}

impl Estimates {
    /// Each figure with its name.
    pub fn named(&self) -> [(&'static str, u64); 9] {
        [
            ("memtable_bytes", self.memtable_bytes),
            ("block_cache_bytes", self.block_cache_bytes),
            ("sst_bytes", self.sst_bytes),
            ("pending_compaction_bytes", self.pending_compaction_bytes),
            ("running_compactions", self.running_compactions),
            ("running_flushes", self.running_flushes),
            ("keys_estimate", self.keys),
            ("background_errors", self.background_errors),
            ("log_syncs", self.log_syncs),
        ]
    }
}

impl Store {
    /// Reads the figures; they are counters in memory.
    pub fn estimates(&self) -> Result<Estimates, StoreError> {
        let mut sum = Estimates::default();
        for family in Family::ALL {
            let family = self.family(family)?;
            let figure = |name: &_| {
                let figure = self.db.property_int_value_cf(family, name);
                figure
                    .map(Option::unwrap_or_default)
                    .map_err(|error| StoreError::rocks("reading RocksDB's figures", &error))
            };
            sum.memtable_bytes += figure(properties::CUR_SIZE_ALL_MEM_TABLES)?;
            sum.sst_bytes += figure(properties::LIVE_SST_FILES_SIZE)?;
            sum.pending_compaction_bytes += figure(properties::ESTIMATE_PENDING_COMPACTION_BYTES)?;
            sum.keys += figure(properties::ESTIMATE_NUM_KEYS)?;
            // These are of the database as a whole.
            sum.running_compactions = figure(properties::NUM_RUNNING_COMPACTIONS)?;
            sum.running_flushes = figure(properties::NUM_RUNNING_FLUSHES)?;
            sum.background_errors = figure(properties::BACKGROUND_ERRORS)?;
        }
        sum.log_syncs = self.log_syncs.load(Ordering::Relaxed);
        sum.block_cache_bytes = self.cache.get_usage() as u64;
        Ok(sum)
    }
}

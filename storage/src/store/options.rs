//! The settings of a store, and what they mean to `RocksDB`.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, LogLevel,
};

use crate::table::Family;
use crate::tables::instance;

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Once its bytes are on the disk.
    Synced,
    /// Once the operating system has its bytes; the disk follows within a tenth of a second. A
    /// crash of the process loses nothing, one of the machine may lose that tenth.
    Buffered,
}

/// How a store uses memory, disk and threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub durability: Durability,
    /// Blocks, indexes and filters of all families share this much memory.
    pub block_cache_bytes: usize,
    /// Past this much log, memory tables are written out. A restart reads at most about this much.
    pub wal_bytes_max: u64,
    /// A memory table of a family is written out when it has this size.
    pub memtable_bytes: usize,
    /// Threads for reads.
    pub readers_max: usize,
    /// Reads that may wait for a reader; further ones are refused.
    pub reads_queued_max: usize,
    pub open_files_max: i32,
    /// Threads of `RocksDB` for flushes and compactions.
    pub background_jobs_max: i32,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            durability: Durability::Synced,
            block_cache_bytes: 64 << 20,
            wal_bytes_max: 64 << 20,
            memtable_bytes: 32 << 20,
            readers_max: 4,
            reads_queued_max: 1024,
            open_files_max: 1024,
            background_jobs_max: 2,
        }
    }
}

/// The options of the database as a whole.
pub(crate) fn database(options: &Options) -> rocksdb::Options {
    let mut out = rocksdb::Options::default();
    out.set_max_total_wal_size(options.wal_bytes_max);
    out.set_max_open_files(options.open_files_max);
    out.set_max_background_jobs(options.background_jobs_max);
    // The log was checked, and a torn tail cut off, before RocksDB sees it: `journal::wal`.
    out.set_wal_recovery_mode(DBRecoveryMode::AbsoluteConsistency);
    // All families flush together: what a log file was needed for is gone as a whole, and the
    // families on disk always end at the same record.
    out.set_atomic_flush(true);
    // One thread writes: nothing is gained by letting writers overlap.
    out.set_allow_concurrent_memtable_write(false);
    out.set_enable_write_thread_adaptive_yield(false);
    // Nothing wakes up on its own to write statistics.
    out.set_stats_dump_period_sec(0);
    out.set_stats_persist_period_sec(0);
    out.set_log_level(LogLevel::Warn);
    out.set_keep_log_file_num(2);
    out.set_max_log_file_size(1 << 20);
    out.set_bytes_per_sync(1 << 20);
    out
}

/// Every column family with its options; they share one cache.
pub(crate) fn families(options: &Options, cache: &Cache) -> Vec<ColumnFamilyDescriptor> {
    let names = Family::ALL.map(Family::name).into_iter();
    names
        .chain([rocksdb::DEFAULT_COLUMN_FAMILY_NAME, instance::FAMILY])
        .map(|name| ColumnFamilyDescriptor::new(name, family(options, cache)))
        .collect()
}

fn family(options: &Options, cache: &Cache) -> rocksdb::Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    // Rows are read by their whole key: no prefix extractor.
    blocks.set_bloom_filter(10.0, false);
    blocks.set_whole_key_filtering(true);
    blocks.set_optimize_filters_for_memory(true);
    blocks.set_format_version(6);
    let mut out = rocksdb::Options::default();
    out.set_block_based_table_factory(&blocks);
    out.set_compression_type(DBCompressionType::Lz4);
    out.set_write_buffer_size(options.memtable_bytes);
    out.set_level_compaction_dynamic_level_bytes(true);
    out
}

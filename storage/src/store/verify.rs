//! Reads every row of a store and reports what does not decode.

use std::collections::BTreeMap;

use rocksdb::{IteratorMode, ReadOptions};

use crate::batch::Op;
use crate::error::{Corrupt, StoreError};
use crate::id::TenantId;
use crate::store::{Snapshot, Store};
use crate::table::{Family, KEY_HEAD_BYTES, Table, TableInfo};
use crate::tables::{self, DataKeys};

/// Damaged rows beyond this many are counted and not listed.
pub const CORRUPT_LISTED_MAX: usize = 100;

/// What a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Rows of each table by its name.
    pub rows: BTreeMap<&'static str, u64>,
    /// Tenants that have a row.
    pub tenants: u64,
    /// Rows of tags that no table has, by family and tag; those of retired tables are not damage.
    pub unknown: BTreeMap<(Family, u8), u64>,
    /// The first damaged rows.
    pub corrupt: Vec<Corrupt>,
    /// All damaged rows.
    pub corrupt_rows: u64,
}

impl VerifyReport {
    /// Whether every row decodes and belongs to a table, be it a retired one.
    pub fn is_clean(&self) -> bool {
        self.corrupt_rows == 0
    }

    /// The rows of all tables.
    pub fn rows_total(&self) -> u64 {
        self.rows.values().sum()
    }

    fn damage(&mut self, corrupt: Corrupt) {
        self.corrupt_rows += 1;
        if self.corrupt.len() < CORRUPT_LISTED_MAX {
            self.corrupt.push(corrupt);
        }
    }
}

impl Store {
    /// Reads every row of every table, with `RocksDB`'s checksums.
    pub fn verify(&self) -> Result<VerifyReport, StoreError> {
        self.verify_against(tables::catalogue(), tables::retired())
    }

    /// The same against another list of tables.
    pub fn verify_against(
        &self,
        catalogue: &[TableInfo],
        retired: &[u8],
    ) -> Result<VerifyReport, StoreError> {
        let mut report = VerifyReport::default();
        let snapshot = self.snapshot();
        for family in Family::ALL {
            let mut last = None;
            let mut options = ReadOptions::default();
            options.set_verify_checksums(true);
            options.fill_cache(false);
            let handle = self.family(family)?;
            for row in snapshot.iterator_cf_opt(handle, options, IteratorMode::Start) {
                let (key, value) =
                    row.map_err(|error| StoreError::rocks("reading a row", &error))?;
                let tenant = key.first_chunk().copied().map(TenantId::new);
                // Every tenant has a version among its rows, and keys come tenant by tenant.
                report.tenants += u64::from(family == Family::Rows && tenant != last);
                last = tenant;
                let lists = Lists { catalogue, retired };
                lists.check(&mut report, family, &key, &value);
            }
        }
        self.verify_data_keys(&snapshot, &mut report)?;
        Ok(report)
    }

    /// Opens every data key with the keyring; what does not open is damage.
    fn verify_data_keys(
        &self,
        snapshot: &Snapshot<'_>,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let family = self.family(DataKeys::FAMILY)?;
        for row in snapshot.iterator_cf(family, IteratorMode::Start) {
            let (key, value) = row.map_err(|error| StoreError::rocks("reading a row", &error))?;
            let op = Op { family: DataKeys::FAMILY, key: key.into(), value: Some(value.into()) };
            let (Some(tenant), Some(Ok(((version,), Some(wrapped))))) =
                (op.tenant(), op.of::<DataKeys>())
            else {
                // Not a row of this table, or reported already.
                continue;
            };
            if let Err(error) = self.keyring().unwrap(tenant, version, &wrapped) {
                report.damage(Corrupt::row(DataKeys::NAME, op.own_key(), &error.to_string()));
            }
        }
        Ok(())
    }
}

struct Lists<'l> {
    catalogue: &'l [TableInfo],
    retired: &'l [u8],
}

impl Lists<'_> {
    fn check(&self, report: &mut VerifyReport, family: Family, key: &[u8], value: &[u8]) {
        let (Some(tag), Some(own)) = (key.get(KEY_HEAD_BYTES - 1), key.get(KEY_HEAD_BYTES..))
        else {
            return report.damage(Corrupt::row(
                family.name(),
                key,
                "its key has no tenant and tag",
            ));
        };
        let table = self.catalogue.iter().find(|table| table.tag == *tag && table.family == family);
        let Some(table) = table else {
            *report.unknown.entry((family, *tag)).or_default() += 1;
            if !self.retired.contains(tag) {
                let reason = format!("no table of this family has the tag 0x{tag:02x}");
                report.damage(Corrupt::row(family.name(), key, &reason));
            }
            return;
        };
        *report.rows.entry(table.name).or_default() += 1;
        if let Err(corrupt) = (table.verify)(own, value) {
            report.damage(corrupt);
        }
    }
}

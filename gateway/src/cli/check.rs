//! `latchkey check`: reads every row of a stopped store.

use clap::Args;
use latchkey_storage::VerifyReport;

use super::failure::Failure;
use super::out;
use super::process::{Place, Setting};

/// Read every row of a stopped store and name those that are damaged.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let report = Setting::read(arguments.place)?.open()?.verify()?;
    print(&report)?;
    if report.is_clean() {
        return Ok(());
    }
    Err(Failure::failed(format_args!(
        "{} of {} rows are damaged: restore a backup",
        report.corrupt_rows,
        report.rows_total()
    )))
}

fn print(report: &VerifyReport) -> Result<(), Failure> {
    for (table, rows) in &report.rows {
        out::line(format_args!("{rows:>10}  {table}"))?;
    }
    for ((family, tag), rows) in &report.unknown {
        out::line(format_args!(
            "{rows:>10}  tag 0x{tag:02x} of {}, which no table has",
            family.name()
        ))?;
    }
    for corrupt in &report.corrupt {
        out::line(format_args!("damaged: {corrupt}"))?;
    }
    let (rows, tenants) = (report.rows_total(), report.tenants);
    out::line(format_args!("{rows} rows of {tenants} tenants were read"))
}

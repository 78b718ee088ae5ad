//! `latchkey-bench`: what the gateway costs, beside a bare hyper server in the same run.

mod answer;
mod checks;
mod child;
mod compare;
mod connection;
mod error;
mod figures;
mod load;
mod processor;
mod report;
mod scenario;
mod servers;
mod stopwatch;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::compare::Effort;
use crate::error::Error;
use crate::report::Report;

/// Measures the server's processor time a request against a bare hyper server in the same run.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Gateway against ceiling: validate, check, batch of 1,000, throughput.
    Compare {
        /// The built `latchkey` binary.
        #[arg(long)]
        latchkey: PathBuf,
        #[command(flatten)]
        effort: Effort,
        #[command(flatten)]
        output: Output,
    },
    /// The ceiling alone.
    Ceiling {
        /// Bytes of the body of a small answer.
        #[arg(long, default_value_t = 60)]
        answer_bytes: usize,
        #[command(flatten)]
        effort: Effort,
        #[command(flatten)]
        output: Output,
    },
}

/// Where the figures go beside the terminal.
#[derive(Args)]
struct Output {
    /// Also write every sample as JSON to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the table as `table.md` into this directory.
    #[arg(long, default_value = "target/bench-report")]
    report_dir: PathBuf,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latchkey-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::io("start the runtime"))?;
    let done = runtime.block_on(async {
        // The loser is dropped, and with it every child process and temporary directory.
        tokio::select! {
            done = execute(command) => done,
            interrupted = interrupted() => interrupted,
        }
    });
    // A reader whose child has ended needs no longer than this.
    runtime.shutdown_timeout(Duration::from_secs(2));
    done
}

async fn execute(command: Command) -> Result<(), Error> {
    match command {
        Command::Compare { latchkey, effort, output } => {
            output.write(&compare::gateway(latchkey, effort).await?)
        }
        Command::Ceiling { answer_bytes, effort, output } => {
            output.write(&compare::ceiling(answer_bytes, effort).await?)
        }
    }
}

/// Returns on SIGINT or SIGTERM.
async fn interrupted() -> Result<(), Error> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::io("listen for SIGINT"))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::io("listen for SIGTERM"))?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Err(Error::Interrupted)
}

impl Output {
    fn write(&self, report: &Report) -> Result<(), Error> {
        let table = report.table();
        let written = writeln!(io::stdout(), "{table}");
        written.map_err(Error::io("print the table"))?;
        let directory = self.report_dir.display();
        fs::create_dir_all(&self.report_dir).map_err(Error::io(format!("make `{directory}`")))?;
        save(&self.report_dir.join("table.md"), &table)?;
        let Some(path) = &self.json else { return Ok(()) };
        let json = serde_json::to_string_pretty(report).map_err(io::Error::from);
        save(path, &json.map_err(Error::io("write JSON"))?)
    }
}

fn save(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::io(format!("write `{}`", path.display())))
}

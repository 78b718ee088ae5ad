//! The command line: one file a command.

mod backup;
mod check;
mod demo;
mod failure;
mod init;
mod keygen;
mod out;
mod process;
mod recover;
mod remote;
mod restore;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::documented;

/// A gateway that holds the keys of a multi-tenant platform.
#[derive(Parser)]
#[command(name = "latchkey", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Init(init::Arguments),
    Demo(demo::Arguments),
    Check(check::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Recover(recover::Arguments),
    Keygen(keygen::Arguments),
}

/// Runs the program and says how it ended: 0 done, 1 failed, 2 unusable arguments or configuration.
pub fn run() -> ExitCode {
    let command = Cli::command().after_help(explained());
    let parsed = command.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        // Help and version are errors to clap, with exit code 0; everything else has 2.
        Err(error) => error.exit(),
    };
    let outcome = match cli.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Init(arguments) => init::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Backup(arguments) => backup::run(arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Recover(arguments) => recover::run(arguments),
        Command::Keygen(arguments) => keygen::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// What `--help` says after the commands.
fn explained() -> String {
    let mut text = String::from(
        "Configuration: the defaults (`config/default.toml` lists every key with a sentence), then \
         --config FILE, then variables, then flags.\n\nVariables:\n",
    );
    text.extend(documented().iter().map(|it| format!("  {:<26}{}\n", it.name, it.says)));
    text.push_str("\nExit codes: 0 done, 1 failed, 2 unusable arguments or configuration.");
    text
}

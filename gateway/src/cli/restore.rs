//! `latchkey restore`: a backup becomes the store of an empty folder.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::out;

/// Copy a backup into a folder that is empty or does not exist.
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The folder of the new store
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    latchkey_storage::restore(&arguments.from, &arguments.data)?;
    out::line(format_args!("restored to `{}`", arguments.data.display()))?;
    out::note(
        "The master key is not in a backup: serve it with `MASTER_KEY` or `MASTER_KEY_FILE` set to \
         the one of the store that was backed up, or copy that store's `master.key` beside it.",
    );
    Ok(())
}

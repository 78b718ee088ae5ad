//! `latchkey backup`: a copy of a stopped store, or one that a running gateway makes of its own.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::process::{self, Place, Setting};
use super::{out, remote};
use crate::config::Variables;

const API_KEY: &str = "LATCHKEY_API_KEY";

/// Write a backup of a stopped store, or ask a running gateway for one.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// A folder that does not exist yet; with --url a name in the gateway's own backup folder
    #[arg(long, value_name = "DIR|NAME")]
    to: PathBuf,
    /// The address of a running gateway, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL", conflicts_with_all = ["data", "config"])]
    url: Option<String>,
    /// A key of the master tenant that may make backups; better in `LATCHKEY_API_KEY`, which no
    /// list of processes shows
    #[arg(long, value_name = "KEY", requires = "url")]
    api_key: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let path = match arguments.url {
        Some(url) => of_gateway(&url, arguments.api_key, &arguments.to)?,
        None => of_store(arguments.place, &arguments.to)?,
    };
    out::line(format_args!("backed up to `{path}`"))?;
    out::note("The master key is not in a backup: keep a copy of it elsewhere.");
    Ok(())
}

fn of_store(place: Place, to: &Path) -> Result<String, Failure> {
    let store = Setting::read(place)?.open()?;
    if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(|error| {
            Failure::failed(format_args!("cannot make the folder `{}`: {error}", parent.display()))
        })?;
    }
    store.checkpoint(to)?;
    Ok(to.display().to_string())
}

fn of_gateway(url: &str, key: Option<String>, name: &Path) -> Result<String, Failure> {
    let key = key.or_else(|| Variables::of_process().get(API_KEY).map(str::to_owned));
    let key = key.ok_or_else(|| {
        Failure::unusable(format_args!("name a key for `{url}` by `{API_KEY}` or --api-key"))
    })?;
    let name = name.to_str().filter(|name| is_name(name)).ok_or_else(|| {
        Failure::unusable(format_args!(
            "`{}` is no name of a backup: 1 to 64 of A-Z, a-z, 0-9, `.`, `_` and `-`",
            name.display()
        ))
    })?;
    process::block_on(remote::back_up(url, &key, name))
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && name != "." && name != ".."
}

//! The data set: permissions, roles, and which role holds which permission.

use std::io::Read;

use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::error::{Error, Result};

const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/gcp-iam.json.gz"));
/// Bytes of the unpacked file, at most.
const UNPACKED_BYTES_MAX: u64 = 16 << 20;

/// The file's content.
#[derive(Deserialize)]
pub(super) struct Dataset {
    /// `service.resource.action`.
    pub(super) permissions: Vec<String>,
    pub(super) roles: Vec<DatasetRole>,
}

#[derive(Deserialize)]
pub(super) struct DatasetRole {
    /// Different for every role.
    pub(super) name: String,
    pub(super) title: String,
    /// Places in the list of permissions.
    pub(super) permissions: Vec<usize>,
}

impl Dataset {
    pub(super) fn read() -> Result<Self> {
        let mut text = String::new();
        let mut file = GzDecoder::new(FILE).take(UNPACKED_BYTES_MAX);
        file.read_to_string(&mut text).map_err(Error::internal)?;
        serde_json::from_str(&text).map_err(Error::internal)
    }
}

/// Resource and action of a permission of the data set.
pub(super) fn split(permission: &str) -> Result<(&str, &str)> {
    permission
        .rsplit_once('.')
        .ok_or_else(|| Error::internal(format!("`{permission}` of the data set has no action")))
}

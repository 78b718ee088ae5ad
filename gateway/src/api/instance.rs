//! The instance itself: checkpoints of the running store.

use latchkey_actors::error::{Code, Error, Result};
use latchkey_actors::tenant::Tx;
use latchkey_storage::StoreError;
use latchkey_storage::id::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::Created;
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::Body;

const NAME_BYTES_MAX: usize = 64;

endpoints! { TABLE, "instance", Platform;
    /// Make a backup.
    ///
    /// A checkpoint of the running store under the gateway's backup folder. The master key is not
    /// in it: keep that by itself.
    POST "/api/v1/admin/backups" => backup, Master(Instance, Backup), Committed;
}

/// A backup to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewBackup {
    /// 1 to 64 of letters, digits, `.`, `_` and `-`.
    name: String,
}

/// A backup that was made.
#[derive(Serialize, JsonSchema)]
struct Backup {
    name: String,
    path: String,
}

async fn backup(ctx: Ctx, Body(body): Body<NewBackup>) -> Result<Created<Backup>> {
    let name = body.name;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(allowed);
    if !fits || name.chars().all(|c| c == '.') {
        let problem = "must be 1 to 64 of letters, digits, `.`, `_` and `-`";
        return Err(Error::invalid("name", problem));
    }
    let folder = ctx.shared.config.backup_dir();
    let path = folder.join(&name);
    if path.exists() {
        return Err(Error::conflict(Code::AlreadyExists, "A backup with this name already exists"));
    }
    let store = std::sync::Arc::clone(&ctx.shared.store);
    let to = path.clone();
    let made = tokio::task::spawn_blocking(move || {
        let failed = |error: std::io::Error| StoreError::Io {
            doing: "making the backup folder",
            detail: error.to_string(),
        };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        store.checkpoint(&to)
    });
    made.await.map_err(Error::internal)?.map_err(Error::internal)?;
    let audited = name.clone();
    let command = move |tx: &mut Tx<'_, '_>| {
        tx.audit("backup.created", "backup", &audited, &json!({}));
        Ok(())
    };
    // It is an act on the instance, whatever tenant the header names.
    let master = ctx.shared.registry.tenant(TenantId::MASTER).await?;
    master.execute(ctx.who(), command).await?;
    let path = path.display().to_string();
    Ok(Created {
        message: "Backup created successfully",
        location: format!("/api/v1/admin/backups/{name}"),
        version: 1,
        data: Backup { name, path },
    })
}

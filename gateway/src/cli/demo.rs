//! `latchkey demo`: the demonstration tenant, keys for it, and lines to try them with.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use latchkey_actors::api_keys::Issued;
use latchkey_actors::demo::{self, Demo, Keys, Loading, Part};
use latchkey_actors::tenants::AdminKey;
use latchkey_storage::id::{TenantId, UserId};
use latchkey_storage::{Store, StoreError};
use parking_lot::Mutex;
use serde::Serialize;

use super::failure::Failure;
use super::out;
use super::process::{self, Place, Setting};
use crate::instance::{self, Instance, InstanceError};

/// The body of the batch, for the curl line.
const BATCH_FILE: &str = "demo-batch.json";
const BASE_URL: &str = "http://127.0.0.1:8080";

/// Load the demonstration tenant, as far as it is missing, and issue new keys for it; a store that
/// is not there is made first.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Print {"tenantId", "adminKey", "serviceKey", "sampleUserId", "samplePermission"}, and
    /// "masterTenantId" and "masterApiKey" when the store was made
    #[arg(long)]
    json: bool,
}

/// Everything that came of it.
struct Outcome {
    /// When the store was made just now.
    master: Option<Issued>,
    demo: Demo,
    keys: Keys,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let setting = Setting::read(arguments.place)?;
    let store = open_or_create(&setting)?;
    let show = Show::new(arguments.json);
    let work = async |instance: &Instance| {
        let master = if instance.is_founded().await? {
            None
        } else {
            Some(instance.found(AdminKey::Drawn).await?)
        };
        let demo = demo::load(&instance.registry, &|step| show.step(step)).await?;
        let keys = demo::issue_keys(&instance.registry, demo.tenant).await?;
        Ok(Outcome { master, demo, keys })
    };
    let outcome = process::over(&setting.config, store, work)?;
    show.done(outcome.demo.imported);
    let batch = setting.config.data_dir.join(BATCH_FILE);
    write_batch(&batch, &outcome.demo)?;
    if arguments.json { out::json(&Printed::of(&outcome)) } else { print(&outcome, &batch) }
}

fn open_or_create(setting: &Setting) -> Result<Arc<Store>, Failure> {
    let given = setting.secrets.master_key.as_ref();
    let (store, origin) = match instance::open(&setting.config, given) {
        Err(InstanceError::Store(StoreError::NotInitialised(_))) => {
            instance::create(&setting.config, given)?
        }
        opened => opened?,
    };
    process::warn(&origin);
    Ok(store)
}

/// How the progress is shown: a bar to a person, a line for each part to a file, nothing beside
/// JSON.
enum Show {
    Nothing,
    Bar(ProgressBar),
    Lines(Mutex<Option<Part>>),
}

impl Show {
    fn new(json: bool) -> Self {
        match (json, io::stderr().is_terminal()) {
            (true, _) => Self::Nothing,
            (false, false) => Self::Lines(Mutex::new(None)),
            (false, true) => {
                let bar = ProgressBar::new(0);
                let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                Self::Bar(bar)
            }
        }
    }

    fn step(&self, step: Loading) {
        match self {
            Self::Nothing => {}
            Self::Bar(bar) => {
                bar.set_length(step.total as u64);
                bar.set_position(step.done as u64);
                bar.set_message(step.part.to_string());
            }
            Self::Lines(last) => {
                if last.lock().replace(step.part) != Some(step.part) {
                    out::note(format_args!("loading {}", step.part));
                }
            }
        }
    }

    fn done(&self, imported: usize) {
        match self {
            Self::Nothing => {}
            Self::Bar(bar) => bar.finish_and_clear(),
            Self::Lines(_) => out::note(format_args!("{imported} rows loaded")),
        }
    }
}

#[derive(Serialize)]
struct Check<'d> {
    resource: &'d str,
    action: &'d str,
}

impl<'d> Check<'d> {
    fn of(question: &'d demo::Question) -> Self {
        Self { resource: &question.resource, action: &question.action }
    }
}

fn write_batch(file: &Path, demo: &Demo) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Batch<'d> {
        user_id: UserId,
        checks: Vec<Check<'d>>,
    }
    let checks = demo.sample.checks.iter().map(Check::of).collect();
    let batch = Batch { user_id: demo.sample.user, checks };
    let text = serde_json::to_vec(&batch).map_err(io::Error::from);
    text.and_then(|text| fs::write(file, text)).map_err(|error| {
        Failure::failed(format_args!("cannot write `{}`: {error}", file.display()))
    })
}

/// The shape of `--json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Printed<'o> {
    tenant_id: TenantId,
    admin_key: &'o str,
    service_key: &'o str,
    sample_user_id: UserId,
    sample_permission: Check<'o>,
    #[serde(skip_serializing_if = "Option::is_none")]
    master_tenant_id: Option<TenantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    master_api_key: Option<&'o str>,
}

impl<'o> Printed<'o> {
    fn of(outcome: &'o Outcome) -> Self {
        let Outcome { master, demo, keys } = outcome;
        Self {
            tenant_id: demo.tenant,
            admin_key: keys.admin.secret.expose(),
            service_key: keys.service.secret.expose(),
            sample_user_id: demo.sample.user,
            sample_permission: Check::of(&demo.sample.held),
            master_tenant_id: master.as_ref().map(|_| TenantId::MASTER),
            master_api_key: master.as_ref().map(|issued| issued.secret.expose()),
        }
    }
}

fn print(outcome: &Outcome, batch: &Path) -> Result<(), Failure> {
    let Outcome { master, demo, keys } = outcome;
    if let Some(master) = master {
        out::line(format_args!("master tenant      {}", TenantId::MASTER))?;
        out::line(format_args!("master key         {}", master.secret.expose()))?;
    }
    let (tenant, service) = (demo.tenant, keys.service.secret.expose());
    out::line(format_args!("tenant             {tenant}"))?;
    out::line(format_args!("administrator key  {}", keys.admin.secret.expose()))?;
    out::line(format_args!("service key        {service}"))?;
    out::line("\nThe keys are shown this once; the next run revokes them. To try them:\n")?;
    let doors = format!("/api/v1/tenants/{tenant}/integration");
    let curl = |path: &str, body: &str| {
        format!(
            "curl -s '{BASE_URL}{path}' -H 'X-API-Key: {service}' -H 'x-tenantid: {tenant}' \
             -H 'Content-Type: application/json' --data-binary '{body}'\n"
        )
    };
    let held = &demo.sample.held;
    let check = serde_json::json!({
        "user_id": demo.sample.user, "resource": held.resource, "action": held.action,
    });
    let key = serde_json::json!({ "apiKey": service });
    let batch = fs::canonicalize(batch).unwrap_or_else(|_| batch.to_owned());
    out::line(curl("/api/v1/api-keys/validate", &key.to_string()))?;
    out::line(curl(&format!("{doors}/check-permission"), &check.to_string()))?;
    let body = format!("@{}", batch.display());
    out::line(curl(&format!("{doors}/batch-check-permissions"), &body).trim_end())
}

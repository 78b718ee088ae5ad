//! What changes the directory. All of these run in the master tenant.

use std::ops::ControlFlow;

use latchkey_storage::View;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::{
    Tenant, TenantRef, TenantStatus, Tenants, TenantsByCode, TenantsBySlug, TenantsDeleted,
};
use serde_json::json;

use crate::entropy::base62;
use crate::error::{Error, Result};
use crate::tenant::{Command, Counted, Tx, if_match, total};
use crate::text;

/// How long a tenant may be on its way, in milliseconds, before its slug counts as free.
const CREATING_MS_MAX: i64 = 60_000;
const LIFETIME_SECONDS_MAX: u32 = 31_536_000;
const SETTINGS_BYTES_MAX: usize = 64 << 10;

/// Changes the members of a row that may change.
pub type Edit<T> = Box<dyn FnOnce(&mut T) -> Result<()> + Send>;

/// A tenant to be made.
#[derive(Clone, Debug)]
pub struct NewTenant {
    pub name: String,
    pub slug: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub logo_url: Option<String>,
    pub primary_color: Option<String>,
    /// A JSON object, as text.
    pub settings: String,
    /// A JSON object, as text.
    pub password_policy: String,
    pub mfa_enabled: bool,
    pub mfa_required: bool,
}

impl NewTenant {
    /// The row of a tenant on its way.
    pub fn row(self, id: TenantId, code: String, now: i64) -> Tenant {
        Tenant {
            id,
            code,
            slug: self.slug,
            name: self.name,
            display_name: self.display_name,
            description: self.description,
            logo_url: self.logo_url,
            primary_color: self.primary_color,
            settings: self.settings,
            password_policy: self.password_policy,
            mfa_enabled: self.mfa_enabled,
            mfa_required: self.mfa_required,
            access_token_lifetime_seconds: 900,
            refresh_token_lifetime_seconds: 604_800,
            id_token_lifetime_seconds: 900,
            authorization_code_lifetime_seconds: 60,
            status: TenantStatus::Creating,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        }
    }
}

/// A row for answers about nobody's tenant.
pub fn nobody() -> Tenant {
    let empty = || String::from("{}");
    let new = NewTenant {
        name: String::new(),
        slug: String::new(),
        display_name: None,
        description: None,
        logo_url: None,
        primary_color: None,
        settings: empty(),
        password_policy: empty(),
        mfa_enabled: false,
        mfa_required: false,
    };
    new.row(TenantId::new([0; 16]), String::new(), 0)
}

/// Draws the eight characters that name a tenant in its keys.
pub fn code(entropy: &dyn crate::entropy::Entropy) -> String {
    base62(8, entropy)
}

/// Announces a tenant: its slug and its code are taken, nobody finds it yet.
pub(super) struct Announce(pub(super) Tenant);

impl Command for Announce {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let row = self.0;
        checked(&row)?;
        slug_is_free(tx, &row.slug)?;
        if tx.contains::<TenantsByCode>(&(row.code.clone(),))? {
            return Err(Error::unavailable("The code of the tenant is taken; try again"));
        }
        tx.put::<TenantsBySlug>(&(row.slug.clone(),), &TenantRef(row.id));
        tx.put::<TenantsByCode>(&(row.code.clone(),), &TenantRef(row.id));
        tx.put::<Tenants>(&(row.id,), &row);
        Ok(())
    }
}

/// A tenant's own first record stands: from now on it is found.
pub struct Activate(pub(super) TenantId);

impl Command for Activate {
    type Answer = Tenant;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Tenant> {
        let announced = tx.get::<Tenants>(&(self.0,))?;
        let mut row = announced.ok_or_else(|| Error::not_found("Tenant"))?;
        row.status = TenantStatus::Active;
        tx.put::<Tenants>(&(row.id,), &row);
        tx.count(Counted::Tenants, 1)?;
        let diff = json!({ "name": row.name, "slug": row.slug });
        tx.audit("tenant.created", "tenant", &row.id, &diff);
        Ok(row)
    }
}

/// Changes a tenant.
pub struct Update {
    pub id: TenantId,
    pub edit: Edit<Tenant>,
    pub if_match: Option<u64>,
}

impl Command for Update {
    type Answer = Tenant;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Tenant> {
        let before = live(tx.view(), self.id)?;
        if_match(self.if_match, before.version)?;
        let mut row = before.clone();
        (self.edit)(&mut row)?;
        checked(&row)?;
        if row.slug != before.slug {
            slug_is_free(tx, &row.slug)?;
            tx.delete::<TenantsBySlug>(&(before.slug,));
            tx.put::<TenantsBySlug>(&(row.slug.clone(),), &TenantRef(row.id));
        }
        row.updated_at = tx.now;
        row.version += 1;
        tx.put::<Tenants>(&(row.id,), &row);
        let diff = json!({ "name": row.name, "slug": row.slug });
        tx.audit("tenant.updated", "tenant", &row.id, &diff);
        Ok(row)
    }
}

/// Deletes a tenant; it may come back.
pub struct Remove {
    pub id: TenantId,
    pub if_match: Option<u64>,
}

impl Command for Remove {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        if self.id == TenantId::MASTER {
            return Err(Error::forbidden("The master tenant cannot be deleted"));
        }
        let mut row = live(tx.view(), self.id)?;
        if_match(self.if_match, row.version)?;
        row.status = TenantStatus::Deleted;
        row.deleted_at = Some(tx.now);
        row.version += 1;
        tx.delete::<TenantsBySlug>(&(row.slug.clone(),));
        tx.delete::<Tenants>(&(row.id,));
        tx.put::<TenantsDeleted>(&(row.id,), &row);
        tx.count(Counted::Tenants, -1)?;
        tx.audit("tenant.deleted", "tenant", &row.id, &json!({ "slug": row.slug }));
        Ok(())
    }
}

/// Brings a deleted tenant back.
pub struct Restore(pub TenantId);

impl Command for Restore {
    type Answer = Tenant;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Tenant> {
        let Some(mut row) = tx.get::<TenantsDeleted>(&(self.0,))? else {
            return Err(Error::not_found("Tenant"));
        };
        slug_is_free(tx, &row.slug)?;
        row.status = TenantStatus::Active;
        row.deleted_at = None;
        row.updated_at = tx.now;
        row.version += 1;
        tx.delete::<TenantsDeleted>(&(row.id,));
        tx.put::<Tenants>(&(row.id,), &row);
        tx.put::<TenantsBySlug>(&(row.slug.clone(),), &TenantRef(row.id));
        tx.count(Counted::Tenants, 1)?;
        tx.audit("tenant.restored", "tenant", &row.id, &json!({ "slug": row.slug }));
        Ok(row)
    }
}

/// One tenant that is not deleted.
pub fn fetch(view: &View<'_>, id: TenantId) -> Result<Tenant> {
    live(view, id)
}

/// A page of the tenants, and how many there are.
pub fn list(view: &View<'_>, skip: usize, limit: usize) -> Result<(Vec<Tenant>, u64)> {
    let (mut page, mut passed) = (Vec::new(), 0);
    view.for_each::<Tenants>(&(), |_, row| {
        // Those on their way are not counted, and nobody finds them.
        if row.status != TenantStatus::Creating {
            passed += 1;
            page.extend((passed > skip && page.len() < limit).then_some(row));
        }
        if page.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok((page, total(view, Counted::Tenants)?))
}

fn live(view: &View<'_>, id: TenantId) -> Result<Tenant> {
    let row = view.get::<Tenants>(&(id,))?.filter(|row| row.status != TenantStatus::Creating);
    row.ok_or_else(|| Error::not_found("Tenant"))
}

/// A slug is free when nobody has it, or when the one who has it never came to be.
fn slug_is_free(tx: &mut Tx<'_, '_>, slug: &str) -> Result<()> {
    let Some(TenantRef(holder)) = tx.get::<TenantsBySlug>(&(slug.to_owned(),))? else {
        return Ok(());
    };
    let abandoned = tx.get::<Tenants>(&(holder,))?.filter(|row| {
        row.status == TenantStatus::Creating && row.created_at + CREATING_MS_MAX < tx.now
    });
    match abandoned {
        Some(row) => {
            give_up(tx, row);
            Ok(())
        }
        None => Err(Error::taken("tenant", "slug", slug)),
    }
}

/// Drops a tenant that never came to be.
fn give_up(tx: &mut Tx<'_, '_>, row: Tenant) {
    tx.delete::<TenantsBySlug>(&(row.slug,));
    tx.delete::<TenantsByCode>(&(row.code,));
    tx.delete::<Tenants>(&(row.id,));
}

/// Drops the tenant of a slug if it is still on its way: for whoever has the store alone, and so
/// knows that nobody is making it.
pub struct GiveUp(pub String);

impl Command for GiveUp {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Some(TenantRef(id)) = tx.get::<TenantsBySlug>(&(self.0,))? else { return Ok(()) };
        let row = tx.get::<Tenants>(&(id,))?;
        if let Some(row) = row.filter(|row| row.status == TenantStatus::Creating) {
            give_up(tx, row);
        }
        Ok(())
    }
}

fn checked(row: &Tenant) -> Result<()> {
    text::display_name("name", &row.name)?;
    text::slug("slug", &row.slug)?;
    row.display_name.as_deref().map_or(Ok(()), |name| text::display_name("display_name", name))?;
    text::description("description", row.description.as_deref())?;
    text::url("logo_url", row.logo_url.as_deref())?;
    text::color("primary_color", row.primary_color.as_deref())?;
    if row.settings.len() > SETTINGS_BYTES_MAX {
        return Err(Error::invalid(
            "settings",
            format!("takes at most {SETTINGS_BYTES_MAX} bytes"),
        ));
    }
    if row.password_policy.len() > SETTINGS_BYTES_MAX {
        let problem = format!("takes at most {SETTINGS_BYTES_MAX} bytes");
        return Err(Error::invalid("password_policy", problem));
    }
    let lifetimes = [
        ("access_token_lifetime_seconds", row.access_token_lifetime_seconds),
        ("refresh_token_lifetime_seconds", row.refresh_token_lifetime_seconds),
        ("id_token_lifetime_seconds", row.id_token_lifetime_seconds),
        ("authorization_code_lifetime_seconds", row.authorization_code_lifetime_seconds),
    ];
    match lifetimes.iter().find(|(_, s)| *s == 0 || *s > LIFETIME_SECONDS_MAX) {
        Some((field, _)) => {
            Err(Error::invalid(*field, format!("must be 1 to {LIFETIME_SECONDS_MAX} seconds")))
        }
        None if row.mfa_required && !row.mfa_enabled => {
            Err(Error::invalid("mfa_required", "needs `mfa_enabled`"))
        }
        None => Ok(()),
    }
}

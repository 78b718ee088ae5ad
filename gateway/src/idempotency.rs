//! `Idempotency-Key` on creates: the record is part of the create's own commit and holds the
//! answer, sealed under the tenant's data key, for a day.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::tenant::{Command, Tenant, Tx};
use latchkey_actors::tenants::data_key;
use latchkey_storage::tables::{Idempotencies, Idempotency};
use latchkey_storage::view::cursor;
use latchkey_storage::{Page, Place};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Answers, Created, Ready};
use crate::context::{Ctx, Face};

const KEPT_MS: i64 = 86_400_000;
const KEY_BYTES_MAX: usize = 255;
/// Rows that a new one looks at to find some that are over: more than one, so that they get fewer.
const SWEPT: usize = 4;

/// Which create this is, as its client names it.
#[derive(Clone)]
pub(crate) struct Key {
    principal: [u8; 16],
    key: [u8; 32],
    request: [u8; 32],
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// A command whose answer is kept with what it commits.
struct Keyed<C, R> {
    key: Option<Key>,
    command: C,
    render: R,
    face: Face,
}

impl Ctx {
    /// Runs a create in the tenant of the request and renders its answer; a repetition with the
    /// same `Idempotency-Key` gets the answer of the first.
    ///
    /// # Errors
    /// The command's own; 422 when the key was used for another request.
    pub async fn create<C, T, R>(&self, command: C, render: R) -> Result<Ready<Created<T>>>
    where
        C: Command,
        T: Serialize + schemars::JsonSchema + Send + 'static,
        R: FnOnce(C::Answer) -> Created<T> + Send + 'static,
    {
        self.create_in(&Arc::clone(self.tenant()?), command, render).await
    }

    /// The same in a tenant of the handler's choice.
    pub async fn create_in<C, T, R>(
        &self,
        tenant: &Arc<Tenant>,
        command: C,
        render: R,
    ) -> Result<Ready<Created<T>>>
    where
        C: Command,
        T: Serialize + schemars::JsonSchema + Send + 'static,
        R: FnOnce(C::Answer) -> Created<T> + Send + 'static,
    {
        let face = self.face();
        let key = self.idempotency_key()?;
        let keyed = Keyed { key, command, render, face };
        let answer = tenant.execute(self.who(), keyed).await?;
        Ok(Ready(answer, std::marker::PhantomData))
    }

    /// The answer of an earlier request with the same `Idempotency-Key`, for creates of several
    /// steps.
    pub async fn replayed(&self, tenant: &Arc<Tenant>) -> Result<Option<Answer>> {
        let Some(key) = self.idempotency_key()? else { return Ok(None) };
        let now_ms = self.now_ms;
        tenant.read(move |view| key.replay(view, now_ms)).await
    }

    fn idempotency_key(&self) -> Result<Option<Key>> {
        let Some(text) = self.header("idempotency-key") else { return Ok(None) };
        let fits = (1..=KEY_BYTES_MAX).contains(&text.len());
        if !fits || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "Invalid header 'Idempotency-Key'";
            return Err(Error::new(Kind::Malformed, Code::InvalidParameter, message).field(
                "Idempotency-Key",
                format!("must be 1 to {KEY_BYTES_MAX} visible ASCII characters"),
            ));
        }
        let principal = self.caller.as_ref().map_or([0; 16], |c| *c.entry.key.id.as_bytes());
        let key = *blake3::hash(text.as_bytes()).as_bytes();
        Ok(Some(Key { principal, key, request: self.request_hash }))
    }
}

/// A keyed hash of what a create asks for: it is kept in the clear, and a body may hold a password.
pub(crate) fn request_hash(ctx: &Ctx, body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in [ctx.endpoint.method.word().as_bytes(), ctx.parts.uri.path().as_bytes(), body] {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    *ctx.shared.store.fingerprint(hasher.finalize().as_bytes()).as_bytes()
}

impl Key {
    fn row(&self) -> ([u8; 16], [u8; 32]) {
        (self.principal, self.key)
    }

    fn place(&self, view: &latchkey_storage::View<'_>) -> Place {
        Place::of::<Idempotencies>(view.tenant(), &self.row(), "answer")
    }

    fn replay(&self, view: &latchkey_storage::View<'_>, now_ms: i64) -> Result<Option<Answer>> {
        let row = view.get::<Idempotencies>(&self.row())?;
        let Some(row) = row.filter(|row| row.expires_at > now_ms) else { return Ok(None) };
        if row.request != self.request {
            let message = "The `Idempotency-Key` was used for another request";
            return Err(Error::new(Kind::Invalid, Code::IdempotencyKeyReused, message));
        }
        let opened =
            data_key(view)?.open(&self.place(view), &row.answer).map_err(Error::internal)?;
        let kept: Kept = serde_json::from_slice(opened.expose()).map_err(Error::internal)?;
        let answer = Answer::json(kept.status, kept.body);
        let replayed = HeaderName::from_static("idempotency-replayed");
        let answer = answer.with(replayed, "true");
        Ok(Some(kept.headers.iter().fold(answer, |answer, (name, value)| {
            match HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => answer.with(name, value),
                Err(_) => answer,
            }
        })))
    }

    fn keep(&self, tx: &mut Tx<'_, '_>, answer: &Answer) -> Result<()> {
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let kept = Kept {
            status: answer.status,
            headers: answer.headers.iter().map(|(n, v)| (n.to_string(), text(v))).collect(),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&kept).map_err(Error::internal)?);
        let place = self.place(tx.view());
        let answer = data_key(tx.view())?.seal(&place, &plain, tx.entropy());
        let expires_at = tx.now + KEPT_MS;
        let row = Idempotency { request: self.request, answer, expires_at };
        self.sweep(tx)?;
        tx.put::<Idempotencies>(&self.row(), &row);
        Ok(())
    }

    /// Deletes what is over among the next rows of the principal. Keys are hashes: in time every
    /// row comes next.
    fn sweep(&self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let after = Some(cursor::<Idempotencies>(&self.row()));
        let page = Page { after, skip: 0, limit: SWEPT };
        let now_ms = tx.now;
        let rows = tx.view().scan::<Idempotencies>(&(self.principal,), page)?;
        for (place, _) in rows.iter().filter(|(_, row)| row.expires_at <= now_ms) {
            tx.delete::<Idempotencies>(place);
        }
        Ok(())
    }
}

impl<C, T, R> Command for Keyed<C, R>
where
    C: Command,
    T: Serialize + schemars::JsonSchema + Send + 'static,
    R: FnOnce(C::Answer) -> Created<T> + Send + 'static,
{
    type Answer = Answer;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Answer> {
        if let Some(key) = &self.key
            && let Some(answer) = key.replay(tx.view(), tx.now)?
        {
            return Ok(answer);
        }
        let answer = self.command.run(tx)?;
        let answer = (self.render)(answer).answer(&self.face)?;
        self.key.iter().try_for_each(|key| key.keep(tx, &answer))?;
        Ok(answer)
    }
}

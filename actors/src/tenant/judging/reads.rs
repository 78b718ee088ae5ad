//! Reads that messages wait for: one for each missing thing, off the workers.

use std::sync::Arc;

use latchkey_storage::StoreError;
use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{ApiKeyUsage, ApiKeysBySecret};

use crate::api_keys::KeyEntry;
use crate::error::{Error, Result};
use crate::tenant::actor::State;
use crate::tenant::effects::compile;
use crate::tenant::group::Submitted;
use crate::tenant::messages::{Fill, Lease, Mail, Need, Waiting};
use crate::tenant::principals::{Direct, Principal};
use crate::tenant::quota::lease;
use crate::tenant::tx::{Tx, Who};

impl State {
    /// Starts the read that a message waits for.
    pub(in crate::tenant) fn fetch(&mut self, need: Need) {
        let me = self.me.clone();
        let refused = match need {
            Need::Key(fingerprint) => self.shared.store.read_detached(self.id, move |view| {
                let _ = me.cast(Mail::Filled(need, read_key(view, fingerprint)));
            }),
            Need::User(user) => self.shared.store.read_detached(self.id, move |view| {
                let fill = Direct::load(view, user)
                    .map(Fill::User)
                    .map_err(|error| as_store_error(&error));
                let _ = me.cast(Mail::Filled(need, fill));
            }),
            Need::Model => self.shared.store.read_detached(self.id, move |view| {
                let fill = compile(view).map(|model| Fill::Model(Arc::new(model)));
                let _ = me.cast(Mail::Filled(need, fill.map_err(|error| as_store_error(&error))));
            }),
            Need::Lease(key) => {
                self.take_lease(key);
                Ok(())
            }
        };
        if let Err(error) = refused {
            self.fail(need, &error.into());
        }
    }

    /// A read has come back.
    pub(in crate::tenant) fn filled(&mut self, need: Need, fill: Result<Fill, StoreError>) {
        let flight = self.flights.land(&need);
        if flight.spoiled {
            self.flights.again(need, flight.waiting);
            return self.fetch(need);
        }
        let fill = match fill {
            Ok(fill) => fill,
            Err(error) => {
                fail_all(flight.waiting, &error.into());
                return self.rest_if_told();
            }
        };
        match (need, fill) {
            (Need::Key(fingerprint), Fill::Key(row)) => {
                let entry = row.map(|row| KeyEntry::new(row.0, row.1));
                self.caches.put_key(fingerprint, entry);
            }
            (Need::User(user), Fill::User(direct)) => {
                self.caches.put_user(user, direct.map(Principal::new));
            }
            (_, Fill::Model(model)) => self.model = Some(model),
            _ => {}
        }
        self.report_bytes();
        flight.waiting.into_iter().for_each(|message| self.answer(message));
        self.rest_if_told();
    }

    pub(in crate::tenant) fn leased(&mut self, key: ApiKeyId, lease: Result<Lease>) {
        let need = Need::Lease(key);
        match lease {
            Ok(lease) => {
                let flight = self.flights.land(&need);
                if flight.spoiled {
                    // It was taken out of a quota that has been set anew since.
                    self.flights.again(need, flight.waiting);
                    return self.take_lease(key);
                }
                self.leases.add(key, lease);
                flight.waiting.into_iter().for_each(|message| self.answer(message));
            }
            Err(error) => self.fail(need, &error),
        }
        self.rest_if_told();
    }

    pub(in crate::tenant) fn fail(&mut self, need: Need, error: &Error) {
        fail_all(self.flights.land(&need).waiting, error);
    }

    pub(in crate::tenant) fn take_lease(&mut self, key: ApiKeyId) {
        let command = move |tx: &mut Tx<'_, '_>| lease(tx, key);
        let (job, answer) = Submitted::new(Who::system("quota"), command, None);
        self.pending.push_back(Box::new(job));
        self.start_group();
        let me = self.me.clone();
        tokio::spawn(async move {
            let lease =
                answer.await.unwrap_or_else(|_| Err(Error::unavailable("The tenant ended")));
            let _ = me.cast(Mail::Leased(key, lease));
        });
    }
}

fn read_key(
    view: &latchkey_storage::View<'_>,
    fingerprint: Fingerprint,
) -> Result<Fill, StoreError> {
    let Some(row) = view.get::<ApiKeysBySecret>(&(fingerprint,))? else {
        return Ok(Fill::Key(None));
    };
    let usage = view.get::<ApiKeyUsage>(&(row.key.id,))?.unwrap_or_default();
    Ok(Fill::Key(Some(Box::new((row, usage)))))
}

fn as_store_error(error: &Error) -> StoreError {
    let detail = error.cause_text().unwrap_or_else(|| error.message()).to_owned();
    StoreError::Io { doing: "reading what a request waits for", detail }
}

fn fail_all(waiting: Vec<Waiting>, error: &Error) {
    for message in waiting {
        match message {
            Waiting::Validate(_, reply) => reply.send(Err(error.clone())),
            Waiting::ValidateMany(_, _, reply) => reply.send(Err(error.clone())),
            Waiting::Judge(_, reply) => reply.send(Err(error.clone())),
        }
    }
}

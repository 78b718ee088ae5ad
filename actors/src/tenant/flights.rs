//! Reads under way, one for each thing that is missing, with those who wait for it.

use hashbrown::HashMap;

use super::effects::Effects;
use super::messages::{Need, Waiting};

/// One read under way.
#[derive(Default)]
pub(crate) struct Flight {
    pub(crate) waiting: Vec<Waiting>,
    /// A commit has changed what is being read since the read began: it is read again.
    pub(crate) spoiled: bool,
}

/// All reads under way in a tenant.
#[derive(Default)]
pub(crate) struct Flights(HashMap<Need, Flight>);

impl Flights {
    /// Lets a message wait; true when the read must be started.
    pub(crate) fn wait(&mut self, need: Need, waiting: Waiting) -> bool {
        let starts = !self.0.contains_key(&need);
        self.0.entry(need).or_default().waiting.push(waiting);
        starts
    }

    /// A read has landed.
    pub(crate) fn land(&mut self, need: &Need) -> Flight {
        self.0.remove(need).unwrap_or_default()
    }

    /// A read that landed spoiled starts again with those who wait.
    pub(crate) fn again(&mut self, need: Need, waiting: Vec<Waiting>) {
        self.0.insert(need, Flight { waiting, spoiled: false });
    }

    /// A commit has landed: reads that began before it may carry what was.
    ///
    /// INVARIANT: a read is registered here before it takes its snapshot, and the commit's
    /// message comes before the read's whenever the snapshot is older than the commit.
    pub(crate) fn spoil(&mut self, effects: &Effects) {
        if self.0.is_empty() {
            return;
        }
        let keys = effects.fingerprints.iter().map(|fingerprint| Need::Key(*fingerprint));
        let users = effects.users.iter().map(|user| Need::User(*user));
        let model = effects.model_changes.then_some(Need::Model);
        let leases = effects.quotas_set().map(Need::Lease);
        for need in keys.chain(users).chain(model).chain(leases) {
            if let Some(flight) = self.0.get_mut(&need) {
                flight.spoiled = true;
            }
        }
    }

    /// Whatever is being read may be old.
    pub(crate) fn spoil_all(&mut self) {
        self.0.values_mut().for_each(|flight| flight.spoiled = true);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

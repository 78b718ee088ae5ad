//! A message is tied to its answer; admission stands before every mailbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// Declares what an actor understands: each message with the type of its answer, and the events
/// that its own work sends back to it.
///
/// ```ignore
/// mailbox! {
///     /// What it understands.
///     pub enum Mail {
///         /// Decide whether a presented secret is good now, and count it.
///         Validate(Presented) -> Verdict,
///     }
///     events {
///         /// Nobody waits for an answer to these.
///         Flush,
///     }
/// }
/// ```
macro_rules! mailbox {
    ($(#[$doc:meta])* $vis:vis enum $name:ident {
        $($(#[$mdoc:meta])* $message:ident($body:ty) -> $answer:ty,)*
    } events {
        $($(#[$edoc:meta])* $event:ident $(($($part:ty),*))?,)*
    }) => {
        $(#[$doc])*
        $vis enum $name {
            $($(#[$mdoc])* $message($body, $crate::mailbox::Reply<$answer>),)*
            $($(#[$edoc])* $event $(($($part),*))?,)*
        }
        $(impl $crate::mailbox::Ask<$name> for $body {
            type Answer = $answer;
            fn wrap(self, reply: $crate::mailbox::Reply<$answer>) -> $name { $name::$message(self, reply) }
        })*
    };
}
pub(crate) use mailbox;

/// A body that goes into the mailbox `M` and is answered by `Answer`.
pub trait Ask<M> {
    type Answer: Send + 'static;
    fn wrap(self, reply: Reply<Self::Answer>) -> M;
}

/// Where an answer goes. Dropping it unanswered tells the caller that the actor is gone.
///
/// It holds the place that admission gave the message: both end together.
pub struct Reply<T> {
    to: oneshot::Sender<T>,
    _place: Place,
}

impl<T> Reply<T> {
    /// Answers; a caller who has left is no error.
    pub fn send(self, answer: T) {
        let _ = self.to.send(answer);
    }
}

/// Counts the messages that are under way and refuses more than it may hold.
pub struct Gate {
    taken: AtomicUsize,
    places_max: usize,
    within: Option<Arc<Gate>>,
}

impl Gate {
    /// A gate of its own.
    pub fn new(places_max: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), places_max, within: None })
    }

    /// A gate inside another: a place here takes one there, too.
    pub fn within(outer: &Arc<Gate>, places_max: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), places_max, within: Some(Arc::clone(outer)) })
    }

    /// Places that are taken.
    pub fn depth(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Takes a place, or says that there is none.
    pub fn enter(self: &Arc<Self>) -> Result<Place> {
        if !self.take() {
            metrics::counter!("latchkey_mailbox_refusals_total", "actor" => "tenant").increment(1);
            return Err(Error::unavailable("More requests are waiting than may wait; try again"));
        }
        Ok(Place(Arc::clone(self)))
    }

    fn take(&self) -> bool {
        if self.taken.fetch_add(1, Ordering::Relaxed) >= self.places_max {
            self.taken.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        if self.within.as_ref().is_none_or(|outer| outer.take()) {
            return true;
        }
        self.taken.fetch_sub(1, Ordering::Relaxed);
        false
    }

    fn leave(&self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
        if let Some(outer) = &self.within {
            outer.leave();
        }
    }
}

/// A place in a mailbox; dropping it gives it back.
pub struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Makes the two ends of one answer.
pub fn reply<T>(place: Place) -> (Reply<T>, oneshot::Receiver<T>) {
    let (to, from) = oneshot::channel();
    (Reply { to, _place: place }, from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_gate_refuses_and_a_place_given_back_is_free_again() {
        let outer = Gate::new(3);
        let (a, b) = (Gate::within(&outer, 2), Gate::within(&outer, 2));
        let first = a.enter().ok();
        let second = a.enter().ok();
        assert!(first.is_some() && second.is_some());
        assert!(a.enter().is_err(), "the inner gate is full");
        let third = b.enter().ok();
        assert!(third.is_some());
        assert!(b.enter().is_err(), "the outer gate is full");
        assert_eq!(outer.depth(), 3);
        drop(first);
        assert!(b.enter().is_ok());
        assert_eq!((a.depth(), outer.depth()), (1, 2));
    }
}

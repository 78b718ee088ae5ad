//! Answers from memory; what is missing is read once, and the question asked again.

use super::actor::State;
use super::messages::Waiting;
use crate::error::{Code, Error, Kind};

mod behind;
mod keys;
mod reads;
mod rights;

impl State {
    /// Answers, or lets the message wait for what is missing.
    pub(in crate::tenant) fn answer(&mut self, message: Waiting) {
        let (need, message) = match message {
            Waiting::Validate(body, reply) => {
                match self.validate(&body.presented, body.as_caller) {
                    Ok(verdict) => return reply.send(Ok(verdict)),
                    Err(_) if !body.may_read => return reply.send(Err(later())),
                    Err(need) => (need, Waiting::Validate(body, reply)),
                }
            }
            Waiting::ValidateMany(body, mut so_far, reply) => {
                match self.validate_rest(&body.0, &mut so_far) {
                    Ok(()) => return reply.send(Ok(so_far)),
                    Err(need) => (need, Waiting::ValidateMany(body, so_far, reply)),
                }
            }
            Waiting::Judge(body, reply) => match self.judge(&body) {
                Ok(rights) => return reply.send(Ok(rights)),
                Err(need) => (need, Waiting::Judge(body, reply)),
            },
        };
        if self.flights.wait(need, message) {
            self.fetch(need);
        }
    }
}

/// The answer would need a read that the caller may not cause now.
fn later() -> Error {
    let message = "The address has made more requests than it may";
    Error::new(Kind::RateLimited, Code::RateLimitExceeded, message).retry_after(1)
}

fn cache_result(cache: &'static str, result: &'static str) {
    metrics::counter!("latchkey_cache_requests_total", "cache" => cache, "result" => result)
        .increment(1);
}

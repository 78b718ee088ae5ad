//! One request: its slot, its call, and what is answered when the call fails.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;

use super::connection::Session;
use super::{App, Failure, RequestBody, ResponseBody};
use crate::deadline::Mark;

/// Hands a request to the application. The slot is taken before the future is made: that happens
/// in the poll of the connection, which sets the alarm afterwards.
pub(super) fn answer<A: App>(
    session: &Arc<Session<A>>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<ResponseBody>, Infallible>> + Send + use<A> {
    let watch = &session.connection.watch;
    let mark = watch.claim();
    let request = request.map(|incoming| RequestBody::new(incoming, watch, mark));
    let turn = Turn { session: Arc::clone(session), mark };
    async move {
        let Session { app, connection, .. } = &*turn.session;
        let outline = app.outline(&request);
        let Some(mark) = turn.mark else { return Ok(app.fallback(outline, Failure::Overloaded)) };
        // Pinned where it is made: a call may be large, and a move of it is a copy.
        let mut call = pin!(app.call(request, connection));
        let answered = poll_fn(|cx| turn.poll(mark, call.as_mut(), cx)).await;
        Ok(answered.unwrap_or_else(|failure| {
            turn.count(failure);
            app.fallback(outline, failure)
        }))
    }
}

/// A request's turn on its connection; the slot is free again when it is dropped.
struct Turn<A: App> {
    session: Arc<Session<A>>,
    mark: Option<Mark>,
}

impl<A: App> Turn<A> {
    /// Polls a call that may panic or be late.
    fn poll(
        &self,
        mark: Mark,
        call: Pin<&mut impl Future<Output = Response<ResponseBody>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<ResponseBody>, Failure>> {
        // The call is not polled again after a panic, so nothing half-done is seen.
        match catch_unwind(AssertUnwindSafe(|| call.poll(cx))) {
            Ok(Poll::Ready(response)) => Poll::Ready(Ok(response)),
            Ok(Poll::Pending) if self.session.connection.watch.is_late(mark, cx.waker()) => {
                Poll::Ready(Err(Failure::Late))
            }
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(Err(Failure::Panicked)),
        }
    }

    fn count(&self, failure: Failure) {
        let tally = &self.session.server.front.tally;
        match failure {
            Failure::Late => tally.handler_late.add(1),
            Failure::Panicked => tally.handler_panicked.add(1),
            Failure::Overloaded => {}
        }
    }
}

impl<A: App> Drop for Turn<A> {
    fn drop(&mut self) {
        if let Some(mark) = self.mark {
            self.session.connection.watch.release(mark);
        }
    }
}
